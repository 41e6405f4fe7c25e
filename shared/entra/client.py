"""Microsoft Graph, Azure Resource Manager and Log Analytics as ``ports.Graph``: read-only, in the fewest pages."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from shared.entra.catalogue import GRAPH_APP_ID
from shared.entra.credentials import Tokens, open_tokens
from shared.entra.transport import Transport
from shared.errors import SourceBusy, SourceDenied, SourceDown, SourceError, SourceRejected
from shared.model import JsonObject
from shared.ports import Clock, ReadPage
from shared.settings import Settings

GRAPH = "https://graph.microsoft.com"
ARM = "https://management.azure.com"
LOGS = "https://api.loganalytics.io"
_TOP = "999"
_MOST_PAGES = 5_000
"""Five million rows: more than any directory may hold, so that links which never repeat end, too."""
_SELECT = {
    "servicePrincipals": "id,appId,displayName,appOwnerOrganizationId,servicePrincipalType,signInAudience,accountEnabled,"
    "verifiedPublisher,passwordCredentials,keyCredentials,appRoles,oauth2PermissionScopes",
    "applications": "id,appId,displayName,createdDateTime,signInAudience,verifiedPublisher,passwordCredentials,"
    "keyCredentials",
}
QUERY = r"""MicrosoftGraphActivityLogs
| extend Path = tostring(split(RequestUri, "?")[0])
| extend Path = replace_regex(Path, @"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[^/'()]+(?:@|%40)[^/'()]+", "{id}")
| summarize Calls = count(), Answered = countif(ResponseStatusCode < 400), Last = max(TimeGenerated)
    by AppId, RequestMethod, Path"""
"""Summed up where the log lies: millions of calls become some hundred kinds, and no person's id or address leaves it."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to read, and in which tenants; the first tenant is our own."""

    graph: str
    arm: str
    arm_scope: str
    logs: str
    workspace: str
    tenants: tuple[str, ...]


