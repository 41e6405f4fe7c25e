"""Gather what the weekly report is made from: figures, findings, holds, approvals, decisions, proofs and freshness."""

from __future__ import annotations

import base64
import json
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

from shared.approvals.quorum import lapse
from shared.controls.catalogue import controls
from shared.controls.spec import canary_result
from shared.errors import Malformed
from shared.measures.desk_facts import Desk
from shared.measures.kpis import Period
from shared.model import JsonObject, Person, parse_instant, rfc3339
from shared.ports import Records
from shared.procedures.billing_figures import billing_picture
from shared.procedures.billing_trust import trust_of
from shared.procedures.delivery_quality import delivery_quality
from shared.procedures.kpi_sources import Wants, desk_of
from shared.procedures.kpis import WHOLE, items_of
from shared.procedures.programme import runs_on, standing
from shared.procedures.project_worst import projects_at
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import approvals, findings, holds, reports, validations
from shared.registers.decisions import decisions
from shared.registers.samples import concluded, samples
from shared.registers.store import Register
from shared.reports.edition import edition_of
from shared.reports.weekly_input import WeeklyInput

KIND = "weekly"
CONTAINER = "reports"
_ENOUGH = ("Tickets", "Actions", "Projects", "Opportunities", "RecurringInvoice", "Timesheet", "Client")


class Names(Protocol):
    """What the facts module of the desk knows about customers."""

    def customers(self, mirror: Records) -> dict[str, str]:
        """Names by id."""


def sees_all(person: Person) -> bool:
    """The whole report and the artefacts are about everything: only somebody who sees all of it may read them."""
    return sees_edition(person, None)


def sees_edition(person: Person, practice: str | None) -> bool:
    """An edition (None: the whole) is about all customers of its practice."""
    return person.customers is None and person.sees_practice(practice)


def time_limit(as_of: object) -> str | None:
    """The latest time asked for, as registers compare it; None for the newest. Malformed when it is no time."""
    if as_of is None:
        return None
    if isinstance(as_of, datetime) and as_of.tzinfo is not None:
        return rfc3339(as_of)
    try:
        return rfc3339(parse_instant(as_of if isinstance(as_of, str) else ""))
    except (ValueError, OverflowError):
        raise Malformed("as_of must be a time such as 2026-11-23T06:00:00Z.", code="as_of_invalid") from None


def week_of(period: str) -> tuple[datetime, datetime]:
    """Monday 00:00 UTC of the ISO week and of the one after it."""
    year, week = period.split("-W")
    start = datetime.combine(datetime.fromisocalendar(int(year), int(week), 1).date(), datetime.min.time(), UTC)
    return start, start + timedelta(days=7)


def gather(services: Services, run: Run) -> dict[str | None, WeeklyInput]:
    """Everything the report of ``run.period`` (None) and each practice's edition say, judged by ``run.as_of``.

    Read once: the same figure is the same in the whole and in the editions.
    """
    policy = services.policy.policy
    start, end = week_of(str(run.period))
    until = max(start + timedelta(microseconds=1), min(end, run.as_of))
    desk = desk_of(services)
    run.progress(0.1, "Facts read.")
    items = items_of(services, Period(start, until), wants=_all, circle=WHOLE)
    run.progress(0.25, "Figures of the week computed.")
    before = items_of(services, Period(start - timedelta(days=7), start), wants=_all, circle=WHOLE)
    run.progress(0.4, "Figures of the week before computed.")
    now = run.as_of
    projects = projects_at(services, now, (None, *policy.practices))
    whole = WeeklyInput(
        period=str(run.period),
        start=start,
        end=end,
        now=now,
        items=tuple(items),
        before=tuple(before),
        findings=tuple(_findings(services)),
        holds=tuple({**row, "cost": holds.cost(row, now)} for row in holds.of_kind(services.rows)),
        approvals=tuple(lapse(row, now) for row in approvals.register(services.rows).all()),
        overrides=tuple(Register(services.rows, "overrides").all()),
        samples=tuple(_samples(services)),
        decisions=tuple(decisions(services.rows).all()),
        programme=_programme(services, now),
        certificate=_certificate(services),
        canaries=tuple({"control": one.id, **canary_result(one, policy, now)} for one in controls().values()),
        ledger=ledger_state(services),
        former=_former(services, str(run.period), now, None),
        practices={key: one.name or key for key, one in policy.practices.items()},
        customers=cast("Names", services.facts("desk")).customers(services.mirror),
        unconfirmed=policy.unconfirmed(),
        policy_version=services.policy.version,
        statement=_statement(services, desk),
        projects=projects[None],
        delivery=delivery_quality(services, Period(start, until), _all, now),
        link=services.settings.text("ATTEST_PUBLIC_URL").rstrip("/"),
        currency=policy.service.currency,
        billing=_billing(services, Period(start, until)),
    )
    made: dict[str | None, WeeklyInput] = {None: whole}
    for key in policy.practices:
        made[key] = edition_of(
            whole,
            key,
            projects=projects[key],
            delivery=delivery_quality(services, Period(start, until), _only(key), now),
            former=_former(services, str(run.period), now, key),
        )
    return made


