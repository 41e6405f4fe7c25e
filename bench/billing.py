"""How long checking 20,000 recurring invoices with 200,000 lines takes from the mirror, and how much memory it needs."""

from __future__ import annotations

import copy
import json
import resource
import sys
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from shared.approvals.quorum import content_digest
from shared.halopsa.mirror import BlobMirror
from shared.model import rfc3339
from shared.procedures import billing
from shared.procedures.billing_reading import COMMERCIAL
from shared.procedures.runs import Run
from shared.registers import signoffs
from tests.harness.billing import NOW, invoice, issued, line
from tests.harness.clock import StillClock
from tests.harness.halo import FakeHalo
from tests.harness.services import FakeServices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.model import JsonObject

INVOICES = 20_000
LINES = 10
CUSTOMERS = 1_000
SECONDS = 60.0
MIB = 500


def recurring() -> Iterator[JsonObject]:
    """Clean invoices of many customers."""
    for number in range(1, INVOICES + 1):
        lines = [line(at) for at in range(1, LINES + 1)]
        customer = 1 + number % CUSTOMERS
        yield invoice(
            number,
            client_id=customer,
            client_name=f"Fictive {customer}",
            contract_id=customer,
            lines=lines,
            total=2260.0,
            tax_total=260.0,
        )


def before() -> Iterator[JsonObject]:
    """What was billed last, with its lines."""
    for number in range(1, INVOICES + 1):
        customer = 1 + number % CUSTOMERS
        yield issued(100_000 + number, number, client_id=customer, lines=[line(at) for at in range(1, LINES + 1)])


def prepared() -> FakeServices:
    """Services whose mirror holds everything, and finance's sign-off for every invoice but one in a hundred."""
    services = FakeServices("", StillClock(NOW))
    mirror = BlobMirror(services.blobs)
    services.mirror = mirror
    services.halo = FakeHalo(services.clock)  # what is short is read once more, and there is none
    contract = {"start_date": "2024-01-01T00:00:00", "active": True, "started": True, "expired": False}
    for kind in COMMERCIAL:  # long lists are not read again before they are judged
        mirror.change_state(kind, lambda state: state | {"rows": INVOICES})
    mirror.apply("RecurringInvoice", recurring(), read_at=NOW, complete=True)
    mirror.apply("Invoice", before(), read_at=NOW, complete=True)
    rows = ({"id": at, "client_id": at, **contract} for at in range(1, CUSTOMERS + 1))
    mirror.apply("ClientContract", rows, read_at=NOW, complete=True)
    clients = ({"id": at, "name": f"Fictive {at}"} for at in range(1, CUSTOMERS + 1))
    mirror.apply("Client", clients, read_at=NOW, complete=True)
    mirror.apply("Agent", [{"id": 7, "name": "Ada Fictive", "isapiagent": False}], read_at=NOW, complete=True)
    for kind in ("Tickets", "Actions"):
        mirror.apply(kind, [], read_at=NOW, complete=True)
    _sign(services)
    return services


def _sign(services: FakeServices) -> None:
    facts = services.facts("billing")
    from shared.measures.invoice_content import content_of

    for row in recurring():
        if row["id"] % 100 == 0:
            continue
        content = content_of(facts.one_invoice(services.mirror, row, services.policy.policy))
        body = {
            "recurring_invoice_id": str(row["id"]),
            "customer": str(row["client_id"]),
            "approval_id": "a-1",
            "content": content,
            "digest": content_digest(content),
            "accepted": [],
            "by": ["oid-nora"],
            "at": rfc3339(NOW),
        }
        signoffs.keep(services.rows, str(row["id"]), body)


def floor() -> float:
    """Only reading the same rows: decompressing and parsing their JSON."""
    rows = [zlib.compress(json.dumps(copy.deepcopy(row)).encode(), 1) for row in recurring()]
    began = time.process_time()
    for data in rows:
        json.loads(zlib.decompress(data))
    return time.process_time() - began


def main() -> int:
    """One JSON line; 1 when a limit is missed."""
    least = floor()
    services = prepared()
    at_rest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, worked = time.perf_counter(), time.process_time()
    result = billing.billing_check_run(services, Run("r-bench", "billing_check", None, NOW, "bench"))
    took = time.perf_counter() - began
    worked = time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {
        "bench": "billing",
        "figure": round(took, 2),
        "unit": "s",
        "cpu_s": round(worked, 2),
        "floor": round(least, 2),
        "floor_is": "processor time to decompress and parse the recurring invoices",
        "ratio": round(worked / least, 1),
        "limit": SECONDS,
        "invoices": result["population"],
        "lines": result["population"] * LINES,
        "pass": result["pass"],
        "fail": result["fail"],
        "holds_placed": result["holds_placed"],
        "peak_mib": round(peak),
        "peak_mib_before": round(at_rest),
        "limit_mib": MIB,
    }
    print(json.dumps(told))
    return 1 if took > SECONDS or peak > MIB or result["pass"] + result["fail"] != INVOICES else 0


if __name__ == "__main__":
    sys.exit(main())
