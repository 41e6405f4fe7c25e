"""What is wrong in the demo's world, as data: the seeds plant exactly this, and a run must find exactly this.

Texts say what was planted, for the person who compares; controls word their findings themselves.
"""

from __future__ import annotations

from typing import TypedDict


class Subject(TypedDict):
    """What the violation is about."""

    kind: str
    id: str


class Violation(TypedDict):
    """One planted fault."""

    family: str
    subject: Subject
    code: str
    text: str


BILLING: dict[int, str] = {
    -1: "contract_missing",
    -2: "contract_inactive",
    -3: "contract_not_started",
    -4: "contract_expired",
    -5: "client_mismatch",
    -6: "period_gap",
    -7: "period_overlap",
    -8: "missed_cycle",
    -9: "zero_line",
    -10: "negative_line",
    -11: "duplicate_line",
    -12: "tax_missing",
    -13: "tax_mismatch",
    -14: "account_missing",
    -15: "currency_mismatch",
    -16: "below_cost",
    -17: "below_margin",
    -18: "increase_due",
    -19: "increase_twice",
    -20: "proration_wrong",
    -21: "po_exhausted",
    -22: "sync_error",
    -23: "halo_approval_missing",
    -24: "halo_approval_bypassed",
    -25: "halo_approval_not_a_person",
    -26: "unreviewed_time",
    -27: "no_charge_type",
    -28: "unbilled_time",
}
"""Recurring invoice id to what is wrong with it. The other twelve only wait for finance's signature."""

USAGE: dict[int, str] = {-29: "usage_mismatch"}
"""Shows once the usage file of ``changes.usage_csv`` has been taken in."""

CHANGES: dict[int, tuple[str, ...]] = {
    -30: ("quantity_moved", "changed_after_signoff"),
    -31: ("price_moved", "changed_after_signoff"),
    -32: ("discount_moved", "changed_after_signoff"),
    -33: ("total_moved", "changed_after_signoff"),
    -34: ("changed_after_signoff",),
}
"""Shows once finance has signed and ``changes.after_signoff`` has been posted."""

PROJECTS: dict[int, str] = {
    801: "no_baseline",
    802: "cost_over",
    803: "schedule_slip",
    804: "dependency_blocked",
    805: "gate_skipped",
    806: "gate_incomplete",
    807: "no_accountable",
    808: "closeout_missing",
}
"""Project id to what is wrong with it, given the baselines of ``baselines.bodies``."""

HANDOFFS: dict[int, tuple[str, ...]] = {
    602: ("scope_unsigned",),
    603: ("margin_below_floor",),
    604: ("assumptions_missing",),
    605: ("dependencies_missing", "acceptance_missing"),
    606: ("source_link_missing",),
    607: ("assumption_unresolved",),
    608: ("kickoff_before_signoff",),
}
"""Won opportunity to what its handoff lacks; 601 is complete, 609 is not won."""

DESK: dict[int, str] = {
    1390: "incomplete_closure",
    1391: "unassigned",
    1392: "stale",
    1393: "no_next_action",
    1394: "duplicate",
    1395: "duplicate",
    1396: "misrouted",
    1397: "pingpong",
    1398: "sla_at_risk",
    1399: "sla_missed",
}
INCIDENT: dict[int, str] = {
    1380: "severity_changed",
    1381: "escalation_late",
    1382: "client_not_notified",
    1383: "evidence_incomplete",
    1384: "no_commander_approval",
    1385: "no_review",
}

ALERTS: dict[int, str] = {1902: "not_linked"}
"""Alert to what is wrong with it; 1901 hangs below an incident."""

MEETINGS: dict[str, str] = {"Security review": "meeting_missed"}
"""Promised meeting to what is wrong with it; the steering team met each week."""

ACCESS: dict[str, tuple[str, ...]] = {
    "directory-sync": ("tier0",),
    "forms-bridge": ("unknown_permission",),
    "room-display": ("unused_permission",),
    "old-importer": ("unused_integration",),
    "survey-tool": ("credential_expired",),
    "status-board": ("credential_expiring",),
    "asset-scanner": ("credential_too_long",),
    "ticket-mirror": ("credentials_many",),
    "lost-and-found": ("ownerless",),
    "partner-portal": ("multi_tenant", "unverified_publisher"),
    "mail-helper": ("consent_all_users",),
    "monitoring": ("admin_agent",),
    "phone-system": ("interactive_login",),
    "side-project": ("unregistered",),
}
"""Key of an integration (``integrations.py``) to what is wrong with it; ``reporting`` is as it should be."""

_FAMILIES: tuple[tuple[str, str, dict[int, str]], ...] = (
    ("billing", "recurring_invoice", BILLING),
    ("billing", "recurring_invoice", USAGE),
    ("project", "project", PROJECTS),
    ("desk", "ticket", DESK),
    ("incident", "ticket", INCIDENT),
    ("incident", "ticket", ALERTS),
)


def violations() -> list[Violation]:
    """Every planted violation, in a fixed order."""
    found = [
        _violation(family, kind, str(number), code)
        for family, kind, planted in _FAMILIES
        for number, code in planted.items()
    ]
    found += [
        _violation("billing", "recurring_invoice", str(n), code) for n, codes in CHANGES.items() for code in codes
    ]
    found += [_violation("handoff", "opportunity", str(n), code) for n, codes in HANDOFFS.items() for code in codes]
    found += [_violation("access", "integration", app_id(key), code) for key, codes in ACCESS.items() for code in codes]
    found += [_violation("governance", "meeting", name, code) for name, code in MEETINGS.items()]
    # HaloPSA lists API applications, roles and configuration commits to nobody with less than its admin scope.
    found.append(_violation("access", "integration", "attest", "tier0"))
    return found


def app_id(key: str) -> str:
    """The application id of an integration: a GUID that only depends on its place in the list."""
    place = [*ACCESS, "reporting"].index(key) + 1
    return f"a99a0000-0000-4000-8000-{place:012d}"


def _violation(family: str, kind: str, number: str, code: str) -> Violation:
    words = code.replace("_", " ")
    return {
        "family": family,
        "subject": {"kind": kind, "id": number},
        "code": code,
        "text": f"Planted on {kind.replace('_', ' ')} {number}: {words}.",
    }
