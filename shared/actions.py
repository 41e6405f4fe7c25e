"""What we propose to do in the world, as data: planned by rules, carried out by one procedure, recorded before and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from shared.model import JsonObject, Subject


class ActionKind(StrEnum):
    """The closed set of effects. Each has one handler in ``procedures/act.py``."""

    HOLD_INVOICE = "hold_invoice"  # parameters: recurring_invoice_id or invoice_id, mode, hold_id
    RELEASE_INVOICE = "release_invoice"  # parameters: the same, prior
    NOTE_TICKET = "note_ticket"  # parameters: ticket_id, note, outcome
    CREATE_PROJECT = "create_project"  # parameters: opportunity_id, plan
    NOTIFY = "notify"  # parameters: channel, event, title, text, link, facts
    DELIVER_FILE = "deliver_file"  # parameters: report, blob, path, media_type, sha256


@dataclass(frozen=True, slots=True)
class Action:
    """One effect to carry out once. ``key`` is its idempotency key: the same key is never carried out twice."""

    kind: ActionKind
    key: str
    subject: Subject
    customer: str | None
    parameters: JsonObject = field(default_factory=dict)

    def to_json(self) -> JsonObject:
        """As it travels through the queue and is recorded."""
        return {
            "kind": self.kind.value,
            "key": self.key,
            "subject": self.subject.to_json(),
            "customer": self.customer,
            "parameters": self.parameters,
        }

    @classmethod
    def from_json(cls, body: JsonObject) -> Action:
        """The inverse of to_json."""
        return cls(
            kind=ActionKind(body["kind"]),
            key=body["key"],
            subject=Subject(body["subject"]["kind"], body["subject"]["id"]),
            customer=body["customer"],
            parameters=body["parameters"],
        )
