"""Policy of the service desk: practices, closed and waiting statuses, days after which work counts as forgotten."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from shared.policy.section import Days, Section, Share

Whole = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class PracticePolicy(Section):
    """Which tickets belong to a practice, and who leads it."""

    name: str = ""
    ticket_types: tuple[int, ...] = ()
    teams: tuple[str, ...] = ()
    contract_types: tuple[int, ...] = ()
    """``contracttype`` of the agreements that are this practice's alone: invoices and holds under them are, too."""
    manager: str = ""
    """Entra oid of the practice manager; empty until somebody is named."""
    channel: str = ""
    """Notification channel; it hears of the practice's edition of the weekly report, too."""
    site: Annotated[str, Field(pattern=r"^[A-Za-z0-9.,_-]{0,200}$")] = ""
    """Id of the SharePoint site that the practice's edition is put on; empty for none."""
    drive: Annotated[str, Field(pattern=r"^[A-Za-z0-9!._-]{0,200}$")] = ""
    """Id of the document library on that site; empty for its default one."""
    folder: str = "Weekly"
    """Where in the library."""
    formats: tuple[Literal["json", "html", "pdf", "xlsx", "docx", "pptx", "csv"], ...] = ("html", "pdf")
    """What is put there; every format is made for whoever asks over the API."""

    @staticmethod
    def shipped() -> dict[str, PracticePolicy]:
        """The three practices before anybody has mapped ticket types to them."""
        return {
            "msp": PracticePolicy(name="Managed services", ticket_types=(1, 3)),
            "mssp": PracticePolicy(name="Managed security", ticket_types=(25,)),
            "ps": PracticePolicy(name="Professional services", ticket_types=(5, 30, 40, 41)),
        }


class DeskPolicy(Section):
    """Days and statuses of the desk's counts."""

    unassigned_hours: Whole = 4
    stale_days: Days = 5
    no_next_action_days: Days = 3
    closed_statuses: tuple[int, ...] = (9,)
    """9 is closed whether or not it is named."""
    waiting_statuses: tuple[int, ...] = ()
    """Open work in these statuses waits for somebody else: it is not counted as stale or without a next action."""
    incident_types: tuple[int, ...] = (1, 25)
    request_types: tuple[int, ...] = (3,)
    not_tickets: tuple[int, ...] = ()
    """Ticket types that are neither incidents nor requests, besides projects and opportunities."""
    at_risk_share: Share = Decimal("0.80")
    """An open ticket that has used this share of the time to its due time is on course to miss it."""
    closure_needs: tuple[Literal["category", "time", "resolution"], ...] = ("category", "time")
    """What a closed ticket must carry; a resolution is the note of the action that closed it."""
    closed_days: Days = 7
    """Tickets closed within so many days are still checked for complete closure."""
    duplicate_hours: Whole = 24
    """Two open tickets of one customer and contact with the same summary within so many hours are duplicates."""
    pingpong_count: Positive = 4
    """From so many reassignments on, a ticket is being passed around."""
    security_types: tuple[int, ...] = (25,)
    """Ticket types of security incidents, which carry the incident discipline."""
    escalate_within_hours: Positive = 4
    """A security incident of an escalation priority is assigned within so many hours."""
    escalation_priorities: tuple[int, ...] = (1, 2)
    escalation_teams: tuple[str, ...] = ()
    """Teams such an incident goes to; empty: any, as long as somebody has it."""
    review_within_days: Days = 5
    """A closed security incident of an escalation priority has its review within so many days."""
    commander_outcomes: tuple[str, ...] = ("Incident Commander Approval",)
    """Action outcomes by which an incident commander lets a communication go out."""
    client_outcomes: tuple[str, ...] = ("Client Notification",)
    """Action outcomes that reach the client."""
    evidence_outcomes: tuple[str, ...] = ("Evidence Captured",)
    """An action with one of these outcomes, or an attachment, counts as captured evidence."""
    alert_types: tuple[int, ...] = ()
    """Ticket types of alerts, which lead to an incident or are dismissed; empty until somebody says."""
    alert_link_hours: Positive = 24
    """An alert hangs below an incident within so many hours."""
    alert_dismissed_categories: tuple[str, ...] = ()
    """An alert closed with one of these (``category_1``) needs no incident."""
    review_outcomes: tuple[str, ...] = ("Post-Incident Review",)

    @property
    def closed(self) -> frozenset[int]:
        """Every status that is closed."""
        return frozenset({9, *self.closed_statuses})
