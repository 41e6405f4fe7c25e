"""Audit: re-hash, re-prove, compare with the anchor, under an identity that may only read."""

import json

import azure.functions as func

from functions.crash import told_plainly
from shared import bootstrap
from shared.procedures import bury, clockwork, runs
from shared.procedures.jobs import job

bp = func.Blueprint()


@bp.function_name("every_audit")
@bp.timer_trigger(schedule="%ATTEST_SCHEDULE_AUDIT%", arg_name="timer")
def every_audit(timer: func.TimerRequest) -> None:
    """Check what is stored against what was published."""
    with told_plainly("every_audit"):
        clockwork.start_jobs(bootstrap.services(), "audit")


@bp.function_name("execute_audit")
@bp.queue_trigger(arg_name="msg", queue_name="audits", connection="ATTEST_STORAGE")
def execute_audit(msg: func.QueueMessage) -> None:
    """Carry out an audit run."""
    with told_plainly("execute_audit"):
        runs.execute(bootstrap.services(), json.loads(msg.get_body())["run_id"], job)


@bp.function_name("bury_audit")
@bp.queue_trigger(arg_name="msg", queue_name="audits-poison", connection="ATTEST_STORAGE")
def bury_audit(msg: func.QueueMessage) -> None:
    """An audit that crashed again and again is failed, visibly."""
    with told_plainly("bury_audit"):
        bury.bury_run(bootstrap.services(), msg.get_body())
