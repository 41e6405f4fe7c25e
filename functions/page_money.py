"""Pages of holds and approvals."""

from __future__ import annotations

from functions.page_forms import said_of
from functions.page_frames import ALL, Names, Query, detail_page, list_page, only, part_of, path, token
from shared.approvals.quorum import may_decide
from shared.errors import Forbidden, NotFound
from shared.model import JsonObject, Person
from shared.portal.blocks import Fact, content, sentences, subject, table, why
from shared.portal.words import listed, words
from shared.procedures import billing, decide, look
from shared.procedures.services import Services


def hold_list(services: Services, person: Person, query: Query) -> bytes:
    """Holds, the oldest first."""
    asked = only({"state": "held", **query}, "kind", "customer", "state")
    page = part_of(billing.list_holds(services, person, asked, ALL, None)["items"], query)
    names = Names(services, person)
    known = names.of(page["items"])

    def shape(row: JsonObject) -> JsonObject:
        return {
            **row,
            "_path": path("holds", row["id"]),
            "name": subject(row, known),
            "customer": names.customer(row["customer"]),
            "why": why(row["reasons"]),
        }

    return list_page(services, person, "holds", query, page, shape)


def hold(services: Services, person: Person, identity: str, query: Query) -> bytes:
    """One hold: why, how much, since when, at what cost, and the way to its release."""
    row = billing.hold_view(services, person, identity, services.clock.now())
    names = Names(services, person)
    title = subject(row, names.of([row]))
    money = row.get("amount")
    cost = (row.get("cost") or {}).get("money_days")
    currency = money["currency"] if money else ""
    applied = row.get("applied_at") if row.get("applied") else None
    facts: list[Fact] = [
        ("State", "tag", row["state"]),
        ("Customer", "text", names.customer(row["customer"])),
        ("At stake", "money", money),
        (
            "Cost of holding",
            "text",
            f"{cost} {currency}-days so far (amount × days held)" if cost is not None else None,
        ),
        ("Held since", "moment", row["since"]),
        ("Applied in HaloPSA", "text", None) if applied is None else ("Applied in HaloPSA", "moment", applied),
        ("May release", "listed", row.get("may_release")),
    ]
    if (known := subject({"subject": row["subject"]})) != title:
        facts.append(("Record", "text", known))
    if row.get("released_at"):
        facts.append(("Released", "moment", row["released_at"]))
    if row.get("lifted_at"):
        facts.append(("Switched on in HaloPSA while held", "moment", row["lifted_at"]))
    if row.get("error"):
        facts.append(("Trouble", "text", row["error"].get("message") or row["error"].get("code")))
    call, note = _release(services, person, row)
    return detail_page(
        services,
        person,
        "holds",
        title,
        "Kept back until the right people agree to exactly what stands there now."
        if row["state"] == "held"
        else "No longer kept back.",
        facts,
        reasons=row["reasons"],
        call=call,
        form_note=note,
        said=said_of(query),
    )


def _release(services: Services, person: Person, row: JsonObject) -> tuple[tuple[str, str] | None, str]:
    if not row.get("approval_id"):
        return None, "Nobody has been asked to release it yet." if row["state"] == "held" else ""
    try:
        asked = decide.approval_view(services, person, row["approval_id"])
    except NotFound:
        return None, ""
    where = path("approvals", row["approval_id"])
    if asked["state"] == "open":
        return (
            where,
            "Read exactly what is released, and decide" if may(asked, person) else "Read exactly what is asked",
        ), ""
    return (where, f"The request ({words(asked['state'])})"), ""


def approval_list(services: Services, person: Person, query: Query) -> bytes:
    """Approvals, the soonest to expire first."""
    asked = only({"state": "open", **query}, "state", "kind", "customer")
    rows = look.list_approvals(services, person, asked, ALL, None)["items"]
    page = part_of(sorted(rows, key=lambda row: (row["expires"], row["id"])), query)
    names = Names(services, person)
    return list_page(services, person, "approvals", query, page, lambda row: approval_row(row, names))


