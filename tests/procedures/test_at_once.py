"""Two instances do the same thing at once, or one dies half way: it happens once, and evidence says what the registers say."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import AttestError, Conflict, SourceDown, SourceRejected, StorageUnavailable
from shared.model import Person, Role, Subject
from shared.ports import Place
from shared.procedures import act, governance, runs
from shared.procedures.ask import Question, ask, withdraw
from shared.procedures.closeouts import submit_closeout
from shared.procedures.deliver import Delivery, deliveries, plan_deliveries
from shared.procedures.deliver import on_carried_out as on_delivered
from shared.procedures.invoices_left import _began
from shared.procedures.plan import QUEUE, queue_actions, register, row_key
from shared.procedures.targets import post_target
from shared.registers import approvals, targets
from shared.registers import projects as projects_register
from shared.registers.decisions import backlog, decisions
from shared.registers.store import Register
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NORA = Person("oid-nora", "Nora Fictive", frozenset({Role.ADMINISTRATOR, Role.STEERING_MEMBER}))
MIA = Person("oid-mia", "Mia Pretend", frozenset({Role.ADMINISTRATOR, Role.STEERING_MEMBER}))
CROSSINGS = [(one, other) for one in range(7) for other in range(7)]
crossing = pytest.mark.parametrize("steps", CROSSINGS)


class Failing:
    """A port whose call of one number from now on fails, before or after it took effect."""

    def __init__(self, real: Any, tick: Callable[[], str | None]) -> None:
        self._real = real
        self._tick = tick

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._real, name)
        if name not in ("insert", "upsert", "replace", "delete", "transact", "send", "record", "record_many", "put"):
            return value

        def call(*args: Any, **more: Any) -> Any:
            how = self._tick()
            if how == "before":
                raise StorageUnavailable("It did not happen.")
            answer = value(*args, **more)
            if how == "after":
                raise StorageUnavailable("The answer was lost.")
            return answer

        return call


def deaths(make: Callable[[], FakeServices], work: Callable[[FakeServices], object]) -> Iterator[FakeServices]:
    """``work`` killed at each of its writes in turn, before and after it, and then begun again by somebody."""
    for how in ("before", "after"):
        number = 0
        while True:
            number += 1
            services = make()
            real = services.rows, services.queues, services.ledger
            left = [number]

            def tick(left: list[int] = left, how: str = how) -> str | None:
                left[0] -= 1
                return how if left[0] == 0 else None

            services.rows, services.queues, services.ledger = (Failing(one, tick) for one in real)
            try:
                work(services)
            except StorageUnavailable:
                services.rows, services.queues, services.ledger = real
            else:
                break
            services.clock.advance(minutes=5)
            with suppress(Conflict):
                work(services)
            yield services


def said(services: FakeServices, kind: str) -> list[dict[str, Any]]:
    return [json.loads(entry.payload) for entry in services.ledger.of_type(kind)]


def open_one(services: FakeServices) -> str:
    return governance.open_decision(services, title="Which way?", context="", requester="service", key="fork")


@crossing
def test_a_decision_is_opened_once(steps: tuple[int, int]) -> None:
    """Two runs find the same thing undecided: one decision, one entry, neither run fails."""
    services = FakeServices()
    turns, other = services.beside()

    def later() -> None:
        services.clock.advance(seconds=1)
        open_one(other)

    turns.play(lambda: open_one(services), later, steps)
    rows = list(decisions(services.rows).all())
    assert said(services, "decision.recorded") == rows
    assert len(rows) == 1


def test_a_decision_whose_opening_died_is_opened_by_the_next_run() -> None:
    """What was recorded first is what stands in the log of decisions."""
    count = 0
    for services in deaths(FakeServices, open_one):
        count += 1
        assert said(services, "decision.recorded") == list(decisions(services.rows).all())
    assert count == 4


def opened() -> FakeServices:
    services = FakeServices()
    open_one(services)
    return services


@crossing
def test_a_decision_is_settled_once(steps: tuple[int, int]) -> None:
    """Two runs find that nobody needs to decide any more, each with its own reason: one entry, and it is the row's."""
    services = opened()
    turns, other = services.beside()
    turns.play(
        lambda: governance.settle_decision(services, "fork", "It is within its baseline again."),
        lambda: governance.settle_decision(other, "fork", "It was settled in HaloPSA."),
        steps,
    )
    assert said(services, "decision.settled") == list(decisions(services.rows).all())


def test_a_decision_whose_settling_died_is_settled_by_the_next_run_and_may_come_up_again() -> None:
    """Settled, open and settled once more: each is told once."""

    def three(services: FakeServices) -> None:
        governance.settle_decision(services, "fork", "It is within its baseline again.")
        open_one(services)
        governance.settle_decision(services, "fork", "It is within its baseline again.")

    for services in deaths(opened, three):
        (row,) = decisions(services.rows).all()
        assert row["state"] == "settled"
        told = said(services, "decision.settled") + said(services, "decision.reopened")
        assert sorted(one["moves"] for one in told) == list(range(1, row["moves"] + 1))


