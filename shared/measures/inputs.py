"""Which rows figures are computed from, and the observation each of them was read in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from shared.model import JsonObject

UNKNOWN = "unknown"
"""Stands for an observation nobody kept: the row is there, where it came from is not known."""

Origins = dict[str, dict[str, list[str]]]
"""Kind of row, then evidence id of the observation (or ``unknown``), then ids of rows."""

Inputs = dict[str, Origins]
"""The same by part: what the rows are to the figures, such as ``tasks`` or ``time``."""


def note(inputs: Inputs, part: str, kind: str, row_id: str, observations: Iterable[str]) -> None:
    """Add one row. A row that two readings made stands under both observations."""
    by = inputs.setdefault(part, {}).setdefault(kind, {})
    for observation in observations:
        by.setdefault(observation, []).append(row_id)


def listed(parts: JsonObject) -> Iterator[JsonObject]:
    """Every row of every part with an observation it came from."""
    for part, one in sorted(parts.items()):
        for kind, by in sorted(one["rows_of"].items()):
            for observation, rows in by.items():
                for row in rows or [None]:
                    yield {"part": part, "kind": kind, "row": row, "observation": observation}


def told(inputs: Inputs) -> JsonObject:
    """Each part: how many rows, how many of unknown origin, how many observations, the listing and its digest.

    The digest is SHA-256 of the listing (``rows_of``) as JSON with sorted names and without spaces.
    """
    return {
        part: {
            "rows": len({(kind, row) for kind, by in kinds.items() for held in by.values() for row in held}),
            "unknown": len({(kind, row) for kind, by in kinds.items() for row in by.get(UNKNOWN, ())}),
            "observations": len({one for by in kinds.values() for one in by if one != UNKNOWN}),
            "sha256": hashlib.sha256(json.dumps(kinds, sort_keys=True, separators=(",", ":")).encode()).hexdigest(),
            "rows_of": kinds,
        }
        for part, kinds in sorted(inputs.items())
    }


def brief(parts: JsonObject, most: int = 20) -> JsonObject:
    """The same without the listings of parts of more than ``most`` rows or observations: null says that there is more."""
    return {
        part: one if max(one["rows"], one["observations"]) <= most else {**one, "rows_of": None}
        for part, one in parts.items()
    }
