"""Every group: settings load, storage answers, head verifies."""

import azure.functions as func

from functions.http import Answer, Call, handle
from shared.procedures.health import health

bp = func.Blueprint()


@bp.function_name("health")
@bp.route(route="api/health", methods=["GET"])
def get_health(req: func.HttpRequest) -> func.HttpResponse:
    """Public: says whether this app can do its work, and nothing about the work."""

    def procedure(call: Call) -> Answer:
        body = health(call.services)
        return Answer(body, 200 if body["status"] == "healthy" else 503)

    return handle("getHealth", req, procedure)
