"""Pages of projects and handoffs."""

from __future__ import annotations

from urllib.parse import urlencode

from functions.page_frames import PAGE, Names, Query, detail_page, list_page, path
from functions.page_inputs import parts_table, rows_table
from functions.page_money import may
from functions.page_plan import plan_tables
from shared.connector.operation import EVIDENCE
from shared.errors import NotFound
from shared.measures import inputs
from shared.measures.handoff_facts import PARTS as HANDOFF_PARTS
from shared.measures.project_inputs import PARTS
from shared.model import JsonObject, Person
from shared.portal.blocks import Fact, table
from shared.portal.words import address, figure, listed, money, percent, words
from shared.procedures import decide, handoffs, projects
from shared.procedures.services import Services

_MONEY = {
    "bac": ("Budget (BAC)", "what the whole project may cost"),
    "pv": ("Planned value (PV)", "what should be done by now"),
    "ev": ("Earned value (EV)", "what is done by now"),
    "ac": ("Actual cost (AC)", "what it has cost"),
    "cv": ("Cost variance (CV)", "earned less cost; below zero is over cost"),
    "sv": ("Schedule variance (SV)", "earned less planned; below zero is behind"),
    "cpi": ("Cost index (CPI)", "earned for each unit spent"),
    "spi": ("Schedule index (SPI)", "earned for each unit planned"),
    "eac": ("Forecast cost (EAC)", "budget divided by CPI"),
    "etc": ("Still to spend (ETC)", "forecast less cost so far"),
    "vac": ("Variance at the end (VAC)", "budget less forecast"),
    "tcpi": ("Index needed (TCPI)", "CPI the rest must reach to keep the budget"),
    "es": ("Earned schedule (ES)", "periods of the plan that are done"),
    "at": ("Time passed (AT)", "periods that have passed"),
    "sv_t": ("Schedule variance (SV(t))", "periods ahead; below zero is behind"),
    "spi_t": ("Schedule index (SPI(t))", "periods done for each that passed"),
    "eac_t": ("Forecast duration (EAC(t))", "planned duration divided by SPI(t), in periods"),
}


def project_list(services: Services, person: Person, query: Query) -> bytes:
    """Projects."""
    page = projects.list_projects(services, person, None, PAGE, query.get("next"))
    names = Names(services, person)

    def shape(row: JsonObject) -> JsonObject:
        health = row.get("health") or {}
        return {
            "_path": path("projects", row["id"]),
            "name": row.get("name") or f"Project {row['id']}",
            "customer": names.customer(row["customer"]),
            "rating": health.get("rating"),
            "tags": health.get("tags"),
            "cpi": row.get("cpi"),
            "spi_t": row.get("spi_t"),
            "cv": row.get("cv"),
        }

    return list_page(services, person, "projects", query, page, shape)


def project(services: Services, person: Person, identity: str, query: Query) -> bytes:
    """One project: health and why, the figures with their meaning, causes, milestones and gates."""
    row = projects.project_view(services, person, identity, None)
    health = row.get("health") or {}
    sources = row.get("sources") or {}
    told = {"tasks": "tasks", "projectcompletionpercentage": "HaloPSA's percentage", "time": "time entries"}
    told["projectmoneyactual"] = "HaloPSA's actual cost"
    facts: list[Fact] = [
        ("Health", "tag", health.get("rating")),
        ("Confidence", "percent", health.get("confidence")),
        ("Customer", "text", Names(services, person).customer(row.get("customer"))),
        ("Practice", "words", row.get("practice")),
        ("Forecast finish", "day", row.get("finish_forecast")),
        ("Slip", "text", _slip(row.get("slip_days"))),
        ("Forecast cost between", "text", _between(row.get("cone") or {})),
        ("Progress comes from", "text", told.get(str(sources.get("ev")), "unknown")),
        ("Cost comes from", "text", told.get(str(sources.get("ac")), "unknown")),
        ("Judged at", "moment", row.get("as_of")),
        ("Baseline", "text", _baseline(row.get("baseline"))),
    ]
    figures = [
        {
            "name": label,
            "value": figure(row.get(name)),
            "meaning": meaning,
            "from": listed((row.get("traces") or {}).get(name)),
        }
        for name, (label, meaning) in _MONEY.items()
    ]
    address, following, rows = path("projects", identity), None, []
    if (part := query.get("part")) is not None:
        page = projects.project_inputs(services, person, identity, None, PAGE, query.get("next"), part)
        rows = [rows_table(part, page, may_read=person.has(*EVIDENCE))]
        following = f"{address}?" + urlencode({"part": part, "next": page["next"]}) if page["next"] else None
    return detail_page(
        services,
        person,
        "projects",
        row.get("name") or f"Project {identity}",
        " ".join(health.get("doubts") or []) or "Every figure below has what it needs.",
        facts,
        reasons=health.get("reasons") or [],
        blocks=[
            *rows,
            table(
                "Why cost differs from plan",
                row.get("causes") or [],
                {"cause": "Cause", "amount": "Amount"},
                kinds={"amount": "money"},
                caption="Together they are the cost variance, to the cent; below zero costs money",
                empty="There is no variance to explain, or it is not known.",
            ),
            table(
                "Figures",
                figures if row.get("bac") else [],
                {"name": "Figure", "value": "Value", "meaning": "What it says", "from": "Comes from"},
                kinds={"value": "right"},
                caption="Earned value and earned schedule",
                empty="Without a baseline nothing can be computed.",
            ),
            *plan_tables(row),
            _milestones(row),
            table(
                "Gates",
                row.get("gates") or [],
                {"name": "Gate", "state": "State", "due": "Due"},
                kinds={"state": "tag", "due": "day"},
                empty="The baseline names no gate.",
            ),
            parts_table(row, address, PARTS),
        ],
        next=following,
        evidence=row.get("evidence") or [],
    )


