"""What the week leaves behind: the report in every format, a verified pack, the summary."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.demo.api import Api, DemoFailed
from local.demo.week import PERIOD

Json = dict[str, Any]
FORMATS = ("json", "html", "pdf", "xlsx", "docx", "pptx", "csv")
_VERIFIER = Path(__file__).resolve().parents[2] / "shared" / "ledger" / "verify.py"


def report(api: Api, folder: Path, as_of: str, say: Callable[[str], None]) -> Json:
    """Make the weekly report and save all formats; answer its headline."""
    api.run("weekly_report", period=PERIOD, as_of=as_of)
    for name in FORMATS:
        body = api.call("nora", "GET", f"/api/reports/weekly/{PERIOD}/{name}").content
        (folder / f"weekly-{PERIOD}.{name}").write_bytes(body)
    headline = list(json.loads((folder / f"weekly-{PERIOD}.json").read_bytes())["headline"])
    say(f"  The weekly control report {PERIOD} is written in {len(FORMATS)} formats:")
    for one in headline:
        say(f"    · {one['text']}")
    return {"headline": headline}


def proof(api: Api, folder: Path, customer: str, say: Callable[[str], None]) -> Json:
    """Seal, audit, export a customer's pack and verify it offline with nothing but the standard library."""
    sealed = api.run("seal")
    audit = api.run("audit")
    say(
        f"  The ledger is sealed, published and audited: {', '.join(audit.get('codes') or []) or 'nothing to object to'}."
    )
    body = {"customer": customer, "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    pack = dict(api.call("ada", "POST", "/api/packs", body).json())
    end = time.monotonic() + 120
    while pack["state"] not in ("ready", "failed"):
        if time.monotonic() > end:
            raise DemoFailed("The pack took longer than two minutes.")
        time.sleep(0.2)
        pack = api.get("ada", f"/api/packs/{pack['id']}")
    if pack["state"] == "failed":
        raise DemoFailed(f"The pack could not be built: {pack['error']}")
    (folder / "pack.zip").write_bytes(api.call("ada", "GET", f"/api/packs/{pack['id']}/download").content)
    keys = api.get("ada", "/api/ledger/keys")
    (folder / "trusted.vkey").write_text(keys["trusted_vkey"], encoding="utf-8")
    verdict = verify(folder)
    if verdict["exit"] != 0:
        raise DemoFailed(f"verify.py does not accept the pack: {verdict}")
    say(
        f"  A pack of customer {customer} is exported and verified offline: {verdict['verdict']}, {verdict['items']} items "
        f"of a population of {verdict['population']}."
    )
    return {"entries": sealed["entries"], "audit": audit.get("codes"), "pack": {"customer": customer, **verdict}}


def verify(folder: Path) -> Json:
    """Run the verifier as an auditor would: isolated, in an empty folder, with the keys they were given."""
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                str(_VERIFIER),
                "--keys",
                str(folder / "trusted.vkey"),
                "--json",
                str(folder / "pack.zip"),
            ],
            cwd=empty,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        said = {
            "verdict": "unreadable",
            "codes": [],
            "items": 0,
            "population": 0,
            "said": (done.stdout + done.stderr)[-500:],
        }
    return {"exit": done.returncode, **said}
