"""Shapes of what the API answers about billing as a whole: figures, validations, the contract map, the look back."""

from __future__ import annotations

from shared.connector.shapes import (
    ANY,
    FLAG,
    INSTANT,
    INTEGER,
    MONEY,
    NUMBER,
    SUBJECT,
    TEXT,
    TEXTS,
    array,
    maybe,
    record,
)

_CAUSE = record(code=TEXT, count=INTEGER, at_stake=array(MONEY), oldest=INSTANT, accepted=INTEGER)
_BAND = record(band=TEXT, count=INTEGER, amounts=array(MONEY), hours=TEXT)
_AGREEMENT = record(
    contract=TEXT,
    customer=maybe(TEXT),
    revenue=MONEY,
    cost=maybe(MONEY),
    hours=TEXT,
    margin=maybe(NUMBER),
    revenue_per_hour=maybe(MONEY),
)
FIGURES = record(
    **{"from": INSTANT, "to": INSTANT},
    exceptions=array(_CAUSE),
    agreements=array(_AGREEMENT),
    realisation=record(n=INTEGER, value=maybe(NUMBER)),
    unbilled=array(_BAND),
    receivables=record(bands=array(_BAND), invoices_untold=INTEGER),
)

_GAPS = array(record(code=TEXT, text=TEXT))
_SCENARIO = record(id=TEXT, area=TEXT, title=TEXT, subject=SUBJECT, expected=ANY)
_OUTCOME = record(id=TEXT, verdict=TEXT, actual=maybe(ANY), differences=TEXTS)
_CYCLE = record(
    **{"as_of": INSTANT, "run_id": TEXT, "pass": INTEGER, "fail": INTEGER, "unknown": INTEGER},
    gaps=_GAPS,
    scenarios=array(_OUTCOME),
)
_HEAD = {
    "id": TEXT,
    "name": TEXT,
    "state": TEXT,
    "by": TEXT,
    "created": INSTANT,
    "ran_at": maybe(INSTANT),
    "approval_id": maybe(TEXT),
    "signed_at": maybe(INSTANT),
    "signed_by": TEXTS,
}
VALIDATION = record(**_HEAD, scenarios=array(_SCENARIO), result=maybe(_CYCLE))
VALIDATION_ROW = record(**_HEAD, scenarios=INTEGER, gaps=maybe(_GAPS))

CONTRACT_MAP = record(
    system=maybe(TEXT),
    items=array(record(old=TEXT, halo=maybe(TEXT), note=TEXT, decision_id=maybe(TEXT), state=TEXT, contracts=INTEGER)),
    complete=FLAG,
    digest=maybe(TEXT),
    unexpected=TEXTS,
    at=maybe(INSTANT),
)

_PAST = record(invoice=TEXT, customer=maybe(TEXT), date=TEXT, codes=TEXTS, amount=maybe(MONEY), text=TEXT)
LOOK_BACK = record(
    **{"period": TEXT, "from": TEXT, "to": TEXT},
    population=maybe(INTEGER),
    exceptions=INTEGER,
    complete=FLAG,
    by_cause=array(record(code=TEXT, count=INTEGER, billed=array(MONEY))),
    invoices=array(_PAST),
    at=INSTANT,
)
