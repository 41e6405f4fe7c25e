"""Evidence packs: asked for, drawn before they are built, built once, the same bytes every time."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING

from shared.errors import (
    AttestError,
    Forbidden,
    LedgerError,
    NotFound,
    RowExists,
    RowStale,
    Unacceptable,
    Unavailable,
)
from shared.ledger import bounds, canonical, note, verify
from shared.ledger.entry import record_of
from shared.ledger.names import LOGS, TABLE, claim_key
from shared.ledger.pack import Packer, Plan
from shared.ledger.pack_request import PackBody, read_body
from shared.ledger.proof import tlog_proof
from shared.ledger.stored import int_cell, logs, text_cell
from shared.model import JsonObject, NewEntry, Person, Receipt, Role, Subject, parse_instant, rfc3339
from shared.ports import Row
from shared.procedures.seal import seal_customer

if TYPE_CHECKING:
    from shared.procedures.services import Services

REGISTERS = "registers"
PARTITION = "packs"
PACKS = "packs"
OWN = "service"
"""What a pack of the service's own log names in a customer's place."""
_ID = re.compile(r"pack-[0-9a-f]{24}")
Progress = Callable[[float, str], None]


def request_pack(services: Services, person: Person, body: object) -> JsonObject:
    """Register a pack and log that it was asked for; a sample's draw is logged before anything is drawn."""
    if not person.has(Role.AUDITOR, Role.ADMINISTRATOR):
        raise Forbidden("Only an Auditor or an Administrator may make packs.")
    asked = read_body(body)
    if not person.sees_customer(asked.customer):
        raise NotFound("There is no such customer.")
    log = services.ledger.names.log_of(asked.customer)
    if services.rows.get(TABLE, LOGS, log) is None:
        raise Unacceptable("There is no evidence of this customer.", code="no_evidence")
    return _request(services, person.oid, asked.customer, asked)


def request_own_pack(services: Services, start: str, end: str, controls: Sequence[str]) -> JsonObject:
    """The same of the service's own log, which is about no customer; asked for by the service itself."""
    asked = PackBody.model_validate({"customer": OWN, "from": start, "to": end, "controls": list(controls)})
    return _request(services, "service", None, asked)


def _request(services: Services, by: str, customer: str | None, asked: PackBody) -> JsonObject:
    request_id = f"pack-{secrets.token_hex(12)}"
    now = rfc3339(services.clock.now())
    wanted: JsonObject = {
        "request_id": request_id,
        "customer": customer,
        "period": {"start": asked.start, "end": asked.end},
        "controls": sorted(set(asked.controls)),
        "redact": asked.redact,
    }
    logged = [_log(services, "pack.requested", by, request_id, customer, canonical.dumps(wanted))]
    drawn = None
    if asked.sample is not None:
        draw = {**wanted, "phrase": asked.sample.phrase, "size": asked.sample.size}
        drawn = verify.canon(draw).decode()  # the phrase need not be in normal form C
        logged.append(_log(services, "sample.drawn", by, request_id, customer, drawn.encode()))
    state: JsonObject = {
        "wanted": wanted,
        "logged": logged,
        "drawn": drawn,
        "sample": {"phrase": asked.sample.phrase, "size": asked.sample.size} if asked.sample else None,
        "salt": secrets.token_hex(16) if asked.redact else "",
        "requested_by": by,
        "requested_at": now,
        "state": "queued",
        "progress": 0.0,
    }
    services.rows.insert(REGISTERS, Row(PARTITION, request_id, {"body": json.dumps(state).encode()}))
    return pack_status(services, request_id)


def _log(services: Services, kind: str, actor: str, request_id: str, customer: str | None, payload: bytes) -> str:
    entry = NewEntry(
        type=kind,
        key=f"{kind}\n{request_id}",
        payload=payload,
        customer=customer,
        actor=actor,
        subject=Subject("pack", request_id),
    )
    return services.ledger.record(entry).evidence_id


def _load(services: Services, pack_id: str) -> tuple[Row, JsonObject]:
    row = services.rows.get(REGISTERS, PARTITION, pack_id) if _ID.fullmatch(pack_id) else None
    if row is None:
        raise NotFound("There is no such pack.", code="pack_not_found")
    cell = row.cells.get("body")
    return row, json.loads(cell if isinstance(cell, bytes) else b"{}")


def _save(services: Services, request_id: str, **changes: object) -> None:
    """Change a pack's register row; a lost race is run again. What was withdrawn stays so, and what is ready: it may be built again."""
    while True:
        row, state = _load(services, request_id)
        if state["state"] == "withdrawn" or (state["state"] == "ready" and changes["state"] in ("building", "failed")):
            return
        state.update(changes)
        try:
            services.rows.replace(REGISTERS, Row(PARTITION, request_id, {"body": json.dumps(state).encode()}, row.etag))
        except RowStale:
            continue
        return