class GraphClient:
    """Reads whole collections.

    What a tenant refuses or cannot give is a page with that status, not an exception: one tenant that withdrew its
    consent must not stop the reading of the others.
    """

    def __init__(
        self,
        where: Addresses,
        tokens: Tokens,
        clock: Clock,
        http: httpx.Client,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._where, self._clock = where, clock
        self._transport = Transport(http, tokens, clock, sleep)
        self._resources: dict[str, list[str]] = {}

    def pages(self, resource: str) -> Iterator[ReadPage]:
        """One collection by the contract's table names. ``query['tenant']`` says whose; a status of 400 or more, why not."""
        if resource == "roleAssignments":
            if self._where.tenants and self._where.arm_scope:
                yield from self._guarded(resource, self._where.tenants[0], self._role_assignments)
            return
        reads: Mapping[str, Callable[[str], Iterator[ReadPage]]] = {
            "servicePrincipals": self._principals,
            "applications": lambda tenant: self._list(tenant, "/v1.0/applications", _expanded("applications")),
            "appRoleAssignments": self._assignments,
            "oauth2PermissionGrants": lambda tenant: self._list(tenant, "/v1.0/oauth2PermissionGrants", {"$top": _TOP}),
            "servicePrincipalSignInActivities": lambda tenant: self._list(
                tenant, "/beta/reports/servicePrincipalSignInActivities", {"$top": _TOP}
            ),
            "microsoftGraphActivityLogs": self._logged,
        }
        if resource not in reads:
            raise SourceRejected(f"There is no collection {resource!r} to read.", code="graph_unknown_collection")
        # A workspace is one tenant's; without one nothing is known of use anywhere.
        logs = resource == "microsoftGraphActivityLogs"
        for tenant in self._where.tenants[:1] if logs else self._where.tenants:
            yield from self._guarded(resource, tenant, reads[resource])

    def _guarded(self, resource: str, tenant: str, read: Callable[[str], Iterator[ReadPage]]) -> Iterator[ReadPage]:
        try:
            yield from read(tenant)
        except SourceError as fault:
            yield self._missing(resource, {"tenant": tenant}, fault)

    def _missing(self, path: str, query: Mapping[str, str], fault: SourceError) -> ReadPage:
        named = fault.details.get("status")
        status = named if isinstance(named, int) else _STATUS.get(type(fault), 502)
        return ReadPage(path, {**query, "code": fault.code}, status, b"", (), None, self._clock.now())

    def _principals(self, tenant: str) -> Iterator[ReadPage]:
        resources: list[str] = []
        for page in self._list(tenant, "/v1.0/servicePrincipals", _expanded("servicePrincipals")):
            resources += _with_roles(page.rows)
            yield page
        self._resources[tenant] = resources

    def _assignments(self, tenant: str) -> Iterator[ReadPage]:
        """Asked of the few principals that have roles to give, never of the many that hold them."""
        resources = self._resources.pop(tenant, None)
        if resources is None:
            select = {"$select": "id,appId,appRoles", "$top": _TOP}
            pages = self._list(tenant, "/v1.0/servicePrincipals", select)
            resources = [found for page in pages for found in _with_roles(page.rows)]
        for resource in resources:
            path = f"/v1.0/servicePrincipals/{quote(resource, safe='')}/appRoleAssignedTo"
            try:
                yield from self._list(tenant, path, {"$top": _TOP}, resource=resource)
            except SourceRejected as fault:  # gone since the list was read
                yield self._missing(path, {"tenant": tenant, "resource": resource}, fault)

    def _list(self, tenant: str, path: str, query: Mapping[str, str], **marks: str) -> Iterator[ReadPage]:
        yield from self._walk(self._where.graph, path, query, tenant, GRAPH, "@odata.nextLink", marks)

    def _role_assignments(self, tenant: str) -> Iterator[ReadPage]:
        path = f"{self._where.arm_scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments"
        yield from self._walk(self._where.arm, path, {"api-version": "2022-04-01"}, tenant, ARM, "nextLink", {})

    def _walk(
        self,
        base: str,
        path: str,
        query: Mapping[str, str],
        tenant: str,
        resource: str,
        link: str,
        marks: Mapping[str, str],
    ) -> Iterator[ReadPage]:
        url: str | None = base.rstrip("/") + path
        asked: Mapping[str, str] | None = query
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= _MOST_PAGES:
                raise SourceDown("Microsoft's pages go round in a circle.", code="graph_paging_loop")
            seen.add(url)
            answer = self._transport.read(url, tenant=tenant, resource=resource, query=asked, check=_is_list)
            # What is no row is told as one that says nothing, so that it is counted as unreadable.
            rows = tuple(row if isinstance(row, dict) else {} for row in answer.json["value"])
            told = {**query, **marks, "tenant": tenant, "page": str(len(seen))}
            yield ReadPage(path, told, 200, answer.body, rows, len(rows), self._clock.now())
            following = answer.json.get(link)
            url, asked = (str(following) if following else None), None
            if url is not None and not _same_place(url, base):
                raise SourceDown(
                    "The next page lies on another host, where our token must not go.", code="graph_foreign_link"
                )

    def _logged(self, tenant: str) -> Iterator[ReadPage]:
        if not self._where.workspace:
            return
        path = f"/v1/workspaces/{quote(self._where.workspace, safe='')}/query"
        answer = self._transport.read(
            self._where.logs.rstrip("/") + path, tenant=tenant, resource=LOGS, body={"query": QUERY}, check=_is_table
        )
        rows = tuple(_table_rows(answer.json["tables"]))
        if answer.json.get("error"):  # Log Analytics answers 200 with half a result and says so beside it
            raise SourceDown("The log answered only in part.", code="logs_partial")
        yield ReadPage(path, {"tenant": tenant}, 200, answer.body, rows, len(rows), self._clock.now())


_STATUS: Mapping[type[SourceError], int] = {SourceDenied: 403, SourceRejected: 400, SourceBusy: 429, SourceDown: 503}


def _same_place(url: str, base: str) -> bool:
    try:
        there, here = httpx.URL(url), httpx.URL(base)
    except httpx.InvalidURL:
        return False
    return (there.scheme, there.netloc) == (here.scheme, here.netloc)


def _expanded(name: str) -> dict[str, str]:
    return {"$select": _SELECT[name], "$expand": "owners", "$top": _TOP}


def _with_roles(rows: Sequence[JsonObject]) -> list[str]:
    return [
        str(row["id"]) for row in rows if row.get("id") and (row.get("appRoles") or row.get("appId") == GRAPH_APP_ID)
    ]


def _is_list(body: JsonObject) -> bool:
    return isinstance(body.get("value"), list)


def _is_table(body: JsonObject) -> bool:
    tables = body.get("tables")
    return isinstance(tables, list) and all(
        isinstance(one, dict) and "columns" in one and "rows" in one for one in tables
    )


def _table_rows(tables: Sequence[JsonObject]) -> Iterator[dict[str, Any]]:
    for table in tables[:1]:
        names = [str(column.get("name")) for column in table["columns"]]
        for row in table["rows"]:
            yield dict(zip(names, row, strict=False))


def open_graph(settings: Settings, clock: Clock) -> GraphClient:
    """The client the settings describe."""
    tenants = settings.words("GRAPH_TENANTS")
    where = Addresses(
        settings.text("GRAPH_URL"),
        settings.text("ARM_URL"),
        settings.text("ARM_SCOPE"),
        settings.text("LOGS_URL"),
        settings.text("LOGS_WORKSPACE"),
        tenants,
    )
    http = httpx.Client(timeout=httpx.Timeout(60, connect=10), follow_redirects=False)
    return GraphClient(where, open_tokens(settings, tenants[0] if tenants else "", http), clock, http)
