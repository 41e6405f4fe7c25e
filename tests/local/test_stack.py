"""The stack starts whole, says in a sentence why it cannot, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from local.bells import bells, read_seed, with_bells
from local.processes import Child, StartFailed, port_is_free, refuse_taken, variable_port
from local.stack import Ports, Stack

ROOT = Path(__file__).resolve().parents[2]


def test_every_taken_port_is_named() -> None:
    """In one sentence, with the variables that move them."""
    with pytest.raises(StartFailed, match=r"^The same port is asked for twice: 7071 \(host\), 7071 \(HaloPSA\)\."):
        refuse_taken({"host": 7071, "HaloPSA": 7071}, "HOST_PORT")
    with pytest.raises(StartFailed, match=r"A port is a number from 1 to 65535: 70000 \(host\)"):
        refuse_taken({"host": 70000})


@pytest.mark.parametrize("text", ["x", "0", "-1", "65536", "7071.0", "７０７１x"])
def test_a_port_variable_that_is_no_port_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """With its name."""
    monkeypatch.setenv("HOST_PORT", text)
    with pytest.raises(StartFailed, match="HOST_PORT must be a port number"):
        variable_port("HOST_PORT", 7071)


def test_an_empty_port_variable_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As make passes variables that nobody set."""
    monkeypatch.setenv("HOST_PORT", "")
    assert variable_port("HOST_PORT", 7071) == 7071


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Client":{}}', "\x1f\x8bx"])
def test_a_seed_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    """Before anything is started."""
    path = tmp_path / "seed.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(StartFailed, match=r"seed\.json"):
        read_seed(path)
    with pytest.raises(StartFailed, match="cannot be read"):
        read_seed(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file"),
        (b"\xff", "it is not UTF-8"),
        (b"[[[", "The policy is not TOML"),
        (b"[billing]\nx = 1\n", "billing.x"),
    ],
)
def test_a_policy_that_cannot_be_used_is_named(tmp_path: Path, text: bytes | None, said: str) -> None:
    """Before anything is started, with what is wrong in it."""
    path = tmp_path / "policy.toml"
    if text is not None:
        path.write_bytes(text)
    stack = Stack(Ports(1024, 1025, 1026, 1027), policy=path, folder=tmp_path / "none")
    with pytest.raises(StartFailed, match=r"policy\.toml") as refused:
        stack.start()
    assert said in str(refused.value)
    assert not (tmp_path / "none").exists()


def test_our_webhook_is_added_to_a_seed() -> None:
    """A seed's own webhooks stay, and ours is not added twice."""
    ours = bells("http://127.0.0.1:7071")
    theirs = {"Webhook": [{"id": "theirs"}], "Client": [{"id": 1}]}
    once = with_bells(theirs, ours)
    assert [row["id"] for row in once["Webhook"]] == ["theirs", ours["Webhook"][0]["id"]]
    assert with_bells(once, ours) == once
    assert theirs["Webhook"] == [{"id": "theirs"}]


@pytest.mark.stack
def test_ports_in_use_are_all_named(tmp_path: Path) -> None:
    """Nothing is started when one of them is taken."""
    ports = Ports.free()
    taken = pytest.raises(StartFailed)
    with listening(ports.host), listening(ports.azurite + 1), taken as refused, Stack(ports, folder=tmp_path):
        pass
    assert f"{ports.host} (host), {ports.azurite + 1} (Azurite queue)" in str(refused.value)
    assert "HOST_PORT" in str(refused.value)


@contextmanager
def listening(port: int) -> Iterator[None]:
    """Somebody else's server."""
    with socket.create_server(("127.0.0.1", port)):
        yield


@pytest.mark.stack
def test_a_child_that_ends_while_starting_says_why(tmp_path: Path) -> None:
    """The last line of its log is part of the sentence."""
    child = Child.start("It", [sys.executable, "-c", "print('no good'); raise SystemExit(3)"], log=tmp_path / "it.log")
    with pytest.raises(StartFailed, match=r"It ended while starting\. It said: no good"):
        child.wait_for_ports((1,), 10)
    child.stop()


@pytest.mark.stack
def test_a_command_that_is_not_there_says_so(tmp_path: Path) -> None:
    """Not a traceback."""
    child = Child.start("It", [str(tmp_path / "none")], log=tmp_path / "it.log")
    with pytest.raises(StartFailed, match="cannot be run"):
        child.wait_for_ports((1,), 10)
    child.stop()


