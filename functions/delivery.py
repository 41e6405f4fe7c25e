"""Projects, their gates and baselines, and handoffs."""

import azure.functions as func

from functions.http import Answer, Call, handle
from functions.pages import page_headers
from shared.procedures import closeouts, delivery_quality, gates, handoff_exceptions, handoffs, projects

bp = func.Blueprint()


@bp.function_name("list_projects")
@bp.route(route="api/projects", methods=["GET"])
def list_projects(req: func.HttpRequest) -> func.HttpResponse:
    """Projects and how they stand."""
    return handle(
        "listProjects",
        req,
        lambda call: projects.list_projects(
            call.services, call.person, call.query.get("as_of"), call.limit, call.after, call.query.get("customer")
        ),
    )


@bp.function_name("get_project")
@bp.route(route="api/projects/{id}", methods=["GET"])
def get_project(req: func.HttpRequest) -> func.HttpResponse:
    """One project."""
    return handle(
        "getProject",
        req,
        lambda call: projects.project_view(call.services, call.person, call.path["id"], call.query.get("as_of")),
    )


@bp.function_name("list_project_inputs")
@bp.route(route="api/projects/{id}/inputs", methods=["GET"])
def list_project_inputs(req: func.HttpRequest) -> func.HttpResponse:
    """The rows behind a project's figures."""
    return handle(
        "listProjectInputs",
        req,
        lambda call: projects.project_inputs(
            call.services,
            call.person,
            call.path["id"],
            call.query.get("as_of"),
            call.limit,
            call.after,
            call.query.get("part"),
        ),
    )


@bp.function_name("get_delivery")
@bp.route(route="api/delivery", methods=["GET"])
def get_delivery(req: func.HttpRequest) -> func.HttpResponse:
    """Quality of handoffs and of answers to escalations."""
    return handle(
        "getDelivery",
        req,
        lambda call: delivery_quality.delivery_view(
            call.services,
            call.person,
            call.query["from"],
            call.query["to"],
            call.query.get("practice"),
            call.query.get("customer"),
        ),
    )


@bp.function_name("put_baseline")
@bp.route(route="api/projects/{id}/baseline", methods=["PUT"])
def put_baseline(req: func.HttpRequest) -> func.HttpResponse:
    """Freeze a baseline."""
    return handle(
        "putBaseline", req, lambda call: projects.put_baseline(call.services, call.person, call.path["id"], call.body)
    )


@bp.function_name("submit_gate")
@bp.route(route="api/projects/{id}/gates/{gate}", methods=["POST"])
def submit_gate(req: func.HttpRequest) -> func.HttpResponse:
    """Submit a stage gate."""
    return handle(
        "submitGate",
        req,
        lambda call: gates.submit_gate(call.services, call.person, call.path["id"], call.path["gate"], call.body),
    )


@bp.function_name("list_handoffs")
@bp.route(route="api/handoffs", methods=["GET"])
def list_handoffs(req: func.HttpRequest) -> func.HttpResponse:
    """Handoffs."""
    return handle(
        "listHandoffs", req, lambda call: handoffs.list_handoffs(call.services, call.person, call.limit, call.after)
    )


@bp.function_name("get_handoff")
@bp.route(route="api/handoffs/{id}", methods=["GET"])
def get_handoff(req: func.HttpRequest) -> func.HttpResponse:
    """One handoff."""
    return handle("getHandoff", req, lambda call: handoffs.handoff_view(call.services, call.person, call.path["id"]))


@bp.function_name("submit_closeout")
@bp.route(route="api/projects/{id}/closeout", methods=["POST"])
def submit_closeout(req: func.HttpRequest) -> func.HttpResponse:
    """Submit a closing review."""
    return handle(
        "submitCloseout",
        req,
        lambda call: closeouts.submit_closeout(call.services, call.person, call.path["id"], call.body),
    )


@bp.function_name("request_exception")
@bp.route(route="api/handoffs/{id}/exception", methods=["POST"])
def request_exception(req: func.HttpRequest) -> func.HttpResponse:
    """Ask that an incomplete handoff be accepted."""
    return handle(
        "requestException",
        req,
        lambda call: handoff_exceptions.request_exception(call.services, call.person, call.path["id"], call.body),
    )


@bp.function_name("get_briefing")
@bp.route(route="api/handoffs/{id}/briefing/{format}", methods=["GET"])
def get_briefing(req: func.HttpRequest) -> func.HttpResponse:
    """The briefing for delivery."""

    def procedure(call: Call) -> Answer:
        media_type, body = handoffs.handoff_briefing(call.services, call.person, call.path["id"], call.path["format"])
        return Answer(
            body, media_type=media_type, headers=page_headers(body) if media_type.startswith("text/html") else {}
        )

    return handle("getBriefing", req, procedure)