def pack_status(services: Services, pack_id: str) -> JsonObject:
    """What ``GET /api/packs/{id}`` answers. Raises NotFound; whether the caller may see it is the caller's question."""
    _, state = _load(services, pack_id)
    wanted = state["wanted"]
    return {
        "id": pack_id,
        "state": state["state"],
        "progress": state["progress"],
        "error": state.get("error"),
        "customer": wanted["customer"],
        "from": wanted["period"]["start"],
        "to": wanted["period"]["end"],
        "controls": wanted["controls"],
        "sample": state["sample"],
        "requested_by": state["requested_by"],
        "requested_at": state["requested_at"],
        "pack_id": state.get("pack_id"),
        "items": state.get("items"),
        "population": state.get("population"),
        "size": state.get("size"),
    }


def pack_blob(pack_id: str) -> str:
    """Blob name of the archive in container ``packs``."""
    return f"{pack_id}.zip"


def pack_downloaded(services: Services, person: Person, pack_id: str, *, beginning: bool = True) -> None:
    """Custody: log that a pack left the house, and who took it.

    Whoever takes any part of it is recorded once a day, and again at each further beginning.
    """
    status = pack_status(services, pack_id)
    now = rfc3339(services.clock.now())
    taken = {"request_id": pack_id, "pack_id": status["pack_id"], "by": person.oid}

    def record(marks: JsonObject) -> Receipt:
        return services.ledger.record(
            NewEntry(
                type="pack.downloaded",
                key="\n".join(("pack.downloaded", pack_id, person.oid, *marks.values())),
                payload=canonical.dumps({**taken, **marks}),
                customer=status["customer"],
                actor=person.oid,
                subject=Subject("pack", pack_id),
            )
        )

    if record({"day": now[:10]}).duplicate and beginning:
        record({"at": now})


def withdraw_pack(services: Services, pack_id: str, tombstone: str) -> None:
    """Say of a pack whose archive is gone why: it held content that was erased."""
    fault = {
        "code": "evidence_erased",
        "text": f"It held content that was erased since ({tombstone}); ask for a new pack.",
    }
    _save(services, pack_id, state="withdrawn", error=fault)


def build_pack(services: Services, pack_id: str, progress: Progress | None = None) -> JsonObject:
    """Build a pack that was asked for, or build it again to the same bytes. Safe to repeat after any failure.

    Storage that does not answer raises, so that the queue tries again; whatever else goes wrong is the pack's state.
    """

    def tell(fraction: float, text: str) -> None:
        _save(services, pack_id, state="building", progress=round(fraction, 3))
        if progress is not None:
            progress(fraction, text)

    if _load(services, pack_id)[1]["state"] == "withdrawn":
        return pack_status(services, pack_id)
    tell(0.0, "sealing")
    try:
        done = _build(services, pack_id, tell)
    except Unavailable:
        raise
    except AttestError as error:
        _save(services, pack_id, state="failed", error={"code": error.code, "text": error.message})
        return pack_status(services, pack_id)
    _save(services, pack_id, state="ready", progress=1.0, error=None, **done)
    status = pack_status(services, pack_id)
    if status["state"] == "withdrawn":  # while it was being built
        services.blobs.delete(PACKS, pack_blob(pack_id))
    return status


def _once(services: Services, name: str, make: Callable[[], bytes]) -> bytes:
    """The bytes kept under this name, made if there are none: what is decided once stays decided."""
    kept = services.blobs.get(PACKS, name)
    if kept is not None:
        return kept
    made = make()
    try:
        services.blobs.create(PACKS, name, made)
    except RowExists:
        return services.blobs.get(PACKS, name) or made
    return made


def _build(services: Services, pack_id: str, tell: Progress) -> JsonObject:
    _, state = _load(services, pack_id)
    customer = state["wanted"]["customer"]
    planned = json.loads(_once(services, f"{pack_id}/plan.json", lambda: _plan(services, state)))
    proof_size = planned.pop("proof_size")
    for name in ("controls", "custody", "redact", "former_logs"):
        planned[name] = tuple(planned.get(name, ()))
    plan = Plan(**planned)

    def prove(evidence_id: str) -> str:
        return _proof(services, evidence_id, proof_size)

    def log_redactions(data: bytes) -> tuple[str, str]:
        text = _once(
            services,
            f"{pack_id}/redacted.tlog-proof",
            lambda: _logged_proof(services, "pack.redacted", state["requested_by"], pack_id, customer, data),
        ).decode()
        evidence_id, _, proof = text.partition("\n")
        return evidence_id, proof

    def log_manifest(data: bytes) -> bytes:
        text = _once(
            services,
            f"{pack_id}/exported.tlog-proof",
            lambda: _logged_proof(services, "pack.exported", state["requested_by"], pack_id, customer, data),
        )
        return text.partition(b"\n")[2]

    packer = Packer(
        services.rows,
        services.blobs,
        plan,
        prove=prove,
        log_redactions=log_redactions,
        log_manifest=log_manifest,
        progress=tell,
    )
    with closing(packer.archive()) as archive:
        services.blobs.upload(PACKS, pack_blob(pack_id), archive, "application/zip")
    found = services.blobs.info(PACKS, pack_blob(pack_id))
    return {
        "pack_id": packer.pack_id,
        "items": packer.counts.items,
        "population": packer.counts.population,
        "size": found.size if found else None,
    }


