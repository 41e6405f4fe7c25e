"""Every framework reference of delivery's controls has the title its workflow gives it."""

from __future__ import annotations

import pytest

from shared.controls import frameworks
from shared.controls.catalogue import controls

IDS = ("project_control", "stage_gate", "project_closeout", "handoff_complete", "handoff_signoff", "handoff_single_project",
       "kickoff_after_signoff")  # fmt: skip


@pytest.mark.parametrize("identity", IDS)
def test_references_name_workflow_and_version(identity):
    """PSF by version; PAI-8 by version and the workflow whose labels are meant."""
    references = controls()[identity].frameworks
    assert references
    for reference in references:
        assert frameworks.title(reference)
        if reference.startswith("pai8"):
            assert reference in frameworks.TITLES, reference


def test_the_two_workflows_label_the_same_code_differently():
    """Which is why the workflow is part of the reference."""
    assert frameworks.title("pai8@2026:C2/002") == "Milestone quality checks"
    assert frameworks.title("pai8@2026:C2/003") == "Scope validation"
    assert frameworks.title("pai8@2026:C7/002") == "Audit trail"
    assert frameworks.title("unknown@1:X") is None
