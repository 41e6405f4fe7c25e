"""From a sales assumption to the margin it cost, for one deal and for many."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.measures.assumption_lineage import lineage, trace, trace_json


def handoff(**more):
    return {
        "id": "700",
        "practice": "ps",
        "currency": "CAD",
        "value": "10000",
        "profit": "3000",
        "margin": 0.3,
        "unresolved": [],
        "project": {"id": "100"},
        "first_submission": {"missing": ["assumption_unresolved", "scope_unsigned"], "completeness": 0.6},
        **more,
    }


def version(number, bac, hours=None, currency="CAD", kind=None):
    period = {"end": "2026-12-01T00:00:00Z", "pv": bac} | ({"hours": hours} if hours else {})
    body = {
        "currency": currency, "bac": bac, "start": "2026-11-01T00:00:00Z", "periods": [period],
        "workstreams": [], "gates": [], "accountable": {},
    }  # fmt: skip
    return {"version": number, "baseline": body, "change": {"kind": kind} if kind else None}


def status(cost, *, closed=False, currency="CAD", **hours):
    money = {"amount": cost, "currency": currency}
    return {
        "eac": None if closed else money, "ac": money, "closed": closed, "sources": {"ac": "time"},
        "hours": {"estimated": "40", "earned": "20", "booked": "25", **hours},
    }  # fmt: skip


def test_a_deal_is_followed_from_its_assumption_to_the_profit_it_cost():
    """Missed at handoff; one change order because of it; the rest absorbed; the parts add up to what was lost."""
    versions = [version(1, "7000", "100"), version(2, "7500", "110", kind="assumption"), version(3, "7800", "112")]
    told = trace_json(trace(handoff(), status("9000.00"), versions))
    assert told["assumptions_missed"] == ["assumption_unresolved"]
    assert (told["change_orders"], told["change_order_amount"]["amount"], told["change_order_hours"]) == (
        2,
        "800.00",
        "12",
    )
    assert told["change_orders_from_assumptions"] == 1
    assert told["change_order_amount_from_assumptions"]["amount"] == "500.00"
    assert told["absorbed"]["amount"] == "1200.00"
    assert told["absorbed_hours"] == "10.00"
    assert told["profit_sold"]["amount"] == "3000.00"
    assert told["profit_expected"]["amount"] == "1800.00"
    assert told["profit_lost"]["amount"] == "1200.00"
    assert (told["overrun"]["amount"], told["budget_gap"]["amount"]) == ("1200.00", "0.00")
    assert (told["margin_sold"], told["margin_expected"], told["margin_lost"]) == (0.3, 0.1667, 0.1333)


def test_what_was_budgeted_above_what_it_was_sold_on_is_told_apart():
    """The project may keep its budget and the deal lose money all the same."""
    told = trace_json(trace(handoff(), status("8000.00"), [version(1, "8000")]))
    assert (told["absorbed"]["amount"], told["overrun"]["amount"]) == ("0.00", "0.00")
    assert (told["budget_gap"]["amount"], told["profit_lost"]["amount"]) == ("1000.00", "1000.00")


def test_a_closed_project_costs_what_it_cost():
    """No forecast is left."""
    done = {**status("6500.00", closed=True), "eac": {"amount": "9999.00", "currency": "CAD"}}
    assert trace_json(trace(handoff(), done, [version(1, "7000")]))["profit_lost"]["amount"] == "-500.00"


def test_what_is_not_known_is_null_and_counted():
    """No project, no cost, another currency: nothing is invented."""
    bare = trace(handoff(project=None), None, [])
    assert {
        trace_json(bare)[name] for name in ("absorbed", "profit_lost", "change_order_amount", "margin_expected")
    } == {None}
    other = trace(handoff(), status("9000.00", currency="USD"), [version(1, "7000")])
    mixed = trace(handoff(), status("9000.00"), [version(1, "7000", currency="USD"), version(2, "7000")])
    assert (other.lost, mixed.lost, mixed.changes.amount) == (None, None, None)
    summed = lineage([bare, other, mixed])
    assert (summed["deals"], summed["measured"], summed["unmeasured"]) == (3, 0, 3)
    assert summed["profit_lost"] == []


def test_deals_in_two_currencies_are_never_added():
    """One sum each."""
    cad = trace(handoff(), status("9000.00"), [version(1, "7000")])
    usd = trace(handoff(currency="USD"), status("7100.00", currency="USD"), [version(1, "7000", currency="USD")])
    assert lineage([cad, usd, cad])["profit_lost"] == [
        {"amount": "4000.00", "currency": "CAD"},
        {"amount": "100.00", "currency": "USD"},
    ]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 10**7),
            st.integers(0, 10**7),
            st.integers(1, 10**7),
            st.integers(1, 10**7),
            st.integers(0, 10**7),
        ),
        max_size=6,
    )
)
def test_lost_is_overrun_and_gap_over_any_deals(deals):
    """To the cent, with their signs, and what was sold less what is expected."""
    traces = []
    for value, profit, first, second, cost in deals:
        row = handoff(value=f"{value / 100:.2f}", profit=f"{profit / 100:.2f}")
        versions = [version(1, f"{first / 100:.2f}"), version(2, f"{second / 100:.2f}")]
        traces.append(trace(row, status(f"{cost / 100:.2f}"), versions))
    summed = lineage(traces)
    amounts = {name: sum((Decimal(one["amount"]) for one in summed[name]), Decimal(0))
               for name in ("profit_lost", "overrun", "budget_gap", "profit_sold", "profit_expected")}  # fmt: skip
    assert amounts["profit_lost"] == amounts["overrun"] + amounts["budget_gap"]
    assert amounts["profit_lost"] == amounts["profit_sold"] - amounts["profit_expected"]
