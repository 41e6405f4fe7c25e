"""``python -m commands.evidence erase | disclose``: what is done to evidence by a person, never by the service.

Settings come from the environment or, with ``--settings``, from a file such as local.settings.json: where the
evidence account is (ATTEST_STORAGE__*), ATTEST_LEDGER_ORIGIN, ATTEST_INCARNATION and ATTEST_LEDGER_SALT. In Azure it
acts as whoever is signed in to the Azure CLI.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from commands.disclose import disclose_field
from commands.erase import erase_content
from commands.given import under
from shared.errors import AttestError, Misconfigured

_WRONG, _MISUSED = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """0 done; 1 refused or not confirmed; 2 settings or arguments are wrong."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, dict[str, str]], int] = chosen.command
    try:
        return command(chosen, under(chosen.settings))
    except (KeyboardInterrupt, EOFError):
        print("\nStopped. The command may be run again.", file=sys.stderr)
        return _WRONG
    except AttestError as fault:
        print(fault.message, file=sys.stderr)
        return _MISUSED if isinstance(fault, Misconfigured) else _WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m commands.evidence", description=__doc__.split("\n\n")[1])
    parser.add_argument("--settings", type=Path, help='JSON like {"Values":{"ATTEST_LEDGER_ORIGIN":"…"}}')
    each = parser.add_subparsers(required=True, metavar="erase | disclose")
    erasing = each.add_parser("erase", help="erase the content of one piece of evidence for good")
    erasing.set_defaults(command=erase_content)
    erasing.add_argument("--id", required=True, help="evidence id, as GET /api/evidence shows it")
    erasing.add_argument("--decision", required=True, help="id of the recorded decision that orders it")
    erasing.add_argument("--by", required=True, help="your Entra oid, for the record")
    showing = each.add_parser("disclose", help="show one withheld field of a pack with its salt")
    showing.set_defaults(command=disclose_field)
    showing.add_argument("--pack", required=True, help="id of the pack, as GET /api/packs/{id} shows it")
    showing.add_argument("--id", required=True, help="evidence id of the item")
    showing.add_argument("--field", required=True, help="pointer as log/redactions.json in the pack names it")
    showing.add_argument("--by", required=True, help="your Entra oid, for the record")
    erasing.add_argument("--yes", action="store_true", help="do not ask; for scripts that asked already")
    return parser


if __name__ == "__main__":
    sys.exit(main())
