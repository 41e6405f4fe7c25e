"""A first sync of 100,000 tickets: requests against pages, memory, and records folded a second in memory-backed storage."""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shared.halopsa.mirror import BlobMirror
from shared.model import Receipt
from shared.ports import ReadPage
from shared.procedures.runs import Run
from shared.procedures.sync import sync_run
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shared.model import JsonObject, NewEntry
    from shared.ports import Clock

TICKETS = 100_000
DAYS = 250
RATE = 2000.0
REQUESTS = 1.05
MIB = 500
_FIRST = datetime(2026, 1, 5, tzinfo=UTC)


def ticket(number: int) -> JsonObject:
    """A closed ticket of one day, about as large as HaloPSA's list rows."""
    at = (_FIRST + timedelta(days=(number - 1) * DAYS // TICKETS, minutes=number % 600)).isoformat()
    ids = {
        "id": number,
        "client_id": 1 + number % 200,
        "site_id": 18,
        "user_id": 40,
        "agent_id": number % 30,
        "sla_id": 1,
    }
    texts = {
        "summary": f"Fictive case {number}",
        "details": "It does not work. " * 15,
        "client_name": "Maple Harbour Dental",
    }
    dates = dict.fromkeys(
        ("dateoccurred", "dateassigned", "first_responsedate", "dateclosed", "lastactiondate", "last_update"), at
    )
    flags = {"excludefromsla": False, "onhold": False, "hasbeenclosed": True, "flagged": False, "reassigncount": 1}
    return {
        **ids,
        **texts,
        **dates,
        **flags,
        "status_id": 9,
        "tickettype_id": 1,
        "priority_id": number % 4,
        "team": "First line",
    }


class LazyHalo:
    """Makes each page when it is asked for: nothing is held."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.requests = 0

    def pages(self, kind: str, query: Mapping[str, str] | None = None) -> Iterator[ReadPage]:
        """Pages of tickets; every other list is empty."""
        asked = dict(query or {})
        number, last = int(asked.get("page_no", "1")), TICKETS // 100 if kind == "Tickets" else 0
        while True:
            self.requests += 1
            rows = [ticket(n) for n in range((number - 1) * 100 + 1, number * 100 + 1)] if number <= last else []
            count = TICKETS if kind == "Tickets" else 0
            body = json.dumps({"record_count": count, "tickets": rows}).encode()
            told = {**asked, "page_no": str(number), "page_size": "100"}
            yield ReadPage(kind, told, 200, body, tuple(rows), count, self.clock.now())
            if not rows:
                return
            number += 1

    def one(self, _kind: str, _record_id: str, _query: Mapping[str, str] | None = None) -> ReadPage | None:
        """No record needs completing here."""
        self.requests += 1
        return None


class HashingLedger:
    """Hashes what it is given and forgets it."""

    def record_many(self, entries: Sequence[NewEntry]) -> list[Receipt]:
        """Receipts with made-up ids."""
        return [Receipt(hashlib.sha256(entry.payload).hexdigest()[:26], "", duplicate=False) for entry in entries]


def floor() -> float:
    """Records a second when rows are only written as compressed JSON lines, five hundred at a time."""
    begun = time.perf_counter()
    for start in range(0, TICKETS, 500):
        zlib.compress("\n".join(json.dumps(ticket(n)) for n in range(start, start + 500)).encode(), 1)
    return TICKETS / (time.perf_counter() - begun)


def main() -> int:
    """One JSON line; 1 when a limit is missed."""
    least = floor()
    services = FakeServices()
    services.mirror, services.ledger = BlobMirror(services.blobs), HashingLedger()
    halo: Any = LazyHalo(services.clock)
    services.halo = halo
    begun = time.perf_counter()
    sync_run(services, Run("r-bench", "sync", None, services.clock.now(), "bench"))
    took = time.perf_counter() - begun
    begun = time.perf_counter()
    held = sum(1 for _ in services.mirror.rows("Tickets"))
    back = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    windows = DAYS + 2
    lists = services.mirror.state("Tickets")["rows"] // 100 + 31 + windows
    good = TICKETS / took >= RATE and halo.requests <= REQUESTS * lists and peak <= MIB and held == TICKETS
    told = {
        "bench": "sync",
        "figure": round(TICKETS / took),
        "unit": "records/s",
        "floor": round(least),
        "floor_is": "the same rows written as compressed JSON lines",
        "ratio": round(TICKETS / took / least, 2),
        "limit": RATE,
        "requests": halo.requests,
        "pages": lists,
        "pages_are": "pages of tickets, one per other list, one per day of actions",
        "read_back_s": round(back, 2),
        "peak_mib": round(peak),
        "good": good,
    }
    print(json.dumps(told))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
