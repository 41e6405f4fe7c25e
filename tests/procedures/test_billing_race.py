"""A ring about an invoice is judged while its release is carried out, in every interleaving of the two."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, Forbidden, Gone
from shared.procedures import billing
from shared.registers import approvals, holds
from tests.harness.billing import FINANCE, SECOND, FirstOffice, Office
from tests.harness.interleave import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.model import Person


class Scene:
    """A held invoice whose release finance is just approving, and a ring about it."""

    office_of: type[Office] = Office
    kind, name, hold, field = "RecurringInvoice", "-101", "invoice", "disabled"
    judge = staticmethod(billing.judge_invoices)

    def __init__(self) -> None:
        self.office = self.office_of()
        self.office.check()
        self.request = self.office.approval()
        self.turns = Turns()
        services = self.office.services
        services.rows = self.turns.port(services.rows)
        services.halo = self.turns.port(self.office.halo)
        services.writer = self.turns.port(self.office.halo)

    def approve(self) -> None:
        """Finance approves, and the queue carries the release out."""
        from shared.procedures import decide

        body = {"decision": "approve", "rationale": "Checked.", "digest": self.request["digest"]}
        try:
            decide.decide_approval(self.office.services, FINANCE, self.request["id"], body)
        except (Conflict, Gone):
            return  # the edit was there first: the request is void
        self.office.work()

    def release(self) -> None:
        """The queue carries out what was approved before."""
        self.office.work()

    def ring(self) -> None:
        """As a delivery is heard: read the record, fold it in, judge it, and work off what that queues."""
        services = self.office.services
        self.office.clock.advance(seconds=1)
        page = services.halo.one(self.kind, self.name, {})
        services.mirror.apply(self.kind, [page.rows[0]], read_at=page.read_at)
        self.judge(services, {self.name: "delivery\nd-1"}, services.clock.now())
        self.office.work()

    def holds(self) -> list[tuple[str, bool]]:
        return [(one["state"], one["applied"]) for one in holds.of_kind(self.office.services.rows, self.hold)]

    def open_requests(self) -> int:
        return sum(one["state"] == "open" for one in approvals.register(self.office.services.rows).all())


class FirstScene(Scene):
    """The same of an invoice that no recurring one made."""

    office_of = FirstOffice
    kind, name, hold, field = "Invoice", "9001", "first_invoice", "reviewrequired"
    judge = staticmethod(billing.judge_first)


def approved(make: type[Scene] = Scene) -> Scene:
    """The approval is given; its release waits in the queue."""
    from shared.procedures import decide

    scene = make()
    body = {"decision": "approve", "rationale": "Checked.", "digest": scene.request["digest"]}
    decide.decide_approval(scene.office.services, FINANCE, scene.request["id"], body)
    return scene


def interleavings(
    make: Callable[[], Scene], first: str, second: str, every: int
) -> Iterator[tuple[tuple[int, int], Scene]]:
    """Every way to cut the first piece of work and the second, each cut once; ``every`` thins out the second cut."""
    at = 0
    while True:
        inner = 0
        while True:
            scene = make()
            cut = scene.turns.play(getattr(scene, first), getattr(scene, second), (at, inner))
            yield (at, inner), scene
            if not cut[1]:
                break
            inner += every
        if not cut[0]:
            return
        at += 1


def edited(make: Callable[[], Scene]) -> Callable[[], Scene]:
    """Somebody changes the quantity just before the ring."""

    def made() -> Scene:
        scene = make()
        scene.office.row()["lines"][0]["qty_order"] = 30.0
        return scene

    return made


CASES: list[tuple[Callable[[], Scene], str, str]] = [
    (approved, "release", "ring"),
    (approved, "ring", "release"),
    (Scene, "approve", "ring"),
    (Scene, "ring", "approve"),
    (partial(approved, FirstScene), "release", "ring"),
    (partial(approved, FirstScene), "ring", "release"),
    (FirstScene, "approve", "ring"),
    (FirstScene, "ring", "approve"),
]
CUTS = ["release cut by a ring", "ring cut by a release", "approval cut by a ring", "ring cut by an approval"]
IDS = [*CUTS, *(f"first invoice: {cut}" for cut in CUTS)]


def unchanged(make: Callable[[], Scene], first: str, second: str, every: int) -> int:
    """How many interleavings there were; each ends with one hold, released, and the invoice switched on."""
    count = 0
    for cut, scene in interleavings(make, first, second, every):
        count += 1
        office = scene.office
        assert scene.holds() == [("released", True)], cut
        assert office.row()[scene.field] is False, cut
        assert scene.open_requests() == 0, cut
        office.check()
        assert office.finding()["verdict"] == "pass", cut
        assert scene.holds() == [("released", True)], cut
    return count


def changed(make: Callable[[], Scene], first: str, second: str, every: int) -> int:
    """The same with an edit finance has not seen: however it falls, the next check leaves it held and asked for anew."""
    count = 0
    for cut, scene in interleavings(edited(make), first, second, every):
        count += 1
        office = scene.office
        office.check()
        assert scene.holds()[-1] == ("held", True), cut
        assert office.row()[scene.field] is True, cut
        assert scene.open_requests() == 1, cut
        assert office.approval()["content"]["lines"][0]["quantity"] == "30", cut
    return count


@pytest.mark.slow
@pytest.mark.parametrize(("make", "first", "second"), CASES, ids=IDS)
@pytest.mark.parametrize("outcome", [unchanged, changed], ids=["unchanged", "edited"])
def test_one_cut(outcome: Callable[..., int], make: Callable[[], Scene], first: str, second: str) -> None:
    """The second runs whole between any two steps of the first."""
    assert outcome(make, first, second, 10_000) > 10


@pytest.mark.slow
@pytest.mark.parametrize(("make", "first", "second"), CASES, ids=IDS)
@pytest.mark.parametrize("outcome", [unchanged, changed], ids=["unchanged", "edited"])
def test_every_pair_of_cuts(outcome: Any, make: Callable[[], Scene], first: str, second: str) -> None:
    """Both are cut, at every step: the first, the second, the rest of the first, the rest of the second."""
    assert outcome(make, first, second, 1) > 50


class Two(Scene):
    """An invoice above materiality: two persons of finance and a check, at once."""

    def __init__(self) -> None:
        self.policy = '[billing]\nmateriality = "1.00"\n'
        super().__init__()

    def office_of(self) -> Office:  # type: ignore[override]
        return Office(policy=self.policy)

    def _say(self, person: Person, decision: str) -> None:
        from shared.procedures import decide

        body = {"decision": decision, "rationale": "Checked.", "digest": self.request["digest"]}
        with suppress(Conflict, Gone, Forbidden):
            decide.decide_approval(self.office.services, person, self.request["id"], body)
        self.office.work()

    def nora(self) -> None:
        """One approves."""
        self._say(FINANCE, "approve")

    def omar(self) -> None:
        """The other approves."""
        self._say(SECOND, "approve")

    def omar_rejects(self) -> None:
        """Or rejects."""
        self._say(SECOND, "reject")

    def check(self) -> None:
        """The daily check, by what the last sync read."""
        self.office.check(sync=False)

    def decisions(self) -> list[tuple[str, str]]:
        held = approvals.register(self.office.services.rows).get(self.request["id"])
        return [(one["by"], one["decision"]) for one in held.body["decisions"]] if held else []

    def recorded(self, kind: str) -> list[dict[str, Any]]:
        return [json.loads(entry.payload) for entry in self.office.services.ledger.of_type(kind)]


@pytest.mark.slow
def test_two_people_approve_at_once() -> None:
    """Both count once, the invoice is released once, and evidence tells each decision and one release by both."""
    for cut, scene in interleavings(Two, "nora", "omar", 2):
        assert sorted(scene.decisions()) == [("oid-nora", "approve"), ("oid-omar", "approve")], cut
        assert scene.holds() == [("released", True)], cut
        assert scene.office.row()["disabled"] is False, cut
        assert sorted(one["by"] for one in scene.recorded("approval.decided")) == ["oid-nora", "oid-omar"], cut
        assert [sorted(one["by"]) for one in scene.recorded("hold.released")] == [["oid-nora", "oid-omar"]], cut


@pytest.mark.slow
def test_one_person_clicks_twice() -> None:
    """The same person is never two, however the two clicks cross."""
    for cut, scene in interleavings(Two, "nora", "nora", 2):
        assert scene.decisions() == [("oid-nora", "approve")], cut
        assert scene.holds() == [("held", True)], cut


@pytest.mark.slow
def test_one_approves_and_the_other_rejects() -> None:
    """One rejection is enough: it stays held, and evidence says what the request says."""
    for cut, scene in interleavings(Two, "nora", "omar_rejects", 2):
        assert scene.holds() == [("held", True)], cut
        assert ("oid-omar", "reject") in scene.decisions(), cut
        assert len(scene.recorded("approval.decided")) == len(scene.decisions()), cut
        assert [one["state"] for one in scene.recorded("approval.rejected")] == ["rejected"], cut


@pytest.mark.slow
@pytest.mark.parametrize("change", [False, True], ids=["unchanged", "edited"])
@pytest.mark.parametrize(("first", "second"), [("check", "approve"), ("approve", "check")])
def test_a_check_in_the_middle_of_an_approval(first: str, second: str, *, change: bool) -> None:
    """What finance approved is released and told as approved by finance; what it has not seen is held in the end."""
    make = edited(Checked) if change else Checked
    for cut, scene in interleavings(make, first, second, 3):
        if change:
            scene.office.check()
            assert scene.holds()[-1] == ("held", True), cut
            assert scene.open_requests() == 1, cut
        else:
            scene.office.work()
            assert scene.holds() == [("released", True)], cut
            assert [one["by"] for one in scene.recorded("hold.released")] == [["oid-nora"]], cut


@pytest.mark.slow
def test_a_check_crosses_a_ring_about_an_edit() -> None:
    """Both judge the same hold: one request for what stands in HaloPSA is open in the end."""
    for cut, scene in interleavings(edited(Checked), "check", "ring", 3):
        assert scene.holds() == [("held", True)], cut
        assert scene.open_requests() == 1, cut
        assert scene.office.approval()["state"] == "open", cut
        assert scene.office.approval()["content"]["lines"][0]["quantity"] == "30", cut


class Checked(Two):
    """The same where one person is enough."""

    def __init__(self) -> None:
        self.policy = ""
        Scene.__init__(self)


class Late(Scene):
    """A release whose message came twice: one worker's write is held up while the other's is done and much else happens."""

    messages: list[dict[str, str]]

    def late(self) -> None:
        """The worker that is held up."""
        from shared.procedures import act

        for message in self.messages:
            act.carry_out(self.office.services, message["part"], message["key"])

    def meanwhile(self) -> None:
        """The release is carried out, somebody edits the invoice, and it is held again."""
        self.office.work()
        self.office.row()["lines"][0]["qty_order"] = 30.0
        self.ring()


def late() -> Late:
    scene = Late()
    from shared.procedures import decide

    body = {"decision": "approve", "rationale": "Checked.", "digest": scene.request["digest"]}
    decide.decide_approval(scene.office.services, FINANCE, scene.request["id"], body)
    queued = [json.loads(one) for one in scene.office.services.queues.messages["actions"]]
    scene.messages = [one for one in queued if "key" in one]
    return scene


@pytest.mark.slow
def test_a_release_that_comes_late_does_not_undo_the_next_hold() -> None:
    """Wherever the second worker is held up, the invoice ends switched off in HaloPSA, as its new hold says."""
    undone = 0
    for cut, scene in interleavings(late, "late", "meanwhile", 10_000):  # type: ignore[arg-type]
        undone += scene.office.row()["disabled"] is False
        scene.office.work()
        assert scene.holds() == [("released", True), ("held", True)], cut
        assert scene.office.row()["disabled"] is True, cut
    assert undone
