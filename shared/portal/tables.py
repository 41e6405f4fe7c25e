"""What each list shows: columns, filters and the sentence for an empty one, as data."""

from __future__ import annotations

from dataclasses import dataclass

from shared.policy.programme import STAGES


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a row's key, its heading, how it is written."""

    name: str
    label: str
    kind: str = "text"

    @property
    def to_the_right(self) -> bool:
        """Numbers line up by their last digit."""
        return self.kind in ("money", "number", "percent")


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter of a list. The first option is what is shown when nobody chose."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list page."""

    path: str
    title: str
    lead: str
    empty: str
    columns: tuple[Column, ...]
    choices: tuple[Choice, ...] = ()


_PRACTICES = Choice(
    "practice", "Practice", (("", "All"), ("msp", "MSP"), ("mssp", "MSSP"), ("ps", "Professional Services"))
)
C = Column
LISTS: dict[str, Listing] = {
    "figures": Listing(
        "/figures",
        "Scorecard",
        "How the work goes, by practice and never by person. Unknown is what no source tells; it is not zero.",
        "No figure is told of this practice.",
        (
            C("name", "Figure"),
            C("category", "Group"),
            C("value", "Value", "right"),
            C("n", "Of", "number0"),
            C("counts", "What is counted"),
            C("median", "Median", "right"),
            C("p90", "90th percentile", "right"),
            C("baseline", "Baseline", "right"),
            C("target", "Target"),
            C("status", "Stands", "tag"),
        ),
        (
            Choice(
                "span",
                "Time",
                (("week", "This week"), ("last_week", "Last week"), ("month", "30 days"), ("quarter", "91 days")),
            ),
            _PRACTICES,
        ),
    ),
    "findings": Listing(
        "/findings",
        "Findings",
        "Where something that must be true is not, or could not be judged. The most serious come first.",
        "No finding matches. Choose other filters to see what passed or was closed.",
        (
            C("name", "About", "link"),
            C("customer", "Customer"),
            C("verdict", "Verdict", "tag"),
            C("severity", "Severity", "tag"),
            C("why", "Why"),
            C("owner", "Owner", "words"),
            C("status", "Status", "words"),
            C("since", "Since", "day"),
        ),
        (
            Choice(
                "status",
                "Status",
                (
                    ("asking", "Needs somebody"),
                    ("open", "Open"),
                    ("mitigating", "Mitigating"),
                    ("overridden", "Accepted for a time"),
                    ("closed", "Closed"),
                    ("any", "All"),
                ),
            ),
            Choice(
                "verdict",
                "Verdict",
                (("", "All"), ("fail", "Fail"), ("unknown", "Unknown"), ("error", "Error"), ("pass", "Pass")),
            ),
            _PRACTICES,
        ),
    ),
    "holds": Listing(
        "/holds",
        "Holds",
        "What is kept back until the right people agree, and what keeping it back costs.",
        "Nothing is held. Choose “All” to see what was released.",
        (
            C("name", "Held", "link"),
            C("customer", "Customer"),
            C("state", "State", "tag"),
            C("why", "Why"),
            C("amount", "At stake", "money"),
            C("since", "Since", "day"),
            C("may_release", "May release", "listed"),
        ),
        (
            Choice("state", "State", (("held", "Held"), ("released", "Released"), ("any", "All"))),
            Choice("kind", "Kind", (("", "All"), ("invoice", "Invoices"), ("handoff", "Handoffs"))),
        ),
    ),
    "approvals": Listing(
        "/approvals",
        "Approvals",
        "Who is asked to agree to what. Open one to read exactly what it is before you decide.",
        "Nobody is waiting for an answer. Choose “All” to see what was decided.",
        (
            C("name", "What", "link"),
            C("customer", "Customer"),
            C("amount", "Amount", "money"),
            C("why", "Why"),
            C("state", "State", "tag"),
            C("given", "Given"),
            C("expires", "Expires", "moment"),
        ),
        (
            Choice(
                "state",
                "State",
                (
                    ("open", "Open"),
                    ("approved", "Approved"),
                    ("rejected", "Rejected"),
                    ("expired", "Expired"),
                    ("void", "Void"),
                    ("any", "All"),
                ),
            ),
        ),
    ),
    "samples": Listing(
        "/samples",
        "Samples",
        "Each month some of what was let pass is drawn, and looked at by others than who asked for it and gave it.",
        "No sample has been drawn yet.",
        (
            C("period", "Month", "link"),
            C("population", "Let pass", "number0"),
            C("size", "Drawn", "number0"),
            C("open", "Without a conclusion", "number0"),
        ),
    ),
    "projects": Listing(
        "/projects",
        "Projects",
        "Cost and schedule against the frozen baseline. Below 1.00, a project spends or takes more than planned.",
        "No project has been assessed yet.",
        (
            C("name", "Project", "link"),
            C("customer", "Customer"),
            C("rating", "Health", "tag"),
            C("tags", "Because of", "listed"),
            C("cpi", "Cost (CPI)", "number"),
            C("spi_t", "Schedule (SPI(t))", "number"),
            C("cv", "Cost variance", "money"),
        ),
    ),
    "handoffs": Listing(
        "/handoffs",
        "Handoffs",
        "Deals handed over to delivery: complete, signed off, and only then begun.",
        "No opportunity has been won yet.",
        (
            C("name", "Opportunity", "link"),
            C("customer", "Customer"),
            C("state", "State", "tag"),
            C("first", "Complete at first", "percent"),
            C("now", "Now", "percent"),
            C("missing", "Missing", "listed"),
        ),
    ),
    "reviews": Listing(
        "/reviews",
        "Access reviews",
        "Each quarter, every integration's permissions are kept, reduced or revoked by name.",
        "No review has been opened yet.",
        (
            C("quarter", "Quarter", "link"),
            C("state", "State", "tag"),
            C("items_total", "Integrations", "number0"),
            C("due", "Due", "day"),
        ),
    ),
    "integrations": Listing(
        "/integrations",
        "Integrations",
        "The register people keep: whose each integration is, what it is for, how far it is planned.",
        "Nobody has registered an integration yet.",
        (
            C("name", "Integration"),
            C("kind", "Kind", "words"),
            C("owner", "Owner", "words"),
            C("purpose", "Purpose", "long"),
            C("planning_state", "State", "tag"),
            C("updated_at", "Changed", "day"),
            C("id", "Id", "mono"),
        ),
    ),
    "reports": Listing(
        "/reports",
        "Reports",
        "The weekly control report, as it was known at each time.",
        "No report has been made yet.",
        (
            C("name", "Week", "link"),
            C("as_of", "Judged at", "moment"),
            C("links", "Open as", "links"),
        ),
    ),
    "decisions": Listing(
        "/decisions",
        "Decisions",
        "What was decided or is to be decided, why, and whether the right people took part.",
        "The log is empty.",
        (
            C("title", "Decision"),
            C("context", "Context"),
            C("state", "State", "tag"),
            C("decision", "Decided"),
            C("valid", "Counts"),
            C("due", "Due", "day"),
        ),
    ),
    "backlog": Listing(
        "/backlog",
        "Backlog",
        "What is to be automated or improved, the best value for its effort first.",
        "Nobody has proposed anything yet.",
        (
            C("name", "Proposal"),
            C("kind", "Kind", "words"),
            C("practice", "Practice", "words"),
            C("worth", "Value for effort"),
            C("owner", "Owner", "words"),
            C("state", "State", "tag"),
            C("saved", "Hours saved, as estimated", "right"),
            C("hours_basis", "Estimated from"),
        ),
    ),
    "programme": Listing(
        "/programme",
        "Programme",
        "What has to be done, in its order, from discovery to adoption: who does it until when, and what speaks against it.",
        "No step matches.",
        (
            C("name", "Step", "link"),
            C("stage_title", "Stage"),
            C("practice", "Practice", "words"),
            C("owner", "Owner", "words"),
            C("due", "Due", "day"),
            C("state", "State", "tag"),
            C("missing", "Speaks against done", "listed"),
        ),
        (
            Choice("stage", "Stage", (("", "All"), *STAGES.items())),
            Choice("state", "State", (("", "All"), ("open", "Open"), ("done", "Done"), ("waived", "Waived"))),
            _PRACTICES,
        ),
    ),
    "controls": Listing(
        "/controls",
        "Controls",
        "What must be true, and whether each control still catches the violations it is tested with.",
        "There is no control.",
        (
            C("title", "Passes when", "link"),
            C("owner", "Owner", "words"),
            C("cadence", "Judged", "words"),
            C("caught", "Test violations caught"),
        ),
    ),
    "evidence": Listing(
        "/evidence",
        "Evidence",
        "Every record, in the order it was written. Open one for its exact bytes and its proof.",
        "No record matches.",
        (
            C("name", "Record", "link"),
            C("customer", "Customer"),
            C("subject", "About", "long"),
            C("index", "Place in log"),
            C("received_at", "Received", "moment"),
        ),
        (
            Choice(
                "type",
                "Kind of record",
                (
                    ("", "All"),
                    ("delivery.received", "Deliveries"),
                    ("observation.page", "Pages read"),
                    ("assessment.recorded", "Assessments"),
                    ("finding.changed", "Findings"),
                    ("hold.placed", "Holds"),
                    ("approval.decided", "Decisions on approvals"),
                    ("decision.recorded", "Decision log"),
                    ("programme.recorded", "Programme"),
                    ("sample.concluded", "Conclusions on overrides"),
                    ("action.carried_out", "Actions carried out"),
                    ("action.failed", "Actions that failed"),
                    ("access.refused", "Refused access"),
                    ("custody.read", "Evidence read"),
                    ("policy.in_force", "Policies"),
                    ("report.published", "Reports"),
                    ("run.failed", "Runs that failed"),
                ),
            ),
        ),
    ),
}
