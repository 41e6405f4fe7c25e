"""``python -m local.entra --port 7081 [--seed FILE]``: serve the stand-in on loopback until told to stop."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from pathlib import Path

import uvicorn

from local.entra.app import build
from local.entra.tables import RowsError
from local.entra.tokens import AUDIENCE, HOME_TENANT, Issuer
from local.processes import KEEP_ALIVE_SECONDS


def _leave_with(parent: int) -> None:
    """End when the process that started us is gone, so that no orphan keeps the port."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def main(arguments: list[str] | None = None) -> int:
    """Parse, load the seed, serve."""
    parser = argparse.ArgumentParser(prog="local.entra", description=__doc__)
    parser.add_argument("--port", type=int, default=7081)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--tenant", default=HOME_TENANT)
    parser.add_argument("--audience", default=AUDIENCE)
    parser.add_argument("--authority", help="how the world calls us; default http://127.0.0.1:PORT")
    parser.add_argument("--identity-header", help="the only X-IDENTITY-HEADER accepted; default any")
    parser.add_argument("--parent-pid", type=int, help="end when this process is no longer our parent")
    options = parser.parse_args(arguments)
    issuer = Issuer(options.authority or f"http://127.0.0.1:{options.port}", options.tenant, options.audience)
    try:
        seed = json.loads(options.seed.read_text("utf-8")) if options.seed else None
        app = build(issuer, seed, identity_header=options.identity_header)
    except (OSError, ValueError, RowsError) as fault:
        print(f"The seed cannot be loaded: {fault}", file=sys.stderr)
        return 2
    if options.parent_pid:
        threading.Thread(target=_leave_with, args=(options.parent_pid,), daemon=True).start()
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=options.port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
