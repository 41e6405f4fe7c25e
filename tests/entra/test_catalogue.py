"""The permission catalogue agrees with its sources and finds the path of a logged address."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from shared.entra.catalogue import catalogue, tier_of
from shared.entra.refresh_catalogue import ABOUT, build

SOURCES = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "entra"
GRAPH = "https://graph.microsoft.com"


@pytest.mark.parametrize(
    ("opinions", "tier"),
    [
        ({"azure-tiering": "2", "entraops": "ControlPlane", "scubagear": "Critical"}, 2),
        ({"entraops": "ManagementPlane", "scubagear": "Critical"}, 0),
        ({"entraops": "ControlPlane", "scubagear": "Low"}, 0),
        ({"scubagear": "Medium"}, 2),
        ({"entraops": "UserAccess"}, 2),
        ({"devx": "4"}, None),
        ({}, None),
    ],
)
def test_the_tier_follows_the_order_of_authorities(opinions: dict[str, str], tier: int | None) -> None:
    """azure-tiering first, then the more privileged of two, never Microsoft's own level alone."""
    assert tier_of(opinions) == tier


def test_every_row_of_the_sources_is_in_the_catalogue() -> None:
    """The shipped file is what its refresh command makes of the sources."""
    if not SOURCES.is_dir():
        pytest.skip("the sources (../shared/data/entra) are not on this machine")
    assert json.loads(json.dumps(build(SOURCES))) == dict(catalogue().raw)
    with (SOURCES / "opinions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            known = catalogue().opinions(row["permission"])
            assert catalogue().by_id[row["id"]] == row["permission"]
            assert known.get("entraops", "") == row["entraops"]
            assert known.get("scubagear", "") == row["scubagear"]
            assert known.get("azure-tiering", "") == row["azure_tier"]


def test_origins_and_licences_travel_with_the_facts() -> None:
    """Each source is named with its commit and licence."""
    assert catalogue().raw["about"] == ABOUT


@pytest.mark.parametrize(
    ("method", "uri", "template"),
    [
        ("GET", "/v1.0/users/0b1c/messages?$top=5", "/users/{}/messages"),
        ("get", "/beta/users/", "/users"),
        ("GET", "/v1.0/users/delta", "/users/delta"),
        ("GET", "/v1.0/users/{id}", "/users/{}"),
        ("GET", "/v1.0/users('x@y.example')/messages", "/users/{}/messages"),
        ("GET", "/v1.0/servicePrincipals(appId='0b1c')/owners", "/serviceprincipals(appid={})/owners"),
        ("GET", "/v1.0/users/$count", "/users"),
        ("GET", "/v1.0/groups/1/members/microsoft.graph.user", "/groups/{}/members"),
        ("GET", "/v1.0/users/a%40b.example/photo/$value", "/users/{}/photo"),
        ("GET", "/v1.0/no/such/thing", None),
        ("TRACE", "/v1.0/users", None),
        ("GET", "/users", None),
        ("GET", "", None),
    ],
)
def test_an_address_finds_its_template(method: str, uri: str, template: str | None) -> None:
    """Literal segments win, other spellings of OData are understood, unknown paths stay unknown."""
    known = catalogue()
    call = known.call(method, GRAPH + uri)
    found = None if call is None else known.templates[call // 5]
    assert found == template


def test_every_application_path_is_found_again() -> None:
    """Each template, filled in, leads to permissions that the sources name for it."""
    known = catalogue()
    templates = known.templates
    lost = []
    for call, values in known.application.by_call.items():
        method = ("GET", "POST", "PATCH", "PUT", "DELETE")[call % 5]
        found = known.call(method, f"{GRAPH}/v1.0{templates[call // 5].replace('{}', 'a1b2')}")
        if found is None or not set(values) & set(known.application.by_call.get(found, ())):
            lost.append((method, templates[call // 5]))
    assert lost == []


def test_some_permissions_open_a_call_only_together() -> None:
    """What the catalogue says is also required is part of the cover."""
    known = catalogue()
    call = known.call("POST", f"{GRAPH}/v1.0/applications/1/sponsors")
    assert call is not None
    assert all(len(way) == 2 for way in known.application.covers(call))
