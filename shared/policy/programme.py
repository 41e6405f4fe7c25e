"""The programme: steps people do and record, in their order; shipped as data, and a tenant adds or replaces steps in policy."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from shared.model import Role
from shared.policy.section import Days, Section

_SHIPPED = Path(__file__).with_name("programme.toml")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
STAGES = {
    "discovery": "Discovery and governance",
    "foundation": "Foundation",
    "build": "Build",
    "acceptance": "Acceptance tests",
    "billing": "Billing",
    "integrations": "Integrations",
    "training": "Training",
    "go_live": "Go-live",
    "first_week": "First week",
    "pilot": "Delivery pilot",
    "adoption": "Adoption",
}
"""The parts of the programme, in order."""
Question = Annotated[str, Field(min_length=1, max_length=200)]
Standing = Literal[
    "artefacts", "backlog", "baselines", "contract_map", "integrations", "look_back", "meetings", "report", "targets"
]


class Step(Section):
    """One thing that is true when it is done."""

    id: Name
    stage: Name
    title: Annotated[str, Field(min_length=1, max_length=300)]
    owner: Role
    """Whose it usually is."""
    signs: Role | None = None
    """Only somebody of this role says that it is done; None: whoever may write."""
    second: bool = False
    """Who says so is somebody else than its owner."""
    each_practice: bool = False
    after: tuple[Name, ...] = ()
    asks: tuple[Question, ...] = ()
    """What must be written down."""
    controls: tuple[str, ...] = ()
    """Controls that judged what they are about, and find nothing against it."""
    stands: tuple[Standing, ...] = ()
    """What the service itself must hold."""
    day: Days = 90
    """Due so many days after the programme began."""


class ProgrammePolicy(Section):
    """Nothing is asked of anybody before it begins, nor after it ends."""

    begins: date | None = None
    ends: date | None = None
    steps: tuple[Step, ...] = ()
    """Steps of this tenant's own; one with a shipped step's id replaces it."""


@lru_cache(maxsize=1)
def shipped() -> tuple[Step, ...]:
    """The steps as they are shipped."""
    return tuple(Step(**one) for one in tomllib.loads(_SHIPPED.read_text(encoding="utf-8"))["steps"])


def steps_of(policy: ProgrammePolicy) -> tuple[Step, ...]:
    """All steps in their order: shipped ones, a tenant's own in their place or at the end of their stage."""
    own = {one.id: one for one in policy.steps}
    steps = [own.pop(one.id, one) for one in shipped()] + list(own.values())
    order = {name: place for place, name in enumerate(STAGES)}
    return tuple(sorted(steps, key=lambda one: order.get(one.stage, len(order))))


def faults(steps: Sequence[Step]) -> Iterator[str]:
    """What is wrong with the steps as a whole: stages and predecessors nobody knows, and circles."""
    known = {one.id: one for one in steps}
    for step in steps:
        if step.stage not in STAGES:
            yield f"step {step.id} is of no stage that there is"
        for other in step.after:
            if other not in known:
                yield f"step {step.id} comes after {other}, which there is not"
    left = {one.id: {name for name in one.after if name in known} for one in steps}
    while free := [name for name, others in left.items() if not others & left.keys()]:
        for name in free:
            del left[name]
    if left:
        yield f"the steps {', '.join(sorted(left))} wait for each other"
