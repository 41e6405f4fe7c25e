from __future__ import annotations

from datetime import timedelta

import pytest

from shared.actions import ActionKind
from shared.errors import Malformed, NotFound
from shared.model import Person, Role
from shared.procedures.artefacts import artefact_file, list_artefacts, make_artefacts
from shared.reports.artefacts import WRITES
from tests.reports import weeks
from tests.reports.test_formats import docx_text
from tests.reports.weeks import NOW

ALL = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))


def test_all_four_are_made_once_and_recorded() -> None:
    """The same time again answers the same files and records nothing new."""
    services = weeks.services()
    first = make_artefacts(services, NOW)

    assert make_artefacts(services, NOW) == first
    assert sorted(first) == [
        "exec-brief.pptx",
        "implementation-runbook.docx",
        "kpi-and-risk-register.xlsx",
        "proof-brief.pdf",
    ]
    assert len(services.ledger.of_type("artefacts.published")) == 1
    with pytest.raises(NotFound):
        artefact_file(services, ALL, "other.pdf")


def test_the_runbook_says_how_to_undo_everything_that_writes() -> None:
    """A new kind of action without rollback steps does not pass here."""
    services = weeks.services()
    make_artefacts(services, NOW)
    text = docx_text(artefact_file(services, ALL, "implementation-runbook.docx")[0])

    assert {row[0] for row in WRITES} == {kind.value for kind in ActionKind}
    for row in WRITES:
        assert row[3] in text


def test_an_artefact_is_answered_as_it_was_made_for_a_time() -> None:
    """The newest without a time, an earlier one for an earlier time, none before the first; evidence is named."""
    services = weeks.services()
    make_artefacts(services, NOW)
    make_artefacts(services, NOW + timedelta(days=7))
    first = services.blobs.get("reports", "artefacts/none/2026-11-23T06:00:00.000Z/proof-brief.pdf")
    listed = list_artefacts(services, ALL)["items"]

    assert artefact_file(services, ALL, "proof-brief.pdf", "2026-11-24T00:00:00Z") == (first, "application/pdf")
    assert artefact_file(services, ALL, "proof-brief.pdf")[0] != first
    assert [one["as_of"] for one in listed] == ["2026-11-23T06:00:00.000Z", "2026-11-30T06:00:00.000Z"]
    assert all(services.ledger.find(one["evidence_id"]) is not None for one in listed)
    with pytest.raises(NotFound):
        artefact_file(services, ALL, "proof-brief.pdf", "2026-11-22T00:00:00Z")
    with pytest.raises(Malformed):
        artefact_file(services, ALL, "proof-brief.pdf", "yesterday")


def test_artefacts_are_about_everybody() -> None:
    """Whoever sees only some customers or practices finds none."""
    services = weeks.services()
    make_artefacts(services, NOW)
    narrowed = Person("oid-2", "Mia Pretend", frozenset({Role.PRACTICE_MANAGER}), None, frozenset({"msp"}))

    assert list_artefacts(services, narrowed)["items"] == []
    with pytest.raises(NotFound):
        artefact_file(services, narrowed, "exec-brief.pptx")
