"""What people read of handoffs: the list, one with its sign-off and briefing, and the briefing as a document."""

from __future__ import annotations

from decimal import Decimal

from shared.errors import Malformed, NotFound
from shared.measures.assumption_lineage import trace_json
from shared.measures.inputs import UNKNOWN, told
from shared.model import JsonObject, Money, Person
from shared.procedures.closeouts import lessons
from shared.procedures.decide import visible
from shared.procedures.delivery_quality import trace_of
from shared.procedures.page import page
from shared.procedures.services import Services
from shared.registers import approvals
from shared.registers import handoffs as register
from shared.reports.briefing import DOCX, HTML, briefing, docx_of, html_of

_LISTED = (
    "id",
    "title",
    "customer",
    "practice",
    "service",
    "deal",
    "state",
    "completeness",
    "first_submission",
    "completeness_first",
    "completeness_now",
    "reasons",
    "approval_id",
    "signoff",
    "hold_id",
    "project",
    "won_at",
    "as_of",
)


def list_handoffs(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """Handoffs the caller may see."""
    rows = ({name: row[name] for name in _LISTED} for row in register.all_of(services.rows) if visible(row, person))
    return page(rows, limit=limit, after=after, key=lambda row: f"{row['id']!s:0>20}")


def handoff_view(services: Services, person: Person, opportunity_id: str) -> JsonObject:
    """One handoff with checklist, completeness at first and now, sign-off, project, briefing and lineage."""
    row = _row(services, person, opportunity_id)
    held = approvals.register(services.rows).get(row["approval_id"]) if row["approval_id"] else None
    told = _briefing(services, person, row)
    scope = (row.get("signed_content") or {}).get("scope") or {}
    currency = scope.get("currency") or row.get("currency") or services.policy.policy.service.currency
    return {
        **{key: value for key, value in row.items() if key != "signed_content"},
        **{name: _money(row[name], currency) for name in ("value", "profit")},
        "quotations": [
            {**one, "total": _money(one["total"], one.get("currency") or currency)} for one in row["quotations"]
        ],
        "inputs": _inputs(row),
        "traces": row.get("traces"),
        "approval": None
        if held is None
        else {"id": held.id, "digest": held.body["digest"], "state": held.body["state"]},
        "briefing": {**told, "forms": ["html", "docx"]},
        "lineage": lineage(services, row),
    }


def _money(amount: str | None, currency: str) -> JsonObject | None:
    """As money, in the currency the hold on it is told in."""
    return None if amount is None else Money(Decimal(amount), currency).to_json()


def _inputs(row: JsonObject) -> JsonObject | None:
    """The rows behind a handoff, and the record of its first submission; None where observations were not kept yet."""
    if row.get("inputs") is None:
        return None
    first = (row["first_submission"] or {}).get("evidence")
    return {**row["inputs"], **told({"first_submission": {"Handoff": {first or UNKNOWN: [row["id"]]}}})}


def _row(services: Services, person: Person, opportunity_id: str) -> JsonObject:
    row = register.get(services.rows, opportunity_id)
    if row is None or not visible(row, person):
        raise NotFound(f"There is no handoff {opportunity_id}.", code="handoff_not_found")
    return row


def handoff_briefing(services: Services, person: Person, opportunity_id: str, form: str) -> tuple[str, bytes]:
    """The briefing as a document: media type and bytes. ``form`` is html or docx."""
    told = _briefing(services, person, _row(services, person, opportunity_id))
    if form == "html":
        return HTML, html_of(told).encode()
    if form == "docx":
        return DOCX, docx_of(told)
    raise Malformed("A briefing comes as html or docx.", code="form_invalid")


def _briefing(services: Services, person: Person, row: JsonObject) -> JsonObject:
    """With what the caller may see of earlier projects of the same template."""
    portal = services.settings.text("ATTEST_PUBLIC_URL").rstrip("/")
    return briefing(row, portal, lessons(services, person, (row.get("signed_content") or {}).get("template_id")))


def lineage(services: Services, row: JsonObject) -> JsonObject:
    """From what sales assumed to what it cost: missed at submission, change orders, absorbed cost, margin lost."""
    return trace_json(trace_of(services, row, None))
