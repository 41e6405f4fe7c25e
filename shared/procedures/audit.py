"""The audit: everything stored is read again and proven again, and the result is itself evidence."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from shared.ledger import verify
from shared.ledger.fsck import Reader
from shared.log import Event, log
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.anchor import check_anchor, expected_anchor
from shared.procedures.keep import TABLE as CLAIMS
from shared.procedures.self_watch import judge_log, judge_silence

if TYPE_CHECKING:
    from shared.procedures.runs import Run
    from shared.procedures.services import Services


def audit_all(services: Services, run: Run | None = None) -> JsonObject:
    """Read every log and the anchor; answers counts, findings and their E_ codes."""
    trusted = services.ledger.keys()
    keys = [verify.Key(str(key["vkey"])) for key in trusted]
    reader = Reader(
        services.rows,
        services.blobs,
        services.ledger.names,
        keys,
        now=services.clock.now(),
        receipts=receipts_given(services),
    )
    reader.audit_meta()
    logs = reader.logs()
    for number, each in enumerate(logs):
        reader.audit_log(each)
        if run is not None:
            run.progress((number + 1) / (len(logs) + 1), f"{number + 1} of {len(logs)} logs read")
    reader.settle()
    return reader.report.to_json()


def receipts_given(services: Services) -> dict[str, set[str]]:
    """By log, the ids of entries that a webhook's source was answered for: what the log must hold."""
    given: dict[str, set[str]] = {}
    after: str | None = None
    while True:
        page = services.rows.scan(CLAIMS, limit=1000, after=after)
        for row in page.rows:
            log, dot, identity = str(row.cells.get("evidence_id", "")).partition(".")
            if dot:
                given.setdefault(log, set()).add(identity)
        after = page.next
        if after is None:
            return given


def audit_run(services: Services, run: Run) -> JsonObject:
    """Job ``audit``: its result lists the E_ codes under ``codes``, is recorded as evidence and becomes findings.

    It runs under an identity and in an app of its own, so it also notices when the others' jobs rest.
    """
    result = audit_all(services, run)
    expected = expected_anchor(services.settings)
    anchor = check_anchor(services, expected)
    result["anchor"] = anchor.to_json(expected)
    if anchor.faults:
        result["codes"] = sorted({*result["codes"], "E_ANCHOR_CONFIG"})
        meta = services.ledger.names.meta
        result["by_log"][meta] = sorted({*result["by_log"].get(meta, ()), "E_ANCHOR_CONFIG"})
        result["findings"] += [{"code": "E_ANCHOR_CONFIG", "log": meta, "text": text} for text in anchor.faults]
    result["audited_at"] = rfc3339(services.clock.now())
    payload = json.dumps(result, sort_keys=True, ensure_ascii=False).encode()
    receipt = services.ledger.record(
        NewEntry(
            type="audit.completed",
            key=f"audit\n{run.run_id}\n{hashlib.sha256(payload).hexdigest()}",
            payload=payload,
            subject=Subject("run", run.run_id),
        )
    )
    judge_log(services, result, run.as_of, run.run_id)
    judge_silence(services, run.as_of, run.run_id)
    if result["codes"]:
        log(Event.AUDIT_MISMATCH, run_id=run.run_id, codes=result["codes"], evidence_id=receipt.evidence_id)
    return {**result, "evidence_id": receipt.evidence_id}
