"""The chapter on projects: how many of each colour, the red and amber ones with their workstreams and periods."""

from __future__ import annotations

from shared.model import JsonObject
from shared.reports.document import Column, Paragraph, Section, Table, Value
from shared.reports.part_red import customer_name
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, words


def projects(data: WeeklyInput) -> Section:
    """Colours that add up, and the red and amber projects explained."""
    held = data.projects or {"ratings": {}, "total": 0, "asking": 0, "worst": []}
    worst = held["worst"]
    link = f"{data.link}/projects" if data.link else ""
    streams = tuple(_stream(one, stream) for one in worst for stream in one.get("workstreams") or [])
    periods = tuple(_period(one, part) for one in worst for part in one.get("periods") or [] if _begun(one, part))
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
                streams,
                len(streams),
                link,
                "No red or amber project has workstreams in its baseline.",
            ),
            Table(
                "periods",
                "Their periods: planned and booked",
                _PERIODS,
                periods,
                len(periods),
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


def _amount(value: JsonObject | None) -> float | None:
    return float(value["amount"]) if value else None


def _currency(one: JsonObject) -> str:
    return str((one.get("bac") or {}).get("currency", ""))


def _two(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _number(value: str | None) -> float | None:
    return None if value is None else float(value)
