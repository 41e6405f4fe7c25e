"""Which days' and which tickets' actions are to be read: fewest requests that cover the lives of changed tickets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.model import JsonObject
from shared.procedures.lists import Life, lists
from shared.procedures.services import Services

_LONGEST_LIFE = 20 * 366
"""Days; a longer life is a wrong date, and the ticket is asked for by itself."""


def queue_lives(services: Services, rows: Iterable[JsonObject], now: datetime) -> None:
    """Add what these tickets need to the queue of action reads (durable when it returns).

    Each entry carries the number of its queueing, so that a sync running beside this one, which read the same day a
    moment ago, does not take away what was queued after it had read.
    """
    read, today = lists(services), now.toordinal()
    lives = [_padded(read.life(row, today)) for row in rows]
    if not lives:
        return
    touched = covered(lives)

    def queued(state: JsonObject) -> JsonObject:
        serial = int(state.get("serial", 0)) + 1
        days, tickets = plan(lives, {int(day) for day in state.get("days", {})})
        return state | {
            "days": {**state.get("days", {}), **{str(day): serial for day in days if day in touched}},
            "tickets": {**state.get("tickets", {}), **dict.fromkeys(sorted(tickets), serial)},
            "serial": serial,
        }

    services.mirror.change_state("Actions", queued)


def covered(lives: Iterable[Life]) -> set[int]:
    """All days any of these lives touches."""
    spans = {(first, last) for _, first, last in lives if first}
    return {day for first, last in spans for day in range(first, last + 1)}


def unqueue(state: JsonObject, days: Mapping[str, int], tickets: Mapping[str, int]) -> JsonObject:
    """The queue without what was read, unless it was queued anew since."""
    return {
        "days": {day: serial for day, serial in state.get("days", {}).items() if days.get(day) != serial},
        "tickets": {one: serial for one, serial in state.get("tickets", {}).items() if tickets.get(one) != serial},
    }


def _padded(life: Life) -> Life:
    """A day is added on both sides: times may carry an offset, and a first answer may come before the opening."""
    ticket, first, last = life
    return (ticket, first - 1, last + 1) if first and last - first < _LONGEST_LIFE - 1 else (ticket, 0, 0)


def plan(lives: Iterable[Life], queued: set[int]) -> tuple[set[int], set[str]]:
    """Days to read for all tickets together (those queued already are free), and tickets to read one by one.

    Short lives are covered by days first; a long life that would add more days than it saves tickets is read by itself.
    Days are bits of one integer, so that a hundred thousand lives are cheap to add up.
    """
    known = sorted((life for life in lives if life[1]), key=lambda life: life[2] - life[1])
    alone = {life[0] for life in lives if not life[1]}
    base = min((life[1] for life in known), default=0)
    free = 0
    for day in queued:
        if day >= base:
            free |= 1 << (day - base)
    best_cost, best_count, mask = len(known), 0, 0
    for count, (_, first, last) in enumerate(known, 1):
        mask |= ((1 << (last - first + 1)) - 1) << (first - base)
        cost = (mask & ~free).bit_count() + len(known) - count
        if cost <= best_cost:
            best_cost, best_count = cost, count
    chosen = 0
    for _, first, last in known[:best_count]:
        chosen |= ((1 << (last - first + 1)) - 1) << (first - base)
    days = set(queued)
    while chosen:
        low = chosen & -chosen
        days.add(base + low.bit_length() - 1)
        chosen ^= low
    return days, alone | {ticket for ticket, _, _ in known[best_count:]}
