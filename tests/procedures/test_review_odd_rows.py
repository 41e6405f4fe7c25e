"""Rows a tenant should not hold and readings that break off: said as unknown with the reason, counted once, and the review goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.registers import findings
from tests.harness.microsoft import BASE, MicrosoftServices, assignment, graph_principal, principal
from tests.harness.reviewing import answer, item, run, view

HOME, CUSTOMER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-0000000000c1"


@pytest.fixture
def services() -> MicrosoftServices:
    made = MicrosoftServices(tenants=(HOME, CUSTOMER))
    made.put(servicePrincipals=[graph_principal(), principal("a")])
    return made


def consent(mark: str, scope: str, kind: Any = "Principal") -> dict[str, Any]:
    return {"id": f"gr-{mark}", "clientId": f"sp-{mark}", "consentType": kind, "resourceId": "sp-graph", "scope": scope}


def found(services: MicrosoftServices, subject: str) -> dict[str, Any]:
    every = findings.of_control(services.rows, "integration_permissions")
    return next(one for one in every if one["subject"]["id"] == subject)


def broken_off(
    services: MicrosoftServices, table: str, *rows: dict[str, Any], tenant: str = HOME, times: int = 1
) -> None:
    """A first page that is readable and names a second which must not be followed."""
    body = json.dumps({"value": rows, "@odata.nextLink": "http://evil.test/next"})
    services.fault(match=table, status=200, times=times, body=body, tenant=tenant)


def test_a_log_that_shows_no_call_says_unused_of_every_scope(services: MicrosoftServices) -> None:
    """False for openid, too, as the contract says; but no risk is made of a right whose use no log could show."""
    call = {"AppId": "app-a", "RequestMethod": "GET", "RequestUri": f"{BASE}/v1.0/me", "ResponseStatusCode": 200}
    services.put(oauth2PermissionGrants=[consent("a", "openid User.Read Mail.Read")], microsoftGraphActivityLogs=[call])
    run(services)
    one = item(services, "app-a")
    assert {right["value"]: right["used"] for right in one["permissions"]} == {
        "openid": False, "User.Read": True, "Mail.Read": False,
    }  # fmt: skip
    reason = next(reason for reason in one["reasons"] if reason["code"] == "unused_permission")
    assert reason["text"] == "The log shows no call that needs Mail.Read."


@pytest.mark.parametrize("kind", ["Everybody", None])
def test_a_consent_of_a_kind_nobody_knows_is_unknown(services: MicrosoftServices, kind: str | None) -> None:
    """It may cover everybody, which nobody has said."""
    services.put(oauth2PermissionGrants=[consent("a", "openid", kind)])
    run(services)
    assert [text for text in item(services, "app-a")["unknown"] if "consent is of" in text]
    assert "consent_all_users" not in item(services, "app-a")["risks"]


def test_programs_that_own_each_other_are_ownerless(services: MicrosoftServices) -> None:
    """By the kind Graph tells or by being a principal; only people answer for anything."""
    kind = "#microsoft.graph.servicePrincipal"
    services.put(
        servicePrincipals=[
            principal("a", owners=[{"id": "sp-b"}]),
            principal("b", owners=[{"id": "sp-b"}, {"id": "elsewhere", "@odata.type": kind}]),
        ]
    )
    run(services)
    for mark in ("app-a", "app-b"):
        assert "ownerless" in item(services, mark)["risks"]
        assert item(services, mark)["owner"] is None


def test_an_api_that_calls_itself_microsoft_graph_hides_nothing(services: MicrosoftServices) -> None:
    """Its right of the same name stands beside the real one, which keeps its tier and takes two persons to keep."""
    services.put(
        servicePrincipals=[
            principal("fake", displayName="Microsoft Graph", appRoles=[{"id": "r", "value": "Directory.ReadWrite.All"}])
        ],
        appRoleAssignments=[
            assignment("a", "r", id="aa", resourceId="sp-fake"),
            assignment("a", "Directory.ReadWrite.All", id="zz"),
        ],
    )
    run(services)
    rights = [(one["tier"], one["resource"]) for one in item(services, "app-a")["permissions"]]
    assert sorted(rights, key=str) == [(0, "Microsoft Graph"), (None, "Microsoft Graph (app-fake)")]
    assert answer(services, "app-a", "keep")["decision"]["state"] == "awaiting_second"


def test_half_an_activity_report_accuses_nobody(services: MicrosoftServices) -> None:
    """Who is missing from its first page may stand on the second; nor does a date that is none."""
    services.put(servicePrincipalSignInActivities=[{"id": "s", "appId": "app-x"}])
    broken_off(services, "/graph/beta", {"id": "s", "appId": "app-x"})
    run(services)
    assert "unused_integration" not in item(services, "app-a")["risks"]
    odd = {"id": "s2", "appId": "app-a", "lastSignInActivity": {"lastSignInDateTime": "soon"}}
    services.put(servicePrincipalSignInActivities=[odd])
    run(services, "2027-Q1")
    assert "unused_integration" not in item(services, "app-a", "2027-Q1")["risks"]


def test_a_registration_is_not_rightless_because_its_principal_was_not_read(services: MicrosoftServices) -> None:
    """In a customer's tenant whose list of principals broke off."""
    services.put(
        servicePrincipals=[principal("c", **{"@tenant": CUSTOMER})],
        applications=[{"id": "ap-c", "appId": "app-c", "owners": [], "@tenant": CUSTOMER}],
    )
    broken_off(services, "/graph/v1.0/servicePrincipals", tenant=CUSTOMER)
    told = run(services)
    assert told["population"]["entra"]["reviewed"] == 2
    assert item(services, "app-c")["unknown"] == ["Its servicePrincipals could not be read (status 503)."]
    answer(services, "app-c", "revoke")
    services.put(applications=[{"id": "ap-c", "@removed": {}}], servicePrincipals=[{"id": "sp-c", "@removed": {}}])
    broken_off(services, "/graph/v1.0/servicePrincipals", tenant=CUSTOMER)
    run(services)
    assert item(services, "app-c")["decision"]["state"] == "decided"


