"""Sealing on Azurite with one sealer, beside bare entity-group transactions of 100 on the same Azurite; one JSON line.

python -m bench.seal [events]        starts an Azurite of its own

Sealing and floors take turns and the best turn of each counts: what else a machine does meets now one, now the other.
``floor_per_s`` is creating rows through the client that sealing uses, the highest floor there is; ``sdk_per_s`` is the
same through the SDK's own client, and ``moving_per_s`` what bare transactions reach that delete 49 rows and create 51,
as sealing must.
"""

from __future__ import annotations

import json
import math
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from azure.data.tables import TableClient

from local.stack import Ports, Stack
from shared.ledger.seal import seal_log
from shared.model import NewEntry
from shared.ports import Cell, Op, Row
from shared.procedures.seal import seal_all
from shared.storage import AzureBlobs, AzureRows
from tests.ledger.stand import NAMES, Stand

_TURNS = 8
FLOOR = "registers"
"""A table of its own: Azurite takes longer to delete a row the more rows its table has."""
_BODY: dict[str, Cell] = {"leaf": b"x" * 420, "payload": b"y" * 16}


def _row(partition: str, batch: int, at: int) -> Row:
    return Row(partition, f"{batch:06d}{at:03d}", _BODY)


def main(events: int) -> None:
    """Fill, seal, compare."""
    with Stack(Ports.free(), without_host=True, say=lambda _line: None) as stack:
        measure(events, AzureRows(stack.account), AzureBlobs(stack.account), stack.account.connection)


def measure(events: int, rows: AzureRows, blobs: AzureBlobs, connection: str) -> None:
    """On storage that is there."""
    names = replace(NAMES, salt=uuid.uuid4().hex)
    stand = Stand(rows=rows, blobs=blobs, names=names)
    spent = dict.fromkeys(("receive", "seal", "bare", "moving", "sdk"), math.inf)

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        spent[what] = min(spent[what], time.perf_counter() - began)

    stock = TableClient.from_connection_string(connection, FLOOR)
    each = -(-events // _TURNS // 49) * 49
    for turn in range(_TURNS):
        with timed("receive"):
            for first in range(turn * each, (turn + 1) * each, 49):
                stand.ledger.record_many(
                    [
                        NewEntry(type="delivery.received", key=str(at), customer="12", payload=b'{"number":%d}' % at)
                        for at in range(first, first + 49)
                    ]
                )
        with timed("seal"):
            assert seal_log(rows, names.log_of("12"), stand.clock.now()).entries == each
        partition = f"b-{uuid.uuid4().hex}"
        with timed("bare"):
            for batch in range(each // 49):
                rows.transact(FLOOR, [(Op.INSERT, _row(partition, batch, at)) for at in range(100)])
        queued = rows.scan(FLOOR, partition=partition, limit=each).rows
        with timed("moving"):
            for batch in range(each // 49):
                steps = [(Op.DELETE, row) for row in queued[batch * 49 : batch * 49 + 49]]
                rows.transact(FLOOR, steps + [(Op.INSERT, _row(partition, batch, at)) for at in range(100, 151)])
        partition = f"b-{uuid.uuid4().hex}"
        with timed("sdk"):
            for batch in range(each // 49):
                stock.submit_transaction(
                    [
                        ("create", {"PartitionKey": partition, "RowKey": f"{batch:06d}{at:03d}", **_BODY})
                        for at in range(100)
                    ]
                )
    speed = {what: each / seconds for what, seconds in spent.items()}
    print(
        json.dumps(
            {
                "bench": "seal",
                "events": _TURNS * each,
                "receive_per_s": round(speed["receive"]),
                "events_per_s": round(speed["seal"]),
                "floor_per_s": round(speed["bare"]),  # as many entries as those transactions could have moved
                "ratio": round(speed["seal"] / speed["bare"], 2),
                "sdk_per_s": round(speed["sdk"]),
                "sdk_ratio": round(speed["seal"] / speed["sdk"], 2),
                "moving_per_s": round(speed["moving"]),
                "moving_ratio": round(speed["seal"] / speed["moving"], 2),
            }
        ),
        flush=True,
    )
    began = time.perf_counter()
    receipt = stand.ledger.record(NewEntry(type="t.t", key="one", payload=b"{}", customer="12"))
    seal_all(stand.services)
    took = time.perf_counter() - began
    print(json.dumps({"bench": "event_to_checkpoint_first_time", "seconds": round(took, 2), "limit_s": 5}), flush=True)
    stand.clock.advance(seconds=1)
    began = time.perf_counter()
    receipt = stand.ledger.record(NewEntry(type="t.t", key="two", payload=b"{}", customer="12"))
    seal_all(stand.services)
    assert stand.ledger.proof(receipt.evidence_id)
    print(
        json.dumps({"bench": "event_to_checkpoint", "seconds": round(time.perf_counter() - began, 3), "limit_s": 5}),
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_900)
