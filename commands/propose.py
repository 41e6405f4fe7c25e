"""Print policy for a tenant's own numbers, each line with its grounds, for a person to review."""

from __future__ import annotations

import argparse
import sys
from urllib.parse import urlsplit

from shared import bootstrap
from shared.halopsa.proposal_text import proposal_text
from shared.halopsa.propose import proposals
from shared.halopsa.sample import take_sample


def propose(chosen: argparse.Namespace, under: dict[str, str]) -> int:  # noqa: ARG001 - every command takes both
    """Reads only. The document goes to standard output, what could not be read to standard error."""
    with bootstrap.tenant(under) as (settings, halo):
        print("Looking at the tenant's configuration and some of its rows.", file=sys.stderr, flush=True)
        sample = take_sample(halo)
        host = urlsplit(settings.text("HALO_URL")).netloc
    for said in dict.fromkeys(sample.unreadable.values()):
        print(f"Not read: {said}", file=sys.stderr)
    print(proposal_text(proposals(sample), host), end="")
    return 0
