"""What a control is: one frozen value, and none can be made that lacks what its reader needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.model import JsonObject, Reason, Role, Severity, Subject, Verdict
from shared.policy.document import Policy

_ID = re.compile(r"^[a-z][a-z0-9_]{2,60}$")
_CODE = re.compile(r"^[a-z][a-z0-9_]{1,60}$")
_FRAMEWORK = re.compile(r"^[a-z0-9][a-z0-9.-]*@[a-zA-Z0-9.:-]+:[A-Za-z0-9().,_/-]+$")


class Cadence(StrEnum):
    """How often every subject is assessed, besides when its events arrive."""

    ON_EVENT = "on_event"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict and reasons, before it is recorded.

    A fail, error or unknown names at least one reason; a pass names none. ``amount_at_stake`` and ``detail``
    travel into the finding as they are (JSON values; money as Money.to_json).
    """

    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    severity: Severity = Severity.MEDIUM
    owner: str | None = None
    """Who must act: a person's oid or a name from the source, or None for the control's owner role."""
    due: datetime | None = None
    detail: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        asks = self.verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.UNKNOWN)
        if asks and not self.reasons:
            raise ValueError(f"A verdict of {self.verdict} names at least one reason.")
        if self.verdict is Verdict.PASS and self.reasons:
            raise ValueError("A pass has no reasons; put remarks into detail.")
        for reason in self.reasons:
            if not _CODE.match(reason.code) or not reason.text.endswith("."):
                raise ValueError(
                    f"Reason {reason.code!r} needs a snake_case code and a full sentence with a full stop."
                )

    @classmethod
    def of(cls, reasons: list[Reason] | tuple[Reason, ...], **more: Any) -> Judgement:
        """FAIL with the reasons, or PASS when there are none."""
        return cls(Verdict.FAIL if reasons else Verdict.PASS, tuple(reasons), **more)

    @classmethod
    def unknown(cls, text: str, code: str = "stale_facts", **more: Any) -> Judgement:
        """UNKNOWN, because something needed is missing or too old; ``text`` says what."""
        return cls(Verdict.UNKNOWN, (Reason(code, text),), **more)


@dataclass(frozen=True, slots=True)
class Case:
    """One subject with its facts, ready to be judged. ``facts`` None means they could not be had, ``missing`` says why."""

    subject: Subject
    customer: str | None
    practice: str | None
    facts: Any
    observed_at: datetime | None = None
    """When the oldest fact was read; None when there is no reading behind it."""
    observations: tuple[str, ...] = ()
    """Evidence ids of the observations it stands on."""
    missing: str = ""


Judge = Callable[[Any, Policy, datetime], Judgement]


@dataclass(frozen=True, slots=True)
class Canary:
    """A synthetic violation: the control must answer with ``code``. Proves that the control itself still works."""

    name: str
    code: str
    facts: Callable[[Policy, datetime], Any]


@dataclass(frozen=True, slots=True)
class Control:
    """A rule that must hold."""

    id: str
    title: str
    """States the passing condition."""
    objective: str
    owner: Role
    subject_kind: str
    cadence: Cadence
    needs: tuple[str, ...]
    """Mirror kinds (or Graph resources) the facts are made from."""
    codes: tuple[str, ...]
    """Every reason code the judge can give."""
    judge: Judge
    frameworks: tuple[str, ...] = ()
    """``framework@version:id``, for example ``psf@1.1:D6``; labels live in frameworks.py."""
    triggers: tuple[str, ...] = ()
    """HaloPSA event names (lower case) that make us assess the event's object."""
    practices: tuple[str, ...] = ()
    """Practices in scope; empty means all."""
    canaries: tuple[Canary, ...] = ()

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ValueError(f"Control id {self.id!r} must be lower_snake_case.")
        if not self.title.endswith(".") or self.title.lower().startswith("ensure"):
            raise ValueError(f"{self.id}: the title states the passing condition in a sentence, without 'Ensure'.")
        if not self.objective.endswith("."):
            raise ValueError(f"{self.id}: the objective is a full sentence.")
        if not self.needs or not self.codes:
            raise ValueError(f"{self.id}: a control names what it needs and every code it can give.")
        for framework in self.frameworks:
            if not _FRAMEWORK.match(framework):
                raise ValueError(f"{self.id}: framework reference {framework!r} must look like 'psf@1.1:D6'.")
        for canary in self.canaries:
            if canary.code not in self.codes:
                raise ValueError(
                    f"{self.id}: canary {canary.name!r} expects the code {canary.code!r}, which it cannot give."
                )

    def to_json(self) -> JsonObject:
        """The catalogue's shape, without effectiveness."""
        return {
            "id": self.id,
            "title": self.title,
            "objective": self.objective,
            "owner": self.owner.value,
            "subject_kind": self.subject_kind,
            "cadence": self.cadence.value,
            "triggers": list(self.triggers),
            "needs": list(self.needs),
            "codes": list(self.codes),
            "frameworks": list(self.frameworks),
            "practices": list(self.practices),
        }


def canary_result(control: Control, policy: Policy, now: datetime) -> JsonObject:
    """Judge the control's synthetic violations: ``{"caught", "total", "missed": [names]}``; total 0 means none exist."""
    missed = [
        canary.name
        for canary in control.canaries
        if canary.code not in {reason.code for reason in control.judge(canary.facts(policy, now), policy, now).reasons}
    ]
    return {"caught": len(control.canaries) - len(missed), "total": len(control.canaries), "missed": missed}
