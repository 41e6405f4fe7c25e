"""What the lean table sends, read by the standard library's e-mail parser as a stranger would read it."""

from __future__ import annotations

import email
import json
from datetime import UTC, datetime
from math import inf
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from azure.core import MatchConditions
from azure.core.pipeline.transport import RequestsTransport
from azure.data.tables import EdmType, EntityProperty, TableClient, TableTransactionError, UpdateMode
from typing_extensions import override

from shared.errors import RowExists, RowStale, StorageUnavailable
from shared.ports import Op, Row
from shared.storage.account import Account, azurite_connection
from shared.storage.lean import Change, LeanSession, LeanTable
from shared.storage.rows import AzureRows

_HEAD = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n\r\n"


class _Store(requests.adapters.BaseAdapter):
    """Keeps what it is sent and gives the answer it was told to."""

    def __init__(self, answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n", status: int = 202) -> None:
        super().__init__()
        self.sent: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self._answer, self._status = _HEAD + answer, status

    @override
    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        from io import BytesIO

        from urllib3 import HTTPResponse

        self.sent.append(request)
        self.options.append(options)
        answer = requests.Response()
        answer.status_code = self._status
        answer.headers["Content-Type"] = "multipart/mixed; boundary=b"
        answer.raw = HTTPResponse(BytesIO(self._answer), status=self._status, preload_content=False)
        answer.request = request
        return answer

    @override
    def close(self) -> None:
        pass


def _table(kind: type[TableClient], store: _Store) -> TableClient:
    session = LeanSession()
    session.mount("http://", store)
    return kind.from_connection_string(
        azurite_connection(), "ledger", transport=RequestsTransport(session=session, session_owner=False), retry_total=0
    )


def _lean(store: _Store) -> LeanTable:
    made: Any = _table(LeanTable, store)
    return made  # type: ignore[no-any-return]


def _rows(store: _Store) -> AzureRows:
    account = Account(connection=azurite_connection())
    account.transport.session.mount("http://", store)  # type: ignore[union-attr]
    return AzureRows(account)


_WHEN = datetime(2026, 11, 16, 9, 0, 0, 123456, tzinfo=UTC)
_STEPS: list[tuple[Op, Row]] = [
    (Op.INSERT, Row("p", "é'1", {"text": "größer\r\n--batch\r\n", "number": 5, "when": _WHEN, "yes": True})),
    (Op.UPSERT, Row("p", "2", {"bytes": b"\x00\xff", "half": 0.5, "endless": inf})),
    (Op.DELETE, Row("p", "3", {}, "*")),
    (Op.REPLACE, Row("p", "4 +", {"none": b"", "empty": ""}, "W/\"datetime'2026'\"")),
]
_OLD = {"etag": "W/\"datetime'2026'\"", "match_condition": MatchConditions.IfNotModified, "mode": UpdateMode.REPLACE}
_THE_SAME: list[tuple[Any, ...]] = [
    (
        "create",
        {
            "PartitionKey": "p",
            "RowKey": "é'1",
            "text": "größer\r\n--batch\r\n",
            "number": EntityProperty(5, EdmType.INT64),
            "when": _WHEN,
            "yes": True,
        },
    ),
    (
        "upsert",
        {"PartitionKey": "p", "RowKey": "2", "bytes": b"\x00\xff", "half": 0.5, "endless": inf},
        {"mode": UpdateMode.REPLACE},
    ),
    ("delete", {"PartitionKey": "p", "RowKey": "3"}),
    ("update", {"PartitionKey": "p", "RowKey": "4 +", "none": b"", "empty": ""}, _OLD),
]


def _read(sent: requests.PreparedRequest) -> list[tuple[str, dict[str, str], Any]]:
    """First line, the headers that matter and the body of each part."""
    body = sent.body if isinstance(sent.body, bytes) else b""
    whole = email.message_from_bytes(f"Content-Type: {sent.headers['Content-Type']}\r\n\r\n".encode() + body)
    (changes,) = whole.get_payload()  # type: ignore[misc]
    read = []
    for part in changes.get_payload():  # type: ignore[union-attr, misc]
        line, _, rest = part.get_payload(decode=True).partition(b"\r\n")  # type: ignore[union-attr]
        inner = email.message_from_bytes(rest)
        text = inner.get_payload(decode=True)
        headers = {
            name.lower(): value
            for name, value in inner.items()
            if name.lower() not in ("date", "x-ms-date", "content-length")
        }
        read.append((line.decode(), headers, json.loads(text) if text.strip() else None))  # type: ignore[union-attr, arg-type]
    return read


def _plain(read: list[tuple[str, dict[str, str], Any]]) -> list[tuple[str, str | None, Any]]:
    """Without what Table storage takes for granted: that text is text."""
    return [
        (line, headers.get("if-match"), body and {name: cell for name, cell in body.items() if cell != "Edm.String"})
        for line, headers, body in read
    ]


def test_a_transaction_says_what_the_sdk_would_say() -> None:
    ours, theirs = _Store(), _Store()
    _rows(ours).transact("ledger", _STEPS)
    _table(TableClient, theirs).submit_transaction(_THE_SAME)
    assert _plain(_read(ours.sent[0])) == _plain(_read(theirs.sent[0]))
    assert len(_read(ours.sent[0])) == 4
    assert {name: value for name, value in ours.sent[0].headers.items() if name in ("x-ms-version", "Accept")} == {
        name: value for name, value in theirs.sent[0].headers.items() if name in ("x-ms-version", "Accept")
    }


def test_rows_that_are_made_are_not_sent_back() -> None:
    """Real storage answers a new row with the whole row where it is not told not to."""
    store = _Store()
    _rows(store).transact("ledger", _STEPS)
    assert [headers.get("prefer") for _, headers, _ in _read(store.sent[0])] == ["return-no-content", None, None, None]


def test_what_is_ready_is_sent_when_it_is_called_and_not_before() -> None:
    store = _Store()
    send = _rows(store).ready("ledger", _STEPS)
    assert store.sent == []
    send()
    assert len(store.sent) == 1


def test_an_etag_cannot_break_out_of_its_line() -> None:
    store = _Store()
    with pytest.raises(RowStale):
        _rows(store).transact("ledger", [(Op.DELETE, Row("p", "1", {}, "W/1\r\n\r\nDELETE"))])
    assert store.sent == []


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (b"409 Conflict", b"EntityAlreadyExists", RowExists),
        (b"412 Precondition Failed", b"UpdateConditionNotSatisfied", RowStale),
        (b"404 Not Found", b"ResourceNotFound", RowStale),
        (b"404 Not Found", b"TableNotFound", StorageUnavailable),
        (b"500 Internal Server Error", b"InternalError", StorageUnavailable),
    ],
)
def test_an_objection_in_any_part_is_the_error_of_the_whole(status: bytes, code: bytes, error: type[Exception]) -> None:
    said = b"HTTP/1.1 " + status + b'\r\n\r\n{"odata.error":{"code":"' + code + b'","message":{"value":"1:no"}}}\r\n'
    with pytest.raises(error):
        _rows(_Store(said)).transact("ledger", [(Op.INSERT, Row("p", "1", {}))])


