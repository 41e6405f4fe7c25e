"""Projects: baselines, what was measured at each instant, gate packs, closing reviews, escalations."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.model import JsonObject, parse_instant, rfc3339
from shared.ports import Rows
from shared.registers.store import TABLE, Register, body_of, safe_key

STATUS = "project_status"
_END = 10**16
"""Microseconds after which keys would no longer sort; some three centuries from now."""


def heads(rows: Rows) -> Register:
    """One short row per project: what lists need."""
    return Register(rows, "projects")


def baselines(rows: Rows) -> Register:
    """The baseline in force by project id, with those before it."""
    return Register(rows, "project_baselines")


def reviews(rows: Rows) -> Register:
    """Post-project reviews by project id."""
    return Register(rows, "project_reviews")


def gates(rows: Rows) -> Register:
    """The newest evidence pack of each gate by gate_key."""
    return Register(rows, "project_gates")


def escalations(rows: Rows) -> Register:
    """Who was told of what, and when it was answered."""
    return Register(rows, "project_escalations")


def gate_key(project_id: str, gate: str) -> str:
    """A gate's row; a project's gates stand together."""
    return f"{project_id}~{gate}"


def gates_of(rows: Rows, project_id: str) -> list[JsonObject]:
    """A project's gate rows."""
    return list(gates(rows).all(first=safe_key(f"{project_id}~"), last=safe_key(f"{project_id}~") + "~"))


def _status_key(project_id: str, as_of: datetime) -> str:
    # Newest first, so that 'the latest not after' is the first row of a scan.
    micros = int((as_of.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000)
    return f"{project_id}~{_END - micros:017d}"


def put_statuses(rows: Rows, bodies: list[JsonObject]) -> None:
    """Record what was measured; measuring the same instant again replaces what was recorded for it."""
    keyed = [(_status_key(body["id"], parse_instant(body["as_of"])), body) for body in bodies]
    Register(rows, STATUS).put_many(keyed)


def status_at(rows: Rows, project_id: str, as_of: datetime | None) -> JsonObject | None:
    """What was recorded for the latest instant not after ``as_of`` (None: the latest of all), or None."""
    first = safe_key(f"{project_id}~" if as_of is None else _status_key(project_id, as_of))
    page = rows.scan(TABLE, partition=STATUS, first=first, last=safe_key(f"{project_id}~") + "~", limit=1)
    return body_of(page.rows[0]) if page.rows else None


def history(rows: Rows, project_id: str) -> list[JsonObject]:
    """Everything recorded of a project, newest first."""
    return list(Register(rows, STATUS).all(first=safe_key(f"{project_id}~"), last=safe_key(f"{project_id}~") + "~"))


def head_of(status: JsonObject) -> JsonObject:
    """The short row of a status: everything the list tells, and what the next measurement must remember."""
    names = (
        "id",
        "name",
        "customer",
        "practice",
        "as_of",
        "health",
        "baseline",
        "pv",
        "ev",
        "ac",
        "bac",
        "sv",
        "cv",
        "spi",
        "cpi",
        "eac",
        "etc",
        "vac",
        "tcpi",
        "es",
        "at",
        "sv_t",
        "spi_t",
        "eac_t",
        "slip_days",
        "finish_forecast",
        "sources",
        "causes",
        "gates",
        "closed",
        "created_from",
        "curve",
    )
    row = {name: status.get(name) for name in names}
    plan = row.pop("baseline")
    row["baseline"] = None if plan is None else {"version": plan["version"], "digest": plan["digest"]}
    row["milestones"] = {one["id"]: one["completed_at"] for one in status.get("milestones") or [] if one["complete"]}
    row["closed_at"] = status.get("closed_at")
    row["starts"] = (plan or {}).get("start")
    kept = ("target", "complete", "completed_at")
    row["due"] = [{name: one[name] for name in kept} for one in status.get("milestones") or []]
    row["read_at"] = rfc3339(parse_instant(status["recorded_at"])) if status.get("recorded_at") else None
    return row
