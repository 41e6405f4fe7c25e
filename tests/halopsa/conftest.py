"""The HaloPSA simulator as a process, the real client to it, and a doorbell on a real port, for tests marked stack."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from local.processes import free_ports
from shared.errors import AttestError
from shared.halopsa.budget import Budget
from shared.halopsa.client import HaloClient
from shared.halopsa.mirror import BlobMirror
from shared.halopsa.token import Credentials
from shared.procedures.receive import receive
from shared.settings import Secret
from tests.harness.services import FakeServices

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


OPEN: list[HaloClient] = []


class Wall:
    """The real time."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def connect(simulator: Simulator, **how: Any) -> FakeServices:
    """Services with the real client and mirror."""
    services = FakeServices()
    services.clock = Wall()  # type: ignore[assignment]
    budget = Budget(services.rows, services.clock, requests=0, seconds=300, sleep=time.sleep)
    credentials = Credentials(**{"client_id": "attest", "client_secret": Secret("local-only"), **how})
    services.halo = HaloClient(
        simulator.url, credentials, clock=services.clock, budget=budget, sleep=lambda _: time.sleep(0.01)
    )
    services.mirror = BlobMirror(services.blobs)
    OPEN.append(services.halo)
    return services


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """No connection outlives its test."""
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture
def doorbell(simulator: Simulator) -> Iterator[tuple[FakeServices, str]]:
    """A receiver on a real port."""
    services = connect(simulator)

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status, answer = receive(
                    services,
                    urlsplit(self.path).path.rpartition("/")[2],
                    self.headers["Authorization"],
                    self.headers["Content-Type"],
                    body,
                    dict(parse_qsl(urlsplit(self.path).query)),
                    services.clock.now(),
                )
            except AttestError as fault:
                status, answer = fault.status, {}
            told = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield services, f"http://127.0.0.1:{server.server_address[1]}/api/webhooks/halopsa/main"
    server.shutdown()
    server.server_close()
