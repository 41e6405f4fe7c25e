"""The API as a stranger meets it: answers are as its document says, and nothing that is sent breaks it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from local.demo.api import Api
from local.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow]
MOST = {"limit": "500"}
MONTH = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
LISTS = {
    "/api/findings": "/api/findings/{id}",
    "/api/approvals": "/api/approvals/{id}",
    "/api/holds": "/api/holds/{id}",
    "/api/projects": "/api/projects/{id}",
    "/api/handoffs": "/api/handoffs/{id}",
    "/api/controls": "/api/controls/{id}",
    "/api/evidence": "/api/evidence/{id}",
}
ODD_PARTS = ["none", "%00", "a%0Ab", "a%2Fb", "%F0%9F%98%80", "a" * 2000, "%27", "%25", "2026-W99", "2026-Q4"]
ODD_VALUES = [
    "x",
    "\x00",
    "-1",
    "501",
    "😀",
    "2026-02-30T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "WyJhIl0",
    "a" * 3000,
]
ODD_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b'{"a":NaN}',
    b'{"a":1,"a":2}',
    b'{"title":"\\ud800"}',
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"a":' + b"9" * 5000 + b"}",
    b"x" * 1_100_000,
]
ODD_JSON: list[Any] = [None, True, -1, 1e308, "", "\x00", "=1+1", "9" * 400, [], [None], {}, {"a": [1]}, "2026-13-45"]
LEAK = re.compile(r'Traceback|File "|site-packages|AccountKey|azure\.core|object at 0x', re.IGNORECASE)


@pytest.fixture(scope="module")
def document(api: Api) -> dict[str, Any]:
    return api.get("nora", "/api/openapi.json")


@pytest.fixture(scope="module")
def raw() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=60) as client:
        yield client


def faults(document: dict[str, Any], path: str, answer: dict[str, Any]) -> list[str]:
    """Where an answer is not as documented."""
    schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    return [
        f"{path} {list(map(str, one.absolute_path))}: {one.message[:100]}"
        for one in Draft202012Validator(schema).iter_errors(answer)
    ]


def test_every_answer_is_as_its_document_says(api: Api, document: dict[str, Any]) -> None:
    """Lists and their items, with real data; nothing is null that was promised."""
    wrong: list[str] = []
    for many, one in LISTS.items():
        page = api.get("nora", many, **MOST)
        wrong += faults(document, many, page)
        assert page["items"], many
        for row in page["items"][:12]:
            wrong += faults(document, one, api.get("nora", one.replace("{id}", row["id"])))
    for path in ("decisions", "backlog", "programme", "reviews", "integrations", "reports"):
        wrong += faults(document, f"/api/{path}", api.get("nora", f"/api/{path}", **MOST))
    for path in ("policy", "ledger/checkpoints", "ledger/keys", "health"):
        wrong += faults(document, f"/api/{path}", api.get("nora", f"/api/{path}"))
    wrong += faults(document, "/api/kpis", api.get("nora", "/api/kpis", **MONTH))
    wrong += faults(document, "/api/reviews/{quarter}", api.get("nora", "/api/reviews/2026-Q4", **MOST))
    run = api.run("seal")
    wrong += faults(document, "/api/runs/{id}", api.get("nora", f"/api/runs/{run['run_id']}"))
    assert wrong == []


def test_every_list_is_paged_to_its_end_without_a_gap(api: Api) -> None:
    """Page by page it is the same as at once."""
    for path in [
        *LISTS,
        "/api/decisions",
        "/api/backlog",
        "/api/programme",
        "/api/reviews",
        "/api/integrations",
        "/api/reports",
    ]:
        whole = [_name(row) for row in api.every("nora", path)]
        if path == "/api/evidence":  # reading it records nothing, but the stack goes on sealing
            continue
        pages: list[str] = []
        token: str | None = None
        while True:
            page = api.get("nora", path, limit="7", **({"next": token} if token else {}))
            pages += [_name(row) for row in page["items"]]
            token = page["next"]
            if token is None:
                break
        assert pages == whole, path
        assert len(set(pages)) == len(pages), path


def _name(row: dict[str, Any]) -> str:
    return str(row.get("id") or row["quarter"])


def test_nothing_that_is_sent_breaks_it(api: Api, stack: Stack, document: dict[str, Any], raw: httpx.Client) -> None:
    """Odd paths, parameters, bodies and fields on every operation: a problem with a code, never 5xx, never a word too much."""
    wrong: list[tuple[str, str, int, str]] = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            headers = {"X-Request-Id": "odd-1", "Content-Type": "application/json", **_credentials(api, operation)}
            for part, query, body in _odd(path, operation):
                address = re.sub(r"\{\w+\}", lambda _, part=part: part, path)
                address = (stack.intake_url if "/webhooks/" in path else stack.host_url) + address
                answer = raw.request(method.upper(), address, params=query, content=body, headers=headers)
                if not _sound(answer):
                    said = f"{part[:20]} {query} {body[:60]!r}"
                    wrong.append((operation["operationId"], said, answer.status_code, answer.text[:200]))
    assert wrong == []


def _credentials(api: Api, operation: dict[str, Any]) -> dict[str, str]:
    if operation.get("security") == [{"basic": []}]:
        return {"Authorization": "Basic " + base64.b64encode(b"halopsa:local-only").decode()}
    roles = operation.get("x-roles", [])
    who = (
        "nora" if "Administrator" in roles else {"Finance": "finn", "IntegrationOwner": "iris"}.get((roles or [""])[0])
    )
    return {"Authorization": f"Bearer {api.token(who or 'steve')}"} if roles else {}


def _odd(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """One oddity at a time, the rest as it should be."""
    known = "main" if "{source}" in path else "none"
    needed = {
        one["name"]: "2026-11-01T00:00:00Z" if one["schema"].get("format") else "2026-11"
        for one in operation.get("parameters", [])
        if one["in"] == "query" and one["required"]
    }
    if "{" in path:
        for part in ODD_PARTS:
            yield part, needed, b"{}" if "requestBody" in operation else b""
    for one in operation.get("parameters", []):
        if one["in"] == "query":
            for value in ODD_VALUES:
                yield known, {**needed, one["name"]: value}, b""
    yield known, {**needed, "no_such": "1"}, b""
    if "requestBody" not in operation:
        return
    for body in ODD_BODIES:
        yield known, needed, body
    content = operation["requestBody"]["content"]
    for name in content.get("application/json", {}).get("schema", {}).get("properties", {}):
        for value in ODD_JSON:
            if (name, operation["operationId"]) != ("job", "startRun"):
                yield known, needed, json.dumps({name: value}).encode()


def _sound(answer: httpx.Response) -> bool:
    if answer.headers.get("X-Request-Id") != "odd-1" or answer.status_code >= 500:
        return False
    if answer.status_code < 400:
        return True
    if answer.headers["Content-Type"] != "application/problem+json" or LEAK.search(answer.text):
        return False
    body = answer.json()
    return bool(re.fullmatch(r"[a-z0-9_]+", body["code"])) and body["status"] == answer.status_code
