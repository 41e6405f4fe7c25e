"""Read a baseline that somebody proposes: every fault named at once, in sentences, before anything is stored."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from shared.errors import Unacceptable
from shared.model import JsonObject, parse_instant, rfc3339

_DECIMAL = re.compile(r"^\d{1,12}(\.\d{1,6})?$")
_LONGEST = 200
_MOST = 520


def _amount(value: object) -> str:
    if not isinstance(value, str) or not _DECIMAL.match(value):
        raise ValueError('must be a decimal string such as "12500.00"')
    return value


def _quantity(value: object) -> str | None:
    """Hours and costs of workstreams: decimal strings or numbers."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value):
        value = f"{Decimal(str(value)):f}"
    return _amount(value)


def _instant(value: object) -> str:
    try:
        return rfc3339(parse_instant(value)) if isinstance(value, str) else _refuse_time()
    except (ValueError, OverflowError):
        return _refuse_time()


def _refuse_time() -> str:
    raise ValueError("must be a time such as 2026-11-02T09:00:00Z")


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("must be an ISO 4217 code such as CAD")
    return value


def _named(value: object) -> object:
    """A bare name stands for an object with that name; an id or a milestone can name a gate."""
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict) and "name" not in value:
        name = next(
            (value[key] for key in ("id", "key", "gate", "workstream", "milestone", "title") if value.get(key)), None
        )
        return {**value, "name": str(name)} if name is not None else value
    return value


def _who(value: object) -> str:
    """One person, several, or an object that names one."""
    if isinstance(value, dict):
        value = value.get("oid") or value.get("name") or value.get("id") or ""
    if isinstance(value, list):
        return ", ".join(_who(one) for one in value)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise ValueError("must name a person")  # noqa: TRY004 - pydantic collects ValueError
    return str(value).strip()


def _id(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("must be an id")  # noqa: TRY004 - pydantic collects ValueError
    return str(value)


Amount = Annotated[str, BeforeValidator(_amount)]
Quantity = Annotated[str | None, BeforeValidator(_quantity)]
Instant = Annotated[str, BeforeValidator(_instant)]
Name = Annotated[str, Field(min_length=1, max_length=_LONGEST)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _PeriodBody(_Body):
    end: Instant
    pv: Amount
    hours: Quantity = None


class _StretchBody(_Body):
    """A workstream's plan up to an instant, cumulative; ``pv`` is another word for its cost."""

    end: Instant
    hours: Quantity = None
    cost: Annotated[Quantity, Field(validation_alias=AliasChoices("cost", "pv"))] = None


class _BurnBody(_Body):
    amber: Annotated[str, BeforeValidator(_quantity)]
    red: Annotated[str, BeforeValidator(_quantity)]


class _WorkstreamBody(_Body):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    name: Name
    hours: Quantity = None
    cost: Quantity = None
    tasks: list[Annotated[str, BeforeValidator(_id)]] = []
    accountable: Annotated[str, BeforeValidator(_who)] = ""
    periods: Annotated[list[_StretchBody], Field(max_length=_MOST)] = []


class _GateBody(_Body):
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    name: Name
    milestone: Annotated[str, BeforeValidator(_id)] = ""
    due: Annotated[str | None, BeforeValidator(lambda value: None if value is None else _instant(value))] = None


class _ChangeBody(_Body):
    """Why a frozen baseline is to change."""

    kind: Literal["assumption", "dependency", "scope", "estimate", "other"]
    text: Annotated[str, Field(max_length=4000)] = ""
    assumption: Annotated[str, Field(max_length=4000)] = ""
    """The assumption or dependency that did not hold, in the handoff's words."""


class _BaselineBody(_Body):
    currency: Annotated[str, AfterValidator(_currency)]
    bac: Amount
    start: Instant
    periods: Annotated[list[_PeriodBody], Field(min_length=1, max_length=_MOST)]
    workstreams: Annotated[list[Annotated[_WorkstreamBody, BeforeValidator(_named)]], Field(max_length=_LONGEST)] = []
    gates: Annotated[list[Annotated[_GateBody, BeforeValidator(_named)]], Field(max_length=_LONGEST)] = []
    accountable: Annotated[dict[str, Annotated[str, BeforeValidator(_who)]], Field(max_length=_LONGEST)] = {}
    burn: _BurnBody | None = None
    change: _ChangeBody | None = None


def read_baseline(body: Any) -> JsonObject:
    """The baseline in the form it is stored. Raises Unacceptable (baseline_invalid) naming every fault."""
    if not isinstance(body, dict):
        raise Unacceptable("A baseline is a JSON object.", code="baseline_invalid")
    try:
        read = _BaselineBody.model_validate(body)
    except ValidationError as fault:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'body'} {_words(one['msg'])}"
            for one in fault.errors(include_url=False, include_input=False)
        )
        raise Unacceptable(f"The baseline cannot be accepted: {said}.", code="baseline_invalid") from None
    faults = _contradictions(read)
    if faults:
        raise Unacceptable(f"The baseline cannot be accepted: {'; '.join(faults)}.", code="baseline_invalid")
    return _bare(read.model_dump(mode="json"))


