"""A kept delivery is heard: its record read, kept as evidence, folded in and looked at; what cannot be read is said."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import NotFound, SourceDenied
from shared.halopsa.echo import marker
from shared.halopsa.mirror import BlobMirror
from shared.model import NewEntry
from shared.procedures.hear import hear
from shared.registers import findings
from tests.harness.halo import FakeHalo
from tests.harness.services import FakeServices

ROW = {"id": 7, "client_id": 3, "summary": "x", "status_id": 1, "last_update": "2026-11-10T08:00:00Z"}
POLICY = "[halopsa]\napi_agent = 23\n"


class Story:
    """Deliveries kept and heard. Every story has tickets of its own: a process remembers what it read lately."""

    number = 70_000

    def __init__(self, policy: str = POLICY, **row: Any) -> None:
        Story.number += 1
        self.id = Story.number
        self.services = FakeServices(policy)
        self.services.mirror = BlobMirror(self.services.blobs)
        self.services.halo = FakeHalo(self.services.clock, {"Tickets": [{**ROW, "id": self.id, **row}]})

    def ring(self, **told: Any) -> str:
        """Keep one and hear it; answers its evidence id."""
        self.services.clock.advance(seconds=1)
        payload = {
            "id": f"d-{len(self.services.ledger.entries)}",
            "event": "ticket updated",
            "object_id": self.id,
            **told,
        }
        kept = NewEntry(type="delivery.received", key=payload["id"], payload=json.dumps(payload).encode(), customer="3")
        evidence = self.services.ledger.record(kept).evidence_id
        hear(self.services, evidence)
        return str(evidence)

    def understood(self) -> dict[str, str]:
        """Verdicts by delivery's evidence id."""
        rows = findings.of_control(self.services.rows, "intake_understood")
        return {row["subject"]["id"]: row["verdict"] for row in rows}


def test_the_record_is_read_kept_and_folded_in() -> None:
    """What the delivery claims counts for nothing; what the API answers is the mirror's."""
    story = Story()
    story.ring(ticket={"id": story.id, "summary": "A lie"})
    assert (story.services.mirror.get("Tickets", str(story.id)) or {})["summary"] == "x"
    [seen] = story.services.ledger.of_type("observation.page")
    assert (seen.customer, "echo" in seen.source) == ("3", False)
    row = story.services.mirror.get("Tickets", str(story.id)) or {}
    assert story.services.ledger.content(row["@observation"]) == seen.payload
    assert story.understood() == {}


def test_a_burst_about_one_record_costs_one_request() -> None:
    """Deliveries that came in before the record was read are about what was read."""
    story = Story()
    now = story.services.clock.now()
    story.ring()
    for _ in range(5):
        story.services.clock.advance(seconds=-2)
        assert story.services.clock.now() < now
        story.ring()
    assert len([call for call in story.services.halo.calls if "Tickets/" in call[1]]) == 1


@pytest.mark.parametrize(
    ("told", "echo"),
    [
        ({"agent_id": 23}, True),
        ({"agent_id": 24}, False),
        ({"agent_id": 24, "action": {"id": 1, "note": f"Held.\n{marker('h-1')}"}}, True),
        ({"agent_id": True}, False),
        ({}, False),
    ],
)
def test_the_ring_of_our_own_write_is_known_as_an_echo(told: dict[str, Any], echo: bool) -> None:
    """By the agent we log in as, or by our mark; the record is read all the same, for others may log in as we do."""
    story = Story()
    story.ring(**told)
    [seen] = story.services.ledger.of_type("observation.page")
    assert (seen.source.get("echo") is True) is echo


def test_without_knowing_our_agent_nobody_is_our_echo() -> None:
    """Zero in policy means unknown, and matches nobody."""
    story = Story(policy="")
    story.ring(agent_id=0)
    assert "echo" not in story.services.ledger.of_type("observation.page")[0].source


def test_what_cannot_be_read_is_said() -> None:
    """No such record, no right, no event we know: unknown each, and never a pass."""
    story = Story()
    missing = story.ring(object_id=1)
    strange = story.ring(event="weather changed")
    story.services.halo.faults["Tickets/"] = SourceDenied("No.", code="halo_denied")
    denied = story.ring()
    assert story.understood() == {missing: "unknown", strange: "unknown", denied: "unknown"}
    with pytest.raises(NotFound):
        hear(story.services, "nothing")


def test_a_record_with_a_wrong_field_is_a_finding_at_once() -> None:
    """Its delivery was understood; the record was not."""
    story = Story(client_id="three")
    story.ring()
    [row] = findings.of_control(story.services.rows, "records_readable")
    assert (row["subject"]["id"], row["verdict"]) == (f"Tickets/{story.id}", "fail")
    assert "client_id is not a whole number" in row["reasons"][0]["text"]


def test_what_changes_while_the_record_is_on_its_way_is_read_again() -> None:
    """HaloPSA had answered; then it changed and rang, and only then had we the answer in hand."""
    story = Story()
    halo, rows = story.services.halo, story.services.halo.tables["Tickets"]
    late: list[str] = []

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(halo, name)

        def one(self, kind: str, identity: str, query: Any = None) -> Any:
            page = halo.one(kind, identity, query)
            if not late:
                rows[0] |= {"summary": "changed", "last_update": "2026-11-10T09:00:00Z"}
                story.services.clock.advance(seconds=1)
                payload = {"id": "d-late", "event": "ticket updated", "object_id": story.id}
                kept = NewEntry(
                    type="delivery.received", key="d-late", payload=json.dumps(payload).encode(), customer="3"
                )
                late.append(story.services.ledger.record(kept).evidence_id)
                story.services.clock.advance(seconds=1)
                page = replace(page, read_at=story.services.clock.now())
            return page

    story.services.halo = Slow()
    story.ring()
    hear(story.services, late[0])
    assert (story.services.mirror.get("Tickets", str(story.id)) or {})["summary"] == "changed"
