"""OpenAPI documents and Power Automate triggers."""

from urllib.parse import urlsplit

import azure.functions as func

from functions.http import Answer, Call, handle
from shared.connector.openapi import connector_20, openapi_31
from shared.model import JsonObject
from shared.procedures import subscribe

bp = func.Blueprint()


@bp.function_name("get_openapi")
@bp.route(route="api/openapi.json", methods=["GET"])
def get_openapi(req: func.HttpRequest) -> func.HttpResponse:
    """OpenAPI 3.1."""
    return handle("getOpenapi", req, lambda _call: openapi_31())


@bp.function_name("get_connector")
@bp.route(route="api/connector.json", methods=["GET"])
def get_connector(req: func.HttpRequest) -> func.HttpResponse:
    """OpenAPI 2.0."""

    def procedure(call: Call) -> JsonObject:
        parts = urlsplit(call.services.settings.text("ATTEST_PUBLIC_URL"))
        return connector_20(parts.netloc, parts.scheme)

    return handle("getConnector", req, procedure)


def _subscribed(call: Call, event: str) -> Answer:
    row = subscribe.subscribe(call.services, call.person, event, call.body.get("url"))
    base = call.services.settings.text("ATTEST_PUBLIC_URL")
    return Answer(row, 201, headers={"Location": f"{base}/api/subscriptions/{row['id']}"})


@bp.function_name("subscribe")
@bp.route(route="api/subscriptions", methods=["POST"])
def add_subscription(req: func.HttpRequest) -> func.HttpResponse:
    """Subscribe to the event the body names."""
    return handle("subscribe", req, lambda call: _subscribed(call, call.body["event"]))


@bp.function_name("subscribe_to_event")
@bp.route(route="api/subscriptions/{id}", methods=["POST"])
def add_trigger(req: func.HttpRequest) -> func.HttpResponse:
    """Subscribe a flow to the event the path names."""
    return handle("subscribeToEvent", req, lambda call: _subscribed(call, call.path["id"]))


@bp.function_name("unsubscribe")
@bp.route(route="api/subscriptions/{id}", methods=["DELETE"])
def take_back(req: func.HttpRequest) -> func.HttpResponse:
    """Take a subscription back."""

    def procedure(call: Call) -> Answer:
        subscribe.unsubscribe(call.services, call.person, call.path["id"])
        return Answer(None, 204)

    return handle("unsubscribe", req, procedure)
