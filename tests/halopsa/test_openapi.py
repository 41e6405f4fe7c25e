"""Every path our client calls, every parameter it sends and every field our records read exist in HaloPSA's own document."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import AliasChoices

import shared.halopsa.records as rooms
from shared.halopsa.facts_lists import READINGS
from shared.halopsa.paging import UNPAGED
from shared.halopsa.records.wire import Record
from shared.halopsa.sample import LISTS
from shared.halopsa.setup import ensure_webhook
from tests.harness.clock import StillClock
from tests.harness.halo import FakeHalo

DOCUMENT = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "halopsa-openapi.json"
PAGING = {"pageinate", "page_size", "page_no"}
SCHEMAS = {
    "Tickets": "Faults",
    "Projects": "Faults",
    "Opportunities": "Faults",
    "Actions": "Actions",
    "RecurringInvoice": "InvoiceHeader",
    "Webhook": "Webhook",
    "Notification": "UnameNotification",
}
"""What POST takes, by path."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """HaloPSA's OpenAPI document; it is not ours to ship."""
    if not DOCUMENT.exists():
        pytest.skip("HaloPSA's OpenAPI document is not beside this checkout.")
    return json.loads(DOCUMENT.read_text())


def parameters(document: dict[str, Any], path: str) -> set[str]:
    """Names of a GET's query parameters."""
    return {one["name"] for one in document["paths"][path]["get"].get("parameters", [])}


def fields(document: dict[str, Any], schema: str) -> set[str]:
    """Names of a schema's properties."""
    return set(document["components"]["schemas"][schema]["properties"])


def test_every_list_and_parameter_of_the_sync_exists(document: dict[str, Any]) -> None:
    """Paths, query names, and which lists know paging."""
    for reading in READINGS:
        known = parameters(document, f"/{reading.kind}")
        asked = {*reading.query, *filter(None, (reading.changed, reading.recent, reading.recent_until))}
        asked |= set() if reading.kind in UNPAGED else PAGING if "pageinate" in known else {"this list knows no paging"}
        assert asked <= known, reading.kind
        if reading.detail:
            assert set(reading.detail.query) <= parameters(document, f"/{reading.detail.path}/{{id}}"), reading.kind


def test_the_other_reads_exist(document: dict[str, Any]) -> None:
    """Actions by window and ticket, the delivery log, single records, projects by client and tasks by parent."""
    assert {"startdate", "enddate", "ticket_id", "count"} <= parameters(document, "/Actions")
    assert {"webhook_id", *PAGING} <= parameters(document, "/WebhookEvent")
    assert "webhook_id" in parameters(document, "/Notification")
    assert "type" in parameters(document, "/Webhook")
    assert "includedetails" in parameters(document, "/RecurringInvoice/{id}")
    assert {"client_id", "parent_id", "includeclosed", "order"} <= parameters(document, "/Projects")
    assert "/AuthInfo" in document["paths"]


def test_what_a_proposal_looks_at_exists(document: dict[str, Any]) -> None:
    """Paths and parameters of the sample, the newest rows of the delivery log, and who we are."""
    for _, path, query, _ in LISTS:
        asked = set(query) | (set() if path in UNPAGED else PAGING)
        assert asked <= parameters(document, f"/{path}"), path
    assert {"order", "orderdesc", "page_size"} <= parameters(document, "/WebhookEvent")
    assert "/Agent/me" in document["paths"]


def test_every_field_we_write_exists(document: dict[str, Any]) -> None:
    """Rows of holds, notes, projects, tasks and the webhook setup."""
    from tests.halopsa.test_writes import ActionKind, action, hold, project, world

    halo, writes = world(RecurringInvoice=[{"id": -240}], Tickets=[], Projects=[], Actions=[])
    writes.carry_out(hold(), {})
    writes.carry_out(action(ActionKind.NOTE_TICKET, ticket_id=7, note="x"), {})
    writes.carry_out(project(), {})
    fake = FakeHalo(StillClock())
    ensure_webhook(fake, "https://attest.example", "u", "p")
    for kind, row in [*halo.written, *fake.written]:
        assert "post" in document["paths"][f"/{kind}"], kind
        assert set(row) <= fields(document, SCHEMAS[kind]), kind
    made = next(row for kind, row in halo.written if kind == "Projects")
    assert {name for one in made["milestones"] for name in one} <= fields(document, "MileStone")
    assert {name for one in made["budgets"] for name in one} <= fields(document, "FaultBudget")


def records() -> list[type[Record]]:
    """Every record of every module of the room."""
    for module in pkgutil.iter_modules(rooms.__path__, f"{rooms.__name__}."):
        importlib.import_module(module.name)
    found: list[type[Record]] = []
    waiting: list[type[Record]] = list(Record.__subclasses__())
    while waiting:
        one = waiting.pop()
        waiting += one.__subclasses__()
        if one.__module__.startswith("shared."):
            found.append(one)
    return sorted(set(found), key=lambda model: (model.__module__, model.__name__))


@pytest.mark.parametrize("model", records(), ids=lambda model: model.__name__)
def test_every_field_our_records_read_exists(document: dict[str, Any], model: type[Record]) -> None:
    """Some schema of the document has all of the record's fields; nested records are judged by themselves."""
    wanted = [spellings(name, field) for name, field in model.model_fields.items()]
    lacking = [
        [sorted(names) for names in wanted if not names & set(schema.get("properties", {}))]
        for schema in document["components"]["schemas"].values()
    ]
    nearest = min(lacking, key=len)
    assert nearest == [], f"{model.__name__}: no schema has all of its fields; the nearest lacks {nearest}"


def spellings(name: str, field: Any) -> set[str]:
    """The names under which the wire may carry a field; Halo's flags begin with an underscore, ours never do."""
    alias = field.validation_alias or field.alias
    if isinstance(alias, str):
        return {alias}
    if isinstance(alias, AliasChoices):
        return {choice for choice in alias.choices if isinstance(choice, str)}
    return {name, f"_{name}"}
