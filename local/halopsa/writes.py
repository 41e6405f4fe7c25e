"""POST and DELETE as HaloPSA carries them out: upserts, actions that move tickets, soft deletes."""

from __future__ import annotations

import uuid
from itertools import count

from local.halopsa.answer import Refused, model_state, sentence
from local.halopsa.builtin import API_AGENT_ID, CLOSED
from local.halopsa.clock import stamp
from local.halopsa.store import Change, Store, without_nulls
from local.halopsa.tables import Key, Row, Shape, key_of

_INTEGER_WORDS = (
    "id ticket_id tickettype_id client_id site_id user_id agent_id priority_id sla_id status_id parent_id "
    "contract_id template_id createdfrom_id reassigncount impact urgency outcome_id new_status new_agent "
    "new_priority recurring_invoice_id salesorder_id approval_status approvalagentid eventno delivery_method "
    "milestone_id new_sla_id new_tickettype new_parent_id new_contract_id chargerate currency_code period"
)
_INTEGERS = frozenset(_INTEGER_WORDS.split())
_MOVES = {
    "new_status": "status_id",
    "new_agent": "agent_id",
    "new_team": "team",
    "new_priority": "priority_id",
    "new_sla_id": "sla_id",
    "new_tickettype": "tickettype_id",
    "new_parent_id": "parent_id",
    "new_contract_id": "contract_id",
    "new_category1": "category_1",
    "new_category2": "category_2",
    "new_estimate": "estimate",
    "new_fixbydate": "fixbydate",
    "new_startdate": "startdate",
    "new_targetdate": "targetdate",
    "new_deadlinedate": "deadlinedate",
    "new_project_time_budget": "projecttimebudget",
    "new_project_money_budget": "projectmoneybudget",
    "new_impact": "impact",
    "new_urgency": "urgency",
}
_NESTED = ("milestones", "budgets", "lines", "todo_list")
_UNKNOWN_RECORD = "Record not found"
_NO_DATE = "1900-01-01T00:00:00"
"""HaloPSA's way of leaving a date open in a column that cannot be null."""


