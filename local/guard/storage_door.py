"""Azure's role-based access before Azurite, which knows none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from xml.sax.saxutils import escape

from local.guard.callers import Callers
from local.guard.gate import Demand, Gate, StrangeRequest
from local.guard.passing import Answer, Asked, Behind
from local.guard.storage_demands import demands

SERVICES = ("blob", "queue", "table")
ACCOUNT = "devstoreaccount1"
AUDIENCE = "https://storage.azure.com"
_SAID = "This request is not authorized to perform this operation using this permission."


class StorageDoor:
    """One of the three services, for the evidence account and each host's own."""

    def __init__(self, service: str, gate: Gate, callers: Callers, readers: Mapping[str, str]) -> None:
        """``readers``: for each queue where to say that a message lies in it, so that nobody need look all the time."""
        self._service, self._gate, self._callers, self._readers = service, gate, callers, readers

    async def refusal(self, asked: Asked, behind: Behind) -> Answer | None:
        """401 for strangers, 403 where no role gives it."""
        group = self._callers.of(asked.headers, AUDIENCE) or self._callers.signed(asked.query)
        if group is None:
            return self._no(401, "NoAuthenticationInformation")
        account, _, path = asked.raw.lstrip("/").partition("/")
        if account not in (ACCOUNT, host_account(group)):
            return self._no(403, "AuthorizationPermissionMismatch")
        try:
            wanted = demands(self._service, asked.method, path, asked.query, asked.headers, asked.body)
        except StrangeRequest as fault:
            self._gate.refuse(group, str(fault))
            return self._no(403, "AuthorizationPermissionMismatch")
        for demand in wanted:
            exists = bool(demand.create_only) and await self._exists(asked, behind)
            own = replace(demand, place=demand.place.replace("evidence/", "host/", 1))
            if not self._gate.allows(group, demand if account == ACCOUNT else own, exists=exists):
                return self._no(403, self._code(group, demand))
        return None

    async def passed(self, asked: Asked, status: int, body: bytes, behind: Behind) -> None:  # noqa: ARG002 - the answer's body says nothing here
        """Whoever reads a queue hears of a message before its sender knows that it is there."""
        if (self._service, asked.method, status) == ("queue", "POST", 201):
            await behind.tell(self._readers[asked.raw.split("/")[2]])

    def _code(self, group: str, demand: Demand) -> str:
        adds = bool(demand.create_only) and all(
            self._gate.gives(group, demand.place, one) for one in demand.create_only
        )
        return "UnauthorizedBlobOverwrite" if adds else "AuthorizationPermissionMismatch"

    @staticmethod
    async def _exists(asked: Asked, behind: Behind) -> bool:
        shown = {n: asked.headers[n] for n in ("authorization", "x-ms-version", "x-ms-date") if n in asked.headers}
        return (await behind.ask("HEAD", replace(asked, text=""), shown)).status_code < 300

    def _no(self, status: int, code: str) -> Answer:
        if self._service == "table":
            kind = "application/json"
            text = f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{_SAID}"}}}}}}'
        else:
            kind = "application/xml"
            body = f"<Code>{code}</Code><Message>{escape(_SAID)}</Message>"
            text = f'<?xml version="1.0" encoding="utf-8"?><Error>{body}</Error>'
        return Answer(status, {"content-type": kind, "x-ms-error-code": code}, text.encode())


def host_account(group: str) -> str:
    """The account of a group's Functions host."""
    return f"host{group}"
