"""Packs as procedures see them: who may ask, what is refused, the same bytes every time, standard formats."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from shared.errors import Forbidden, LedgerError, NotFound, StorageUnavailable, Unacceptable
from shared.ledger import payloads
from shared.model import Person, Role
from shared.procedures import export_pack
from shared.procedures.export_pack import build_pack, pack_blob, pack_downloaded, pack_status, request_pack
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs, MemoryRows
from tests.ledger import forge
from tests.ledger.stand import Stand

SCHEMA = Path(__file__).resolve().parents[2].parent / "shared/data/oscal/oscal_assessment-results_schema.json"


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.AUDITOR, Role.ADMINISTRATOR)])
def test_only_auditors_and_administrators_make_packs(role):
    """Every other role is refused before the body is looked at."""
    with pytest.raises(Forbidden):
        request_pack(forge.played(1), Person("oid", "Nora Fictive", frozenset({role})), "rubbish")


def test_a_ready_pack_leaves_nothing_open():
    """Whatever is told of a pack has an answer once it is there; only an error and a sample may be none."""
    stand = forge.played(1)
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    build_pack(stand, asked["id"])
    told = pack_status(stand, asked["id"])
    assert {name for name, value in told.items() if value is None} == {"error", "sample"}


def test_a_customer_out_of_sight_does_not_exist():
    """X2: 404, not 403."""
    person = Person("oid", "Nora Fictive", frozenset({Role.AUDITOR}), customers=frozenset({"77"}))
    with pytest.raises(NotFound):
        request_pack(forge.played(1), person, forge.WEEK)
    with pytest.raises(NotFound):
        pack_status(Stand(), "pack-" + "0" * 24)
    with pytest.raises(NotFound):
        build_pack(Stand(), "../plan")


@pytest.mark.parametrize(
    "change",
    [
        {"customer": 12},
        {"customer": ""},
        {"customer": "no such"},
        {"from": "2026-11-19T00:00:00Z"},
        {"to": "soon"},
        {"to": "2026-11-19T00:00:00"},
        {"from": 5},
        {"controls": "a"},
        {"controls": [1]},
        {"controls": ["a"] * 500},
        {"sample": {}},
        {"sample": {"phrase": "", "size": 1}},
        {"sample": {"phrase": "x", "size": 0}},
        {"sample": {"phrase": "x", "size": True}},
        {"sample": {"phrase": "\ud800", "size": 1}},
        {"redact": ["email"]},
        {"more": 1},
    ],
)
def test_bodies_that_cannot_be_packs(change):
    """Wrong types, unknown names, empty and reversed periods are refused in words."""
    with pytest.raises(Unacceptable):
        request_pack(forge.played(1), forge.AUDITOR, {**forge.WEEK, **change})


@pytest.mark.parametrize("body", [None, [], "x", {}])
def test_bodies_that_are_no_objects(body):
    """Anything but an object with its three fields is refused."""
    with pytest.raises(Unacceptable):
        request_pack(forge.played(1), forge.AUDITOR, body)


@pytest.mark.parametrize(
    "more",
    [{}, {"sample": {"phrase": "déjà vu", "size": 5}}, {"redact": ["/caller/*"]}, {"controls": ["desk.stale"]}],
)
def test_built_again_to_the_same_bytes(more):
    """A second build, later and after more was recorded, gives the same archive."""
    stand = forge.played(3)
    asked = request_pack(stand, forge.AUDITOR, {**forge.WEEK, **more})
    assert asked["state"] == "queued"
    assert build_pack(stand, asked["id"])["state"] == "ready"
    first = stand.blobs.get("packs", pack_blob(asked["id"]))
    stand.clock.advance(days=1)
    stand.record(5000)
    forge.seal_all(stand)
    assert build_pack(stand, asked["id"])["pack_id"] == forge.manifest_of(forge.unzip(first))["pack_id"]
    assert stand.blobs.get("packs", pack_blob(asked["id"])) == first


def test_the_same_bytes_however_content_is_read(monkeypatch):
    """Stored content read once, or a second time because it is too large to be kept, gives the same archive."""
    stand = forge.played(2)
    large = stand.record(800, payload=bytes(range(256)) * 600, media_type="text/plain")
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    archives = []
    for most in (1 << 20, 50_000):
        monkeypatch.setattr(payloads, "CHUNK", most)
        assert build_pack(stand, asked["id"])["state"] == "ready"
        archives.append(stand.blobs.get("packs", pack_blob(asked["id"])))
    assert archives[0] == archives[1]
    assert large.sha256.encode() in archives[0]


def test_content_that_changes_while_it_is_read_makes_no_pack(monkeypatch):
    """What is handed on is what was measured: other bytes at the second reading fail the build, and no archive is left."""
    stand = forge.played(1)
    stand.record(800, payload=bytes(range(256)) * 600, media_type="text/plain")
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    monkeypatch.setattr(payloads, "CHUNK", 50_000)
    reads, read = [], stand.blobs.get_range

    def changing(container, name, offset, length):
        reads.append(offset)
        data = read(container, name, offset, length)
        return data if reads.count(offset) == 1 else b"!" + data[1:]

    monkeypatch.setattr(stand.blobs, "get_range", changing)
    built = build_pack(stand, asked["id"])
    assert (built["state"], built["error"]["code"]) == ("failed", "E_PAYLOAD")
    assert stand.blobs.get("packs", pack_blob(asked["id"])) is None


def test_a_pack_that_is_ready_stays_so_when_building_it_again_fails(monkeypatch):
    """Its message came twice; the archive that is there can be fetched all the while."""
    stand = forge.played(1)
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    assert build_pack(stand, asked["id"])["state"] == "ready"
    told = []

    def fails(*_args):
        told.append(pack_status(stand, asked["id"])["state"])
        raise LedgerError("It cannot be read.", code="E_PAYLOAD")

    monkeypatch.setattr(export_pack, "_build", fails)
    assert build_pack(stand, asked["id"])["state"] == "ready"
    assert told == ["ready"]


@pytest.mark.parametrize("kind", ["before", "after"])
def test_killed_at_any_write(kind, tmp_path):
    """A build that fails at any storage write is finished by the next try, and verifies."""
    counted = Faults()
    for place in (None, *range(1, 80, 3)):
        faults = Faults()
        stand = Stand(rows=MemoryRows(faults), blobs=MemoryBlobs(faults, worm=frozenset({"checkpoints"})))
        for number in range(5):
            stand.record(number)
        asked = request_pack(stand, forge.AUDITOR, {**forge.WEEK, "sample": {"phrase": "x", "size": 2}})
        faults.writes.clear()
        faults.hook = lambda _name, number, place=place: kind if number == place else None
        for _ in range(4):
            try:
                state = build_pack(stand, asked["id"])
            except StorageUnavailable:
                continue
            break
        assert state["state"] == "ready", state
        counted = faults if place is None else counted
        verdict = forge.check(
            tmp_path, stand.blobs.get("packs", pack_blob(asked["id"])), keys=stand.ledger.trusted_vkey()
        )
        assert verdict.codes == []
    assert counted.writes


def test_progress_and_custody():
    """Progress is told, and asking and downloading are entries with the person's name."""
    stand, told = forge.played(1), []
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    build_pack(stand, asked["id"], lambda fraction, text: told.append((fraction, text)))
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    for beginning in (False, True, False, False):  # a part from the middle is taken no less than the whole
        pack_downloaded(stand, forge.AUDITOR, asked["id"], beginning=beginning)
        stand.clock.advance(seconds=1)
    from shared.ledger.listing import Query

    seen = [record.type for record in stand.ledger.list_evidence(Query(subject_kind="pack")).records]
    assert sorted(seen) == ["pack.downloaded", "pack.downloaded", "pack.exported", "pack.requested"]


