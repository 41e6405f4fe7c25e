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
    hours: Decimal | None = None
    """Hours planned by then, cumulative; None where nobody planned hours."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a workstream plans to have used by an instant, cumulative."""

    end: datetime
    hours: Decimal | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Burn:
    """Forecast over budget (EAC / BAC) above which cost is amber or red; frozen with the baseline."""

    amber: Decimal
    red: Decimal


@dataclass(frozen=True, slots=True)
class Workstream:
    """A part of the work with its own plan."""

    name: str
    hours: Decimal | None = None
    cost: Decimal | None = None
    tasks: tuple[str, ...] = ()
    """Ticket ids of its tasks. Without any, the tasks of the milestone that bears its name are its own."""
    accountable: str = ""
    periods: tuple[Stretch, ...] = ()

    @property
    def planned_hours(self) -> Decimal | None:
        """All its hours: as said, else what its periods end with."""
        return self.hours if self.hours is not None or not self.periods else self.periods[-1].hours

    @property
    def planned_cost(self) -> Decimal | None:
        """All its cost: as said, else what its periods end with."""
        return self.cost if self.cost is not None or not self.periods else self.periods[-1].cost


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
    burn: Burn | None = None
    """None: policy's thresholds count."""

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
            periods=tuple(
                Period(parse_instant(one["end"]), Decimal(one["pv"]), _decimal(one.get("hours")))
                for one in body["periods"]
            ),
            workstreams=tuple(
                Workstream(
                    one["name"],
                    _decimal(one.get("hours")),
                    _decimal(one.get("cost")),
                    tuple(one.get("tasks", ())),
                    one.get("accountable", ""),
                    tuple(
                        Stretch(parse_instant(part["end"]), _decimal(part.get("hours")), _decimal(part.get("cost")))
                        for part in one.get("periods", ())
                    ),
                )
                for one in body["workstreams"]
            ),
            gates=tuple(
                Gate(one["name"], one.get("milestone", ""), parse_instant(one["due"]) if one.get("due") else None)
                for one in body["gates"]
            ),
            accountable=tuple(sorted(body["accountable"].items())),
            burn=Burn(Decimal(burn["amber"]), Decimal(burn["red"])) if (burn := body.get("burn")) else None,
        )


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None
