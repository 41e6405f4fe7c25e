"""Whatever token an attacker brings, every route refuses it before it looks at anything else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib
import json
import time
from collections.abc import Iterator
from typing import Any

import azure.functions as func
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from functions import GROUPS
from local.entra.app import build
from local.entra.tokens import HOME_TENANT, Issuer
from shared import bootstrap
from shared.connector.operations import BY_ID
from shared.identity import TokenValidator
from shared.settings import Settings
from tests.harness.asgi import AsgiTransport
from tests.harness.services import FakeServices

BASE, OTHER = "http://entra.test", "00000000-0000-4000-8000-0000000000ff"
ISSUER = Issuer(BASE)
WEB = httpx.Client(transport=AsgiTransport(build(ISSUER)), base_url=BASE)
VALIDATOR = TokenValidator(
    Settings(
        {
            "ATTEST_TENANT_ID": HOME_TENANT,
            "ATTEST_AUDIENCE": "api://halo-attest",
            "ATTEST_AUTHORITY": BASE,
            "ATTEST_EASYAUTH": "off",
        }
    ),
    WEB,
)
EVERY_ROLE = [
    "Reader", "Auditor", "Operator", "Administrator", "PracticeManager", "DeliveryManager", "SalesManager", "Finance",
    "IncidentCommander", "SteeringMember", "IntegrationOwner", "Automation",
]  # fmt: skip
PUBLIC = {"health", "get_openapi", "get_connector", "receive_deliveries", "portal_style"}
"""Routes without a token: two descriptions, one word of health, a style sheet, and a door that asks for a password of its own."""


def _routes() -> Iterator[tuple[str, func.FunctionBuilder]]:  # type: ignore[name-defined]
    seen = set()
    for file in dict.fromkeys(name for files in GROUPS.values() for name in files):
        module = importlib.import_module(f"functions.{file}")
        for made in vars(module).values():
            if not hasattr(made, "build"):
                continue
            function = made.build()
            if function.get_trigger().type == "httpTrigger" and function.get_function_name() not in seen:
                seen.add(function.get_function_name())
                yield function.get_function_name(), function


ROUTES = dict(_routes())
GUARDED = sorted(set(ROUTES) - PUBLIC)


def claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    made = {
        "iss": f"{BASE}/{HOME_TENANT}/v2.0",
        "aud": "api://halo-attest",
        "tid": HOME_TENANT,
        "oid": "p-1",
        "name": "Nora Fictive",
        "iat": now,
        "nbf": now,
        "exp": now + 86_400,  # made once for the whole run, which takes longer than a token usually lives
        "roles": EVERY_ROLE,
    } | more
    return {name: value for name, value in made.items() if value is not None}


def _text(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _unsigned() -> str:
    return f"{_text({'alg': 'none', 'typ': 'JWT', 'kid': ISSUER.kid})}.{_text(claims())}."


def _confused() -> str:
    """The public key, which everybody can read, taken for a shared secret."""
    jwk = jwt.PyJWK(ISSUER.keys()["keys"][0], algorithm="RS256").key
    pem = jwk.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = f"{_text({'alg': 'HS256', 'typ': 'JWT', 'kid': ISSUER.kid})}.{_text(claims())}"
    mark = hmac.new(pem, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _forged(kid: str) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims(), key, algorithm="RS256", headers={"kid": kid})


def _signed(**more: Any) -> str:
    return ISSUER.sign(claims(**more))


_NOW = int(time.time())
UNKNOWN_CALLERS = {
    "nothing": None,
    "another scheme": "Basic " + base64.b64encode(b"halopsa:local-only").decode(),
    "no token": "Bearer ",
    "no JSON": "Bearer a.b.c",
    "alg none": "Bearer " + _unsigned(),
    "the public key as a secret": "Bearer " + _confused(),
    "a forged key under our key's id": "Bearer " + _forged(ISSUER.kid),
    "a forged key of its own": "Bearer " + _forged("mine"),
    "a changed body": "Bearer " + ".".join([(cut := _signed(roles=["Reader"]).split("."))[0], _text(claims()), cut[2]]),
    "another audience": "Bearer " + _signed(aud="https://graph.microsoft.com"),
    "another issuer": "Bearer " + _signed(iss="http://evil.test/v2.0"),
    "another tenant": "Bearer " + _signed(tid=OTHER, iss=f"{BASE}/{OTHER}/v2.0"),
    "an issuer that is not its tenant's": "Bearer " + _signed(iss=f"{BASE}/{OTHER}/v2.0"),
    "expired": "Bearer " + _signed(exp=_NOW - 120),
    "not yet": "Bearer " + _signed(nbf=_NOW + 86_400),
    "no end": "Bearer " + _signed(exp=None),
    "nobody": "Bearer " + _signed(oid=None),
    "customers as a list": "Bearer " + _signed(attest_customers=["101"]),
}
KNOWN_WITHOUT_RIGHT = {
    "no roles": _signed(roles=None),
    "no role": _signed(roles=[]),
    "roles as a string": _signed(roles="Administrator"),
    "roles as a string of all": _signed(roles=" ".join(EVERY_ROLE)),
    "a role of other letters": _signed(roles=["administrator", "AUDITOR", "Reader "]),
    "a role nobody knows": _signed(roles=["Emperor"]),
}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> FakeServices:
    """A desk on memory that recognises callers as the real one does."""
    made = FakeServices()
    monkeypatch.setattr(bootstrap, "services", lambda: made)
    monkeypatch.setattr(
        bootstrap,
        "identify",
        lambda headers: VALIDATOR.person(headers.get("authorization"), headers.get("x-ms-client-principal")),
    )
    return made


def ask(name: str, authorization: str | None, **headers: str) -> func.HttpResponse:
    """Call a route with whatever path it wants, an empty body, and this token."""
    trigger = ROUTES[name].get_trigger()
    route = str(trigger.route)
    parts = [part.strip("{}").split(":")[0].split("?")[0] for part in route.split("/") if part.startswith("{")]
    method = str(getattr((trigger.methods or ["GET"])[0], "value", (trigger.methods or ["GET"])[0]))
    sent = dict(headers) | ({} if authorization is None else {"authorization": authorization})
    request = func.HttpRequest(
        method=method,
        url=f"http://test/{route}",
        headers=sent,
        params={},
        route_params=dict.fromkeys(parts, "x"),
        body=b"",
    )
    return ROUTES[name].get_user_function()(request)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", GUARDED)
def test_a_caller_nobody_vouches_for_is_refused(services: FakeServices, name: str) -> None:
    """401, or for a page the way to sign in; nothing about what is there."""
    for attack, authorization in UNKNOWN_CALLERS.items():
        answer = ask(name, authorization)
        assert answer.status_code == 401, attack
        assert answer.headers.get("WWW-Authenticate"), attack


@pytest.mark.parametrize("name", GUARDED)
def test_a_person_without_a_role_is_refused(services: FakeServices, name: str) -> None:
    """403: roles are a list of exact words, and nothing else is one."""
    for attack, token in KNOWN_WITHOUT_RIGHT.items():
        assert ask(name, f"Bearer {token}").status_code == 403, attack


@pytest.mark.parametrize("name", GUARDED)
def test_easyauths_header_proves_nothing_here(services: FakeServices, name: str) -> None:
    """It counts only where EasyAuth guards the app and takes strangers' copies away."""
    told = [{"typ": "roles", "val": role} for role in EVERY_ROLE]
    told += [{"typ": "oid", "val": "p-1"}, {"typ": "tid", "val": HOME_TENANT}]
    header = base64.b64encode(json.dumps({"claims": told}).encode()).decode()
    assert ask(name, None, **{"x-ms-client-principal": header}).status_code == 401


def test_every_route_is_of_the_table_and_only_the_public_need_no_token(services: FakeServices) -> None:
    """What is public is public on purpose."""
    assert {one for one in ROUTES if ask(one, None).status_code not in (401, 403)} == PUBLIC
    assert {operation.id for operation in BY_ID.values() if operation.roles is None} == {
        "receiveDeliveries", "getHealth", "getOpenapi", "getConnector",
    }  # fmt: skip


def test_empty_narrowing_shows_nothing(services: FakeServices) -> None:
    """An empty list of customers or practices is none, not all."""
    for narrowing in ({"attest_customers": ""}, {"attest_practices": ""}):
        token = _signed(**narrowing)
        for name in ("list_findings", "list_holds", "list_approvals", "list_projects", "list_handoffs",
                     "list_reviews", "list_integrations", "list_reports"):  # fmt: skip
            answer = ask(name, f"Bearer {token}")
            assert (answer.status_code, json.loads(answer.get_body())["items"]) == (200, []), (narrowing, name)