def _samples(services: Services) -> Iterator[JsonObject]:
    """Each override of the last three months' samples, and what was concluded of it."""
    for row in deque(samples(services.rows).all(), maxlen=3):
        said = concluded(services.rows, str(row["period"]))
        for one in row["sample"]:
            yield {**one, "period": row["period"], "conclusion": said.get(one["id"])}


def _programme(services: Services, now: datetime) -> tuple[JsonObject, ...]:
    """Without what people wrote down: an interview is read where it stands, by whose practice it is."""
    if not runs_on(services, now):
        return ()
    return tuple({name: value for name, value in row.items() if name != "answers"} for row in standing(services))


def _only(practice: str) -> Wants:
    return lambda whose, _customer: whose == practice


def _billing(services: Services, period: Period) -> JsonObject:
    """Without each exception of the look back: those are read where they stand."""
    held = validations.newest_look_back(services.rows)
    kept = ("period", "from", "to", "population", "exceptions", "unknown", "by_cause", "evidence_id")
    return {
        **billing_picture(services, period, wants=_all),
        "trust": trust_of(services).to_json(),
        "look_back": {name: held[name] for name in kept} if held else None,
    }


def _all(_practice: str | None, _customer: str | None) -> bool:
    return True


def _findings(services: Services) -> Iterator[JsonObject]:
    for control in controls():
        yield from findings.of_control(services.rows, control)


def _certificate(services: Services) -> JsonObject | None:
    """The newest intake certificate; keys grow with time."""
    newest: JsonObject | None = None
    for body in Register(services.rows, "certificates").all():
        newest = body
    return newest


def ledger_state(services: Services) -> JsonObject:
    """The meta-log's published checkpoint, empty when there is none."""
    meta = services.ledger.names.meta
    note = services.ledger.checkpoint(meta)
    if note is None:
        return {}
    lines = note.split("\n")
    root = base64.b64decode(lines[2]).hex()
    return {"log": meta, "origin": lines[0], "size": int(lines[1]), "root": root, "note": note}


def _former(services: Services, period: str, now: datetime, practice: str | None) -> JsonObject | None:
    row = reports.latest(services.rows, KIND, period, rfc3339(now - timedelta(milliseconds=1)), practice)
    data = services.blobs.get(CONTAINER, f"{row['folder']}/json") if row else None
    return dict(json.loads(data)) if data else None


def _statement(services: Services, desk: Desk) -> JsonObject:
    sources: list[JsonObject] = []
    for kind in _ENOUGH:
        at = services.mirror.read_at(kind)
        if at is None:
            continue
        seen = services.mirror.observations(kind)
        rows = desk.rows.get(kind)
        sources.append(
            {
                "source": f"HaloPSA {kind}",
                "query": "list, then by lastupdatefromdate"
                if kind != "Actions"
                else "by windows over the days of changed tickets",
                "rows": sum(1 for _ in services.mirror.rows(kind)) if rows is None else rows,
                "read_at": rfc3339(at),
                "evidence": seen[0] if seen else "",
            }
        )
    return {"sources": sources, "refused": len(desk.refused), "actions_refused": desk.rows.get("Actions refused", 0)}
