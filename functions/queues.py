"""Engine: assess a delivery, carry out a run or an action, bury poison as evidence."""

import json

import azure.functions as func

from functions.crash import told_plainly
from shared import bootstrap
from shared.procedures import act, bury, decide, hear, runs
from shared.procedures.jobs import job

bp = func.Blueprint()


@bp.function_name("assess_delivery")
@bp.queue_trigger(arg_name="msg", queue_name="deliveries", connection="ATTEST_STORAGE")
def assess_delivery(msg: func.QueueMessage) -> None:
    """Read the record a delivery speaks of, and judge it."""
    with told_plainly("assess_delivery"):
        said = json.loads(msg.get_body())
        hear.hear(bootstrap.services(), said["evidence_id"])


@bp.function_name("execute_run")
@bp.queue_trigger(arg_name="msg", queue_name="runs", connection="ATTEST_STORAGE")
def execute_run(msg: func.QueueMessage) -> None:
    """Carry out a run."""
    with told_plainly("execute_run"):
        runs.execute(bootstrap.services(), json.loads(msg.get_body())["run_id"], job)


@bp.function_name("carry_out_action")
@bp.queue_trigger(arg_name="msg", queue_name="actions", connection="ATTEST_STORAGE")
def carry_out_action(msg: func.QueueMessage) -> None:
    """Carry out a planned action, settle a decided approval, or build a pack."""
    with told_plainly("carry_out_action"):
        said = json.loads(msg.get_body())
        if "settle" in said:
            decide.settle(bootstrap.services(), said["settle"])
        elif "pack" in said:
            from shared.procedures.export_pack import build_pack

            build_pack(bootstrap.services(), said["pack"])
        else:
            act.carry_out(bootstrap.services(), said["part"], said["key"])


@bp.function_name("bury_delivery")
@bp.queue_trigger(arg_name="msg", queue_name="deliveries-poison", connection="ATTEST_STORAGE")
def bury_delivery(msg: func.QueueMessage) -> None:
    """A delivery that could not be assessed becomes a finding with verdict error."""
    with told_plainly("bury_delivery"):
        bury.bury_delivery(bootstrap.services(), msg.get_body())


@bp.function_name("bury_run")
@bp.queue_trigger(arg_name="msg", queue_name="runs-poison", connection="ATTEST_STORAGE")
def bury_run(msg: func.QueueMessage) -> None:
    """A run that crashed again and again is failed, visibly."""
    with told_plainly("bury_run"):
        bury.bury_run(bootstrap.services(), msg.get_body())


@bp.function_name("bury_action")
@bp.queue_trigger(arg_name="msg", queue_name="actions-poison", connection="ATTEST_STORAGE")
def bury_action(msg: func.QueueMessage) -> None:
    """An action that could not be carried out is recorded as failed."""
    with told_plainly("bury_action"):
        bury.bury_action(bootstrap.services(), msg.get_body())
