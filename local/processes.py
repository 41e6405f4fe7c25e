"""Child processes that end with us, ports that are free before we start, and waiting with an end."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LEASH = Path(__file__).with_name("leash.py")
_STOP_SECONDS = 10
_LOWEST, _HIGHEST = 15_000, 32_000

KEEP_ALIVE_SECONDS = 240
"""How long our servers keep an idle connection, as Azure's front end does.

Longer than any client of ours keeps one: a server that lets go first, on a busy machine, resets the next request.
"""


class StartFailed(Exception):
    """Something local cannot be started; the message is a sentence for the person at the keyboard."""


def port_is_free(port: int) -> bool:
    """Whether a server of ours could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def refuse_taken(wanted: Mapping[str, int], variables: str = "AZURITE_PORT") -> None:
    """StartFailed naming every port that is taken, out of range or asked for twice."""
    wrong = {name: port for name, port in wanted.items() if not 1 <= port <= 65535}
    if wrong:
        raise StartFailed(f"A port is a number from 1 to 65535: {_listed(wrong)}.")
    if len(set(wanted.values())) != len(wanted):
        raise StartFailed(f"The same port is asked for twice: {_listed(wanted)}. Move one with {variables}.")
    taken = {name: port for name, port in wanted.items() if not port_is_free(port)}
    if taken:
        one = len(taken) == 1
        raise StartFailed(
            f"{'This port is' if one else 'These ports are'} already in use: {_listed(taken)}. "
            f"Stop what listens there, or choose others with {variables}."
        )


def _listed(ports: Mapping[str, int]) -> str:
    return ", ".join(f"{port} ({name})" for name, port in ports.items())


def free_ports(count: int) -> int:
    """The first of ``count`` consecutive free ports.

    Below those that systems give to outgoing connections, which may take a free one before whoever asked for it does.
    """
    for _ in range(200):
        first = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST - count)
        if all(port_is_free(first + step) for step in range(count)):
            return first
    raise StartFailed(f"No {count} free ports in a row were found on this machine.")


@dataclass(slots=True)
class Child:
    """A process of ours on its leash."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Start a command that ends when we do, however we end."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_LEASH), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(environment) if environment is not None else None,
                cwd=_LEASH.parents[1],
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )
        return cls(name, process, log)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def wait_for_ports(self, ports: Sequence[int], seconds: float) -> None:
        """Until every port accepts connections; StartFailed with its last words when it ends or takes too long."""
        until = time.monotonic() + seconds
        for port in ports:
            while not _answers(port):
                if not self.running:
                    raise StartFailed(f"{self.name} ended while starting. {self.last_words()}")
                if time.monotonic() > until:
                    raise StartFailed(
                        f"{self.name} did not answer on port {port} within {seconds:.0f} s. {self.last_words()}"
                    )
                time.sleep(0.03)

    def last_words(self) -> str:
        """Where its log is and the last line of it."""
        lines = [line for line in self.log.read_text("utf-8", "replace").splitlines() if line.strip()]
        said = f"It said: {lines[-1].strip()[:500]} " if lines else ""
        with contextlib.suppress(ValueError):
            return f"{said}(log: {self.log.relative_to(Path.cwd())})"
        return f"{said}(log: {self.log})"

    def ask_to_stop(self) -> None:
        """Let go of the leash; it ends on its own."""
        if self.process.stdin and not self.process.stdin.closed:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def kill(self) -> None:
        """SIGKILL for the command itself, as a crash or the system would do it."""
        self.process.send_signal(signal.SIGUSR1)  # the leash passes it on as SIGKILL
        self.process.wait(_STOP_SECONDS)
        self.stop()

    def stop(self) -> None:
        """Let go and wait until it has ended."""
        self.ask_to_stop()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def variable_port(name: str, default: int) -> int:
    """A port from the environment; StartFailed with its name when it is not one."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise StartFailed(f"{name} must be a port number from 1 to 65535, not {text[:40]!r}.")
    return int(text)
