"""Every app is told what its group needs, reached by whom it should be, and watched."""

from __future__ import annotations

import re
from typing import Any

import pytest

from functions import GROUPS as HELD
from shared.settings import CATALOGUE, Group
from tests.infra.reading import FILES, GROUPS, INFRA, ROOT, TABLE, resources, text, variable

FORBIDDEN = re.compile(
    r"FUNCTIONS_WORKER_RUNTIME|FUNCTIONS_EXTENSION_VERSION|WEBSITE_RUN_FROM_PACKAGE|WEBSITE_CONTENT\w*|"
    r"SCM_DO_BUILD_DURING_DEPLOYMENT|ENABLE_ORYX_BUILD|WEBSITE_TIME_ZONE|linuxFxVersion|"
    r"AzureWebJobsStorage\b(?!__)|\bATTEST_STORAGE\b(?!__)|ATTEST_POLICY_FILE|\bTZ\b"
)
"""What Flex refuses or ignores, and what only makes sense on one machine."""


def _settings(group: str) -> dict[str, Any]:
    common = set(re.findall(r"name: '(\w+)'\s+value:", text("app/function_app.bicep")))
    return {
        **dict.fromkeys(common),
        **variable("app/apps.bicep", "everywhere"),
        **variable("app/apps.bicep", "settings")[group],
    }


@pytest.mark.parametrize("group", GROUPS)
def test_every_app_is_told_what_its_group_needs(group: str) -> None:
    """Everything that has no default, what its functions' schedules name, and where the evidence lies."""
    told = _settings(group)
    needed = {
        one.name
        for one in CATALOGUE
        if (Group(group) in one.groups)
        or (not one.groups and one.default is None)
        or one.name.startswith("ATTEST_STORAGE__")
    }
    needed |= {
        "ATTEST_GROUP",
        "ATTEST_IDENTITY_CLIENT_ID",
        "ATTEST_INCARNATION",
        "ATTEST_EASYAUTH",
        "ATTEST_PUBLIC_URL",
    }
    for file in HELD[group]:
        needed |= set(re.findall(r"%(\w+)%", (ROOT / "functions" / f"{file}.py").read_text("utf-8")))
    assert needed <= set(told), needed - set(told)
    ours = {name for name in told if name.startswith(("ATTEST_", "HALO_", "GRAPH_", "TEAMS_", "ARM_", "LOGS_"))}
    assert ours - {"ATTEST_STORAGE__credential", "ATTEST_STORAGE__clientId"} <= {one.name for one in CATALOGUE}


def test_some_app_is_told_every_setting() -> None:
    """A setting nobody gets could not be changed in Azure."""
    told = {name for group in GROUPS for name in _settings(group)}
    assert {one.name for one in CATALOGUE} - told == {"ATTEST_STORAGE", "ATTEST_STORAGE_CA", "ATTEST_POLICY_FILE"}


def test_schedules_are_the_defaults_of_the_settings() -> None:
    """The same clock in Azure and on one machine."""
    defaults = {one.name: one.default for one in CATALOGUE if one.name.startswith("ATTEST_SCHEDULE_")}
    for group in GROUPS:
        for name, value in variable("app/apps.bicep", "settings")[group].items():
            if name.startswith("ATTEST_SCHEDULE_"):
                assert value == defaults[name]


@pytest.mark.parametrize("group", GROUPS)
def test_secrets_are_references_that_the_identity_may_read(group: str) -> None:
    """Each secret setting points into the vault, and the table lets this group read it, and no other secret."""
    source = (INFRA / "app" / "apps.bicep").read_text("utf-8")
    names = dict(
        re.findall(r"var (\w+) = '@Microsoft\.KeyVault\(VaultName=\$\{vaultName\};SecretName=([\w-]+)\)'", source)
    )
    pointed = {
        name: names[value] for name, value in _settings(group).items() if isinstance(value, str) and value in names
    }
    readable = {
        one.removeprefix("secrets/get: ").lower().replace("_", "-")
        for one in TABLE["groups"][group]["key_vault"]
        if ": " in one
    }
    assert set(pointed.values()) == readable
    made = set(re.findall(r"name: '([\w-]+)'", text("app/vault.bicep")))
    assert set(pointed.values()) <= made


