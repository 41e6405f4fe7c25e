"""OpenAPI 3.1 of the whole API and OpenAPI 2.0 for Power Automate, both made from the table of operations."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from shared.connector import shapes
from shared.connector.operation import Operation, Parameter
from shared.connector.operations import OPERATIONS, TRIGGERS
from shared.connector.schemas import answer_of
from shared.model import JsonObject

_PATH_PART = re.compile(r"\{(\w+)\}")
_VERSION = "1.0.0"
_WORDS = {
    200: "Good answer.",
    201: "Made.",
    202: "Accepted; it goes on in the background.",
    204: "Gone.",
    206: "A range of bytes.",
    302: "A short link to it.",
    400: "Malformed.",
    401: "Not authenticated.",
    403: "Not allowed.",
    404: "Not found.",
    409: "Conflict.",
    410: "No longer open.",
    411: "Sent in chunks, without a length.",
    413: "Too large.",
    415: "Not JSON.",
    416: "Nothing lies there.",
    422: "Not acceptable.",
    503: "Storage does not answer; try again.",
}


def _title(name: str) -> str:
    return re.sub(r"[_-]+", " ", name).capitalize()


def _schema(parameter: Parameter) -> JsonObject:
    if parameter.kind == "integer":
        return {"type": "integer", "minimum": 1, "maximum": 500}
    if parameter.kind == "instant":
        return {"type": "string", "format": "date-time"}
    return {"type": "string", **({"enum": list(parameter.values)} if parameter.values else {})}


@cache
def openapi_31() -> JsonObject:
    """The whole API."""
    paths: JsonObject = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation_31(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Halo Attest",
            "version": _VERSION,
            "description": "Controls and audit evidence for HaloPSA. Errors are problem details (RFC 9457) with a stable code.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "basic": {"type": "http", "scheme": "basic"},
            },
            "schemas": {"Problem": shapes.PROBLEM},
        },
    }


def _operation_31(operation: Operation) -> JsonObject:
    parameters: list[JsonObject] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_PART.findall(operation.path)
    ]
    parameters += [
        {"name": one.name, "in": "query", "required": one.required, "description": one.about, "schema": _schema(one)}
        for one in operation.query
    ]
    answers: JsonObject = {}
    for status in operation.answers:
        answers[str(status)] = {"description": _WORDS[status]}
        if status < 300 and status != 204:
            answers[str(status)]["content"] = {
                operation.media: {"schema": answer_of(operation.id)} if operation.media == "application/json" else {}
            }
        elif status >= 400:
            answers[str(status)]["content"] = {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
    answers["default"] = {
        "description": "A problem.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    out: JsonObject = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": parameters,
        "responses": answers,
    }
    if operation.roles is None:
        out["security"] = [{"basic": []}] if operation.id == "receiveDeliveries" else []
    else:
        out["x-roles"] = sorted(operation.roles)
    if operation.body is not None:
        out["requestBody"] = {"required": True, "content": {"application/json": {"schema": _body(operation)}}}
    elif operation.id == "addUsage":
        out["requestBody"] = {"required": True, "content": {"text/csv": {}}}
    return out


def _body(operation: Operation) -> JsonObject:
    return _inlined(operation.body.model_json_schema()) if operation.body else {"type": "object"}


def _inlined(schema: JsonObject) -> JsonObject:
    """A pydantic schema without $defs, so that it stands by itself in either version."""
    defs = schema.get("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return walk(defs[node["$ref"].rsplit("/", 1)[-1]])
            return {key: walk(value) for key, value in node.items() if key != "$defs"}
        return [walk(one) for one in node] if isinstance(node, list) else node

    return dict(walk(schema))


@cache
def connector_20(host: str, scheme: str) -> JsonObject:
    """What Power Automate imports: actions and triggers, OAuth2 against Entra."""
    paths: JsonObject = {}
    for operation in OPERATIONS:
        if operation.connector:
            paths.setdefault(operation.path, {})[operation.method.lower()] = _operation_20(operation)
    for identity, event, summary in TRIGGERS:
        paths[f"/api/subscriptions/{event}"] = {
            "x-ms-notification-content": {"description": summary + ".", "schema": _titled(_plain(shapes.EVENT))},
            "post": _trigger(identity, summary),
        }
    paths["/api/subscriptions/{id}"] = {
        "delete": {
            "operationId": "Unsubscribe",
            "summary": "Take a subscription back",
            "x-ms-visibility": "internal",
            "parameters": [
                {
                    "name": "id",
                    "in": "path",
                    "required": True,
                    "type": "string",
                    "x-ms-summary": "Subscription",
                    "x-ms-url-encoding": "single",
                }
            ],
            "responses": {"204": {"description": "Gone."}},
        }
    }
    return {
        "swagger": "2.0",
        "info": {
            "title": "Halo Attest",
            "version": _VERSION,
            "description": "Controls and audit evidence for HaloPSA.",
            "contact": {"name": "Halo Attest operator"},
        },
        "host": host,
        "basePath": "/",
        "schemes": [scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {
            "oauth2": {
                "type": "oauth2",
                "flow": "accessCode",
                "authorizationUrl": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
                "tokenUrl": "https://login.microsoftonline.com/common/oauth2/v2.0/token",
                "scopes": {"user_impersonation": "Act as the signed-in person."},
            }
        },
        "security": [{"oauth2": ["user_impersonation"]}],
        "paths": paths,
        "x-ms-connector-metadata": [{"propertyName": "Categories", "propertyValue": "IT Operations"}],
    }


def _trigger(identity: str, summary: str) -> JsonObject:
    return {
        "operationId": identity,
        "summary": summary,
        "description": summary + ".",
        "x-ms-trigger": "single",
        "parameters": [
            {
                "name": "body",
                "in": "body",
                "required": True,
                "schema": {
                    "type": "object",
                    "required": ["url"],
                    "properties": {
                        "url": {
                            "type": "string",
                            "title": "Callback",
                            "description": "Where the event is posted.",
                            "x-ms-notification-url": True,
                            "x-ms-visibility": "internal",
                        }
                    },
                },
            }
        ],
        "responses": {"201": {"description": "Subscribed."}},
    }


def _operation_20(operation: Operation) -> JsonObject:
    parameters: list[JsonObject] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "type": "string",
            "x-ms-summary": _title(name),
            "x-ms-url-encoding": "single",
        }
        for name in _PATH_PART.findall(operation.path)
    ]
    parameters += [
        {
            "name": one.name,
            "in": "query",
            "required": one.required,
            "description": one.about,
            "x-ms-summary": _title(one.name),
            **_schema(one),
        }
        for one in operation.query
    ]
    if operation.body is not None:
        parameters.append({"name": "body", "in": "body", "required": True, "schema": _titled(_plain(_body(operation)))})
    status = operation.answers[0]
    return {
        "operationId": operation.id[0].upper() + operation.id[1:],
        "summary": operation.summary.rstrip("."),
        "description": operation.summary,
        "parameters": parameters,
        "responses": {
            str(status): {"description": _WORDS[status], "schema": _titled(_plain(answer_of(operation.id)))},
            "default": {"description": "A problem.", "schema": _titled(shapes.PROBLEM)},
        },
    }


def _plain(node: Any) -> Any:
    """JSON Schema as OpenAPI 2.0 knows it: one type, no anyOf with null, no const, no additionalProperties: false."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    if "anyOf" in node:
        kinds = [one for one in node["anyOf"] if one.get("type") != "null"]
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        return _plain({**rest, **(kinds[0] if kinds else {"type": "string"})})
    out = {key: _plain(value) for key, value in node.items() if key not in ("additionalProperties", "const", "$defs")}
    if isinstance(out.get("type"), list):  # one type, and null beside it
        out["type"] = out["type"][0]
        out["x-nullable"] = True
    if "properties" in out:
        out["properties"] = {
            name: one if one.get("type") else {**one, "type": "string"} for name, one in out["properties"].items()
        }
    if out.get("default", "") is None:
        del out["default"]
    return out


def _titled(node: JsonObject) -> JsonObject:
    """Every property with a title and x-ms-summary, which is what people see in the flow designer."""
    out = dict(node)
    if "properties" in out:
        out["properties"] = {
            name: {
                **_titled(one),
                "title": one.get("title") or _title(name),
                "x-ms-summary": one.get("title") or _title(name),
            }
            for name, one in out["properties"].items()
        }
    if isinstance(out.get("items"), dict):
        out["items"] = _titled(out["items"])
    return out
