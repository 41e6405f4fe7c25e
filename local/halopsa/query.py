"""GET lists as HaloPSA answers them: filters, order, paging and the two list shapes."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from local.halopsa.answer import Refused, sentence
from local.halopsa.builtin import CLOSED
from local.halopsa.clock import instant
from local.halopsa.store import Store, Table
from local.halopsa.tables import Key, Row, Shape

PAGE_CAP = 100
DEFAULT_PAGE = 50
_CACHED_QUERIES = 32
_EQUAL_TYPE = 2
_TRUE = frozenset({"true", "1", "yes"})
_SHAPING = frozenset(
    {"pageinate", "page_no", "page_size", "count", "includelines", "includecolumns", "includeroles", "includedetails"}
)

_EQUALS = {
    "client_id": "client_id",
    "site_id": "site_id",
    "user_id": "user_id",
    "agent_id": "agent_id",
    "status_id": "status_id",
    "requesttype_id": "tickettype_id",
    "itil_requesttype_id": "itil_requesttype_id",
    "parent_id": "parent_id",
    "milestone_id": "milestone_id",
    "contract_id": "contract_id",
    "ticket_id": "ticket_id",
    "recurringinvoice_id": "recurring_invoice_id",
    "salesorder_id": "salesorder_id",
    "webhook_id": "webhook_id",
    "invoice_id": "invoice_id",
    "toplevel_id": "toplevel_id",
    "slaid": "slaid",
    "lookupid": "lookupid",
    "type": "type",
    "team_id": "team_id",
    "category_1": "category_1",
    "category_2": "category_2",
}
_ANY_OF = {
    "client_ids": "client_id",
    "requesttype": "tickettype_id",
    "status": "status_id",
    "agent": "agent_id",
    "agents": "agent_id",
    "team": "team",
    "team_name": "team",
    "priority": "priority_id",
    "sla": "sla_id",
    "ticketids": "id",
    "paymentstatuses": "paymentstatus",
}
_DATE_COLUMNS = {"datecleared": "dateclosed", "dateclosed": "dateclosed", "last_update": "last_update"}


def is_true(value: str | None) -> bool:
    """Booleans arrive as true, True or 1."""
    return (value or "").lower() in _TRUE


def is_closed(row: Row) -> bool:
    """Status 9 is Closed; a row without status tells by its closing date."""
    status = row.get("status_id")
    return status == CLOSED if status is not None else instant(row.get("dateclosed")) is not None


class Lists:
    """Answers lists; remembers which rows a query found until the table changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: OrderedDict[tuple[Any, ...], tuple[int, list[Key]]] = OrderedDict()

    def answer(self, shape: Shape, query: Mapping[str, str]) -> Any:
        """The body of a list: an envelope or a bare array."""
        table = self._store.table(shape.table)
        keys = self._keys(table, shape, query)
        start, stop, page = _slice(shape, query, len(keys))
        rows = [_list_row(shape, table.rows[key], query) for key in keys[start:stop]]
        if shape.rows_key is None:
            return rows
        body: dict[str, Any] = {"record_count": len(keys), shape.rows_key: rows}
        if page is not None:
            body = {"page_no": page[0], "page_size": page[1], **body}
        if shape.path == "Attachment":
            body["folders"] = []
        return body

    def _keys(self, table: Table, shape: Shape, query: Mapping[str, str]) -> list[Key]:
        asked = {name: value for name, value in query.items() if name not in _SHAPING}
        cache_key = (self._store.epoch, shape.path, tuple(sorted(asked.items())))
        hit = self._found.get(cache_key)
        if hit is not None and hit[0] == table.version:
            self._found.move_to_end(cache_key)
            return hit[1]
        keys = _actions(table, asked) if shape.path == "Actions" else list(table.rows)
        tests = _tests(shape, asked, self._store)
        if tests:
            keys = [key for key in keys if all(test(table.rows[key]) for test in tests)]
        keys = _ordered(table, shape, keys, asked)
        self._found[cache_key] = (table.version, keys)
        if len(self._found) > _CACHED_QUERIES:
            self._found.popitem(last=False)
        return keys


