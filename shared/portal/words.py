"""How values read on a page: days, money, figures, codes and addresses, never a bare None."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from shared.measures.money import shown as written
from shared.model import JsonObject, parse_instant

NONE = "—"
_OID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_NAMES = {
    "notapplicable": "not applicable",
    "notchecked": "not checked",
    "msp": "MSP",
    "mssp": "MSSP",
    "ps": "Professional Services",
    "tier0": "tier 0",
    "credential_too_long": "credential valid too long",
    "credentials_many": "too many credentials",
    "ownerless": "no owner",
    "unregistered": "not in the register",
    "multi_tenant": "multi-tenant",
    "consent_all_users": "consent for all users",
    "admin_agent": "administrator agent",
    "not_revoked": "not revoked yet",
    "rmm": "RMM",
    "csp_licensing": "CSP and licensing",
    "entra": "Entra",
    "halopsa": "HaloPSA",
    "azure": "Azure",
    "PracticeManager": "Practice manager",
    "DeliveryManager": "Delivery manager",
    "SalesManager": "Sales manager",
    "IncidentCommander": "Incident commander",
    "IntegrationOwner": "Integration owner",
    "SteeringMember": "Steering member",
}


def day(text: str | None) -> str:
    """A day."""
    return _timed(text, "%d %b %Y")


def moment(text: str | None) -> str:
    """A day and time, UTC."""
    return _timed(text, "%d %b %Y, %H:%M UTC")


def _timed(text: str | None, form: str) -> str:
    if not text:
        return NONE
    try:
        return f"{parse_instant(text):{form}}"
    except ValueError:
        return str(text)


def money(value: JsonObject | None) -> str:
    """An amount with its currency."""
    if not value:
        return NONE
    return written(Decimal(value["amount"]), value["currency"])


def is_person(text: object) -> bool:
    """Whether a text is a person's id in the directory."""
    return bool(_OID.match(str(text)))


def words(code: object) -> str:
    """A code as a person says it."""
    if code is None or code == "":
        return NONE
    said = str(code)
    if is_person(said):
        return f"person {said[:8]}…"  # the directory's names are not kept; the whole id stands on the page of the one
    return _NAMES.get(said, said.replace("_", " "))


def listed(codes: object) -> str:
    """Several codes as a person says them."""
    return ", ".join(words(one) for one in codes) if isinstance(codes, (list, tuple)) and codes else NONE


def figure(value: Any, places: int = 2) -> str:
    """A number; what is not known says so."""
    if value is None:
        return "unknown"
    if isinstance(value, Mapping):
        return money(dict(value))
    try:
        return f"{Decimal(str(value)):,.{places}f}"
    except (InvalidOperation, ValueError):
        return str(value)


def percent(value: Any) -> str:
    """A share of one as per cent."""
    if value is None:
        return "unknown"
    return f"{Decimal(str(value)) * 100:,.0f} %"


def short(text: str, length: int = 12) -> str:
    """The beginning of something long."""
    return text if len(text) <= length else text[:length] + "…"


def address(text: object) -> bool:
    """Whether a text from data may be a link: a web address and nothing a browser would run."""
    return isinstance(text, str) and text.lower().startswith(("https://", "http://")) and not set(text) & set(" \r\n\t")


def plain(value: Any) -> str:
    """Any JSON value in one line. Nothing is left out, because people approve what they read here."""
    if value is None or value in ("", [], {}):
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if set(value) == {"amount", "currency"}:
            return f"{value['amount']} {value['currency']}"
        if set(value) == {"name", "start", "end"}:
            return f"{value['name']}, {value['start']} to {value['end']}"
        return "; ".join(f"{str(key).replace('_', ' ')}: {plain(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(one) for one in value)
    return str(value)


def is_number(value: object) -> bool:
    """Whether a cell holds a number, so that it is set to the right."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        return False
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False


FILTERS: dict[str, Callable[..., Any]] = {
    "day": day,
    "moment": moment,
    "money": money,
    "words": words,
    "listed": listed,
    "figure": figure,
    "percent": percent,
    "short": short,
    "plain": plain,
}
"""What templates may call."""
