"""The Entra stand-in's own manners: pages, doors, tokens."""

from __future__ import annotations

from typing import Any

import httpx
import jwt
import pytest

from local.entra.app import build
from local.entra.tokens import EXCHANGE, HOME_TENANT, Issuer, object_id
from tests.harness.asgi import AsgiTransport

BASE = "http://entra.test"


@pytest.fixture
def web() -> httpx.Client:
    seed = {"servicePrincipals": [{"id": f"sp-{number}", "appId": f"app-{number}"} for number in range(250)]}
    return httpx.Client(transport=AsgiTransport(build(Issuer(BASE), seed)), base_url=BASE)


def graph(web: httpx.Client, path: str) -> Any:
    query = {"resource": "https://graph.microsoft.com", "client_id": "x", "api-version": "2019-08-01"}
    token = web.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": "y"}).json()["access_token"]
    return web.get(path, headers={"Authorization": f"Bearer {token}"})


def test_lists_come_in_pages_of_a_hundred_unless_top_says_otherwise(web: httpx.Client) -> None:
    """Following the next link shows every row once."""
    sizes, rows, path = [], [], "/graph/v1.0/servicePrincipals"
    while path:
        body = graph(web, path).json()
        sizes.append(len(body["value"]))
        rows += [row["id"] for row in body["value"]]
        path = body.get("@odata.nextLink")
    assert sizes == [100, 100, 50]
    assert len(set(rows)) == 250
    assert len(graph(web, "/graph/v1.0/servicePrincipals?$top=999").json()["value"]) == 250
    assert graph(web, "/graph/v1.0/servicePrincipals?$top=1000").status_code == 400