SIMULATORS = """
import sys, time
from pathlib import Path
from local.stack import Ports, Stack, ended_by_signals
with ended_by_signals(), Stack(Ports(*map(int, sys.argv[1:5])), folder=Path(sys.argv[5]), without_host=True):
    print("up", flush=True)
    time.sleep(120)
"""


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_nothing_outlives_the_one_who_started_it(tmp_path: Path, how: signal.Signals) -> None:
    """However it ends, its ports are free again within seconds and its scratch files are gone when it could."""
    ports = Ports.free()
    numbers = [str(number) for number in (ports.host, ports.halo, ports.entra, ports.azurite)]
    process = subprocess.Popen(
        [sys.executable, "-c", SIMULATORS, *numbers, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert not port_is_free(ports.halo)
        process.send_signal(how)
        process.wait(15)
    until = time.monotonic() + 10
    while time.monotonic() < until and not all(map(port_is_free, ports.named().values())):
        time.sleep(0.05)
    assert [name for name, port in ports.named().items() if not port_is_free(port)] == []
    assert how == signal.SIGKILL or not list(tmp_path.glob("run-*"))


def serve(ports: Ports, *more: str) -> subprocess.Popen[str]:
    """``make serve`` without make, on other ports."""
    variables = zip(
        ("HOST", "HALO", "ENTRA", "AZURITE"), (ports.host, ports.halo, ports.entra, ports.azurite), strict=True
    )
    return subprocess.Popen(
        [sys.executable, "-m", "local.serve", *more],
        cwd=ROOT,
        env={**os.environ, **{f"{name}_PORT": str(port) for name, port in variables}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.stack
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_serve_tells_how_to_begin_and_ends_with_0(tmp_path: Path, how: signal.Signals) -> None:
    """With a seed, it rings the service, and Ctrl-C to the whole terminal leaves nothing."""
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"Client": [{"id": 12, "name": "Maple Harbour Dental"}], "Tickets": []}))
    ports = Ports.free()
    process = serve(ports, "--seed", str(seed))
    with process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Authorization: Bearer" in line:
                break
        for word in ("Nora Fictive", "master key", f":{ports.host}/", "/dev/token", "/_sim/"):
            assert word in said
        hooks = httpx.get(f"http://127.0.0.1:{ports.halo}/_sim/rows/Webhook", trust_env=False).json()
        assert [hook["url"] for hook in hooks] == [f"http://127.0.0.1:{ports.host}/api/webhooks/halopsa/main"]
        os.killpg(process.pid, how)
        assert process.wait(20) == 0
    assert [name for name, port in ports.named().items() if not port_is_free(port)] == []


@pytest.mark.stack
@pytest.mark.slow
def test_a_host_that_was_killed_comes_back(tmp_path: Path) -> None:
    """What was stored is still there, and the stack says what ended."""
    with Stack(Ports.free(), folder=tmp_path, say=lambda _: None) as stack:
        stack.kill_host()
        assert port_is_free(stack.ports.host)
        stack.start_host()
        assert httpx.get(f"{stack.host_url}/api/health", trust_env=False).status_code == 200
        moved = httpx.post(f"{stack.host_url}/_local/clock", json={"now": "2026-11-16T09:00:00Z"}, trust_env=False)
        assert moved.json()["moved"] is True
        assert stack.ended() is None


@pytest.mark.stack
def test_a_missing_setting_keeps_the_host_from_starting(tmp_path: Path) -> None:
    """Every missing one is named, in the sentence the stack raises."""
    missing = {"ATTEST_LEDGER_ORIGIN": "", "ATTEST_LEDGER_SALT": ""}
    stack = Stack(Ports.free(), folder=tmp_path, settings=missing, say=lambda _: None)
    with pytest.raises(StartFailed) as refused, stack:
        pass
    assert "ATTEST_LEDGER_ORIGIN is missing" in str(refused.value)
    assert "ATTEST_LEDGER_SALT is missing" in str(refused.value)
    assert all(map(port_is_free, stack.ports.named().values()))


@pytest.mark.stack
def test_serve_refuses_a_missing_seed_in_one_sentence(tmp_path: Path) -> None:
    """Exit 1, no traceback, nothing started."""
    process = serve(Ports.free(), "--seed", str(tmp_path / "none.json"))
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.count("\n") == 1
    assert "none.json cannot be read" in err
    assert out == ""
