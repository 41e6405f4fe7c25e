"""Actions carried out in HaloPSA, each once: read first, do nothing when it is so already, mark what we write."""

from __future__ import annotations

from collections.abc import Mapping

from shared.actions import Action, ActionKind
from shared.errors import SourceRejected
from shared.halopsa.echo import bears, marker, with_mark, without_mark
from shared.halopsa.first_invoices import has_left
from shared.halopsa.projects import ProjectMaker
from shared.model import JsonObject
from shared.ports import Halo, Mirror

_INTERNAL_NOTE = 7
"""HaloPSA's built-in outcome 'Internal Note'."""

_FIELD = {"disable": "disabled", "review": "reviewrequired"}
_NAMES = {"Invoice": ("invoice", "invoice_id"), "RecurringInvoice": ("recurring invoice", "recurring_invoice_id")}


class HaloWrites:
    """``carry_out`` answers the outcome with the prior state. Safe to repeat after any failure."""

    def __init__(self, halo: Halo, mirror: Mirror | None = None) -> None:
        self._halo = halo
        self._mirror = mirror

    def carry_out(self, action: Action, meaning: Mapping[str, object]) -> JsonObject:
        """Raises from SourceError; ``meaning`` is policy's reading of this tenant (``note_outcome``, ticket types)."""
        match action.kind:
            case ActionKind.HOLD_INVOICE:
                return self._hold(action)
            case ActionKind.RELEASE_INVOICE:
                return self._release(action)
            case ActionKind.NOTE_TICKET:
                return self._note(action, meaning)
            case ActionKind.CREATE_PROJECT:
                return ProjectMaker(self._halo, self._mirror).make(action, meaning)
            case ActionKind.NOTIFY | ActionKind.DELIVER_FILE:
                raise SourceRejected("Messages and files do not go through HaloPSA.", code="halo_no_such_action")

    def _hold(self, action: Action) -> JsonObject:
        """The mark on the internal note tells our own earlier attempt from a person's decision to disable."""
        field, mark = _FIELD[_mode(action)], _hold_mark(action)
        row = self._invoice(action)
        ours = bears(row, mark)
        prior = {**_state(row), field: False if ours else bool(row.get(field, False))}
        if row.get(field) is True:
            return {"already": True, "field": field, "prior": prior}
        if _kind(action) == "Invoice" and (row.get("voided") is True or has_left(row)):
            raise SourceRejected(f"Invoice {row['id']} is void or has left HaloPSA.", code="invoice_left")
        change = {"id": row["id"], field: True, "internal_note": with_mark(row.get("internal_note"), mark)}
        self._change_invoice(action, change, field)
        return {"already": False, "field": field, "prior": prior}

    def _release(self, action: Action) -> JsonObject:
        """Only what our hold changed is changed back."""
        field, mark = _FIELD[_mode(action)], _hold_mark(action)
        row = self._invoice(action)
        before = action.parameters.get("prior")
        was_set = bool(before.get(field, False)) if isinstance(before, dict) else False
        prior = _state(row)
        if was_set or (not row.get(field, False) and not bears(row, mark)):
            return {"already": True, "field": field, "prior": prior}
        change = {"id": row["id"], field: False, "internal_note": without_mark(row.get("internal_note"), mark)}
        self._change_invoice(action, change, field)
        return {"already": False, "field": field, "prior": prior}

    def _invoice(self, action: Action) -> JsonObject:
        kind = _kind(action)
        noun, identity = _NAMES[kind]
        record_id = str(action.parameters[identity])
        page = self._halo.one(kind, record_id, {"includedetails": "true"})
        if page is None:
            code = f"{noun.replace(' ', '_')}_missing"
            raise SourceRejected(f"HaloPSA has no {noun} {record_id}.", code=code, status=404)
        return page.rows[0]

    def _change_invoice(self, action: Action, change: JsonObject, field: str) -> None:
        """HaloPSA answers 200 to writes it did not carry out: what is stored counts."""
        self._halo.write(_kind(action), change)
        stored = self._invoice(action)
        if bool(stored.get(field, False)) != change[field]:
            raise SourceRejected(
                f"HaloPSA accepted the change of {field} but did not keep it.", code="halo_not_applied", field=field
            )
        if self._mirror is not None:
            self._mirror.fold(_kind(action), [stored])

    def _note(self, action: Action, meaning: Mapping[str, object]) -> JsonObject:
        ticket, mark = int(action.parameters["ticket_id"]), marker(action.key)
        for page in self._halo.pages("Actions", {"ticket_id": str(ticket), "count": "1000"}):
            for row in page.rows:
                if bears(row, mark):
                    return {"already": True, "action_id": row.get("id"), "prior": {}}
        chosen = action.parameters.get("outcome") or meaning.get("note_outcome") or _INTERNAL_NOTE
        name = "outcome_id" if isinstance(chosen, int) else "outcome"
        note: JsonObject = {
            "ticket_id": ticket,
            name: chosen,
            "note": with_mark(action.parameters["note"], mark),
            "hiddenfromuser": True,
            "sendemail": False,
        }
        stored = self._halo.write("Actions", note)
        return {"already": False, "action_id": stored.get("id"), "prior": {}}


def _kind(action: Action) -> str:
    """The list of the invoice an action is about."""
    return "Invoice" if "invoice_id" in action.parameters else "RecurringInvoice"


def _mode(action: Action) -> str:
    mode = str(action.parameters.get("mode", "disable"))
    if mode not in _FIELD:
        raise SourceRejected(f"An invoice cannot be held by {mode!r}.", code="halo_no_such_action")
    return mode


def _hold_mark(action: Action) -> str:
    return marker(str(action.parameters.get("hold_id") or action.key))


def _state(row: JsonObject) -> JsonObject:
    """What a hold may change and what tells whether an invoice left in the meantime."""
    names = ("disabled", "reviewrequired", "nextcreationdate", "lastcreated", "last_modified")
    return {name: row[name] for name in names if name in row}
