"""Holds: one open per subject, an id for each, a cost that stops, and no race that loses one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.errors import RowStale
from shared.model import Money, Reason, Role, Subject
from shared.registers import holds
from tests.harness.memory import MemoryRows

NOW = datetime(2026, 11, 16, 8, tzinfo=UTC)
SUBJECT = Subject("recurring_invoice", "-1")


def place(rows: MemoryRows, text: str = "Nobody signed it.", subject: Subject = SUBJECT) -> tuple[dict, bool]:
    return holds.place(
        rows,
        holds.Draft(
            kind="invoice",
            subject=subject,
            customer="12",
            practice=None,
            reasons=[Reason("no_signoff", text)],
            amount=Money(Decimal(1000), "CAD"),
            may_release=[Role.FINANCE],
            now=NOW,
        ),
        holds.newest(rows, "invoice", subject),
    )


def test_holding_twice_is_one_hold_brought_up_to_date() -> None:
    """Since stays, reasons follow."""
    rows = MemoryRows()
    first, new = place(rows)
    second, again = place(rows, "Still nobody.")
    assert (new, again) == (True, False)
    assert (second["id"], second["since"]) == (first["id"], first["since"])
    assert second["reasons"][0]["text"] == "Still nobody."


def test_held_again_after_a_release_is_another_hold() -> None:
    """The earlier one stays as it was."""
    rows = MemoryRows()
    first, _ = place(rows)
    holds.release(rows, first["id"], now=NOW + timedelta(days=1), by=["oid-nora"], approval_id="a-1")
    second, new = place(rows)
    assert new
    assert [one["state"] for one in holds.of_subject(rows, "invoice", SUBJECT)] == ["released", "held"]
    assert holds.current(rows, "invoice", SUBJECT) == second


def test_releasing_twice_changes_nothing() -> None:
    """The first release counts."""
    rows = MemoryRows()
    first, _ = place(rows)
    holds.release(rows, first["id"], now=NOW, by=["oid-nora"], approval_id="a-1")
    again = holds.release(rows, first["id"], now=NOW + timedelta(days=9), by=["oid-omar"], approval_id="a-2")
    assert again is not None
    assert (again["released_by"], again["approval_id"]) == (["oid-nora"], "a-1")
    assert holds.release(rows, "h-none-0001", now=NOW, by=[], approval_id=None) is None


def test_subjects_do_not_share_holds() -> None:
    """Ids that begin alike, odd letters, other kinds."""
    rows = MemoryRows()
    for name in ("-1", "-10", "1", "a/b", "ä #?"):
        _, new = place(rows, subject=Subject("recurring_invoice", name))
        assert new
    assert len(list(holds.of_kind(rows, "invoice"))) == 5
    assert list(holds.of_kind(rows, "kickoff")) == []


def test_the_cost_is_money_times_days_and_never_below_zero() -> None:
    """An hour is a twenty-fourth of a day; a clock set back costs nothing."""
    rows = MemoryRows()
    body, _ = place(rows)
    assert holds.cost(body, NOW + timedelta(days=3))["money_days"] == "3000.00"
    assert holds.cost(body, NOW + timedelta(hours=1))["money_days"] == "41.67"
    assert holds.cost(body, NOW - timedelta(days=1))["money_days"] == "0.00"
    assert holds.cost({**body, "amount": None}, NOW) == {"money_days": None, "amount": None}


def test_who_has_not_seen_the_release_does_not_hold_anew() -> None:
    """Nor does a second hold come of two who saw none."""
    rows = MemoryRows()
    first, _ = place(rows)
    seen = holds.newest(rows, "invoice", SUBJECT)
    holds.release(rows, first["id"], now=NOW, by=["oid-nora"], approval_id="a-1")
    draft = holds.Draft(
        kind="invoice",
        subject=SUBJECT,
        customer="12",
        practice=None,
        reasons=[Reason("no_signoff", "Still nobody.")],
        amount=None,
        may_release=[Role.FINANCE],
        now=NOW,
    )
    for standing in (seen, None):
        with pytest.raises(RowStale):
            holds.place(rows, draft, standing)
    assert [one["state"] for one in holds.of_subject(rows, "invoice", SUBJECT)] == ["released"]
