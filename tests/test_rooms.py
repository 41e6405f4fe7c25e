"""House tests: the tree keeps its promises."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from local.connector import definition, properties
from shared.controls.catalogue import controls
from shared.model import Role
from shared.policy.document import shipped_policy

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / "shared"
ROOMS = sorted(path.name for path in SHARED.iterdir() if path.is_dir() and not path.name.startswith("__"))
SOURCES = sorted(path for folder in ("shared", "functions", "local") for path in (ROOT / folder).rglob("*.py"))
CODES = re.findall(
    r"[a-z0-9_]+",
    """
    no_signoff contract_missing contract_inactive contract_not_started contract_expired client_mismatch period_gap period_overlap
    missed_cycle quantity_moved price_moved discount_moved total_moved zero_line negative_line duplicate_line tax_missing
    tax_mismatch account_missing currency_mismatch below_cost below_margin increase_due increase_twice proration_wrong
    usage_mismatch unreviewed_time no_charge_type unbilled_time po_exhausted sync_error halo_approval_missing
    halo_approval_bypassed halo_approval_not_a_person changed_after_signoff left_while_held
    scope_unsigned margin_below_floor assumptions_missing dependencies_missing acceptance_missing source_link_missing
    signoff_missing kickoff_before_signoff assumption_unresolved
    no_baseline cost_over schedule_slip dependency_blocked gate_skipped gate_incomplete no_accountable closeout_missing
    tier0 unknown_permission unused_permission unused_integration added_since_last_review credential_expired
    credential_expiring credential_too_long credentials_many ownerless unregistered unverified_publisher multi_tenant
    consent_all_users admin_agent interactive_login not_revoked
    unassigned stale no_next_action incomplete_closure duplicate misrouted pingpong sla_at_risk sla_missed
    """,
)


@pytest.mark.parametrize("control", sorted(controls()))
def test_every_control_has_its_own_test(control):
    """A control without a test file of its name is not finished."""
    assert (ROOT / "tests" / "controls" / f"test_{control}.py").exists()


def test_canaries_are_caught_under_the_shipped_policy():
    """Every control that ships synthetic violations still catches them."""
    from datetime import UTC, datetime

    from shared.controls.spec import canary_result

    for control in controls().values():
        result = canary_result(control, shipped_policy(), datetime(2026, 11, 16, tzinfo=UTC))
        assert result["missed"] == [], control.id


def test_every_promised_code_is_given_by_some_control():
    """Each reason code of the four families can be given, and says so in the catalogue."""
    given = {code for control in controls().values() for code in control.codes}
    assert sorted(set(CODES) - given) == []


PROMISED = CODES + re.findall(
    r"[a-z0-9_]+",
    """
    not_linked severity_changed escalation_late evidence_incomplete client_not_notified no_commander_approval no_review
    not_from_uat untested unapproved untracked rolled_back secret_changed sprawl unused near_duplicate
    manager_absent filter_incomplete meeting_missed decision_overdue exception_expired readiness_blocked
    intake_missing intake_duplicate intake_late intake_reordered intake_unreadable intake_conflict stale_facts
    control_error control_silent ledger_gap anchor_mismatch policy_default_unconfirmed
    """,
)


def test_every_promised_code_is_explained_once():
    """Also those that nothing gives yet: they are kept free, and the page says so."""
    page = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `([a-z0-9_]+)` \|", page)
    assert sorted(set(PROMISED) - set(rows)) == []
    assert sorted({code for code in PROMISED if rows.count(code) > 1}) == []


def test_every_code_is_explained_in_the_docs():
    """A person who meets a code finds it on a page."""
    words = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    missing = sorted(code for control in controls().values() for code in control.codes if f"`{code}`" not in words)
    assert missing == []


OURS_TOO = set(
    re.findall(
        r"[a-z_]+",
        """
        agent_id budgets client_id code currency current date datetime details disabled error estimate from id
        milestones name note operation outcome recurring_invoice_id reviewrequired risk roles scope site_id started status
        subject summary template_id ticket_id timestamp title to total type url user_id value voided webhook_id
        """,
    )
)
"""Words of HaloPSA that are words of ours as well: of findings, actions, deliveries and what is told of them."""


def test_procedures_spell_nothing_as_halopsa_does():
    """Fields and parameters of HaloPSA are named in the connector room, and nowhere in what happens in which order."""
    from shared.halopsa.facts_lists import READINGS
    from shared.halopsa.facts_records import RECORDS
    from shared.halopsa.records.wire import known_fields

    spelled = {name for models in RECORDS.values() for model in models for name in known_fields(model)}
    spelled |= {name for reading in READINGS for name in (*reading.query, reading.changed, reading.recent)}
    spelled |= {"page_no", "page_size", "startdate", "enddate"}
    spelled -= {*OURS_TOO, ""}
    found = {
        f"{path.name}: {node.value}"
        for path in SOURCES
        if path.is_relative_to(SHARED / "procedures")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in spelled
    }
    assert sorted(found) == []


def test_readme_names_each_room():
    """The map is the territory."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"{room}/" not in readme] == []


