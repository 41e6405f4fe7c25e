"""Accept a target that makes sense; refuse one that does not, saying every reason and opening a decision."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from shared.errors import Forbidden, RowExists, Unacceptable
from shared.measures.kpi_catalogue import CATALOGUE, Kpi, Unit
from shared.measures.targets import Fault, Target, faults_of
from shared.model import JsonObject, NewEntry, Person, Role, Subject, rfc3339
from shared.procedures.first_word import first_recorded
from shared.procedures.governance import open_decision
from shared.procedures.services import Services
from shared.registers import baselines, targets

MAY = (Role.PRACTICE_MANAGER, Role.STEERING_MEMBER, Role.ADMINISTRATOR)
_FIELDS = frozenset({"kpi", "direction", "low", "high", "unit", "baseline", "horizon_days", "source"})
_LARGEST = Decimal(10) ** 12
_LONGEST_DAYS = 36_500
_DECIDE_WITHIN = timedelta(days=14)


def post_target(services: Services, person: Person, body: object) -> tuple[int, JsonObject]:
    """(201, the target) or (422, a problem with ``codes`` and the decision opened). Raises Forbidden, Unacceptable."""
    if not person.has(*MAY):
        raise Forbidden(
            "Targets are set by practice managers, steering members and administrators.", code="role_missing"
        )
    if not isinstance(body, dict):
        raise Unacceptable("A target is a JSON object.", code="target_invalid")
    unknown = sorted(set(body) - _FIELDS)
    if unknown:
        raise Unacceptable(f"A target has no field {', '.join(map(str, unknown))}.", code="target_invalid")
    kpi = CATALOGUE.get(body["kpi"]) if isinstance(body.get("kpi"), str) else None
    if kpi is None:
        raise Unacceptable("There is no such figure.", code="kpi_unknown")
    target = _read(body)
    held = targets.register(services.rows).get(kpi.id)
    in_force = _in_force(held.body) if held else None
    if target.baseline is None:
        target = _with_baseline(services, kpi, target, in_force)
    faults = faults_of(kpi, target, in_force)
    if faults:
        return 422, _refuse(services, person, kpi, body, faults)
    if held is not None:
        return 201, held.body
    return _accept(services, person, kpi, target)


def _read(body: JsonObject) -> Target:
    direction, unit, source, days = (body.get(name) for name in ("direction", "unit", "source", "horizon_days"))
    if direction not in ("increase", "decrease"):
        raise Unacceptable("The direction must be increase or decrease.", code="target_invalid")
    if unit is not None and not isinstance(unit, str):
        raise Unacceptable("The unit must be relative or points.", code="target_invalid")
    if source is not None and (not isinstance(source, str) or len(source) > 2000):
        raise Unacceptable("The source is a text of at most 2,000 characters.", code="target_invalid")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int | float) or days != int(days)):
        raise Unacceptable("horizon_days must be a whole number.", code="target_invalid")
    if days is not None and abs(days) > _LONGEST_DAYS:
        raise Unacceptable("A horizon holds at most a hundred years.", code="target_invalid")
    return Target(
        direction,
        _number(body, "low"),
        _number(body, "high"),
        unit,
        _number(body, "baseline"),
        None if days is None else int(days),
        source or "",
    )


def _number(body: JsonObject, name: str) -> Decimal | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unacceptable(f"{name} must be a number.", code="target_invalid")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Unacceptable(f"{name} must be a number.", code="target_invalid") from None
    if not number.is_finite() or abs(number) > _LARGEST or int(number.as_tuple().exponent) < -12:
        raise Unacceptable(f"{name} is not a number a figure can have.", code="target_invalid")
    return number


def _in_force(row: JsonObject) -> Target:
    return Target(
        row["direction"],
        Decimal(str(row["low"])),
        Decimal(str(row["high"])),
        row["unit"],
        None if row["baseline"] is None else Decimal(str(row["baseline"])),
        row["horizon_days"],
        row["source"],
    )


def _with_baseline(services: Services, kpi: Kpi, target: Target, in_force: Target | None) -> Target:
    """A target that names no baseline means the one that is frozen."""
    frozen = baselines.register(services.rows).get(kpi.id)
    value = in_force.baseline if in_force else None
    if value is None and frozen is not None and frozen.body["value"] is not None:
        value = Decimal(str(frozen.body["value"])) * (100 if kpi.unit is Unit.RATIO else 1)
    return Target(target.direction, target.low, target.high, target.unit, value, target.horizon_days, target.source)


def _refuse(services: Services, person: Person, kpi: Kpi, body: JsonObject, faults: list[Fault]) -> JsonObject:
    words = " ".join(fault.text for fault in faults)
    asked = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
    decision = open_decision(
        services,
        title=f"Which target holds for “{kpi.label}”?",
        context=f"A target was refused ({', '.join(fault.code for fault in faults)}). {words} What was asked: {asked[:2000]}",
        requester=person.oid,
        key=f"target\n{kpi.id}\n{hashlib.sha256(asked.encode()).hexdigest()}",
        due=services.clock.now() + _DECIDE_WITHIN,
    )
    return {
        "title": "Not acceptable",
        "status": 422,
        "code": "target_refused",
        "detail": words,
        "codes": [fault.code for fault in faults],
        "reasons": [{"code": fault.code, "text": fault.text} for fault in faults],
        "decision_id": decision,
    }


def _accept(services: Services, person: Person, kpi: Kpi, target: Target) -> tuple[int, JsonObject]:
    now = services.clock.now()
    row: JsonObject = {
        "id": f"t-{kpi.id}",
        "kpi": kpi.id,
        "direction": target.direction,
        "low": _plain(target.low),
        "high": _plain(target.high),
        "unit": target.unit,
        "baseline": _plain(target.baseline),
        "horizon_days": target.horizon_days,
        "source": target.source,
        "reach": _reach(kpi, target),
        "due": rfc3339(now + timedelta(days=target.horizon_days or 0)),
        "set_by": person.oid,
        "set_at": rfc3339(now),
    }
    stands, _ = first_recorded(
        services,
        NewEntry(
            type="target.set",
            key=f"target\n{kpi.id}",
            payload=json.dumps(row, sort_keys=True, ensure_ascii=False).encode(),
            subject=Subject("kpi", kpi.id),
            actor=person.oid,
        ),
    )
    if stands["baseline"] is not None:
        _freeze(services, kpi, Decimal(str(stands["baseline"])), stands)
    with suppress(RowExists):
        targets.register(services.rows).insert(kpi.id, stands)
    if stands != row:  # somebody set one at the same moment: judge again against it
        return post_target(services, person, {name: row[name] for name in _FIELDS})
    return 201, row


def _freeze(services: Services, kpi: Kpi, baseline: Decimal, row: JsonObject) -> None:
    value = float(baseline / 100 if kpi.unit is Unit.RATIO else baseline)
    with suppress(RowExists):  # a baseline stays what it was
        baselines.register(services.rows).insert(
            kpi.id,
            {
                "kpi": kpi.id,
                "value": value,
                "frozen_at": row["set_at"],
                "method": f"stated with the target {row['id']}",
            },
        )


def _plain(number: Decimal | None) -> float | None:
    return None if number is None else float(number)


def _reach(kpi: Kpi, target: Target) -> float | None:
    """The value from which on the target counts as met, in the figure's own unit."""
    if target.baseline is None or target.low is None:
        return None
    change = target.low / 100 * target.baseline if target.unit == "relative" else target.low
    end = target.baseline + change if target.direction == "increase" else target.baseline - change
    return float(end / 100 if kpi.unit is Unit.RATIO else end)