def _logged_proof(
    services: Services, kind: str, actor: str, pack_id: str, customer: str | None, payload: bytes
) -> bytes:
    """Record an entry, seal and publish on demand; answers its id and its proof file."""
    try:
        evidence_id = _log(services, kind, actor, pack_id, customer, payload)
    except AttestError as error:
        if error.code != "entry_conflict":
            raise
        raise LedgerError("The pack was built before with other content.", code="E_PACK_ID") from None
    seal_customer(services, customer)
    proof = services.ledger.proof(evidence_id)
    if proof is None:
        raise Unavailable("The pack's entry is not published yet.", code="not_published")
    return f"{evidence_id}\n{proof}".encode()


def _proof(services: Services, evidence_id: str, size: int | None) -> str:
    found = services.ledger.leaf(evidence_id)
    log = evidence_id.partition(".")[0]
    proof = (
        tlog_proof(services.rows, services.blobs, log, found[1], found[0], size=size)
        if found is not None and found[1] is not None
        else None
    )
    if proof is None:
        raise LedgerError(f"There is no proof of {evidence_id} under the pack's checkpoint.", code="E_INCLUSION")
    return proof


def _plan(services: Services, state: JsonObject) -> bytes:
    """Decide, once, between which checkpoints the pack lies and what it says of its custody."""
    wanted, names = state["wanted"], services.ledger.names
    log = names.log_of(wanted["customer"])
    seal_customer(services, wanted["customer"])
    published = services.rows.get(TABLE, log, "pub")
    newest = int_cell(published, "size") if published is not None else 0
    start, end = (parse_instant(wanted["period"][name]) for name in ("start", "end"))
    size1, size2 = bounds.around(services.rows, log, newest, start, end)
    custody, proofs, drawn_id = [], {}, None
    for evidence_id in state["logged"]:
        found = services.ledger.leaf(evidence_id)
        if found is None:
            raise LedgerError("An entry of the pack's custody is not in the log.", code="E_RECEIPT_UNMET")
        record = record_of(found[0], index=found[1], customer=None)
        identity = evidence_id.rpartition(".")[2]
        proofs[identity] = _proof(services, evidence_id, newest)
        custody.append(
            {
                "event": record.type,
                "by": record.actor,
                "at": rfc3339(record.received_at),
                "evidence_id": evidence_id,
                "index": found[1],
                "proof": f"log/proofs/{identity}.tlog-proof",
            }
        )
        drawn_id = evidence_id if record.type == "sample.drawn" else drawn_id
    checkpoint_end = bounds.checkpoint_note(services.rows, log, size2)
    keys = services.ledger.keys()
    plan = Plan(
        request_id=wanted["request_id"],
        customer=wanted["customer"] or OWN,
        log=log,
        origin=names.origin_of(log),
        start=wanted["period"]["start"],
        end=wanted["period"]["end"],
        controls=tuple(wanted["controls"]),
        created_at=state["requested_at"],
        checkpoint_start=bounds.checkpoint_note(services.rows, log, size1),
        checkpoint_end=checkpoint_end,
        meta_proof=_meta_proof(services, checkpoint_end),
        meta_log=names.meta,
        proofs=proofs,
        custody=tuple(custody),
        keys="".join(f"{key['vkey']}\n" for key in keys),
        pems={key["key_id"]: key["pem"] for key in keys},
        sample={
            **state["sample"],
            "drawn": drawn_id,
            "drawn_by": state["requested_by"],
            "drawn_at": custody[-1]["at"],
        }
        if state["sample"]
        else None,
        drawn=state["drawn"],
        redact=tuple(wanted["redact"]),
        redact_salt=state["salt"],
        former_logs=tuple(_former_logs(services, wanted["customer"], log)),
    )
    return json.dumps({**asdict(plan), "proof_size": newest}).encode()


def _former_logs(services: Services, customer: str, log: str) -> Iterator[JsonObject]:
    """The customer's logs of earlier incarnations, which a restore closed."""
    for named in logs(services.rows):
        if named.customer == customer and named.log != log:
            published = services.rows.get(TABLE, named.log, "pub")
            yield {"origin": named.origin, "size": int_cell(published, "size") if published is not None else 0}


def _meta_proof(services: Services, checkpoint: str) -> str:
    """Proof that a checkpoint of a customer's log is an entry of the meta-log."""
    meta, leaf = services.ledger.names.meta, note.text_of(checkpoint)
    claim = services.rows.get(TABLE, meta, claim_key(leaf))
    published = services.rows.get(TABLE, meta, "pub")
    if claim is None or published is None:
        raise LedgerError("The checkpoint is not in the meta-log.", code="E_RECEIPT_UNMET")
    size = int_cell(published, "size")
    index = services.ledger.index_in_meta(text_cell(claim, "ulid"), size)
    proof = None if index is None else tlog_proof(services.rows, services.blobs, meta, index, leaf.encode(), size=size)
    if proof is None:
        raise Unavailable("The meta-log does not cover the checkpoint yet.", code="not_published")
    return proof