def test_no_room_is_called_by_a_name_that_says_nothing():
    """No utils, helpers, common, manager, base, misc."""
    vague = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
    assert [path for path in SOURCES if vague & set(re.split(r"[_.]", path.name))] == []


def test_no_file_is_over_400_lines():
    """Split at 400; the offline verifier is one file because an auditor carries it as one."""
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name for name, lines in long.items() if lines > 400} == {"shared/ledger/verify.py"}


def test_exception_is_caught_in_one_place_only():
    """Around a control's pure judge and around a trigger's work, and nowhere else in the service."""
    found = []
    for path in SOURCES:
        if path.is_relative_to(ROOT / "local"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                names = (
                    [name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)] if node.type else ["bare"]
                )
                if {"Exception", "BaseException", "bare"} & set(names):
                    found.append(str(path.relative_to(ROOT)))
    assert sorted(found) == ["functions/crash.py", "shared/procedures/assess.py"]


def test_no_machine_path_is_in_the_tree():
    """Nothing that only exists on one machine."""
    pattern = re.compile(r"/(?:root|home|work|Users)/[A-Za-z]")
    texts = [
        path for path in ROOT.rglob("*") if path.suffix in {".py", ".md", ".toml", ".json", ".yaml", ".bicep", ".txt"}
    ]
    own = [
        path for path in texts if not {".venv", ".local", "node_modules", ".git"} & set(path.relative_to(ROOT).parts)
    ]
    assert [
        str(path.relative_to(ROOT))
        for path in own
        if path != Path(__file__) and pattern.search(path.read_text("utf-8"))
    ] == []


def test_the_connector_files_are_current():
    """Written by ``python -m local.connector``; equal to what is served, host and schemes apart."""
    folder = ROOT / "infra" / "connector"
    assert (folder / "apiDefinition.swagger.json").read_text(encoding="utf-8") == definition()
    assert (folder / "apiProperties.json").read_text(encoding="utf-8") == properties()


def test_identities_name_every_function_once_and_no_group_has_too_much():
    """infra/identities.json is the one table of groups, functions and rights."""
    from functions import GROUPS

    table = json.loads((ROOT / "infra" / "identities.json").read_text(encoding="utf-8"))
    for group, files in GROUPS.items():
        names = set()
        for file in files:
            text = (ROOT / "functions" / f"{file}.py").read_text(encoding="utf-8")
            names |= set(re.findall(r'@bp\.function_name\("(\w+)"\)', text))
        assert set(table["groups"][group]["functions"]) == names, group
        if group in ("intake", "desk", "audit"):
            assert table["groups"][group]["graph"] == []


def test_roles_of_the_policy_are_people():
    """No approval may be decided by an operator, a flow, a reader or an auditor."""
    for kind, roles in shipped_policy().approvals.roles.items():
        assert not {Role.OPERATOR, Role.AUTOMATION, Role.READER, Role.AUDITOR} & set(roles), kind
