"""Samples of overrides as people work on them: read, conclude, and watched that it happens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

from shared.controls import overrides_sampled
from shared.controls.overrides_sampled import SampleFacts
from shared.controls.spec import Case
from shared.errors import Forbidden, NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Subject, parse_instant, rfc3339
from shared.procedures.announce import tell_new
from shared.procedures.assess import Assessed, assess
from shared.procedures.override_sampling import let_pass, next_month
from shared.procedures.page import page
from shared.procedures.report_sources import sees_all
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers.samples import concluded, conclusions, samples

CONCLUSIONS = ("justified", "unjustified", "unclear")
_LONGEST = 4000


def list_samples(services: Services, person: Person, limit: int, after: str | None) -> JsonObject:
    """Samples by month, each with its conclusions; none for callers who see only some customers or practices."""
    rows = samples(services.rows).all() if sees_all(person) else iter(())
    return page(
        rows, limit=limit, after=after, key=lambda row: str(row["period"]), shown=lambda row: _shown(services, row)
    )


def sample_view(services: Services, person: Person, period: str) -> JsonObject:
    """One month's sample. NotFound where there is none, or it is not the caller's to see."""
    held = samples(services.rows).get(period) if sees_all(person) else None
    if held is None:
        raise NotFound("There is no sample of that month.", code="sample_not_found")
    return _shown(services, held.body)


def conclude(services: Services, person: Person, period: str, identity: str, body: JsonObject) -> JsonObject:
    """What somebody who neither asked for the override nor gave it thinks of it; answers the sample.

    A later conclusion takes the place of the former, which stays as evidence. Raises NotFound, Forbidden, Unacceptable.
    """
    row = sample_view(services, person, period)
    item = next((one for one in row["sample"] if one["id"] == identity), None)
    if item is None:
        raise NotFound("That override is not in the sample.", code="sample_item_not_found")
    if person.is_application:
        raise Forbidden("A person concludes on an override.", code="not_a_person")
    if person.oid in {item["requester"], *(one["by"] for one in item["decisions"])}:
        raise Forbidden("Who asked for an override or gave it does not conclude on it.", code="same_person")
    conclusion, note = body.get("conclusion"), body.get("note")
    if conclusion not in CONCLUSIONS:
        raise Unacceptable(f"conclusion is one of {', '.join(CONCLUSIONS)}.", code="conclusion_invalid")
    if not isinstance(note, str) or not note.strip() or len(note) > _LONGEST or set(body) - {"conclusion", "note"}:
        raise Unacceptable(
            f"A conclusion says why in a note of at most {_LONGEST:,} letters.", code="conclusion_invalid"
        )
    said: JsonObject = {
        "period": period,
        "approval_id": identity,
        "conclusion": conclusion,
        "note": note.strip(),
        "by": person.oid,
        "at": rfc3339(services.clock.now()),
    }
    payload = json.dumps(said, sort_keys=True, ensure_ascii=False).encode()
    receipt = services.ledger.record(
        NewEntry(
            type="sample.concluded",
            key=f"sample-concluded\n{period}\n{identity}\n{hashlib.sha256(payload).hexdigest()}",
            payload=payload,
            subject=Subject("sample", period),
            actor=person.oid,
            controls=(overrides_sampled.CONTROL.id,),
        )
    )
    row = {**said, "evidence_id": receipt.evidence_id}
    conclusions(services.rows).change(
        f"{period}~{identity}", lambda held: None if held is not None and held["at"] > said["at"] else row
    )
    return sample_view(services, person, period)


def watch_samples(services: Services, run: Run) -> list[Assessed]:
    """Judge every month that is over and in which something was let pass."""
    cases = list(_cases(services, run.as_of))
    done = assess(services, overrides_sampled.CONTROL, cases, as_of=run.as_of, run_id=run.run_id)
    tell_new(services, done, run.run_id)
    return done


def _cases(services: Services, as_of: datetime) -> Iterator[Case]:
    months: dict[datetime, int] = {}
    for row in let_pass(services):
        at = parse_instant(row["closed_at"])
        month = datetime(at.year, at.month, 1, tzinfo=UTC)
        months[month] = months.get(month, 0) + 1
    for month, population in sorted(months.items()):
        ended = next_month(month)
        if ended > as_of:
            continue
        period = f"{month:%Y-%m}"
        held = samples(services.rows).get(period)
        said = concluded(services.rows, period)
        items = held.body["sample"] if held else []
        facts = SampleFacts(
            period,
            ended.date(),
            population,
            drawn=held is not None,
            open=tuple(one["id"] for one in items if one["id"] not in said),
            unjustified=tuple(one["id"] for one in items if _stands_unjustified(one, said.get(one["id"]), as_of)),
        )
        yield Case(Subject("sample", period), None, None, facts)


def _stands_unjustified(item: JsonObject, said: JsonObject | None, now: datetime) -> bool:
    """What has run out lets nothing pass any more."""
    expires = item["content"].get("expires")
    over = isinstance(expires, str) and parse_instant(expires) <= now
    return said is not None and said["conclusion"] == "unjustified" and not over


def _shown(services: Services, row: JsonObject) -> JsonObject:
    said = concluded(services.rows, str(row["period"]))
    items = [{**one, "conclusion": said.get(one["id"])} for one in row["sample"]]
    return {**row, "id": row["period"], "sample": items, "open": sum(1 for one in items if one["conclusion"] is None)}
