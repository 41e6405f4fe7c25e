"""Microsoft Graph's application permissions and Azure's readers before the Entra stand-in, which asks only for a token."""

from __future__ import annotations

import json
import re

from local.guard.callers import Callers
from local.guard.gate import Demand, Gate, StrangeRequest, one_of
from local.guard.passing import Answer, Asked, Behind
from local.guard.roles import MANAGEMENT
from shared.entra.catalogue import catalogue

_AUDIENCES = {
    "graph": ("https://graph.microsoft.com",),
    "arm": ("https://management.azure.com",),
    "logs": ("https://api.loganalytics.io", "https://api.loganalytics.azure.com"),
}
_REPORT = re.compile(r"/beta/reports/servicePrincipalSignInActivities")
_DRIVE = re.compile(r"/v1\.0/sites/[^/]+/(?:drive|drives/[^/]+)/root:/.+:/(content|createUploadSession)")
_READERS = (
    (
        re.compile(r"/arm/.+/providers/Microsoft\.Authorization/roleAssignments"),
        "azure/the deployment's resource group",
    ),
    (re.compile(r"/arm/.+/containers/(?P<name>[a-z]+)"), "evidence/containers/{name}"),
    (re.compile(r"/logs/v1/workspaces/[^/]+/query"), "azure/the Log Analytics workspace"),
)


class MicrosoftDoor:
    """Graph under /graph, Resource Manager under /arm, Log Analytics under /logs."""

    def __init__(self, gate: Gate, callers: Callers) -> None:
        self._gate, self._callers = gate, callers

    async def refusal(self, asked: Asked, behind: Behind) -> Answer | None:  # noqa: ARG002 - the request tells everything
        """401 for strangers, 403 without the permission. An upload address carries its own leave and no token."""
        if asked.raw.startswith("/upload/"):
            return None
        group = self._callers.of(asked.headers, *_AUDIENCES.get(asked.raw.split("/")[1], ()))
        if group is None:
            return _no(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        try:
            demand = demanded(asked.method, asked.raw)
        except StrangeRequest as fault:
            self._gate.refuse(group, str(fault))
        else:
            if self._gate.allows(group, demand):
                return None
        return _no(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")

    async def passed(self, asked: Asked, status: int, body: bytes, behind: Behind) -> None:
        """Nothing to note."""


def demanded(method: str, path: str) -> Demand:
    """What Microsoft's documentation asks for; the shipped catalogue knows it of Graph's v1.0 directory."""
    if not path.startswith("/graph/"):
        for pattern, place in _READERS:
            found = pattern.fullmatch(path)
            if found:
                return Demand(place.format(**found.groupdict()), (MANAGEMENT,))
        raise StrangeRequest(f"{method} {path}")
    rest = path.removeprefix("/graph")
    if method == "GET" and _REPORT.fullmatch(rest):
        return Demand("graph", one_of("AuditLog.Read.All"))
    if method in ("PUT", "POST") and _DRIVE.fullmatch(rest):
        return Demand("graph", one_of("Sites.Selected", "Sites.ReadWrite.All", "Files.ReadWrite.All"))
    known = catalogue()
    call = known.call(method, f"https://graph.microsoft.com{rest}")
    ways = () if call is None else known.application.covers(call)
    if not ways:
        raise StrangeRequest(f"{method} {path}")
    return Demand("graph", tuple(ways))


def _no(status: int, code: str, message: str) -> Answer:
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Answer(status, {"content-type": "application/json"}, body)
