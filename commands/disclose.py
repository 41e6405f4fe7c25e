"""Show one withheld field of a pack, with what its digest is made of."""

from __future__ import annotations

import argparse
import json

from shared import bootstrap
from shared.procedures.disclose import disclose


def disclose_field(chosen: argparse.Namespace, under: dict[str, str]) -> int:
    """0 shown; the digest is SHA-256 of the salt's bytes and the value's canonical JSON."""
    with bootstrap.evidence(under) as services:
        shown = disclose(services, chosen.pack, chosen.id, chosen.field, chosen.by)
    print(json.dumps(shown, ensure_ascii=False, indent=1, sort_keys=True))
    return 0