def _milestones(row: JsonObject) -> JsonObject:
    waits = {one["milestone"]: f"waits for {one['waits_for']}" for one in row.get("blockages") or []}
    shown = [
        {
            "name": one["name"],
            "target": one["target"],
            "state": "done" if one["complete"] else waits.get(one["name"], "not done"),
            "completed_at": one["completed_at"],
        }
        for one in row.get("milestones") or []
    ]
    return table(
        "Milestones",
        shown,
        {"name": "Milestone", "target": "Target", "state": "State", "completed_at": "Completed"},
        kinds={"target": "day", "completed_at": "day"},
        empty="The project has no milestones.",
    )


def _slip(days: float | None) -> str:
    if days is None:
        return "unknown"
    return f"{abs(days):,.1f} days {'late' if days > 0 else 'early'}" if days else "none"


def _between(cone: JsonObject) -> str:
    if not cone.get("optimistic"):
        return "unknown"
    return f"{money(cone['optimistic'])} and {money(cone['pessimistic'])}"


def _baseline(held: JsonObject | None) -> str:
    return f"version {held['version']}, frozen {held['accepted_at'][:10]}" if held else "none"


def handoff_list(services: Services, person: Person, query: Query) -> bytes:
    """Handoffs."""
    page = handoffs.list_handoffs(services, person, PAGE, query.get("next"))
    names = Names(services, person)

    def shape(row: JsonObject) -> JsonObject:
        return {
            "_path": path("handoffs", row["id"]),
            "name": row.get("title") or f"Opportunity {row['id']}",
            "customer": names.customer(row["customer"]),
            "state": row.get("state"),
            "first": row.get("completeness_first"),
            "now": row.get("completeness_now"),
            "missing": [one["code"] for one in row.get("reasons") or []],
        }

    return list_page(services, person, "handoffs", query, page, shape)


def handoff(services: Services, person: Person, identity: str, query: Query) -> bytes:
    """One handoff: checklist with sources, briefing, sign-off, project."""
    row = handoffs.handoff_view(services, person, identity)
    made = row.get("project")
    facts: list[Fact] = [
        ("State", "tag", row.get("state")),
        ("Customer", "text", Names(services, person).customer(row.get("customer"))),
        ("Complete at first", "percent", row.get("completeness_first")),
        ("Complete now", "percent", row.get("completeness_now")),
        ("Won", "moment", row.get("won_at")),
        ("Value", "money", row["value"]),
        ("Margin", "text", f"{percent(row.get('margin'))} (the floor is {percent(row.get('margin_floor'))})"),
        ("Project", "link", (path("projects", made["id"]), f"Project {made['id']}") if made else None),
    ]
    items = [
        {
            "label": one["label"],
            "met": "yes" if one["met"] else "no",
            "missing": listed([reason["code"] for reason in one["reasons"]]),
            "source": one["source"] if address(one["source"]) else None,
        }
        for one in row.get("checklist") or []
    ]
    rows = []
    if (part := query.get("part")) is not None:
        held = [one for one in inputs.listed(row["inputs"] or {}) if one["part"] == part]
        rows = [rows_table(part, {"items": held}, may_read=person.has(*EVIDENCE))]
    return detail_page(
        services,
        person,
        "handoffs",
        row.get("title") or f"Opportunity {identity}",
        "Completeness is scored when the handoff is first submitted, so that completing it later cannot hide what was missing.",
        facts,
        reasons=row.get("reasons") or [],
        blocks=[
            *rows,
            table(
                "Checklist",
                items,
                {"label": "Item", "met": "There", "missing": "Missing", "source": "Source document"},
                kinds={"source": "away"},
                caption="Each with the document it comes from",
            ),
            parts_table(row, path("handoffs", identity), HANDOFF_PARTS),
        ],
        parts=[_part(one) for one in (row.get("briefing") or {}).get("sections") or []],
        call=_call(services, person, row),
    )


def _call(services: Services, person: Person, row: JsonObject) -> tuple[str, str] | None:
    if not row.get("approval_id"):
        return None
    try:
        asked = decide.approval_view(services, person, row["approval_id"])
    except NotFound:
        return None
    label = "Read exactly what is signed off, and decide" if may(asked, person) else "Read exactly what is asked"
    where = path("approvals", row["approval_id"])
    return (
        where,
        label if asked["state"] == "open" else f"The sign-off ({words(asked['state'])})",
    )


def _part(section: JsonObject) -> JsonObject:
    """A part of the briefing; a source that is no web address is named, not linked."""
    return {
        "heading": section["heading"],
        "statements": [
            {
                "text": one["text"],
                "label": (one.get("source") or {}).get("label", ""),
                "href": (one.get("source") or {}).get("href") if address((one.get("source") or {}).get("href")) else "",
            }
            for one in section["statements"]
        ],
    }
