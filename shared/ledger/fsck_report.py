"""What an audit of the log found, and which erasures explain content that is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.model import JsonObject

_MOST_FAULTS = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    code: str
    log: str
    text: str

    def to_json(self) -> JsonObject:
        """As the audit's result lists it."""
        return {"code": self.code, "log": self.log, "text": self.text}


@dataclass(slots=True)
class Report:
    """What an audit read, and what it found."""

    findings: list[Finding] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    by_log: dict[str, set[str]] = field(default_factory=dict)
    logs: int = 0
    entries: int = 0
    payloads: int = 0
    queued: int = 0
    anchors: int = 0

    def add(self, code: str, log: str, text: str) -> None:
        """Note a finding; every code is kept, texts up to a limit."""
        self.codes.add(code)
        self.by_log.setdefault(log, set()).add(code)
        if len(self.findings) < _MOST_FAULTS:
            self.findings.append(Finding(code, log, text))

    def to_json(self) -> JsonObject:
        """The audit's result."""
        return {
            "codes": sorted(self.codes),
            "by_log": {log: sorted(codes) for log, codes in sorted(self.by_log.items())},
            "findings": [finding.to_json() for finding in self.findings],
            "logs": self.logs,
            "entries": self.entries,
            "payloads": self.payloads,
            "queued": self.queued,
            "anchors": self.anchors,
        }


class Erasures:
    """Erasures that stand in a log; rows that only say so do not count."""

    def __init__(self) -> None:
        self._items: set[str] = set()
        self._contents: set[tuple[str, str]] = set()
        self._missing: list[tuple[str, int, str, str]] = []

    def look(self, leaf: bytes) -> None:
        """Note an entry that is a tombstone."""
        if b'"type":"evidence.erased"' not in leaf:
            return
        try:
            body = json.loads(leaf)
            if body["type"] == "evidence.erased":
                item = str(body["subject"]["id"])
                self._items.add(item)
                self._contents.add((item.partition(".")[0], str(body["source"]["sha256"])))
        except (ValueError, KeyError, TypeError):
            return

    def missing(self, log: str, index: int, identity: str, sha256: str) -> None:
        """Note content that is gone."""
        self._missing.append((log, index, f"{log}.{identity}", sha256))

    def unexplained(self) -> Iterator[tuple[str, int]]:
        """(log, index) of content that is gone though nothing says that it was erased."""
        for log, index, item, sha256 in self._missing:
            if item not in self._items and (log, sha256) not in self._contents:
                yield log, index
