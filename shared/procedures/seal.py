"""Seal what is queued and publish what is sealed: customers first, then the meta-log that covers them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.errors import LedgerError
from shared.ledger import canonical
from shared.ledger.follow import follow_log
from shared.ledger.names import LOGS, TABLE
from shared.ledger.publish import Publisher
from shared.ledger.seal import seal_log
from shared.ledger.stored import LogName, logs
from shared.log import Event, log
from shared.model import JsonObject, NewEntry

if TYPE_CHECKING:
    from shared.procedures.runs import Run
    from shared.procedures.services import Services

Progress = Callable[[float, str], None]
_WIDTH = 4


@dataclass(slots=True)
class SealResult:
    """What sealing and publishing did."""

    logs: int = 0
    entries: int = 0
    published: int = 0
    quarantined: int = 0
    meta_size: int = 0
    refused: list[str] = field(default_factory=list)
    """Codes of logs that could not be published; the others were."""

    def add(self, other: SealResult) -> None:
        """Count another log's in."""
        self.logs += other.logs
        self.entries += other.entries
        self.published += other.published
        self.quarantined += other.quarantined
        self.refused += other.refused

    def to_json(self) -> JsonObject:
        """As a run's result."""
        return {
            "logs": self.logs,
            "entries": self.entries,
            "published": self.published,
            "quarantined": self.quarantined,
            "meta_size": self.meta_size,
            "codes": sorted(set(self.refused)),
        }


def _seal_one(services: Services, named: LogName, result: SealResult) -> None:
    def aside(identity: str, reason: str) -> None:
        services.ledger.record(
            NewEntry(
                type="entry.quarantined",
                key=f"quarantine\n{identity}",
                payload=canonical.dumps({"id": canonical.fit(identity), "reason": reason}),
                customer=named.customer,
            )
        )

    done = seal_log(services.rows, named.log, services.ledger.clock.now(), aside)
    result.entries += done.entries
    result.quarantined += len(done.quarantined)
    if done.quarantined:  # what was said of them waits now
        result.entries += seal_log(services.rows, named.log, services.ledger.clock.now(), aside).entries


def seal_logs(services: Services, named: list[LogName], progress: Progress | None = None) -> SealResult:
    """Seal and publish these logs and the meta-log. A log that must not be published does not stop the others."""
    result = SealResult()
    names = services.ledger.names
    publisher = Publisher(services.rows, services.blobs, services.signer, names)
    own = [one for one in named if one.log != names.meta]

    def one_log(one: LogName) -> SealResult:
        part = SealResult(logs=1)
        try:
            _seal_one(services, one, part)
            follow_log(services.rows, services.blobs, one.log, one.customer)
            published = publisher.publish(one.log, services.ledger.clock.now())
            part.published += bool(published and published.fresh)
        except LedgerError as error:
            part.refused.append(error.code)
        return part

    # logs do not know each other; several at once hide the store's answering time
    with ThreadPoolExecutor(_WIDTH if len(own) > _WIDTH else 1) as pool:
        for number, part in enumerate(pool.map(one_log, own)):
            result.add(part)
            if progress is not None:
                progress((number + 1) / (len(own) + 1), f"{result.logs} logs sealed")
    meta, whole = LogName(names.meta, None), SealResult()
    try:
        _seal_one(services, meta, whole)  # what is put aside there is said in the service's own log
        result.quarantined += whole.quarantined
        follow_log(services.rows, services.blobs, meta.log, None, index=False)
        published = publisher.publish(meta.log, services.ledger.clock.now())
        result.published += bool(published and published.fresh)
        result.meta_size = published.size if published else 0
    except LedgerError as error:
        result.refused.append(error.code)
    if result.quarantined:
        log(Event.ENTRY_QUARANTINED, count=result.quarantined)
    if result.refused:
        log(Event.SEAL_REFUSED, codes=sorted(set(result.refused)), count=len(result.refused))
    return result


def seal_all(services: Services, progress: Progress | None = None) -> SealResult:
    """Seal and publish every log of this incarnation; older ones are closed."""
    names = services.ledger.names
    current = [one for one in logs(services.rows) if one.origin == names.origin_of(one.log)]
    return seal_logs(services, current, progress)


def seal_customer(services: Services, customer: str | None) -> SealResult:
    """Seal and publish one log and the meta-log, on demand. Raises LedgerError when it must not be published."""
    log = services.ledger.names.log_of(customer)
    if services.rows.get(TABLE, LOGS, log) is None:
        return SealResult()
    result = seal_logs(services, [LogName(log, customer)])
    if result.refused:
        raise LedgerError("The log cannot be published now; an operator is needed.", code=result.refused[0])
    return result


def seal_run(services: Services, run: Run) -> JsonObject:
    """Job ``seal``."""
    return seal_all(services, run.progress).to_json()
