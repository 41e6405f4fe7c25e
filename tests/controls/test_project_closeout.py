"""What the closing control says of synthetic projects."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.controls.project_closeout import CONTROL
from shared.measures.project_canary import overspent, unreviewed
from shared.measures.project_facts import TimeTotals
from shared.model import Verdict
from shared.policy.document import shipped_policy

NOW = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
POLICY = shipped_policy()


def judged(status):
    return CONTROL.judge(status, POLICY, NOW).verdict


def finished(**more):
    """The canary with its task closed; ``more`` are facts that differ."""
    status = unreviewed(POLICY, NOW)
    (task,) = status.facts.tasks
    done = {"tasks": (replace(task, closed=True, completion=Decimal(1), **more.pop("task", {})),)}
    return replace(status, reviewed=True, facts=replace(status.facts, **(done | more)))


def test_a_closed_project_without_its_review_fails():
    """Until it is recorded."""
    assert judged(replace(finished(), reviewed=False)) is Verdict.FAIL
    assert judged(finished()) is Verdict.PASS


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"tasks": unreviewed(POLICY, NOW).facts.tasks}, "closeout_tasks_open"),
        ({"todo": ("Send the keys",)}, "closeout_todo_open"),
        ({"task": {"time": TimeTotals(unbilled=Decimal("2.5"))}}, "closeout_unbilled"),
        ({"own": TimeTotals(unbilled=Decimal(1))}, "closeout_unbilled"),
        ({"milestones": (replace(unreviewed(POLICY, NOW).facts.milestones[0], unbilled=True),)}, "closeout_unbilled"),
    ],
)
def test_what_was_left_open_or_unbilled_is_named(more, code):
    """Closing means that nothing is left to do or to charge."""
    found = CONTROL.judge(finished(**more), POLICY, NOW)
    assert [reason.code for reason in found.reasons] == [code]


def test_open_and_unplanned_projects_have_nothing_to_review():
    """Not applicable."""
    assert judged(overspent(POLICY, NOW)) is Verdict.NOT_APPLICABLE
    assert judged(replace(unreviewed(POLICY, NOW), baseline=None)) is Verdict.NOT_APPLICABLE
