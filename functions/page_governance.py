"""Pages of access reviews and decisions."""

from __future__ import annotations

from urllib.parse import quote

from functions.page_forms import said_of
from functions.page_frames import ALL, PAGE, Query, detail_page, list_page, path, token
from shared.model import JsonObject, Person, Role
from shared.portal.blocks import Fact, table
from shared.portal.words import NONE, listed, words
from shared.procedures import governance, review_quarterly
from shared.procedures.services import Services
from shared.registers.integrations import KINDS
from shared.registers.reviews import answered_by

_ATTEST = (Role.INTEGRATION_OWNER, Role.STEERING_MEMBER)


def review_list(services: Services, person: Person, query: Query) -> bytes:
    """Reviews, the newest first."""
    page = review_quarterly.list_reviews(services, person, ALL, None)
    newest = {"items": page["items"][::-1], "next": None}
    return list_page(
        services, person, "reviews", query, newest, lambda row: {**row, "_path": path("reviews", row["quarter"])}
    )


def review(services: Services, person: Person, quarter: str, query: Query) -> bytes:
    """One quarter: how many were read and reviewed, and every integration with its answer."""
    row = review_quarterly.review_view(services, quarter, person, PAGE, query.get("next"))
    population = [{"source": words(name), **counts} for name, counts in row["population"].items()]
    items = [
        {
            "_path": path("reviews", quarter, "items", one["id"]),
            "name": one["integration"]["name"] or one["integration"]["id"],
            "source": words(one["source"]),
            "tier": _tier(one),
            "risks": one["risks"],
            "answer": words(one["decision"]["decision"]) if one["decision"] else None,
            "state": one["decision"]["state"] if one["decision"] else "open",
        }
        for one in row["items"]
    ]
    facts: list[Fact] = [
        ("State", "tag", row["state"]),
        ("Answers due", "moment", row["due"]),
        ("Opened", "moment", row["opened_at"]),
        ("Closed", "moment", row["closed_at"]),
        ("Integrations", "number0", row["items_total"]),
    ]
    if row.get("closing") and person.has(Role.AUDITOR, Role.ADMINISTRATOR, Role.STEERING_MEMBER):
        facts += [
            (f"Report ({name})", "link", (f"/api/reviews/{quote(quarter)}/report/{name}", f"{quarter}.{name}"))
            for name in row["closing"]["report"]["sha256"]
        ]
        pack = row["closing"]["pack"]
        facts.append(("Evidence pack", "link", (f"/api/packs/{pack}/download", pack)))
    return detail_page(
        services,
        person,
        "reviews",
        f"Access review {quarter}",
        "A missing answer is not consent and stays open; what was to be revoked is checked to be gone.",
        facts,
        blocks=[
            table(
                "What was read",
                population,
                {
                    "source": "Source",
                    "read": "Read",
                    "reviewed": "To review",
                    "microsoft": "Microsoft's own",
                    "unreadable": "Unreadable",
                },
                kinds=dict.fromkeys(("read", "reviewed", "microsoft", "unreadable"), "number0"),
                caption="Frozen when the review opened",
            ),
            *_unread(row),
            table(
                "Integrations",
                items,
                {
                    "name": "Integration",
                    "source": "Source",
                    "tier": "Highest tier",
                    "risks": "Risks",
                    "answer": "Answer",
                    "state": "State",
                },
                kinds={"name": "link", "risks": "listed", "state": "tag"},
                caption="Tier 0 can take over the environment, 1 its services, 2 reads or touches users' data",
                empty="This review has no items.",
            ),
        ],
        next=f"{path('reviews', quarter)}?next={quote(row['next'])}" if row["next"] else None,
    )


def _unread(row: JsonObject) -> list[JsonObject]:
    """What the counts leave out, each with its reason; no block where everything could be read."""
    found = [{"source": words(one["source"]), "id": one["id"] or NONE, "why": one["why"]} for one in row["unreadable"]]
    found += [{"source": NONE, "id": NONE, "why": gap} for gap in row["gaps"]]
    if not found:
        return []
    columns = {"source": "Source", "id": "Object", "why": "Why"}
    return [table("What could not be read", found, columns, kinds={"id": "mono"}, caption="Unknown, and not reviewed")]


def _tier(one: JsonObject) -> str:
    """The most privileged; a right that nobody has judged may be more than any but tier 0."""
    tiers = [right["tier"] for right in one["permissions"]]
    if 0 in tiers:
        return "0"
    if None in tiers or (not tiers and one["unknown"]):
        return "unknown"
    return str(min(tiers)) if tiers else "holds none"


