"""What the clock starts, and for which period."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.procedures import runs
from shared.procedures.seal import seal_all
from shared.procedures.services import Services

DAILY = ("project_status", "handoff_review", "billing_check", "desk_check", "configuration_check", "reconcile")


def week_before(now: datetime) -> str:
    """The ISO week that ended last."""
    year, week, _ = (now - timedelta(days=7)).isocalendar()
    return f"{year}-W{week:02d}"


def month_before(now: datetime) -> str:
    """The month that ended last."""
    return f"{now.replace(day=1) - timedelta(days=1):%Y-%m}"


def quarter_of(now: datetime) -> str:
    """The quarter that is under way."""
    return f"{now.year}-Q{(now.month - 1) // 3 + 1}"


def start_jobs(services: Services, cadence: str) -> list[str]:
    """Queue the runs of a cadence; answer their ids."""
    now = services.clock.now()
    jobs: dict[str, tuple[tuple[str, str | None], ...]] = {
        "sync": (("sync", None),),
        "daily": tuple((name, None) for name in DAILY),
        "weekly": (("weekly_report", week_before(now)),),
        "monthly": (("override_sampling", month_before(now)), ("billing_look_back", month_before(now))),
        "quarterly": (("permission_review", quarter_of(now)),),
        "access": (("permission_review", quarter_of(now)),),
        "audit": (("audit", None),),
    }
    return [
        str(runs.start(services, job=name, period=period, as_of=None, requested_by="clock")["run_id"])
        for name, period in jobs[cadence]
    ]


def seal(services: Services) -> None:
    """Seal and publish at once: the message would cost more than the work."""
    seal_all(services)
