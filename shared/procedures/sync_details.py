"""Complete the records whose list row is not enough, one read each, only where the record changed."""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import SourceDenied
from shared.model import JsonObject, rfc3339
from shared.ports import Reading, ReadPage
from shared.procedures.observe import record_rows
from shared.procedures.services import Services
from shared.procedures.sync_checks import Checked

_GROUP = 20


def read_details(services: Services, reading: Reading, tell: Callable[[str], None]) -> int:
    """Answer how many records were completed. A denial is told in the kind's state; the list rows stay as they are."""
    detail, kind, mirror = reading.detail, reading.kind, services.mirror
    if detail is None:
        return 0
    due = _due(services, kind)
    if not due:
        return 0
    checked = Checked.since(mirror.state(kind))
    count = 0
    for start in range(0, len(due), _GROUP):
        tell(f"Reading details of {kind}: {start} of {len(due)}.")
        group = due[start : start + _GROUP]
        pages: dict[str, ReadPage] = {}
        denied: SourceDenied | None = None
        for record_id in group:
            try:
                page = services.halo.one(detail.path, record_id, detail.query)
            except SourceDenied as fault:
                denied = fault
                break
            if page is not None and page.rows:
                pages[record_id] = page
        record_rows(services.ledger, kind, list(pages.values()))
        count += mirror.complete(kind, {record_id: page.rows[0] for record_id, page in pages.items()})
        checked.take(services, kind, {record_id: page.rows[0] for record_id, page in pages.items()})
        if denied is not None:
            _keep(services, kind, checked)
            told = {"code": denied.code, "text": denied.message, "at": rfc3339(services.clock.now())}
            _told(services, kind, told)
            return count
    _keep(services, kind, checked)
    if mirror.state(kind).get("details_unreadable"):
        _told(services, kind, None)
    return count


def _told(services: Services, kind: str, trouble: JsonObject | None) -> None:
    services.mirror.change_state(kind, lambda state: state | {"details_unreadable": trouble})


def _keep(services: Services, kind: str, checked: Checked) -> None:
    state = services.mirror.state(kind)
    left = checked.left(state, whole=False)
    if left["faults"] != state.get("faults", {}) or left["unknown_fields"] != state.get("unknown_fields", {}):
        services.mirror.change_state(kind, lambda held: held | checked.left(held, whole=False))


def _due(services: Services, kind: str) -> list[str]:
    """Records never completed, or whose list row changed since."""
    out: list[str] = []
    for row in services.mirror.rows(kind):
        mark = row.get("@detail")
        record_id = services.mirror.identity(kind, row)
        if record_id is not None and (not isinstance(mark, dict) or mark.get("stale")):
            out.append(record_id)
    return out
