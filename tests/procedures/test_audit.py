# ruff: noqa: N802 - attacks keep the names of the adversary's list
"""Tampering made directly in storage: the audit names each kind by its code, and is itself recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import pytest

from shared.ledger import merkle, note
from shared.ledger.names import TABLE, entry_key
from shared.ledger.publish import worm_blob
from shared.ledger.stored import read_head
from shared.ports import Row
from shared.procedures.audit import audit_all, audit_run
from shared.procedures.seal import seal_all
from shared.signing import FileSigner
from tests.harness.clock import StillClock
from tests.ledger.stand import ORIGIN, Stand


@dataclass
class Run:
    """A job's run, as the lead's runs.py hands it over."""

    run_id: str = "run-1"
    job: str = "audit"
    period: str = ""
    as_of: datetime = datetime(2026, 11, 16, tzinfo=UTC)

    def progress(self, fraction: float, text: str) -> None:
        assert 0 <= fraction <= 1
        assert text


def lived() -> Stand:
    """A ledger with two publications, large payloads, full tiles and something queued."""
    first = _lived_once()
    return Stand(first.rows.twin(), first.blobs.twin(), clock=StillClock(first.clock.now()))


@cache
def _lived_once() -> Stand:
    stand = Stand()
    for number in range(300):
        stand.record(number)
    stand.record(300, payload=b"a" * 20_000)
    stand.record(301, payload=b"b" * 20_000)
    stand.record(1, "77")
    seal_all(stand)
    stand.clock.advance(hours=1)
    for number in range(400, 410):
        stand.record(number)
    seal_all(stand)
    stand.record(500)
    return stand


def log_of(stand):
    """The log under attack."""
    return stand.names.log_of("12")


def change(stand, key, table=TABLE, **cells):
    """Change some cells of a row behind everybody's back."""
    row = stand.rows.get(table, log_of(stand), key)
    stand.rows.upsert(table, Row(row.partition, row.key, {**row.cells, **cells}))


def flip(data):
    """One bit of the last byte."""
    return data[:-1] + bytes([data[-1] ^ 1])


def S1(stand):
    stand.rows.delete(TABLE, log_of(stand), entry_key(7))


def S2(stand):
    change(stand, entry_key(7), leaf=flip(stand.rows.get(TABLE, log_of(stand), entry_key(7)).cells["leaf"]))


def _rewrite(stand, *, publications):
    """Change an entry and recompute head and seals; with the publication rows or without."""
    log = log_of(stand)
    row = stand.rows.get(TABLE, log, entry_key(7))
    leaf = row.cells["leaf"].replace(b'"service"', b'"servant"')
    change(stand, entry_key(7), leaf=leaf)
    leaves = [
        merkle.leaf_hash(one.cells["leaf"]) for one in stand.rows.scan(TABLE, partition=log, first="e-", last="e.").rows
    ]
    for seal in stand.rows.scan(TABLE, partition=log, first="s-", last="s.").rows:
        edge, _ = merkle.extend((), 0, leaves[: seal.cells["size"]])
        change(stand, seal.key, root=merkle.edge_root(edge), edge=b"".join(edge))
    edge, _ = merkle.extend((), 0, leaves)
    change(stand, "head", root=merkle.edge_root(edge), edge=b"".join(edge))
    stand.blobs._blobs.pop(("tiles", f"{log}/tile/0/000000000000"))
    stand.blobs.put("tiles", f"{log}/tile/0/000000000000", b"".join(leaves[:256]))
    if publications:
        change(stand, "pub", root=merkle.edge_root(edge), edge=b"".join(edge))


def S3(stand):
    _rewrite(stand, publications=False)


def S4(stand):
    _rewrite(stand, publications=True)


def _payload(stand, letter):
    return next(b.name for b in stand.blobs.list("payloads") if stand.blobs.get("payloads", b.name)[:1] == letter)


def S5(stand):
    stand.blobs.put("payloads", _payload(stand, b"a"), b"a" * 19_999 + b"x")


def S5_inline(stand):
    change(stand, entry_key(9), payload=b'{"number":10}')


def S6(stand):
    stand.blobs.delete("payloads", _payload(stand, b"a"))


def S6_and_a_row_that_says_erased(stand):
    name = _payload(stand, b"a")
    stand.blobs.delete("payloads", name)
    cells = {"evidence_id": f"{log_of(stand)}.{'0' * 26}"}
    stand.rows.upsert(TABLE, Row(log_of(stand), f"d-{name.rpartition('/')[2]}", cells))


def S7(stand):
    one, two = _payload(stand, b"a"), _payload(stand, b"b")
    held = stand.blobs.get("payloads", one), stand.blobs.get("payloads", two)
    stand.blobs.put("payloads", one, held[1])
    stand.blobs.put("payloads", two, held[0])


