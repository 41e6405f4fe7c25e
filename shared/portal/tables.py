"""What each list and each detail page shows: columns, facts and blocks as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.model import JsonObject


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a row's key, its heading, how it is written."""

    name: str
    label: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list page."""

    path: str
    title: str
    lead: str
    empty: str
    columns: tuple[Column, ...]


C = Column
LISTS: dict[str, Listing] = {
    "findings": Listing(
        "/findings",
        "Findings",
        "Where a control does not hold, or could not be judged.",
        "No finding matches.",
        (
            C("subject", "Subject", "link"),
            C("verdict", "Verdict", "tag"),
            C("severity", "Severity", "tag"),
            C("why", "Why"),
            C("owner", "Owner"),
            C("status", "Status", "words"),
            C("since", "Since", "day"),
        ),
    ),
    "holds": Listing(
        "/holds",
        "Holds",
        "What is kept back until the right people agree, and what keeping it back costs.",
        "Nothing is held.",
        (
            C("subject", "Held", "link"),
            C("kind", "Kind", "words"),
            C("state", "State", "tag"),
            C("why", "Why"),
            C("amount", "At stake", "money"),
            C("since", "Since", "day"),
        ),
    ),
    "approvals": Listing(
        "/approvals",
        "Approvals",
        "Who must agree to what, on exactly which content.",
        "Nobody has asked for anything.",
        (
            C("text", "What", "link"),
            C("kind", "Kind", "words"),
            C("state", "State", "tag"),
            C("given", "Given"),
            C("expires", "Expires", "moment"),
        ),
    ),
    "projects": Listing(
        "/projects",
        "Projects",
        "Earned value and earned schedule against the frozen baseline.",
        "No project was assessed yet.",
        (
            C("name", "Project", "link"),
            C("rating", "Health", "tag"),
            C("cpi", "CPI", "number"),
            C("spi_t", "SPI(t)", "number"),
            C("cv", "Cost variance", "money"),
            C("tags", "Tags"),
        ),
    ),
    "handoffs": Listing(
        "/handoffs",
        "Handoffs",
        "Deals handed over to delivery: complete, signed off, and only then begun.",
        "No opportunity was won yet.",
        (
            C("name", "Opportunity", "link"),
            C("state", "State", "tag"),
            C("completeness", "Complete at first", "number"),
            C("missing", "Missing"),
        ),
    ),
    "reviews": Listing(
        "/reviews",
        "Access reviews",
        "Each quarter, every integration's permissions are kept, reduced or revoked by name.",
        "No review was opened yet.",
        (C("quarter", "Quarter", "link"), C("state", "State", "tag"), C("due", "Due", "day")),
    ),
    "items": Listing(
        "",
        "Review items",
        "",
        "This review has no items.",
        (
            C("name", "Integration", "link"),
            C("source", "Source"),
            C("tier", "Highest tier"),
            C("risks", "Risks"),
            C("owner", "Owner"),
            C("state", "Answer", "tag"),
        ),
    ),
    "reports": Listing(
        "/reports",
        "Reports",
        "The weekly control report, as it was known at each time.",
        "No report was made yet.",
        (C("period", "Week", "link"), C("as_of", "As of", "moment"), C("formats", "Formats")),
    ),
    "decisions": Listing(
        "/decisions",
        "Decisions",
        "What was decided, why, and who took part.",
        "The log is empty.",
        (
            C("title", "Decision", "text"),
            C("state", "State", "tag"),
            C("valid", "Counts"),
            C("owner", "Owner"),
            C("due", "Due", "day"),
        ),
    ),
    "controls": Listing(
        "/controls",
        "Controls",
        "What must be true, and whether the control itself still catches its canaries.",
        "There is no control.",
        (
            C("title", "Passing condition", "link"),
            C("owner", "Owner"),
            C("cadence", "Cadence", "words"),
            C("canaries", "Canaries caught"),
        ),
    ),
    "evidence": Listing(
        "/evidence",
        "Evidence",
        "Every record, in the order it was sealed.",
        "No record matches.",
        (
            C("type", "Type", "link"),
            C("customer", "Customer"),
            C("subject", "Subject"),
            C("index", "Index"),
            C("received_at", "Received", "moment"),
        ),
    ),
}


def why(reasons: list[JsonObject]) -> str:
    """The first reason, and how many more there are."""
    if not reasons:
        return ""
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return f"{reasons[0]['text']}{more}"


def subject(row: JsonObject) -> str:
    """A subject in words."""
    held = row.get("subject") or {}
    return f"{str(held.get('kind', '')).replace('_', ' ')} {held.get('id', '')}".strip() or "—"


def block(
    title: str,
    rows: list[JsonObject],
    columns: tuple[str, ...],
    *,
    caption: str = "",
    numbers: tuple[str, ...] = (),
    empty: str = "None.",
) -> dict[str, Any]:
    """A table on a detail page; columns missing from a row are shown as unknown."""
    shown = [{name: _plain(row.get(name)) for name in columns} for row in rows]
    return {
        "title": title,
        "rows": shown,
        "columns": columns,
        "caption": caption or title,
        "numbers": numbers,
        "empty": empty,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "amount" in value and "currency" in value:
            return f"{value['amount']} {value['currency']}"
        return ", ".join(f"{key}: {_plain(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(str(_plain(one)) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
