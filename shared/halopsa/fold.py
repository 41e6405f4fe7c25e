"""Which of two readings of one record stands: the newer; a list row never takes away what a detail read added.

A row keeps the observation it was first read in as it stands: reading the same again is no change.
"""

from __future__ import annotations

from datetime import datetime

from shared.halopsa.records.wire import date_or_none
from shared.measures.inputs import UNKNOWN
from shared.model import JsonObject

OBSERVATION = "@observation"
"""Evidence id of the observation the row came from; in ``DETAIL``, of the one that completed it."""

DETAIL = "@detail"
"""Mark of a row that was completed by a detail read: ``{"keys": [what it added], "stale": list row changed since}``."""

REMOVED = "@removed"
"""Mark of a row that HaloPSA no longer has."""

_VERSIONS = ("last_update", "last_updated")
_PAST = ("dateoccurred", "dateclosed", "first_responsedate", "responsedate", "dateassigned", "datetime", "invoice_date")
"""Dates of things that have happened: when one moves, figures told earlier change."""


def version(row: JsonObject) -> datetime | None:
    """When HaloPSA says the row last changed; None where the kind does not tell."""
    for name in _VERSIONS:
        if name in row:
            return date_or_none(row[name])
    return None


def resolve(old: JsonObject | None, new: JsonObject) -> JsonObject | None:
    """The row that stands after ``new`` came in, or None when nothing changes."""
    if old is None:
        return new
    if REMOVED in old:
        # Read again after it had gone: HaloPSA restored it, or the removal was a list read too early.
        return new
    before, after = version(old), version(new)
    if before is not None and after is not None and after < before:
        return None
    if DETAIL in old and DETAIL not in new:
        new = _keep_detail(old, new, same=before is not None and before == after)
    if OBSERVATION in old:
        return None if new | {OBSERVATION: old[OBSERVATION]} == old else new
    return None if new == old else new


def says_more(old: JsonObject | None, new: JsonObject) -> bool:
    """False when a row only learnt which observation it came from."""
    return old is None or OBSERVATION in old or OBSERVATION not in new or old | {OBSERVATION: new[OBSERVATION]} != new


def origins(row: JsonObject) -> tuple[str, ...]:
    """Evidence ids of the observations a row came from; ``unknown`` stands for one that was not kept.

    Rows written before observations were kept, and rows HaloPSA answered to our own writes, do not know theirs
    until they are read again.
    """
    first = str(row.get(OBSERVATION) or UNKNOWN)
    mark = row.get(DETAIL)
    if not isinstance(mark, dict):
        return (first,)
    second = str(mark.get("observation") or UNKNOWN)
    return (first,) if first == second else (first, second)


def _keep_detail(old: JsonObject, new: JsonObject, *, same: bool) -> JsonObject:
    """A list row over a completed one: the same version updates it; under a newer one the additions stay."""
    if same:
        return {key: value for key, value in old.items() if key != OBSERVATION} | new
    mark = old[DETAIL]
    keys = mark.get("keys", ()) if isinstance(mark, dict) else ()
    seen = {"observation": mark["observation"]} if isinstance(mark, dict) and "observation" in mark else {}
    return {key: old[key] for key in keys if key in old} | new | {DETAIL: {"keys": keys, "stale": True, **seen}}


def completed(held: JsonObject, detail: JsonObject) -> JsonObject:
    """A list row completed by its detail read. What an earlier detail read had added and this one lacks is gone."""
    mark = held.get(DETAIL)
    added = set(mark.get("keys", ())) if isinstance(mark, dict) else set()
    base = {key: value for key, value in held.items() if key not in added and key != DETAIL}
    told = {key: value for key, value in detail.items() if key != OBSERVATION}
    seen = {"observation": detail[OBSERVATION]} if OBSERVATION in detail else {}
    return base | told | {DETAIL: {"keys": sorted(set(told) - set(base)), "stale": False, **seen}}


def restates(old: JsonObject | None, new: JsonObject) -> bool:
    """True when something that had happened now happened at another time."""
    if old is None or REMOVED in old:
        return False
    return any(
        name in old and name in new and old[name] != new[name] and date_or_none(old[name]) != date_or_none(new[name])
        for name in _PAST
    )
