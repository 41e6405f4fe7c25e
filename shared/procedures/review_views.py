"""What people see of reviews, and the register of integrations they keep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from shared.errors import Forbidden, Malformed, NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Role, Subject, rfc3339
from shared.procedures.page import page, token_of, value_of
from shared.procedures.review_answers import sees
from shared.procedures.review_items import canonical
from shared.procedures.services import Services
from shared.registers import integrations, reviews

_KEEPERS = (Role.INTEGRATION_OWNER, Role.ADMINISTRATOR)
_MOST = 500
_LARGEST = 16_000
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


class Entry(BaseModel):
    """One integration as people keep it. Further fields are theirs and kept as they are."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    id: Word
    name: Words = ""
    owner: Words | None = None
    purpose: Words = ""
    kind: Words = ""
    planning_state: Words = ""


def list_reviews(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """All quarters."""
    rows = list(reviews.register(services.rows).all()) if sees(person) else []
    return page(rows, limit=limit, after=after, key=lambda row: str(row["quarter"]), shown=_meta)


def _meta(row: JsonObject) -> JsonObject:
    return {name: value for name, value in row.items() if name not in ("part", "observations")}


def _held(services: Services, quarter: str, person: Person) -> JsonObject:
    held = reviews.register(services.rows).get(quarter)
    if held is None or not sees(person):
        raise NotFound(f"There is no review of {quarter}.", code="review_not_found")
    return held.body


def review_item(services: Services, quarter: str, person: Person, item_id: str) -> tuple[JsonObject, JsonObject]:
    """(the quarter without its items, one item of it)."""
    body = _held(services, quarter, person)
    found = reviews.items(services.rows, body["part"]).get(item_id)
    if found is None:
        raise NotFound(f"There is no item {item_id} in the review of {quarter}.", code="review_item_not_found")
    return _meta(body), reviews.shown(found.body)


def review_view(services: Services, quarter: str, person: Person, limit: int, after: str | None) -> JsonObject:
    """One quarter with a page of its items, this service first."""
    body = _held(services, quarter, person)
    first = None
    if after is not None:
        first = value_of(after)
        if not isinstance(first, str):
            raise Malformed("The page token is not one we gave.", code="page_token_invalid")
    register = reviews.items(services.rows, body["part"])
    items = list(_some(register.all(first=f"{first}!" if first else None), limit + 1))
    more = len(items) > limit
    return {
        **_meta(body),
        "items": [reviews.shown(item) for item in items[:limit]],
        "next": token_of(items[limit - 1]["id"]) if more else None,
    }


def _some(rows: Iterator[JsonObject], most: int) -> Iterator[JsonObject]:
    for number, row in enumerate(rows):
        if number >= most:
            return
        yield row


def list_integrations(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """The register people keep."""
    rows = list(integrations.register(services.rows).all()) if sees(person) else []
    return page(rows, limit=limit, after=after, key=lambda row: str(row["id"]))


def put_integrations(services: Services, person: Person, body: object) -> JsonObject:
    """Write one entry, or several as ``{"items": […]}``; all or none. What is left out of an entry becomes empty."""
    if not person.has(*_KEEPERS):
        raise Forbidden("The register is kept by integration owners and administrators.", code="role_missing")
    if not sees(person):
        raise NotFound("There is no register of integrations for you.", code="not_found")
    several = isinstance(body, dict) and "items" in body and "id" not in body
    given = body["items"] if several and isinstance(body, dict) else body if isinstance(body, list) else [body]
    if not isinstance(given, list) or not given or len(given) > _MOST:
        raise Unacceptable(f"Give one entry or a list of 1 to {_MOST}.", code="integration_invalid")
    now = rfc3339(services.clock.now())
    entries: list[JsonObject] = []
    for number, one in enumerate(given):
        if len(canonical(one)) > _LARGEST:
            raise Unacceptable(f"Entry {number + 1} is larger than {_LARGEST} bytes.", code="integration_invalid")
        try:
            entries.append({**Entry.model_validate(one).model_dump(), "updated_at": now, "updated_by": person.oid})
        except ValidationError as fault:
            names = sorted({".".join(map(str, error["loc"])) or "entry" for error in fault.errors(include_url=False)})
            raise Unacceptable(
                f"Entry {number + 1} cannot be kept; wrong or unknown: {', '.join(names)}.", code="integration_invalid"
            ) from None
    if len({str(entry["id"]).lower() for entry in entries}) != len(entries):
        raise Unacceptable("An integration is named twice.", code="integration_twice")
    services.ledger.record_many(
        [
            NewEntry(
                type="integration.registered",
                key=f"integration\n{entry['id']}\n{hashlib.sha256(canonical(entry)).hexdigest()}",
                payload=canonical(entry),
                subject=Subject("integration", str(entry["id"])),
                actor=person.oid,
            )
            for entry in entries
        ]
    )
    integrations.keep(services.rows, entries)
    return {"items": entries, "next": None}
