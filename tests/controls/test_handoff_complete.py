"""What the checklist control says of synthetic handoffs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from shared.controls.handoff_complete import CONTROL
from shared.measures.handoff_canary import empty
from shared.measures.handoff_facts import ITEMS, QuoteFacts
from shared.measures.handoff_score import HandoffStatus, checklist, completeness
from shared.model import Severity, Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def whole(**more) -> HandoffStatus:
    quote = QuoteFacts("77", "Office", accepted=True, signed=True, name="Cora Fictive", at=NOW, total=Decimal(1000),
                       currency="CAD", scope="", risk="")  # fmt: skip
    facts = replace(
        empty(POLICY, NOW).facts, profit=Decimal(300), quotes=(quote,), unresolved=(), kickoffs=(), projects=(),
        texts=tuple((item, "Said.") for item in ITEMS), sources=tuple((item, "https://files.example.test") for item in ITEMS),
    )  # fmt: skip
    facts = replace(facts, **more)
    return HandoffStatus(facts, checklist(facts, POLICY), frozenset(), None, None)


def judged(status):
    return CONTROL.judge(status, POLICY, NOW)


def test_a_complete_handoff_passes():
    """All five items."""
    assert judged(whole()).verdict is Verdict.PASS
    assert completeness(whole().items) == 1


def test_an_empty_one_fails_with_everything_named():
    """Of high severity: delivery would inherit it."""
    judgement = judged(empty(POLICY, NOW))
    assert (judgement.verdict, judgement.severity) == (Verdict.FAIL, Severity.HIGH)
    assert {reason.code for reason in judgement.reasons} == {
        "scope_unsigned", "margin_below_floor", "assumptions_missing", "assumption_unresolved", "dependencies_missing",
        "acceptance_missing", "source_link_missing",
    }  # fmt: skip
    assert completeness(empty(POLICY, NOW).items) == 0


def test_only_unknown_things_are_unknown():
    """No value: nobody can say what the margin is."""
    assert judged(whole(value=None)).verdict is Verdict.UNKNOWN


def test_what_was_excepted_does_not_count():
    """Two persons took it upon themselves; the score still tells."""
    status = replace(whole(profit=Decimal(1)), waived=frozenset({"margin_below_floor"}))
    assert judged(status).verdict is Verdict.PASS
    assert completeness(status.items) == Decimal("0.8")


def test_a_deal_that_is_not_won_is_not_judged():
    """Open again, or lost."""
    status = empty(POLICY, NOW)
    assert judged(replace(status, facts=replace(status.facts, won=False))).verdict is Verdict.NOT_APPLICABLE


def test_a_link_is_a_web_address():
    """A remark is no source document."""
    status = whole(sources=tuple((item, "ask Cora") for item in ITEMS))
    assert {reason.code for reason in judged(status).reasons} == {"source_link_missing"}