def item(services: Services, person: Person, quarter: str, identity: str, query: Query) -> bytes:
    """One integration of a review: what it may do, what it uses, what is to be removed, and the form to answer."""
    held, one = review_quarterly.review_item(services, quarter, person, identity)
    integration, answer = one["integration"], one["decision"]
    facts: list[Fact] = [
        ("Answer", "tag", answer["decision"] if answer else "open"),
        ("Source", "words", one["source"]),
        ("Owner", "text", "you" if one["owner"] == person.oid else one.get("owner_name") or one["owner"] or "nobody"),
        ("Answer due", "moment", one["due"]),
        ("Last used", "day", one.get("last_used")),
        ("Application id", "mono", integration["id"]),
        ("Review", "link", (path("reviews", quarter), quarter)),
    ]
    if answer:
        names = zip(answer["by"], answered_by(answer), strict=True)
        by = listed(["you" if oid == person.oid else name for oid, name in names])
        facts += [("Answered", "moment", answer["at"]), ("Answered by", "text", by), ("State", "tag", answer["state"])]
        facts.append(("Rationale", "text", answer["rationale"]))
        if answer["decision"] == "reduce":
            facts.append(("To be removed", "text", ", ".join(answer["remove"])))
        if answer["state"] == "not_revoked":
            facts.append(("Still there", "text", ", ".join(answer["left"])))
        if answer.get("verified_at"):
            facts.append(("Last checked", "moment", answer["verified_at"]))
    used = {True: "yes", False: "no", None: "unknown"}
    rights = [
        {
            **right,
            "kind": words(right["kind"]),
            "tier": "unknown" if right["tier"] is None else str(right["tier"]),
            "used": used[right["used"]],
            "opinions": "; ".join(f"{name}: {word}" for name, word in right["opinions"].items()),
        }
        for right in one["permissions"]
    ]
    forms, note = _form(services, person, held, one)
    return detail_page(
        services,
        person,
        "reviews",
        integration["name"] or integration["id"],
        f"What this integration may do, and your answer for {quarter}.",
        facts,
        reasons=one.get("reasons") or [],
        blocks=[
            table(
                "Permissions",
                rights,
                {"value": "Permission", "kind": "Kind", "tier": "Tier", "used": "Used", "opinions": "What sources say"},
                caption="Held when the review opened",
                empty="It holds none.",
                note=_least_note(one["least_set"]),
            ),
            table(
                "Outside the least set",
                one["removable"],
                {"value": "Permission", "reach": "Calls it opens for nothing"},
                kinds={"reach": "number0"},
                caption="The least set, or nothing, serves every call that was seen",
                empty="Nothing is known to be superfluous.",
            ),
            table(
                "How to remove it",
                [{"command": command} for command in one["commands"]],
                {"command": "Command for the administrator"},
                kinds={"command": "code"},
                caption="The service never carries these out itself",
                empty="There is no command for it.",
            ),
        ],
        forms=forms,
        form_note=note,
        said=said_of(query),
    )


def _least_note(least: list[str] | None) -> str:
    if least is None:
        return "The least set that serves its calls is unknown: there is no log of them, or one is of no known path."
    if not least:
        return "The least set that serves its calls is empty: none was seen that needs a permission."
    return (
        f"The least set that serves its calls: {', '.join(least)}. It is the one that opens the fewest calls; "
        "whether it may also write is for you to look at."
    )


def _form(services: Services, person: Person, held: JsonObject, one: JsonObject) -> tuple[list[JsonObject], str]:
    answer = one["decision"]
    waiting = answer is not None and answer["state"] == "awaiting_second"
    again = answer is not None and (answer["state"] == "not_revoked" or answer["decision"] == "defer")
    if held["state"] != "open":
        return [], "This review is closed."
    if not person.has(*_ATTEST) or person.is_application:
        return [], "Integration owners answer; a steering member or another owner is the second person."
    if answer is not None and not waiting and not again:
        return [], ""
    if waiting and person.oid in answer["by"]:
        return [], "You have answered. A tier-0 permission is kept only when a second person agrees."
    if not waiting and not person.has(Role.INTEGRATION_OWNER):
        return [], "The first answer is an integration owner's; then a second person may be needed."
    choices = [
        ("keep", "Keep everything it holds, for this quarter"),
        ("reduce", "Reduce: remove the permissions ticked below"),
        ("revoke", "Revoke: remove all of it"),
        ("defer", "Defer: it cannot be answered yet"),
    ]
    values = list(dict.fromkeys(right["value"] for right in one["permissions"]))
    fields: list[JsonObject] = [
        {"name": "decision", "label": "Your answer", "kind": "one", "required": True, "options": choices}
    ]
    if values:
        options = [(value, value) for value in values]
        fields.append(
            {
                "name": "remove",
                "label": "To remove (for reduce only)",
                "kind": "many",
                "options": options,
                "required": False,
            }
        )
    fields.append({"name": "rationale", "label": "Your rationale", "kind": "long", "required": True})
    lead = "Keeping a tier-0 permission needs a second person."
    if waiting:
        lead = f"The first person says {words(answer['decision'])}: {answer['rationale']} Give the same answer to confirm it."
    return [
        {
            "title": "Your answer" if not waiting else "You would be the second person",
            "lead": lead,
            "action": path("reviews", held["quarter"], "items", one["id"]),
            "token": token(services, person, f"item {held['quarter']} {one['id']}"),
            "hidden": [("digest", one["digest"])] if one.get("digest") else [],
            "fields": fields,
            "buttons": [("", "", "Record the answer", False)],
        }
    ], ""


def integration_list(services: Services, person: Person, query: Query) -> bytes:
    """The register people keep, and each kind every implementation plans for that has no entry in it."""
    page = review_quarterly.list_integrations(services, person, ALL, None)
    planned = {row["kind"] for row in page["items"]}
    bare = [
        {"name": words(kind), "kind": kind, "planning_state": "not_registered"} for kind in KINDS if kind not in planned
    ]
    items = sorted(page["items"], key=lambda row: (str(row["kind"]), str(row["name"]))) + (
        bare if person.customers is None and person.practices is None else []
    )
    empty = dict.fromkeys(("id", "name", "kind", "owner", "purpose", "planning_state", "updated_at"))
    whole = {"items": items, "next": None, "total": len(page["items"])}
    return list_page(services, person, "integrations", query, whole, lambda row: {**empty, **row})


def decision_list(services: Services, person: Person, query: Query) -> bytes:
    """The decision log."""
    page = governance.list_decisions(services, person, PAGE, query.get("next"))

    def shape(row: JsonObject) -> JsonObject:
        return {**row, "valid": "yes" if row["valid"] else listed(row["codes"]) if row["codes"] else "not yet"}

    return list_page(services, person, "decisions", query, page, shape)
