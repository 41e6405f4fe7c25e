"""JSON schemas of answers, as far as Power Automate and readers of the API need them; written by hand, kept small."""

from __future__ import annotations

from shared.model import JsonObject


def _object(**properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties}


TEXT: JsonObject = {"type": "string"}
NUMBER: JsonObject = {"type": "number"}
INTEGER: JsonObject = {"type": "integer"}
FLAG: JsonObject = {"type": "boolean"}
INSTANT: JsonObject = {"type": "string", "format": "date-time"}
ANY: JsonObject = {"type": "object"}


def array(of: JsonObject) -> JsonObject:
    """A JSON array."""
    return {"type": "array", "items": of}


MONEY = _object(amount=TEXT, currency=TEXT)
SUBJECT = _object(kind=TEXT, id=TEXT)
REASON = _object(code=TEXT, text=TEXT)
PROBLEM = _object(type=TEXT, title=TEXT, status=INTEGER, detail=TEXT, code=TEXT, request_id=TEXT)
RUN = _object(run_id=TEXT, job=TEXT, period=TEXT, as_of=INSTANT, state=TEXT, progress=ANY, error=ANY)
CONTROL = _object(
    id=TEXT,
    title=TEXT,
    objective=TEXT,
    owner=TEXT,
    cadence=TEXT,
    needs=array(TEXT),
    frameworks=array(TEXT),
    practices=array(TEXT),
    effectiveness=ANY,
)
FINDING = _object(
    id=TEXT,
    control=TEXT,
    subject=SUBJECT,
    customer=TEXT,
    practice=TEXT,
    verdict=TEXT,
    status=TEXT,
    severity=TEXT,
    reasons=array(REASON),
    owner=TEXT,
    due=INSTANT,
    since=INSTANT,
    policy_version=TEXT,
    evidence=array(TEXT),
)
APPROVAL = _object(
    id=TEXT,
    kind=TEXT,
    subject=SUBJECT,
    customer=TEXT,
    requester=TEXT,
    digest=TEXT,
    content=ANY,
    needed=_object(persons=INTEGER, roles=array(TEXT)),
    decisions=array(ANY),
    state=TEXT,
    expires=INSTANT,
    text=TEXT,
)
HOLD = _object(
    id=TEXT,
    kind=TEXT,
    subject=SUBJECT,
    customer=TEXT,
    state=TEXT,
    reasons=array(REASON),
    since=INSTANT,
    amount=MONEY,
    approval_id=TEXT,
    may_release=array(TEXT),
    cost=_object(money_days=TEXT, amount=MONEY),
)
DECISION = _object(
    id=TEXT, title=TEXT, context=TEXT, decision=TEXT, state=TEXT, owner=TEXT, due=INSTANT, valid=FLAG, codes=array(TEXT)
)
BACKLOG = _object(
    id=TEXT, title=TEXT, description=TEXT, practice=TEXT, value=INTEGER, effort=INTEGER, rank=NUMBER, state=TEXT
)
PROJECT = _object(
    id=TEXT,
    customer=TEXT,
    baseline=ANY,
    health=_object(rating=TEXT, confidence=NUMBER, tags=array(TEXT)),
    sources=ANY,
    causes=array(ANY),
    gates=array(ANY),
    workstreams=array(ANY),
    periods=array(ANY),
)
HANDOFF = _object(id=TEXT, customer=TEXT, checklist=array(ANY), completeness=ANY, signoff=ANY, project=ANY)
REVIEW = _object(quarter=TEXT, state=TEXT, due=INSTANT, population=ANY, items=array(ANY), next=TEXT)
KPI = _object(
    id=TEXT,
    practice=TEXT,
    n=INTEGER,
    value=NUMBER,
    unit=TEXT,
    mean=NUMBER,
    median=NUMBER,
    p90=NUMBER,
    by_priority=ANY,
    baseline=ANY,
    target=ANY,
    status=TEXT,
    restated=ANY,
)
DELIVERY = _object(file=TEXT, state=TEXT, at=INSTANT, web_url=TEXT, error=ANY)
REPORT = _object(period=TEXT, as_of=INSTANT, formats=array(TEXT), deliveries=array(DELIVERY))
ARTEFACT = _object(period=TEXT, as_of=INSTANT, files=array(TEXT), links=ANY, sha256=ANY, evidence_id=TEXT)
POLICY = _object(version=TEXT, toml=TEXT, decision_id=TEXT, unconfirmed=array(TEXT))
EVIDENCE = _object(
    id=TEXT, type=TEXT, log=TEXT, index=INTEGER, customer=TEXT, received_at=INSTANT, sha256=TEXT, practice=TEXT
)
PACK = _object(id=TEXT, state=TEXT, progress=ANY)
RECEIPTS = _object(receipts=array(_object(delivery_id=TEXT, evidence_id=TEXT, duplicate=FLAG, quarantined=FLAG)))
EVENT = _object(
    event=TEXT, at=INSTANT, customer=TEXT, practice=TEXT, id=TEXT, kind=TEXT, title=TEXT, text=TEXT, link=TEXT
)

_ONE: dict[str, JsonObject] = {
    "receiveDeliveries": RECEIPTS,
    "startRun": RUN,
    "getRun": RUN,
    "getControl": CONTROL,
    "getFinding": FINDING,
    "giveFeedback": FINDING,
    "requestOverride": APPROVAL,
    "mitigateFinding": FINDING,
    "getApproval": APPROVAL,
    "decideApproval": APPROVAL,
    "getHold": HOLD,
    "addDecision": DECISION,
    "addBacklog": BACKLOG,
    "getProject": PROJECT,
    "putBaseline": PROJECT,
    "submitGate": APPROVAL,
    "getHandoff": HANDOFF,
    "getReview": REVIEW,
    "getPolicy": POLICY,
    "putPolicy": POLICY,
    "getEvidence": EVIDENCE,
    "createPack": PACK,
    "getPack": PACK,
}
_MANY: dict[str, JsonObject] = {
    "listControls": CONTROL,
    "listFindings": FINDING,
    "listApprovals": APPROVAL,
    "listHolds": HOLD,
    "listDecisions": DECISION,
    "listBacklog": BACKLOG,
    "listProjects": PROJECT,
    "listHandoffs": HANDOFF,
    "listReviews": REVIEW,
    "getKpis": KPI,
    "listReports": REPORT,
    "listArtefacts": ARTEFACT,
    "listEvidence": EVIDENCE,
    "listIntegrations": ANY,
}


def answer_of(operation_id: str) -> JsonObject:
    """The schema of an operation's good answer."""
    if operation_id in _MANY:
        return _object(items=array(_MANY[operation_id]), next=TEXT)
    return _ONE.get(operation_id, ANY)
