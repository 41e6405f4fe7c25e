"""Start any job by hand for a named period, and watch it."""

import azure.functions as func

from functions.http import handle
from shared.procedures import runs

bp = func.Blueprint()


@bp.function_name("start_run")
@bp.route(route="api/runs", methods=["POST"])
def start_run(req: func.HttpRequest) -> func.HttpResponse:
    """Start a job."""
    return handle(
        "startRun",
        req,
        lambda call: runs.start(
            call.services,
            job=call.body["job"],
            period=call.body["period"],
            as_of=call.body["as_of"],
            requested_by=call.person.oid,
        ),
    )


@bp.function_name("get_run")
@bp.route(route="api/runs/{id}", methods=["GET"])
def get_run(req: func.HttpRequest) -> func.HttpResponse:
    """How a run stands."""
    return handle("getRun", req, lambda call: runs.view(call.services, call.path["id"]))
