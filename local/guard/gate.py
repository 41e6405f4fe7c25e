"""Who may do what, judged request by request, and what was done and refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from local.guard.roles import Right

Ways = tuple[frozenset[str], ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """One of ``ways`` must be held on ``place`` whole. ``create_only``: enough only while the blob is not there yet."""

    place: str
    ways: Ways
    create_only: frozenset[str] = frozenset()


class StrangeRequest(ValueError):
    """A request of a kind our clients never make: refused rather than guessed at."""


def one_of(*actions: str) -> Ways:
    """Any of these actions alone is enough."""
    return tuple(frozenset({action}) for action in actions)


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did to a place, and what it took."""

    group: str
    place: str
    ways: Ways


@dataclass
class Gate:
    """Changeable while everything runs."""

    rights: Sequence[Right]
    without: Right | None = None
    """The one right that is taken away for now."""
    stage: str = ""
    deeds: dict[Deed, Counter[str]] = field(default_factory=dict)
    """How often, by the stage it was done in."""
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    """(stage, group, what)."""
    _lock: Lock = field(default_factory=Lock)

    def allows(self, group: str, demand: Demand, *, exists: bool = True) -> bool:
        """Whether the group's rights give what is demanded; written down either way."""
        ways = (*demand.ways, *(() if exists or not demand.create_only else (demand.create_only,)))
        allowed = any(all(self.gives(group, demand.place, action) for action in way) for way in ways)
        if allowed:
            with self._lock:
                self.deeds.setdefault(Deed(group, demand.place, ways), Counter())[self.stage] += 1
        else:
            needed = " or ".join("+".join(sorted(way)) for way in ways)
            self.refuse(group, f"{demand.place}: {needed}")
        return allowed

    def gives(self, group: str, place: str, action: str) -> bool:
        """Whether one of the group's rights gives this action there."""
        return any(one.group == group and one != self.without and one.gives(place, action) for one in self.rights)

    def refuse(self, group: str, what: str) -> None:
        """Written down, whatever the reason."""
        with self._lock:
            self.refused.append((self.stage, group, what))
