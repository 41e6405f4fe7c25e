"""A desk on memory: calls go through the real triggers, who is calling is said by the test."""

from __future__ import annotations

import json

import azure.functions as func
import pytest

from shared import bootstrap
from shared.errors import Unauthenticated
from shared.model import Person, Role
from tests.harness.services import FakeServices


class Desk:
    """Calls a trigger as a person; ``services`` is what it stands on."""

    def __init__(self, services: FakeServices) -> None:
        self.services = services
        self.person: Person | None = Person("nora", "Nora Fictive", frozenset({Role.ADMINISTRATOR}))

    def call(self, trigger, method="GET", *, path=None, query=None, body=None, raw=None, headers=None):
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json", **(headers or {})} if data else dict(headers or {})
        request = func.HttpRequest(
            method=method, url="http://test/", headers=sent, params=query or {}, route_params=path or {}, body=data
        )
        return trigger.build().get_user_function()(request) if hasattr(trigger, "build") else trigger(request)


@pytest.fixture
def desk(monkeypatch):
    services = FakeServices()
    desk = Desk(services)

    def identify(_headers):
        if desk.person is None:
            raise Unauthenticated("A bearer token is needed.", code="token_missing", www_authenticate="Bearer")
        return desk.person

    monkeypatch.setattr(bootstrap, "services", lambda: services)
    monkeypatch.setattr(bootstrap, "identify", identify)
    return desk
