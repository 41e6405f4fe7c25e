"""Engine: the clock starts jobs; each is a run like one a person starts."""

import azure.functions as func

from functions.crash import told_plainly
from shared import bootstrap
from shared.procedures import clockwork

bp = func.Blueprint()


@bp.function_name("every_sync")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_SYNC%", arg_name="timer")
def every_sync(timer: func.TimerRequest) -> None:
    """Read what changed in HaloPSA."""
    with told_plainly("every_sync"):
        clockwork.start_jobs(bootstrap.services(), "sync")


@bp.function_name("every_day")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_DAILY%", arg_name="timer")
def every_day(timer: func.TimerRequest) -> None:
    """Daily checks of projects, handoffs, billing, desk and configuration, and reconciliation of intake."""
    with told_plainly("every_day"):
        clockwork.start_jobs(bootstrap.services(), "daily")


@bp.function_name("every_seal")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_SEAL%", arg_name="timer")
def every_seal(timer: func.TimerRequest) -> None:
    """Seal what is queued and publish the checkpoint."""
    with told_plainly("every_seal"):
        clockwork.seal(bootstrap.services())


@bp.function_name("every_week")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_WEEKLY%", arg_name="timer")
def every_week(timer: func.TimerRequest) -> None:
    """The weekly control report of the week that ended."""
    with told_plainly("every_week"):
        clockwork.start_jobs(bootstrap.services(), "weekly")


@bp.function_name("every_month")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_MONTHLY%", arg_name="timer")
def every_month(timer: func.TimerRequest) -> None:
    """The monthly sample of overrides."""
    with told_plainly("every_month"):
        clockwork.start_jobs(bootstrap.services(), "monthly")


@bp.function_name("every_quarter")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_QUARTERLY%", arg_name="timer")
def every_quarter(timer: func.TimerRequest) -> None:
    """The quarterly permission review."""
    with told_plainly("every_quarter"):
        clockwork.start_jobs(bootstrap.services(), "quarterly")
