"""A project's control baseline as frozen values: budget, cumulative plan by period, workstreams, gates, accountability."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from shared.model import JsonObject, parse_instant


@dataclass(frozen=True, slots=True)
class Period:
    """The end of a planning period and the value planned to be done by then, cumulative."""

    end: datetime
    pv: Decimal


@dataclass(frozen=True, slots=True)
class Workstream:
    """A part of the work with its own plan."""

    name: str
    hours: Decimal | None = None
    cost: Decimal | None = None
    tasks: tuple[str, ...] = ()
    """Ticket ids of its tasks."""
    accountable: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """A milestone that may only be passed with an approval."""

    name: str
    milestone: str = ""
    """Id or name of the milestone it guards; the gate's own name when left out."""
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """Frozen at start; a later one needs an approved change order."""

    currency: str
    bac: Decimal
    start: datetime
    periods: tuple[Period, ...]
    workstreams: tuple[Workstream, ...] = ()
    gates: tuple[Gate, ...] = ()
    accountable: tuple[tuple[str, str], ...] = ()
    """What for (a role or a workstream's name) and who."""

    @property
    def finish(self) -> datetime:
        """When the plan ends."""
        return self.periods[-1].end

    @classmethod
    def from_json(cls, body: JsonObject) -> Baseline:
        """From the form ``procedures.baselines`` stores."""
        return cls(
            currency=body["currency"],
            bac=Decimal(body["bac"]),
            start=parse_instant(body["start"]),
            periods=tuple(Period(parse_instant(one["end"]), Decimal(one["pv"])) for one in body["periods"]),
            workstreams=tuple(
                Workstream(
                    one["name"],
                    _decimal(one.get("hours")),
                    _decimal(one.get("cost")),
                    tuple(one.get("tasks", ())),
                    one.get("accountable", ""),
                )
                for one in body["workstreams"]
            ),
            gates=tuple(
                Gate(one["name"], one.get("milestone", ""), parse_instant(one["due"]) if one.get("due") else None)
                for one in body["gates"]
            ),
            accountable=tuple(sorted(body["accountable"].items())),
        )


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
