"""Tell people and subscribed flows that something happened."""

from __future__ import annotations

from shared.actions import Action
from shared.model import JsonObject, Person, rfc3339
from shared.procedures.plan import channel_of
from shared.procedures.services import Services
from shared.registers.subscriptions import register


def tell(services: Services, action: Action) -> JsonObject:
    """Send a NOTIFY action to its practice's channel and to every subscription of its event that may see it.

    Raises SourceError when a receiver did not take it; those that took it are remembered under the action's key,
    so that trying again reaches only the others.
    """
    said = action.parameters
    practice = said.get("practice")
    sent: list[str] = []
    event: JsonObject = {
        "event": said.get("event"),
        "at": rfc3339(services.clock.now()),
        "customer": action.customer,
        "practice": practice,
        "id": said.get("id", action.subject.id),
        "kind": said.get("kind"),
        "title": said.get("title"),
        "text": said.get("text"),
        "link": said.get("link") or _link(services, str(said.get("event")), str(said.get("id", action.subject.id))),
    }
    done = action.key
    for row in register(services.rows).all():
        if row["event"] != said.get("event") or done in row.get("delivered", []) or not _may_see(row, action, practice):
            continue
        services.caller.post(row["url"], event)
        sent.append(f"subscription:{row['id']}")
        register(services.rows).change(
            row["id"],
            lambda body: None if body is None else {**body, "delivered": [*body.get("delivered", []), done][-200:]},
        )
    # Last: a receiver that is not remembered must not be told again because of one after it.
    channel = channel_of(services, said)
    if channel:
        services.notifier.send(channel, dict(said))
        sent.append(f"channel:{channel}")
    return {"sent": sent}


def _may_see(row: JsonObject, action: Action, practice: str | None) -> bool:
    who = Person(
        "",
        "",
        frozenset(),
        None if row["customers"] is None else frozenset(row["customers"]),
        None if row["practices"] is None else frozenset(row["practices"]),
    )
    if action.subject.kind == "report" and practice is not None and who.practices is None:
        return False  # a flow hears of the widest report it may see: this one is told of the whole
    return who.sees_customer(action.customer) and who.sees_practice(practice)


_PAGES = {
    "approval_requested": "approvals",
    "hold_placed": "holds",
    "finding_opened": "findings",
    "report_ready": "reports",
    "review_item_assigned": "reviews",
}


def _link(services: Services, event: str, identity: str) -> str:
    return f"{services.settings.text('ATTEST_PUBLIC_URL')}/{_PAGES.get(event, 'findings')}/{identity}"
