"""Tokens and scopes of the HaloPSA simulator."""

from __future__ import annotations

import base64

import pytest

from tests.local.halopsa.asking import SECRET, Asking

SEED = {
    "Client": [{"id": 12, "name": "Maple Harbour Dental"}],
    "Tickets": [{"id": 1, "summary": "x", "client_id": 12}],
    "ClientContract": [{"id": 4, "ref": "MSA-4", "client_id": 12}],
    "Application": [{"id": "a-1", "clientId": "other", "clientSecret": "other-secret", "displayName": "Other"}],
}


def test_a_token_comes_by_body_or_basic_and_with_the_tenant_anywhere():
    """Client credentials are taken from the body or from Basic; the tenant may be in the query, the form or absent."""
    asking = Asking(SEED)
    form = {"grant_type": "client_credentials", "scope": "read:tickets"}
    basic = {"authorization": "Basic " + base64.b64encode(b"attest:local-only").decode()}
    body = {**form, "client_id": "attest", "client_secret": SECRET}
    for told in (
        asking.form(form, headers=basic),
        asking.form(body),
        asking.form(body, query="?tenant=local"),
        asking.form({**body, "tenant": "undefined"}),
    ):
        assert told.status == 200
        assert told.json()["expires_in"] == 3600


def test_a_wrong_secret_and_an_unknown_scope_are_refused_as_halopsa_does():
    """401 invalid_client and 400 invalid_scope, and a non-form request is no request."""
    asking = Asking(SEED)
    form = {"grant_type": "client_credentials", "client_id": "attest", "client_secret": "wrong", "scope": "all"}
    assert asking.form(form).status == 401
    told = asking.login("read:tickets read:actions")
    assert (told.status, told.json()["error"]) == (400, "invalid_scope")
    assert asking.raw("POST", "/auth/token", b"{}", {"content-type": "application/json"}).status == 400


def test_a_token_without_scope_is_issued_and_then_refused_everywhere():
    """No scope at all gives a token that answers 401 to every call."""
    asking = Asking(SEED)
    assert asking.login("").status == 200
    assert asking.get("/api/Tickets").status == 401


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("read:tickets", "/api/Tickets", 200),
        ("edit:tickets", "/api/Actions", 200),
        ("read:tickets", "/api/Client", 403),
        ("read:customers", "/api/Site", 200),
        ("read:customers", "/api/Users", 200),
        ("read:tickets", "/api/Agent", 200),
        ("read:tickets", "/api/Webhook", 403),
        ("admin:webhooks", "/api/Webhook", 200),
        ("admin", "/api/Application", 200),
        ("all:standard", "/api/Application", 403),
        ("all", "/api/Application", 200),
        ("read:tickets", "/api/ClientContract", 403),
        ("read:tickets", "/api/ClientContract/4", 401),
        ("read:contracts", "/api/ClientContract/4", 200),
    ],
)
def test_scopes_are_enforced(scope, path, status):
    """Edit implies read, actions are tickets, people and sites are customers, administration needs admin."""
    told = Asking(SEED, scope=scope).get(path)
    assert told.status == status
    if status == 403:
        assert told.body == b""


def test_writing_needs_edit_and_the_agents_access_level():
    """A read scope cannot write, and neither can an agent whose level is read."""
    assert Asking(SEED, scope="read:tickets").post("/api/Tickets", [{"summary": "x"}]).status == 403
    asking = Asking(SEED, scope="all")
    asking.post("/_sim/access", {"tickets": "read"})
    assert asking.post("/api/Tickets", [{"summary": "x"}]).status == 403
    assert asking.get("/api/Tickets").status == 200
    asking.post("/_sim/access", {"tickets": "none"})
    assert asking.get("/api/Tickets").status == 403


def test_tokens_expire_and_can_be_revoked():
    """An expired or revoked token answers 401 until a new one is asked for."""
    asking = Asking(SEED)
    asking.post("/_sim/tokens", {"revoke": True})
    assert asking.get("/api/Tickets").status == 401
    asking.login("all")
    assert asking.get("/api/Tickets").status == 200
    asking.post("/_sim/clock", {"now": "2099-01-01T00:00:00Z"})
    assert asking.get("/api/Tickets").status == 401


def test_other_applications_have_their_own_secret_and_never_show_it():
    """Application rows with a secret may log in; the API never tells the secret."""
    asking = Asking(SEED)
    form = {"grant_type": "client_credentials", "client_id": "other", "client_secret": "other-secret", "scope": "all"}
    assert asking.form(form).status == 200
    assert "clientSecret" not in asking.get("/api/Application").json()[0]
    assert "clientSecret" not in asking.get("/api/Application/a-1").json()


def test_who_am_i_and_where_is_the_token_door():
    """Authinfo is open; Agent/me is the API agent."""
    asking = Asking(SEED, scope="read:tickets")
    assert asking.raw("GET", "/api/AuthInfo").json()["auth_url"].endswith("/auth")
    assert asking.get("/api/agent/ME").json()["isapiagent"] is True
