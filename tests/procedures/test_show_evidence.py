"""Evidence is seen within a caller's customers, and not at all by a caller who has no practice."""

from __future__ import annotations

import pytest

from shared.errors import NotFound
from shared.ledger.listing import Query
from shared.model import NewEntry, Person, Role
from shared.procedures import show_evidence
from tests.harness.services import FakeServices

READER = frozenset({Role.READER})
EVERYTHING = Person("rae", "Rae Reader", READER)
ONE_PRACTICE = Person("mia", "Mia Pretend", READER, practices=frozenset({"msp"}))
OTHER_CUSTOMER = Person("oto", "Oto Other", READER, customers=frozenset({"2"}))
NO_PRACTICE = Person("nil", "Nil Nobody", READER, practices=frozenset())


@pytest.fixture
def services():
    services = FakeServices()
    entry = NewEntry(type="delivery.received", key="a", payload=b"{}", customer="1", actor="test")
    services.evidence_id = services.ledger.record(entry).evidence_id
    return services


@pytest.mark.parametrize("person", [EVERYTHING, ONE_PRACTICE])
def test_a_record_is_read_within_the_caller_s_customers(services, person):
    """A record names no practice, so having one is enough."""
    assert show_evidence.record_view(services, person, services.evidence_id)["customer"] == "1"


@pytest.mark.parametrize("person", [OTHER_CUSTOMER, NO_PRACTICE])
@pytest.mark.parametrize("read", [show_evidence.record_view, show_evidence.content_of, show_evidence.proof_of])
def test_outside_it_there_is_no_such_evidence(services, person, read):
    """Record, content and proof alike."""
    with pytest.raises(NotFound, match="no such evidence"):
        read(services, person, services.evidence_id)


@pytest.mark.parametrize("query", [{}, {"customer": "1"}])
def test_whoever_has_no_practice_is_listed_nothing(services, query, monkeypatch):
    """Naming a customer does not help."""
    asked: list[Query] = []

    class Page:
        records = ()
        next = None

    monkeypatch.setattr(services.ledger, "list_evidence", lambda one: asked.append(one) or Page(), raising=False)

    show_evidence.list_evidence(services, NO_PRACTICE, query, 10, None)

    assert asked[0].customers == frozenset()