def _slice(shape: Shape, query: Mapping[str, str], total: int) -> tuple[int, int, tuple[int, int] | None]:
    if shape.rows_key is None:
        return 0, total, None
    if shape.ignores_paging:
        if shape.path in {"TimesheetEvent", "incomingemail"}:
            return 0, total, None
        return 0, _number(query.get("count"), DEFAULT_PAGE), None
    if is_true(query.get("pageinate")):
        size = max(1, min(PAGE_CAP, _number(query.get("page_size"), DEFAULT_PAGE)))
        if shape.path == "Asset":
            size = DEFAULT_PAGE
        number = max(1, _number(query.get("page_no"), 1))
        return (number - 1) * size, number * size, (number, size)
    return 0, _number(query.get("count"), DEFAULT_PAGE), None


def _number(text: str | None, default: int) -> int:
    try:
        return int(text) if text else default
    except ValueError:
        return default


def _list_row(shape: Shape, row: Row, query: Mapping[str, str]) -> Row:
    hidden = shape.detail_only
    if "lines" in hidden and is_true(query.get("includelines")):
        hidden -= {"lines"}
    if shape.path == "Agent" and is_true(query.get("includeroles")):
        hidden -= {"roles"}
    if shape.path in {"Application", "Webhook"}:
        hidden |= {"clientSecret", "basic_password"}
    return {name: value for name, value in row.items() if name not in hidden} if hidden else row


def _actions(table: Table, query: Mapping[str, str]) -> list[Key]:
    """Actions come by ticket, or by a window of at most one day; otherwise nothing comes back."""
    if query.get("ticket_id"):
        try:
            return table.of_ticket(int(query["ticket_id"]))
        except ValueError:
            return []
    begin, end = instant(query.get("startdate")), instant(query.get("enddate"))
    if begin is None or end is None:
        return []
    if begin == end and len(query["enddate"].strip()) == 10:
        end = begin + timedelta(days=1) - timedelta(microseconds=1)
    if end < begin or end - begin > timedelta(days=1):
        return []
    days = [(begin + timedelta(days=n)).strftime("%Y-%m-%d") for n in range((end.date() - begin.date()).days + 1)]
    return [key for key in table.of_days(days) if _between(table.rows[key], "datetime", begin, end)]


def _between(row: Row, field: str, begin: datetime | None, end: datetime | None) -> bool:
    at = instant(row.get(field))
    return at is not None and (begin is None or at >= begin) and (end is None or at <= end)


Test = Callable[[Row], bool]


def _tests(shape: Shape, query: Mapping[str, str], store: Store) -> list[Test]:
    tests: list[Test] = list(_kind_tests(shape, query, store))
    for name, value in query.items():
        if not value or (shape.path == "Actions" and name == "ticket_id"):
            continue
        if name in _EQUALS and not (name == "agent_id" and shape.path in {"Notification", "Agent"}):
            tests.append(_equals(_EQUALS[name], value))
        elif name in _ANY_OF and not (name == "type" and shape.path == "Report"):
            tests.append(_any_of(_ANY_OF[name], value))
    if query.get("search") or query.get("search_summary"):
        tests.append(_contains((query.get("search") or query["search_summary"]).lower()))
    changed_from, changed_to = instant(query.get("lastupdatefromdate")), instant(query.get("lastupdatetodate"))
    if shape.stamp and (changed_from or changed_to):
        field = shape.stamp
        tests.append(lambda row: _between(row, field, changed_from, changed_to))
    tests.extend(_date_tests(shape, query))
    if shape.table in {"Invoice", "RecurringInvoice"}:
        tests.extend(_invoice_tests(query))
    if shape.path == "Actions":
        tests.extend(test for name, test in _ACTION_TESTS.items() if is_true(query.get(name)))
    if query.get("advanced_search"):
        tests.extend(_advanced(query["advanced_search"]))
    return tests