def test_a_changed_log_makes_no_pack():
    """An entry changed in storage fails the build with its code instead of shipping it."""
    stand = forge.played(2)
    from shared.ledger.names import TABLE, entry_key
    from shared.ports import Row

    row = stand.rows.get(TABLE, stand.names.log_of("12"), entry_key(2))
    stand.rows.upsert(TABLE, Row(row.partition, row.key, {**row.cells, "payload": b"other"}))
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    built = build_pack(stand, asked["id"])
    assert (built["state"], built["error"]["code"]) == ("failed", "E_PAYLOAD")
    assert stand.blobs.get("packs", pack_blob(asked["id"])) is None


def test_oscal_validates():
    """The assessment results hold to NIST's schema, with findings only where a verdict was recorded."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    if not SCHEMA.exists():
        pytest.skip("the OSCAL schema is not beside this checkout")
    schema = json.loads(
        SCHEMA.read_text().replace("\\\\p{L}", "[A-Za-z]").replace("\\\\p{N}", "[0-9]")
    )  # re knows no classes
    stand = forge.played(2)
    stand.record(9, type="finding.changed", controls=("desk.stale",), payload=b'{"verdict":"fail"}')
    for more in ({}, {"controls": ["desk.stale"]}, {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}):
        files = forge.unzip(forge.made(stand, **more))
        jsonschema.validate(json.loads(files["oscal/assessment-results.json"]), schema)


def test_stock_tools_agree(tmp_path):
    """Unzip's reader, sha256sum, diff and openssl say what the README promises."""
    stand = forge.played(2)
    data = forge.made(stand)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "pack")
    (tmp_path / "pack/../KEY.pem").resolve().write_text(stand.ledger.keys()[0]["pem"])
    script = (
        "\n".join(
            line[5:]
            for line in (tmp_path / "pack/README.txt").read_text().split("HOW TO CHECK IT")[1].splitlines()
            if line[:5].strip() in ("2", "3", "4", "5", "6", "") and line[5:6] in tuple("sf(ao")
        )
        .replace("KEY.pem", "../KEY.pem")
        .replace("      (compare with trusted.vkey)", "")
    )
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path / "pack", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), script
    assert done.stdout.split("\n")[:2] == ["Verified OK", stand.ledger.keys()[0]["key_id"]]


def test_spreadsheets_run_nothing():
    """P17: cells of index.csv that begin like a formula are neutralised, and the file is rectangular."""
    stand = Stand()
    from shared.model import Subject

    for number, text in enumerate(("=1+1", "+1", "-1", "@x", "\tx")):
        stand.record(number, actor=text, subject=Subject(text, text), source={"url": text})
    rows = list(csv.reader(io.StringIO(forge.unzip(forge.made(stand))["index.csv"].decode(), newline="")))
    assert {len(row) for row in rows} == {28}
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
