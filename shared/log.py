"""What the operator's log says: one line an event, made of ids, counts and codes. Never names, note text, tokens or bodies.

A line is the event's name, a blank, and a JSON object: ``run.failed {"code":"source_down","job":"sync","run_id":"r-…"}``.
Alerts in ``infra/app/alerts.bicep`` look for the name at its beginning. The Functions worker sends Python's logging to
Application Insights; the local host writes it to its log file. Rules log nothing; only what has effects does.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypedDict, Unpack

_LOG = logging.getLogger("attest")
_ROOT = Path(__file__).resolve().parents[1]
_PLAIN = re.compile(r"[A-Za-z0-9._:/+-]{1,200}")
WITHHELD = "withheld"
_FRAMES = 12
_TALKATIVE = ("azure.core", "azure.identity", "httpx", "httpcore", "msal", "urllib3")
"""Libraries that log every request with its address, at a level the worker passes on."""


class Event(StrEnum):
    """Everything the log can say."""

    RUN_STARTED = "run.started"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    ACTION_CARRIED_OUT = "action.carried_out"
    ACTION_FAILED = "action.failed"
    AUDIT_MISMATCH = "audit.mismatch"
    SEAL_REFUSED = "seal.refused"
    ENTRY_QUARANTINED = "entry.quarantined"
    DELIVERY_QUARANTINED = "delivery.quarantined"
    DELIVERY_CONFLICT = "delivery.conflict"
    MESSAGE_POISONED = "message.poisoned"
    POLICY_CHANGED = "policy.changed"
    REPORT_UNDELIVERED = "report.undelivered"
    ACCESS_REFUSED = "access.refused"
    REQUEST_FAILED = "request.failed"
    FUNCTION_CRASHED = "function.crashed"


_LEVELS = {
    Event.RUN_FAILED: logging.ERROR,
    Event.ACTION_FAILED: logging.ERROR,
    Event.AUDIT_MISMATCH: logging.CRITICAL,
    Event.SEAL_REFUSED: logging.CRITICAL,
    Event.ENTRY_QUARANTINED: logging.ERROR,
    Event.DELIVERY_QUARANTINED: logging.WARNING,
    Event.DELIVERY_CONFLICT: logging.WARNING,
    Event.MESSAGE_POISONED: logging.ERROR,
    Event.REPORT_UNDELIVERED: logging.ERROR,
    Event.ACCESS_REFUSED: logging.WARNING,
    Event.REQUEST_FAILED: logging.ERROR,
    Event.FUNCTION_CRASHED: logging.ERROR,
}


class Fields(TypedDict, total=False):
    """The closed set of what a line may hold; each is an id, a count or a code."""

    run_id: str
    job: str
    action: str
    kind: str
    queue: str
    evidence_id: str
    source: str
    operation: str
    function: str
    request_id: str
    oid: str | None
    version: str
    decision_id: str
    code: str
    codes: Sequence[str]
    frames: Sequence[str]
    status: int
    count: int
    population: int
    logs: int
    seconds: float


def log(event: Event, **fields: Unpack[Fields]) -> None:
    """Write one line. Text that is not made like an id or a code is replaced by ``withheld``."""
    _LOG.log(_LEVELS.get(event, logging.INFO), "%s", line(event, fields))


def line(event: Event, fields: Fields) -> str:
    """What is written."""
    plain = {name: _plain(value) for name, value in fields.items()}
    return f"{event.value} {json.dumps(plain, sort_keys=True, separators=(',', ':'))}"


def _plain(value: object) -> object:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) else WITHHELD
    return [_plain(one) for one in value] if isinstance(value, Sequence) else WITHHELD


def frames(fault: BaseException) -> list[str]:
    """Where it happened, innermost first, as ``shared/file.py:12``; what was said there may quote a record and is left out."""
    places: list[str] = []
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        path = Path(frame.filename)
        own = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else None
        ours = own is not None and not own.parts[0].startswith(
            "."
        )  # what is installed lies under .venv or .python_packages
        places.append(f"{own.as_posix() if own is not None and ours else path.name}:{frame.lineno}")
    return places[:_FRAMES]


def quiet() -> None:
    """Leave out what libraries tell of each request: addresses hold keys and ids of customers."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
