from __future__ import annotations

import pytest

from shared.actions import ActionKind
from shared.errors import NotFound
from shared.model import Person, Role
from shared.procedures.artefacts import artefact_file, make_artefacts
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
