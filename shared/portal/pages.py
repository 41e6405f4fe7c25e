"""Pages from templates: data in, HTML bytes out. Everything is escaped; no script is ever sent."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.model import Person, Role
from shared.portal.words import FILTERS

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent

AREAS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("Today", (("/", "Overview"), ("/findings", "Findings"), ("/holds", "Holds"), ("/approvals", "Approvals"))),
    ("Billing", (("/billing", "Billing"),)),
    ("Delivery", (("/projects", "Projects"), ("/handoffs", "Handoffs"))),
    ("Access", (("/reviews", "Access reviews"), ("/integrations", "Integrations"))),
    (
        "Steering",
        (
            ("/figures", "Scorecard"),
            ("/reports", "Reports"),
            ("/decisions", "Decisions"),
            ("/backlog", "Backlog"),
            ("/programme", "Programme"),
            ("/samples", "Samples"),
        ),
    ),
    ("Proof", (("/controls", "Controls"), ("/evidence", "Evidence"))),
)
"""The navigation: areas in one row, the pages of the area where one is in the next. An area leads to its first page."""

_ONLY_FOR = {"/evidence": (Role.AUDITOR, Role.STEERING_MEMBER, Role.ADMINISTRATOR)}


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
    environment.filters.update(FILTERS)
    return environment


def render(template: str, person: Person, now: datetime | None, **data: Any) -> bytes:
    """One page. Raises jinja2's errors only on a template's own fault."""
    areas = [
        (label, [one for one in pages if one[0] not in _ONLY_FOR or person.has(*_ONLY_FOR[one[0]])])
        for label, pages in AREAS
    ]
    page = _environment().get_template(template)
    return page.render(person=person, now=now, areas=areas, **data).encode("utf-8", "replace")


def stylesheet() -> bytes:
    """The one style sheet."""
    return (_HERE / "static" / "portal.css").read_bytes()


def form_token(secret: str, person: Person, purpose: str, now: datetime) -> str:
    """Binds a form to who was shown it and to the day, so that another site cannot have it sent in their name."""
    said = f"form\n{person.oid}\n{purpose}\n{now:%Y-%m-%d}"
    return hmac.new(secret.encode(), said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def form_token_fits(secret: str, person: Person, purpose: str, now: datetime, given: str) -> bool:
    """Constant-time check of a form token given today or yesterday."""
    fits = [
        hmac.compare_digest(form_token(secret, person, purpose, day).encode(), given.encode("utf-8", "replace"))
        for day in (now, now - timedelta(days=1))
    ]
    return any(fits)
