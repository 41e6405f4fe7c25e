"""An alert is dealt with as part of an incident, or dismissed by name."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.desk_cases import AlertCase
from shared.measures.desk_facts import TicketFacts
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.document import Policy


def judge(facts: AlertCase, policy: Policy, now: datetime) -> Judgement:
    """An alert hangs below an incident (or was merged into one) within policy's hours, unless it was closed as dismissed."""
    alert, desk = facts.ticket, policy.desk
    if facts.gone:
        return Judgement(Verdict.NOT_APPLICABLE)
    closed = alert.closed is not None and alert.closed <= now
    if closed and alert.category in desk.alert_dismissed_categories:
        return Judgement.of(())
    if alert.parent is None:
        return Judgement.unknown("HaloPSA does not say what this alert hangs below.")
    if alert.parent and facts.parent_type in (*desk.incident_types, *desk.security_types):
        return Judgement.of(())
    if alert.occurred is None:
        return Judgement.unknown("HaloPSA does not say when this alert was raised.")
    due = alert.occurred + timedelta(hours=desk.alert_link_hours)
    if now <= due and not closed:
        return Judgement.of(())
    where = f"hangs below ticket {alert.parent}, which is no incident" if alert.parent else "is linked to no incident"
    ended = ", and was closed without being dismissed" if closed else f"; it had to be by {due:%Y-%m-%d %H:%M} UTC"
    return Judgement.of(
        [Reason("not_linked", f"The alert {where}{ended}.")],
        severity=Severity.HIGH if alert.priority in desk.escalation_priorities else Severity.MEDIUM,
        detail={"title": alert.summary[:200], "priority": alert.priority},
    )


def _canary(policy: Policy, now: datetime) -> AlertCase:
    del policy
    old = now - timedelta(days=3700)
    return AlertCase(TicketFacts("1", "Canary", customer="1", occurred=old, parent="", priority=3))


CONTROL = Control(
    id="alert_linked",
    title="Every alert is part of an incident in time, or was closed as dismissed.",
    objective="No alert is looked at by nobody: each leads to an incident, or somebody said why it does not.",
    owner=Role.INCIDENT_COMMANDER,
    subject_kind="ticket",
    cadence=Cadence.DAILY,
    needs=("Tickets",),
    codes=("not_linked", "stale_facts"),
    judge=judge,
    frameworks=("pai-8@1.0:C6",),
    canaries=(Canary("an alert of long ago without an incident", "not_linked", _canary),),
)
