"""The control door: what tests and the demo do to the simulator that no HaloPSA would allow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

from local.halopsa.answer import Answer, as_json, sentence
from local.halopsa.clock import instant, stamp
from local.halopsa.faults import Fault
from local.halopsa.query import is_true
from local.halopsa.routes import moved_clock
from local.halopsa.sender import Knobs
from local.halopsa.tables import canonical, shape
from local.halopsa.world import Quirks, World

_Knobby = TypeVar("_Knobby", Knobs, Quirks)


class Door:
    """Answers what comes in under /_sim."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._posts: dict[str, Callable[[Any, Mapping[str, str]], Any]] = {
            "rows": self._rows,
            "faults": self._faults,
            "webhooks": self._webhooks,
            "rate-limit": self._rate_limit,
            "reset": self._reset,
            "clock": self._clock,
            "access": self._access,
            "tokens": self._tokens,
            "quirks": self._quirks,
            "process": self._process,
        }

    def handle(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        """One request; ``path`` is what follows /_sim."""
        name, _, rest = path.strip("/").partition("/")
        if method == "GET":
            return self._read(name, rest)
        post = self._posts.get(name)
        if method == "DELETE" and name == "faults":
            self._world.faults.clear()
            return as_json({"faults": 0})
        if method != "POST" or post is None:
            return sentence("No such door.", 404)
        try:
            given = json.loads(body) if body.strip() else None
        except ValueError:
            return sentence("The body is not JSON.", 400)
        try:
            return as_json(post(given, query))
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            return sentence(f"The body is not of the form this door takes: {type(fault).__name__} {fault}.", 400)

    def _read(self, name: str, rest: str) -> Answer:
        world = self._world
        if name == "calls":
            return as_json(world.calls.all())
        if name == "rows" and rest:
            return as_json(self._table(rest))
        if name == "rows":
            return as_json({table: len(kept.rows) for table, kept in sorted(world.store.tables.items())})
        if name == "webhooks":
            return as_json({**asdict(world.sender.knobs), "pending": world.sender.pending()})
        if name == "deliveries":
            told = [delivery.told() for delivery in list(world.sender.deliveries.values())]
            return as_json({"pending": world.sender.pending(), "deliveries": told})
        if name == "clock":
            return as_json({"now": stamp(world.clock.now())})
        return sentence("No such door.", 404)

    def _table(self, name: str) -> list[Any]:
        form = shape(canonical(name))
        rows = list(self._world.store.table(form.table).rows.values())
        kind = {"Projects": "is_project", "Opportunities": "is_opportunity"}.get(form.path)
        return [row for row in rows if kind is None or row.get(kind)]

    def _rows(self, given: Any, query: Mapping[str, str]) -> Any:
        if not isinstance(given, dict) or not all(isinstance(rows, list) for rows in given.values()):
            raise TypeError("rows are posted by table, each a list")
        if any(not isinstance(row, dict) for rows in given.values() for row in rows):
            raise TypeError("a row is an object")
        store = self._world.store
        changes = store.replace_all(given) if is_true(query.get("replace")) else store.merge(given)
        if not is_true(query.get("quiet")):
            self._world.changed(changes, through_api=False)
        return {"changed": len(changes)}

    def _faults(self, given: Any, _query: Mapping[str, str]) -> Any:
        rules = [Fault.read(one) for one in (given if isinstance(given, list) else [given])]
        for rule in rules:
            self._world.faults.add(rule)
        return {"faults": len(rules)}

    def _webhooks(self, given: Any, _query: Mapping[str, str]) -> Any:
        self._world.sender.configure(_set(Knobs(), given or {}))
        return asdict(self._world.sender.knobs)

    def _rate_limit(self, given: Any, _query: Mapping[str, str]) -> Any:
        given = given or {}
        requests = given.get("requests")
        self._world.rate_limit.set(
            int(requests) if requests else None,
            float(given.get("seconds") or 300),
            retry_after=bool(given.get("retry_after")),
        )
        return given

    def _reset(self, _given: Any, _query: Mapping[str, str]) -> Any:
        self._world.reset()
        return {"reset": True}

    def _clock(self, given: Any, _query: Mapping[str, str]) -> Any:
        now = (given or {}).get("now")
        if now is not None and instant(now) is None:
            raise ValueError("now is a time or null")
        moved_clock(self._world, now)
        return {"now": stamp(self._world.clock.now())}

    def _access(self, given: Any, _query: Mapping[str, str]) -> Any:
        levels = {str(area): str(level) for area, level in (given or {}).items()}
        if set(levels.values()) - {"none", "read", "modify"}:
            raise ValueError("a level is none, read or modify")
        self._world.access.levels.clear()
        self._world.access.levels.update(levels)
        return levels

    def _tokens(self, given: Any, _query: Mapping[str, str]) -> Any:
        if (given or {}).get("revoke"):
            self._world.access.revoke_all()
        self._world.access.expires_in = int((given or {}).get("expires_in") or self._world.access.expires_in)
        return {"expires_in": self._world.access.expires_in}

    def _quirks(self, given: Any, _query: Mapping[str, str]) -> Any:
        self._world.quirks = _set(Quirks(), given or {})
        return asdict(self._world.quirks)

    def _process(self, given: Any, _query: Mapping[str, str]) -> Any:
        until = instant((given or {}).get("until")) or self._world.clock.now()
        made, changes = self._world.invoice_run.process(self._world.invoice_run.due(until))
        self._world.changed(changes, through_api=False)
        return {"invoices": [invoice["id"] for invoice in made]}


def _set(default: _Knobby, given: Mapping[str, Any]) -> _Knobby:
    """The default with what was posted; unknown names and wrong types are refused."""
    known = {field.name: type(getattr(default, field.name)) for field in fields(default)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{name} is not one of {', '.join(known)}")
        wanted = known[name]
        if isinstance(value, bool) != (wanted is bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} is a {wanted.__name__}")
    return replace(default, **{name: known[name](value) for name, value in given.items()})
