"""What the artefacts say that no register holds: how each writing automation is undone, and which risks are answered how."""

from __future__ import annotations

WRITES: tuple[tuple[str, str, str, str], ...] = (
    (
        "hold_invoice",
        "A recurring invoice, or a new customer's first invoice, fails a billing control.",
        "A recurring invoice is disabled or marked for review in HaloPSA, a first invoice marked for review.",
        (
            "Approve the release under Approvals; the former state, kept with the hold, is written back. By hand: switch the invoice "
            "on again or take the mark off in HaloPSA, and say so in the approval's rationale."
        ),
    ),
    (
        "release_invoice",
        "Finance approves the release of a hold.",
        "The invoice is put back as it was before.",
        "Run the billing check again: while a reason stands, the invoice is held again at once.",
    ),
    (
        "create_project",
        "The delivery manager signs a complete handoff.",
        "A project is created in HaloPSA from its template.",
        "Close the project in HaloPSA and reject the handoff; nothing is created twice for one opportunity.",
    ),
    (
        "note_ticket",
        "A control wants its outcome seen on the ticket.",
        "A private note is added to the ticket.",
        "Notes are additions: write a correcting note; nothing was changed.",
    ),
    (
        "notify",
        "An approval, hold, finding, report or review item arises.",
        "A message goes to the practice's channel.",
        "Messages cannot be called back: take the address out of TEAMS_CHANNELS to silence a channel.",
    ),
    (
        "deliver_file",
        "A weekly report has been published and SHAREPOINT_SITE or a practice's site is set.",
        (
            "Each format of the report and each artefact is put on the SharePoint site, each practice's edition on the "
            "practice's; the same path becomes a new version."
        ),
        (
            "Restore the former version or delete the file in SharePoint; to stop deliveries, empty SHAREPOINT_SITE, the "
            "practice's site in policy, or take the site's grant back."
        ),
    ),
)
RISKS: tuple[tuple[str, str, str], ...] = (
    (
        "Incomplete input leads an automation astray",
        "Missing or stale facts give unknown, never a pass; nothing is written",
        "Share of unknown verdicts",
    ),
    (
        "Generated output reaches a customer unreviewed",
        "High-severity communication waits for an incident commander",
        "incident_discipline: no_commander_approval",
    ),
    (
        "Permissions are too broad",
        "Quarterly permission review with least sets; deployment groups hold only what they use",
        "Removable permissions open",
    ),
    (
        "A failure goes unseen",
        "Canaries, intake reconciliation, poison messages kept as evidence",
        "canary_effectiveness",
    ),
    (
        "A count is believed that is wrong",
        "Every figure names its denominator; a restated one says what it was",
        "Restatements",
    ),
)
