"""Billing: figures, validation before automation is trusted, the contract map and the look-back."""

import azure.functions as func

from functions.http import handle
from shared.procedures import billing_figures

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
