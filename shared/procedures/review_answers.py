"""Answers to a review's items: keep, reduce, revoke or defer, with two persons where a tier-0 right is kept."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.errors import Conflict, Forbidden, NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Role, Subject, rfc3339
from shared.procedures.review_items import canonical
from shared.procedures.services import Services
from shared.registers import reviews

_FIRST = (Role.INTEGRATION_OWNER,)
_SECOND = (Role.INTEGRATION_OWNER, Role.STEERING_MEMBER)
Text = Annotated[str, StringConstraints(min_length=1, max_length=1024)]


class Answer(BaseModel):
    """What a person says about an item."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    decision: Literal["keep", "reduce", "revoke", "defer"]
    rationale: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
    remove: Annotated[list[Text], Field(max_length=2000)] | None = None
    digest: str | None = None
    """Of the item as it was looked at; when given, it must still be that."""


def attest(services: Services, person: Person, quarter: str, item_id: str, body: object) -> JsonObject:
    """Record one person's answer and show the item as it then stands.

    Raises Forbidden (role_missing, not_a_person, same_person), NotFound, Unacceptable or Conflict.
    """
    if not person.has(*_SECOND):
        raise Forbidden("Only integration owners and steering members answer for integrations.", code="role_missing")
    if person.is_application:
        raise Forbidden("An application is not a person and cannot answer for an integration.", code="not_a_person")
    meta = reviews.register(services.rows).get(quarter)
    if meta is None or not sees(person):
        raise NotFound(f"There is no review of {quarter}.", code="review_not_found")
    register = reviews.items(services.rows, meta.body["part"])
    if register.get(item_id) is None:
        raise NotFound(f"There is no item {item_id} in the review of {quarter}.", code="review_item_not_found")
    now = rfc3339(services.clock.now())
    closed = meta.body["state"] == reviews.CLOSED

    def step(row: JsonObject | None) -> JsonObject | None:
        if row is None:
            return None
        _may(row, person)
        answer = _read(body)
        if closed or row.get("closed"):
            raise Conflict(f"The review of {quarter} is closed.", code="review_closed")
        return _answered(row, person, answer, now)

    row = register.change(item_id, step)
    if row is None:
        raise NotFound(f"There is no item {item_id} in the review of {quarter}.", code="review_item_not_found")
    row = keep_evidence(services, quarter, meta.body["part"], row)
    return reviews.shown(row)


def _read(body: object) -> Answer:
    try:
        return Answer.model_validate(body)
    except ValidationError as fault:
        names = sorted({".".join(map(str, one["loc"])) or "body" for one in fault.errors(include_url=False)})
        code = "rationale_missing" if names == ["rationale"] else "attestation_invalid"
        raise Unacceptable(
            "An answer needs decision (keep, reduce, revoke, defer), rationale and, to reduce, remove; "
            f"wrong: {', '.join(names)}.",
            code=code,
        ) from None


def _may(row: JsonObject, person: Person) -> None:
    standing = row["decision"]
    if standing is None:
        allowed: tuple[Role, ...] = _FIRST
    else:
        allowed = _SECOND if standing["state"] == reviews.AWAITING else _FIRST
        open_again = standing["state"] == reviews.NOT_REVOKED or standing["decision"] == "defer"
        if person.oid in standing["by"] and not open_again:
            raise Forbidden(
                "You have answered for this item already; a second answer needs another person.", code="same_person"
            )
    if not person.has(*allowed):
        raise Forbidden("The first answer is an integration owner's.", code="role_missing")


def _answered(row: JsonObject, person: Person, answer: Answer, now: str) -> JsonObject:
    frozen, standing = row["frozen"], row["decision"]
    held = {right["value"] for right in frozen["permissions"]}
    remove = list(dict.fromkeys(answer.remove or ()))
    if answer.digest is not None and answer.digest != frozen["digest"]:
        raise Conflict("The item is not what you looked at.", code="digest_differs")
    if answer.decision == "reduce" and not remove:
        raise Unacceptable("To reduce, name what is to be removed.", code="remove_missing")
    if answer.decision != "reduce" and remove:
        raise Unacceptable("Only reduce names what is to be removed.", code="remove_superfluous")
    if strange := sorted(set(remove) - held):
        raise Unacceptable(f"The integration does not hold {', '.join(strange[:5])}.", code="remove_unknown")
    said: JsonObject = {
        "decision": answer.decision,
        "rationale": answer.rationale,
        "remove": remove,
        "by": person.oid,
        "name": person.name,
        "at": now,
        "digest": frozen["digest"],
    }
    given = [*row["attestations"], said]
    waiting = standing is not None and standing["state"] == reviews.AWAITING
    same = waiting and (standing["decision"], sorted(standing["remove"])) == (answer.decision, sorted(remove))
    if waiting and not same and not person.has(*_FIRST):
        raise Conflict(
            "A second person confirms the answer that stands; another answer is an integration owner's.",
            code="answer_differs",
        )
    if waiting and not same and not _keeps_tier0(frozen, answer.decision, remove):
        standing = None  # the narrower answer needs no second person, and the wider one never came into force
    elif standing is not None and not waiting and _final(standing):
        raise Conflict("This item has been answered.", code="already_answered")
    others = standing if same and standing else {"by": [], "by_names": []}
    decision: JsonObject = {
        "decision": answer.decision,
        "rationale": standing["rationale"] if same and standing else answer.rationale,
        "remove": remove,
        "by": [*others["by"], person.oid],
        "by_names": [*others["by_names"], person.name],
        "at": now,
        "state": reviews.AWAITING if _keeps_tier0(frozen, answer.decision, remove) and not same else reviews.DECIDED,
    }
    return {**row, "decision": decision, "attestations": given}


def _final(standing: JsonObject) -> bool:
    return standing["state"] in (reviews.DECIDED, reviews.VERIFIED) and standing["decision"] != "defer"


def _keeps_tier0(frozen: JsonObject, decision: str, remove: list[str]) -> bool:
    """Keeping takes two persons also where it hides in a reduction of something else."""
    if decision not in ("keep", "reduce"):
        return False
    return any(right["tier"] == 0 and right["value"] not in remove for right in frozen["permissions"])


def keep_evidence(services: Services, quarter: str, part: str, row: JsonObject) -> JsonObject:
    """Record answers that have no evidence yet; repeating it is harmless."""
    fresh = row["attestations"][row["recorded"] :]
    if not fresh:
        return row
    subject = Subject("review_item", f"{quarter}/{row['id']}")
    services.ledger.record_many(
        [
            NewEntry(
                type="review.attested",
                key=f"review-attested\n{quarter}\n{row['id']}\n{row['recorded'] + number}",
                payload=canonical(
                    {"quarter": quarter, "item": row["id"], "integration": row["frozen"]["integration"], **said}
                ),
                subject=subject,
                actor=said["by"],
                controls=("integration_permissions",),
            )
            for number, said in enumerate(fresh)
        ]
    )
    recorded = len(row["attestations"])
    after = reviews.items(services.rows, part).change(
        row["id"], lambda held: None if held is None else {**held, "recorded": max(held["recorded"], recorded)}
    )
    return after or row


def sees(person: Person) -> bool:
    """Reviews are of no customer and no practice: who is narrowed to some does not see them."""
    return person.sees_customer(None) and person.sees_practice(None)
