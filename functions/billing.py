"""Billing: figures, validation before automation is trusted, the contract map and the look-back."""

import azure.functions as func

from functions.http import handle
from shared.procedures import billing_figures, contract_map, look_back, validation

bp = func.Blueprint()


@bp.function_name("get_billing_figures")
@bp.route(route="api/billing/figures", methods=["GET"])
def get_billing_figures(req: func.HttpRequest) -> func.HttpResponse:
    """Exceptions by cause and money, agreements, realisation, unbilled time and receivables by age."""
    return handle(
        "getBillingFigures",
        req,
        lambda call: billing_figures.billing_view(
            call.services, call.person, call.query["from"], call.query["to"], call.query.get("customer")
        ),
    )


@bp.function_name("list_validations")
@bp.route(route="api/billing/validations", methods=["GET"])
def list_validations(req: func.HttpRequest) -> func.HttpResponse:
    """Validations, and whether billing counts as trusted."""
    return handle(
        "listValidations",
        req,
        lambda call: validation.list_validations(call.services, call.person, call.limit, call.after),
    )


@bp.function_name("add_validation")
@bp.route(route="api/billing/validations", methods=["POST"])
def add_validation(req: func.HttpRequest) -> func.HttpResponse:
    """Draw up scenarios with expected results."""
    return handle("addValidation", req, lambda call: validation.add_validation(call.services, call.person, call.body))


@bp.function_name("get_validation")
@bp.route(route="api/billing/validations/{id}", methods=["GET"])
def get_validation(req: func.HttpRequest) -> func.HttpResponse:
    """One validation with its results."""
    return handle(
        "getValidation", req, lambda call: validation.validation_view(call.services, call.person, call.path["id"])
    )


@bp.function_name("get_contract_map")
@bp.route(route="api/billing/contract-map", methods=["GET"])
def get_contract_map(req: func.HttpRequest) -> func.HttpResponse:
    """What the old system's contract types became."""
    return handle("getContractMap", req, lambda call: contract_map.contract_map_view(call.services))


@bp.function_name("put_contract_map")
@bp.route(route="api/billing/contract-map", methods=["PUT"])
def put_contract_map(req: func.HttpRequest) -> func.HttpResponse:
    """Draw the contract map up anew."""
    return handle(
        "putContractMap", req, lambda call: contract_map.put_contract_map(call.services, call.person, call.body)
    )


@bp.function_name("get_look_back")
@bp.route(route="api/billing/look-back", methods=["GET"])
def get_look_back(req: func.HttpRequest) -> func.HttpResponse:
    """Errors found on invoices of past months."""
    return handle(
        "getLookBack",
        req,
        lambda call: look_back.look_back_view(call.services, call.person, call.query.get("period")),
    )