class Writes:
    """Carries out what the API is asked to write; answers rows and notes every change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._nested = count(7_000_001)

    def _number(self, row: Row) -> None:
        """Rows inside a row get ids of their own, as the real thing gives them."""
        for name in _NESTED:
            for child in row.get(name) or []:
                if isinstance(child, dict) and child.get("id") in (None, 0):
                    child["id"] = next(self._nested)

    def upsert(self, shape: Shape, given: Row, position: int = 0) -> tuple[Row, list[Change]]:
        """Create without id, update with one; partial updates keep what they do not mention."""
        _check_integers(shape, given, position)
        command = {name for name in given if name.startswith("_")}
        row = {name: value for name, value in given.items() if name not in command}
        if shape.path == "Actions":
            return self._act(row)
        self._number(row)
        table = self._store.table(shape.table)
        key = key_of(shape.table, row) if row.get("id") not in (None, 0, "") else None
        before = table.get(key) if key is not None else None
        if key is not None and before is None:
            raise Refused(sentence(_UNKNOWN_RECORD, 404 if shape.guid else 400))
        after = _merged(before or {}, row)
        if shape.table == "Tickets":
            self._settle_ticket(shape, before, after)
        self._require(shape, before, after)
        if before is None:
            after.pop("id", None)
        after.pop(shape.stamp or "", None)
        self._store.touch(shape.table, after, before)
        table.put(after)
        return after, [(shape.table, before, after)]

    def delete(self, shape: Shape, key: Key, reason: str = "") -> tuple[Row, list[Change]]:
        """Tickets are deleted softly, everything else goes."""
        table = self._store.table(shape.table)
        before = table.get(key)
        if before is None:
            raise Refused(sentence(_UNKNOWN_RECORD, 404))
        if shape.table == "Tickets":
            after = {**before, "deleted": True, **({"closure_note": reason} if reason else {})}
            after.pop("last_update", None)
            self._store.touch("Tickets", after, before)
            table.put(after)
            return after, [("Tickets", before, None)]
        table.drop(key)
        return before, [(shape.table, before, None)]

    def _settle_ticket(self, shape: Shape, before: Row | None, after: Row) -> None:
        """What HaloPSA fills in and moves on its own when a ticket is written."""
        now = stamp(self._store.clock.now())
        if before is None:
            defaults = {
                "tickettype_id": 5 if shape.path == "Projects" else 3,
                "status_id": 1,
                "agent_id": 1,
                "dateoccurred": now,
                "reassigncount": 0,
                "hasbeenclosed": False,
                "timetaken": 0.0,
                "use": "ticket",
                "targetdate": _NO_DATE,
                "deadlinedate": _NO_DATE,
            }
            for name, value in defaults.items():
                after.setdefault(name, value)
            if shape.path == "Projects":
                after["is_project"] = True
            if shape.path == "Opportunities":
                after["is_opportunity"] = True
        old_status, new_status = (before or {}).get("status_id"), after.get("status_id")
        if new_status == CLOSED and old_status != CLOSED:
            after.setdefault("dateclosed", now)
            after["hasbeenclosed"] = True
        elif before is not None and old_status == CLOSED and new_status != CLOSED:
            after.pop("dateclosed", None)
        if before is not None and before.get("agent_id") != after.get("agent_id"):
            after["reassigncount"] = int(before.get("reassigncount", 0)) + 1
            after["dateassigned"] = now

    def _require(self, shape: Shape, before: Row | None, after: Row) -> None:
        if before is not None:
            return
        if shape.table == "Tickets" and not str(after.get("summary", "")).strip():
            raise Refused(sentence("Summary must be entered"))
        if shape.path == "Client" and not str(after.get("name", "")).strip():
            raise Refused(sentence("Invalid Name"))
        if shape.path == "Users":
            if not str(after.get("name", "")).strip():
                raise Refused(sentence("Username must be entered"))
            if not after.get("site_id"):
                raise Refused(sentence("A Site must be selected"))
        if shape.path == "ToDo" and not after.get("ticket_id"):
            raise Refused(sentence("Ticket ID must be specified"))
        if shape.path == "Webhook":
            if after.get("type", 0) == 0 and not str(after.get("url", "")).startswith(("http://", "https://")):
                raise Refused(sentence("Please enter a valid URL"))
            after.setdefault("active", True)
        if shape.path == "Notification":
            after.setdefault("guid", str(uuid.uuid4()))

    def _act(self, given: Row) -> tuple[Row, list[Change]]:
        """Add an action (or change one): it needs an outcome, and what it says happens to its ticket."""
        tickets, actions = self._store.table("Tickets"), self._store.table("Actions")
        before_ticket = tickets.get((given.get("ticket_id") or 0,))
        if before_ticket is None:
            raise Refused(sentence(_UNKNOWN_RECORD))
        number = given.get("id")
        if number:
            old = actions.get((given["ticket_id"], number))
            if old is None:
                raise Refused(sentence(_UNKNOWN_RECORD))
            changed = _merged(old, given)
            changed.pop("last_updated", None)
            self._store.touch("Actions", changed, old)
            actions.put(changed)
            return changed, [("Actions", old, changed)]
        outcome = self._outcome(given)
        now = stamp(self._store.clock.now())
        ticket = dict(before_ticket)
        for name, target in _MOVES.items():
            if given.get(name) is not None:
                ticket[target] = given[name]
        if "new_status" not in given and outcome.get("newstatus"):
            ticket["status_id"] = outcome["newstatus"]
        self._settle_ticket(_TICKETS, before_ticket, ticket)
        ticket["lastactiondate"] = now
        ticket["timetaken"] = round(float(ticket.get("timetaken", 0)) + float(given.get("timetaken") or 0), 4)
        action = without_nulls(
            {
                "timetaken": 0.0,
                "chargerate": -1,
                "hiddenfromuser": False,
                "who": "API Agent",
                "who_type": 1,
                "who_agentid": API_AGENT_ID,
                "datetime": now,
                "actiondatecreated": now,
                "last_updated": now,
                **{name: value for name, value in given.items() if name != "id"},
                "outcome": given.get("outcome") or outcome.get("outcome", ""),
                "outcome_id": outcome.get("id", given.get("outcome_id")),
                "old_status": before_ticket.get("status_id"),
                "new_status": ticket.get("status_id"),
            }
        )
        if "note" not in action and "note_html" in action:
            action["note"] = action["note_html"]
        action["id"] = actions.next_id(action)
        actions.put(action)
        ticket.pop("last_update", None)
        self._store.touch("Tickets", ticket, before_ticket)
        tickets.put(ticket)
        return action, [("Actions", None, action), ("Tickets", before_ticket, ticket)]

    def _outcome(self, given: Row) -> Row:
        outcomes = self._store.table("Outcome").rows
        number, text = given.get("outcome_id"), str(given.get("outcome") or "").strip().lower()
        if number:
            found = outcomes.get((number,))
            if found is None:
                raise Refused(sentence("You do not have access to this Action"))
            return found
        if text:
            for row in outcomes.values():
                if str(row.get("outcome", "")).lower() == text:
                    return row
            return {"outcome": given["outcome"], "id": 0}
        raise Refused(sentence("An Outcome must be entered for this Action"))


_TICKETS = Shape("Tickets", "Tickets", "tickets", "tickets", guid=False, stamp="last_update",
                 detail_only=frozenset(), ignores_paging=False)  # fmt: skip


def _check_integers(shape: Shape, row: Row, position: int) -> None:
    """Integer columns refuse 95.0 and "95": HaloPSA's reader is strict."""
    for name, value in row.items():
        if name not in _INTEGERS or value is None or (name == "id" and shape.guid):
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            shown = "True" if value is True else str(value)
            raise Refused(
                model_state(
                    f"[{position}].{name}",
                    f"Error converting value {shown} to type 'System.Int32'. Path '[{position}].{name}'.",
                )
            )


def _merged(before: Row, given: Row) -> Row:
    """A partial update: null clears, custom fields meet by id, name or label, everything else is replaced."""
    after = {**before, **given}
    if "customfields" in given and before.get("customfields"):
        after["customfields"] = _merged_fields(before["customfields"], given["customfields"] or [])
    cleaned: Row = without_nulls(after)
    return cleaned


def _merged_fields(before: list[Row], given: list[Row]) -> list[Row]:
    fields = [dict(field) for field in before]
    for new in given:
        for field in fields:
            if any(new.get(name) is not None and new.get(name) == field.get(name) for name in ("id", "name", "label")):
                field.update(new)
                break
        else:
            fields.append(dict(new))
    return fields
