"""Ticket types by what their tickets are: projects, tasks below them, opportunities, and the rest by name and ITIL type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from shared.halopsa.sample import Sample


class Kinds:
    """Ticket types by what their tickets are."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        types = [row for row in sample.rows.get("TicketType", []) if isinstance(row.get("id"), int)]
        self.all = {int(row["id"]): row for row in types}
        tops = [row for row in sample.rows.get("Projects", []) if not row.get("parent_id")]
        below = [row for row in sample.rows.get("Projects", []) if row.get("parent_id")]
        self.projects = numbers_of(tops, "tickettype_id")
        self.tasks = numbers_of(below, "tickettype_id")
        self.opportunities = numbers_of(sample.rows.get("Opportunities", []), "tickettype_id")
        self.by_use = {
            use: [number for number, row in self.all.items() if row.get("use") == use] for use in ("prjs", "opps")
        }

    def delivery(self) -> set[int]:
        """Projects, tasks and opportunities."""
        seen = {*self.projects, *self.tasks, *self.opportunities}
        return seen | {number for numbers in self.by_use.values() for number in numbers}

    def where(self, fits: Callable[[str, object], bool]) -> list[int]:
        """Other types whose name and itilrequesttype fit."""
        rest = sorted(set(self.all) - self.delivery())
        return [one for one in rest if fits(str(self.all[one].get("name", "")), self.all[one].get("itilrequesttype"))]

    def told(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """With their names."""
        return tuple(self._sample.named("TicketType", number) for number in numbers)


def numbers_of(rows: Iterable[Mapping[str, object]], field: str) -> Counter[int]:
    """How often each whole number stands in a field."""
    values = (row.get(field) for row in rows)
    return Counter(value for value in values if isinstance(value, int) and not isinstance(value, bool))
