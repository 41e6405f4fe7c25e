"""A step: open ones are owned and in time, done ones stand, waived ones rest on a decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from shared.controls.programme_steps import CONTROL, StepFacts
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 23, 59, tzinfo=UTC)
STEP = StepFacts("Mail works.", "open", "oid-1", date(2026, 11, 16))


def told(facts: StepFacts) -> tuple[str, list[str]]:
    judgement = CONTROL.judge(facts, shipped_policy(), NOW)
    return judgement.verdict.value, [one.code for one in judgement.reasons]


def step(**more: Any) -> StepFacts:
    return replace(STEP, **more)


def test_an_open_step_is_in_time_to_the_end_of_its_day() -> None:
    """What it lacks is asked for when it is called done, not before."""
    assert told(step(unanswered=("Who",), waits_for=("Types.",))) == ("pass", [])
    assert told(step(due=date(2026, 11, 15))) == ("fail", ["step_overdue"])
    assert told(step(owner="", due=date(2026, 11, 15))) == ("fail", ["step_unowned", "step_overdue"])


def test_a_done_step_is_blocked_by_everything_that_speaks_against_it() -> None:
    """Each with its own code behind the one that flows wait for; a day that has passed is none of them."""
    bad = step(
        state="done",
        due=date(2026, 1, 1),
        waits_for=("Types.",),
        unanswered=("Who",),
        absent=("weekly report",),
        failing=(("desk_setup", 2),),
    )
    assert told(bad) == (
        "fail",
        ["readiness_blocked", "step_out_of_order", "step_unanswered", "step_unproven", "step_contradicted"],
    )
    assert told(step(state="done", due=date(2026, 1, 1))) == ("pass", [])


def test_a_done_step_whose_controls_judged_nothing_is_unknown() -> None:
    """Neither a pass nor a failure; what is known to be wrong comes first."""
    assert told(step(state="done", unjudged=("master_data",))) == ("unknown", ["stale_facts"])
    assert told(step(state="done", unjudged=("master_data",), unproven=True))[0] == "fail"


def test_a_waived_step_asks_nothing_while_its_decision_counts() -> None:
    """Afterwards it blocks like one that was never done."""
    assert told(step(state="waived", owner="", unanswered=("Who",))) == ("notapplicable", [])
    assert told(step(state="waived", waiver_counts=False)) == ("fail", ["readiness_blocked", "waiver_undecided"])
