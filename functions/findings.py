"""Findings and the controls behind them."""

import azure.functions as func

from functions.http import handle, texts
from shared.procedures import look, overrides

bp = func.Blueprint()


@bp.function_name("list_controls")
@bp.route(route="api/controls", methods=["GET"])
def list_controls(req: func.HttpRequest) -> func.HttpResponse:
    """The catalogue."""
    return handle("listControls", req, lambda call: look.list_controls(call.services, call.limit, call.after))


@bp.function_name("get_control")
@bp.route(route="api/controls/{id}", methods=["GET"])
def get_control(req: func.HttpRequest) -> func.HttpResponse:
    """One control."""
    return handle("getControl", req, lambda call: look.control_view(call.services, call.path["id"]))


@bp.function_name("list_findings")
@bp.route(route="api/findings", methods=["GET"])
def list_findings(req: func.HttpRequest) -> func.HttpResponse:
    """Findings by filter."""
    return handle(
        "listFindings",
        req,
        lambda call: look.list_findings(call.services, call.person, texts(call.query), call.limit, call.after),
    )


@bp.function_name("get_finding")
@bp.route(route="api/findings/{id}", methods=["GET"])
def get_finding(req: func.HttpRequest) -> func.HttpResponse:
    """One finding."""
    return handle("getFinding", req, lambda call: look.finding_view(call.services, call.person, call.path["id"]))


@bp.function_name("give_feedback")
@bp.route(route="api/findings/{id}/feedback", methods=["POST"])
def give_feedback(req: func.HttpRequest) -> func.HttpResponse:
    """Confirmed, false positive or false negative."""
    return handle(
        "giveFeedback",
        req,
        lambda call: overrides.give_feedback(call.services, call.person, call.path["id"], call.body),
    )


@bp.function_name("request_override")
@bp.route(route="api/findings/{id}/override", methods=["POST"])
def request_override(req: func.HttpRequest) -> func.HttpResponse:
    """Ask that a finding be accepted for a time."""
    return handle(
        "requestOverride",
        req,
        lambda call: overrides.request_override(call.services, call.person, call.path["id"], call.body),
    )


@bp.function_name("mitigate_finding")
@bp.route(route="api/findings/{id}/mitigation", methods=["POST"])
def mitigate_finding(req: func.HttpRequest) -> func.HttpResponse:
    """Owner, plan and recovery date."""
    return handle(
        "mitigateFinding", req, lambda call: overrides.mitigate(call.services, call.person, call.path["id"], call.body)
    )
