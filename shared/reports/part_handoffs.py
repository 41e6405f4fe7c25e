"""The chapter on handoffs: what was missing, what assumptions cost, how escalations were answered."""

from __future__ import annotations

from collections.abc import Iterable

from shared.model import JsonObject
from shared.reports.document import Block, Column, Paragraph, Section, Table, Value
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, rounded, words


def handoffs(data: WeeklyInput) -> Section:
    """The weekly handoff quality review: missed assumptions, scope changes, margin, and answers to escalations."""
    held = data.delivery
    if not held:
        return Section("handoffs", "Handoff quality and escalations", (Paragraph("Nothing was gathered.", "note"),))
    lineage, told = held["lineage"], held["escalations"]
    return Section(
        "handoffs",
        "Handoff quality and escalations",
        (
            Paragraph(_submitted(held["handoffs"])),
            Paragraph(_lineage(lineage), "amber" if lineage["deals_with_missed_assumptions"] else ""),
            _lineage_table(lineage, held["lineage_before"]),
            Paragraph(_answered(told), "red" if told["overdue"] else ""),
            Table(
                "escalations",
                "How escalations of the week were answered, by the level that was told",
                _LEVELS,
                tuple(_level(name, one) for name, one in [*told["by_level"].items(), ("all", told)]),
            ),
            *_changes(held["scope_changes"]),
        ),
    )


def _submitted(told: JsonObject) -> str:
    if not told["submitted"]:
        return "No handoff was submitted in the week."
    missing = words([f"{code.replace('_', ' ')} ({count:,})" for code, count in told["missing"].items()])
    text = (
        f"{plural(told['submitted'], 'handoff')} {_was(told['submitted'])} submitted for the first time; "
        f"{told['complete_at_first']:,} {_was(told['complete_at_first'])} complete."
    )
    return f"{text} Missing at first: {missing}." if told["missing"] else text


def _lineage(told: JsonObject) -> str:
    if not told["deals"]:
        return "No deal is in delivery."
    lost = words([f"{rounded(float(one['amount']), 2)} {one['currency']}" for one in told["profit_lost"]])
    text = (
        f"Of {plural(told['deals'], 'deal')} in delivery, {told['deals_with_missed_assumptions']:,} went over with an "
        f"assumption or dependency missing; {plural(told['change_orders']['count'], 'change order')} followed, "
        f"{told['change_orders_from_assumptions']['count']:,} of them because of one."
    )
    if told["measured"]:
        text += (
            f" Profit lost against what was sold: {lost} over {plural(told['measured'], 'deal')} whose cost is known."
        )
    if told["unmeasured"]:
        text += f" The cost of {told['unmeasured']:,} is not known yet."
    return text


def _lineage_table(after: JsonObject, before: JsonObject) -> Table:
    """By currency: from what was sold to what is lost, and how much of it the week brought."""
    currencies = sorted({one["currency"] for told in (after, before) for name in _SUMS for one in told[name]})
    rows: list[tuple[Value, ...]] = [
        (
            currency,
            *(_of(after[name], currency) for name in _SUMS),
            *(_moved(after[name], currency) for name in ("change_orders", "change_orders_from_assumptions")),
            _difference(_of(after["profit_lost"], currency), _of(before["profit_lost"], currency)),
        )
        for currency in currencies
    ]
    return Table(
        "lineage",
        "From assumption to margin, deals in delivery (profit lost = overrun + budget above what it was sold on)",
        (
            Column("currency", "Currency", "code"),
            Column("sold", "Profit sold", "money"),
            Column("expected", "Profit expected", "money"),
            Column("lost", "Profit lost", "money"),
            Column("overrun", "Overrun", "money"),
            Column("gap", "Budget above sold", "money"),
            Column("absorbed", "Absorbed", "money"),
            Column("changes", "Change orders", "money"),
            Column("because", "Because of assumptions", "money"),
            Column("week", "Lost since the week began", "money"),
        ),
        tuple(rows),
        empty="No deal in delivery has a known cost.",
    )


_SUMS = ("profit_sold", "profit_expected", "profit_lost", "overrun", "budget_gap", "absorbed")
_LEVELS = (
    Column("level", "Told to"),
    Column("told", "Told", "count"),
    Column("acknowledged", "Acknowledged", "count"),
    Column("responded", "Responded", "count"),
    Column("in_time", "In time", "count"),
    Column("overdue", "Overdue", "count"),
    Column("acknowledge", "Median to acknowledge", "hours"),
    Column("respond", "Median to respond", "hours"),
    Column("quality", "Answers"),
)


def _level(name: str, one: JsonObject) -> tuple[Value, ...]:
    answers = [f"{count:,} {quality}" for quality, count in one["quality"].items() if count]
    return (
        name,
        *(one[key] for key in ("told", "acknowledged", "responded", "in_time", "overdue")),
        one["acknowledge_hours"]["median"],
        one["response_hours"]["median"],
        ", ".join(answers),
    )


def _answered(told: JsonObject) -> str:
    if not told["told"]:
        return "Nothing was escalated in the week."
    return (
        f"{plural(told['told'], 'escalation')} {_was(told['told'])} told; {told['acknowledged']:,} {_was(told['acknowledged'])} "
        f"acknowledged, {told['in_time']:,} answered with a plan or better within {told['response_hours_limit']:,} hours, "
        f"{told['overdue']:,} {'is' if told['overdue'] == 1 else 'are'} overdue."
    )


def _changes(told: JsonObject) -> Iterable[Block]:
    if told["count"]:
        kinds = words([f"{count:,} {kind.replace('_', ' ')}" for kind, count in told["by_reason"].items()])
        yield Paragraph(f"{plural(told['count'], 'change order')} {_was(told['count'])} accepted: {kinds}.")


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _of(sums: list[JsonObject], currency: str) -> float | None:
    return next((float(one["amount"]) for one in sums if one["currency"] == currency), None)


def _moved(changes: JsonObject, currency: str) -> float | None:
    """Nothing changed is nothing; a change across currencies is unknown."""
    return _of(changes["amounts"], currency) if changes["count"] else 0.0


def _difference(after: float | None, before: float | None) -> float | None:
    return None if after is None else round(after - (before or 0.0), 2)
