"""The decision log, the backlog and the programme."""

import azure.functions as func

from functions.http import handle
from shared.procedures import governance, programme

bp = func.Blueprint()


@bp.function_name("list_decisions")
@bp.route(route="api/decisions", methods=["GET"])
def list_decisions(req: func.HttpRequest) -> func.HttpResponse:
    """The decision log."""
    return handle(
        "listDecisions", req, lambda call: governance.list_decisions(call.services, call.person, call.limit, call.after)
    )


@bp.function_name("add_decision")
@bp.route(route="api/decisions", methods=["POST"])
def add_decision(req: func.HttpRequest) -> func.HttpResponse:
    """Add to the decision log."""
    return handle("addDecision", req, lambda call: governance.add_decision(call.services, call.person, call.body))


@bp.function_name("list_backlog")
@bp.route(route="api/backlog", methods=["GET"])
def list_backlog(req: func.HttpRequest) -> func.HttpResponse:
    """The backlog."""
    return handle(
        "listBacklog", req, lambda call: governance.list_backlog(call.services, call.person, call.limit, call.after)
    )


@bp.function_name("add_backlog")
@bp.route(route="api/backlog", methods=["POST"])
def add_backlog(req: func.HttpRequest) -> func.HttpResponse:
    """Add to the backlog."""
    return handle("addBacklog", req, lambda call: governance.add_backlog(call.services, call.person, call.body))


@bp.function_name("deliver_backlog")
@bp.route(route="api/backlog/{id}/delivery", methods=["POST"])
def deliver_backlog(req: func.HttpRequest) -> func.HttpResponse:
    """Say that an item was put to work."""
    return handle(
        "deliverBacklog",
        req,
        lambda call: governance.deliver_backlog(call.services, call.person, call.path["id"], call.body),
    )


@bp.function_name("list_programme")
@bp.route(route="api/programme", methods=["GET"])
def list_programme(req: func.HttpRequest) -> func.HttpResponse:
    """The programme."""
    return handle(
        "listProgramme",
        req,
        lambda call: programme.list_programme(
            call.services,
            call.person,
            call.limit,
            call.after,
            call.query.get("stage"),
            call.query.get("practice"),
            call.query.get("state"),
        ),
    )


@bp.function_name("record_step")
@bp.route(route="api/programme/{id}", methods=["PUT"])
def record_step(req: func.HttpRequest) -> func.HttpResponse:
    """Record a step of the programme."""
    return handle(
        "recordStep",
        req,
        lambda call: programme.record_step(call.services, call.person, call.path["id"], call.body),
    )