def test_rows_that_come_on_two_pages_are_counted_once(services: MicrosoftServices) -> None:
    """Readable or not; what is no row at all is counted as unreadable."""
    page = [principal("a"), {"id": "sp-bad", "appId": 5}, {"id": "sp-bad", "appId": 5}, 7]
    link = f"{BASE}/graph/v1.0/servicePrincipals?$expand=owners"
    body = json.dumps({"value": page, "@odata.nextLink": link})
    services.put(servicePrincipals=[{"id": "sp-bad", "appId": 5}])
    services.fault(match="/graph/v1.0/servicePrincipals", status=200, times=1, body=body)
    run(services)
    assert view(services)["population"]["entra"] == {"read": 4, "reviewed": 1, "microsoft": 1, "unreadable": 2}


def test_two_of_one_id_are_two_findings(services: MicrosoftServices) -> None:
    """An application made anew between two pages, a client id given twice: neither stops the run."""
    page = {
        "value": [principal("a", id="sp-a0")],
        "@odata.nextLink": f"{BASE}/graph/v1.0/servicePrincipals?$expand=owners",
    }
    services.fault(match="/graph/v1.0/servicePrincipals", status=200, times=1, body=json.dumps(page))
    rows = [{"id": str(number), "clientId": "same", "scopes": []} for number in (1, 2)]
    services.mirror.load({"Application": rows, "Agent": [], "Roles": []}, services.clock.now())
    run(services)
    named = {one["subject"]["id"] for one in findings.of_control(services.rows, "integration_permissions")}
    assert {"app-a#sp-a0", "app-a#sp-a", "same#1", "same#2"} <= named


def test_rows_that_cannot_be_read_are_told_of_whom_they_are_about(services: MicrosoftServices) -> None:
    """And of everybody where they do not say."""
    services.put(
        servicePrincipals=[principal("b")],
        applications=[{"id": "ap-a", "appId": "app-a", "passwordCredentials": "none"}, {"id": "ap-x", "appId": "app-x",
                      "displayName": 5}],
        appRoleAssignments=[{"id": "as-1", "principalId": "sp-b", "resourceId": "sp-graph", "appRoleId": 5}],
    )  # fmt: skip
    run(services)
    assert item(services, "app-a")["unknown"] == ["A row of its applications cannot be read (passwordCredentials)."]
    assert item(services, "app-b")["unknown"] == ["A row of its appRoleAssignments cannot be read (appRoleId)."]
    assert [one["id"] for one in view(services)["unreadable"]] == ["app-x"]
    services.put(oauth2PermissionGrants=[{"id": "gr-1", "clientId": None}])
    run(services, "2027-Q1")
    assert [
        text for mark in ("app-a", "app-b") for text in item(services, mark, "2027-Q1")["unknown"] if "whose" in text
    ] == ["A row of oauth2PermissionGrants cannot be read and does not say whose it is (clientId)."] * 2


