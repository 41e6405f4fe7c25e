"""What the log holds is what was recorded, and what was anchored: the audit's objections, as findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.model import Reason, Role, Severity
from shared.policy.document import Policy

_UNPROTECTED = "E_ANCHOR_CONFIG"
_ANCHOR = frozenset({_UNPROTECTED, "E_CONSISTENCY", "E_FORK", "E_ORIGIN", "E_ROLLBACK", "E_ROOT"})
"""Codes of the audit that speak of what was anchored; all others say that something is not there as it was recorded."""


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What the newest audit objected to in one log: its codes, and its first sentence about each that it told."""

    log: str
    codes: tuple[str, ...]
    texts: tuple[tuple[str, str], ...] = ()


def judge(facts: LogFacts, policy: Policy, now: datetime) -> Judgement:  # noqa: ARG001 - the form of every judge
    """Nothing to object to is a pass; the next clean audit closes what stood."""
    reasons = [
        Reason(code, f"{what} ({', '.join(found)}). {_told(facts, found)}")
        for code, what, found in (
            (
                "ledger_gap",
                "The log lacks an entry it must have, or does not hold it as it was recorded",
                [one for one in facts.codes if one not in _ANCHOR],
            ),
            (
                "anchor_mismatch",
                "The log differs from what was anchored, or the anchor is not protected as it must be",
                [one for one in facts.codes if one in _ANCHOR],
            ),
        )
        if found
    ]
    worst = Severity.HIGH if set(facts.codes) <= {_UNPROTECTED} else Severity.CRITICAL
    return Judgement.of(reasons, severity=worst, detail={"codes": list(facts.codes)})


def _told(facts: LogFacts, codes: list[str]) -> str:
    first = next((text for code, text in facts.texts if code in codes), "The audit's result tells each.")
    return f"{first.rstrip('.')}."


CONTROL = Control(
    id="ledger_intact",
    title="The newest audit finds every entry as it was recorded and every log as it was anchored.",
    objective="Evidence that was lost or changed is somebody's task at once, not only a line in an audit.",
    owner=Role.ADMINISTRATOR,
    subject_kind="log",
    cadence=Cadence.DAILY,
    needs=("ledger", "checkpoints"),
    codes=("ledger_gap", "anchor_mismatch"),
    judge=judge,
    frameworks=("psf@1.1:D4", "pai8@2026:C7", "nist-800-53@r5:AU-9", "soc2@2017:CC7.2"),
    canaries=(
        Canary("an index with a hole", "ledger_gap", lambda _policy, _now: LogFacts("0", ("E_GAP",))),
        Canary("two histories of one log", "anchor_mismatch", lambda _policy, _now: LogFacts("0", ("E_FORK",))),
    ),
)
