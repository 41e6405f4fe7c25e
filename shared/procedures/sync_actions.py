"""Read the actions that changed tickets need: windows of at most one day, or one ticket at a time, as planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from shared.model import JsonObject, rfc3339
from shared.ports import ReadPage
from shared.procedures.lists import lists
from shared.procedures.observe import record_rows
from shared.procedures.services import Services
from shared.procedures.sync_checks import Checked
from shared.procedures.sync_list import ListRead
from shared.procedures.sync_plan import unqueue

_KIND = "Actions"
_COUNT = 1000
_MOST_COUNT = 10_000
_SHORTEST = timedelta(minutes=1)
_SAVE_EVERY = 20
_ROUND = 50
"""Without a count, an answer of a round number of rows may have been cut there."""

Span = tuple[datetime, datetime]


def read_actions(services: Services, tell: Callable[[str], None]) -> ListRead:
    """Work through the queue of days and tickets; what is done leaves the queue every few requests."""
    mirror = services.mirror
    state = mirror.state(_KIND)
    now = services.clock.now()
    days: dict[str, int] = dict(state.get("days", {}))
    tickets: dict[str, int] = dict(state.get("tickets", {}))
    reader = _Reader(services, ListRead(mode="windows", checked=Checked.since(state)))
    done_days: dict[str, int] = {}
    done_tickets: dict[str, int] = {}
    total = len(days) + len(tickets)
    for number, (kind, name, serial) in enumerate(
        [("day", *one) for one in sorted(days.items())] + [("ticket", *one) for one in sorted(tickets.items())], 1
    ):
        if kind == "day":
            reader.day(int(name))
            done_days[name] = serial
        else:
            reader.ticket(name)
            done_tickets[name] = serial
        if number % _SAVE_EVERY == 0:
            reader.flush()
            mirror.change_state(
                _KIND, lambda held: held | unqueue(held, done_days, done_tickets) | _looks(reader.read, held)
            )
            tell(f"Reading Actions: {number} of {total} windows.")
    reader.flush()
    read = reader.read
    whole = not read.incomplete and mirror.read_at("Tickets") is not None

    def done(held: JsonObject) -> JsonObject:
        return {
            **held,
            **unqueue(held, done_days, done_tickets),
            "rows": read.rows,
            "live": int(held.get("live", 0)) + read.added,
            "observations": [*reversed(read.observations), *held.get("observations", ())][:100],
            "restated": int(held.get("restated", 0)) + len(read.restated),
            "refused": len(read.refused),
            "incomplete": read.incomplete,
            "unreadable": None,
            **_looks(read, held),
            **({"read_at": rfc3339(now)} if whole else {}),
        }

    mirror.change_state(_KIND, done)
    return read


def _looks(read: ListRead, state: JsonObject) -> JsonObject:
    return read.checked.left(state, whole=False)


class _Reader:
    """Reads windows, halves those that were cut off, records and folds."""

    def __init__(self, services: Services, read: ListRead) -> None:
        self._services = services
        self._lists = lists(services)
        self.read = read
        self._count = _COUNT
        self._waiting: list[ReadPage] = []

    def day(self, ordinal: int) -> None:
        """All actions of one day, in as many windows as it takes."""
        start = datetime.fromordinal(ordinal).replace(tzinfo=UTC)
        spans: list[Span] = [(start, start + timedelta(days=1))]
        while spans:
            begin, end = spans.pop()
            page = self._page(self._lists.between(begin, end))
            if not self._cut(page):
                continue
            if end - begin <= _SHORTEST:
                self.read.incomplete = True
                continue
            middle = begin + (end - begin) / 2
            spans += [(middle, end), (begin, middle)]

    def ticket(self, ticket_id: str) -> None:
        """All actions of one ticket."""
        page = self._page(self._lists.of_ticket(ticket_id))
        if self._cut(page):
            page = self._page(self._lists.of_ticket(ticket_id))
            if page.record_count is not None and page.record_count > len(page.rows):
                self.read.incomplete = True

    def _page(self, query: Mapping[str, str]) -> ReadPage:
        page = next(iter(self._services.halo.pages(_KIND, self._lists.at_most(query, self._count))))
        self._waiting.append(page)
        if len(self._waiting) >= _SAVE_EVERY or sum(len(held.rows) for held in self._waiting) > 5 * _COUNT:
            self.flush()
        return page

    def _cut(self, page: ReadPage) -> bool:
        """True when there may be more than was answered. A larger count is asked for from then on, where it helps."""
        came, told = len(page.rows), page.record_count
        if told is not None:
            if told > came >= self._count:
                self._count = min(max(self._count, told + told // 4), _MOST_COUNT)
            return told > came
        return came >= self._count or (came > 0 and came % _ROUND == 0)

    def flush(self) -> None:
        """Evidence first, then the mirror."""
        pages, self._waiting = self._waiting, []
        if not pages:
            return
        read = self.read
        read.observations += record_rows(self._services.ledger, _KIND, pages)
        rows = [row for page in pages for row in page.rows]
        named = ((self._services.mirror.identity(_KIND, row), row) for row in rows)
        read.checked.take(self._services, _KIND, {name: row for name, row in named if name is not None})
        folded = self._services.mirror.fold(_KIND, rows)
        read.rows += sum(len(page.rows) for page in pages)
        read.pages += len(pages)
        read.changed += len(folded.changed)
        read.added += folded.added
        read.restated += folded.restated
        read.refused += folded.refused
