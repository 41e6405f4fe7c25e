"""A ring about an invoice is judged while its release is carried out, in every interleaving of the two."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from shared.errors import Conflict, Gone
from shared.procedures import billing
from shared.registers import approvals, holds
from tests.harness.billing import FINANCE, FirstOffice, Office
from tests.harness.interleave import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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
