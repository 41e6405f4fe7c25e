"""``make demo``: play the week, or a real event log, and leave the results in .local/demo/."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from local.demo import leave
from local.demo.api import Api, DemoFailed
from local.demo.week import Week, split
from local.processes import StartFailed
from local.stack import FOLDER, Stack, ended_by_signals
from shared.errors import AttestError

_PACK_CUSTOMER = "101"


def main() -> int:
    """0 when the week was played and everything verified; 1 with one sentence otherwise; 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="a ServiceNow incident event log (csv or csv.gz) instead of the week (DATA=)"
    )
    chosen = parser.parse_args()
    folder = FOLDER / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.is_file():
            old.unlink()
    try:
        with ended_by_signals():
            if chosen.data is not None:
                if not chosen.data.is_file():
                    print(f"There is no file {chosen.data}.", file=sys.stderr)
                    return 1
                from local.demo.real import play

                play(chosen.data, folder, _say)
            else:
                _week(folder)
    except KeyboardInterrupt:
        _say("\nStopped; nothing is left running.")
        return 130
    except (StartFailed, AttestError, DemoFailed) as fault:
        print(f"The demo could not be played to its end: {fault}", file=sys.stderr)
        return 1
    return 0


def _week(folder: Path) -> None:
    from local.seeds import entra, world

    began = time.monotonic()
    base, days = split(world.rows())
    _say("Starting Azurite, the HaloPSA simulator, the Entra stand-in and the Functions host on loopback.")
    with Stack(seed=base, entra_seed=entra.rows(), policy=world.POLICY, say=_say) as stack:
        ready = time.monotonic()
        api = Api(stack.host_url, stack.halo_url, stack.entra_url, _say, stack.master_key)
        week = Week(api, days, _say)
        week.play()
        summary: dict[str, Any] = {"period": "2026-W47", **week.facts}
        summary |= leave.report(api, folder, week.as_of, _say)
        summary |= leave.proof(api, folder, _PACK_CUSTOMER, _say)
        played = time.monotonic()
        summary["halopsa_requests"] = len(api.halo_calls())
        api.close()
    summary["seconds"] = {
        "start": round(ready - began, 1),
        "week": round(played - ready, 1),
        "days": week.seconds,
        "waits": api.timings,
    }
    (folder / "summary.json").write_text(json.dumps(summary, indent=1, default=str) + "\n", encoding="utf-8")
    _tell(folder, summary)


def _tell(folder: Path, summary: dict[str, Any]) -> None:
    missed = summary["violations"]["missed"]
    shown = folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    _say(f"\nPlayed in {summary['seconds']['week']:.0f} s. Open:")
    for name, about in (
        ("weekly-2026-W47.html", "the weekly control report (also pdf, docx, pptx, xlsx, csv, json)"),
        ("pack.zip", "a customer's evidence; check it with: python3 verify.py --keys trusted.vkey pack.zip"),
        ("trusted.vkey", "the keys an auditor would have been given beforehand"),
        ("summary.json", "what was planted, what was caught, and the week's figures"),
    ):
        _say(f"  {shown}/{name}  {about}")
    if missed:
        names = sorted(f"{one['subject']['id']} {one['code']}" for one in missed)
        _say(f"Not caught: {', '.join(names)}.")


def _say(line: str) -> None:
    print(line, flush=True)
