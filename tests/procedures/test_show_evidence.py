"""Evidence is seen within a caller's customers and practices, and nowhere else."""

from __future__ import annotations

import pytest

from shared.controls.spec import Cadence, Case, Control, Judgement
from shared.errors import NotFound
from shared.ledger.ledger import Ledger
from shared.ledger.listing import Query
from shared.ledger.names import Namespace
from shared.model import NewEntry, Person, Role, Subject, Verdict
from shared.procedures import packs, show_evidence
from shared.procedures.assess import assess
from tests.harness.services import FakeServices

AUDITOR = frozenset({Role.AUDITOR})
EVERYTHING = Person("ada", "Ada Auditrix", AUDITOR)
MSP = Person("mia", "Mia Pretend", AUDITOR, practices=frozenset({"msp"}))
MSSP = Person("sam", "Sam Supposed", AUDITOR, practices=frozenset({"mssp"}))
OTHER_CUSTOMER = Person("oto", "Oto Other", AUDITOR, customers=frozenset({"2"}))
NO_PRACTICE = Person("nil", "Nil Nobody", AUDITOR, practices=frozenset())
READS = (show_evidence.record_view, show_evidence.content_of)


@pytest.fixture
def services():
    services = FakeServices()
    ids = {}
    for name, practice in (("delivery", None), ("finding", "msp")):
        entry = NewEntry(type=f"{name}.kept", key=name, payload=b"{}", customer="1", practice=practice)
        ids[name] = services.ledger.record(entry).evidence_id
    services.ids = ids
    return services


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("person", "name"), [(EVERYTHING, "delivery"), (EVERYTHING, "finding"), (MSP, "finding")])
def test_a_record_is_read_within_the_caller_s_customers_and_practices(services, read, person, name):
    """Record and content alike."""
    assert read(services, person, services.ids[name])


@pytest.mark.parametrize("read", [*READS, show_evidence.proof_of])
@pytest.mark.parametrize("name", ["delivery", "finding"])
@pytest.mark.parametrize("person", [OTHER_CUSTOMER, NO_PRACTICE, MSSP])
def test_outside_them_there_is_no_such_evidence(services, read, name, person):
    """Record, content and proof alike."""
    with pytest.raises(NotFound, match="no such evidence"):
        read(services, person, services.ids[name])


@pytest.mark.parametrize("read", [*READS, show_evidence.proof_of])
def test_what_may_hold_several_practices_data_is_for_callers_who_are_not_narrowed(services, read):
    """A delivery was kept before anybody knew what it is about."""
    with pytest.raises(NotFound):
        read(services, MSP, services.ids["delivery"])


@pytest.mark.parametrize(
    ("person", "query", "customers", "practices"),
    [
        (EVERYTHING, {}, None, None),
        (EVERYTHING, {"customer": "1"}, {"1"}, None),
        (MSP, {}, None, {"msp"}),
        (NO_PRACTICE, {"customer": "1"}, {"1"}, set()),
        (OTHER_CUSTOMER, {"customer": "1"}, set(), None),
    ],
)
def test_a_list_is_asked_for_within_them(services, person, query, customers, practices, monkeypatch):
    """Naming a customer does not widen it."""
    asked: list[Query] = []

    class Page:
        records = ()
        next = None

    monkeypatch.setattr(services.ledger, "list_evidence", lambda one: asked.append(one) or Page(), raising=False)
    show_evidence.list_evidence(services, person, query, 10, None)
    assert (asked[0].customers, asked[0].practices) == (customers, practices)


def test_the_log_keeps_an_entry_s_practice_before_and_after_it_is_sealed():
    """In the leaf, so that it is proven with the rest."""
    services = FakeServices()
    services.ledger = Ledger(services.rows, services.blobs, services.clock, Namespace("example.test/log", "1", "salt"))
    for number, practice in enumerate(("msp", "mssp", None)):
        entry = NewEntry(type="a.kept", key=str(number), payload=b"{}", customer="1", practice=practice)
        services.ledger.record(entry)

    def seen(person):
        return [one["practice"] for one in show_evidence.list_evidence(services, person, {}, 10, None)["items"]]

    for _ in range(2):
        assert (seen(MSP), seen(MSSP), seen(NO_PRACTICE)) == (["msp"], ["mssp"], [])
        assert sorted(map(str, seen(EVERYTHING))) == ["None", "msp", "mssp"]
        seal_quietly(services)


def seal_quietly(services):
    """Seal without a signer: entries move into the log, nothing is published."""
    from shared.ledger.follow import follow_log
    from shared.ledger.seal import seal_log

    log = services.ledger.names.log_of("1")
    seal_log(services.rows, log, services.clock.now())
    follow_log(services.rows, services.blobs, log, "1")


def test_an_assessment_is_recorded_by_practice(control):
    """So that a practice's findings rest on evidence its people may read."""
    services = FakeServices()
    cases = [
        Case(Subject("ticket", name), "1", practice, {})
        for name, practice in (("a", "msp"), ("b", "mssp"), ("c", "msp"))
    ]
    done = assess(services, control, cases, as_of=services.clock.now(), run_id="r-1")
    kept = {entry.practice: entry for entry in services.ledger.of_type("assessment.recorded")}
    assert {practice: entry.payload.count(b'"verdict"') for practice, entry in kept.items()} == {"msp": 2, "mssp": 1}
    for one in done:
        record = services.ledger.find(one.finding["evidence"][0])
        assert record.practice == one.case.practice


@pytest.fixture
def control():
    return Control(
        id="always_fails",
        title="Nothing fails.",
        objective="To fail.",
        owner=Role.PRACTICE_MANAGER,
        subject_kind="ticket",
        cadence=Cadence.DAILY,
        needs=("Tickets",),
        codes=("stale",),
        judge=lambda _facts, _policy, _at: Judgement(Verdict.FAIL),
    )


def test_a_pack_is_not_for_whoever_sees_a_part_of_the_log(services):
    """It holds the customer's whole log and could not prove completeness otherwise."""
    with pytest.raises(NotFound):
        packs.ask_for_pack(services, MSP, {"customer": "1"})
    assert services.ledger.of_type("pack.requested") == []
