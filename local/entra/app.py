"""The stand-in as one ASGI application: discovery, tokens, managed identity, reads and doors."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from local.entra.doors import Doors, Watch
from local.entra.graph import Reads
from local.entra.sites import Sites
from local.entra.tables import Row, Tables
from local.entra.tokens import GrantError, Issuer
from shared.settings import CATALOGUE


def build(issuer: Issuer, seed: dict[str, list[Row]] | None = None, *, identity_header: str | None = None) -> ASGIApp:
    """An application over fresh tables. ``identity_header`` None accepts any X-IDENTITY-HEADER."""
    tables = Tables({"storageContainers": [_checkpoints()], **(seed or {})})
    sites = Sites(issuer)
    doors = Doors(tables, sites)

    async def discovery(request: Request) -> Response:
        return JSONResponse(issuer.discovery(request.path_params["tenant"]))

    async def keys(_request: Request) -> Response:
        return JSONResponse(issuer.keys())

    async def dev_token(request: Request) -> Response:
        try:
            body = await request.json()
        except ValueError:
            return _bad("The body must be JSON.")
        fault = _person_fault(body)
        return _bad(fault) if fault else JSONResponse({"access_token": issuer.person(body)})

    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        try:
            federated = tables.federated(form.get("client_id", ""))
            return JSONResponse(issuer.grant(request.path_params["tenant"], form, federated))
        except GrantError as fault:
            return JSONResponse({"error": fault.error, "error_description": fault.text}, fault.status)

    async def managed(request: Request) -> Response:
        header = request.headers.get("x-identity-header")
        resource = request.query_params.get("resource")
        if not header or (identity_header is not None and header != identity_header):
            return JSONResponse({"statusCode": 401, "message": "X-IDENTITY-HEADER is missing or wrong."}, 401)
        if not resource:
            return JSONResponse({"statusCode": 400, "message": "resource is missing."}, 400)
        client = request.query_params.get("client_id", "system-assigned")
        return JSONResponse(
            {
                "access_token": issuer.application(issuer.tenant, client, resource),
                "expires_on": str(int(time.time()) + 3599),
                "resource": resource,
                "token_type": "Bearer",
                "client_id": client,
            }
        )

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    routes = [
        Route("/", health),
        Route("/{tenant}/v2.0/.well-known/openid-configuration", discovery),
        Route("/{tenant}/discovery/v2.0/keys", keys),
        Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
        Route("/dev/token", dev_token, methods=["POST"]),
        Route("/msi/token", managed),
        *doors.routes(),
        *sites.routes(),
        *Reads(tables, issuer).routes(),
    ]
    return Watch(Starlette(routes=routes), doors)


def _checkpoints() -> Row:
    """The anchor's container as Bicep leaves it outside production: one day, not locked."""
    return {
        "id": next(setting.sample for setting in CATALOGUE if setting.name == "ATTEST_ANCHOR"),
        "name": "checkpoints",
        "type": "Microsoft.Storage/storageAccounts/blobServices/containers",
        "properties": {
            "deleted": False,
            "publicAccess": "None",
            "hasImmutabilityPolicy": True,
            "hasLegalHold": False,
            "immutabilityPolicy": {
                "etag": '"8dd0000000000000"',
                "properties": {"immutabilityPeriodSinceCreationInDays": 1, "state": "Unlocked"},
            },
        },
    }


def _person_fault(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "The body must be an object."
    for field in ("customers", "practices"):
        if body.get(field) is not None and not isinstance(body[field], list):
            return f"{field} must be a list."
    if not isinstance(body.get("claims") or {}, dict):
        return "claims must be an object."
    return None


def _bad(text: str) -> Response:
    return JSONResponse({"error": text}, 400)
