"""``python -m local.seeds {world|entra|violations|servicenow LOG} [--out FILE]``: write a seed as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from local.seeds import entra, servicenow, world
from local.seeds.violations import violations


def main(arguments: list[str] | None = None) -> int:
    """Write the chosen rows to a file or to standard output; 2 when a log cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m local.seeds", description=__doc__)
    parser.add_argument("what", choices=("world", "entra", "violations", "servicenow"))
    parser.add_argument("log", nargs="?", type=Path, help="the event log, for servicenow")
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args(arguments)
    if chosen.what == "servicenow" and chosen.log is None:
        parser.error("servicenow needs the path of the event log")
    try:
        text = json.dumps(_rows(chosen.what, chosen.log), separators=(",", ":"))
    except (OSError, EOFError, KeyError, ValueError) as fault:
        print(f"{chosen.log} cannot be read as a ServiceNow event log: {fault}", file=sys.stderr)
        return 2
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")
    return 0


def _rows(what: str, log: Path | None) -> Any:
    if what == "servicenow" and log is not None:
        return servicenow.seed(log)
    return {"world": world.rows, "entra": entra.rows, "violations": violations}[what]()


if __name__ == "__main__":
    sys.exit(main())