@pytest.mark.parametrize("file", FILES)
def test_nothing_that_flex_forbids_is_set(file: str) -> None:
    """Nor a connection string, nor what only exists on one machine."""
    assert not FORBIDDEN.search(text(file))


def test_apps_are_flex_with_width_set() -> None:
    """One FC1 plan for each app, its own identity, Python 3.13, and more than Python's default of one request."""
    ((_, _, plan),) = resources("Microsoft.Web/serverfarms")
    assert plan["sku"] == {"tier": "FlexConsumption", "name": "FC1"}
    assert plan["name"] == "plan-${group}-${token}"
    ((_, _, site),) = resources("Microsoft.Web/sites")
    config = site["properties"]["functionAppConfig"]
    assert config["runtime"] == {"name": "python", "version": "3.13"}
    assert "perInstanceConcurrency" in config["scaleAndConcurrency"]["triggers"]["http"]
    shapes = variable("app/apps.bicep", "shapes")
    assert tuple(variable("app/apps.bicep", "groups")) == GROUPS == tuple(shapes)
    assert all(shape["concurrency"] > 1 and shape["memory"] in (2048, 4096) for shape in shapes.values())
    assert site["properties"]["httpsOnly"] is True


def test_sign_in_guards_what_the_internet_reaches() -> None:
    """401 instead of a redirect; only what checks its own credentials or is public is left open."""
    ((_, _, auth),) = resources("Microsoft.Web/sites/config")
    rule = auth["properties"]["globalValidation"]
    assert (rule["requireAuthentication"], rule["unauthenticatedClientAction"]) == (True, "Return401")
    shapes = variable("app/apps.bicep", "shapes")
    assert {group for group in GROUPS if shapes[group]["guarded"]} == {"intake", "desk"}
    assert set(shapes["intake"]["openPaths"]) == {"/api/webhooks/*", "/api/health"}
    assert set(shapes["desk"]["openPaths"]) == {"/api/openapi.json", "/api/connector.json", "/api/health"}
    assert all(shapes[group]["open"] is False for group in ("engine", "review", "audit"))
    told = {group: _settings(group)["ATTEST_EASYAUTH"] for group in GROUPS}
    assert told == {group: "on" if group == "desk" else "off" for group in GROUPS}


def test_azd_deploys_one_service_for_each_group() -> None:
    """azure.yaml and the tag on each app use the same names."""
    services = re.findall(r"(?m)^  (\w+):\n    project: \.$", (ROOT / "azure.yaml").read_text("utf-8"))
    assert tuple(services) == GROUPS
    assert "'azd-service-name': group" in text("app/function_app.bicep")
    assert "'azd-env-name': environmentName" in text("main.bicep")


def test_every_function_an_alert_names_exists() -> None:
    """A renamed function must not silence its alert."""
    names = {name for rights in TABLE["groups"].values() for name in rights["functions"]}
    query = text("app/alerts.bicep")
    for name in re.findall(r'"((?:every|execute)_\w+[a-z])"|Name == "(\w+)"|"(assess_\w+|carry_\w+)"', query):
        assert "".join(name) in names
    for prefix in re.findall(r'\bName startswith "(\w+)"', query):
        assert any(name.startswith(prefix) for name in names)
    rules = set(re.findall(r"(?m)^    name: '([\w-]+)'", query))
    assert {"poison", "stale", "head-mismatch", "failed-runs"} <= rules


def test_every_suppression_says_why() -> None:
    """Findings of checkov are answered, not silenced."""
    for file in FILES:
        for line in re.findall(r"checkov:skip=.*", (INFRA / file).read_text("utf-8")):
            assert re.fullmatch(r"checkov:skip=CKV2?_AZURE_\d+: .{10,}\.", line), line
