"""What integrations were seen to do: calls from the activity log, sign-ins from the activity report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.entra.catalogue import Catalogue
from shared.entra.paths import segments_of
from shared.measures.least_set import least_set, removable
from shared.model import JsonObject, parse_instant


@dataclass(slots=True)
class Calls:
    """What one application called and was answered."""

    numbers: set[int] = field(default_factory=set)
    strange: bool = False
    """A call matched no known path or its answer is not told, so no set of permissions can be shown to suffice."""
    last: datetime | None = None


def calls_by_app(rows: Iterable[JsonObject], catalogue: Catalogue) -> dict[str, Calls] | None:
    """Calls by application id; None when the log holds nothing at all, for then it is no log."""
    found: dict[str, Calls] = {}
    anything = False
    for row in rows:
        app = _app(row.get("AppId"))
        if not app:
            continue
        anything = True
        calls = found.setdefault(app, Calls())
        calls.last = later(calls.last, _instant(row.get("Last") or row.get("TimeGenerated")))
        answered = _answered(row)
        if answered is None:
            calls.strange = True
        if not answered:
            continue
        uri = str(row.get("Path") or row.get("RequestUri") or "")
        if segments_of(uri) == ["$batch"]:
            continue  # its parts are logged one by one
        number = catalogue.call(str(row.get("RequestMethod") or ""), uri)
        if number is None:
            calls.strange = True
        else:
            calls.numbers.add(number)
    return found if anything else None


def _app(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _answered(row: JsonObject) -> bool | None:
    """None when the row does not say."""
    try:
        if "Answered" in row:
            return int(row["Answered"]) > 0
        return int(row["ResponseStatusCode"]) < 400
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _instant(value: object) -> datetime | None:
    try:
        return parse_instant(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two instants, either of which may be missing."""
    return max(filter(None, (one, other)), default=None)


class SignIns:
    """The activity report: last sign-in of any kind by application."""

    def __init__(self, rows: Iterable[JsonObject]) -> None:
        self._last: dict[str, datetime | None] = {}
        self._odd: set[str] = set()
        for row in rows:
            app = _app(row.get("appId"))
            if not app:
                continue
            told = [value.get("lastSignInDateTime") for value in row.values() if isinstance(value, Mapping)]
            read = [_instant(one) for one in told]
            if any(one and at is None for one, at in zip(told, read, strict=True)):
                self._odd.add(app)
            for at in read:
                self._last[app] = later(self._last.get(app), at)
            self._last.setdefault(app, None)

    def tell(self, app: str) -> bool:
        """True when the report can say that an application was not used: it holds something, and no date it cannot mean."""
        return bool(self._last) and app.lower() not in self._odd

    def last(self, app: str) -> datetime | None:
        """The last sign-in that is told."""
        return self._last.get(app.lower())


class Usage:
    """Answers whether a permission was used, and the least set, from one tenant's log."""

    def __init__(self, rows: Iterable[JsonObject], catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._calls = calls_by_app(rows, catalogue)
        self._bits: dict[str, int] = {}
        self._found: dict[frozenset[int], tuple[str, ...] | None] = {}
        for app, calls in (self._calls or {}).items():
            bits = 0
            for number in calls.numbers:
                bits |= 1 << number
            self._bits[app] = bits

    def used(self, app: str, kind: str, value: str) -> bool | None:
        """True when the Graph permission answers an observed call, False when the log shows none, None without a log."""
        scheme = self._catalogue.application if kind == "application" else self._catalogue.delegated
        if self._calls is None:
            return None
        return bool(scheme.opens.get(value, 0) & self._bits.get(app.lower(), 0))

    def logged(self, kind: str, value: str) -> bool:
        """True when a call is known that the Graph permission opens; of openid and its like no log could show any."""
        return value in (self._catalogue.application if kind == "application" else self._catalogue.delegated).opens

    def last(self, app: str) -> datetime | None:
        """When it last called."""
        calls = (self._calls or {}).get(app.lower())
        return calls.last if calls else None

    def least(self, app: str, held: Iterable[str]) -> tuple[tuple[str, ...] | None, tuple[tuple[str, int], ...]]:
        """The least set and, of the application permissions held on Graph, what it does without."""
        if self._calls is None:
            return None, ()
        calls = self._calls.get(app.lower(), Calls())
        scheme = self._catalogue.application
        least = None if calls.strange else self._least_of(frozenset(calls.numbers))
        return least, () if least is None else tuple(removable(list(held), least, scheme.opens))

    def _least_of(self, numbers: frozenset[int]) -> tuple[str, ...] | None:
        """Many applications of a tenant make the same calls."""
        if numbers not in self._found:
            scheme = self._catalogue.application
            self._found[numbers] = least_set([scheme.covers(one) for one in numbers], scheme.opens)
        return self._found[numbers]
