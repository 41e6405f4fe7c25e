"""A look at a tenant: its configuration, and some rows that show how the configuration is used. A few dozen requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from shared.errors import SourceDenied, SourceRejected
from shared.model import JsonObject
from shared.ports import Halo

_DETAILS = {"includedetails": "true"}
_NEWEST = {"order": "id", "orderdesc": "true"}
_MOST_DETAILS = 15

_NOBODY = frozenset({"halo_credentials_refused", "halo_scope_refused"})
"""Without a token nothing can be read."""

LISTS: tuple[tuple[str, str, Mapping[str, str], int], ...] = (
    ("TicketType", "TicketType", {"showinactive": "true"}, 1),
    ("Status", "Status", {"showall": "true"}, 1),
    ("Priority", "Priority", {}, 1),
    ("Team", "Team", {}, 1),
    ("Outcome", "Outcome", {"showhidden": "true"}, 1),
    ("Template", "Template", {}, 3),
    ("open", "Tickets", {"open_only": "true", "includecolumns": "false", **_NEWEST}, 3),
    ("closed", "Tickets", {"closed_only": "true", "includecolumns": "false", **_NEWEST}, 3),
    ("Projects", "Projects", {"includeclosed": "true", "includecolumns": "false", **_NEWEST}, 3),
    ("Opportunities", "Opportunities", {"includeclosed": "true", "includecolumns": "false", **_NEWEST}, 3),
    ("Invoice", "Invoice", _NEWEST, 3),
    ("RecurringInvoice", "RecurringInvoice", _NEWEST, 2),
    ("Quotation", "Quotation", _NEWEST, 1),
)
"""Our name, the path, what is asked, and the most pages."""


@dataclass(slots=True)
class Sample:
    """Rows by our names; ``unreadable`` says in words what could not be read."""

    rows: dict[str, list[JsonObject]] = field(default_factory=dict)
    details: dict[str, list[JsonObject]] = field(default_factory=dict)
    me: JsonObject | None = None
    unreadable: dict[str, str] = field(default_factory=dict)

    def named(self, kind: str, number: int, *names: str) -> str:
        """``9 "Closed"`` for a row of a configuration list; the number alone when it is not there."""
        for row in self.rows.get(kind, []):
            if row.get("id") == number:
                told = next((str(row[name]) for name in (*names, "name") if row.get(name)), "")
                return f'{number} "{told}"'
        return str(number)


def take_sample(halo: Halo) -> Sample:
    """Read it. What HaloPSA does not allow is noted, everything else raises from SourceError."""
    out = Sample()
    for name, path, query, most in LISTS:
        try:
            pages = islice(halo.pages(path, query), most)
            out.rows[name] = [row for page in pages for row in page.rows if "@unreadable" not in row]
        except (SourceDenied, SourceRejected) as fault:
            if fault.code in _NOBODY:
                raise
            out.unreadable[name] = fault.message
    out.details["Opportunities"] = _details(halo, out, "Opportunities", "Tickets")
    out.details["Quotation"] = _details(halo, out, "Quotation", "Quotation")
    try:
        page = halo.one("Agent", "me")
        out.me = page.rows[0] if page is not None else None
    except (SourceDenied, SourceRejected) as fault:
        out.unreadable["Agent/me"] = fault.message
    return out


def _details(halo: Halo, sample: Sample, kind: str, path: str) -> list[JsonObject]:
    """The newest few in full: lists leave out custom fields and approvals."""
    found: list[JsonObject] = []
    wanted: Sequence[JsonObject] = sample.rows.get(kind, [])[:_MOST_DETAILS]
    for row in wanted:
        number = row.get("id")
        if not isinstance(number, int):
            continue
        try:
            page = halo.one(path, str(number), _DETAILS)
        except (SourceDenied, SourceRejected) as fault:
            sample.unreadable[f"{kind} in full"] = fault.message
            break
        if page is not None:
            found.append(page.rows[0])
    return found
