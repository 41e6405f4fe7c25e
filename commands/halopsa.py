"""``python -m commands.halopsa setup | by-hand | propose``: connect a HaloPSA tenant.

Settings come from the environment or, with ``--settings``, from a file such as local.settings.json: HALO_URL,
HALO_CLIENT_ID, HALO_CLIENT_SECRET, HALO_SCOPE, HALO_TENANT and ATTEST_WEBHOOK_SOURCES. Nothing else is needed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from commands.given import under
from commands.propose import propose
from commands.setup import by_hand, setup
from shared.errors import AttestError, Misconfigured, SourceDenied

_WRONG, _MISUSED, _DENIED = 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """0 done; 1 something does not work yet; 2 settings or arguments are wrong; 3 HaloPSA does not allow it."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, dict[str, str]], int] = chosen.command
    try:
        return command(chosen, under(chosen.settings))
    except KeyboardInterrupt:
        print("\nStopped. Everything done so far stands, and the command may be run again.", file=sys.stderr)
        return _WRONG
    except AttestError as fault:
        print(fault.message, file=sys.stderr)
        said = fault.details.get("said")
        if said:
            print(f"HaloPSA said: {said}", file=sys.stderr)
        if isinstance(fault, SourceDenied):
            return _DENIED
        return _MISUSED if isinstance(fault, Misconfigured) else _WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m commands.halopsa", description=__doc__.split("\n\n")[1])
    parser.add_argument("--settings", type=Path, help='JSON like {"Values":{"HALO_URL":"…"}}; the environment wins')
    each = parser.add_subparsers(required=True, metavar="setup | by-hand | propose")

    making = each.add_parser("setup", help="make the webhook and its events through the API and wait for a delivery")
    making.set_defaults(command=setup)
    making.add_argument(
        "--event", action="append", default=[], metavar="NUMBER=NAME", help="a further event whose number you know"
    )
    making.add_argument("--wait", type=float, default=300.0, help="seconds to wait for a delivery; 0: do not wait")
    making.add_argument("--note-on", type=int, metavar="TICKET", help="write an internal note on this test ticket")
    clicks = each.add_parser("by-hand", help="print every click instead; asks HaloPSA nothing")
    clicks.set_defaults(command=by_hand)
    for one in (making, clicks):
        one.add_argument("--intake", required=True, help="address of the intake app, such as https://intake.example")
        one.add_argument("--source", default="main", help="name in ATTEST_WEBHOOK_SOURCES (main)")

    reading = each.add_parser("propose", help="print policy for this tenant's own numbers, for a person to review")
    reading.set_defaults(command=propose)
    return parser


if __name__ == "__main__":
    sys.exit(main())
