"""Projects, their gates and baselines, and handoffs."""

import azure.functions as func

from functions.http import handle
from shared.procedures import gates, handoffs, projects

bp = func.Blueprint()


@bp.function_name("list_projects")
@bp.route(route="api/projects", methods=["GET"])
def list_projects(req: func.HttpRequest) -> func.HttpResponse:
    """Projects and how they stand."""
    return handle(
        "listProjects",
        req,
        lambda call: projects.list_projects(
            call.services, call.person, call.query.get("as_of"), call.limit, call.after
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
