"""Sign-off: finance signed this content, or an earlier period of which nothing but dates and tolerated numbers has changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING

from shared.measures.invoice_checks.movement import pair_lines
from shared.measures.invoice_content import content_of
from shared.measures.invoice_facts import InvoiceFacts
from shared.model import JsonObject, Reason

if TYPE_CHECKING:
    from shared.policy.billing import BillingPolicy

_FIXED = ("customer", "contract_id", "salesorder_id", "currency")
_FIXED_OF_LINE = ("site", "tax_code", "tax_rate", "account")


def check(invoice: InvoiceFacts, policy: BillingPolicy, _as_of: datetime) -> Iterator[Reason]:
    """no_signoff, changed_after_signoff."""
    signed = invoice.signed
    if signed is None:
        yield Reason("no_signoff", "Finance has not signed this invoice.")
        return
    content = content_of(invoice)
    if invoice.one_off or not later(content, signed.content):
        if content != signed.content:
            yield Reason(
                "changed_after_signoff",
                f"The invoice is not what finance signed on {signed.at.date()}: "
                f"{', '.join(differences(content, signed.content))}.",
            )
        return
    unproven = policy.validation == "require" and not invoice.validated
    if policy.signoff == "each_period" or unproven:
        why = ", and billing has not been validated, so that no sign-off carries" if unproven else ""
        yield Reason(
            "no_signoff", f"Finance signed the period from {signed.content['period']['start']}, not this one{why}."
        )
        return
    changed = _untolerated(invoice, content, signed.content)
    if changed:
        yield Reason(
            "changed_after_signoff", f"Since finance signed on {signed.at.date()} these changed: {', '.join(changed)}."
        )


def later(content: JsonObject, signed: JsonObject) -> bool:
    """True when the content bills a period after the signed one."""
    start, end = content["period"]["start"], signed["period"]["end"]
    return bool(start and end and date.fromisoformat(start) > date.fromisoformat(end))


def covered(invoice: InvoiceFacts) -> bool:
    """True when the sign-off is for exactly this content."""
    return invoice.signed is not None and content_of(invoice) == invoice.signed.content


def differences(content: JsonObject, signed: JsonObject) -> list[str]:
    """Which parts differ, in words."""
    names = [key.replace("_", " ") for key in content if key != "lines" and content[key] != signed.get(key)]
    now, was = content["lines"] or [], signed["lines"] or []
    if len(now) != len(was):
        names.append(f"{len(was)} lines became {len(now)}")
    for one, other in zip(now, was, strict=False):
        changed = [key.replace("_", " ") for key in one if one[key] != other.get(key)]
        if changed:
            names.append(f"{one['item'] or one['description'] or 'a line'} ({', '.join(changed)})")
    return names or ["its form"]


def _untolerated(invoice: InvoiceFacts, content: JsonObject, signed: JsonObject) -> list[str]:
    names = [key.replace("_", " ") for key in _FIXED if content[key] != signed[key]]
    if content["period"]["name"] != signed["period"]["name"]:
        names.append("the length of the period")
    lines = {id(line): one for line, one in zip(invoice.lines or (), content["lines"] or (), strict=False)}
    for line, was in pair_lines(invoice.lines or (), signed["lines"] or []):
        if line is None or was is None:
            continue  # told as a quantity that moved from or to nothing
        changed = [key.replace("_", " ") for key in _FIXED_OF_LINE if lines[id(line)][key] != was[key]]
        if changed:
            names.append(f"{line.name} ({', '.join(changed)})")
    return names
