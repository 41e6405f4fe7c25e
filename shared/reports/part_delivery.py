"""The chapters on delivery: projects with their workstreams and periods, handoffs with what their assumptions cost."""

from __future__ import annotations

from collections.abc import Iterable

from shared.model import JsonObject
from shared.reports.document import Block, Column, Paragraph, Section, Table, Value
from shared.reports.part_red import customer_name
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, rounded, words


def projects(data: WeeklyInput) -> Section:
    """Colours that add up, and the red and amber projects explained."""
    held = data.projects or {"ratings": {}, "total": 0, "asking": 0, "worst": []}
    worst = held["worst"]
    link = f"{data.link}/projects" if data.link else ""
    return Section(
        "projects",
        "Projects: cost and schedule",
        (
            _colours(held),
            Table(
                "projects",
                "Red and amber projects, the most money over first",
                _PROJECTS,
                tuple(_project(data, one) for one in worst),
                held["asking"],
                link,
                "No open project is red or amber.",
            ),
            Table(
                "workstreams",
                "Their workstreams: planned, earned, spent",
                _STREAMS,
                tuple(_stream(one, stream) for one in worst for stream in one.get("workstreams") or []),
                0,
                link,
                "No red or amber project has workstreams in its baseline.",
            ),
            Table(
                "periods",
                "Their periods: planned and booked",
                _PERIODS,
                tuple(_period(one, part) for one in worst for part in one.get("periods") or [] if _begun(one, part)),
                0,
                link,
                "No red or amber project has a baseline.",
            ),
        ),
    )


def _colours(held: JsonObject) -> Paragraph:
    if not held["total"]:
        return Paragraph("No open project has been measured yet: how projects stand is unknown.", "note")
    ratings = held["ratings"]
    parts = [f"{ratings[name]:,} {name}" for name in ratings]
    sums = " + ".join(f"{ratings[name]:,}" for name in ratings)
    tone = "red" if ratings["red"] else "amber" if ratings["amber"] else ""
    return Paragraph(f"Of {plural(held['total'], 'open project')}, {words(parts)}: {sums} = {held['total']:,}.", tone)


_PROJECTS = (
    Column("project", "Project"),
    Column("tone", "State", "tone"),
    Column("customer", "Customer"),
    Column("why", "Why"),
    Column("cause", "Largest cause"),
    Column("bac", "Budget", "money"),
    Column("ev", "Earned", "money"),
    Column("ac", "Spent", "money"),
    Column("cv", "Cost variance", "money"),
    Column("eac", "Forecast", "money"),
    Column("currency", "Currency", "code"),
    Column("cpi", "CPI", "number"),
    Column("spi_t", "SPI(t)", "number"),
    Column("slip", "Working days late", "number"),
    Column("confidence", "Confidence", "ratio"),
    Column("codes", "Codes", "code", aside=True),
    Column("id", "Id", "code", aside=True),
)


def _project(data: WeeklyInput, one: JsonObject) -> tuple[Value, ...]:
    health = one["health"]
    causes = one.get("causes") or []
    return (
        one["name"] or f"Project {one['id']}",
        health["rating"],
        customer_name(data, one["customer"]),
        " ".join(reason["text"] for reason in health["reasons"]),
        f"{causes[0]['cause']}: {causes[0]['amount']['amount']}" if causes else "",
        *(_amount(one.get(name)) for name in ("bac", "ev", "ac", "cv", "eac")),
        _currency(one),
        _two(one.get("cpi")),
        _two(one.get("spi_t")),
        _two(one.get("slip_days")),
        health["confidence"],
        " ".join(health["tags"]),
        one["id"],
    )


_STREAMS = (
    Column("project", "Project"),
    Column("stream", "Workstream"),
    Column("accountable", "Accountable"),
    Column("planned", "Planned cost", "money"),
    Column("ev", "Earned", "money"),
    Column("ac", "Spent", "money"),
    Column("cv", "Variance", "money"),
    Column("currency", "Currency", "code"),
    Column("planned_hours", "Planned hours", "number"),
    Column("booked_hours", "Booked hours", "number"),
    Column("id", "Project id", "code", aside=True),
)


def _stream(one: JsonObject, stream: JsonObject) -> tuple[Value, ...]:
    return (
        one["name"] or f"Project {one['id']}",
        stream["name"] or "In no workstream",
        stream["accountable"] or "",
        *(_amount(stream[name]) for name in ("planned_cost", "ev", "ac", "cv")),
        _currency(one),
        _number(stream["planned_hours"]),
        _number(stream["booked_hours"]),
        one["id"],
    )


_PERIODS = (
    Column("project", "Project"),
    Column("from", "From", "day"),
    Column("to", "To", "day"),
    Column("planned", "Planned cost", "money"),
    Column("booked", "Spent", "money"),
    Column("currency", "Currency", "code"),
    Column("planned_hours", "Planned hours", "number"),
    Column("booked_hours", "Booked hours", "number"),
    Column("pv", "Planned by then", "money"),
    Column("ev", "Earned by then", "money"),
    Column("ac", "Spent by then", "money"),
    Column("id", "Project id", "code", aside=True),
)


def _period(one: JsonObject, part: JsonObject) -> tuple[Value, ...]:
    return (
        one["name"] or f"Project {one['id']}",
        part["start"],
        part["end"] or "",
        _amount(part["planned_cost"]),
        _amount(part["booked_cost"]),
        _currency(one),
        _number(part["planned_hours"]),
        _number(part["booked_hours"]),
        *(_amount(part.get(name)) for name in ("pv", "ev", "ac")),
        one["id"],
    )


def _begun(one: JsonObject, part: JsonObject) -> bool:
    return str(part["start"]) < str(one["as_of"])


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


def _amount(value: JsonObject | None) -> float | None:
    return float(value["amount"]) if value else None


def _currency(one: JsonObject) -> str:
    return str((one.get("bac") or {}).get("currency", ""))


def _two(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _number(value: str | None) -> float | None:
    return None if value is None else float(value)
