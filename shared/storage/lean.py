"""The storage SDK with nothing done twice: the same requests and answers for half the processor time.

What a call costs a Function is the SDK's own Python, not the network. Left out is what the SDK has done already
(``requests`` makes each request ready anew) and what it does the long way (a transaction through the e-mail package).
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from json import dumps
from math import isfinite
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import requests
from azure.core.exceptions import DecodeError, HttpResponseError
from azure.core.rest import HttpRequest
from azure.data.tables import EdmType, EntityProperty, TableClient, TableTransactionError
from requests.structures import CaseInsensitiveDict
from typing_extensions import override


class LeanSession(requests.Session):
    """Sends a request as the SDK made it ready: no cookies, no redirects, nothing from the environment."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False  # storage is reached directly; a proxy from the environment would catch loopback

    @override
    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # fewer forms
        body = options.get("data")
        if options.get("files") or not (body is None or isinstance(body, bytes)):
            return super().request(method, url, **options)
        ready = requests.PreparedRequest()
        ready.method, ready.url, ready.body = method, url, body
        ready.headers = CaseInsensitiveDict(options.get("headers") or {})
        if body or method not in ("GET", "HEAD"):
            ready.headers.setdefault("Content-Length", str(len(body or b"")))
        stream = bool(options.get("stream"))
        answer = self.get_adapter(url).send(
            ready, stream=stream, timeout=options["timeout"], verify=options["verify"], cert=options["cert"]
        )
        if not stream:
            _ = answer.content  # read here, so that a line that breaks is met where the SDK looks for it
        return answer


@dataclass(frozen=True, slots=True)
class Change:
    """One request of a transaction. ``entity`` None deletes; ``match`` is the etag it needs, '' for none."""

    method: str
    partition: str
    key: str
    entity: Mapping[str, Any] | None
    match: str


class LeanTable(TableClient):
    """A table whose transactions are written down plainly and whose answers are read only where they object.

    The form is the one Table storage takes: a batch of one change set with its requests in order.
    https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
    """

    def written(self, changes: Iterable[Change]) -> HttpRequest:
        """The transaction as a request; nothing is sent."""
        batch, group = f"batch_{uuid4()}", f"changeset_{uuid4()}"
        store = f"{self.scheme}://{self._primary_hostname}"
        parts = [f"--{batch}\r\nContent-Type: multipart/mixed; boundary={group}\r\n\r\n"]
        for number, change in enumerate(changes):
            parts.append(
                f"--{group}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
                f"Content-ID: {number}\r\n\r\n{change.method} {store}/{self._address(change)} HTTP/1.1\r\n"
                f"x-ms-version: {self.api_version}\r\nDataServiceVersion: 3.0\r\nAccept: application/json\r\n"
            )
            if change.match:
                parts.append(f"If-Match: {change.match}\r\n")
            body = "" if change.entity is None else _json(change.entity)
            kind = "Content-Type: application/json\r\n" if body else ""
            kind += "Prefer: return-no-content\r\n" if change.method == "POST" else ""
            parts.append(f"{kind}Content-Length: {len(body)}\r\n\r\n{body}\r\n")
        parts.append(f"--{group}--\r\n--{batch}--\r\n")
        return HttpRequest(
            "POST",
            f"{store}/$batch",
            headers={
                "x-ms-version": self.api_version,
                "DataServiceVersion": "3.0",
                "MaxDataServiceVersion": "3.0;NetFx",
                "Content-Type": f"multipart/mixed; boundary={batch}",
                "Accept": "application/json",
            },
            content="".join(parts).encode(),
        )

    def send(self, request: HttpRequest, **options: Any) -> None:
        """Carry out what was written; TableTransactionError with the first objection's status and code."""
        # Streamed, because what reads other answers does not know this form.
        answer = self._client.send_request(request, stream=True, **options)
        said = answer.read()
        objection = _OBJECTION.search(said)
        if answer.status_code == 202 and objection is None:
            return
        code = _CODE.search(said)
        fault: Any = TableTransactionError(message="The transaction was refused.", response=answer)
        fault.status_code = int(objection[1]) if objection else answer.status_code
        fault.error_code = code[1].decode() if code else answer.headers.get("x-ms-error-code", "")
        raise fault

    def listed(
        self, wanted: str, most: int, after: Mapping[str, str] | None = None
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        """A page of entities as the store writes them, and what to ask with for the next; empty at the end."""
        asked = {"$filter": wanted, "$top": str(most), **(after or {})}
        request = HttpRequest(
            "GET",
            f"{self.scheme}://{self._primary_hostname}/{self.table_name}()",
            params={name: quote(value, safe="") for name, value in asked.items() if value},
            headers={
                "x-ms-version": self.api_version,
                "DataServiceVersion": "3.0",
                "Accept": "application/json;odata=minimalmetadata",
            },
        )
        answer = self._client.send_request(request)
        if answer.status_code != 200:
            code = _CODE.search(answer.content)
            fault: Any = HttpResponseError(response=answer)
            fault.error_code = code[1].decode() if code else answer.headers.get("x-ms-error-code", "")
            raise fault
        try:
            entities = answer.json()["value"]
        except (ValueError, KeyError, TypeError) as broken:
            raise DecodeError("The store's answer is not what it should be.", response=answer) from broken
        follows = {name: answer.headers.get(f"x-ms-continuation-{name}") for name in ("NextPartitionKey", "NextRowKey")}
        return entities, {name: value for name, value in follows.items() if value}

    def _address(self, change: Change) -> str:
        if change.method == "POST":
            return self.table_name
        partition, key = (quote(name.replace("'", "''"), safe="") for name in (change.partition, change.key))
        return f"{self.table_name}(PartitionKey='{partition}',RowKey='{key}')"


def cells_of(entity: Mapping[str, Any]) -> dict[str, Any]:
    """The cells of a listed entity, without its keys; what the store does not name a type of is what JSON says it is."""
    cells: dict[str, Any] = {}
    for name, value in entity.items():
        if name in ("PartitionKey", "RowKey", "Timestamp") or name.endswith("@odata.type") or name.startswith("odata."):
            continue
        read = _READ.get(entity.get(f"{name}@odata.type", ""))
        cells[name] = read(value) if read else value
    return cells


def _instant(text: str) -> datetime:
    whole, _, part = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(whole).replace(microsecond=int(part[:6].ljust(6, "0")), tzinfo=UTC)


_READ: dict[str, Callable[[Any], Any]] = {
    "Edm.Binary": a2b_base64,
    "Edm.Int64": int,
    "Edm.Double": float,
    "Edm.DateTime": _instant,
}
_OBJECTION = re.compile(rb"(?m)^HTTP/1\.[01] ([^2]\d\d)\b")
_ENDLESS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_CODE = re.compile(rb'"code"\s*:\s*"(\w+)"')


def _json(entity: Mapping[str, Any]) -> str:
    """As Table storage reads it: text, booleans and small whole numbers speak for themselves, the rest is named."""
    told: dict[str, Any] = {}
    for name, value in entity.items():
        kind = ""
        match value:
            case bytes():
                kind, told[name] = "Edm.Binary", b2a_base64(value, newline=False).decode()
            case float():
                kind, told[name] = "Edm.Double", value if isfinite(value) else _ENDLESS[str(value)]
            case datetime():
                kind, told[name] = "Edm.DateTime", value.isoformat().replace("+00:00", "Z")
            case EntityProperty():
                kind, told[name] = EdmType(value.edm_type).value, str(value.value)
            case _:
                told[name] = value
        if kind:
            told[f"{name}@odata.type"] = kind
    return dumps(told, separators=(",", ":"))
