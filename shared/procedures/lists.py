"""The door to how HaloPSA's lists are asked for: what ``services.facts("lists")`` answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast

from shared.model import JsonObject
from shared.ports import Reading, ReadPage
from shared.procedures.services import Services

Life = tuple[str, int, int]
"""Ticket id, first and last day as ordinals; first 0 where the life is unknown."""


class Lists(Protocol):
    """``shared.halopsa.facts_lists``."""

    READINGS: Sequence[Reading]
    APPROVALS: Reading

    def one_row(self, query: Mapping[str, str]) -> dict[str, str]:
        """The shortest page."""

    def from_page(self, query: Mapping[str, str], number: int) -> dict[str, str]:
        """The list from a page on."""

    def reached(self, page: ReadPage) -> int:
        """Rows up to the end of a page."""

    def between(self, begin: datetime, end: datetime) -> dict[str, str]:
        """Actions of a window."""

    def of_ticket(self, ticket_id: str) -> dict[str, str]:
        """Actions of a ticket."""

    def at_most(self, query: Mapping[str, str], rows: int) -> dict[str, str]:
        """The same in one page."""

    def life(self, row: JsonObject, today: int) -> Life:
        """The days a ticket lived."""


def lists(services: Services) -> Lists:
    """The connector room's own words."""
    return cast("Lists", services.facts("lists"))
