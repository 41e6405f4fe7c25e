"""The monthly sample of overrides and exceptions, drawn by a seed that was recorded before there was anything to draw."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from shared.approvals.quorum import APPROVED
from shared.errors import RowExists
from shared.model import JsonObject, NewEntry, Subject, parse_instant, rfc3339
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import approvals
from shared.registers.samples import samples
from shared.registers.store import Register

_SAMPLED = ("override", "handoff_exception")
"""Kinds of approval that let something pass that a control would have stopped."""
_TOLD = ("id", "kind", "subject", "customer", "requester", "content", "decisions", "created", "closed_at")


def override_sampling_run(services: Services, run: Run) -> JsonObject:
    """Draw the sample of ``run.period``; the same population gives the same sample, however often it is drawn.

    A month has one seed for ever: a sample that does not please cannot be drawn again until it does. The seeds of the
    running month and the next are recorded on the way, so that they stand before anything is overridden.
    """
    period = str(run.period)
    start = datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC)
    end = next_month(start)
    seed = seed_of(services, period)
    running = services.clock.now().replace(day=1)
    for month in (running, next_month(running)):
        seed_of(services, f"{month:%Y-%m}")
    population = {str(row["id"]): row for row in let_pass(services) if start <= parse_instant(row["closed_at"]) < end}
    size = min(services.policy.policy.service.sample_size, len(population))
    drawn = random.Random(seed["seed"]).sample(sorted(population), size)  # noqa: S311 - redone by anyone is the point
    first = min((row["closed_at"] for row in population.values()), default=None)
    result: JsonObject = {
        "seed": seed["seed"],
        "seed_recorded_at": seed["recorded_at"],
        "seeded_beforehand": first is None or parse_instant(seed["recorded_at"]) <= parse_instant(first),
        "population": len(population),
        "population_ids": sorted(population),
        "size": size,
        "sample": [{name: population[identity][name] for name in _TOLD} for identity in sorted(drawn)],
    }
    services.ledger.record(
        NewEntry(
            type="sample.drawn",
            key=f"override-sample-drawn\n{run.run_id}",
            payload=json.dumps({"period": period, **result}, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("overrides", period),
        )
    )
    samples(services.rows).put(period, {"period": period, "run_id": run.run_id, **result})
    return result


def let_pass(services: Services) -> Iterator[JsonObject]:
    """Every approval that let something pass."""
    return (
        row for row in approvals.register(services.rows).all() if row["kind"] in _SAMPLED and row["state"] == APPROVED
    )


def seed_of(services: Services, period: str) -> JsonObject:
    """The month's seed with when it was recorded; made from chance and recorded as evidence when first asked for."""
    register = Register(services.rows, "override-seeds")
    held = register.get(period)
    if held is None:
        body = {"period": period, "seed": token_hex(32), "recorded_at": rfc3339(services.clock.now())}
        try:
            register.insert(period, body)
        except RowExists:  # another run was faster: its seed counts
            again = register.get(period)
            body = again.body if again is not None else body
    else:
        body = held.body
    services.ledger.record(
        NewEntry(
            type="sample.seeded",
            key=f"override-seed\n{period}",
            payload=json.dumps({**body, "method": "random.Random(seed).sample of sorted ids"}, sort_keys=True).encode(),
            subject=Subject("overrides", period),
        )
    )
    return body


def next_month(month: datetime) -> datetime:
    """The first of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)
