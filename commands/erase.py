"""Erase the content of one piece of evidence: shown first, confirmed by typing its id, recorded before it is done."""

from __future__ import annotations

import argparse
import sys

from shared import bootstrap
from shared.procedures.erase import erasable, erase


def erase_content(chosen: argparse.Namespace, under: dict[str, str]) -> int:
    """0 erased; 1 not confirmed, or refused."""
    with bootstrap.evidence(under) as services:
        record = erasable(services, chosen.id, chosen.decision)
        print(f"{record.id}: {record.type}, received {record.received_at.isoformat()}, {record.size} bytes")
        print(f"customer {record.customer}, SHA-256 {record.sha256}, decision {chosen.decision}")
        print("Its content will be gone for good. The entry, its SHA-256 and a record of the erasure stay.")
        if not chosen.yes and input("Type the id of the evidence to go on: ").strip() != chosen.id:
            print("Nothing was erased.", file=sys.stderr)
            return 1
        done = erase(services, chosen.id, chosen.decision, chosen.by)
    print(f"Erased. The record of it is {done['tombstone']}; it is sealed with the next entries.")
    for pack in done["packs_withdrawn"]:
        print(f"Pack {pack} held the content and was withdrawn; ask for a new one.")
    print("Copies outside the evidence account are yours to find: HaloPSA itself, packs that were handed out, backups.")
    print("Deleted blobs can be brought back for seven days by who administers the account.")
    return 0
