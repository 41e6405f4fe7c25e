"""Rows as they are read, looked at field by field: what cannot be read goes into quarantine and becomes a finding."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast

from shared.controls import records_readable
from shared.controls.records_readable import RecordFacts
from shared.controls.spec import Case
from shared.model import JsonObject, NewEntry, Subject
from shared.procedures.assess import assess
from shared.procedures.services import Services

WITHOUT_ID = "-"
"""Stands for the rows of a list that have no id that can be used."""

_MOST = 1000
_MOST_NAMES = 500


class _Spelling(Protocol):
    def fault(self, kind: str, row: JsonObject) -> str | None: ...
    def unknown(self, kind: str, row: JsonObject) -> set[str]: ...
    def customer(self, row: JsonObject) -> str | None: ...


@dataclass(slots=True)
class Checked:
    """What the rows of one read looked like. ``faults``: id to what is wrong, '' where a former fault is gone."""

    standing: Mapping[str, str] = field(default_factory=dict)
    """Faults that stood before this read."""
    faults: dict[str, str] = field(default_factory=dict)
    unknown: Counter[str] = field(default_factory=Counter)
    """How many rows carried a field that no record reads."""
    told: Mapping[str, str] = field(default_factory=dict)
    """Faults that findings stand for."""

    @classmethod
    def since(cls, state: JsonObject) -> Checked:
        """Nothing looked at yet, knowing what the kind's last read left."""
        return cls(standing=state.get("faults", {}), told=state.get("faults_told", {}))

    @property
    def matters(self) -> bool:
        """True when there may be something to judge; that nothing is wrong where nothing was needs no look at the state."""
        return any(self.faults.values()) or bool(self.standing or self.told)

    def take(self, services: Services, kind: str, rows: Mapping[str, JsonObject]) -> None:
        """Look at rows by id."""
        spelling = cast("_Spelling", services.facts("records"))
        for record_id, row in rows.items():
            self.unknown.update(spelling.unknown(kind, row))
            fault = spelling.fault(kind, row)
            if fault is not None:
                self.faults[record_id] = fault
            elif record_id in self.standing or record_id in self.faults:
                self.faults[record_id] = ""

    def left(self, state: JsonObject, *, whole: bool) -> JsonObject:
        """What to keep in the kind's state as it stands: a delivery may have found a fault meanwhile."""
        faults = {name: fault for name, fault in ({**state.get("faults", {}), **self.faults}).items() if fault}
        before: Counter[str] = Counter() if whole else Counter(state.get("unknown_fields", {}))
        names = before | self.unknown
        return {
            "faults": dict(sorted(faults.items())[:_MOST]),
            "unknown_fields": dict(sorted(names.most_common(_MOST_NAMES))),
        }


def judge_faults(services: Services, kind: str, as_of: datetime, run_id: str) -> int:
    """One finding for each row that cannot be read, closed once it can be read or is gone; answer how many stand.

    A run that broke off left its faults in the kind's state: what was told is remembered apart from what is known.
    """
    state = services.mirror.state(kind)
    known: dict[str, str] = state.get("faults", {})
    told: dict[str, str] = state.get("faults_told", {})
    gone = {name for name in {**known, **told} if name != WITHOUT_ID and services.mirror.get(kind, name) is None}
    known = {name: fault for name, fault in known.items() if name not in gone}
    changed = {name: known.get(name, "") for name in {**told, **known} if told.get(name, "") != known.get(name, "")}
    if changed:
        _quarantine(services, kind, {name: fault for name, fault in changed.items() if fault})
        cases = [_case(kind, name, fault, state) for name, fault in sorted(changed.items())]
        assess(services, records_readable.CONTROL, cases, as_of=as_of, run_id=f"{run_id}\nrecords\n{kind}")
    if changed or gone:

        def settled(held: JsonObject) -> JsonObject:
            left = {name: fault for name, fault in held.get("faults", {}).items() if name not in gone}
            return held | {"faults": left, "faults_told": known}

        services.mirror.change_state(kind, settled)
    return len(known)


def check_heard(services: Services, kind: str, record_id: str, row: JsonObject, as_of: datetime, run_id: str) -> None:
    """The same for one record that was read because it rang. A fault that is gone is seen by the next sync."""
    checked = Checked()
    checked.take(services, kind, {record_id: row})
    if checked.faults:
        services.mirror.change_state(
            kind, lambda state: state | {"faults": {**state.get("faults", {}), **checked.faults}}
        )
        judge_faults(services, kind, as_of, run_id)


def _case(kind: str, name: str, fault: str, state: JsonObject) -> Case:
    """Of no customer: whose the record is may be just what cannot be read, and the finding must find itself again."""
    facts = RecordFacts(kind, name if name != WITHOUT_ID else "without an id", fault)
    seen = tuple(state.get("observations", ()))[:5]
    return Case(Subject("record", f"{kind}/{name}"), None, None, facts, None, seen)


def _quarantine(services: Services, kind: str, faults: Mapping[str, str]) -> None:
    """The row as it came, once for each content; the page it came in is evidence already."""
    spelling = cast("_Spelling", services.facts("records"))
    entries: list[NewEntry] = []
    for name, fault in sorted(faults.items()):
        row = services.mirror.get(kind, name) if name != WITHOUT_ID else None
        if row is None:
            continue
        payload = json.dumps(row, sort_keys=True, separators=(",", ":")).encode()
        entries.append(
            NewEntry(
                type="record.quarantined",
                key=f"quarantined\n{kind}\n{name}\n{hashlib.sha256(payload).hexdigest()}",
                payload=payload,
                customer=spelling.customer(row),
                subject=Subject("record", f"{kind}/{name}"),
                source={"system": "halopsa", "kind": kind, "id": name, "why": fault[:1000]},
            )
        )
    if entries:
        services.ledger.record_many(entries)
