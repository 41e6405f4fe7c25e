"""The commands as an administrator starts them: a process, the simulator, and our intake on a real port."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from shared.policy.document import read_policy

if TYPE_CHECKING:
    from tests.halopsa.conftest import Simulator
    from tests.harness.services import FakeServices

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]
SOURCES = '{"main":{"user":"halopsa","password":"local-only"}}'


def command(simulator: Simulator, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run it; the environment holds nothing else of ours."""
    given = {
        "HALO_URL": simulator.url,
        "HALO_CLIENT_ID": "attest",
        "HALO_CLIENT_SECRET": "local-only",
        "ATTEST_WEBHOOK_SOURCES": SOURCES,
        **settings,
    }
    environ = {"PATH": os.environ["PATH"], **{name: value for name, value in given.items() if value}}
    line = [sys.executable, "-m", "commands.halopsa", *words]
    return subprocess.run(line, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_setup_from_nothing_until_a_delivery_arrives(simulator: Simulator, doorbell: tuple[FakeServices, str]) -> None:
    """The rows are made, a note on a test ticket rings, our receipt is told; the second time nothing is made."""
    services, url = doorbell
    simulator.rows(Tickets=[{"id": 77, "summary": "Test", "tickettype_id": 1, "client_id": 3, "status_id": 1}])
    words = (
        "setup",
        "--intake",
        url.partition("/api/")[0],
        "--wait",
        "30",
        "--note-on",
        "77",
        "--event",
        "42=SLA warning",
    )
    first = command(simulator, *words)
    assert (first.returncode, first.stderr) == (0, "")
    for said in ("created", "event 42 SLA warning", '"webhook_ids"', "answered 200", "Opportunity"):
        assert said in first.stdout
    kept = services.ledger.find(first.stdout.rpartition("as evidence ")[2].strip().rstrip("."))
    assert (kept and kept.type) == "delivery.received"
    rows = len(simulator.door.get("/_sim/rows/Notification").json())
    second = command(simulator, *words)
    assert second.returncode == 0
    assert "unchanged" in second.stdout
    assert second.stdout.count("stands already") == rows == 7
    assert len(simulator.door.get("/_sim/rows/Webhook").json()) == 1
    assert len(simulator.door.get("/_sim/rows/Notification").json()) == rows
    assert "local-only" not in first.stdout + second.stdout


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ('{"main":{"user":"halopsa","password":"other"}}', "refuses the user name, the password"),
        ('{"second":{"user":"halopsa","password":"local-only"}}', "does not know this source"),
    ],
)
def test_what_keeps_a_delivery_from_arriving_is_said(
    simulator: Simulator, doorbell: tuple[FakeServices, str], sources: str, said: str
) -> None:
    """The newest answer in HaloPSA's own log tells what is wrong; exit code 1."""
    simulator.rows(Tickets=[{"id": 77, "summary": "Test", "tickettype_id": 1, "client_id": 3, "status_id": 1}])
    source = "second" if "second" in sources else "main"
    words = ("--intake", doorbell[1].partition("/api/")[0], "--source", source, "--wait", "2", "--note-on", "77")
    told = command(simulator, "setup", *words, ATTEST_WEBHOOK_SOURCES=sources)
    assert told.returncode == 1
    assert said in told.stderr


def test_no_delivery_at_all_is_said(simulator: Simulator) -> None:
    """Nothing rang: exit code 1, and what to look at."""
    told = command(simulator, "setup", "--intake", "http://127.0.0.1:9", "--wait", "0.5")
    assert told.returncode == 1
    assert "No delivery stands in HaloPSA's log" in told.stderr


def test_without_the_right_the_clicks_are_printed(simulator: Simulator) -> None:
    """Exit code 3, every click, and nothing written."""
    told = command(simulator, "setup", "--intake", "https://intake.example", HALO_SCOPE="edit:tickets")
    assert told.returncode == 3
    assert "10. " in told.stdout
    assert "Webhook (status 403)" in told.stderr
    assert simulator.door.get("/_sim/rows/Webhook").json() == []
    clicks = command(simulator, "by-hand", "--intake", "https://intake.example", HALO_URL="", HALO_CLIENT_SECRET="")
    assert clicks.returncode == 0
    assert clicks.stdout.strip() in told.stdout


@pytest.mark.parametrize(
    ("words", "settings", "code", "said"),
    [
        (("propose",), {"HALO_URL": "", "HALO_CLIENT_ID": ""}, 2, "HALO_CLIENT_ID"),
        (("propose",), {"HALO_CLIENT_SECRET": "wrong"}, 3, "refuses HALO_CLIENT_ID"),
        (("propose",), {"HALO_URL": "http://127.0.0.1:9"}, 1, "does not answer"),
        (("setup", "--intake", "http://intake.example"), {}, 2, "--intake"),
        (("setup", "--intake", "https://intake.example?x=1"), {}, 2, "--intake"),
        (("setup", "--intake", "https://intake.example", "--source", "x"), {}, 2, "no source 'x', but main"),
        (("setup", "--intake", "https://intake.example", "--event", "x"), {}, 2, "NUMBER=NAME"),
        (("by-hand", "--intake", "https://i.example"), {"ATTEST_WEBHOOK_SOURCES": "[]"}, 2, "ATTEST_WEBHOOK_SOURCES"),
        (("--settings", "/nowhere.json", "propose"), {}, 2, "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    simulator: Simulator, words: tuple[str, ...], settings: dict[str, str], code: int, said: str
) -> None:
    """Settings and arguments are 2, HaloPSA's refusals 3, everything else 1; never a stack trace."""
    told = command(simulator, *words, **settings)
    assert told.returncode == code
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_a_proposal_for_the_demos_tenant_is_its_policy(simulator: Simulator, tmp_path: Path) -> None:
    """Settings from a file; what is proposed agrees with the policy a person wrote for that tenant."""
    from local.seeds import world

    rows: dict[str, Any] = world.rows()
    simulator.door.post("/_sim/rows?replace=true&quiet=true", json=rows).raise_for_status()
    path = tmp_path / "local.settings.json"
    path.write_text(f'{{"Values":{{"HALO_URL":"{simulator.url}","HALO_CLIENT_SECRET":"local-only"}}}}')
    before = len(simulator.calls())
    told = command(simulator, "--settings", str(path), "propose", HALO_URL="", HALO_CLIENT_SECRET="")
    assert told.returncode == 0, told.stderr
    written, proposed = read_policy(world.POLICY.read_text()), read_policy(told.stdout)
    assert proposed.handoff == written.handoff
    for key in ("msp", "mssp", "ps"):
        assert proposed.practices[key].ticket_types == written.practices[key].ticket_types
    assert tomllib.loads(told.stdout)["halopsa"]["meaning"]["quotation_approval"]["accepted"] == [2]
    asked = simulator.calls()[before:]
    assert len(asked) < 90
    assert {call["method"] for call in asked if call["path"].startswith("/api")} == {"GET"}