def S8(stand):
    one, two = (stand.rows.get(TABLE, log_of(stand), entry_key(at)) for at in (3, 4))
    for at, row in ((4, one), (3, two)):
        stand.rows.upsert(TABLE, Row(row.partition, entry_key(at), row.cells))


def _back(stand):
    """Set head and publication back to the first seal that was published, and drop what came after."""
    log = log_of(stand)
    for row in stand.rows.scan(TABLE, partition=log, first=entry_key(302), last="e.").rows:
        stand.rows.delete(TABLE, log, row.key)
    seals = stand.rows.scan(TABLE, partition=log, first="s-", last="s.").rows
    for row in seals:
        if row.cells["size"] > 302:
            stand.rows.delete(TABLE, log, row.key)
    seal = next(row for row in seals if row.cells["size"] == 302)
    stand.rows.upsert(TABLE, Row(log, "head", seal.cells))
    stand.rows.upsert(TABLE, Row(log, "pub", seal.cells))


def S9(stand):
    _back(stand)


def S9_and_checkpoints(stand):
    _back(stand)
    stand.rows.delete(TABLE, log_of(stand), f"c-{312:020d}")


def S10(stand):
    row = stand.rows.scan(TABLE, partition=log_of(stand), first="q-", last="q.").rows[0]
    stand.rows.delete(TABLE, row.partition, row.key)


def S11(stand):
    """Claim and queued row go before the seal; the source still holds the receipt it was answered."""
    row = stand.rows.scan(TABLE, partition=log_of(stand), first="q-", last="q.").rows[0]
    claim = next(
        one
        for one in stand.rows.scan(TABLE, partition=log_of(stand), first="i-", last="i.").rows
        if one.cells["ulid"] == row.key[2:]
    )
    receipt = {"evidence_id": f"{log_of(stand)}.{row.key[2:]}", "received_at": "2026-11-16T09:00:00+00:00"}
    stand.rows.insert("claims", Row("main", "0" * 64 + "-done", receipt))
    assert audit_all(stand)["codes"] == []
    stand.rows.delete(TABLE, row.partition, row.key)
    stand.rows.delete(TABLE, row.partition, claim.key)


def S12(stand):
    row = stand.rows.get(TABLE, log_of(stand), entry_key(1))
    stand.rows.upsert(TABLE, Row(row.partition, entry_key(320), row.cells))


def S13(stand):
    name = next(b.name for b in stand.blobs.list("tiles"))
    stand.blobs.put("tiles", name, flip(stand.blobs.get("tiles", name)))


def S14(stand):
    """The whole account goes back to the first day; only write-once storage does not."""
    fresh = lived()
    young = Stand(rows=stand.rows.__class__())
    for number in range(3):
        young.record(number)
    young.blobs._blobs.update({at: held for at, held in fresh.blobs._blobs.items() if at[0] == "checkpoints"})
    stand.rows._tables, stand.rows._order = young.rows._tables, young.rows._order


def S16(stand):
    """The publication points at an older, validly signed checkpoint."""
    seal = next(
        row
        for row in stand.rows.scan(TABLE, partition=log_of(stand), first="s-", last="s.").rows
        if row.cells["size"] == 302
    )
    change(stand, "pub", **{name: seal.cells[name] for name in ("size", "number", "root", "edge")})
    assert audit_all(stand)["codes"] == []  # a publisher may have been stopped between two of its steps just now
    stand.clock.advance(hours=2)


def S16_of_the_meta_log(stand):
    row = stand.rows.get(TABLE, stand.names.meta, "pub")
    first = stand.rows.get(TABLE, stand.names.meta, f"s-{1:020d}")
    cells = {name: first.cells[name] for name in ("size", "number", "root", "edge")}
    stand.rows.upsert(TABLE, Row(row.partition, "pub", {**row.cells, **cells}))
    stand.clock.advance(hours=2)


def receipt_of_an_unknown_log(stand):
    stand.rows.insert("claims", Row("main", "1" * 64 + "-done", {"evidence_id": f"t-{'0' * 20}.{'0' * 26}"}))


def S17(stand):
    change(stand, f"s-{2:020d}", size=1)


def head_gone(stand):
    stand.rows.delete(TABLE, log_of(stand), "head")


def claim_gone(stand):
    row = stand.rows.scan(TABLE, partition=log_of(stand), first="i-", last="i.").rows[0]
    stand.rows.delete(TABLE, row.partition, row.key)


def queued_changed(stand):
    row = stand.rows.scan(TABLE, partition=log_of(stand), first="q-", last="q.").rows[0]
    change(stand, row.key, payload=b"other")


def anchor_changed(stand):
    held = next(b.name for b in stand.blobs.list("checkpoints"))
    data, etag, at = stand.blobs._blobs["checkpoints", held]
    stand.blobs._blobs["checkpoints", held] = (data.replace(b"/m-", b"/m_"), etag, at)


def anchor_gone(stand):
    held = [b.name for b in stand.blobs.list("checkpoints")][-1]
    del stand.blobs._blobs["checkpoints", held]


