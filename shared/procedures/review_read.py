"""Read everything a permission review stands on: Microsoft through the Graph port, HaloPSA through the mirror."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

from shared.errors import SourceDown, SourceError
from shared.measures.access_facts import Integration, Inventory
from shared.ports import ReadPage, Records
from shared.procedures.lists import lists
from shared.procedures.observe import record_pages
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.procedures.sync_details import read_details
from shared.procedures.sync_list import read_list
from shared.settings import Group

HALO_KINDS = ("Application", "Agent", "Roles")
_HALO_READERS = (Group.ALL, Group.ENGINE)
"""Only these groups may call HaloPSA; the review's own identity finds in the mirror what the last sync brought."""


class Folding(Protocol):
    """Pages of Microsoft folded as they come."""

    def take(self, resource: str, page: ReadPage) -> None:
        """Fold one page in."""


class MicrosoftFacts(Protocol):
    """What ``services.facts('entra')`` answers: ``shared.entra.inventory``."""

    RESOURCES: Sequence[str]

    def new_reading(self) -> Folding:
        """An empty one."""

    def entra(self, reading: Folding) -> Inventory:
        """Integrations of all tenants."""

    def azure(self, reading: Folding) -> Inventory:
        """Holders of Azure roles."""

    def this_service(self, client_id: str, tenant: str) -> Integration:
        """Ourselves."""


class HaloFacts(Protocol):
    """What ``services.facts('access')`` answers."""

    def halopsa(self, mirror: Records, admin_roles: Iterable[str]) -> Inventory:
        """API applications."""


@dataclass(frozen=True, slots=True)
class Taken:
    """All sources, read at one go. ``read_at`` is the oldest reading among them."""

    sources: dict[str, Inventory]
    observations: tuple[str, ...]
    read_at: dict[str, datetime]

    def integrations(self) -> list[Integration]:
        """All of them, this service first, then by source, most privileged first, then by name."""
        every = [one for inventory in self.sources.values() for one in inventory.integrations]
        order = {source: number for number, source in enumerate(self.sources)}
        return sorted(every, key=lambda one: (not one.ours, order[one.source], _tier(one), one.name.lower(), one.key))

    def find(self, source: str, tenant: str, object_id: str, identity: str) -> Integration | None:
        """The integration as it is now: by its object, or re-created under the same identity."""
        here = [one for one in self.sources[source].integrations if one.tenant == tenant]
        return next((one for one in here if one.object_id == object_id), None) or next(
            (one for one in here if one.id.lower() == identity.lower()), None
        )


def _tier(one: Integration) -> int:
    return min(
        (0 if right.tier == 0 else 1 if right.tier is None else right.tier + 1 for right in one.permissions), default=9
    )


def take(services: Services, run: Run) -> Taken:
    """Read all sources. SourceDown when our own tenant's list of principals cannot be read: then nothing is known."""
    microsoft = cast("MicrosoftFacts", services.facts("entra"))
    reading = microsoft.new_reading()
    observations: list[str] = []
    for number, resource in enumerate(microsoft.RESOURCES):
        run.progress(0.05 + 0.6 * number / len(microsoft.RESOURCES), f"Reading {resource}.")
        _read(services, resource, reading, observations)
    entra = microsoft.entra(reading)
    azure = microsoft.azure(reading)
    halopsa = _halopsa(services, run, observations)
    now = services.clock.now()
    read_at = {"entra": now, "azure": now, "halopsa": services.mirror.read_at("Application") or now}
    return Taken(
        _with_ourselves(services, microsoft, {"entra": entra, "halopsa": halopsa, "azure": azure}),
        tuple(observations),
        read_at,
    )


def _read(services: Services, resource: str, reading: Folding, observations: list[str]) -> None:
    home = next(iter(services.settings.words("GRAPH_TENANTS")), "")
    batch: list[ReadPage] = []
    size = 0
    for page in services.graph.pages(resource):
        if page.status >= 400 and resource == "servicePrincipals" and page.query.get("tenant") == home:
            raise SourceDown(
                f"Our own tenant's service principals cannot be read (status {page.status}), so no review can stand on them.",
                code="entra_unreadable",
            )
        reading.take(resource, page)
        batch.append(page)
        size += len(page.body)
        if size > 1_000_000:
            observations += record_pages(services.ledger, resource, batch, "Microsoft")
            batch, size = [], 0
    observations += record_pages(services.ledger, resource, batch, "Microsoft")


def _halopsa(services: Services, run: Run, observations: list[str]) -> Inventory:
    gaps: list[str] = []
    if services.settings.group in _HALO_READERS:
        for reading in lists(services).READINGS:
            if reading.kind in HALO_KINDS:
                run.progress(0.7, f"Reading {reading.kind} of HaloPSA.")
                try:
                    read_list(services, reading, lambda _text: None)
                    if reading.detail is not None:  # an agent's power is told only by its own record
                        read_details(services, reading, lambda _text: None)
                except SourceError as fault:
                    gaps.append(f"HaloPSA's {reading.kind} could not be read anew ({fault.code}).")
    for kind in HALO_KINDS:
        observations += services.mirror.observations(kind)[:10]
    facts = cast("HaloFacts", services.facts("access"))
    inventory = facts.halopsa(services.mirror, services.policy.policy.access.admin_roles)
    complete = frozenset() if gaps else inventory.complete
    return replace(inventory, gaps=(*inventory.gaps, *gaps), complete=complete)


def _with_ourselves(
    services: Services, microsoft: MicrosoftFacts, sources: dict[str, Inventory]
) -> dict[str, Inventory]:
    """This service is an integration like any other, and the first: merged with its own HaloPSA application if read."""
    client = services.settings.values.get("HALO_CLIENT_ID") or "attest"
    own = microsoft.this_service(client, "")
    halopsa = sources["halopsa"]
    match = next((one for one in halopsa.integrations if one.id == client), None)
    if match is None:
        azure = sources["azure"]
        return {**sources, "azure": replace(azure, integrations=(own, *azure.integrations))}
    merged = replace(
        match,
        name=own.name,
        permissions=(*match.permissions, *own.permissions),
        unknowns=(*match.unknowns, *own.unknowns),
        ours=True,
    )
    others = tuple(one for one in halopsa.integrations if one is not match)
    return {**sources, "halopsa": replace(halopsa, integrations=(merged, *others))}
