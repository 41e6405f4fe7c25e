"""Tokens in: what Entra would sign is accepted, everything else is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest

from local.entra.app import build
from local.entra.tokens import Issuer
from shared.errors import Unauthenticated, Unavailable
from shared.identity import KeyRing, TokenValidator
from shared.model import Role
from shared.settings import Settings
from tests.harness.asgi import AsgiTransport

TENANT = "00000000-0000-4000-8000-000000000001"
SETTINGS = Settings(
    {
        "ATTEST_TENANT_ID": TENANT,
        "ATTEST_AUDIENCE": "api://halo-attest 11111111-0000-4000-8000-000000000001",
        "ATTEST_AUTHORITY": "http://entra.test",
        "ATTEST_EASYAUTH": "off",
    }
)
ISSUER = Issuer("http://entra.test")
WEB = httpx.Client(transport=AsgiTransport(build(ISSUER)), base_url="http://entra.test")


def validator(**values: str) -> TokenValidator:
    return TokenValidator(Settings({**SETTINGS.values, **values}), WEB)


def dev(**body: Any) -> str:
    answer = WEB.post("/dev/token", json={"oid": "p-1", "name": "Nora Fictive", "roles": ["Reader"]} | body)
    return "Bearer " + answer.json()["access_token"]


def text(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": f"http://entra.test/{TENANT}/v2.0",
        "aud": "api://halo-attest",
        "tid": TENANT,
        "oid": "p-1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "roles": ["Administrator"],
    } | more


def test_a_person_is_one_however_her_oid_is_written() -> None:
    """A GUID's case tells nobody apart: the second of two persons must be another one."""
    written = (
        "0A1B2C3D-0000-4000-8000-00000000ABCD",
        "0a1b2c3d-0000-4000-8000-00000000abcd",
        " 0A1b2c3d-0000-4000-8000-00000000abcd",
    )
    assert {validator().person(dev(oid=oid)).oid for oid in written} == {written[1]}
    assert validator().person(dev(oid="P-1")).oid == "P-1"


def test_a_good_token_names_its_person() -> None:
    """Roles, name and oid come from the token, and absent narrowing claims mean all."""
    person = validator().person(dev(roles=["Reader", "Finance", "Emperor"]))
    assert (person.oid, person.name) == ("p-1", "Nora Fictive")
    assert person.roles == {Role.READER, Role.FINANCE}
    assert person.customers is None
    assert person.practices is None


def test_narrowing_claims_are_kept_apart_from_their_absence() -> None:
    """A list narrows to its members, an empty one to nothing."""
    person = validator().person(dev(customers=["1", "22"], practices=[]))
    assert person.customers == {"1", "22"}
    assert person.practices == frozenset()


@pytest.mark.parametrize("roles", ["Administrator", {"Administrator": True}, ["Administrator", 5], None, 7])
def test_roles_that_are_no_list_of_strings_give_no_roles(roles: object) -> None:
    """The roles claim is a list of exact strings or it is nothing."""
    assert validator().person(dev(claims={"roles": roles})).roles == frozenset()


@pytest.mark.parametrize(
    "wrong",
    [
        {"exp": int(time.time()) - 120},
        {"nbf": int(time.time()) + 86_400},
        {"iat": int(time.time()) + 86_400},
        {"aud": "api://other"},
        {"aud": ["api://other"]},
        {"tid": "00000000-0000-4000-8000-0000000000ff"},
        {"iss": "http://entra.test/00000000-0000-4000-8000-0000000000ff/v2.0"},
        {"iss": "http://evil.test/v2.0"},
        {"exp": None},
        {"iat": None},
        {"nbf": None},
        {"aud": None},
        {"iss": None},
        {"tid": None},
        {"oid": None},
        {"oid": ""},
        {"oid": 5},
        {"oid": ["p-1"]},
        {"exp": "soon"},
        {"attest_customers": ["1"]},
        {"attest_practices": 4},
        {"tid": [TENANT]},
        {"exp": 1e400},
    ],
)
def test_one_wrong_claim_refuses_the_token(wrong: dict[str, Any]) -> None:
    """Lifetime, audience, issuer, tenant and required claims are all checked, though the signature is right."""
    made = claims(**wrong)
    token = ISSUER.sign({name: value for name, value in made.items() if value is not None})
    with pytest.raises(Unauthenticated) as refused:
        validator().person("Bearer " + token)
    assert str(refused.value.details["www_authenticate"]).startswith("Bearer")


