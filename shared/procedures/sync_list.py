"""Bring one list up to date: whole at first and where that is cheap, else by what changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.model import JsonObject, parse_instant, rfc3339
from shared.ports import Reading, ReadPage
from shared.procedures.lists import lists
from shared.procedures.observe import record_pages, record_rows
from shared.procedures.services import Services
from shared.procedures.sync_checks import WITHOUT_ID, Checked
from shared.procedures.sync_plan import queue_lives

_GROUP = 10
"""Pages recorded and folded together."""

_SHORT = 2
"""Pages up to which a list is read whole every time: cheaper than being wrong about a removed or backdated row."""

_LONG = 20
"""Pages from which a list without change stamps is narrowed between two whole reads."""

_WHOLE_EVERY = timedelta(hours=20)
_OVERLAP = timedelta(minutes=10)
_NARROW = timedelta(days=120)
_PAGE = 100
_SAVE_EVERY = 50
_MOST_OBSERVATIONS = 100

Tell = Callable[[str], None]


@dataclass(slots=True)
class ListRead:
    """What reading one list came to."""

    mode: str = "whole"
    rows: int = 0
    pages: int = 0
    changed: int = 0
    removed: int = 0
    added: int = 0
    restated: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)
    incomplete: bool = False
    record_count: int | None = None
    newest: str = ""
    checked: Checked = field(default_factory=Checked)


def read_list(services: Services, reading: Reading, tell: Tell) -> ListRead:
    """One list. Raises from SourceError; what was read until then is kept."""
    state = services.mirror.state(reading.kind)
    now = services.clock.now()
    if reading.seldom and state.get("whole_at") and now - parse_instant(state["whole_at"]) < _WHOLE_EVERY:
        return ListRead(mode="not due", rows=int(state.get("rows", 0)), checked=Checked.since(state))
    if not state.get("read_at") or state.get("cursor"):
        return _whole(services, reading, state, now, tell)
    if not reading.version:
        narrowed = _narrowed(reading, state, now)
        if narrowed is None:
            return _whole(services, reading, state, now, tell)
        return _changes(services, reading, state, now, narrowed)
    read = _changes(services, reading, state, now, _since(reading, state))
    if _needs_whole(services, reading, services.mirror.state(reading.kind), now, read):
        whole = _whole(services, reading, services.mirror.state(reading.kind), now, tell)
        return _together(read, whole)
    return read


def _since(reading: Reading, state: JsonObject) -> dict[str, str]:
    mark = parse_instant(state["high_water"]) if state.get("high_water") else datetime(1901, 1, 1, tzinfo=UTC)
    return {reading.changed: rfc3339(mark - _OVERLAP)}


def _narrowed(reading: Reading, state: JsonObject, now: datetime) -> dict[str, str] | None:
    """What to add to the query of a long list that was read whole not long ago; None to read it whole."""
    whole_at = state.get("whole_at")
    long = int(state.get("rows", 0)) > _LONG * _PAGE
    if (
        not (reading.changed or reading.recent)
        or not long
        or not whole_at
        or now - parse_instant(whole_at) > _WHOLE_EVERY
    ):
        return None
    if reading.changed:
        return {reading.changed: rfc3339(parse_instant(state["read_at"]) - timedelta(days=1))}
    out = {reading.recent: rfc3339(now - _NARROW)}
    if reading.recent_until:
        out[reading.recent_until] = rfc3339(now + _NARROW)
    return out


def _needs_whole(services: Services, reading: Reading, state: JsonObject, now: datetime, read: ListRead) -> bool:
    """Reading by change misses rows that vanished or were backdated: short lists are read whole, long ones counted."""
    pages = -(-int(state.get("live", 0)) // _PAGE)
    if pages <= _SHORT:
        return True
    probe = next(iter(services.halo.pages(reading.kind, lists(services).one_row(reading.query))), None)
    if probe is None or probe.record_count is None:
        return False
    read.observations += record_pages(services.ledger, reading.kind, [probe])
    if probe.record_count == state.get("live"):
        return False
    whole_at = state.get("whole_at")
    return pages <= _LONG or not whole_at or now - parse_instant(whole_at) > _WHOLE_EVERY


def _changes(
    services: Services, reading: Reading, state: JsonObject, now: datetime, narrow: Mapping[str, str]
) -> ListRead:
    read = ListRead(mode="changes", checked=Checked.since(state))
    fold = _Fold(services, reading, read, now)
    for group in _groups(services.halo.pages(reading.kind, {**reading.query, **narrow})):
        fold.take(group)
    _save(services, reading, state, read, {"read_at": rfc3339(now), "live": int(state.get("live", 0)) + read.added})
    return read


def _whole(services: Services, reading: Reading, state: JsonObject, now: datetime, tell: Tell) -> ListRead:
    """Read from the first page, or from where a killed run stood; rows not seen are gone, if all were seen."""
    read = ListRead(mode="whole", checked=Checked.since(state))
    fold = _Fold(services, reading, read, now, seen=set())
    cursor = state.get("cursor") or {}
    first = max(1, int(cursor.get("page", 1)) - 1)
    if cursor:
        read.mode = "resumed"
    started = str(cursor.get("started", rfc3339(now)))
    query = lists(services).from_page(reading.query, first) if first > 1 else reading.query
    saved = 0
    for group in _groups(services.halo.pages(reading.kind, query)):
        fold.take(group)
        tell(f"Reading {reading.kind}: {read.rows} rows of {read.record_count or 'an unknown number'}.")
        if read.pages - saved >= _SAVE_EVERY:
            saved = read.pages
            mark = {"cursor": {"page": first + read.pages, "started": started}}
            _save(services, reading, state, read, {**mark, "live": int(state.get("live", 0)) + read.added})
    if not read.refused and first == 1 and WITHOUT_ID in {**read.checked.standing, **read.checked.told}:
        read.checked.faults[WITHOUT_ID] = ""
    if not read.incomplete and first == 1:
        read.removed = services.mirror.retire(reading.kind, fold.seen or set(), now)
    live = int(state.get("live", 0)) + read.added - read.removed
    done: JsonObject = {"cursor": None, "live": live, "rows": read.rows, "whole_at": started}
    if not read.incomplete:
        done["read_at"] = started
    _save(services, reading, state, read, done)
    return read


def _save(services: Services, reading: Reading, state: JsonObject, read: ListRead, more: JsonObject) -> None:
    newest = max(read.newest, str(state.get("high_water") or ""))
    observations = (
        [*reversed(read.observations), *state.get("observations", ())]
        if read.mode == "changes"
        else [*reversed(read.observations)]
    )
    told: JsonObject = {
        "high_water": newest or None,
        "observations": observations[:_MOST_OBSERVATIONS],
        "record_count": read.record_count,
        "incomplete": read.incomplete,
        "refused": len(read.refused),
        "restated": int(state.get("restated", 0)) + len(read.restated),
        "unreadable": None,
    }
    services.mirror.change_state(
        reading.kind, lambda held: held | told | read.checked.left(held, whole=read.mode == "whole") | more
    )


def _groups(pages: Iterator[ReadPage]) -> Iterator[list[ReadPage]]:
    group: list[ReadPage] = []
    for page in pages:
        group.append(page)
        if len(group) == _GROUP:
            yield group
            group = []
    if group:
        yield group


class _Fold:
    """Records pages, folds their rows and remembers what that changed."""

    def __init__(
        self, services: Services, reading: Reading, read: ListRead, now: datetime, seen: set[str] | None = None
    ) -> None:
        self._services = services
        self._reading = reading
        self._read = read
        self._now = now
        self.seen = seen
        self._marks = reading.has_actions or reading.detail is not None
        self._known = _known(services, reading) if self._marks else {}
        self._latest = ""

    def take(self, pages: list[ReadPage]) -> None:
        """Evidence first, then the mirror."""
        read, kind, mirror = self._read, self._reading.kind, self._services.mirror
        read.observations += record_rows(self._services.ledger, kind, pages)
        fresh: dict[str, JsonObject] = {}
        rows = [row for page in pages for row in page.rows]
        for row in rows:
            record_id = mirror.identity(kind, row)
            if record_id is None:
                read.refused.append((str(row.get("id", "")), "The row has no id that can be used."))
                read.checked.faults[WITHOUT_ID] = f"{len(read.refused)} rows have no id that can be used."
                continue
            if self.seen is not None:
                self.seen.add(record_id)
            if self._reading.version:
                self._note(row.get(self._reading.version))
            if self._marks:
                row["@listed"] = detail_version(self._reading, row)
                if self._reading.detail is not None and self._known.get(record_id) == (row["@listed"], True):
                    continue
            fresh[record_id] = row
        read.checked.take(self._services, kind, fresh)
        due = self._due(fresh)
        queue_lives(self._services, due.values(), self._now)
        folded = mirror.fold(kind, fresh.values())
        if self._reading.has_actions:
            queue_lives(self._services, [fresh[key] for key in folded.changed if key not in due], self._now)
        read.rows += len(rows)
        read.pages += len(pages)
        read.changed += len(folded.changed)
        read.added += folded.added
        read.restated += folded.restated
        read.refused += folded.refused
        last = pages[-1]
        read.record_count = last.record_count
        # The walk ends on an empty or short page, unless the endpoint repeats itself while claiming to hold more.
        read.incomplete = (
            bool(last.rows) and last.record_count is not None and self._seen_rows(last) < last.record_count
        )

    def _seen_rows(self, last: ReadPage) -> int:
        return max(self._read.rows, lists(self._services).reached(last))

    def _note(self, value: object) -> None:
        """The newest change stamp, but none from our own future: one wrong clock must not hide later changes."""
        if not isinstance(value, str) or value == self._latest:
            return
        self._latest = value
        try:
            at = parse_instant(value if value[-1:] in "Zz" or value[-6:-5] in "+-" else value + "Z")
        except ValueError:
            return
        if at.year > 1900:
            self._read.newest = max(self._read.newest, rfc3339(min(at, self._now)))

    def _due(self, fresh: dict[str, JsonObject]) -> dict[str, JsonObject]:
        """Tickets whose actions are to be read: queued before their rows are folded, so that a kill loses nothing."""
        if not self._reading.has_actions:
            return {}
        return {key: row for key, row in fresh.items() if self._known.get(key, ("", False))[0] != row["@listed"]}


def _known(services: Services, reading: Reading) -> dict[str, tuple[str, bool]]:
    """What every held row was when a list last showed it, and whether its completion still holds.

    Rows that came another way (a delivery was judged) carry no such mark and count as changed.
    """
    out: dict[str, tuple[str, bool]] = {}
    for row in services.mirror.rows(reading.kind):
        mark = row.get("@detail")
        record_id = services.mirror.identity(reading.kind, row)
        if record_id is not None:
            out[record_id] = (str(row.get("@listed", "")), isinstance(mark, dict) and not mark.get("stale"))
    return out


def _together(changes: ListRead, whole: ListRead) -> ListRead:
    return ListRead(
        mode="changes and whole",
        rows=whole.rows,
        pages=changes.pages + whole.pages,
        changed=changes.changed + whole.changed,
        removed=whole.removed,
        added=changes.added + whole.added,
        restated=changes.restated + whole.restated,
        refused=changes.refused + whole.refused,
        observations=changes.observations + whole.observations,
        incomplete=whole.incomplete,
        record_count=whole.record_count,
        newest=max(changes.newest, whole.newest),
        checked=whole.checked,
    )


def detail_version(reading: Reading, row: JsonObject) -> str:
    """What a detail read is good for: the row's version, or its content where the kind has none."""
    version = row.get(reading.version) if reading.version else None
    if isinstance(version, str):
        return version
    told = {name: value for name, value in row.items() if name[:1] != "@"}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]
