"""``python -m local.host --port 7071``: serve function_app.py as the Functions host would."""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn

from local.clock import CLOCK
from local.host.app import Host, HostChoices
from local.host.functions import load
from local.host.keys import MASTER, Keys
from local.host.options import HostOptions
from local.processes import KEEP_ALIVE_SECONDS, StartFailed, refuse_taken
from shared.errors import AttestError
from shared.ports import Queues

ROOT = Path(__file__).resolve().parents[2]
_GRACE_SECONDS = 3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.host", description=__doc__)
    parser.add_argument("--port", type=int, default=7071)
    parser.add_argument("--app", default="function_app", help="module that holds the FunctionApp")
    parser.add_argument("--host-json", type=Path, default=ROOT / "host.json")
    return parser.parse_args()


def main() -> int:
    """Serve until a signal; 1 with one sentence when the host cannot start."""
    chosen = _arguments()
    environ = os.environ
    # As the Functions worker sets it up: whatever is said at INFO or above is passed on.
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    try:
        refuse_taken({"host": chosen.port}, "HOST_PORT")
        options = HostOptions.read(chosen.host_json)
        if chosen.app == "function_app":
            _prepare_service()
        retry = environ.get("LOCAL_RETRY_SECONDS", "")
        choices = HostChoices(
            keys=Keys(
                master=environ.get("LOCAL_MASTER_KEY") or MASTER,
                host=tuple(environ.get("LOCAL_HOST_KEYS", "").split()),
                enforced=environ.get("LOCAL_FUNCTION_KEYS", "off") == "on",
            ),
            timers=environ.get("TIMERS", "off") == "on",
            state=ROOT / ".local" / "timers",
            retry_seconds=float(retry) if retry else None,
            # One app among several hears only what it sends itself.
            told=chosen.app == "function_app" and environ.get("ATTEST_GROUP", "all") == "all",
            longest_poll=float(environ["LOCAL_POLL_SECONDS"]) if environ.get("LOCAL_POLL_SECONDS") else None,
        )
        host = Host(load(chosen.app), options, environ, choices)
        if choices.told:
            _hear_of_sends(host)
    except (StartFailed, AttestError, ValueError) as fault:
        print(fault, file=sys.stderr)
        return 1
    # What was loaded stays; looking through it again and again costs a tenth of the one core Python has.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    config = uvicorn.Config(
        host.app(),
        host="127.0.0.1",
        port=chosen.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run()
    # Handlers that still run are abandoned like a worker that is recycled; their messages show again.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _prepare_service() -> None:
    """The service reads this process's movable clock (only here, never in Azure), and its settings must be whole."""
    from shared import bootstrap

    bootstrap.use_clock(CLOCK)
    bootstrap.services()


class _Announced:
    """The service's queues, telling the host of each message so that it need not look everywhere."""

    def __init__(self, queues: Queues, sent: Callable[[str, float], None]) -> None:
        self._queues = queues
        self._sent = sent

    def send(self, queue: str, message: str, delay_seconds: int = 0) -> None:
        """Durable when it returns."""
        self._queues.send(queue, message, delay_seconds)
        self._sent(queue, delay_seconds)


def _hear_of_sends(host: Host) -> None:
    from shared import bootstrap

    live = bootstrap.live()
    live.queues = _Announced(live.queues, host.sent)


if __name__ == "__main__":
    sys.exit(main())
