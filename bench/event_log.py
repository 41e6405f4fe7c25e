"""How long a real event log takes through the ordinary path, against reading its figures from the file alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from local.seeds.servicenow import expected_figures
from local.stack import Ports

ROOT = Path(__file__).resolve().parents[1]
LOG = ROOT.parent / "shared" / "data" / "uci-incidents" / "incident_event_log.csv.gz"
LIMIT_SECONDS = 600.0
LIMIT_MIB = 1024


def main() -> int:
    """One JSON line; 1 when figures differ or a limit is passed."""
    if not LOG.is_file():
        print(json.dumps({"bench": "event_log", "skipped": "the event log is not beside this checkout"}))
        return 0
    began = time.perf_counter()
    expected_figures(LOG)
    least = time.perf_counter() - began
    ports = Ports.free()
    environ = {
        **os.environ,
        "HOST_PORT": str(ports.host),
        "HALO_PORT": str(ports.halo),
        "ENTRA_PORT": str(ports.entra),
        "AZURITE_PORT": str(ports.azurite),
    }
    command = [sys.executable, "-m", "local.demo", "--data", str(LOG)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return 1
    summary = json.loads((ROOT / ".local" / "demo" / "summary.json").read_text(encoding="utf-8"))
    figure, peak = summary["seconds"], summary["peak_mib_of_one_process"]
    told = {
        "bench": "event_log",
        "figure": figure,
        "unit": "s",
        "floor": round(least, 2),
        "floor_is": "the same figures straight from the file",
        "ratio": round(figure / least, 1),
        "limit": LIMIT_SECONDS,
        "peak_mib": peak,
        "limit_mib": LIMIT_MIB,
    }
    print(json.dumps(told))
    return 1 if figure > LIMIT_SECONDS or peak > LIMIT_MIB else 0


if __name__ == "__main__":
    sys.exit(main())
