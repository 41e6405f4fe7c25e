"""Every HTTP operation as data: one table that routes are checked against and the OpenAPI documents are made from."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from shared.connector import bodies
from shared.model import Role

R = Role
EVERY_ROLE = frozenset(Role)
DECIDERS = frozenset(
    {R.PRACTICE_MANAGER, R.DELIVERY_MANAGER, R.SALES_MANAGER, R.FINANCE, R.INCIDENT_COMMANDER, R.STEERING_MEMBER}
)
EVIDENCE = frozenset({R.AUDITOR, R.STEERING_MEMBER, R.ADMINISTRATOR})
RUNNERS = frozenset({R.OPERATOR, R.ADMINISTRATOR})
WRITERS = EVERY_ROLE - {R.READER, R.AUDITOR}
REQUESTERS = EVERY_ROLE - {R.READER}
PEOPLE = WRITERS - {R.AUTOMATION}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter. ``kind``: text, instant, integer, or one of ``values``."""

    name: str
    about: str
    kind: str = "text"
    values: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path."""

    id: str
    method: str
    path: str
    summary: str
    roles: frozenset[Role] | None
    """Who may call; None means anybody (public or with credentials of its own)."""
    query: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    answers: tuple[int, ...] = (200,)
    media: str = "application/json"
    connector: bool = False
    """Offered to Power Automate as an action."""
    tag: str = "General"


LIMIT = Parameter("limit", "At most so many items, 1 to 500; 100 when left out.", "integer")
NEXT = Parameter("next", "The token of the page before.")
CUSTOMER = Parameter("customer", "HaloPSA client id.")
PRACTICE = Parameter("practice", "Policy key of a practice.")
FROM = Parameter("from", "Beginning, included.", "instant")
TO = Parameter("to", "End, not included.", "instant")
AS_OF = Parameter("as_of", "As it was recorded for the latest time not after this.", "instant")
VERDICT = Parameter("verdict", "Verdict.", "text", ("pass", "fail", "error", "unknown", "notapplicable", "notchecked"))
STATUS = Parameter("status", "Status.", "text", ("open", "mitigating", "overridden", "closed"))
PAGED = (LIMIT, NEXT)
FORMATS = ("json", "html", "pdf", "xlsx", "docx", "pptx", "csv")


def _op(
    identity: str,
    line: str,
    summary: str,
    roles: frozenset[Role] | None = EVERY_ROLE,
    *query: Parameter,
    body: type[BaseModel] | None = None,
    answers: tuple[int, ...] = (200,),
    media: str = "application/json",
    connector: bool = False,
    tag: str = "General",
) -> Operation:
    method, path = line.split(" ")
    return Operation(identity, method, path, summary, roles, query, body, answers, media, connector, tag)


OPERATIONS: tuple[Operation, ...] = (
    _op(
        "receiveDeliveries",
        "POST /api/webhooks/halopsa/{source}",
        "Take in HaloPSA's webhooks.",
        None,
        Parameter("secret", "The source's path secret, where it has one."),
        body=bodies.FreeBody,
        answers=(200, 400, 401, 404, 409, 413, 415, 503),
        tag="Intake",
    ),
    _op(
        "startRun",
        "POST /api/runs",
        "Start a job.",
        RUNNERS,
        body=bodies.RunBody,
        answers=(202,),
        connector=True,
        tag="Runs",
    ),
    _op("getRun", "GET /api/runs/{id}", "How a run stands.", connector=True, tag="Runs"),
    _op("listControls", "GET /api/controls", "The catalogue of controls.", tag="Controls"),
    _op("getControl", "GET /api/controls/{id}", "One control.", tag="Controls"),
    _op(
        "listFindings",
        "GET /api/findings",
        "Findings.",
        EVERY_ROLE,
        Parameter("control", "Control id."),
        PRACTICE,
        CUSTOMER,
        VERDICT,
        STATUS,
        Parameter("code", "Reason code."),
        FROM,
        TO,
        *PAGED,
        connector=True,
        tag="Findings",
    ),
    _op("getFinding", "GET /api/findings/{id}", "One finding.", connector=True, tag="Findings"),
    _op(
        "giveFeedback",
        "POST /api/findings/{id}/feedback",
        "Say whether a finding is right.",
        REQUESTERS,
        body=bodies.FeedbackBody,
        tag="Findings",
    ),
    _op(
        "requestOverride",
        "POST /api/findings/{id}/override",
        "Ask that a finding be accepted for a time.",
        REQUESTERS,
        body=bodies.OverrideBody,
        answers=(201,),
        connector=True,
        tag="Findings",
    ),
    _op(
        "mitigateFinding",
        "POST /api/findings/{id}/mitigation",
        "Name owner, plan and recovery date.",
        PEOPLE,
        body=bodies.MitigationBody,
        tag="Findings",
    ),
    _op(
        "listApprovals",
        "GET /api/approvals",
        "Approvals.",
        EVERY_ROLE,
        Parameter("state", "State.", "text", ("open", "approved", "rejected", "expired", "void")),
        Parameter("kind", "Kind of approval."),
        CUSTOMER,
        *PAGED,
        connector=True,
        tag="Approvals",
    ),
    _op(
        "getApproval",
        "GET /api/approvals/{id}",
        "One approval: what exactly is approved, by whom so far.",
        connector=True,
        tag="Approvals",
    ),
    _op(
        "decideApproval",
        "POST /api/approvals/{id}/decisions",
        "Approve or reject.",
        DECIDERS,
        body=bodies.ApprovalDecisionBody,
        answers=(200, 409, 410),
        tag="Approvals",
    ),
    _op(
        "listHolds",
        "GET /api/holds",
        "What is held back.",
        EVERY_ROLE,
        Parameter("kind", "Kind of hold."),
        CUSTOMER,
        Parameter("state", "State.", "text", ("held", "released")),
        *PAGED,
        connector=True,
        tag="Holds",
    ),
    _op("getHold", "GET /api/holds/{id}", "One hold, with its cost so far.", connector=True, tag="Holds"),
    _op("listDecisions", "GET /api/decisions", "The decision log.", EVERY_ROLE, *PAGED, tag="Decisions"),
    _op(
        "addDecision",
        "POST /api/decisions",
        "Add to the decision log.",
        WRITERS,
        body=bodies.DecisionBody,
        answers=(201,),
        connector=True,
        tag="Decisions",
    ),
    _op(
        "listBacklog",
        "GET /api/backlog",
        "The automation and enhancement backlog.",
        EVERY_ROLE,
        *PAGED,
        tag="Decisions",
    ),
    _op(
        "addBacklog",
        "POST /api/backlog",
        "Add to the backlog.",
        WRITERS,
        body=bodies.BacklogBody,
        answers=(201,),
        connector=True,
        tag="Decisions",
    ),
    _op(
        "listProjects",
        "GET /api/projects",
        "Projects and how they stand.",
        EVERY_ROLE,
        AS_OF,
        CUSTOMER,
        *PAGED,
        tag="Projects",
    ),
    _op(
        "getProject",
        "GET /api/projects/{id}",
        "Baseline, health, earned value and its causes.",
        EVERY_ROLE,
        AS_OF,
        connector=True,
        tag="Projects",
    ),
    _op(
        "putBaseline",
        "PUT /api/projects/{id}/baseline",
        "Freeze a project's baseline.",
        frozenset({R.PRACTICE_MANAGER, R.DELIVERY_MANAGER, R.ADMINISTRATOR}),
        body=bodies.FreeBody,
        answers=(200, 201, 409),
        tag="Projects",
    ),
    _op(
        "submitGate",
        "POST /api/projects/{id}/gates/{gate}",
        "Submit a stage gate's evidence pack.",
        PEOPLE,
        body=bodies.FreeBody,
        answers=(201,),
        tag="Projects",
    ),
    _op(
        "submitCloseout",
        "POST /api/projects/{id}/closeout",
        "Submit a closed project's closing review.",
        PEOPLE,
        body=bodies.FreeBody,
        answers=(201,),
        tag="Projects",
    ),
    _op("listHandoffs", "GET /api/handoffs", "Closed-won handoffs.", EVERY_ROLE, *PAGED, tag="Handoffs"),
    _op(
        "getHandoff",
        "GET /api/handoffs/{id}",
        "Checklist, completeness, sign-off and project of a handoff.",
        connector=True,
        tag="Handoffs",
    ),
    _op(
        "requestException",
        "POST /api/handoffs/{id}/exception",
        "Ask that an incomplete handoff be accepted; two persons decide.",
        REQUESTERS - {R.AUDITOR},
        body=bodies.FreeBody,
        answers=(201,),
        tag="Handoffs",
    ),
    _op(
        "getBriefing",
        "GET /api/handoffs/{id}/briefing/{format}",
        "The briefing for delivery, as html or docx.",
        media="application/octet-stream",
        tag="Handoffs",
    ),
    _op("listReviews", "GET /api/reviews", "Permission reviews.", EVERY_ROLE, *PAGED, tag="Reviews"),
    _op("getReview", "GET /api/reviews/{quarter}", "One quarter's review.", EVERY_ROLE, *PAGED, tag="Reviews"),
    _op(
        "attestItem",
        "POST /api/reviews/{quarter}/items/{item}/attestation",
        "Keep, reduce, revoke or defer.",
        frozenset({R.INTEGRATION_OWNER, R.STEERING_MEMBER}),
        body=bodies.AttestationBody,
        tag="Reviews",
    ),
    _op(
        "listIntegrations",
        "GET /api/integrations",
        "The register of integrations people keep.",
        EVERY_ROLE,
        *PAGED,
        tag="Reviews",
    ),
    _op(
        "putIntegrations",
        "PUT /api/integrations",
        "Replace or add rows of the register of integrations.",
        frozenset({R.INTEGRATION_OWNER, R.ADMINISTRATOR}),
        body=bodies.FreeBody,
        tag="Reviews",
    ),
    _op(
        "getKpis",
        "GET /api/kpis",
        "Figures of a period.",
        EVERY_ROLE,
        Parameter("from", "Beginning, included.", "instant", (), True),
        Parameter("to", "End, not included.", "instant", (), True),
        PRACTICE,
        CUSTOMER,
        connector=True,
        tag="Figures",
    ),
    _op(
        "addTarget",
        "POST /api/targets",
        "Set a target, if it makes sense.",
        frozenset({R.PRACTICE_MANAGER, R.STEERING_MEMBER, R.ADMINISTRATOR}),
        body=bodies.FreeBody,
        answers=(201, 422),
        tag="Figures",
    ),
    _op("listReports", "GET /api/reports", "Reports.", EVERY_ROLE, *PAGED, connector=True, tag="Reports"),
    _op(
        "getReport",
        "GET /api/reports/weekly/{period}/{format}",
        "A weekly control report.",
        EVERY_ROLE,
        AS_OF,
        media="application/octet-stream",
        tag="Reports",
    ),
    _op("getPolicy", "GET /api/policy", "The policy in force.", EVERY_ROLE, tag="Policy"),
    _op(
        "putPolicy",
        "PUT /api/policy",
        "Bring a new policy into force.",
        frozenset({R.ADMINISTRATOR}),
        body=bodies.PolicyBody,
        tag="Policy",
    ),
    _op(
        "listEvidence",
        "GET /api/evidence",
        "Evidence records.",
        EVIDENCE,
        CUSTOMER,
        Parameter("type", "Type of record."),
        Parameter("control", "Control id."),
        Parameter("subject", "Subject as kind:id."),
        FROM,
        TO,
        *PAGED,
        tag="Evidence",
    ),
    _op("getEvidence", "GET /api/evidence/{id}", "One evidence record.", EVIDENCE, tag="Evidence"),
    _op(
        "getEvidenceContent",
        "GET /api/evidence/{id}/content",
        "Exact bytes as received.",
        EVIDENCE,
        media="application/octet-stream",
        tag="Evidence",
    ),
    _op(
        "getEvidenceProof",
        "GET /api/evidence/{id}/proof",
        "c2sp.org/tlog-proof@v1.",
        EVIDENCE,
        media="text/plain",
        tag="Evidence",
    ),
    _op(
        "createPack",
        "POST /api/packs",
        "Make an evidence pack.",
        frozenset({R.AUDITOR, R.ADMINISTRATOR}),
        body=bodies.FreeBody,
        answers=(202,),
        tag="Evidence",
    ),
    _op("getPack", "GET /api/packs/{id}", "How a pack stands.", EVIDENCE, tag="Evidence"),
    _op(
        "downloadPack",
        "GET /api/packs/{id}/download",
        "The pack.",
        EVIDENCE,
        media="application/zip",
        answers=(200, 206, 302),
        tag="Evidence",
    ),
    _op(
        "getCheckpoint",
        "GET /api/ledger/checkpoints",
        "Newest checkpoint of a log and of the meta-log.",
        EVERY_ROLE,
        Parameter("log", "Log id."),
        tag="Evidence",
    ),
    _op("getKeys", "GET /api/ledger/keys", "Verifier keys.", EVERY_ROLE, tag="Evidence"),
    _op(
        "addUsage",
        "POST /api/usage/{supplier}",
        "Take in a supplier's usage file (CSV).",
        frozenset({R.FINANCE, R.OPERATOR}),
        Parameter("period", "Month, such as 2026-11.", "text", (), True),
        answers=(202,),
        tag="Billing",
    ),
    _op(
        "subscribe",
        "POST /api/subscriptions",
        "Subscribe a callback address to an event.",
        WRITERS | {R.AUTOMATION},
        body=bodies.SubscriptionBody,
        answers=(201,),
        tag="Subscriptions",
    ),
    _op(
        "subscribeToEvent",
        "POST /api/subscriptions/{id}",
        "Subscribe a flow to the event the path names.",
        WRITERS | {R.AUTOMATION},
        body=bodies.TriggerBody,
        answers=(201,),
        tag="Subscriptions",
    ),
    _op(
        "unsubscribe",
        "DELETE /api/subscriptions/{id}",
        "Take a subscription back.",
        WRITERS | {R.AUTOMATION},
        answers=(204,),
        tag="Subscriptions",
    ),
    _op(
        "getHealth",
        "GET /api/health",
        "Whether settings load, storage answers and the ledger's head verifies.",
        None,
        tag="General",
    ),
    _op("getOpenapi", "GET /api/openapi.json", "This API, OpenAPI 3.1.", None, tag="General"),
    _op(
        "getConnector",
        "GET /api/connector.json",
        "This API as Power Automate imports it, OpenAPI 2.0.",
        None,
        tag="General",
    ),
)

TRIGGERS: tuple[tuple[str, str, str], ...] = (
    ("WhenApprovalRequested", "approval_requested", "When an approval is requested"),
    ("WhenHoldPlaced", "hold_placed", "When a hold is placed"),
    ("WhenFindingOpened", "finding_opened", "When a finding is opened"),
    ("WhenReportReady", "report_ready", "When a report is ready"),
    ("WhenReviewItemAssigned", "review_item_assigned", "When a review item is assigned"),
)
"""Power Automate triggers: operation id, event, summary. Each posts to /api/subscriptions/{event}."""

BY_ID: dict[str, Operation] = {operation.id: operation for operation in OPERATIONS}
