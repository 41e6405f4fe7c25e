"""A review from answer to closing: verified, reminded, compared with the quarter before, resumed after a crash."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from typing import Any

import pytest

from shared.errors import Conflict, Forbidden, NotFound
from shared.model import Person, Role
from shared.procedures import review_close
from shared.procedures import review_quarterly as reviews
from shared.registers.reviews import items, register
from shared.registers.store import Register
from tests.harness.microsoft import MicrosoftServices, assignment, graph_principal, principal
from tests.harness.reviewing import OWNER, READER, SECOND, answer, example, item, run, view
from tests.harness.services import FakeServices, crossings


@pytest.fixture
def services() -> MicrosoftServices:
    return example()


def test_a_removal_is_verified_by_the_next_whole_reading(services: MicrosoftServices) -> None:
    """Still there: not_revoked and said so; gone: verified."""
    run(services)
    answer(services, "app-a", "reduce", remove=["Directory.ReadWrite.All"])
    run(services)
    one = item(services, "app-a")
    assert one["decision"]["state"] == "not_revoked"
    assert "not_revoked" in one["risks"]
    services.put(appRoleAssignments=[{"id": "as-a-Directory.ReadWrite.All", "@removed": {"reason": "deleted"}}])
    run(services)
    assert item(services, "app-a")["decision"]["state"] == "verified"
    assert len(services.ledger.of_type("review.verified")) == 1


def test_a_revoked_integration_is_verified_when_it_is_gone(services: MicrosoftServices) -> None:
    """A re-created principal under the same application is not gone."""
    run(services)
    answer(services, "app-a", "revoke")
    services.put(
        servicePrincipals=[principal("a", id="sp-a2")],
        appRoleAssignments=[
            assignment("a", "User.Read.All", id="as-a-User.Read.All", principalId="sp-a2"),
            {"id": "as-a-Directory.ReadWrite.All", "@removed": {"reason": "deleted"}},
        ],
    )
    run(services)
    assert item(services, "app-a")["decision"]["state"] == "not_revoked"
    services.put(
        servicePrincipals=[{"id": "sp-a2", "@removed": {"reason": "deleted"}}],
        appRoleAssignments=[{"id": "as-a-User.Read.All", "@removed": {"reason": "deleted"}}],
    )
    run(services)
    assert item(services, "app-a")["decision"]["state"] == "verified"


def test_half_a_reading_verifies_nothing(services: MicrosoftServices) -> None:
    """When rights cannot be read, their absence proves nothing, and the review goes on."""
    run(services)
    answer(services, "app-a", "revoke")
    services.fault(match="/graph/v1.0/servicePrincipals/sp-graph/appRoleAssignedTo", status=403, times=9)
    told = run(services)
    assert item(services, "app-a")["decision"]["state"] == "decided"
    assert told["gaps"]


def test_added_since_last_review_compares_quarters(services: MicrosoftServices) -> None:
    """Absent in the first quarter; then new rights and new integrations, and rights that came back."""
    run(services)
    assert not any("added_since_last_review" in one["risks"] for one in view(services)["items"])
    answer(services, "app-a", "reduce", remove=["Directory.ReadWrite.All"])
    services.put(appRoleAssignments=[{"id": "as-a-Directory.ReadWrite.All", "@removed": {"reason": "deleted"}}])
    run(services)
    services.put(
        servicePrincipals=[principal("new")],
        appRoleAssignments=[assignment("a", "Directory.ReadWrite.All"), assignment("b", "Mail.Read")],
    )
    run(services, "2027-Q1")
    added = {
        one["integration"]["id"]
        for one in view(services, "2027-Q1")["items"]
        if "added_since_last_review" in one["risks"]
    }
    assert added == {"app-a", "app-b", "app-new"}


def test_a_keep_counts_for_its_quarter_only(services: MicrosoftServices) -> None:
    """The finding closes with the answer and opens again when the next quarter asks."""
    run(services)
    answer(services, "app-b", "keep")
    run(services)
    assert _finding(services, "app-b")["verdict"] == "pass"
    run(services, "2027-Q1")
    assert item(services, "app-b", "2027-Q1")["decision"] is None
    assert _finding(services, "app-b")["verdict"] == "fail"


def test_a_keep_does_not_cover_a_right_that_came_later(services: MicrosoftServices) -> None:
    """Another tier-0 right beside the one two persons kept is a finding at once, not next quarter."""
    run(services)
    answer(services, "app-a", "keep")
    answer(services, "app-a", "keep", SECOND)
    run(services)
    assert _finding(services, "app-a")["verdict"] == "pass"
    role = {"id": "role-new", "value": "RoleManagement.ReadWrite.Directory"}
    api = graph_principal()
    services.put(
        servicePrincipals=[api | {"appRoles": [*api["appRoles"], role]}],
        appRoleAssignments=[assignment("a", "role-new")],
    )
    run(services)
    assert _finding(services, "app-a")["verdict"] == "fail"
    assert "tier0" in {reason["code"] for reason in _finding(services, "app-a")["reasons"]}


def _finding(services: MicrosoftServices, identity: str) -> dict[str, Any]:
    from shared.registers import findings

    found = findings.of_control(services.rows, "integration_permissions")
    return next(one for one in found if one["subject"]["id"] == identity)


def test_a_review_closes_only_when_all_is_answered_and_verified(services: MicrosoftServices) -> None:
    """A missing answer is no consent, however late; afterwards nothing more can be answered."""
    run(services)
    answer(services, "app-b", "defer")
    answer(services, "app-a", "revoke")
    services.clock.advance(days=80)
    services.put(
        servicePrincipals=[{"id": "sp-a", "@removed": {}}],
        appRoleAssignments=[
            {"id": f"as-a-{value}", "@removed": {}} for value in ("Directory.ReadWrite.All", "User.Read.All")
        ],
    )
    run(services)
    assert view(services)["state"] == "open"
    answer(services, view(services)["items"][0]["integration"]["id"], "keep")
    run(services)
    assert view(services)["state"] == "closed"
    closing = json.loads(services.ledger.of_type("review.closed")[0].payload)
    assert closing["outcome"] == {"keep": 1, "defer": 1, "revoke": 1}
    with pytest.raises(Conflict) as refused:
        answer(services, "app-b", "keep")
    assert refused.value.code == "review_closed"


def test_closing_leaves_a_report_and_a_pack(services: MicrosoftServices) -> None:
    """Written once, evidence with a digest for each format, for auditors to take; an open review has none."""
    auditor = Person("p-aud", "Ada Fictive", frozenset({Role.AUDITOR}))
    run(services)
    with pytest.raises(NotFound):
        reviews.review_file(services, auditor, "2026-Q4", "html")
    for one in view(services)["items"]:
        answer(services, one["integration"]["id"], "keep")
        if any(right["tier"] == 0 for right in one["permissions"]):
            answer(services, one["integration"]["id"], "keep", SECOND)
    assert run(services)["review_state"] == "closed"
    closing = view(services)["closing"]
    data, media_type = reviews.review_file(services, auditor, "2026-Q4", "json")
    assert (media_type, hashlib.sha256(data).hexdigest()) == ("application/json", closing["report"]["sha256"]["json"])
    told = json.loads(data)
    assert told["population"] == view(services)["population"]
    table = next(block for one in told["sections"] for block in one["blocks"] if block.get("id") == "answers")
    assert len(table["rows"]) == len(view(services)["items"])
    kept = next(block for one in told["sections"] for block in one["blocks"] if block.get("id") == "kept")
    assert ["Integration a", "Directory.ReadWrite.All", f"{OWNER.name}, {SECOND.name}"] in kept["rows"]
    assert services.ledger.find(closing["report"]["evidence_id"]).type == "report.published"
    assert json.dumps({"pack": closing["pack"]}) in services.queues.messages["actions"]
    again = view(services)["closing"]
    run(services)
    assert view(services)["closing"] == again
    for person in (OWNER, READER):
        with pytest.raises(Forbidden):
            reviews.review_file(services, person, "2026-Q4", "html")


def test_owners_are_told_at_opening_and_reminded(services: MicrosoftServices) -> None:
    """One message an owner; the timer reminds only as often as policy says."""

    def told() -> list[str]:
        sent = [json.loads(message) for message in services.queues.messages.get("actions", [])]
        services.queues.messages.clear()
        planned = [Register(services.rows, "actions", one["part"]).get(one["key"]).body["action"] for one in sent]
        return [one["key"] for one in planned if one["parameters"]["event"] == "review_item_assigned"]

    run(services, by="clock")
    assert len(told()) == 2  # owner-1, and the items of nobody
    services.clock.advance(days=1)
    run(services, by="clock")
    assert told() == []
    services.clock.advance(days=7)
    run(services, by="clock")
    assert len(told()) == 2


def test_items_come_in_pages_without_loss(services: MicrosoftServices) -> None:
    """Following next shows every item once, this service first."""
    services.put(servicePrincipals=[principal(f"n{number}") for number in range(23)])
    run(services)
    every, after = [], None
    while True:
        page = reviews.review_view(services, "2026-Q4", READER, 7, after)
        every += [one["id"] for one in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert every == [one["id"] for one in view(services)["items"]]
    assert len(set(every)) == len(every) == 26


def test_a_run_killed_anywhere_is_made_good_by_the_next(services: MicrosoftServices) -> None:
    """Every storage write is failed once before and once after it took effect; the review is opened whole and once."""
    from shared.errors import StorageUnavailable
    from tests.harness.faults import Faults
    from tests.harness.ledger import MemoryLedger
    from tests.harness.memory import MemoryRows

    for kind in ("before", "after"):
        for number in range(1, 6):
            services.rows = MemoryRows(Faults(lambda _name, at, n=number, k=kind: k if at == n else None))
            services.ledger = MemoryLedger(services.clock)
            try:
                run(services)
            except StorageUnavailable:
                run(services)
            seen = view(services)
            assert seen["population"]["entra"]["reviewed"] == 2
            assert len(seen["items"]) == 3


def test_a_halopsa_application_is_verified_by_scopes_that_were_told(services: MicrosoftServices) -> None:
    """Scopes left out of the answer prove nothing; an inactive application is revoked."""
    application: dict[str, Any] = {"id": "2", "clientId": "vendor", "scopes": [{"name": "read:tickets"}]}

    def state(change: dict[str, Any]) -> str:
        services.clock.advance(minutes=1)
        row = {name: value for name, value in (application | change).items() if value is not None}
        services.mirror.load({"Application": [row], "Agent": [], "Roles": []}, services.clock.now())
        run(services)
        decision = item(services, "vendor")["decision"]
        return str(decision and decision["state"])

    assert state({}) == "None"
    answer(services, "vendor", "revoke")
    assert state({"scopes": None}) == "decided"
    assert state({}) == "not_revoked"
    assert state({"inactive": True}) == "verified"


def test_a_mirror_read_before_the_answer_verifies_nothing(services: MicrosoftServices) -> None:
    """What was seen before somebody decided cannot show that it was carried out."""
    row = {"id": "2", "clientId": "vendor", "scopes": [{"name": "read:tickets"}]}
    services.mirror.load({"Application": [row], "Agent": [], "Roles": []}, services.clock.now())
    run(services)
    answer(services, "vendor", "revoke")
    services.mirror.kinds["Application"] = {}
    run(services)
    assert item(services, "vendor")["decision"]["state"] == "decided"


@pytest.mark.slow
def test_the_report_of_a_review_holds_the_last_word_on_every_item(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody answers a deferred item anew while the review is closed: it stays open, or they are told that it is closed."""
    monkeypatch.setattr(review_close, "FORMATS", ("json",))

    def make() -> MicrosoftServices:
        made = example()
        run(made)
        answer(made, "app-b", "defer")
        for one in view(made)["items"]:
            if one["integration"]["id"] != "app-b":
                answer(made, one["integration"]["id"], "defer")
        return made

    def closes(services: FakeServices) -> None:
        meta = register(services.rows).get("2026-Q4")
        assert meta is not None
        found = list(items(services.rows, meta.body["part"]).all())
        review_close.close_if_settled(services, "2026-Q4", meta.body, found, services.clock.now())

    def answers(services: FakeServices) -> None:
        with suppress(Conflict):
            answer(services, "app-b", "revoke")  # type: ignore[arg-type]

    closed = 0
    for cut, services in crossings(make, closes, answers, 10_000):
        meta = register(services.rows).get("2026-Q4")
        assert meta is not None
        told = services.ledger.of_type("review.closed")
        assert (meta.body["state"] == "closed") == bool(told), cut
        if told:
            closed += 1
            said = {one["id"]: one["decision"] for one in json.loads(told[0].payload)["items"]}
            held = {one["id"]: one["decision"] for one in items(services.rows, meta.body["part"]).all()}
            assert said == held, cut
    assert closed
