"""Who hears of a published report: flows once, each channel with the figures of what it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from shared.actions import Action, ActionKind
from shared.model import JsonObject, Subject
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.reports.cards import practice_facts
from shared.reports.document import Document


def report_id(row: Mapping[str, Any]) -> str:
    """``weekly/2026-W47/<as_of>``, with the practice behind it where it is an edition."""
    whole = f"{row['kind']}/{row['period']}/{row['as_of']}"
    return f"{whole}/{row['practice']}" if row.get("practice") else whole


def tell_report(services: Services, run_id: str, documents: Mapping[str | None, Document]) -> None:
    """The whole report (None) to the steering team's channel and to flows that see everything; an edition to its own."""
    actions = [one for practice, document in documents.items() for one in _told(services, practice, document)]
    queue_actions(services, actions, run_id)


def _told(services: Services, practice: str | None, document: Document) -> Iterator[Action]:
    policy = services.policy.policy
    about = report_id({"kind": document.kind, "period": document.period, "as_of": document.as_of, "practice": practice})
    subject, key = Subject("report", about), f"report-ready\n{about}"
    body: JsonObject = {
        "event": "report_ready",
        "id": f"{document.kind}/{document.period}",
        "kind": document.kind,
        "title": document.title,
        "text": " ".join(one.text for one in document.headline),
        "link": f"{services.settings.text('ATTEST_PUBLIC_URL').rstrip('/')}{address(document.period, 'html', practice)}",
        "facts": [{"label": one.label, "text": one.text} for one in document.headline],
        "practice": practice,
        "channel": "",
    }
    yield Action(ActionKind.NOTIFY, key, subject, None, body)
    channel = policy.service.channel
    if practice is not None:
        channel = policy.practices[practice].channel if practice in policy.practices else ""
        body = {**body, "facts": practice_facts(document, practice)}
    if channel:
        card = {**body, "event": "report_channel", "channel": channel}
        yield Action(ActionKind.NOTIFY, f"{key}\n{channel}", subject, None, card)


def address(period: str, name: str, practice: str | None, as_of: str | None = None) -> str:
    """Where a report's file is asked for."""
    asked = "&".join(f"{key}={value}" for key, value in (("as_of", as_of), ("practice", practice)) if value)
    return f"/api/reports/weekly/{period}/{name}" + (f"?{asked}" if asked else "")
