"""Legal erasure by a person: on record before anything goes, complete, repeatable, and told apart from loss."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import evidence as command
from shared import bootstrap
from shared.errors import Gone, LedgerError, NotFound, StorageUnavailable, Unacceptable
from shared.ledger.names import TABLE
from shared.procedures.audit import audit_all
from shared.procedures.erase import erase
from shared.procedures.export_pack import build_pack, pack_blob, pack_status, request_pack
from shared.procedures.seal import seal_all
from shared.procedures.show_evidence import content_of
from shared.registers.decisions import decisions
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs, MemoryRows
from tests.ledger import forge
from tests.ledger.stand import Stand

SECRET = b"the name of a person nobody may keep"


def decided(stand, identity="d-1", customer="12", state="decided"):
    """A decision in the log."""
    decisions(stand.rows).put(identity, {"id": identity, "customer": customer, "state": state})
    return identity


def lived(stand=None):
    """A ledger with a small and a large entry to erase, sealed; and one still queued."""
    stand = stand or Stand()
    stand.record(0)
    small, large = stand.record(1, payload=SECRET), stand.record(2, payload=SECRET * 2000)
    seal_all(stand)
    stand.clock.advance(minutes=2)
    queued = stand.record(3, payload=SECRET + b"!")
    decided(stand)
    return stand, [receipt.evidence_id for receipt in (small, large, queued)]


def everything(stand):
    """All bytes that are stored anywhere."""
    cells = [
        cell
        for table in stand.rows._tables.values()
        for row in table.values()
        for cell in row.cells.values()
        if isinstance(cell, bytes)
    ]
    return b"\n".join([*cells, *(held[0] for held in stand.blobs._blobs.values())])


def test_content_goes_and_everything_stays_proven(tmp_path):
    """Rows, blobs and finished packs hold the content no more; audit and pack say erased, with the record's proof."""
    stand, ids = lived()
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    assert build_pack(stand, asked["id"])["state"] == "ready"
    before = [stand.ledger.leaf(evidence_id)[0] for evidence_id in ids]
    assert SECRET in everything(stand)
    for evidence_id in ids:
        done = erase(stand, evidence_id, "d-1", "oid-7")
        assert stand.ledger.find(done["tombstone"]).type == "evidence.erased"
    assert SECRET not in everything(stand)
    assert [stand.ledger.leaf(evidence_id)[0] for evidence_id in ids] == before
    assert pack_status(stand, asked["id"])["state"] == "withdrawn"
    assert build_pack(stand, asked["id"])["state"] == "withdrawn"
    assert stand.blobs.info("packs", pack_blob(asked["id"])) is None
    assert audit_all(stand)["codes"] == []
    data = forge.made(stand)
    verdict = forge.check(tmp_path, data, keys=stand.ledger.trusted_vkey())
    assert (verdict.exit, verdict.codes, verdict.population - verdict.items) == (0, [], 3)
    assert forge.unzip(data)["exceptions.csv"].count(b",erased,") == 3
    assert audit_all(stand)["codes"] == []
    with pytest.raises(Gone) as fault:
        content_of(stand, forge.AUDITOR, ids[0])
    assert fault.value.details["tombstone"] == stand.ledger.erased_by(ids[0])


def test_a_pack_that_is_being_built_is_withdrawn_too():
    """Content read before the erasure does not come out in an archive written after it."""
    stand, ids = lived()
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)

    def meanwhile(fraction: float, _text: str) -> None:
        if fraction == 0.9:
            assert erase(stand, ids[0], "d-1", "oid-7")["packs_withdrawn"] == [asked["id"]]

    assert build_pack(stand, asked["id"], meanwhile)["state"] == "withdrawn"
    assert SECRET not in everything(stand).replace(SECRET * 2000, b"").replace(SECRET + b"!", b"")


def test_lost_content_is_not_called_erased():
    """Without a tombstone the API says that something is wrong, as the audit does."""
    stand, ids = lived()
    stand.blobs.delete("payloads", next(blob.name for blob in stand.blobs.list("payloads")))
    with pytest.raises(LedgerError) as fault:
        content_of(stand, forge.AUDITOR, ids[1])
    assert fault.value.code == "E_PAYLOAD_MISSING"
    assert audit_all(stand)["codes"] == ["E_PAYLOAD_MISSING"]


