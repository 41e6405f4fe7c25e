"""What is red, amber or unknown: one rule for every page."""

from __future__ import annotations

from collections.abc import Iterable

from shared.model import JsonObject

RED, AMBER, UNKNOWN, ACCEPTED, GREEN = "red", "amber", "unknown", "accepted", "green"
ORDER = (RED, AMBER, UNKNOWN, ACCEPTED, GREEN)
_SEVERITY = ("critical", "high", "medium", "low")


def tone(finding: JsonObject) -> str:
    """Red: fails and matters much. Amber: fails otherwise. Accepted: overridden. Nothing unknown is ever green."""
    if finding["status"] == "overridden":
        return ACCEPTED
    if finding["verdict"] in ("fail", "error"):
        return RED if finding["severity"] in ("critical", "high") else AMBER
    return UNKNOWN if finding["verdict"] == "unknown" else GREEN


def ranked(findings: Iterable[JsonObject]) -> list[JsonObject]:
    """Worst first, then the oldest."""
    return sorted(
        findings, key=lambda row: (ORDER.index(tone(row)), _SEVERITY.index(row["severity"]), row["since"], row["id"])
    )


def judged(findings: Iterable[JsonObject]) -> list[JsonObject]:
    """Findings that say anything: not those a control does not apply to."""
    return [row for row in findings if row["verdict"] not in ("notapplicable", "notchecked")]