def test_a_tenant_that_withdraws_its_consent_is_a_finding(services: MicrosoftServices) -> None:
    """Unknown with the reason, and so is what was reviewed there; it passes when it can be read again."""
    services.put(servicePrincipals=[principal("c", **{"@tenant": CUSTOMER})])
    run(services)
    assert found(services, CUSTOMER)["verdict"] == "pass"
    services.web.post("/_sim/faults", json={"match": f"/{CUSTOMER}/oauth2", "status": 401, "times": 99})
    services.graph._transport._tokens._held.clear()
    run(services)
    assert found(services, CUSTOMER)["verdict"] == "unknown"
    assert "could not be read (status 403)" in found(services, CUSTOMER)["reasons"][0]["text"]
    assert found(services, f"entra:app-c@{CUSTOMER}")["verdict"] == "unknown"
    services.web.delete("/_sim/faults")
    run(services)
    assert found(services, CUSTOMER)["verdict"] == "pass"
    assert found(services, f"entra:app-c@{CUSTOMER}")["verdict"] == "fail"


def test_the_finding_of_an_integration_that_is_gone_is_closed(services: MicrosoftServices) -> None:
    """Shown by a whole reading only."""
    run(services)
    assert found(services, "app-a")["status"] == "open"
    services.put(servicePrincipals=[{"id": "sp-a", "@removed": {}}])
    run(services)
    assert (found(services, "app-a")["verdict"], found(services, "app-a")["status"]) == ("notapplicable", "closed")


def test_more_rights_than_a_row_can_hold_are_counted(services: MicrosoftServices) -> None:
    """The most privileged are shown, and the item says how many are not; all can still be revoked."""
    scopes = " ".join(f"Scope{number:05d}.{'x' * 40}" for number in range(1200))
    services.put(
        oauth2PermissionGrants=[
            consent("a", scopes) | {"id": f"gr-{n}", "scope": scopes.replace("Scope", f"S{n}")} for n in range(3)
        ]
    )
    run(services)
    one = item(services, "app-a")
    hidden = 3600 - len(one["permissions"])
    assert 0 < hidden < 3600
    assert f"It holds {hidden} rights more than a review can show; to revoke it takes them all." in one["unknown"]
    assert answer(services, "app-a", "revoke")["decision"]["state"] == "decided"
    services.put(oauth2PermissionGrants=[consent("a", "y" * 70_000)])
    run(services, "2027-Q1")
    assert (
        "A row of its oauth2PermissionGrants cannot be read (scope)." in item(services, "app-a", "2027-Q1")["unknown"]
    )


def test_scopes_are_taken_out_one_after_another(services: MicrosoftServices) -> None:
    """Each command reads what the consent holds by then, so that the second does not bring the first one's back."""
    services.put(oauth2PermissionGrants=[consent("a", "Mail.Read User.Read")])
    run(services)
    commands = [one for one in item(services, "app-a")["commands"] if "PermissionGrant" in one and "Update" in one]
    assert len(commands) == 2
    assert all(".Scope.Trim() -split ' +'" in one and "-join ' '" in one for one in commands)
    assert {one.split("-ne '")[1].split("'")[0] for one in commands} == {"Mail.Read", "User.Read"}


def test_a_name_is_one_line_that_can_be_shown(services: MicrosoftServices) -> None:
    """Control characters and half a pair of surrogates are in no name; a blank one is the application's id."""
    names = {"a": "bell\u0007 nul\u0000", "b": "   ", "c": "half \ud83d pair", "d": "N" * 9000}
    rows = [principal(mark, displayName=name) for mark, name in names.items()]
    services.web.post("/_sim/rows", content=json.dumps({"servicePrincipals": rows}).encode()).raise_for_status()
    run(services)
    shown = {mark: item(services, f"app-{mark}")["integration"]["name"] for mark in names}
    assert shown == {"a": "bell  nul", "b": "app-b", "c": "half ? pair", "d": "N" * 255 + "…"}
