"""The frames every page is set in: a list, one of a list; and how rows get names and forms get tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast
from urllib.parse import quote, urlencode

from shared.connector.operation import EVIDENCE
from shared.model import JsonObject, Person
from shared.portal.blocks import Fact
from shared.portal.pages import form_token, render
from shared.portal.tables import LISTS
from shared.ports import Mirror
from shared.procedures import handoffs, projects, review_quarterly
from shared.procedures.services import Services

PAGE = 100
ALL = 100_000
Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """How a section's list and its details are made."""

    many: Callable[[Services, Person, Query], bytes]
    one: Callable[[Services, Person, str, Query], bytes] | None = None


class _Customers(Protocol):
    def customers(self, mirror: Mirror) -> dict[str, str]: ...


class Names:
    """What customers and subjects are called; each register is read when its first name is asked for."""

    def __init__(self, services: Services, person: Person) -> None:
        self._services, self._person = services, person
        self._customers: dict[str, str] | None = None
        self._read: dict[str, dict[tuple[str, str], str]] = {}

    def customer(self, identity: str | None) -> str:
        """A customer's name; its id where HaloPSA's name was not read."""
        if identity is None:
            return "—"
        if self._customers is None:
            desk = cast("_Customers", self._services.facts("desk"))
            self._customers = desk.customers(self._services.mirror)
        return self._customers.get(identity) or f"Customer {identity}"

    def of(self, rows: Sequence[JsonObject]) -> dict[tuple[str, str], str]:
        """The names of these rows' subjects, as far as they have one."""
        known: dict[tuple[str, str], str] = {}
        for kind in {str((row.get("subject") or {}).get("kind")) for row in rows}:
            if kind not in self._read:
                self._read[kind] = self._of_kind(kind)
            known |= self._read[kind]
        return known

    def _of_kind(self, kind: str) -> dict[tuple[str, str], str]:
        services, person = self._services, self._person
        if kind == "project":
            items = projects.list_projects(services, person, None, ALL, None)["items"]
            return {(kind, str(one["id"])): str(one["name"]) for one in items if one.get("name")}
        if kind == "opportunity":
            items = handoffs.list_handoffs(services, person, ALL, None)["items"]
            return {(kind, str(one["id"])): str(one["title"]) for one in items if one.get("title")}
        if kind == "integration":
            quarters = [one["quarter"] for one in review_quarterly.list_reviews(services, person, ALL, None)["items"]]
            if not quarters:
                return {}
            items = review_quarterly.review_view(services, quarters[-1], person, ALL, None)["items"]
            return {(kind, str(one["integration"]["id"])): str(one["integration"]["name"]) for one in items}
        return {}


def list_page(
    services: Services,
    person: Person,
    section: str,
    query: Query,
    page: JsonObject,
    shape: Callable[[JsonObject], JsonObject],
) -> bytes:
    """A list with its filters; what stands in the address beyond them is kept and shown."""
    listing = LISTS[section]
    asked = {choice.name: query.get(choice.name, choice.options[0][0]) for choice in listing.choices}
    kept = [
        (name, query[name])
        for name in ("control", "customer", "code", "type", "subject")
        if query.get(name) and name not in asked
    ]
    following = None
    if page["next"]:
        following = f"{listing.path}?" + urlencode([*asked.items(), *kept, ("next", page["next"])])
    rows = [shape(row) for row in page["items"]]
    whole = page.get("total", len(rows) if not following and not query.get("next") else None)
    return render(
        "table.html",
        person,
        services.clock.now(),
        title=listing.title,
        section=listing.path,
        lead=listing.lead,
        empty=listing.empty,
        columns=[(one.name, one.label, one.kind) for one in listing.columns],
        rows=rows,
        counted=f"{whole:,} in all" if whole is not None else f"{len(rows)} on this page",
        narrowed=person.customers is not None or person.practices is not None,
        next=following,
        path=listing.path,
        choices=[(choice, asked[choice.name]) for choice in listing.choices],
        kept=kept if listing.choices else [],
    )


def detail_page(
    services: Services, person: Person, section: str, title: str, lead: str, facts: Sequence[Fact], **more: Any
) -> bytes:
    """One of a list: facts, reasons, tables, sentences, forms, evidence; whatever is not given is left out."""
    data: dict[str, Any] = {
        "reasons": None,
        "blocks": [],
        "parts": [],
        "forms": [],
        "form_note": "",
        "said": "",
        "call": None,
        "evidence": [],
        "next": None,
        "may_read": person.has(*EVIDENCE),
        "narrowed": person.customers is not None or person.practices is not None,
        **more,
    }
    return render(
        "detail.html", person, services.clock.now(), title=title, section=f"/{section}", lead=lead, facts=facts, **data
    )


def only(query: Query, *names: str) -> Query:
    """The filters a procedure knows; ``any`` is none."""
    return {name: query[name] for name in names if query.get(name) and query[name] != "any"}


def path(*parts: object) -> str:
    """An address on this portal; parts may hold any characters."""
    return "/" + "/".join(quote(str(part), safe="") for part in parts)


def token(services: Services, person: Person, purpose: str) -> str:
    """The token a form carries."""
    return form_token(services.settings.text("ATTEST_LEDGER_SALT"), person, purpose, services.clock.now())


def part_of(rows: Sequence[JsonObject], query: Query) -> JsonObject:
    """One page of rows already in order; the page's token is how many rows came before."""
    given = query.get("next", "")
    start = int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else 0
    end = start + PAGE
    return {"items": rows[start:end], "next": str(end) if len(rows) > end else None, "total": len(rows)}
