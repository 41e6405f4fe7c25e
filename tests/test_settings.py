"""Settings: everything missing is named at once, secrets never print, the sample file says the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.errors import Misconfigured
from shared.settings import CATALOGUE, Group, Secret, Settings

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = {one.name: one.sample for one in CATALOGUE}
TABLE = json.loads((ROOT / "infra" / "identities.json").read_text("utf-8"))


def test_an_empty_environment_names_every_missing_setting():
    """One error, all names: nobody starts the service five times to learn five names."""
    with pytest.raises(Misconfigured) as fault:
        Settings.from_environ({})
    for name in ("HALO_URL", "HALO_CLIENT_SECRET", "ATTEST_LEDGER_SALT", "ATTEST_TENANT_ID", "ATTEST_SIGNING_KEY"):
        assert name in fault.value.message


def test_a_group_needs_only_its_own():
    """The intake has no business with HaloPSA's secret or the signing key."""
    environ = {
        name: SAMPLE[name]
        for name in ("ATTEST_STORAGE", "ATTEST_WEBHOOK_SOURCES", "ATTEST_LEDGER_ORIGIN", "ATTEST_LEDGER_SALT")
    }
    settings = Settings.from_environ({**environ, "ATTEST_GROUP": "intake"})
    assert settings.group is Group.INTAKE
    with pytest.raises(Misconfigured):
        settings.text("HALO_CLIENT_SECRET")


@pytest.mark.parametrize("value", ["not json", "[]", '{"main": {}}', '{"main": 3}'])
def test_unreadable_webhook_sources_are_refused(value):
    """A source without user or password is no source."""
    with pytest.raises(Misconfigured, match="ATTEST_WEBHOOK_SOURCES"):
        Settings.from_environ({**SAMPLE, "ATTEST_WEBHOOK_SOURCES": value})


@pytest.mark.parametrize(
    ("group", "name"),
    [
        (group, right.partition(": ")[2])
        for group, rights in TABLE["groups"].items()
        for right in rights["key_vault"]
        if right.startswith("secrets/get")
    ],
)
def test_a_key_vault_reference_that_could_not_be_followed_is_no_value(group, name):
    """The platform leaves the reference itself there; taken for the salt, it would begin another log under a known one."""
    setting = "HALO_CLIENT_SECRET" if name == "HALO_DESK_CLIENT_SECRET" else name
    told = {**SAMPLE, "ATTEST_GROUP": group, setting: f"@Microsoft.KeyVault(VaultName=kv;SecretName={name.lower()})"}
    with pytest.raises(Misconfigured, match=f"{setting} is a Key Vault reference"):
        Settings.from_environ(told)


def test_an_unknown_group_is_refused():
    """A typing error in the group must not start every function."""
    with pytest.raises(Misconfigured, match="ATTEST_GROUP"):
        Settings.from_environ({**SAMPLE, "ATTEST_GROUP": "egine"})


def test_secrets_do_not_print():
    """Neither str nor repr of a setting shows a secret."""
    settings = Settings.from_environ({**SAMPLE, "HALO_CLIENT_SECRET": "hunter2"})
    assert "hunter2" not in repr(settings)
    assert str(Secret("hunter2")) == "********"
    assert "hunter2" not in repr(Secret("hunter2"))


def test_the_sample_file_equals_the_catalogue():
    """local.settings.sample.json holds exactly our settings with their samples, beside the host's own."""
    values = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    ours = {name: value for name, value in values.items() if name in SAMPLE}
    assert ours == SAMPLE
    assert set(values) - set(SAMPLE) <= {
        "AzureWebJobsStorage",
        "AzureWebJobsDisableHomepage",
        "FUNCTIONS_WORKER_RUNTIME",
    }
