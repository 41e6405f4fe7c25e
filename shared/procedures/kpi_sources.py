"""Where the figures come from: the desk's facts (kept while the mirror stands still), findings, backlog and projects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from threading import Lock
from typing import Protocol, cast

from shared.controls.catalogue import controls
from shared.controls.spec import canary_result
from shared.measures import tally
from shared.measures.desk_facts import Desk, OtherWork, TicketFacts
from shared.measures.kpis import NONE, Figure, Period, desk_figures
from shared.model import JsonObject, parse_instant
from shared.policy.document import Policy
from shared.ports import Blobs, Records
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers.decisions import DELIVERED, backlog

BILLING_CODES = frozenset({"no_signoff", "unbilled_time", "quantity_moved", "total_moved"})
"""A control that can give one of these judges billing."""
Wants = Callable[[str | None, str | None], bool]
"""(practice, customer) → counted."""


class DeskFacts(Protocol):
    """The facts module of the desk."""

    def version(self, mirror: Records, blobs: Blobs) -> tuple[object, ...]:
        """Changes whenever a row did."""

    def desk(self, mirror: Records, policy: Policy) -> Desk:
        """Everything, read once."""


@dataclass(slots=True)
class _Held:
    """The newest facts of one mirror."""

    mirror: Records
    version: tuple[object, ...]
    desk: Desk
    answers: dict[tuple[object, ...], dict[str | None, dict[str, Figure]]] = field(default_factory=dict)


_MOST_ANSWERS = 64
_LOCK = Lock()
_HELD: list[_Held] = []


def desk_of(services: Services) -> Desk:
    """The desk's facts; read again only when the mirror was."""
    module = cast("DeskFacts", services.facts("desk"))
    mirror = services.mirror
    version = (services.policy.version, *module.version(mirror, services.blobs))
    with _LOCK:
        if _HELD and _HELD[0].mirror is mirror and _HELD[0].version == version:
            return _HELD[0].desk
        desk = module.desk(mirror, services.policy.policy)
        _HELD[:] = [_Held(mirror, version, desk)]
        return desk


def figures(
    services: Services, desk: Desk, period: Period, *, wants: Wants, circle: str, now: datetime
) -> dict[str | None, dict[str, Figure]]:
    """Every figure but those of projects, by practice (None: all together). ``circle`` names whose data ``wants`` lets in."""
    policy = services.policy.policy
    out = {key: dict(row) for key, row in _desk_figures(services, desk, period, wants, circle).items()}
    held = list(stances_of(services, wants))
    automations = list(_automations(services, wants))
    for practice, row in out.items():
        mine = [one for one in held if practice in (None, one.practice)]
        built = [one for one in automations if practice in (None, one.practice)]
        row["billing_exceptions"] = tally.billing_exceptions(mine, period)
        row["override_rate"] = tally.override_rate(mine, period)
        row["false_positive_rate"] = tally.false_positive_rate(mine, period)
        row["hours_saved"] = tally.hours_saved(built, period)
        row["manual_steps_removed"] = tally.steps_removed(built, period)
    everything = wants(None, None)
    out[None]["time_entry_compliance"] = tally.time_entry_compliance(desk, period) if everything else NONE
    out[None]["canary_effectiveness"] = tally.canary_effectiveness(
        (result["caught"], result["total"])
        for control in controls().values()
        for result in (canary_result(control, policy, now),)
    )
    return out


def _desk_figures(
    services: Services, desk: Desk, period: Period, wants: Wants, circle: str
) -> dict[str | None, dict[str, Figure]]:
    """What only the desk's facts decide: computed once while they stand."""
    key = (services.policy.version, period.start, period.end, circle)
    with _LOCK:
        known = next((held.answers.get(key) for held in _HELD if held.desk is desk), None)
    if known is not None:
        return known
    policy = services.policy.policy
    out = desk_figures(desk, policy, period, wants=wants)
    works: tuple[TicketFacts | OtherWork, ...] = (*desk.tickets, *desk.others)
    owners = {work.id: (policy.practice_of(work.type_id, work.team), work.customer) for work in works}

    def whose(ticket: str) -> tuple[bool, str | None]:
        owner = owners.get(ticket)
        return (False, None) if owner is None else (wants(*owner), owner[0])

    for practice, more in tally.entry_figures(desk, period, whose, policy.practices).items():
        out[practice].update(more)
    with _LOCK:
        for held in _HELD:
            if held.desk is desk:
                if len(held.answers) >= _MOST_ANSWERS:
                    held.answers.clear()
                held.answers[key] = out
    return out


def stances_of(services: Services, wants: Wants) -> Iterator[tally.Stance]:
    """All findings that may be counted."""
    for control in controls().values():
        billing = bool(BILLING_CODES & set(control.codes))
        for row in findings.of_control(services.rows, control.id):
            if not wants(row["practice"], row["customer"]):
                continue
            said = row.get("feedback") or {}
            yield tally.Stance(
                control.id,
                row["practice"],
                row["verdict"],
                row["status"],
                parse_instant(row["since"]),
                billing,
                said.get("kind"),
                parse_instant(said["at"]) if said.get("at") else None,
            )


def _automations(services: Services, wants: Wants) -> Iterator[tally.Automation]:
    for row in backlog(services.rows).all():
        if row["state"] != DELIVERED or not wants(row["practice"], row["customer"]):
            continue
        hours, steps = row.get("hours_saved"), row.get("steps_removed")
        yield tally.Automation(
            row["practice"],
            parse_instant(row["delivered_at"]),
            None if hours is None else Fraction(str(hours)),
            steps,
        )


def read_of(desk: Desk) -> JsonObject:
    """What the desk's figures stand on, for a report's statement."""
    return {
        "rows": dict(desk.rows),
        "refused": len(desk.refused),
        "tickets_read_at": desk.tickets_read_at,
        "actions_read_at": desk.actions_read_at,
        "observations": list(desk.observations),
    }
