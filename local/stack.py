"""Azurite, the HaloPSA simulator, the Entra stand-in and the Functions host, started together and stopped together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

from local.azurite import ports as azurite_ports
from local.azurite import start_azurite
from local.bells import bells, read_seed, with_bells
from local.host.keys import MASTER
from local.processes import Child, StartFailed, free_ports, refuse_taken, variable_port
from shared.errors import AttestError
from shared.policy.document import read_policy
from shared.settings import CATALOGUE
from shared.storage import Account, azurite_connection, ensure_storage

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".local"
HOST = "The host"
VARIABLES = "HOST_PORT, HALO_PORT, ENTRA_PORT or AZURITE_PORT"
_START_SECONDS = 120
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_IDENTITY_HEADER = "local-only"
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SYSTEMROOT",
    "VIRTUAL_ENV",
    "TIMERS",
    "COVERAGE_PROCESS_START",
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where everything listens; Azurite takes three in a row."""

    host: int = 7071
    halo: int = 7080
    entra: int = 7081
    azurite: int = 10000

    @classmethod
    def from_environ(cls) -> Ports:
        """Moved by HOST_PORT, HALO_PORT, ENTRA_PORT and AZURITE_PORT."""
        usual = cls()
        return cls(
            variable_port("HOST_PORT", usual.host),
            variable_port("HALO_PORT", usual.halo),
            variable_port("ENTRA_PORT", usual.entra),
            variable_port("AZURITE_PORT", usual.azurite),
        )

    @classmethod
    def free(cls) -> Ports:
        """Ports nobody uses, for tests."""
        first = free_ports(6)
        return cls(first, first + 1, first + 2, first + 3)

    def named(self) -> dict[str, int]:
        """By what listens there."""
        return {"host": self.host, "HaloPSA": self.halo, "Entra": self.entra, **azurite_ports(self.azurite)}


class Stack:
    """The whole service on one machine. A context manager; nothing outlives it, not even when we are killed.

    ``seed`` and ``entra_seed`` are rows by table or files of them; ``settings`` are laid over the local settings.
    """

    def __init__(
        self,
        ports: Ports | None = None,
        *,
        seed: Path | Mapping[str, Any] | None = None,
        entra_seed: Path | Mapping[str, Any] | None = None,
        policy: Path | None = None,
        settings: Mapping[str, str] | None = None,
        folder: Path = FOLDER,
        without_host: bool = False,
        say: Callable[[str], None] = print,
    ) -> None:
        self.ports = ports or Ports.from_environ()
        self.host_url, self.halo_url, self.entra_url = (
            f"http://127.0.0.1:{port}" for port in (self.ports.host, self.ports.halo, self.ports.entra)
        )
        self.intake_url = self.host_url
        """Where HaloPSA rings."""
        self.master_key = MASTER
        self.account = Account(connection=azurite_connection(self.ports.azurite))
        self.logs = folder / "logs"
        self._folder = folder
        self._seed, self._entra_seed, self._policy = seed, entra_seed, policy
        self._settings = dict(settings or {})
        self._without_host = without_host
        self._say = say
        self._children: list[Child] = []
        self._scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Everything, each as soon as what it stands on answers. StartFailed in one sentence."""
        if self._policy is not None:
            _usable(self._policy)
        refuse_taken(self.ports.named(), VARIABLES)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(prefix="run-", dir=self._folder)
        self.environment()  # what is wrong with it is said before anything runs
        halo = with_bells(_rows(self._seed), bells(self.intake_url))
        simulator = self._python("HaloPSA", "local.halopsa", self.ports.halo, "--seed", self._file("halopsa", halo))
        seeded = ("--seed", self._file("entra", _rows(self._entra_seed))) if self._entra_seed is not None else ()
        entra = self._python("Entra", "local.entra", self.ports.entra, "--identity-header", _IDENTITY_HEADER, *seeded)
        self._children.append(self.start_store())
        ensure_storage(self.account)
        if not self._without_host:
            self.start_host()
        simulator.wait_for_ports((self.ports.halo,), _START_SECONDS)
        entra.wait_for_ports((self.ports.entra,), _START_SECONDS)

    def start_store(self) -> Child:
        """Azurite alone."""
        return start_azurite(self.ports.azurite, self.logs, say=self._say)

    def start_host(self, settings: Mapping[str, str] | None = None) -> None:
        """The Functions host alone, with settings laid over its own; again after ``kill_host``."""
        environment = {**self.environment(), **(settings or {})}
        host = self._python(HOST, "local.host", self.ports.host, environment=environment)
        host.wait_for_ports((self.ports.host,), _START_SECONDS)

    def kill_host(self) -> None:
        """End the host as a crash would, at once and without goodbye."""
        for host in [child for child in self._children if child.name.startswith(HOST)]:
            self._children.remove(host)
            host.kill()

    def stop(self) -> None:
        """The host first, so that nothing talks to what is gone. Safe to call twice."""
        with _deaf():
            for child in reversed(self._children):
                child.ask_to_stop()
            for child in reversed(self._children):
                child.stop()
            self._children.clear()
            self.account.close()
            if self._scratch is not None:
                self._scratch.cleanup()
                self._scratch = None

    def ended(self) -> str | None:
        """A sentence about the first process that ended on its own; None while all run."""
        for child in self._children:
            if not child.running:
                return f"{child.name} ended unexpectedly. {child.last_words()}"
        return None

    def environment(self) -> dict[str, str]:
        """What the host's process sees: the local settings, moved to our ports, and little of ours."""
        values = {setting.name: setting.sample for setting in CATALOGUE if setting.sample}
        values |= _own_settings()
        values |= {
            "ATTEST_STORAGE": self.account.connection,
            "AzureWebJobsStorage": self.account.connection,
            "ATTEST_AUTHORITY": self.entra_url,
            "ATTEST_PUBLIC_URL": self.host_url,
            "ATTEST_SIGNING_KEY": f"file:{self._folder / 'signing-key.pem'}",
            "HALO_URL": self.halo_url,
            "IDENTITY_ENDPOINT": f"{self.entra_url}/msi/token",
            "IDENTITY_HEADER": _IDENTITY_HEADER,
            "LOCAL_MASTER_KEY": self.master_key,
            "LOCAL_RETRY_SECONDS": "1",
        }
        for name in ("GRAPH_URL", "ARM_URL", "LOGS_URL"):
            values[name] = urlunsplit(urlsplit(values[name])._replace(netloc=urlsplit(self.entra_url).netloc))
        if self._policy is not None:
            values["ATTEST_POLICY_FILE"] = str(self._policy.resolve())
        passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**passed, "PYTHONUNBUFFERED": "1", **values, **self._settings}

    def _python(
        self, name: str, module: str, port: int, *more: str, environment: Mapping[str, str] | None = None, log: str = ""
    ) -> Child:
        command = [sys.executable, "-m", module, "--port", str(port), *more]
        said = self.logs / f"{log or module.removeprefix('local.')}.log"
        child = Child.start(name, command, log=said, environment=environment)
        self._children.append(child)
        return child

    def _file(self, name: str, rows: Mapping[str, Any]) -> str:
        if self._scratch is None:
            raise StartFailed("The stack is not starting.")
        path = Path(self._scratch.name, f"{name}.json")
        path.write_text(json.dumps(rows, separators=(",", ":")), "utf-8")
        return str(path)


