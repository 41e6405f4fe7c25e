"""Sealing on Azurite with one sealer, beside bare entity-group transactions of 100 on the same tables; one JSON line.

python -m bench.seal [events]        starts an Azurite of its own
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from dataclasses import replace

from local.stack import Ports, Stack
from shared.ledger.seal import seal_log
from shared.model import NewEntry
from shared.ports import Op, Row
from shared.procedures.seal import seal_all
from shared.storage import AzureBlobs, AzureRows
from tests.ledger.stand import NAMES, Stand


def main(events: int) -> None:
    """Fill, seal, compare."""
    with Stack(Ports.free(), without_host=True, say=lambda _line: None) as stack:
        measure(events, AzureRows(stack.account), AzureBlobs(stack.account))


def measure(events: int, rows: AzureRows, blobs: AzureBlobs) -> None:
    """On storage that is there."""
    names = replace(NAMES, salt=uuid.uuid4().hex)
    stand = Stand(rows=rows, blobs=blobs, names=names)
    began = time.perf_counter()
    for first in range(0, events, 49):
        stand.ledger.record_many(
            [
                NewEntry(type="delivery.received", key=str(number), customer="12", payload=b'{"number":%d}' % number)
                for number in range(first, min(events, first + 49))
            ]
        )
    received = events / (time.perf_counter() - began)
    began = time.perf_counter()
    done = seal_log(rows, names.log_of("12"), stand.clock.now())
    sealed = done.entries / (time.perf_counter() - began)
    partition, count = f"b-{uuid.uuid4().hex}", max(1, events // 50)
    body = {"leaf": b"x" * 420, "payload": b"y" * 16}
    began = time.perf_counter()
    for batch in range(count):
        rows.transact("ledger", [(Op.INSERT, Row(partition, f"{batch:06d}{at:03d}", body)) for at in range(100)])
    bare = count * 49 / (time.perf_counter() - began)  # as many entries as those transactions could have moved
    print(
        json.dumps(
            {
                "bench": "seal",
                "events": done.entries,
                "receive_per_s": round(received),
                "events_per_s": round(sealed),
                "floor_per_s": round(bare),
                "ratio": round(sealed / bare, 2),
            }
        ),
        flush=True,
    )
    began = time.perf_counter()
    receipt = stand.ledger.record(NewEntry(type="t.t", key="one", payload=b"{}", customer="12"))
    seal_all(stand)
    took = time.perf_counter() - began
    print(json.dumps({"bench": "event_to_checkpoint_first_time", "seconds": round(took, 2), "limit_s": 5}), flush=True)
    stand.clock.advance(seconds=1)
    began = time.perf_counter()
    receipt = stand.ledger.record(NewEntry(type="t.t", key="two", payload=b"{}", customer="12"))
    seal_all(stand)
    assert stand.ledger.proof(receipt.evidence_id)
    print(
        json.dumps({"bench": "event_to_checkpoint", "seconds": round(time.perf_counter() - began, 3), "limit_s": 5}),
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_900)
