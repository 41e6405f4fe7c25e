"""Runs: a job started by a person or a timer, carried out by a queue, watched through its row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_hex

from shared.errors import AttestError, NotFound, Unacceptable
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, Subject, parse_instant, rfc3339
from shared.procedures.plan import outcomes_of
from shared.procedures.services import Services
from shared.registers.store import Register

QUEUES: dict[str, str] = {"permission_review": "reviews", "audit": "audits"}
"""Jobs that run under an identity of their own wait in a queue of their own; all others in ``runs``."""

_WEEK = re.compile(r"^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$")
_MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")
_QUARTER = re.compile(r"^\d{4}-Q[1-4]$")
PERIODS: dict[str, re.Pattern[str]] = {
    "weekly_report": _WEEK,
    "permission_review": _QUARTER,
    "override_sampling": _MONTH,
    "billing_look_back": _MONTH,
}
_NOTE_EVERY = timedelta(seconds=0.5)

JOBS: tuple[str, ...] = (
    "sync",
    "project_status",
    "handoff_review",
    "billing_check",
    "desk_check",
    "weekly_report",
    "permission_review",
    "override_sampling",
    "billing_validation",
    "billing_look_back",
    "configuration_check",
    "reconcile",
    "seal",
    "audit",
)


@dataclass(slots=True)
class Run:
    """One run while it is carried out."""

    run_id: str
    job: str
    period: str | None
    as_of: datetime
    """The clock the job judges by."""
    requested_by: str
    note: Callable[[float, str], None] = field(default=lambda _fraction, _text: None)

    def progress(self, fraction: float, text: str) -> None:
        """Tell where it stands: 0..1 and a few words. Cheap; may be called often."""
        self.note(max(0.0, min(1.0, fraction)), text)


Job = Callable[[Services, Run], JsonObject]


def register(services: Services) -> Register:
    """Where runs stand."""
    return Register(services.rows, "runs")


def start(services: Services, *, job: object, period: object, as_of: object, requested_by: str) -> JsonObject:
    """Queue a run. Raises Unacceptable for an unknown job, a missing or superfluous period, or an unreadable as_of."""
    if not isinstance(job, str) or job not in JOBS:
        raise Unacceptable(f"The job must be one of {', '.join(JOBS)}.", code="unknown_job")
    form = PERIODS.get(job)
    if form is not None and not (isinstance(period, str) and form.match(period)):
        raise Unacceptable(f"The job {job} needs a period like {_sample(job)}.", code="period_invalid")
    if form is None and period is not None:
        raise Unacceptable(f"The job {job} takes no period.", code="period_invalid")
    if form is _WEEK and isinstance(period, str):
        _real_week(period)
    now = services.clock.now()
    try:
        at = now if as_of is None else parse_instant(str(as_of))
    except ValueError:
        raise Unacceptable("as_of must be a time such as 2026-11-20T17:00:00Z.", code="as_of_invalid") from None
    run_id = f"r-{now:%Y%m%d%H%M%S}-{token_hex(6)}"
    body: JsonObject = {
        "run_id": run_id,
        "job": job,
        "period": period,
        "as_of": rfc3339(at),
        "as_of_given": as_of is not None,
        "state": "queued",
        "progress": {"fraction": 0.0, "text": "Waiting for its turn."},
        "error": None,
        "requested_by": requested_by,
        "requested_at": rfc3339(now),
        "result": {},
    }
    register(services).insert(run_id, body)
    services.queues.send(QUEUES.get(job, "runs"), json.dumps({"run_id": run_id}))
    return body


def _sample(job: str) -> str:
    return {_WEEK: "2026-W47", _QUARTER: "2026-Q4", _MONTH: "2026-11"}[PERIODS[job]]


def _real_week(period: str) -> None:
    year, week = period.split("-W")
    try:
        datetime.fromisocalendar(int(year), int(week), 1)
    except ValueError:
        raise Unacceptable(f"{period} is not a week of the calendar.", code="period_invalid") from None


def execute(services: Services, run_id: str, jobs: Callable[[str], Job]) -> None:
    """Carry out a queued run. A typed error fails the run; anything else rises, so that the queue tries again."""
    held = register(services).get(run_id)
    if held is None:
        raise NotFound(f"There is no run {run_id}.", code="run_not_found")
    body = held.body
    if _ended(body):
        _tell(services, body)  # who ended it may have died before this
        return
    started = services.clock.now()
    last_note = [started]

    def note(fraction: float, text: str) -> None:
        """Told at most twice a second: whoever watches does not read faster, and each telling costs two requests."""
        now = services.clock.now()
        if abs(now - last_note[0]) < _NOTE_EVERY:
            return
        last_note[0] = now
        _merge(services, run_id, {"progress": {"fraction": round(fraction, 3), "text": text}})

    _merge(services, run_id, {"state": "running", "started_at": rfc3339(started)})
    log(Event.RUN_STARTED, run_id=run_id, job=str(body["job"]))
    run = Run(run_id, body["job"], body["period"], parse_instant(body["as_of"]), body["requested_by"], note)
    try:
        result = jobs(run.job)(services, run)
    except AttestError as fault:
        finish(services, run_id, error={"code": fault.code, "message": fault.message})
        return
    finish(services, run_id, result=result)


def finish(
    services: Services, run_id: str, *, result: JsonObject | None = None, error: JsonObject | None = None
) -> None:
    """Record how a run ended, in its row and as evidence. It ends once, however many carried it out at once."""
    now = services.clock.now()
    state = "failed" if error else "succeeded"
    body = _merge(
        services,
        run_id,
        {
            "state": state,
            "error": error,
            "result": result or {},
            "finished_at": rfc3339(now),
            "progress": {"fraction": 1.0, "text": "Done." if not error else "Failed."},
        },
    )
    if body is None:
        raise NotFound(f"There is no run {run_id}.", code="run_not_found")
    _tell(services, body)
    job, started = str(body["job"]), body.get("started_at")
    seconds = (now - parse_instant(started)).total_seconds() if isinstance(started, str) else 0.0
    if body["error"]:
        log(Event.RUN_FAILED, run_id=run_id, job=job, code=str(body["error"].get("code", "")), seconds=seconds)
    else:
        log(Event.RUN_SUCCEEDED, run_id=run_id, job=job, seconds=seconds)


def _tell(services: Services, body: JsonObject) -> None:
    """Its end as evidence, and when its job last ended well; repeating it changes nothing."""
    run_id, job, at = str(body["run_id"]), str(body["job"]), str(body["finished_at"])
    shown = {key: value for key, value in body.items() if key != "progress"}
    services.ledger.record(
        NewEntry(
            type=f"run.{body['state']}",
            key=f"run\n{run_id}",
            payload=json.dumps(shown, sort_keys=True).encode(),
            subject=Subject("run", run_id),
            actor=str(body["requested_by"]),
        )
    )
    if body["state"] == "succeeded":
        well = {"job": job, "run_id": run_id, "at": at}
        _last(services).change(job, lambda held: None if held is not None and held["at"] >= at else well)


def _last(services: Services) -> Register:
    return Register(services.rows, "runs-last")


def ended_well(services: Services) -> dict[str, datetime]:
    """When each job last ended well."""
    return {str(row["job"]): parse_instant(row["at"]) for row in _last(services).all()}


def _ended(body: JsonObject) -> bool:
    return body["state"] in ("succeeded", "failed")


def _merge(services: Services, run_id: str, change: JsonObject) -> JsonObject | None:
    """Nothing about a run changes once it has ended."""
    return register(services).change(run_id, lambda body: None if body is None or _ended(body) else {**body, **change})


def view(services: Services, run_id: str) -> JsonObject:
    """The contract's shape. A run whose actions are still under way is running."""
    held = register(services).get(run_id)
    if held is None:
        raise NotFound(f"There is no run {run_id}.", code="run_not_found")
    body = held.body
    state = body["state"]
    actions = outcomes_of(services, run_id) if state == "succeeded" else {"queued": 0, "done": 0, "failed": 0}
    progress = body["progress"]
    if actions["queued"]:
        state = "running"
        progress = {"fraction": 0.99, "text": f"{actions['queued']} actions are still to be carried out."}
    out = {
        "run_id": body["run_id"],
        "job": body["job"],
        "period": body["period"],
        "as_of": body["as_of"],
        "state": state,
        "progress": progress,
        "error": body["error"],
        "requested_at": body["requested_at"],
        "finished_at": body.get("finished_at"),
        "actions": actions,
    }
    return {**body["result"], **out}