@pytest.mark.parametrize(
    ("decision", "more"),
    [
        ("none", {}),
        ("d-2", {"state": "open"}),
        ("d-2", {"state": "superseded"}),
        ("d-2", {"customer": "77"}),
    ],
)
def test_without_a_decision_nothing_is_erased(decision, more):
    """Nobody erases because somebody asked on the phone."""
    stand, ids = lived()
    decided(stand, "d-2", **more)
    with pytest.raises(Unacceptable):
        erase(stand, ids[0], decision, "oid-7")
    assert stand.ledger.content(ids[0]) == SECRET
    with pytest.raises(NotFound):
        erase(stand, ids[0].partition(".")[0] + "." + "0" * 26, "d-1", "oid-7")


def test_the_record_of_an_erasure_stays():
    """What says why content is gone cannot be erased; asking twice leaves the first record, whatever the decision."""
    stand, ids = lived()
    done = erase(stand, ids[0], "d-1", "oid-7")
    with pytest.raises(Unacceptable):
        erase(stand, done["tombstone"], "d-1", "oid-7")
    decided(stand, "d-3")
    assert erase(stand, ids[0], "d-3", "oid-8")["tombstone"] == done["tombstone"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["before", "after"])
def test_killed_at_any_write(kind):
    """Whatever write fails: content that is gone is on record, and running it again finishes."""
    for place in range(1, 12):
        for number in (0, 1, 2):
            faults = Faults()
            stand, ids = lived(
                Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults, worm=frozenset({"checkpoints"})))
            )
            faults.writes.clear()
            faults.hook = lambda _name, count, place=place: kind if count == place else None
            try:
                erase(stand, ids[number], "d-1", "oid-7")
            except StorageUnavailable:
                assert audit_all(stand)["codes"] == []
                erase(stand, ids[number], "d-1", "oid-7")
            assert stand.ledger.content(ids[number]) is None
            faults.hook = None
            seal_all(stand)
            assert audit_all(stand)["codes"] == []


def test_an_old_incarnations_content_can_be_erased():
    """The record then stands in the customer's present log, and the audit finds it there."""
    from dataclasses import replace

    old, ids = lived()
    seal_all(old)
    stand = Stand(rows=old.rows, blobs=old.blobs, names=replace(old.names, incarnation="2"))
    erase(stand, ids[1], "d-1", "oid-7")
    seal_all(stand)
    assert audit_all(stand)["codes"] == []
    assert not stand.rows.get(TABLE, stand.names.log_of("12"), "q-none")


def test_the_command_asks_before_it_erases(monkeypatch, capsys, tmp_path: Path):
    """Another word than the id erases nothing; the id does, and says which packs were withdrawn."""
    from contextlib import contextmanager

    stand, ids = lived()

    @contextmanager
    def evidence(_under):
        yield stand

    monkeypatch.setattr(bootstrap, "evidence", evidence)
    words = ["erase", "--id", ids[0], "--decision", "d-1", "--by", "oid-7"]
    monkeypatch.setattr("builtins.input", lambda _prompt: "yes")
    assert command.main(words) == 1
    assert stand.ledger.content(ids[0]) == SECRET
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    build_pack(stand, asked["id"])
    monkeypatch.setattr("builtins.input", lambda _prompt: ids[0])
    assert command.main(words) == 0
    said = capsys.readouterr()
    assert f"Pack {asked['id']} held the content" in said.out
    assert SECRET.decode() not in said.out + said.err
    assert stand.ledger.content(ids[0]) is None
    assert command.main([*words[:3], "--decision", "none", "--by", "x"]) == 1
    assert command.main(["--settings", str(tmp_path / "none.json"), *words]) == 2


def test_the_command_names_the_settings_it_lacks(monkeypatch, capsys):
    """Without addresses and salt it does not begin."""
    for name in ("ATTEST_LEDGER_ORIGIN", "ATTEST_LEDGER_SALT"):
        monkeypatch.delenv(name, raising=False)
    assert command.main(["erase", "--id", "x", "--decision", "d", "--by", "o"]) == 2
    assert "ATTEST_LEDGER_SALT" in capsys.readouterr().err
