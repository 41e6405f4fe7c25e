"""The HaloPSA simulator as a process, for tests marked stack."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.processes import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


class Simulator:
    """The simulator's address and its control door."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.door = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def rows(self, **tables: list[dict[str, Any]]) -> None:
        """Load rows as a seed would."""
        self.door.post("/_sim/rows", json=tables).raise_for_status()

    def post(self, path: str, body: Any) -> None:
        """Turn a knob."""
        self.door.post(path, json=body).raise_for_status()

    def calls(self) -> list[dict[str, Any]]:
        """Every request since the reset."""
        told = self.door.get("/_sim/calls").json()
        return list(told if isinstance(told, list) else told["calls"])


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    """One process for all tests."""
    port = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "local.halopsa", "--port", str(port)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    found = Simulator(f"http://127.0.0.1:{port}")
    for _ in range(150):
        try:
            found.door.get("/api/authinfo").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    else:
        process.terminate()
        pytest.fail("The HaloPSA simulator did not start within 15 seconds.")
    yield found
    found.door.close()
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """The simulator, empty and well-behaved."""
    simulator_process.post("/_sim/reset", {})
    return simulator_process
