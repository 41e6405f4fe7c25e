"""How long importing function_app takes in a fresh process, and whether renderers stay out of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 1.0
ROUNDS = 7
_HEAVY = ("typst", "fontTools", "docx", "pptx", "xlsxwriter", "jinja2", "msal", "cryptography", "azure.storage.blob",
          "azure.data.tables", "azure.identity", "lxml")  # fmt: skip
_SCRIPT = """
import time, sys, json
began = time.perf_counter()
import {module}
took = time.perf_counter() - began
print(json.dumps([took, sorted(sys.modules)]))
"""


def measure(module: str) -> tuple[float, set[str]]:
    """The median of some imports, and every module that came with it."""
    times, modules = [], set()
    for _ in range(ROUNDS):
        command = [sys.executable, "-c", _SCRIPT.format(module=module)]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        took, names = json.loads(answer.stdout.splitlines()[-1])
        times.append(took)
        modules |= set(names)
    return median(times), modules


def main() -> int:
    """One JSON line; 1 when it is too slow or something heavy was imported."""
    floor, _ = measure("azure.functions")
    figure, modules = measure("function_app")
    heavy = sorted(name for name in _HEAVY if name in modules)
    told = {
        "bench": "cold_start",
        "figure": round(figure, 3),
        "unit": "s",
        "floor": round(floor, 3),
        "floor_is": "import azure.functions",
        "ratio": round(figure / floor, 2),
        "limit": LIMIT_SECONDS,
        "heavy_imports": heavy,
    }
    print(json.dumps(told))
    return 1 if heavy or figure > LIMIT_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
