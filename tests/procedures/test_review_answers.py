"""Answers to a review and the register of integrations: who may say what, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Conflict, Forbidden, NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures import review_quarterly as reviews
from tests.harness.microsoft import MicrosoftServices
from tests.harness.reviewing import OWNER, READER, SECOND, WHY, answer, example, item, run


@pytest.fixture
def services() -> MicrosoftServices:
    return example()


def test_keeping_tier0_needs_two_persons(services: MicrosoftServices) -> None:
    """The first answer waits, the same person twice is refused, a second person decides."""
    run(services)
    assert answer(services, "app-a", "keep")["decision"]["state"] == "awaiting_second"
    with pytest.raises(Forbidden) as refused:
        answer(services, "app-a", "keep")
    assert refused.value.code == "same_person"
    decided = answer(services, "app-a", "keep", SECOND)["decision"]
    assert (decided["state"], decided["by"]) == ("decided", ["p-owner", "p-second"])
    assert decided["by_names"] == ["Nora Fictive", "Otto Fictive"]
    assert len(services.ledger.of_type("review.attested")) == 2
    with pytest.raises(Conflict):
        answer(services, "app-a", "revoke", Person("p-3", "", frozenset({Role.INTEGRATION_OWNER})))


def test_a_reduction_that_leaves_tier0_needs_two_persons_too(services: MicrosoftServices) -> None:
    """Keeping cannot hide behind a small removal."""
    run(services)
    said = answer(services, "app-a", "reduce", remove=["User.Read.All"])
    assert said["decision"]["state"] == "awaiting_second"


def test_a_second_person_may_decide_narrower(services: MicrosoftServices) -> None:
    """An integration owner who revokes instead ends the waiting; a steering member alone cannot."""
    run(services)
    answer(services, "app-a", "keep")
    with pytest.raises(Conflict):
        answer(services, "app-a", "revoke", SECOND)
    other = Person("p-3", "", frozenset({Role.INTEGRATION_OWNER}))
    assert answer(services, "app-a", "revoke", other)["decision"]["state"] == "decided"


@pytest.mark.parametrize(
    ("person", "code"),
    [
        (READER, "role_missing"),
        (SECOND, "role_missing"),
        (Person("o", "", frozenset({Role.OPERATOR, Role.AUTOMATION, Role.ADMINISTRATOR})), "role_missing"),
        (Person("a", "", frozenset({Role.INTEGRATION_OWNER}), is_application=True), "not_a_person"),
    ],
)
def test_who_may_not_answer_first(services: MicrosoftServices, person: Person, code: str) -> None:
    """Integration owners answer first, and only people."""
    run(services)
    with pytest.raises(Forbidden) as refused:
        answer(services, "app-b", "keep", person)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "keep",
        {"decision": "keep"},
        {"decision": "keep", "rationale": ""},
        {"decision": "keep", "rationale": "  "},
        {"decision": "keep", "rationale": 5},
        {"decision": "perhaps", "rationale": WHY},
        {"decision": "reduce", "rationale": WHY},
        {"decision": "reduce", "rationale": WHY, "remove": []},
        {"decision": "reduce", "rationale": WHY, "remove": "Mail.Read"},
        {"decision": "reduce", "rationale": WHY, "remove": ["Not.Held"]},
        {"decision": "keep", "rationale": WHY, "remove": ["Mail.Read"]},
        {"decision": "keep", "rationale": WHY, "extra": 1},
    ],
)
def test_an_unacceptable_answer_changes_nothing(services: MicrosoftServices, body: Any) -> None:
    """422, and the item stays open."""
    run(services)
    one = item(services, "app-b")
    with pytest.raises(Unacceptable):
        reviews.attest(services, OWNER, "2026-Q4", one["id"], body)
    assert item(services, "app-b")["decision"] is None
    assert services.ledger.of_type("review.attested") == []


def test_unknown_reviews_and_items_are_not_found(services: MicrosoftServices) -> None:
    """404, also for callers narrowed to customers."""
    run(services)
    with pytest.raises(NotFound):
        reviews.attest(services, OWNER, "2026-Q4", "nobody", {"decision": "keep", "rationale": WHY})
    with pytest.raises(NotFound):
        reviews.review_view(services, "2026-Q3", READER, 10, None)
    with pytest.raises(NotFound):
        reviews.review_view(services, "2026-Q4", Person("x", "", frozenset({Role.READER}), frozenset({"1"})), 10, None)


def test_the_register_explains_and_owns(services: MicrosoftServices) -> None:
    """An entry names the owner of an item and lifts unregistered and ownerless."""
    reviews.put_integrations(
        services, OWNER, {"id": "APP-B", "owner": "p-7", "purpose": "Export", "kind": "accounting"}
    )
    run(services)
    one = item(services, "app-b")
    assert one["owner"] == "p-7"
    assert not {"ownerless", "unregistered"} & set(one["risks"])
    assert reviews.list_integrations(services, READER, 10, None)["items"][0]["purpose"] == "Export"


@pytest.mark.parametrize(
    "body", [{}, {"id": ""}, {"id": 5}, {"id": "x", "owner": 1}, {"items": []}, {"items": [{"id": "x"}, {"id": "X"}]}]
)
def test_the_register_refuses_what_it_cannot_keep(services: MicrosoftServices, body: Any) -> None:
    """422 and nothing written."""
    with pytest.raises(Unacceptable):
        reviews.put_integrations(services, OWNER, body)
    assert reviews.list_integrations(services, READER, 10, None)["items"] == []


def test_the_register_is_not_everybodys_to_write(services: MicrosoftServices) -> None:
    """Readers and automation are refused."""
    for role in (Role.READER, Role.AUTOMATION, Role.OPERATOR, Role.AUDITOR):
        with pytest.raises(Forbidden):
            reviews.put_integrations(services, Person("x", "", frozenset({role})), {"id": "x"})
