"""Every page read is evidence: exact bytes, what was asked, when, how many rows came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from shared.model import NewEntry, Subject, rfc3339
from shared.ports import ReadPage, Recorder

_LONGEST_ID = 400


def observation(kind: str, page: ReadPage, system: str = "HaloPSA") -> NewEntry:
    """The entry for one page. The same page read at the same instant with the same bytes is one observation."""
    query = json.dumps(dict(page.query), sort_keys=True)
    digest = hashlib.sha256(page.body).hexdigest()
    key = hashlib.sha256("\n".join((page.path, query, rfc3339(page.read_at), digest)).encode()).hexdigest()
    asked = "&".join(f"{name}={value}" for name, value in sorted(page.query.items()))
    return NewEntry(
        type="observation.page",
        key=f"observation\n{key}",
        payload=page.body,
        subject=Subject(f"{system}.{kind}", f"{page.path}?{asked}"[:_LONGEST_ID]),
        occurred_at=page.read_at,
        source={
            "system": system.lower(),
            "path": page.path,
            "query": dict(page.query),
            "status": page.status,
            "row_count": len(page.rows),
            "record_count": page.record_count,
        },
    )


def record_pages(ledger: Recorder, kind: str, pages: Sequence[ReadPage], system: str = "HaloPSA") -> list[str]:
    """Record the pages and answer their evidence ids, in order."""
    return [receipt.evidence_id for receipt in ledger.record_many([observation(kind, page, system) for page in pages])]


def record_rows(ledger: Recorder, kind: str, pages: Sequence[ReadPage]) -> list[str]:
    """The same for pages whose rows go into the mirror: each row is told which observation it came from."""
    observations = record_pages(ledger, kind, pages)
    for evidence_id, page in zip(observations, pages, strict=True):
        mark_rows(page, evidence_id)
    return observations


def mark_rows(page: ReadPage, evidence_id: str) -> None:
    """Tell a page's rows which observation they came from."""
    for row in page.rows:
        row["@observation"] = evidence_id