def started(services: FakeServices) -> str:
    return str(runs.start(services, job="sync", period=None, as_of=None, requested_by="clock")["run_id"])


@crossing
def test_a_run_that_is_carried_out_twice_at_once_ends_once(steps: tuple[int, int]) -> None:
    """Its message came twice; one attempt fails: the row says what the evidence says, and nothing rises."""
    services = FakeServices()
    run_id = started(services)
    turns, other = services.beside()

    def down(_services: Any, _run: Any) -> Any:
        services.clock.advance(seconds=1)
        raise SourceDown("HaloPSA does not answer.")

    turns.play(
        lambda: runs.execute(services, run_id, lambda _job: lambda _services, _run: {"rows": 1}),
        lambda: runs.execute(other, run_id, lambda _job: down),
        steps,
    )
    held = runs.register(services).get(run_id)
    assert held is not None
    ends = said(services, "run.succeeded") + said(services, "run.failed")
    assert ends == [{key: value for key, value in held.body.items() if key != "progress"}]
    assert held.body["state"] == ("succeeded" if said(services, "run.succeeded") else "failed")


def test_a_run_whose_end_was_not_recorded_records_it_when_its_message_comes_again() -> None:
    """Killed between the row and the evidence: the end is evidence all the same, and the job counts as ended well."""
    made: list[str] = []

    def make() -> FakeServices:
        services = FakeServices()
        made.append(started(services))
        return services

    for services in deaths(make, lambda each: runs.execute(each, made[-1], lambda _job: lambda *_: {"rows": 1})):
        assert [one["run_id"] for one in said(services, "run.succeeded")] == [made[-1]]
        assert "sync" in runs.ended_well(services)


def asked(services: FakeServices) -> str:
    question = Question(
        kind="invoice_release",
        subject=Subject("recurring_invoice", "-1"),
        customer="12",
        practice=None,
        content={"total": "1"},
        requester="service",
        text="Release it.",
    )
    return str(ask(services, question)["id"])


@crossing
def test_a_request_withdrawn_for_two_reasons_at_once_is_void_for_one(steps: tuple[int, int]) -> None:
    """Neither of the two fails, and evidence tells the reason that stands."""
    services = FakeServices()
    request = asked(services)
    turns, other = services.beside()
    turns.play(
        lambda: withdraw(services, request, "It changed."), lambda: withdraw(other, request, "It is gone."), steps
    )
    held = approvals.register(services.rows).get(request)
    assert held is not None
    assert said(services, "approval.voided") == [{"id": request, "reason": held.body["void_reason"]}]


def backlogged(services: FakeServices) -> str:
    return str(governance.add_backlog(services, NORA, {"title": "Ask about lifts"})["id"])


@crossing
def test_an_item_is_delivered_once(steps: tuple[int, int]) -> None:
    """Two people say so at once, with different savings: one of them is told that it was."""
    services = FakeServices()
    identity = backlogged(services)
    turns, other = services.beside()
    refused: list[str] = []

    def deliver(here: FakeServices, person: Person, hours: float) -> None:
        try:
            governance.deliver_backlog(here, person, identity, {"hours_saved": hours})
        except Conflict as fault:
            refused.append(fault.code)

    turns.play(lambda: deliver(services, NORA, 2.0), lambda: deliver(other, MIA, 9.0), steps)
    (entry,) = said(services, "backlog.delivered")
    (row,) = backlog(services.rows).all()
    assert {name: row[name] for name in entry} == entry
    assert refused == ["backlog_delivered"]


TARGET = {"kpi": "mttr_hours", "direction": "decrease", "low": 10, "high": 20, "unit": "relative"}
TARGET |= {"baseline": 40, "horizon_days": 180, "source": "Last year."}


@crossing
def test_a_target_is_set_once(steps: tuple[int, int]) -> None:
    """Evidence holds no target that never was in force."""
    services = FakeServices()
    turns, other = services.beside()
    turns.play(
        lambda: post_target(services, NORA, dict(TARGET)),
        lambda: post_target(other, MIA, {**TARGET, "high": 25}),
        steps,
    )
    assert said(services, "target.set") == list(targets.register(services.rows).all())


def test_a_target_whose_setting_died_is_the_target() -> None:
    """Whoever sends one next finds it in force."""
    for services in deaths(FakeServices, lambda each: post_target(each, NORA, dict(TARGET))):
        assert said(services, "target.set") == list(targets.register(services.rows).all())
        assert len(said(services, "target.set")) == 1


REVIEW = {"summary": "Went well.", "missed_risks": [], "corrective_actions": ["Ask about lifts.", "Book the van."]}


def closed() -> FakeServices:
    services = FakeServices()
    body = {"id": "100", "as_of": "2026-11-16T08:00:00.000Z", "closed": True, "customer": "12", "practice": None}
    projects_register.put_statuses(services.rows, [body])
    return services


