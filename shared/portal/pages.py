"""Pages from templates: data in, HTML bytes out. Everything is escaped; no script is ever sent."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.model import JsonObject, Person, parse_instant

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent

SECTIONS: tuple[tuple[str, str], ...] = (
    ("/", "Overview"),
    ("/findings", "Findings"),
    ("/holds", "Holds"),
    ("/approvals", "Approvals"),
    ("/projects", "Projects"),
    ("/handoffs", "Handoffs"),
    ("/reviews", "Access reviews"),
    ("/reports", "Reports"),
    ("/decisions", "Decisions"),
    ("/controls", "Controls"),
    ("/evidence", "Evidence"),
)
"""What the navigation shows, in this order."""


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(day=_day, moment=_moment, money=_money, words=_words, short=_short, figure=_figure)
    return environment


def _day(text: str | None) -> str:
    return f"{parse_instant(text):%d %b %Y}" if text else "—"


def _moment(text: str | None) -> str:
    return f"{parse_instant(text):%d %b %Y %H:%M} UTC" if text else "—"


def _money(value: JsonObject | None) -> str:
    if not value:
        return "—"
    return f"{float(value['amount']):,.2f} {value['currency']}"


def _words(code: str | None) -> str:
    return str(code or "—").replace("_", " ")


def _short(text: str, length: int = 12) -> str:
    return text if len(text) <= length else text[:length] + "…"


def _figure(value: Any, places: int = 2) -> str:
    if value is None:
        return "unknown"
    try:
        return f"{float(value):,.{places}f}"
    except (TypeError, ValueError):
        return str(value)


def render(template: str, person: Person, now: datetime, **data: Any) -> bytes:
    """One page. Raises jinja2's errors only on a template's own fault."""
    page = _environment().get_template(template)
    return page.render(person=person, now=now, sections=SECTIONS, **data).encode()


def stylesheet() -> bytes:
    """The one style sheet."""
    return (_HERE / "static" / "portal.css").read_bytes()


def form_token(secret: str, person: Person, purpose: str) -> str:
    """Binds a form to who was shown it, so that another site cannot have it sent in their name."""
    return hmac.new(secret.encode(), f"form\n{person.oid}\n{purpose}".encode(), hashlib.sha256).hexdigest()


def form_token_fits(secret: str, person: Person, purpose: str, given: str) -> bool:
    """Constant-time check of a form token."""
    return hmac.compare_digest(form_token(secret, person, purpose).encode(), given.encode("utf-8", "replace"))
