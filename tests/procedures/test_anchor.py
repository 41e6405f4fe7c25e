"""The anchor's container through the management plane (stand-in): what is not locked, long and ours proves nothing."""

from __future__ import annotations

import json

import pytest

from shared.errors import Misconfigured
from shared.ledger.anchor import Expected, judge
from shared.procedures.anchor import check_anchor, expected_anchor
from shared.procedures.audit import audit_run
from shared.settings import CATALOGUE, Group, Settings
from tests.harness.microsoft import MicrosoftServices
from tests.ledger.stand import SAMPLE, Stand
from tests.procedures.test_audit import Run

RESOURCE = SAMPLE["ATTEST_ANCHOR"]
PRODUCTION = Expected(RESOURCE, "devstoreaccount1", 2557, locked=True)
TRIAL = Expected(RESOURCE, "devstoreaccount1", 1, locked=False)


def container(state="Locked", days=2557, **policy):
    """A container as the storage resource provider answers it."""
    properties = {"immutabilityPeriodSinceCreationInDays": days, "state": state, **policy}
    return {
        "id": RESOURCE,
        "name": "checkpoints",
        "properties": {"deleted": False, "immutabilityPolicy": {"etag": "e", "properties": properties}},
    }


def seen(row, expected=PRODUCTION):
    """What the audit says when the management plane answers this row (None: nothing there)."""
    services = MicrosoftServices()
    services.put(storageContainers=[{"id": RESOURCE, "@removed": {"reason": "deleted"}}])
    if row is not None:
        services.put(storageContainers=[row])
    return check_anchor(services, expected)


def test_a_locked_policy_of_the_expected_container_is_proof():
    """Locked, as long as it must be, the right container: proven, no fault; longer is fine."""
    for days in (2557, 146_000):
        found = seen(container(days=days))
        assert (found.state, found.days, found.proven, found.faults) == ("locked", days, True, ())


@pytest.mark.parametrize(
    ("row", "state", "text"),
    [
        pytest.param(container("Unlocked"), "unlocked", "not locked", id="unlocked"),
        pytest.param(container(days=30), "locked", "30 days; it must be 2557", id="shortened"),
        pytest.param(container(days=None), "locked", "None days", id="no period"),
        pytest.param(None, "absent", "does not exist", id="container gone"),
        pytest.param({"id": RESOURCE, "properties": {}}, "absent", "no write-once policy", id="policy gone"),
        pytest.param({**container(), "properties": None}, "absent", "no write-once policy", id="no properties"),
        pytest.param(
            {"id": RESOURCE, "properties": {"immutableStorageWithVersioning": {"enabled": True}}},
            "absent",
            "no write-once policy",
            id="version-level only",
        ),
        pytest.param(
            {**container(), "properties": {**container()["properties"], "deleted": True}}, "absent", "no", id="deleted"
        ),
        pytest.param(container(allowProtectedAppendWrites=True), "locked", "appending", id="appendable"),
        pytest.param(container("Locked?"), "absent", "no write-once policy", id="another word"),
    ],
)
def test_anything_less_is_reported(row, state, text):
    """S15: unlocked, shortened, absent, replaced: each is a fault in words, and nothing is proven."""
    found = seen(row)
    assert (found.state, found.proven) == (state, False)
    assert text in found.text
    assert len(found.faults) == 1


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (Expected(RESOURCE, "other", 1, locked=True), "written to account other"),
        (
            Expected(RESOURCE.replace("checkpoints", "elsewhere"), "devstoreaccount1", 1, locked=True),
            "must be elsewhere",
        ),
        (Expected("", "devstoreaccount1", 1, locked=True), "Nothing says which"),
        (Expected("/subscriptions/x", "devstoreaccount1", 1, locked=True), "no storage container"),
        (
            Expected(RESOURCE.replace("/default/", "/default/../"), "devstoreaccount1", 1, locked=True),
            "no storage container",
        ),
    ],
)
def test_another_container_or_account_is_reported(expected, text):
    """S15: the container that is protected must be the one checkpoints are written to."""
    found = seen(container(), expected)
    assert text in found.text
    assert found.faults
    assert not found.proven


def test_an_answer_about_another_container_does_not_count():
    """What comes back must name what was asked."""
    assert judge(PRODUCTION, {**container(), "id": RESOURCE + "2"}).faults


def test_outside_production_an_unlocked_policy_is_said_in_words():
    """Expected by setting: no fault, and not a pass either. A policy that is gone is a fault even there."""
    found = seen(container("Unlocked", 1), TRIAL)
    assert (found.faults, found.proven, found.state) == ((), False, "unlocked")
    assert "not locked, as expected outside production" in found.text
    assert seen(None, TRIAL).faults
    assert seen(container("Unlocked", 0), TRIAL).faults


def test_what_cannot_be_read():
    """A missing right is a fault; an outage, and throttling for too long, leave it unknown: neither pass nor fault."""
    for status, faults in ((403, 1), (503, 0), (429, 0)):
        services = MicrosoftServices()
        services.fault(match="/arm", status=status, times=20, retry_after=1)
        found = check_anchor(services, PRODUCTION)
        assert (found.state, found.proven, len(found.faults)) == ("unknown", False, faults), status


def test_the_audits_result_tells_it_and_is_recorded():
    """E_ANCHOR_CONFIG stands among the codes and the findings of a run, and in the evidence of it."""
    services = MicrosoftServices()
    stand = Stand(management=services.management, settings=Settings.from_environ(SAMPLE))
    stand.record(1)
    result = audit_run(stand, Run())
    assert (result["codes"], result["anchor"]["state"], result["anchor"]["proven"]) == ([], "unlocked", False)
    stand.settings = Settings.from_environ(SAMPLE | {"ATTEST_ANCHOR_LOCKED": "True", "ATTEST_ANCHOR_DAYS": "2557"})
    result = audit_run(stand, Run())
    assert result["codes"] == ["E_ANCHOR_CONFIG"]
    assert [one["code"] for one in result["findings"]] == ["E_ANCHOR_CONFIG"] * 2
    assert json.loads(stand.ledger.content(result["evidence_id"]))["anchor"]["resource"] == RESOURCE


def test_settings_default_to_production():
    """A deployment that forgets to say is held to the strictest: locked, seven years; rubbish is refused."""
    bare = {one.name: one.sample for one in CATALOGUE if not one.name.startswith("ATTEST_ANCHOR")}
    expected = expected_anchor(Settings.from_environ(bare))
    assert (expected.resource, expected.days, expected.locked) == ("", 2557, True)
    with pytest.raises(Misconfigured, match="ATTEST_ANCHOR_DAYS"):
        Settings.from_environ(bare | {"ATTEST_ANCHOR_DAYS": "seven"})


@pytest.mark.parametrize(
    ("values", "account"),
    [
        ({"ATTEST_STORAGE": "UseDevelopmentStorage=true"}, "devstoreaccount1"),
        ({"ATTEST_STORAGE": "DefaultEndpointsProtocol=http;AccountName=acc1;AccountKey=x"}, "acc1"),
        ({"ATTEST_STORAGE__blobServiceUri": "https://stevabc.blob.core.windows.net/"}, "stevabc"),
    ],
)
def test_the_account_is_the_one_that_is_written_to(values, account):
    """By identity in Azure, by connection string on one machine."""
    assert expected_anchor(Settings(SAMPLE | values, Group.AUDIT)).account == account