def _bare(body: JsonObject) -> JsonObject:
    """What nobody said is left out, so that a baseline's digest does not depend on what else could be said."""
    for name in ("burn", "change"):
        if body[name] is None:
            del body[name]
    for period in body["periods"]:
        if period["hours"] is None:
            del period["hours"]
    for stream in body["workstreams"]:
        if not stream["periods"]:
            del stream["periods"]
    return body


def _words(message: str) -> str:
    words = message.removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def _contradictions(read: _BaselineBody) -> list[str]:
    faults = []
    bac = Decimal(read.bac)
    if bac <= 0:
        faults.append("bac must be more than zero")
    before: datetime = parse_instant(read.start)
    planned = Decimal(0)
    for number, period in enumerate(read.periods):
        end, pv = parse_instant(period.end), Decimal(period.pv)
        if end <= before:
            faults.append(
                f"periods.{number}.end must be later than {'start' if number == 0 else 'the period before it'}"
            )
        if pv < planned:
            faults.append(f"periods.{number}.pv must not fall, because planned value is cumulative")
        if pv > bac:
            faults.append(f"periods.{number}.pv must not exceed bac")
        before, planned = max(before, end), max(planned, pv)
    if planned == 0:
        faults.append("the last pv must be more than zero")
    faults += _falling("periods", [one.hours for one in read.periods], "hours")
    for at, stream in enumerate(read.workstreams):
        faults += _stretches(f"workstreams.{at}.periods", stream)
    if read.burn is not None and not 0 < Decimal(read.burn.amber) <= Decimal(read.burn.red):
        faults.append("burn.amber must be more than zero and not exceed burn.red")
    for label, names in (
        ("workstreams", [one.name for one in read.workstreams]),
        ("gates", [one.name for one in read.gates]),
    ):
        if len(set(names)) != len(names):
            faults.append(f"{label} must have different names")
    return faults


def _stretches(where: str, stream: _WorkstreamBody) -> list[str]:
    """What contradicts itself in a workstream's plan by period."""
    ends = [parse_instant(one.end) for one in stream.periods]
    faults = [f"{where}.{at}.end must be later than the period before it" for at in _disordered(ends)]
    for name, whole in (("hours", stream.hours), ("cost", stream.cost)):
        values = [getattr(one, name) for one in stream.periods]
        faults += _falling(where, values, name)
        if whole is not None and values and values[-1] is not None and Decimal(values[-1]) != Decimal(whole):
            faults.append(f"{where} must end with the workstream's {name}")
    return faults


def _disordered(ends: list[datetime]) -> list[int]:
    return [at for at in range(1, len(ends)) if ends[at] <= ends[at - 1]]


def _falling(where: str, values: list[str | None], name: str) -> list[str]:
    """Cumulative figures are there for every period or for none, and do not fall."""
    known = [Decimal(value) for value in values if value is not None]
    if not known:
        return []
    if len(known) != len(values):
        return [f"{where} must give {name} for every period or for none"]
    return [
        f"{where}.{at}.{name} must not fall, because it is cumulative"
        for at in range(1, len(known))
        if known[at] < known[at - 1]
    ]
