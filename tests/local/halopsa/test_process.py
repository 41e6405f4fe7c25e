"""The simulator as a process of its own: ports, parents, cut connections, and an independent client."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[3]


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def _start(port: int, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "local.halopsa", "--port", str(port), *more]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def _wait(port: int) -> str:
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            httpx.get(f"{address}/api/authinfo", timeout=1)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return address
    raise AssertionError("the simulator does not answer")


@pytest.fixture
def address(tmp_path):
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"Client": [{"id": n, "name": f"Client {n}"} for n in range(10, 140)]}))
    port = _free_port()
    process = _start(port, "--seed", str(seed))
    yield _wait(port)
    process.terminate()
    process.communicate(timeout=10)


def _token(address: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials", "client_id": "attest", "client_secret": "local-only", "scope": "all"}
    return {"Authorization": "Bearer " + httpx.post(f"{address}/auth/token", data=form).json()["access_token"]}


def test_connections_are_cut_before_after_and_half_way(address):
    """Drop cuts the connection: before nothing is done, after it is done, half leaves half an answer."""
    headers = _token(address)
    for drop, made in (("before", 0), ("after", 1), ("half", 2)):
        httpx.post(f"{address}/_sim/faults", json={"match": "/api/Client", "method": "POST", "drop": drop})
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(f"{address}/api/Client", json=[{"name": "Fictive"}], headers=headers)
        told = httpx.get(f"{address}/api/Client", headers=headers).json()
        assert told["record_count"] == 130 + made


def test_a_port_in_use_is_said_in_words(address):
    """A second simulator on the same port ends with a sentence and exit code 2."""
    port = int(address.rsplit(":", 1)[1])
    second = _start(port)
    _, words = second.communicate(timeout=20)
    assert second.returncode == 2
    assert "cannot listen" in words


def test_a_seed_that_cannot_be_read_is_said_in_words(tmp_path):
    """A broken seed ends with a sentence and exit code 2."""
    broken = tmp_path / "seed.json"
    broken.write_text("[]")
    process = _start(_free_port(), "--seed", str(broken))
    _, words = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "cannot be read" in words


def test_it_ends_with_its_parent():
    """With --parent-pid the simulator goes when that process is gone."""
    parent = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    port = _free_port()
    process = _start(port, "--parent-pid", str(parent.pid))
    _wait(port)
    parent.terminate()
    parent.wait(timeout=10)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_an_independent_client_works_against_it(address, monkeypatch):
    """The PyPI client ``halopsa``, a program of others, logs in, lists and reads once its host is rewritten."""
    halo = pytest.importorskip("HaloPSA", reason="the PyPI package halopsa is not installed")
    requests = pytest.importorskip("requests", reason="the PyPI package halopsa brings requests")
    real = requests.Session.request

    def rewritten(self, method, url, *args, **kwargs):
        return real(self, method, address + "/" + url.split("/", 3)[3], *args, **kwargs)

    monkeypatch.setattr(requests.Session, "request", rewritten)
    client = halo.Halo("attest-test", "attest", "local-only")
    assert client.Clients.search()["record_count"] == 130
    assert client.Clients.get(12)["name"] == "Client 12"
    made = client.Tickets.update(summary="Fictive fault", client_id=12)
    assert made["status_id"] == 1