def test_without_the_right_token_nothing_is_read(web: httpx.Client) -> None:
    """No token, another audience's token and another issuer's token are all refused."""
    assert web.get("/graph/v1.0/servicePrincipals").status_code == 401
    person = web.post("/dev/token", json={"oid": "p"}).json()["access_token"]
    for token in (person, Issuer(BASE).application(HOME_TENANT, "x", "https://graph.microsoft.com")):
        assert web.get("/graph/v1.0/applications", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_row_replaces_the_one_with_its_id_or_application(web: httpx.Client) -> None:
    """Rows are merged by id, principals also by appId, and a removed row goes."""
    web.post("/_sim/rows", json={"servicePrincipals": [{"id": "sp-1", "appId": "app-1", "displayName": "New"}]})
    web.post("/_sim/rows", json={"servicePrincipals": [{"id": "sp-2b", "appId": "app-2"}]})
    web.post("/_sim/rows", json={"servicePrincipals": [{"id": "sp-3", "@removed": {"reason": "deleted"}}]})
    rows = {row["id"]: row for row in web.get("/_sim/rows/servicePrincipals").json()}
    assert rows["sp-1"]["displayName"] == "New"
    assert "sp-2" not in rows
    assert "sp-2b" in rows
    assert "sp-3" not in rows
    web.post("/_sim/reset")
    assert len(web.get("/_sim/rows/servicePrincipals").json()) == 250


@pytest.mark.parametrize("rows", [[], {"users": []}, {"applications": {}}, {"applications": [1]}, "x"])
def test_rows_of_no_table_are_refused_whole(web: httpx.Client, rows: Any) -> None:
    """400, and nothing is taken in."""
    assert web.post("/_sim/rows", json=rows).status_code == 400


@pytest.mark.parametrize(
    "fault", [[1], {"status": 500}, {"match": 5}, {"match": "/", "times": "x"}, {"match": "/", "drop": "later"}]
)
def test_a_fault_that_is_none_is_refused(web: httpx.Client, fault: Any) -> None:
    """400 with a word why."""
    assert web.post("/_sim/faults", json=fault).status_code == 400


def test_faults_are_played_and_used_up_and_calls_remembered(web: httpx.Client) -> None:
    """Each fault answers as often as it says; the list of calls shows what was answered."""
    web.post("/_sim/faults", json={"match": "/graph/v1.0/applications", "status": 429, "times": 1, "retry_after": 7})
    first, second = graph(web, "/graph/v1.0/applications"), graph(web, "/graph/v1.0/applications")
    assert (first.status_code, first.headers["retry-after"], second.status_code) == (429, "7", 200)
    web.post("/_sim/faults", json={"match": "/graph/v1.0/applications", "drop": "before"})
    with pytest.raises(httpx.RemoteProtocolError):
        graph(web, "/graph/v1.0/applications")
    told = [call["status"] for call in web.get("/_sim/calls").json() if call["path"].endswith("applications")]
    assert told == [429, 200, 200]


def test_faults_alone_can_be_taken_back(web: httpx.Client) -> None:
    """Rows and calls stay as they are."""
    web.post("/_sim/rows", json={"applications": [{"id": "ap-1", "appId": "app-1"}]})
    web.post("/_sim/faults", json={"match": "/graph", "status": 500, "times": 9})
    assert graph(web, "/graph/v1.0/applications").status_code == 500
    assert web.delete("/_sim/faults").json() == {"faults": 0}
    assert [row["id"] for row in graph(web, "/graph/v1.0/applications").json()["value"]] == ["ap-1"]
    assert [call["status"] for call in web.get("/_sim/calls").json() if "/graph" in call["path"]] == [500, 200]


def test_a_fault_can_be_of_one_tenant(web: httpx.Client) -> None:
    """The others are answered as ever."""
    web.post("/_sim/faults", json={"match": "/graph", "status": 500, "times": 9, "tenant": "another"})
    assert graph(web, "/graph/v1.0/applications").status_code == 200
    web.post("/_sim/faults", json={"match": "/graph", "status": 500, "times": 9, "tenant": HOME_TENANT})
    assert graph(web, "/graph/v1.0/applications").status_code == 500


def test_claims_are_merged_last_and_a_null_removes_one(web: httpx.Client) -> None:
    """A test can ask for any token, and it is signed all the same."""
    body = {
        "oid": "p",
        "name": "Nora Fictive",
        "roles": ["Reader"],
        "customers": ["1", "2"],
        "claims": {"tid": None, "aud": "x"},
    }
    token = web.post("/dev/token", json=body).json()["access_token"]
    told = jwt.decode(token, options={"verify_signature": False})
    assert told["attest_customers"] == "1 2"
    assert told["aud"] == "x"
    assert not {"tid", "attest_practices"} & set(told)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "x"}, 400, "invalid_scope"),
        (
            {"grant_type": "client_credentials", "client_id": "x", "scope": "a/.default", "client_secret": "no"},
            401,
            "invalid_client",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "x", "scope": "a/.default", "client_assertion": "no"},
            401,
            "invalid_client",
        ),
    ],
)
def test_the_token_endpoint_refuses_in_oauths_words(
    web: httpx.Client, form: dict[str, str], status: int, error: str
) -> None:
    """Wrong grants, scopes, secrets and assertions each have their error."""
    answer = web.post(f"/{HOME_TENANT}/oauth2/v2.0/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_an_application_that_names_whom_it_trusts_takes_nobody_elses_word(web: httpx.Client) -> None:
    """Another identity's assertion is refused; an application that names nobody takes anyone's."""
    trusted = [{"subject": object_id(HOME_TENANT, "reader")}]
    web.post("/_sim/rows", json={"applications": [{"appId": "named", "federatedIdentityCredentials": trusted}]})

    def status(application: str, identity: str) -> int:
        query = {"resource": EXCHANGE, "client_id": identity, "api-version": "2019-08-01"}
        word = web.get("/msi/token", params=query, headers={"X-IDENTITY-HEADER": "y"}).json()["access_token"]
        form = {"grant_type": "client_credentials", "client_id": application, "scope": "a/.default"}
        return web.post("/another/oauth2/v2.0/token", data={**form, "client_assertion": word}).status_code

    assert (status("named", "reader"), status("named", "engine"), status("open", "engine")) == (200, 401, 200)
