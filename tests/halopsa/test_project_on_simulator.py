"""A project is made once, wherever HaloPSA broke off: every single request lost before and after it was carried out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import SourceDown
from shared.halopsa.writes import HaloWrites
from shared.model import Subject
from tests.halopsa.conftest import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shared.model import JsonObject
    from shared.ports import Halo, ReadPage
    from tests.halopsa.conftest import Simulator

pytestmark = pytest.mark.stack

PLAN: dict[str, Any] = {
    "summary": "Office rollout",
    "client_id": 3,
    "project_type": 40,
    "task_type": 41,
    "start": "2026-12-01T00:00:00Z",
    "milestones": [{"name": "Design", "sequence": 1, "target_days": 10}, {"name": "Build", "sequence": 2}],
    "budgets": [{"budget_type": 2, "hours": "40"}],
    "tasks": [
        {"name": "Draw", "group": "Design"},
        {"name": "Lay", "group": "Build"},
        {"name": "Lay", "group": "Build"},
    ],
}


class Stumbling:
    """The real client, whose n-th request is lost: never sent, or sent with the answer lost."""

    def __init__(self, halo: Halo, number: int, when: str) -> None:
        self._halo, self._left, self._when = halo, number, when
        self.struck = False

    def _lose(self, when: str) -> None:
        if when == "before":
            self._left -= 1
        if self._left == 0 and not self.struck and when == self._when:
            self.struck = True
            raise SourceDown("The connection was cut.", code="halo_unreachable")

    def pages(self, kind: str, query: Mapping[str, str] | None = None) -> Iterator[ReadPage]:
        self._lose("before")
        yield from self._halo.pages(kind, query)
        self._lose("after")

    def one(self, kind: str, record_id: str, query: Mapping[str, str] | None = None) -> ReadPage | None:
        self._lose("before")
        found = self._halo.one(kind, record_id, query)
        self._lose("after")
        return found

    def write(self, kind: str, row: JsonObject) -> JsonObject:
        self._lose("before")
        stored = self._halo.write(kind, row)
        self._lose("after")
        return stored


@pytest.mark.parametrize("when", ["before", "after"])
def test_one_whole_project_stands_whichever_request_was_lost(simulator: Simulator, when: str) -> None:
    """One project with its milestones, budgets and three tasks, each once; the third attempt adds nothing."""
    services = connect(simulator)
    number, struck = 0, True
    while struck:
        number += 1
        simulator.post("/_sim/reset", {})
        simulator.rows(
            Client=[{"id": 3, "name": "Maple Harbour Dental"}],
            TicketType=[{"id": 40, "name": "Delivery project", "use": "project"}, {"id": 41, "name": "Task"}],
        )
        halo = Stumbling(services.halo, number, when)
        make = Action(
            ActionKind.CREATE_PROJECT, "make", Subject("opportunity", "55"), "3", {"opportunity_id": 55, "plan": PLAN}
        )
        for _ in range(2):
            try:
                HaloWrites(halo, None).carry_out(make, {})  # type: ignore[arg-type]
            except SourceDown:
                continue
            break
        struck = halo.struck
        again = HaloWrites(services.halo, None).carry_out(make, {})
        assert (again["already"], again["tasks_added"], again["milestones_added"]) == (True, 0, 0), number
        rows = [row for page in services.halo.pages("Projects", {"includeclosed": "true"}) for row in page.rows]
        (project,) = [row for row in rows if row.get("createdfrom_id") == 55 or row["id"] == again["project_id"]]
        whole = services.halo.one("Tickets", str(project["id"]), {"includedetails": "true"})
        assert whole is not None
        assert [one["name"] for one in whole.rows[0]["milestones"]] == ["Design", "Build"], number
        assert len(whole.rows[0]["budgets"]) == 1
        tasks = [
            row["summary"]
            for page in services.halo.pages("Tickets", {"parent_id": str(project["id"])})
            for row in page.rows
        ]
        assert sorted(tasks) == ["Draw", "Lay", "Lay"], number
    assert number > 5
