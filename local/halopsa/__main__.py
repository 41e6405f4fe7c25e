"""``python -m local.halopsa --port 7080 [--seed FILE]``: run the simulator on loopback until it is told to end."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import uvicorn

from local.halopsa.app import build
from local.halopsa.world import World
from local.processes import KEEP_ALIVE_SECONDS

_HOST = "127.0.0.1"
_WATCH_SECONDS = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Parse, load the seed, serve. 2 when the seed cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m local.halopsa", description=__doc__)
    parser.add_argument("--port", type=int, default=7080)
    parser.add_argument("--seed", type=Path, help="JSON file of rows by table, plain or gzipped")
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    chosen = parser.parse_args(arguments)
    try:
        seed = read_seed(chosen.seed) if chosen.seed else {}
    except (OSError, ValueError) as fault:
        print(f"The seed {chosen.seed} cannot be read: {fault}", file=sys.stderr)
        return 2
    # The protocol is named because asyncio only then switches Nagle off for what is accepted.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((_HOST, chosen.port))
    except OSError as fault:
        print(f"The HaloPSA simulator cannot listen on {_HOST}:{chosen.port}: {fault.strerror}.", file=sys.stderr)
        return 2
    app = build(World(seed), f"http://{_HOST}:{chosen.port}")
    # Critical only: connections cut on purpose are no errors to report.
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    server = uvicorn.Server(config)
    if chosen.parent_pid:
        threading.Thread(target=_end_with, args=(chosen.parent_pid, server), daemon=True).start()
    server.run(sockets=[door])
    return 0


def read_seed(path: Path) -> dict[str, Any]:
    """Rows by table from a JSON file; ValueError when it is not of that form."""
    raw = path.read_bytes()
    seed = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    if not isinstance(seed, dict) or not all(isinstance(rows, list) for rows in seed.values()):
        raise ValueError("a seed is an object of lists, one for each table")
    return seed


def _end_with(pid: int, server: uvicorn.Server) -> None:
    while _alive(pid):
        time.sleep(_WATCH_SECONDS)
    server.should_exit = True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main())
