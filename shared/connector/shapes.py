"""Shapes of the nouns people ask about, as JSON Schema: what readers of the API may rely on. More may be there than is named.

A list of many small values reads best in one piece, so this file is longer than most.
"""

from __future__ import annotations

from shared.model import JsonObject


def record(**properties: JsonObject) -> JsonObject:
    """A JSON object."""
    return {"type": "object", "properties": properties}


def array(of: JsonObject) -> JsonObject:
    """A JSON array."""
    return {"type": "array", "items": of}


def maybe(of: JsonObject) -> JsonObject:
    """The same, or null where it does not apply or is not known."""
    return {**of, "type": [of["type"], "null"]}


TEXT: JsonObject = {"type": "string"}
NUMBER: JsonObject = {"type": "number"}
INTEGER: JsonObject = {"type": "integer"}
FLAG: JsonObject = {"type": "boolean"}
INSTANT: JsonObject = {"type": "string", "format": "date-time"}
ANY: JsonObject = {"type": "object"}
TEXTS = array(TEXT)

MONEY = record(amount=TEXT, currency=TEXT)
SUBJECT = record(kind=TEXT, id=TEXT)
REASON = record(code=TEXT, text=TEXT, amount=MONEY)
PROBLEM = record(type=TEXT, title=TEXT, status=INTEGER, detail=TEXT, code=TEXT, request_id=TEXT)
RUN = record(
    run_id=TEXT,
    job=TEXT,
    period=maybe(TEXT),
    as_of=INSTANT,
    state=TEXT,
    progress=record(fraction=NUMBER, text=TEXT),
    error=maybe(record(code=TEXT, message=TEXT)),
    requested_at=INSTANT,
    finished_at=maybe(INSTANT),
    actions=record(queued=INTEGER, done=INTEGER, failed=INTEGER),
)
CONTROL = record(
    id=TEXT,
    title=TEXT,
    objective=TEXT,
    owner=TEXT,
    subject_kind=TEXT,
    cadence=TEXT,
    triggers=TEXTS,
    needs=TEXTS,
    codes=TEXTS,
    frameworks=TEXTS,
    practices=TEXTS,
    practice_scope=TEXTS,
    effectiveness=record(caught=INTEGER, total=INTEGER, missed=TEXTS),
)
FINDING = record(
    id=TEXT,
    control=TEXT,
    subject=SUBJECT,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    verdict=TEXT,
    status=TEXT,
    severity=TEXT,
    reasons=array(REASON),
    owner=TEXT,
    due=maybe(INSTANT),
    since=INSTANT,
    assessed_at=INSTANT,
    looked_at=INSTANT,
    policy_version=TEXT,
    evidence=TEXTS,
    evidence_ids=TEXTS,
    detail=ANY,
    mitigation=maybe(ANY),
    occurrence=INTEGER,
    history=array(record(occurrence=INTEGER, closed=INSTANT, mitigation=maybe(ANY))),
    override=maybe(ANY),
    feedback=maybe(ANY),
)
APPROVAL = record(
    id=TEXT,
    kind=TEXT,
    subject=SUBJECT,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    requester=TEXT,
    digest=TEXT,
    content=ANY,
    text=TEXT,
    needed=record(persons=INTEGER, roles=TEXTS),
    decisions=array(ANY),
    state=TEXT,
    created=INSTANT,
    expires=INSTANT,
    closed_at=maybe(INSTANT),
    policy_version=TEXT,
    rests_on=TEXTS,
    evidence=TEXTS,
)
HOLD = record(
    id=TEXT,
    kind=TEXT,
    subject=SUBJECT,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    state=TEXT,
    reasons=array(REASON),
    since=INSTANT,
    amount=maybe(MONEY),
    approval_id=maybe(TEXT),
    may_release=TEXTS,
    lifted_at=maybe(INSTANT),
    released_at=maybe(INSTANT),
    released_by=TEXTS,
    error=maybe(ANY),
    cost=record(money_days=maybe(TEXT), amount=maybe(MONEY)),
)
DECISION = record(
    id=TEXT,
    title=TEXT,
    context=TEXT,
    options=TEXTS,
    decision=maybe(TEXT),
    consequences=maybe(TEXT),
    practices=TEXTS,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    involved=array(ANY),
    filter=ANY,
    owner=maybe(TEXT),
    due=maybe(INSTANT),
    expires=maybe(INSTANT),
    review_date=maybe(INSTANT),
    links=TEXTS,
    state=TEXT,
    requested_by=TEXT,
    decided_by=maybe(TEXT),
    moves=INTEGER,
    created=INSTANT,
    valid=FLAG,
    codes=TEXTS,
)
BACKLOG = record(
    id=TEXT,
    title=TEXT,
    description=TEXT,
    practice=maybe(TEXT),
    customer=maybe(TEXT),
    value=INTEGER,
    effort=INTEGER,
    rank=NUMBER,
    kind=TEXT,
    owner=maybe(TEXT),
    hours_saved=maybe(NUMBER),
    hours_basis=maybe(TEXT),
    steps_removed=maybe(INTEGER),
    delivered_at=maybe(INSTANT),
    state=TEXT,
    requested_by=TEXT,
    created=INSTANT,
)
HEALTH_OF_PROJECT = record(rating=TEXT, confidence=maybe(NUMBER), tags=TEXTS, doubts=TEXTS, reasons=array(REASON))
PROJECT_ROW = record(
    id=TEXT,
    name=TEXT,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    as_of=INSTANT,
    health=HEALTH_OF_PROJECT,
    baseline=maybe(ANY),
    closed=FLAG,
    slip_days=maybe(NUMBER),
)
PROJECT = record(
    **PROJECT_ROW["properties"],
    sources=record(ev=maybe(TEXT), ac=maybe(TEXT)),
    causes=array(record(cause=TEXT, amount=MONEY)),
    gates=array(ANY),
    milestones=array(ANY),
    tasks=array(ANY),
    workstreams=array(ANY),
    periods=array(ANY),
    inputs=maybe(ANY),
    traces=maybe(ANY),
    policy_version=TEXT,
    evidence=TEXTS,
)
"""Earned value figures (pv ev ac bac and what follows from them) stand beside these by their textbook names."""
SIGNOFF = record(state=TEXT, approval_id=maybe(TEXT), by=TEXTS, at=maybe(INSTANT))
HANDOFF_ROW = record(
    id=TEXT,
    title=TEXT,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    state=TEXT,
    completeness=NUMBER,
    completeness_first=maybe(NUMBER),
    completeness_now=NUMBER,
    reasons=array(REASON),
    approval_id=maybe(TEXT),
    signoff=SIGNOFF,
    hold_id=maybe(TEXT),
    project=maybe(ANY),
    won_at=maybe(INSTANT),
    as_of=INSTANT,
    looked_at=INSTANT,
)
HANDOFF = record(
    **HANDOFF_ROW["properties"],
    checklist=array(record(item=TEXT, label=TEXT, met=FLAG, source=maybe(TEXT), reasons=array(REASON))),
    unresolved=TEXTS,
    briefing=maybe(ANY),
    inputs=maybe(ANY),
    traces=maybe(ANY),
    policy_version=TEXT,
)
INPUT = record(part=TEXT, kind=TEXT, row=maybe(TEXT), observation=TEXT)
"""A row behind a figure. ``observation`` is an evidence id, or ``unknown`` where none was kept."""
COUNTED = record(read=INTEGER, reviewed=INTEGER, microsoft=INTEGER, unreadable=INTEGER)
POPULATION = record(entra=COUNTED, halopsa=COUNTED, azure=COUNTED)
REVIEW_ITEM = record(
    id=TEXT,
    integration=record(id=TEXT, object_id=maybe(TEXT), name=TEXT),
    source=TEXT,
    permissions=array(ANY),
    least_set=maybe(TEXTS),
    removable=array(ANY),
    commands=TEXTS,
    risks=TEXTS,
    owner=maybe(TEXT),
    owner_name=maybe(TEXT),
    due=INSTANT,
    decision=maybe(ANY),
)
REVIEW_ROW = record(quarter=TEXT, state=TEXT, due=INSTANT, population=POPULATION, items_total=INTEGER)
REVIEW = record(**REVIEW_ROW["properties"], items=array(REVIEW_ITEM), next=maybe(TEXT))
INTEGRATION = record(
    id=TEXT,
    name=maybe(TEXT),
    owner=maybe(TEXT),
    purpose=maybe(TEXT),
    kind=maybe(TEXT),
    planning_state=maybe(TEXT),
    updated_at=INSTANT,
    updated_by=TEXT,
)
KPI = record(
    id=TEXT,
    practice=maybe(TEXT),
    **{"from": INSTANT, "to": INSTANT},
    n=INTEGER,
    value=maybe(NUMBER),
    unit=TEXT,
    mean=maybe(NUMBER),
    median=maybe(NUMBER),
    p90=maybe(NUMBER),
    by_priority=ANY,
    baseline=maybe(NUMBER),
    target=maybe(ANY),
    status=maybe(TEXT),
    restated=maybe(record(was=maybe(NUMBER), since=INSTANT)),
)
BASELINE = record(kpi=TEXT, value=NUMBER, frozen_at=INSTANT, method=TEXT, by=maybe(TEXT))
DELIVERY = record(file=TEXT, state=TEXT, at=INSTANT, web_url=maybe(TEXT), error=maybe(ANY))
REPORT = record(
    id=TEXT,
    kind=TEXT,
    title=TEXT,
    period=TEXT,
    as_of=INSTANT,
    practice=maybe(TEXT),
    formats=TEXTS,
    links=ANY,
    sha256=ANY,
    bytes=ANY,
    headline=array(ANY),
    evidence_id=TEXT,
    published_at=INSTANT,
    deliveries=array(DELIVERY),
)
ARTEFACT = record(period=TEXT, as_of=INSTANT, files=TEXTS, links=ANY, sha256=ANY, evidence_id=TEXT)
POLICY = record(version=TEXT, toml=TEXT, effective=ANY, decision_id=maybe(TEXT), unconfirmed=TEXTS)
EVIDENCE = record(
    id=TEXT,
    type=TEXT,
    log=TEXT,
    index=maybe(INTEGER),
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    received_at=INSTANT,
    occurred_at=maybe(INSTANT),
    sha256=TEXT,
    size=INTEGER,
    media_type=TEXT,
    subject=maybe(SUBJECT),
    controls=TEXTS,
    actor=TEXT,
)
PACK = record(
    id=TEXT,
    state=TEXT,
    progress=NUMBER,
    error=maybe(ANY),
    customer=TEXT,
    **{"from": INSTANT, "to": INSTANT},
    controls=TEXTS,
    sample=maybe(ANY),
    requested_by=TEXT,
    requested_at=INSTANT,
    pack_id=maybe(TEXT),
    items=maybe(INTEGER),
    population=maybe(INTEGER),
    size=maybe(INTEGER),
)
RECEIPTS = record(receipts=array(record(delivery_id=maybe(TEXT), evidence_id=TEXT, duplicate=FLAG, quarantined=FLAG)))
CHECKPOINT = record(log=TEXT, origin=TEXT, checkpoint=maybe(TEXT))
CHECKPOINTS = record(**CHECKPOINT["properties"], meta=CHECKPOINT)
KEY = record(vkey=TEXT, key_id=TEXT, sha256=TEXT, pem=TEXT, from_size=INTEGER, to_size=maybe(INTEGER))
SUBSCRIPTION = record(id=TEXT, event=TEXT, created=INSTANT)
TARGET = record(
    id=TEXT,
    kpi=TEXT,
    direction=TEXT,
    low=NUMBER,
    high=NUMBER,
    unit=TEXT,
    baseline=maybe(NUMBER),
    horizon_days=INTEGER,
    source=TEXT,
    due=INSTANT,
)
HEALTH = record(status=TEXT, group=TEXT, checks=ANY)
EVENT = record(
    event=TEXT,
    at=INSTANT,
    customer=maybe(TEXT),
    practice=maybe(TEXT),
    id=TEXT,
    kind=TEXT,
    title=TEXT,
    text=TEXT,
    link=TEXT,
)
