"""Packs of a customer whose data is odd: whatever stands in names, sources and contents, the pack is made and verifies."""

from __future__ import annotations

import csv
import io
import json

import pytest

from shared.ledger.names import TABLE, entry_key
from shared.model import Subject
from shared.ports import Row
from shared.procedures.export_pack import build_pack, request_pack
from shared.procedures.seal import seal_all
from tests.ledger import forge
from tests.ledger.stand import Stand

ODD = [
    "a\nb",
    'say "hi", twice',
    "=1+1\r\n",
    "\t",
    "\u202etxt",
    "é",
    "e\u0301",
    "😀דּ",
    "\ud800",
    "x" * 5000,
    "",
    "\x00",
    "a,b",
]
CONTROLS = ["CON", "../etc", "z.é", "", "a/b", "n" * 300, "=cmd", "line\nbreak"]
MEDIA = ["", "application/json; charset=utf-8", "weird/\n", "IMAGE/PNG", "text/plain"]


def odd():
    """A log of entries nobody would think up."""
    stand = Stand()
    for number, text in enumerate(ODD):
        stand.record(
            number,
            type="finding.changed" if number % 2 else "delivery.received",
            subject=Subject(text, text),
            actor=text or "service",
            controls=tuple(CONTROLS[number % 8 : number % 8 + 1 + number % 3]),
            media_type=MEDIA[number % 5],
            source={"url": text, "system": 1.5, "query": {text: [text]}, "reviewer": None, "period_start": 2**60},
            payload=[b"", b"null", b'{"verdict":[1]}', bytes(range(256)) * 100, "é".encode("latin-1")][number % 5],
        )
        stand.clock.advance(minutes=7)
        if number % 4 == 3:
            seal_all(stand)
    return stand


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"sample": {"phrase": "e\u0301\n\u202e", "size": 3}},
        {"redact": ["/verdict", "/*"]},
        {"controls": ["z.é", "a/b"]},
        {"controls": ["no such control"]},
        {"from": "2000-01-01T00:00:00Z", "to": "2000-01-02T00:00:00Z"},
    ],
)
def test_the_pack_verifies(more, tmp_path):
    """Exit 0 and no code."""
    stand = odd()
    verdict = forge.check(tmp_path, forge.made(stand, **more), keys=stand.ledger.trusted_vkey())
    assert (verdict.exit, verdict.codes) == (0, []), verdict


def test_both_indexes_say_the_same():
    """index.csv read by a CSV reader has the values of index.json, but for the neutralising apostrophe."""
    files = forge.unzip(forge.made(odd()))
    sheet = list(csv.DictReader(io.StringIO(files["index.csv"].decode(), newline="")))
    rows = json.loads(files["index.json"])
    assert len(sheet) == len(rows) == len(ODD) + 1  # the request is an entry too
    for shown, row in zip(sheet, rows, strict=True):
        flat = {**row, "control_ids": " ".join(row["control_ids"]), "in_sample": str(row["in_sample"]).lower()}
        for name, value in flat.items():
            led = str(value)[:1] in tuple("=+-@\t\r\n")
            assert shown[name] == ("'" if led else "") + str(value), name


@pytest.mark.parametrize(
    "leaf", [b"{", b"\xff", b"[]", b"{}", b'{"payload":3,"received_at":"2026-11-16T10:00:00.000Z"}']
)
def test_a_leaf_that_is_none_makes_no_pack(leaf):
    """A stored entry of another form fails the build with its code, not with a crash."""
    stand = odd()
    row = stand.rows.get(TABLE, stand.names.log_of("12"), entry_key(2))
    stand.rows.upsert(TABLE, Row(row.partition, row.key, {**row.cells, "leaf": leaf}))
    asked = request_pack(stand, forge.AUDITOR, forge.WEEK)
    assert build_pack(stand, asked["id"])["error"]["code"] in ("E_LEAF", "E_ROOT")


def test_times_out_of_order_are_sorted_in_the_index(tmp_path):
    """Entries received a little earlier than their predecessors are sorted by time within their control."""
    stand = Stand()
    for number in range(12):
        stand.clock.advance(minutes=(5, -4, 3)[number % 3])
        stand.record(number, controls=("a", "b")[number % 2 : number % 2 + 1])
        seal_all(stand)
    stand.clock.advance(hours=1)
    data = forge.made(stand)
    rows = json.loads(forge.unzip(data)["index.json"])
    assert [row["log_index"] for row in rows] != sorted(row["log_index"] for row in rows)
    assert rows == sorted(rows, key=lambda row: (row["control_ids"], row["collected_at"], row["log_index"]))
    assert forge.check(tmp_path, data, keys=stand.ledger.trusted_vkey()).codes == []
