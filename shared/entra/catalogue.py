"""What is known of permissions: each authority's opinion, the tier that follows, and which calls a permission opens."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from shared.entra.paths import PathIndex
from shared.measures.least_set import Cover

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
_FILE = Path(__file__).parent / "catalogue" / "permissions.json"
_SOURCES = ("azure-tiering", "entraops", "scubagear", "devx")
_ENTRAOPS = {"ControlPlane": 0, "ManagementPlane": 1, "UserAccess": 2}
_SCUBAGEAR = {"Critical": 0, "High": 1, "Medium": 2, "Low": 2}


def tier_of(opinions: Mapping[str, str]) -> int | None:
    """azure-tiering's where it judges, else the more privileged of EntraOps and ScubaGear, else None: unknown is never low."""
    own = opinions.get("azure-tiering")
    if own in ("0", "1", "2"):
        return int(own)
    others = [
        tier
        for tier in (_ENTRAOPS.get(opinions.get("entraops", "")), _SCUBAGEAR.get(opinions.get("scubagear", "")))
        if tier is not None
    ]
    return min(others, default=None)


@dataclass(frozen=True)
class Scheme:
    """What the permissions of one kind (application or delegated) open; calls are numbers, sets of calls are bit sets."""

    opens: Mapping[str, int]
    also: Mapping[tuple[str, int], tuple[str, ...]]
    """(permission, call): it opens the call only beside one of these."""
    by_call: Mapping[int, tuple[str, ...]]

    def covers(self, call: int) -> tuple[Cover, ...]:
        """Every way to open a call: one permission, or two where the catalogue says a second is needed."""
        found: list[Cover] = []
        for value in self.by_call.get(call, ()):
            needs = self.also.get((value, call))
            found += [frozenset({value})] if needs is None else [frozenset({value, need}) for need in needs]
        return tuple(found)

    def reach(self, value: str) -> int:
        """How many (method, path) pairs the permission opens."""
        return self.opens.get(value, 0).bit_count()


_METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@dataclass(frozen=True)
class Catalogue:
    """Read once from the shipped file; every question afterwards is a look-up."""

    raw: Mapping[str, Any] = field(repr=False)

    @cached_property
    def by_id(self) -> dict[str, str]:
        """Microsoft Graph application role id to its value."""
        return {str(row[0]).lower(): value for value, row in self.raw["opinions"].items() if row[0]}

    @cached_property
    def microsoft_apps(self) -> frozenset[str]:
        """Application ids of Microsoft's own."""
        return frozenset(self.raw["microsoft_apps"])

    @cached_property
    def application(self) -> Scheme:
        """Application permissions."""
        return self._scheme("application")

    @cached_property
    def delegated(self) -> Scheme:
        """Delegated permissions (work accounts)."""
        return self._scheme("delegated")

    @cached_property
    def templates(self) -> tuple[str, ...]:
        """Every known path in normal form, by number."""
        return tuple("/" + name.replace(" ", "/") for name in self.raw["paths"]["templates"])

    @cached_property
    def _index(self) -> PathIndex:
        return PathIndex(self.templates)

    def opinions(self, value: str) -> dict[str, str]:
        """Each source's own word for a Graph permission; empty when nobody knows it."""
        row = self.raw["opinions"].get(value)
        return {} if row is None else {name: word for name, word in zip(_SOURCES, row[1:], strict=True) if word}

    def call(self, method: str, uri: str) -> int | None:
        """The number of the (method, template) a request answers to; None when no known path matches."""
        wanted = method.strip().upper()
        if wanted not in _METHODS:
            return None
        found = self._index.find(uri)
        return None if found is None else found * len(_METHODS) + _METHODS.index(wanted)

    def _scheme(self, kind: str) -> Scheme:
        paths = self.raw["paths"]
        opens: dict[str, int] = {}
        by_call: defaultdict[int, list[str]] = defaultdict(list)
        for value, methods in paths[kind].items():
            calls = [at * len(_METHODS) + _METHODS.index(method) for method, found in methods.items() for at in found]
            for call in calls:
                by_call[call].append(value)
            bits = bytearray(max(calls, default=0) // 8 + 1)
            for call in calls:
                bits[call >> 3] |= 1 << (call & 7)
            opens[value] = int.from_bytes(bits, "little")
        also: dict[tuple[str, int], tuple[str, ...]] = {}
        for value, needs in paths[f"{kind}_also"].items():
            for mark, values in needs.items():
                method, at = mark.split(" ")
                also[value, int(at) * len(_METHODS) + _METHODS.index(method)] = tuple(values)
        return Scheme(opens, also, {call: tuple(values) for call, values in by_call.items()})


@cache
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return Catalogue(json.loads(_FILE.read_text("utf-8")))