def test_another_tenants_issuer_is_refused_even_with_its_own_tid() -> None:
    """The issuer is bound to the tenant, and the tenant to the allow-list."""
    other = "00000000-0000-4000-8000-0000000000ff"
    token = ISSUER.sign(claims(tid=other, iss=f"http://entra.test/{other}/v2.0"))
    with pytest.raises(Unauthenticated):
        validator().person("Bearer " + token)


def test_an_unsigned_token_is_refused() -> None:
    """Algorithm none is no signature."""
    for alg in ("none", "None", "NONE"):
        token = f"{text({'alg': alg, 'typ': 'JWT', 'kid': ISSUER.kid})}.{text(claims())}."
        with pytest.raises(Unauthenticated):
            validator().person("Bearer " + token)


def test_the_public_key_is_no_shared_secret() -> None:
    """HS256 over the issuer's public key is refused."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = ISSUER._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    body = f"{text({'alg': 'HS256', 'typ': 'JWT', 'kid': ISSUER.kid})}.{text(claims())}"
    mac = base64.urlsafe_b64encode(hmac.new(pem, body.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    with pytest.raises(Unauthenticated):
        validator().person(f"Bearer {body}.{mac}")


def test_a_forged_key_is_refused() -> None:
    """The right key id with another key's signature, a foreign key id and an embedded key are all refused."""
    forger = Issuer("http://entra.test")
    foreign = forger.sign(claims())
    embedded = jwt.encode(claims(), forger._key, algorithm="RS256", headers={"jwk": forger.keys()["keys"][0]})
    forger.kid = ISSUER.kid
    for token in (foreign, forger.sign(claims()), embedded):
        with pytest.raises(Unauthenticated):
            validator().person("Bearer " + token)


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer a.b", "Bearer ä.b.c", "Bearer " + "x" * 20000],
)
def test_what_is_no_token_is_refused(header: str | None) -> None:
    """Nothing but a bearer token is read."""
    with pytest.raises(Unauthenticated):
        validator().person(header)


def test_a_principal_header_counts_only_behind_easyauth() -> None:
    """X-MS-CLIENT-PRINCIPAL is ignored where App Service does not guard the app."""
    rows = [{"typ": "oid", "val": "p-9"}, {"typ": "tid", "val": TENANT}, {"typ": "roles", "val": "Auditor"}]
    header = base64.b64encode(json.dumps({"claims": rows}).encode()).decode()
    with pytest.raises(Unauthenticated):
        validator().person(None, header)
    assert validator(ATTEST_EASYAUTH="on").person(None, header).roles == {Role.AUDITOR}
    with pytest.raises(Unauthenticated):
        validator(ATTEST_EASYAUTH="on").person(None, "!!")


def test_an_application_is_not_a_natural_person() -> None:
    """A client-credentials token is marked as an application's."""
    form = {
        "grant_type": "client_credentials",
        "client_id": "flow",
        "client_secret": "local-only",
        "scope": "api://halo-attest/.default",
    }
    token = WEB.post(f"/{TENANT}/oauth2/v2.0/token", data=form).json()["access_token"]
    person = validator().person("Bearer " + token)
    assert person.is_application
    assert person.roles == {Role.AUTOMATION}


def test_an_unknown_key_id_makes_one_refetch_per_cooldown() -> None:
    """Strangers cannot make us hammer the issuer, and a rolled key is found."""
    calls: list[str] = []
    issuers = [Issuer("http://entra.test"), Issuer("http://entra.test")]

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        body = issuers[0].keys() if request.url.path.endswith("keys") else issuers[0].discovery(TENANT)
        return httpx.Response(200, json=body)

    clock = [0.0]
    ring = KeyRing("http://entra.test", TENANT, httpx.Client(transport=httpx.MockTransport(answer)), lambda: clock[0])
    assert ring.key(issuers[0].kid)
    issuers.reverse()
    assert ring.key(issuers[0].kid) is None
    assert len(calls) == 2
    clock[0] = 31
    assert ring.key(issuers[0].kid)
    assert len(calls) == 4


def test_an_issuer_that_does_not_answer_is_unavailable_not_a_refusal() -> None:
    """Callers learn to come back later."""
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    with pytest.raises(Unavailable):
        TokenValidator(SETTINGS, client).person("Bearer " + ISSUER.sign(claims()))
