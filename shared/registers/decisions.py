"""The decision log and the backlog: what was decided, why, by whom; what is to be done next."""

from __future__ import annotations

from shared.model import JsonObject, parse_instant
from shared.ports import Rows
from shared.registers.store import Register

CRITERIA = (
    "client_impact",
    "operational_efficiency",
    "reporting_accountability",
    "revenue_margin_protection",
    "scalability",
)
"""The five-criteria decision filter: each must be answered before a decision counts."""


def decisions(rows: Rows) -> Register:
    """All decisions by id."""
    return Register(rows, "decisions")


def backlog(rows: Rows) -> Register:
    """The automation and enhancement backlog by id."""
    return Register(rows, "backlog")


def faults_of(body: JsonObject, managers: dict[str, str]) -> list[str]:
    """Why a decision does not count yet: ``manager_absent``, ``filter_incomplete``.

    ``managers`` is practice key to the manager's oid ('' where nobody is named, which never suffices).
    """
    found: list[str] = []
    people = {one.get("oid") for one in body.get("involved", [])} | {body.get("decided_by")}
    if any(not managers.get(practice) or managers[practice] not in people for practice in body.get("practices", [])):
        found.append("manager_absent")
    answers = body.get("filter") or {}
    if any(not str(answers.get(name) or "").strip() for name in CRITERIA):
        found.append("filter_incomplete")
    return found


def overdue(body: JsonObject, now: object) -> bool:
    """True for an open decision past its due time."""
    return body["state"] == "open" and bool(body.get("due")) and parse_instant(body["due"]) < now  # type: ignore[operator]


def rank(body: JsonObject) -> float:
    """Backlog order: business value over implementation effort (both 1 to 5)."""
    return float(body.get("value", 1)) / float(body.get("effort", 1))