def _kind_tests(shape: Shape, query: Mapping[str, str], store: Store) -> list[Test]:
    if shape.table != "Tickets":
        return []
    tests: list[Test] = []
    domain = {"Projects": "prjs", "Opportunities": "opps"}.get(shape.path, query.get("domain", ""))
    tickets = store.table("Tickets")
    if domain == "prjs":
        tests.append(lambda row: _is_project(row, tickets))
    elif domain == "opps":
        tests.append(lambda row: bool(row.get("is_opportunity")))
    elif domain == "reqs":
        tests.append(lambda row: not row.get("is_opportunity") and not _is_project(row, tickets))
    if is_true(query.get("open_only")):
        tests.append(lambda row: not is_closed(row))
    if is_true(query.get("closed_only")):
        tests.append(is_closed)
    wanted = is_true(query.get("deleted"))
    tests.append(lambda row: bool(row.get("deleted")) == wanted)
    return tests


def _is_project(row: Row, tickets: Table) -> bool:
    """Top projects and, as in HaloPSA, the tasks below them."""
    for _ in range(10):
        if row.get("is_project"):
            return True
        parent = tickets.get((row.get("parent_id") or 0,))
        if parent is None:
            return False
        row = parent
    return False


def _equals(field: str, value: str) -> Test:
    wanted = value.strip().lower()
    return lambda row: str(row.get(field, "")).lower() == wanted


def _any_of(field: str, value: str) -> Test:
    wanted = {part.strip().lower() for part in value.strip("[]").split(",") if part.strip()}
    return lambda row: str(row.get(field, "")).lower() in wanted


def _contains(wanted: str) -> Test:
    fields = ("summary", "name", "title", "ref", "client_name", "emailaddress")
    return lambda row: any(wanted in str(row[field]).lower() for field in fields if field in row)


def _date_tests(shape: Shape, query: Mapping[str, str]) -> list[Test]:
    if shape.table == "Tickets":
        begin, end, field = query.get("startdate"), query.get("enddate"), query.get("datesearch", "dateoccurred")
        field = _DATE_COLUMNS.get(field, field)
    elif shape.table in {"Appointment", "TimesheetEvent"}:
        begin, end, field = query.get("start_date"), query.get("end_date"), "start_date"
    elif shape.table in {"Invoice", "RecurringInvoice"}:
        begin, end, field = query.get("invoicedatestart"), query.get("invoicedateend"), "invoice_date"
    else:
        return []
    first, last = instant(begin), instant(end)
    if first is None and last is None:
        return []
    return [lambda row: _between(row, field, first, last)]


_ACTION_TESTS: Mapping[str, Test] = {
    "timeentriesonly": lambda row: bool(row.get("timetaken")),
    "agentonly": lambda row: row.get("who_type") == 1,
    "excludeprivate": lambda row: not row.get("hiddenfromuser"),
}


def _advanced(text: str) -> list[Test]:
    """Of HaloPSA's filter types only 2, equals, is known."""
    try:
        filters = [
            (str(one["filter_name"]), int(one["filter_type"]), str(one["filter_value"])) for one in json.loads(text)
        ]
    except (ValueError, TypeError, KeyError):
        raise Refused(sentence("Invalid advanced search parameter")) from None
    return [_equals(name, value) for name, kind, value in filters if kind == _EQUAL_TYPE]


def _invoice_tests(query: Mapping[str, str]) -> list[Test]:
    tests: list[Test] = []
    if is_true(query.get("postedonly")):
        tests.append(lambda row: bool(row.get("posted")))
    if is_true(query.get("notpostedonly")):
        tests.append(lambda row: not row.get("posted"))
    if is_true(query.get("reviewrequired")):
        tests.append(lambda row: bool(row.get("reviewrequired")))
    return tests


def _ordered(table: Table, shape: Shape, keys: list[Key], query: Mapping[str, str]) -> list[Key]:
    if shape.path != "Actions" or not query.get("ticket_id"):
        keys = sorted(keys, key=lambda key: tuple((isinstance(part, str), part) for part in key))
    for number in ("5", "4", "3", "2", ""):
        field = query.get(f"order{number}")
        if field:
            down = is_true(query.get(f"orderdesc{number}"))
            keys = sorted(keys, key=lambda key: _rank(table.rows[key].get(field)), reverse=down)
    return keys


def _rank(value: object) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    if isinstance(value, bool | int | float):
        return (1, value)
    return (2, str(value).lower())
