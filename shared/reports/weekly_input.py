"""What the weekly report is made from: plain rows, already read and narrowed; the builder adds words and order, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.model import JsonObject


@dataclass(frozen=True, slots=True)
class WeeklyInput:
    """All rows of a week. ``now`` is the time the report judges by; ``practice`` whose edition it is, None for the whole."""

    period: str
    start: datetime
    end: datetime
    now: datetime
    practice: str | None = None
    items: tuple[JsonObject, ...] = ()
    """Figures of the week, as ``GET /api/kpis`` gives them."""
    before: tuple[JsonObject, ...] = ()
    """Figures of the week before."""
    findings: tuple[JsonObject, ...] = ()
    holds: tuple[JsonObject, ...] = ()
    approvals: tuple[JsonObject, ...] = ()
    overrides: tuple[JsonObject, ...] = ()
    samples: tuple[JsonObject, ...] = ()
    """The newest samples of overrides with their conclusions; about all practices, so none in an edition."""
    decisions: tuple[JsonObject, ...] = ()
    programme: tuple[JsonObject, ...] = ()
    """Steps as ``GET /api/programme`` gives them, without answers; none before the programme has begun."""
    certificate: JsonObject | None = None
    canaries: tuple[JsonObject, ...] = ()
    """``{"control", "caught", "total", "missed"}`` per control."""
    ledger: JsonObject = field(default_factory=dict)
    """``{"log", "origin", "size", "root", "note"}`` of the meta-log's checkpoint, empty when there is none."""
    former: JsonObject | None = None
    """The JSON of the report of this period that was published last before, None when there is none."""
    practices: Mapping[str, str] = field(default_factory=dict)
    """Key → name."""
    customers: Mapping[str, str] = field(default_factory=dict)
    """Id → name."""
    unconfirmed: tuple[str, ...] = ()
    policy_version: str = ""
    statement: JsonObject = field(default_factory=dict)
    """Rows and freshness per source: ``{"sources": [{"source", "query", "rows", "read_at", "evidence"}], "refused"}``."""
    projects: JsonObject = field(default_factory=dict)
    """``{"ratings", "total", "asking", "worst"}`` of open projects, the worst with everything measured."""
    delivery: JsonObject = field(default_factory=dict)
    """Handoff quality, lineage and answers to escalations, as ``GET /api/delivery`` gives them."""
    link: str = ""
    """Where the portal is."""
    currency: str = "CAD"
    billing: JsonObject = field(default_factory=dict)
    """Figures of billing as ``GET /api/billing/figures`` gives them, with ``trust`` and the newest ``look_back``.

    Of an edition ``trust`` alone: invoices and agreements belong to customers and to no practice.
    """

    @property
    def scope(self) -> str:
        """Whose figures these are, as people call it."""
        return "all practices" if self.practice is None else self.practices.get(self.practice, self.practice)

    @property
    def over(self) -> str:
        """Behind the label of a figure: an edition's title says whose they are."""
        return ", all practices" if self.practice is None else ""