def approval_row(row: JsonObject, names: Names) -> JsonObject:
    """An approval as lists show it."""
    told = row["content"] if isinstance(row["content"], dict) else {}
    stake = (
        {"amount": told["total"], "currency": told["currency"]} if told.get("total") and told.get("currency") else None
    )
    first, rest = sentences(row["text"])
    first = first.replace(f" of customer {row['customer']}", "")  # the customer's name stands beside it
    return {
        **row,
        "_path": path("approvals", row["id"]),
        "name": first.split(": ")[0],
        "customer": names.customer(row["customer"]),
        "amount": stake,
        "why": rest.removeprefix("It is held because: ") or first.partition(": ")[2],
        "given": f"{len(row['decisions'])} of {row['needed']['persons']}",
        "needs": f"{row['needed']['persons']} × {listed(row['needed']['roles'])}",
    }


def approval(services: Services, person: Person, identity: str, query: Query) -> bytes:
    """One approval: what exactly it is, who decided, and the form for whoever may."""
    row = decide.approval_view(services, person, identity)
    names = Names(services, person)
    first, rest = sentences(row["text"])
    first = first.replace(f" of customer {row['customer']}:", f" for {names.customer(row['customer'])}:")
    count = row["needed"]["persons"]
    facts: list[Fact] = [
        ("State", "tag", row["state"]),
        ("Customer", "text", names.customer(row["customer"])),
        ("About", "text", subject(row, names.of([row]))),
        (
            "Needs",
            "text",
            f"{count} {'person' if count == 1 else 'different people'}: {listed(row['needed']['roles'])}",
        ),
        ("Asked by", "text", _who(row, person)),
        ("Asked", "moment", row["created"]),
        ("Expires" if row["state"] == "open" else "Would have expired", "moment", row["expires"]),
        ("Digest of the content", "mono", row["digest"]),
    ]
    if row.get("void_reason"):
        facts.append(("Void because", "text", row["void_reason"]))
    given = table(
        "Decisions so far",
        row["decisions"],
        {"name": "Who", "decision": "Decision", "rationale": "Rationale", "at": "When"},
        kinds={"decision": "tag", "at": "moment"},
        empty="Nobody has decided yet.",
        caption=f"{len(row['decisions'])} of {count} needed",
    )
    forms, note = _form(services, person, row)
    return detail_page(
        services,
        person,
        "approvals",
        first,
        rest or "Silence is never consent: what nobody decides expires and stays as it is.",
        facts,
        blocks=[*content(row), given],
        forms=forms,
        form_note=note,
        said=said_of(query),
        evidence=[*row.get("evidence", ()), *row.get("rests_on", ())],
    )


def may(approval: JsonObject, person: Person) -> bool:
    """Whether this person may decide this approval."""
    try:
        may_decide(approval, person)
    except Forbidden:
        return False
    return True


def _who(row: JsonObject, person: Person) -> str:
    if row["requester"] == person.oid:
        return "you"
    return "this service" if row["requester"] == "service" else str(row["requester"])


def _form(services: Services, person: Person, row: JsonObject) -> tuple[list[JsonObject], str]:
    if row["state"] != "open":
        return [], ""
    try:
        may_decide(row, person)
    except Forbidden as fault:
        return [], fault.message
    return [
        {
            "title": "Your decision",
            "lead": "Silence is never consent: what nobody decides expires and stays as it is.",
            "action": path("approvals", row["id"]),
            "token": token(services, person, f"approval {row['id']}"),
            "hidden": [("digest", row["digest"])],
            "fields": [{"name": "rationale", "label": "Your rationale", "kind": "long", "required": True}],
            "buttons": [
                ("decision", "approve", "Approve exactly this", False),
                ("decision", "reject", "Reject", True),
            ],
        }
    ], ""
