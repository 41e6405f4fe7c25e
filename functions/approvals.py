"""Approvals, samples of what they let pass, and holds."""

import azure.functions as func

from functions.http import handle
from shared.procedures import billing, decide, look, override_samples

bp = func.Blueprint()


@bp.function_name("list_approvals")
@bp.route(route="api/approvals", methods=["GET"])
def list_approvals(req: func.HttpRequest) -> func.HttpResponse:
    """Approvals by filter."""
    return handle(
        "listApprovals",
        req,
        lambda call: look.list_approvals(call.services, call.person, call.query, call.limit, call.after),
    )


@bp.function_name("get_approval")
@bp.route(route="api/approvals/{id}", methods=["GET"])
def get_approval(req: func.HttpRequest) -> func.HttpResponse:
    """One approval."""
    return handle("getApproval", req, lambda call: decide.approval_view(call.services, call.person, call.path["id"]))


@bp.function_name("decide_approval")
@bp.route(route="api/approvals/{id}/decisions", methods=["POST"])
def decide_approval(req: func.HttpRequest) -> func.HttpResponse:
    """Approve or reject."""
    return handle(
        "decideApproval",
        req,
        lambda call: decide.decide_and_show(call.services, call.person, call.path["id"], call.body),
    )


@bp.function_name("list_samples")
@bp.route(route="api/samples", methods=["GET"])
def list_samples(req: func.HttpRequest) -> func.HttpResponse:
    """Samples of overrides."""
    return handle(
        "listSamples",
        req,
        lambda call: override_samples.list_samples(call.services, call.person, call.limit, call.after),
    )


@bp.function_name("get_sample")
@bp.route(route="api/samples/{period}", methods=["GET"])
def get_sample(req: func.HttpRequest) -> func.HttpResponse:
    """One month's sample."""
    return handle(
        "getSample",
        req,
        lambda call: override_samples.sample_view(call.services, call.person, call.path["period"]),
    )


@bp.function_name("conclude_sample")
@bp.route(route="api/samples/{period}/items/{id}/conclusion", methods=["POST"])
def conclude_sample(req: func.HttpRequest) -> func.HttpResponse:
    """Conclude on an override of a sample."""
    return handle(
        "concludeSample",
        req,
        lambda call: override_samples.conclude(
            call.services, call.person, call.path["period"], call.path["id"], call.body
        ),
    )


@bp.function_name("list_holds")
@bp.route(route="api/holds", methods=["GET"])
def list_holds(req: func.HttpRequest) -> func.HttpResponse:
    """What is held back."""
    return handle(
        "listHolds",
        req,
        lambda call: billing.list_holds(call.services, call.person, call.query, call.limit, call.after),
    )


@bp.function_name("get_hold")
@bp.route(route="api/holds/{id}", methods=["GET"])
def get_hold(req: func.HttpRequest) -> func.HttpResponse:
    """One hold."""
    return handle(
        "getHold",
        req,
        lambda call: billing.hold_view(call.services, call.person, call.path["id"], call.services.clock.now()),
    )