def _usable(policy: Path) -> None:
    """StartFailed with a sentence now, rather than a stack that is up and answers nothing."""
    try:
        read_policy(policy.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise StartFailed(
            f"The policy file {policy} cannot be read: {getattr(fault, 'strerror', None) or 'it is not UTF-8'}."
        ) from None
    except AttestError as fault:
        raise StartFailed(f"{policy}: {fault.message}") from None


def _rows(given: Path | Mapping[str, Any] | None) -> dict[str, Any]:
    return read_seed(given) if isinstance(given, Path) else dict(given or {})


def _own_settings() -> dict[str, str]:
    """``local.settings.json`` where somebody keeps one, as the core tools read it."""
    path = ROOT / "local.settings.json"
    if not path.is_file():
        return {}
    try:
        values = json.loads(path.read_text("utf-8"))["Values"]
        return {str(name): str(value) for name, value in values.items()}
    except (ValueError, KeyError, AttributeError, TypeError):
        raise StartFailed('local.settings.json must be JSON like {"Values":{"NAME":"value"}}.') from None


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Within, SIGTERM and SIGHUP end us like Ctrl-C does: by KeyboardInterrupt, through every ``with``.

    SIGINT is set, too: a shell starts background jobs with it ignored.
    """

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _deaf() -> Iterator[None]:
    """While stopping, further signals change nothing: it is bounded and must come to its end."""
    before = {}
    with contextlib.suppress(ValueError):  # signals belong to the main thread; elsewhere there is nothing to do
        for number in _ENDING:
            before[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_while(stack: Stack, parent: int | None = None, pause: float = 0.5) -> str | None:
    """Until a process of the stack ends (its sentence), or our own parent does (None)."""
    while True:
        sentence = stack.ended()
        if sentence:
            return sentence
        if parent is not None and os.getppid() != parent:
            return None
        time.sleep(pause)
