"""Projects as a report tells them: how many of each colour, and the worst of them with everything that is known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from shared.model import JsonObject, parse_instant
from shared.procedures.services import Services
from shared.registers import projects as register

RATINGS = ("red", "amber", "unknown", "green")
_MOST = 40
"""Projects told with their workstreams and periods; more would be a list nobody reads."""


def projects_at(services: Services, as_of: datetime, scopes: Iterable[str | None]) -> dict[str | None, JsonObject]:
    """By practice (None: all), ``{"ratings": {…}, "total", "asking", "worst": […]}`` of open projects.

    As recorded for the latest instant not after ``as_of``.
    """
    heads = [head for row in register.heads(services.rows).all() if (head := _head(services, row, as_of)) is not None]
    running = [head for head in heads if not head.get("closed") and head.get("health")]
    return {
        scope: _told(services, [head for head in running if scope in (None, head.get("practice"))], as_of)
        for scope in scopes
    }


def _told(services: Services, running: list[JsonObject], as_of: datetime) -> JsonObject:
    ratings = dict.fromkeys(RATINGS, 0)
    for head in running:
        ratings[head["health"]["rating"]] += 1
    asking = sorted((head for head in running if head["health"]["rating"] in ("red", "amber")), key=_rank)
    bodies = (register.status_at(services.rows, str(head["id"]), as_of) for head in asking[:_MOST])
    return {
        "ratings": ratings,
        "total": len(running),
        "asking": len(asking),
        "worst": [body for body in bodies if body is not None],
    }


def _head(services: Services, row: JsonObject, as_of: datetime) -> JsonObject | None:
    """The short row as it was then: the newest one where it is old enough, which it is but for reports of the past."""
    if row.get("as_of") is None:
        return None
    if parse_instant(row["as_of"]) <= as_of:
        return row
    body = register.status_at(services.rows, str(row["id"]), as_of)
    return register.head_of(body) if body is not None else None


def _rank(head: JsonObject) -> tuple[int, Decimal, str]:
    """Red before amber, then the most money over."""
    over = Decimal(head["cv"]["amount"]) if head.get("cv") else Decimal(0)
    return RATINGS.index(head["health"]["rating"]), over, str(head["id"])
