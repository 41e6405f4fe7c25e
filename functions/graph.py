"""Review: the only identity that reads Entra carries out the permission review."""

import json

import azure.functions as func

from functions.crash import told_plainly
from shared import bootstrap
from shared.procedures import bury, clockwork, runs
from shared.procedures.jobs import job

bp = func.Blueprint()


@bp.function_name("every_access_reading")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_DAILY%", arg_name="timer")
def every_access_reading(timer: func.TimerRequest) -> None:
    """Run the current quarter's review again: verify revocations, remind owners."""
    with told_plainly("every_access_reading"):
        clockwork.start_jobs(bootstrap.services(), "access")


@bp.function_name("execute_review")
@bp.queue_trigger(arg_name="msg", queue_name="reviews", connection="ATTEST_STORAGE")
def execute_review(msg: func.QueueMessage) -> None:
    """Carry out a permission review."""
    with told_plainly("execute_review"):
        runs.execute(bootstrap.services(), json.loads(msg.get_body())["run_id"], job)


@bp.function_name("bury_review")
@bp.queue_trigger(arg_name="msg", queue_name="reviews-poison", connection="ATTEST_STORAGE")
def bury_review(msg: func.QueueMessage) -> None:
    """A review that crashed again and again is failed, visibly."""
    with told_plainly("bury_review"):
        bury.bury_run(bootstrap.services(), msg.get_body())
