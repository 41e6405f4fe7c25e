"""The quarterly permission review: open and freeze, verify what was to go, remind, close; every step evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta

from shared.actions import Action, ActionKind
from shared.controls.catalogue import controls
from shared.errors import RowExists
from shared.model import JsonObject, NewEntry, Subject, parse_instant, rfc3339
from shared.procedures.announce import tell_new
from shared.procedures.assess import assess
from shared.procedures.plan import queue_actions
from shared.procedures.review_answers import attest, keep_evidence
from shared.procedures.review_cases import cases
from shared.procedures.review_close import close_if_settled, review_file
from shared.procedures.review_items import before, canonical, facts_of, freeze, registered
from shared.procedures.review_read import Taken, take
from shared.procedures.review_verify import verify_items
from shared.procedures.review_views import list_integrations, list_reviews, put_integrations, review_item, review_view
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import reviews

__all__ = [
    "attest",
    "list_integrations",
    "list_reviews",
    "permission_review_run",
    "put_integrations",
    "review_file",
    "review_item",
    "review_view",
]

CONTROL = "integration_permissions"


def permission_review_run(services: Services, run: Run) -> JsonObject:
    """Open the quarter's review, or go on with the open one: re-read, verify, remind, close. Judges every integration.

    Raises SourceDown when our own tenant cannot be read; nothing is opened or changed then.
    """
    quarter = str(run.period)
    taken = take(services, run)
    register = reviews.register(services.rows)
    held = register.get(quarter)
    opened = held is None
    fresh: dict[str, list[JsonObject]] = {}
    if held is None:
        run.progress(0.75, "Freezing the population.")
        fresh = _open(services, run, quarter, taken)
        held = register.get(quarter)
    meta = dict(held.body) if held else {}
    # What this run has just frozen need not be read again; another that was faster froze its own.
    standing = fresh.get(meta["part"]) or list(reviews.items(services.rows, meta["part"]).all())
    _keep_opening(services, meta, standing)
    run.progress(0.8, "Verifying what was to go.")
    items = [keep_evidence(services, quarter, meta["part"], item) for item in standing]
    if not opened and meta["state"] == reviews.OPEN:
        items = verify_items(services, quarter, meta["part"], items, taken, run.as_of)
        meta = close_if_settled(services, quarter, meta, items, run.as_of)
    run.progress(0.85, "Judging every integration.")
    judged = _judge(services, run, quarter, taken, items)
    _tell(services, run, meta, items, opened=opened)
    return {
        "quarter": quarter,
        "review_state": meta["state"],
        "opened": opened,
        "population": meta["population"],
        "open_items": sum(1 for item in items if not reviews.settled(item)),
        "findings": judged,
        "gaps": [gap for inventory in taken.sources.values() for gap in inventory.gaps][:100],
    }


def _open(services: Services, run: Run, quarter: str, taken: Taken) -> dict[str, list[JsonObject]]:
    """Freeze; answers the items under the name of their part."""
    policy = services.policy.policy.access
    due = run.as_of + timedelta(days=policy.campaign_days)
    earlier, entries = before(services.rows, quarter), registered(services.rows)
    frozen = [
        freeze(number, facts_of(one, entries, earlier), policy, run.as_of, due)
        for number, one in enumerate(taken.integrations())
    ]
    population = {source: inventory.population() for source, inventory in taken.sources.items()}
    unreadable = [
        {"source": source, "id": one.id, "why": one.why}
        for source, inventory in taken.sources.items()
        for one in inventory.unreadable
    ]
    digest = hashlib.sha256(canonical([population, unreadable, frozen])).hexdigest()
    # Items lie under a name that only this content can have; the quarter's row, written last, makes them the review.
    part = f"{quarter}-{digest[:24]}"
    items: list[JsonObject] = [
        {"id": item["id"], "frozen": item, "decision": None, "attestations": [], "recorded": 0} for item in frozen
    ]
    # Whoever opens it a second time at the same instant has the same items, and some may be answered by now.
    reviews.items(services.rows, part).insert_many([(item["id"], item) for item in items])
    meta: JsonObject = {
        "quarter": quarter,
        "state": reviews.OPEN,
        "opened_at": rfc3339(run.as_of),
        "due": rfc3339(due),
        "closed_at": None,
        "population": population,
        "items_total": len(frozen),
        "unreadable": unreadable[:500],
        "gaps": [gap for inventory in taken.sources.values() for gap in inventory.gaps][:100],
        "digest": digest,
        "part": part,
        "policy_version": services.policy.version,
        "observations": list(taken.observations)[:1000],
        "opening_evidence": None,
        "recorded_at": None,
        "reminded_at": rfc3339(run.as_of),
    }
    try:
        reviews.register(services.rows).insert(quarter, meta)
    except RowExists:
        return {}  # another run opened it in the same moment; its population stands
    return {part: items}


def _keep_opening(services: Services, meta: JsonObject, standing: list[JsonObject]) -> None:
    """The opening as evidence, with every item as it was frozen; made up for if a run died before it."""
    if meta["opening_evidence"]:
        return
    told = {
        name: value
        for name, value in meta.items()
        if name not in ("opening_evidence", "recorded_at", "reminded_at", "state", "closed_at")
    }
    items = [item["frozen"] for item in standing]
    recorded_at = rfc3339(services.clock.now())
    receipt = services.ledger.record(
        NewEntry(
            type="review.opened",
            key=f"review-opened\n{meta['quarter']}",
            payload=canonical({**told, "items": items}),
            subject=Subject("review", meta["quarter"]),
            occurred_at=parse_instant(meta["opened_at"]),
            controls=(CONTROL,),
        )
    )
    kept = {"opening_evidence": receipt.evidence_id, "recorded_at": recorded_at}
    meta.update(kept)
    _merge(services, meta["quarter"], kept)


def _merge(services: Services, quarter: str, change: JsonObject) -> None:
    reviews.register(services.rows).change(quarter, lambda body: None if body is None else {**body, **change})


def _judge(services: Services, run: Run, quarter: str, taken: Taken, items: Iterable[JsonObject]) -> int:
    """Findings for everything the review is about, as it is now."""
    found = cases(services, quarter, taken, items)
    done = assess(services, controls()[CONTROL], found, as_of=run.as_of, run_id=run.run_id)
    tell_new(services, done, run.run_id)
    return sum(1 for one in done if one.judgement.reasons)


def _tell(services: Services, run: Run, meta: JsonObject, items: list[JsonObject], *, opened: bool) -> None:
    """Tell each owner what waits for them: at opening, then as policy says, and every day once it is overdue."""
    if meta["state"] != reviews.OPEN:
        return
    policy = services.policy.policy.access
    overdue = run.as_of > parse_instant(meta["due"])
    rested = run.as_of - parse_instant(meta["reminded_at"]) >= timedelta(days=policy.remind_days)
    if not (opened or overdue or rested or run.requested_by != "clock"):
        return
    waiting: dict[str, list[JsonObject]] = {}
    for item in items:
        if not reviews.settled(item):
            waiting.setdefault(str(item["frozen"]["owner"] or ""), []).append(item)
    day = f"{run.as_of:%Y-%m-%d}"
    queue_actions(
        services,
        [_notice(meta, owner, mine, day, opened=opened, overdue=overdue) for owner, mine in waiting.items()],
        run.run_id,
    )
    _merge(services, meta["quarter"], {"reminded_at": rfc3339(run.as_of)})


def _notice(meta: JsonObject, owner: str, mine: list[JsonObject], day: str, *, opened: bool, overdue: bool) -> Action:
    quarter = meta["quarter"]
    kind = "opened" if opened else "overdue" if overdue else "reminder"
    who = mine[0]["frozen"].get("owner_name") or owner or "nobody yet: an integration owner must take them"
    names = ", ".join(str(item["frozen"]["integration"]["name"]) for item in mine[:5])
    return Action(
        ActionKind.NOTIFY,
        f"review-{kind}\n{quarter}\n{owner}\n{day}",
        Subject("review", quarter),
        None,
        {
            "event": "review_item_assigned",
            "title": f"Permission review {quarter}: " + ("overdue" if overdue else "answers are needed"),
            "text": f"{len(mine)} integrations wait for an answer until {meta['due'][:10]}, among them {names}. Owner: {who}.",
            "id": quarter,
            "kind": kind,
            "facts": {"owner": owner or None, "items": [item["id"] for item in mine[:100]], "count": len(mine)},
        },
    )
