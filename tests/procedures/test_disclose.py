"""One withheld field is shown with its salt: the digest in the pack can be redone from the two, and the rest stays hidden."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager

import pytest

from commands import evidence as command
from shared import bootstrap
from shared.errors import NotFound
from shared.ledger.listing import Query
from shared.procedures.disclose import disclose
from shared.procedures.export_pack import build_pack, pack_blob, request_pack
from tests.ledger import forge
from tests.ledger.stand import Stand


def redacted():
    """A pack that withholds two fields, and what it says of them."""
    stand = Stand()
    body = {"caller": {"email": "a@b.example", "a/b": [1, {"x": None}]}, "open": True}
    receipt = stand.record(1, payload=json.dumps(body).encode())
    plain = stand.record(2)
    asked = request_pack(stand, forge.AUDITOR, {**forge.WEEK, "redact": ["/caller/email", "/caller/a~1b/1/x"]})
    assert build_pack(stand, asked["id"])["state"] == "ready"
    files = forge.unzip(stand.blobs.get("packs", pack_blob(asked["id"])))
    return stand, asked["id"], receipt.evidence_id, plain.evidence_id, json.loads(files["log/redactions.json"])


@pytest.mark.parametrize(("pointer", "value"), [("/caller/email", "a@b.example"), ("/caller/a~1b/1/x", None)])
def test_the_digest_can_be_redone(pointer, value):
    """SHA-256 of the salt's bytes and the value's JSON is what stands in the pack; showing it twice is one record."""
    stand, pack, item, _, told = redacted()
    for _ in range(2):
        shown = disclose(stand, pack, item, pointer, "oid-7")
    assert shown["value"] == value
    redone = hashlib.sha256(bytes.fromhex(shown["salt"]) + json.dumps(value).encode()).hexdigest()
    assert redone == shown["digest"] == told[item][pointer]
    seen = stand.ledger.list_evidence(Query(type="pack.disclosed")).records
    assert [record.actor for record in seen] == ["oid-7"]
    assert b"a@b.example" not in stand.ledger.content(seen[0].id)


def test_only_what_was_withheld():
    """Another field, another item, another pack, erased content: nothing is shown and nothing recorded."""
    stand, pack, item, plain, _ = redacted()
    other = request_pack(stand, forge.AUDITOR, forge.WEEK)["id"]
    for words in (
        (pack, item, "/open"),
        (pack, plain, "/caller/email"),
        (other, item, "/caller/email"),
        (pack, "x", "/"),
    ):
        with pytest.raises(NotFound):
            disclose(stand, *words, "oid-7")
    stand.ledger.erase(item, actor="oid-7", reason="asked for")
    with pytest.raises(NotFound):
        disclose(stand, pack, item, "/caller/email", "oid-7")
    assert not stand.ledger.list_evidence(Query(type="pack.disclosed")).records


def test_the_command_prints_it(monkeypatch, capsys):
    """As JSON, for the auditor."""
    stand, pack, item, _, told = redacted()

    @contextmanager
    def evidence(_under):
        yield stand

    monkeypatch.setattr(bootstrap, "evidence", evidence)
    words = ["disclose", "--pack", pack, "--id", item, "--by", "oid-7", "--field"]
    assert command.main([*words, "/caller/email"]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == told[item]["/caller/email"]
    assert command.main([*words, "/open"]) == 1
