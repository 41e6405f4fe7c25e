"""Promised meetings against the calendar: what was not held is told like any finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, cast

from shared.controls import meetings_held
from shared.controls.spec import Case
from shared.model import JsonObject, Verdict
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.announce import tell_new
from shared.procedures.assess import assess
from shared.procedures.runs import Run
from shared.procedures.services import Services


class _Facts(Protocol):
    def series(self, mirror: Records, policy: Policy) -> Iterator[Case]: ...


def watch_meetings(services: Services, mirror: Records, run: Run) -> JsonObject:
    """Judge every meeting policy promises."""
    facts = cast("_Facts", services.facts("meetings"))
    cases = facts.series(mirror, services.policy.policy)
    done = assess(services, meetings_held.CONTROL, cases, as_of=run.as_of, run_id=run.run_id)
    tell_new(services, done, run.run_id)
    return {"promised": len(done), "missed": sum(one.judgement.verdict is Verdict.FAIL for one in done)}
