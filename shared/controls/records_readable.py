"""Every record read from HaloPSA has fields of the types HaloPSA documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """``fault`` names every field of the wrong type; empty when the record can be read (or is gone)."""

    kind: str
    id: str
    fault: str


def judge(facts: RecordFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """What rests on the record is unknown until it can be read: the row is in quarantine, never a default."""
    if not facts.fault:
        return Judgement.of(())
    text = f"{facts.kind} {facts.id} cannot be read: {facts.fault.rstrip('.')}. What rests on it stays unknown."
    return Judgement.of([Reason("record_unreadable", text)], severity=Severity.MEDIUM)


CONTROL = Control(
    id="records_readable",
    title="Every record read from HaloPSA can be read, field by field.",
    objective="A field of the wrong type is told by name and never taken for a default.",
    owner=Role.OPERATOR,
    subject_kind="record",
    cadence=Cadence.ON_EVENT,
    needs=("records",),
    codes=("record_unreadable",),
    judge=judge,
    frameworks=("psf@1.1:D1", "nist-800-53@r5:SI-10", "soc2@2017:PI1.2"),
    canaries=(
        Canary(
            "an invoice whose amount is a word",
            "record_unreadable",
            lambda _policy, _now: RecordFacts("Invoice", "7", "lines.0.net_amount is not a number."),
        ),
    ),
)
