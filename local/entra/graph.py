"""Microsoft Graph, Azure Resource Manager and Log Analytics: the reads of our client, paged and refused as they do."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.entra.tables import Row, Tables
from local.entra.tokens import GrantError, Issuer

_PAGE = 100
_MOST = 999
_LISTS = {"servicePrincipals", "applications", "oauth2PermissionGrants"}
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[^/'()]+(?:@|%40)[^/'()]+")
_GRAPH = ("https://graph.microsoft.com", "https://graph.microsoft.com/")
_ARM = ("https://management.azure.com", "https://management.azure.com/")
_LOGS = ("https://api.loganalytics.io", "https://api.loganalytics.io/", "https://api.loganalytics.azure.com")


class Reads:
    """Answers reads from the tables, for the tenant of the caller's token."""

    def __init__(self, tables: Tables, issuer: Issuer) -> None:
        self.tables, self.issuer = tables, issuer

    def routes(self) -> list[Route]:
        """The paths we serve; anything else is 404 as Graph says it."""
        base = "/graph/v1.0"
        return [
            Route("/graph/beta/reports/servicePrincipalSignInActivities", self._activities),
            Route(base + "/servicePrincipals/{id}/appRoleAssignedTo", self._assigned_to),
            Route(base + "/servicePrincipals/{id}/appRoleAssignments", self._assignments),
            Route(base + "/servicePrincipals/{id}/{part:str}", self._part),
            Route(base + "/servicePrincipals/{id}", self._principal),
            Route(base + "/{table}", self._list),
            Route("/arm{scope:path}/providers/Microsoft.Authorization/roleAssignments", self._roles),
            Route("/arm{resource:path}", self._container),
            Route("/logs/v1/workspaces/{id}/query", self._query, methods=["POST"]),
        ]

    def _caller(self, request: Request, audiences: tuple[str, ...]) -> str | Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return _refuse(401, "InvalidAuthenticationToken", "Access token is empty.")
        try:
            return str(self.issuer.read(token, *audiences).get("tid", ""))
        except GrantError as fault:
            return _refuse(401, "InvalidAuthenticationToken", fault.text)

    def _rows(self, table: str, tenant: str) -> list[Row]:
        return self.tables.rows(table, tenant, self.issuer.tenant)

    async def _list(self, request: Request) -> Response:
        tenant = self._caller(request, _GRAPH)
        if isinstance(tenant, Response):
            return tenant
        table = request.path_params["table"]
        if table not in _LISTS:
            return _refuse(400, "BadRequest", f"Resource not found for the segment '{table}'.")
        return _page(request, self._rows(table, tenant))

    async def _activities(self, request: Request) -> Response:
        tenant = self._caller(request, _GRAPH)
        if isinstance(tenant, Response):
            return tenant
        return _page(request, self._rows("servicePrincipalSignInActivities", tenant))

    async def _assigned_to(self, request: Request) -> Response:
        return self._of(request, "resourceId")

    async def _assignments(self, request: Request) -> Response:
        return self._of(request, "principalId")

    def _of(self, request: Request, side: str) -> Response:
        found = self._find(request)
        if isinstance(found, Response):
            return found
        tenant, row = found
        mine = [held for held in self._rows("appRoleAssignments", tenant) if held.get(side) == row["id"]]
        return _page(request, mine)

    async def _principal(self, request: Request) -> Response:
        found = self._find(request)
        return found if isinstance(found, Response) else JSONResponse(_chosen(found[1], request))

    async def _part(self, request: Request) -> Response:
        found = self._find(request)
        if isinstance(found, Response):
            return found
        if request.path_params["part"] != "owners":
            return _refuse(400, "BadRequest", "Resource not found for the segment.")
        return _page(request, found[1].get("owners") or [])

    def _find(self, request: Request) -> tuple[str, Row] | Response:
        tenant = self._caller(request, _GRAPH)
        if isinstance(tenant, Response):
            return tenant
        wanted = request.path_params["id"].lower()
        for row in self._rows("servicePrincipals", tenant):
            if str(row.get("id", "")).lower() == wanted:
                return tenant, row
        return _refuse(404, "Request_ResourceNotFound", f"Resource '{wanted}' does not exist.")

    async def _roles(self, request: Request) -> Response:
        tenant = self._caller(request, _ARM)
        if isinstance(tenant, Response):
            return tenant
        if not request.query_params.get("api-version"):
            return _refuse(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        return _page(request, self._rows("roleAssignments", tenant), link="nextLink")

    async def _container(self, request: Request) -> Response:
        """``GET`` of a storage container, its immutability policy within, as the storage resource provider answers."""
        tenant = self._caller(request, _ARM)
        if isinstance(tenant, Response):
            return tenant
        if not request.query_params.get("api-version"):
            return _refuse(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        wanted = request.path_params["resource"].lower()
        for row in self._rows("storageContainers", tenant):
            if str(row.get("id", "")).lower() == wanted:
                return JSONResponse(row)
        return _refuse(404, "ContainerNotFound", "The specified container does not exist.")

    async def _query(self, request: Request) -> Response:
        tenant = self._caller(request, _LOGS)
        if isinstance(tenant, Response):
            return tenant
        try:
            query = str((await request.json())["query"])
        except (ValueError, KeyError, TypeError):
            return _refuse(400, "BadArgumentError", "The request had some invalid properties.")
        if not query.lstrip().startswith("MicrosoftGraphActivityLogs"):
            return _refuse(400, "SemanticError", "Only MicrosoftGraphActivityLogs is kept here.")
        rows = self._rows("microsoftGraphActivityLogs", tenant)
        return JSONResponse(_table(_summarised(rows) if "summarize" in query else rows))


def _summarised(rows: list[Row]) -> list[Row]:
    """What the one summarising query of our client answers: calls by application, method and path."""
    seen: Counter[tuple[str, str, str]] = Counter()
    answered: Counter[tuple[str, str, str]] = Counter()
    last: dict[tuple[str, str, str], str] = {}
    for row in rows:
        path = _ID.sub("{id}", str(row.get("RequestUri", "")).split("?")[0])
        key = (str(row.get("AppId", "")), str(row.get("RequestMethod", "")), path)
        seen[key] += 1
        status = str(row.get("ResponseStatusCode", ""))
        answered[key] += status.isdigit() and int(status) < 400
        last[key] = max(last.get(key, ""), str(row.get("TimeGenerated", "")))
    return [
        {
            "AppId": key[0],
            "RequestMethod": key[1],
            "Path": key[2],
            "Calls": seen[key],
            "Answered": answered[key],
            "Last": last[key],
        }
        for key in seen
    ]


def _table(rows: list[Row]) -> dict[str, Any]:
    names = list(dict.fromkeys(name for row in rows for name in row if not name.startswith("@")))
    return {
        "tables": [
            {
                "name": "PrimaryResult",
                "columns": [{"name": name, "type": "string"} for name in names],
                "rows": [[row.get(name) for name in names] for row in rows],
            }
        ]
    }


def _page(request: Request, rows: list[Row], link: str = "@odata.nextLink") -> Response:
    try:
        size = int(request.query_params.get("$top", _PAGE))
        start = int(json.loads(base64.urlsafe_b64decode(request.query_params.get("$skiptoken", "MA=="))))
    except ValueError:
        return _refuse(400, "Request_BadRequest", "Invalid $top or $skiptoken.")
    if not 1 <= size <= _MOST:
        return _refuse(400, "Request_BadRequest", f"Invalid page size specified: '{size}'. Must be between 1 and 999.")
    body: dict[str, Any] = {"value": [_chosen(row, request) for row in rows[start : start + size]]}
    if start + size < len(rows):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode()
        query = dict(request.query_params) | {"$skiptoken": token}
        # Callers reach us at the address they used, so the next page lies there too.
        body[link] = f"{request.url.scheme}://{request.url.netloc}{request.url.path}?{urlencode(query)}"
    # Escaped, as Graph does it: rows may hold what UTF-8 cannot, such as half of a surrogate pair.
    return Response(json.dumps(body), media_type="application/json")


def _chosen(row: Row, request: Request) -> Row:
    wanted = request.query_params.get("$select")
    expand = {part.split("(")[0] for part in request.query_params.get("$expand", "").split(",")}
    names = set(wanted.split(",")) | {"id"} | expand if wanted else set(row) - ({"owners"} - expand)
    out = {name: value for name, value in row.items() if name in names and not name.startswith("@")}
    if "owners" in expand:
        out["owners"] = (row.get("owners") or [])[:20]
    return out


def _refuse(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
