"""Intake: keep the delivery, queue it, answer."""

import azure.functions as func

from functions.http import Answer, Call, arrived, handle
from shared.procedures.receive import receive

bp = func.Blueprint()


@bp.function_name("receive_deliveries")
@bp.route(route="api/webhooks/halopsa/{source}", methods=["POST"])
def receive_deliveries(req: func.HttpRequest) -> func.HttpResponse:
    """Take in HaloPSA's webhooks."""

    def procedure(call: Call) -> Answer:
        status, body = receive(
            call.services,
            call.path["source"],
            call.headers.get("authorization"),
            call.headers.get("content-type"),
            call.raw if arrived(call.headers, call.raw) else None,
            req.params,
            call.services.clock.now(),
        )
        return Answer(body, status)

    return handle("receiveDeliveries", req, procedure)