def test_a_batch_that_is_refused_whole_tells_its_status() -> None:
    table = _lean(_Store(b"<Error/>", status=403))
    with pytest.raises(TableTransactionError) as told:
        table.send(table.written([Change("DELETE", "p", "1", None, "*")]))
    assert told.value.status_code == 403


def test_text_that_looks_like_an_objection_in_a_row_is_none() -> None:
    store = _Store()
    _rows(store).transact("ledger", [(Op.INSERT, Row("p", "1", {"t": "HTTP/1.1 500"}))])
    assert len(store.sent) == 1


def test_a_request_keeps_its_time_limits_and_says_its_length() -> None:
    store = _Store()
    table = _lean(store)
    table.send(table.written([Change("DELETE", "p", "1", None, "*")]), connection_timeout=3, read_timeout=7)
    assert store.options[0]["timeout"] == (3, 7)
    assert store.sent[0].headers["Content-Length"] == str(len(store.sent[0].body or b""))
    assert store.sent[0].headers["Authorization"].startswith("SharedKey ")


class _Pages(_Store):
    """Answers each request with the next page."""

    def __init__(self, *pages: tuple[bytes, dict[str, str]], status: int = 200) -> None:
        super().__init__(status=status)
        self._pages = list(pages)

    @override
    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        body, headers = self._pages.pop(0)
        self._answer = body
        answer = super().send(request, **options)
        answer.headers.clear()
        answer.headers.update({"Content-Type": "application/json", **headers})
        return answer


def test_a_listing_is_read_page_by_page_with_the_types_the_store_names() -> None:
    """What it does not name is what JSON says it is; where the next page begins comes back as it was given."""
    first = {
        "PartitionKey": "p",
        "RowKey": "1",
        "odata.etag": "W/1",
        "Timestamp": "2026-11-16T09:00:00Z",
        "raw": "AP8=",
        "raw@odata.type": "Edm.Binary",
        "n": "5",
        "n@odata.type": "Edm.Int64",
        "when": "2026-11-16T09:00:00.1234567Z",
        "when@odata.type": "Edm.DateTime",
        "whole": "2026-11-16T09:00:00Z",
        "whole@odata.type": "Edm.DateTime",
        "endless": "Infinity",
        "endless@odata.type": "Edm.Double",
        "yes": True,
        "text": "é",
    }
    store = _Pages(
        (
            json.dumps({"value": [first]}).encode(),
            {"x-ms-continuation-NextPartitionKey": "1!4!cA--", "x-ms-continuation-NextRowKey": "a&b"},
        ),
        (json.dumps({"value": [{"PartitionKey": "p", "RowKey": "2"}]}).encode(), {}),
    )
    page = _rows(store).scan("ledger", partition="it's", first="a+&%20b")
    assert page.next is None
    assert [(row.key, row.etag) for row in page.rows] == [("1", "W/1"), ("2", "")]
    assert page.rows[0].cells == {
        "raw": b"\x00\xff",
        "n": 5,
        "when": _WHEN,
        "whole": _WHEN.replace(microsecond=0),
        "endless": inf,
        "yes": True,
        "text": "é",
    }
    asked = [parse_qs(urlsplit(str(sent.url)).query) for sent in store.sent]
    assert asked[0]["$filter"] == ["PartitionKey eq 'it''s' and RowKey ge 'a+&%20b'"]
    assert (asked[1]["NextPartitionKey"], asked[1]["NextRowKey"]) == (["1!4!cA--"], ["a&b"])


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b'{"odata.error":{"code":"TableNotFound","message":{"value":"no"}}}', 404, "TableNotFound"),
        (b"<html>", 200, "200"),
        (b'{"value', 200, "200"),
        (b"[]", 200, "200"),
        (b"", 403, "403"),
    ],
)
def test_a_listing_that_is_none_is_an_outage(body: bytes, status: int, reason: str) -> None:
    """Never an empty page."""
    with pytest.raises(StorageUnavailable) as told:
        _rows(_Pages((body, {}), status=status)).scan("ledger", partition="p")
    assert told.value.details["reason"] == reason