@crossing
def test_a_project_is_reviewed_once(steps: tuple[int, int]) -> None:
    """Two reviews at once: one stands, is the only one in evidence, and only its actions are in the backlog."""
    services = closed()
    turns, other = services.beside()
    refused: list[str] = []

    def submit(here: FakeServices, person: Person, action: str) -> None:
        try:
            submit_closeout(here, person, "100", {**REVIEW, "corrective_actions": [action]})
        except Conflict as fault:
            refused.append(fault.code)

    turns.play(lambda: submit(services, NORA, "Ask."), lambda: submit(other, MIA, "Book."), steps)
    (row,) = projects_register.reviews(services.rows).all()
    assert said(services, "project.reviewed") == [row]
    assert refused == ["closeout_recorded"]
    assert [one["title"] for one in backlog(services.rows).all()] == row["corrective_actions"]
    assert {one["requested_by"] for one in backlog(services.rows).all()} == {row["reviewed_by"]}


def test_a_review_that_died_is_completed_by_the_next_attempt() -> None:
    """With all its corrective actions, each once."""
    for services in deaths(closed, lambda each: submit_closeout(each, NORA, "100", REVIEW)):
        assert said(services, "project.reviewed") == list(projects_register.reviews(services.rows).all())
        assert sorted(one["title"] for one in backlog(services.rows).all()) == ["Ask about lifts.", "Book the van."]


NOTE = Action(ActionKind.NOTE_TICKET, "note-1", Subject("ticket", "42"), "12", {"ticket_id": 42, "note": "Look."})


class Desk:
    """HaloPSA's notes: read first, then written, each a step."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def read(self) -> list[str]:
        return list(self.notes)

    def write(self, key: str) -> None:
        self.notes.append(key)


@crossing
def test_a_note_whose_message_came_twice_is_written_once(steps: tuple[int, int]) -> None:
    """Both workers would see that it is not there yet: they do not meet."""
    services = FakeServices()
    queue_actions(services, [NOTE], "r1")
    turns, other = services.beside()
    desk = Desk()
    port = turns.port(desk)

    class Writer:
        def carry_out(self, action: Action, _meaning: Any) -> dict[str, Any]:
            if action.key not in port.read():
                port.write(action.key)
            return {"prior": {}}

    services.writer = other.writer = Writer()
    turns.play(
        lambda: act.carry_out(services, "r1", row_key(NOTE)), lambda: act.carry_out(other, "r1", row_key(NOTE)), steps
    )
    while services.queues.take(QUEUE) is not None:
        act.carry_out(services, "r1", row_key(NOTE))
    assert desk.notes == ["note-1"]


@crossing
def test_an_action_that_was_carried_out_does_not_turn_failed(steps: tuple[int, int]) -> None:
    """Its message came twice, and HaloPSA refused the second attempt."""
    services = FakeServices()
    hold = Action(ActionKind.HOLD_INVOICE, "hold-1", Subject("recurring_invoice", "-1"), "12", {"hold_id": "h-0"})
    queue_actions(services, [hold], "r1")
    turns, other = services.beside()
    tried: list[Action] = []

    class Writer:
        def carry_out(self, action: Action, _meaning: Any) -> dict[str, Any]:
            tried.append(action)
            if len(tried) > 1:
                raise SourceRejected("HaloPSA refuses.")
            return {"prior": {}}

    services.writer = other.writer = Writer()
    done: list[str] = []

    def work(here: FakeServices) -> None:
        with suppress(AttestError):
            act.carry_out(here, "r1", row_key(hold))
        held = register(here, "r1").get(row_key(hold))
        done.append(held.body["state"] if held else "")

    turns.play(lambda: work(services), lambda: work(other), steps)
    held = register(services, "r1").get(row_key(hold))
    assert held is not None
    assert done[0] == done[-1] == held.body["state"]


FILE = Delivery("weekly/2026-W47", "weekly/2026-W47/html", "Weekly/report.html", "text/html", "0" * 64)


@crossing
def test_a_file_that_is_delivered_is_not_said_to_be_waiting(steps: tuple[int, int]) -> None:
    """Its report is published again, by a message that came twice, while the file is on its way."""
    services = FakeServices()
    plan_deliveries(services, "r1", Place("site"), [FILE])
    action = Action.from_json(next(register(services, "r1").all())["action"])
    turns, other = services.beside()
    turns.play(
        lambda: plan_deliveries(services, "r1", Place("site"), [FILE]),
        lambda: on_delivered(other, action, {"web_url": "https://files.example.test/report.html"}),
        steps,
    )
    (told,) = deliveries(services)["weekly/2026-W47"]
    assert told["state"] == "delivered"


@crossing
def test_what_was_there_when_the_hold_began_is_said_once(steps: tuple[int, int]) -> None:
    """Two first checks at once: an invoice that left between them is not taken for one that was there before."""
    services = FakeServices()
    turns, other = services.beside()
    now = services.clock.now()
    found: list[str] = []

    def began(here: FakeServices, there: list[int]) -> None:
        _began(here, "began", now, lambda: there)
        held = Register(here.rows, "billing").get("began")
        found.append(str(held.body["there"] if held else None))

    turns.play(lambda: began(services, [1]), lambda: began(other, [1, 2]), steps)
    held = Register(services.rows, "billing").get("began")
    assert held is not None
    assert set(found) == {str(held.body["there"])}
