"""How long the demo's week takes, against bare storage transactions for the same number of entries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from local.stack import Ports, Stack
from shared.ports import Op, Row
from shared.storage import AzureRows

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 60.0


def floor(entries: int) -> float:
    """Seconds for as many create-only transactions of two rows, one after the other, on an Azurite of its own."""
    with Stack(Ports.free(), without_host=True, say=lambda _line: None) as stack:
        rows = AzureRows(stack.account)
        began = time.perf_counter()
        for number in range(entries):
            one = [(Op.INSERT, Row("floor", f"{letter}-{number:06d}", {"leaf": b"x" * 600})) for letter in "iq"]
            rows.transact("ledger", one)
        return time.perf_counter() - began


def main() -> int:
    """One JSON line; 1 when the week was not played or took longer than it may."""
    ports = Ports.free()
    environ = {
        **os.environ,
        "HOST_PORT": str(ports.host),
        "HALO_PORT": str(ports.halo),
        "ENTRA_PORT": str(ports.entra),
        "AZURITE_PORT": str(ports.azurite),
    }
    done = subprocess.run(
        [sys.executable, "-m", "local.demo"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return 1
    summary = json.loads((ROOT / ".local" / "demo" / "summary.json").read_text(encoding="utf-8"))
    figure, least = summary["seconds"]["week"], floor(summary["entries"])
    told = {
        "bench": "week",
        "figure": figure,
        "unit": "s",
        "floor": round(least, 1),
        "floor_is": f"{summary['entries']} bare transactions of two rows, sequential",
        "ratio": round(figure / least, 1),
        "limit": LIMIT_SECONDS,
        "start": summary["seconds"]["start"],
        "days": summary["seconds"]["days"],
    }
    print(json.dumps(told))
    return 1 if figure > LIMIT_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
