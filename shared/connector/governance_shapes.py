"""What operations of governance answer with: steps of the programme, samples of overrides."""

from __future__ import annotations

from shared.connector.shapes import ANY, FLAG, INSTANT, INTEGER, REASON, SUBJECT, TEXT, TEXTS, array, maybe, record

CONCLUSION = record(
    period=TEXT, approval_id=TEXT, conclusion=TEXT, note=TEXT, by=TEXT, at=INSTANT, evidence_id=maybe(TEXT)
)
SAMPLED = record(
    id=TEXT,
    kind=TEXT,
    subject=SUBJECT,
    customer=maybe(TEXT),
    requester=TEXT,
    content=ANY,
    decisions=array(ANY),
    created=INSTANT,
    closed_at=maybe(INSTANT),
    conclusion=maybe(CONCLUSION),
)
SAMPLE = record(
    id=TEXT,
    period=TEXT,
    run_id=TEXT,
    seed=TEXT,
    seed_recorded_at=INSTANT,
    seeded_beforehand=FLAG,
    population=INTEGER,
    population_ids=TEXTS,
    size=INTEGER,
    sample=array(SAMPLED),
    open=INTEGER,
)
STEP = record(
    id=TEXT,
    step=TEXT,
    stage=TEXT,
    stage_title=TEXT,
    title=TEXT,
    practice=maybe(TEXT),
    customer=maybe(TEXT),
    role=TEXT,
    signs=maybe(TEXT),
    second=FLAG,
    after=TEXTS,
    asks=TEXTS,
    controls=TEXTS,
    stands=TEXTS,
    owner=maybe(TEXT),
    due=maybe(TEXT),
    state=TEXT,
    answers=ANY,
    evidence=TEXTS,
    decision_id=maybe(TEXT),
    done_by=maybe(TEXT),
    done_at=maybe(INSTANT),
    evidence_id=maybe(TEXT),
    codes=TEXTS,
    against=array(REASON),
    unjudged=TEXTS,
)
