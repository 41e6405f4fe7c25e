"""Permission reviews and the register of integrations."""

import azure.functions as func

from functions.http import Answer, Call, handle
from functions.pages import page_headers
from shared.procedures import review_quarterly as reviews

bp = func.Blueprint()


@bp.function_name("list_reviews")
@bp.route(route="api/reviews", methods=["GET"])
def list_reviews(req: func.HttpRequest) -> func.HttpResponse:
    """Reviews by quarter."""
    return handle(
        "listReviews", req, lambda call: reviews.list_reviews(call.services, call.person, call.limit, call.after)
    )


@bp.function_name("get_review")
@bp.route(route="api/reviews/{quarter}", methods=["GET"])
def get_review(req: func.HttpRequest) -> func.HttpResponse:
    """One quarter."""
    return handle(
        "getReview",
        req,
        lambda call: reviews.review_view(call.services, call.path["quarter"], call.person, call.limit, call.after),
    )


@bp.function_name("get_review_report")
@bp.route(route="api/reviews/{quarter}/report/{format}", methods=["GET"])
def get_review_report(req: func.HttpRequest) -> func.HttpResponse:
    """The report of a closed review."""

    def procedure(call: Call) -> Answer:
        body, media_type = reviews.review_file(call.services, call.person, call.path["quarter"], call.path["format"])
        headers = page_headers(body) if media_type == "text/html" else {}
        return Answer(body, media_type=media_type, headers=headers)

    return handle("getReviewReport", req, procedure)


@bp.function_name("attest_item")
@bp.route(route="api/reviews/{quarter}/items/{item}/attestation", methods=["POST"])
def attest_item(req: func.HttpRequest) -> func.HttpResponse:
    """Keep, reduce, revoke or defer."""
    return handle(
        "attestItem",
        req,
        lambda call: reviews.attest(call.services, call.person, call.path["quarter"], call.path["item"], call.body),
    )


@bp.function_name("list_integrations")
@bp.route(route="api/integrations", methods=["GET"])
def list_integrations(req: func.HttpRequest) -> func.HttpResponse:
    """The register."""
    return handle(
        "listIntegrations",
        req,
        lambda call: reviews.list_integrations(call.services, call.person, call.limit, call.after),
    )


@bp.function_name("put_integrations")
@bp.route(route="api/integrations", methods=["PUT"])
def put_integrations(req: func.HttpRequest) -> func.HttpResponse:
    """Keep the register."""
    return handle("putIntegrations", req, lambda call: reviews.put_integrations(call.services, call.person, call.body))
