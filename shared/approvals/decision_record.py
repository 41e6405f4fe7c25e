"""When a decision counts: taken with the managers it concerns, the five-criteria filter answered, in time, not run out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from shared.model import JsonObject, parse_instant

CRITERIA = (
    "client_impact",
    "operational_efficiency",
    "reporting_accountability",
    "revenue_margin_protection",
    "scalability",
)
"""The five-criteria decision filter: each must be answered before a decision counts."""


def faults_of(body: JsonObject, managers: Mapping[str, str]) -> list[str]:
    """Why a taken decision does not count yet: ``manager_absent``, ``filter_incomplete``.

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


def codes_of(body: JsonObject, managers: Mapping[str, str], now: datetime) -> list[str]:
    """Everything that is wrong with a decision at an instant; nothing asks of one that was settled or superseded."""
    if body["state"] not in ("open", "decided"):
        return []
    found = faults_of(body, managers) if body["state"] == "decided" else []
    if body["state"] == "open" and body.get("due") and parse_instant(body["due"]) < now:
        found.append("decision_overdue")
    if body.get("expires") and parse_instant(body["expires"]) <= now:
        found.append("exception_expired")
    return found
