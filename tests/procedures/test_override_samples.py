"""A month's sample of overrides is worked on by others than who asked and gave, and watched."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import Forbidden, NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures.override_samples import conclude, list_samples, sample_view, watch_samples
from shared.procedures.override_sampling import override_sampling_run
from shared.procedures.runs import Run
from shared.registers import approvals, findings
from tests.harness.services import FakeServices

STELLA = Person("stella", "Stella Fictive", frozenset({Role.STEERING_MEMBER}))
MIA = Person("mia", "Mia Fictive", frozenset({Role.PRACTICE_MANAGER}))
PAT = Person("pat", "Pat Fictive", frozenset({Role.PRACTICE_MANAGER}))
NARROW = Person("nat", "Nat Fictive", frozenset({Role.STEERING_MEMBER}), practices=frozenset({"msp"}))
DECEMBER = datetime(2026, 12, 3, 9, tzinfo=UTC)
YES = {"conclusion": "justified", "note": "The customer asked for it in writing."}


@pytest.fixture
def services() -> FakeServices:
    """One override of November, asked for by Mia and given by Pat; one of December, which is not over."""
    services = FakeServices()
    services.clock.at = DECEMBER
    for number, closed in (("a-1", "2026-11-20T09:00:00.000Z"), ("a-2", "2026-12-01T09:00:00.000Z")):
        approvals.register(services.rows).put(
            number,
            {
                "id": number,
                "kind": "override",
                "state": "approved",
                "subject": {"kind": "finding", "id": "f-1"},
                "customer": "12",
                "requester": "mia",
                "content": {"rationale": "Known.", "expires": "2026-12-20T00:00:00Z"},
                "decisions": [{"by": "pat", "decision": "approve"}],
                "created": "2026-11-19T09:00:00.000Z",
                "closed_at": closed,
            },
        )
    return services


def draw(services: FakeServices) -> None:
    override_sampling_run(services, Run("r-1", "override_sampling", "2026-11", services.clock.now(), "omar"))


def judged(services: FakeServices, at: datetime) -> dict[str, list[str]]:
    watch_samples(services, Run("r-2", "configuration_check", None, at, "omar"))
    rows = findings.of_control(services.rows, "overrides_sampled")
    return {row["subject"]["id"]: [one["code"] for one in row["reasons"]] for row in rows}


def test_others_than_who_asked_and_gave_conclude(services: FakeServices) -> None:
    """A flow, the requester and the approver do not; a later conclusion takes the place of the former."""
    draw(services)
    flow = Person("flow", "A flow", frozenset({Role.STEERING_MEMBER}), is_application=True)
    for person in (MIA, PAT, flow):
        with pytest.raises(Forbidden):
            conclude(services, person, "2026-11", "a-1", YES)
    assert sample_view(services, STELLA, "2026-11")["open"] == 1
    conclude(services, STELLA, "2026-11", "a-1", {**YES, "conclusion": "unclear"})
    row = conclude(services, STELLA, "2026-11", "a-1", YES)
    assert (row["open"], row["sample"][0]["conclusion"]["conclusion"]) == (0, "justified")
    assert [entry.type for _, entry in services.ledger.entries].count("sample.concluded") == 2
    draw(services)
    assert sample_view(services, STELLA, "2026-11")["open"] == 0


@pytest.mark.parametrize(
    "body", [{}, {"conclusion": "fine", "note": "x"}, {"conclusion": "justified", "note": " "}, {**YES, "more": 1}]
)
def test_a_conclusion_is_one_of_three_words_and_says_why(services: FakeServices, body: dict[str, Any]) -> None:
    """Anything else is refused."""
    draw(services)
    with pytest.raises(Unacceptable) as refused:
        conclude(services, STELLA, "2026-11", "a-1", body)
    assert refused.value.code == "conclusion_invalid"


def test_samples_are_about_everybody_and_seen_by_who_sees_everything(services: FakeServices) -> None:
    """To others there are none, and an override that was not drawn is in no sample."""
    draw(services)
    assert [one["period"] for one in list_samples(services, STELLA, 10, None)["items"]] == ["2026-11"]
    assert list_samples(services, NARROW, 10, None)["items"] == []
    for person, period, item in ((NARROW, "2026-11", "a-1"), (STELLA, "2026-10", "a-1"), (STELLA, "2026-11", "a-2")):
        with pytest.raises(NotFound):
            conclude(services, person, period, item, YES)


def test_a_month_that_is_over_is_watched_until_it_is_drawn_and_answered(services: FakeServices) -> None:
    """The running month is not; a month in which nothing was let pass needs no sample."""
    assert judged(services, DECEMBER) == {"2026-11": []}
    assert judged(services, datetime(2026, 12, 7, tzinfo=UTC)) == {"2026-11": ["sample_missing"]}
    draw(services)
    assert judged(services, datetime(2026, 12, 7, tzinfo=UTC)) == {"2026-11": []}
    assert judged(services, datetime(2026, 12, 22, tzinfo=UTC)) == {"2026-11": ["sample_unanswered"]}


def test_what_was_not_justified_is_a_finding_until_it_has_run_out(services: FakeServices) -> None:
    """An override that expired lets nothing pass any more."""
    draw(services)
    conclude(services, STELLA, "2026-11", "a-1", {"conclusion": "unjustified", "note": "Nobody knew."})
    assert judged(services, DECEMBER) == {"2026-11": ["override_unjustified"]}
    assert judged(services, datetime(2026, 12, 20, tzinfo=UTC)) == {"2026-11": []}