def shadow(stand):
    """A second, validly signed checkpoint of a size that was published."""
    origin = stand.names.origin_of(stand.names.meta)
    size = read_head(stand.rows, stand.names.meta).size
    text = note.checkpoint_text(origin, size, bytes(range(32)))
    stand.blobs.create(
        "checkpoints",
        worm_blob(origin, size, datetime(2026, 11, 17, tzinfo=UTC)),
        note.sign(text, stand.signer).encode(),
    )


def shadow_unsigned(stand):
    stand.blobs.create("checkpoints", "elsewhere/file", b"nothing signed")


def shadow_by_another_key(stand, tmp="/nonexistent"):
    from pathlib import Path
    from tempfile import mkdtemp

    origin = stand.names.origin_of(stand.names.meta)
    other = FileSigner(Path(mkdtemp()) / "k.pem", ORIGIN)
    signed = note.sign(note.checkpoint_text(origin, 99, bytes(32)), other)
    stand.blobs.create("checkpoints", worm_blob(origin, 99, datetime(2026, 11, 17, tzinfo=UTC)), signed.encode())


def index_changed(stand):
    row = stand.rows.scan("evidence", partition=log_of(stand), limit=1).rows[0]
    body = {**json.loads(row.cells["record"]), "type": "nothing.happened"}
    change(stand, row.key, "evidence", record=json.dumps(body).encode())


def checkpoint_changed(stand):
    key = f"c-{302:020d}"
    kept = stand.rows.get(TABLE, log_of(stand), key).cells["note"]
    change(stand, key, note=kept.replace("\n302\n", "\n301\n"))


CASES = {
    S1: "E_GAP",
    S2: "E_LEAF",
    S3: "E_ROOT",
    S4: "E_CONSISTENCY",
    S5: "E_PAYLOAD",
    S5_inline: "E_PAYLOAD",
    S6: "E_PAYLOAD_MISSING",
    S6_and_a_row_that_says_erased: "E_PAYLOAD_MISSING",
    S7: "E_PAYLOAD",
    S8: "E_ROOT",
    S9: "E_ROLLBACK",
    S9_and_checkpoints: "E_ROLLBACK",
    S10: "E_LOST_PENDING",
    S11: "E_RECEIPT_UNMET",
    receipt_of_an_unknown_log: "E_RECEIPT_UNMET",
    S12: "E_ROOT",
    S16: "E_ROLLBACK",
    S16_of_the_meta_log: "E_ROLLBACK",
    S13: "E_TILE",
    S14: "E_ROLLBACK",
    S17: "E_FORK",
    head_gone: "E_ROLLBACK",
    claim_gone: "E_RECEIPT_UNMET",
    queued_changed: "E_PAYLOAD",
    anchor_changed: "E_SIGNATURE",
    anchor_gone: "E_ANCHOR_CONFIG",
    shadow: "E_FORK",
    shadow_unsigned: "E_FORMAT",
    shadow_by_another_key: "E_UNTRUSTED",
    index_changed: "E_INDEX",
    checkpoint_changed: "E_SIGNATURE",
}


@pytest.mark.parametrize("tamper", CASES, ids=lambda tamper: tamper.__name__)
def test_tampering_is_named(tamper):
    """Each attack on the store (reference, section 6) gives its code."""
    stand = lived()
    tamper(stand)
    assert CASES[tamper] in audit_all(stand)["codes"]


def test_an_honest_ledger_has_no_codes():
    """Nothing is found where nothing was done, and the counts are those of the ledger."""
    result = audit_all(lived())
    assert result["codes"] == []
    assert (result["logs"], result["entries"], result["queued"], result["anchors"]) == (3, 316, 1, 2)


def test_the_audit_is_evidence():
    """The result is recorded as audit.completed, and the next audit reads that record too."""
    stand = lived()
    S5(stand)
    result = audit_run(stand, Run())
    assert result["codes"] == ["E_PAYLOAD"]
    assert json.loads(stand.ledger.content(result["evidence_id"]))["codes"] == ["E_PAYLOAD"]
    seal_all(stand)
    assert audit_run(stand, Run())["codes"] == ["E_PAYLOAD"]


def test_erased_content_is_no_loss():
    """A logged erasure is not reported as missing content."""
    stand = lived()
    kept = stand.record(9000, payload=b"z" * 30_000)
    seal_all(stand)
    stand.ledger.erase(kept.evidence_id, actor="oid-1", reason="asked for")
    assert audit_all(stand)["codes"] == []


def test_after_a_restore_a_new_incarnation_is_clean():
    """An older incarnation's anchors stay, are still checked, and do not accuse the new one."""
    from dataclasses import replace

    old = lived()
    seal_all(old)
    stand = Stand(rows=old.rows, blobs=old.blobs, names=replace(old.names, incarnation="2"))
    stand.record(1)
    assert seal_all(stand).logs == 1
    assert audit_all(stand)["codes"] == []
