from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Forbidden, Unacceptable
from shared.model import Person, Role
from shared.procedures.baselines_frozen import freeze, list_baselines
from shared.procedures.kpis import kpis_view
from tests.reports import weeks
from tests.reports.weeks import NOW, START, ticket, z

STEVE = Person("oid-9", "Steve Steering", frozenset({Role.STEERING_MEMBER}))
WEEK = {"from": "2026-11-16T00:00:00Z", "to": "2026-11-23T00:00:00Z"}


def services(hours: int = 2) -> Any:
    made = weeks.services()
    row = ticket(1, START, dateclosed=z(START + timedelta(hours=hours)))
    made.mirror.load({"Tickets": [row], "Actions": []}, NOW)
    return made


def test_what_a_period_came_to_is_frozen_once_with_date_and_method() -> None:
    """A later freezing keeps the first; what has no value is named and not frozen as zero."""
    made = services()
    first = freeze(made, STEVE, {**WEEK, "kpis": ["mttr_hours", "project_margin"]})
    made.clock.advance(days=7)
    row = ticket(1, START, dateclosed=z(START + timedelta(hours=9)))
    made.mirror.load({"Tickets": [row], "Actions": []}, made.clock.now())
    again = freeze(made, STEVE, {**WEEK, "kpis": ["mttr_hours"]})
    (held,) = list_baselines(made, STEVE)["items"]

    assert first == {"frozen": ["mttr_hours"], "kept": [], "unknown": ["project_margin"]}
    assert again == {"frozen": [], "kept": ["mttr_hours"], "unknown": []}
    assert held["value"] == 2.0
    assert held["frozen_at"] == "2026-11-23T06:00:00.000Z"
    assert held["method"].startswith(
        "measured from 2026-11-16T00:00:00.000Z to 2026-11-23T00:00:00.000Z over 1 tickets"
    )
    assert len(made.ledger.of_type("baselines.frozen")) == 1
    items = kpis_view(made, STEVE, WEEK["from"], WEEK["to"])["items"]
    assert [one["baseline"] for one in items if one["id"] == "mttr_hours" and one["practice"] is None] == [2.0]


def test_all_figures_with_a_value_are_frozen_where_none_are_named() -> None:
    """The rest is listed as unknown; together they are all figures."""
    made = services()
    told = freeze(made, STEVE, dict(WEEK))

    assert "mttr_hours" in told["frozen"]
    assert "project_margin" in told["unknown"]
    assert not told["kept"]


@pytest.mark.parametrize(
    ("person", "body", "fault"),
    [
        (Person("o", "Rae Reader", frozenset({Role.READER})), WEEK, Forbidden),
        (Person("o", "Mia", frozenset({Role.PRACTICE_MANAGER}), None, frozenset({"msp"})), WEEK, Forbidden),
        (STEVE, {**WEEK, "kpis": ["nonsense"]}, Unacceptable),
        (STEVE, {**WEEK, "kpis": "mttr_hours"}, Unacceptable),
        (STEVE, {**WEEK, "kpis": [1]}, Unacceptable),
        (STEVE, {}, Unacceptable),
        (STEVE, {"from": "yesterday", "to": WEEK["to"]}, Unacceptable),
        (STEVE, {"from": WEEK["to"], "to": WEEK["from"]}, Unacceptable),
    ],
)
def test_who_may_not_and_what_makes_no_sense_freezes_nothing(
    person: Person, body: dict[str, Any], fault: type[Exception]
) -> None:
    """A baseline counts everybody, so whoever sees a part cannot set it."""
    made = services()
    with pytest.raises(fault):
        freeze(made, person, body)

    assert list_baselines(made, STEVE)["items"] == []
