"""Runs a function app in Microsoft's worker runtime: indexes it as the platform does, then invokes what stdin asks for.

One app per process, because the runtime keeps global state. Reads ``{"calls":[…]}``, writes
``{"error":…, "functions":{name: [bindings]}, "answers":[…], "logs":[{"logger","level","message"}]}``.
The runtime is handed stand-ins for its protocol classes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

_SECONDS = 60


class _Named(type):
    """A namespace in which every capitalised name is a record class of that name."""

    def __getattr__(cls, name: str) -> Any:
        if not name[:1].isupper():
            raise AttributeError(name)
        made = type(name, (Record,), {})
        setattr(cls, name, made)
        return made


class Record(SimpleNamespace):
    """Keeps what it is built with."""


class Protos(metaclass=_Named):
    """Stand-in for the protobuf module; only the constants the runtime compares are spelled out."""


Protos.StatusResult.Failure, Protos.StatusResult.Success = 0, 1
# "in" is a keyword, and the numbers are those of the published protocol.
for _number, _name in enumerate(("in", "out", "inout")):
    setattr(Protos.BindingInfo, _name, _number)
Protos.BindingInfo.undefined = 0


def _http(call: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from azure_functions_runtime.bindings.datumdef import Datum

    def texts(values: dict[str, str]) -> dict[str, Any]:
        return {name: Datum(value, "string") for name, value in values.items()}

    value = {
        "method": Datum(call["method"], "string"),
        "url": Datum(call["url"], "string"),
        "headers": texts(call.get("headers", {})),
        "params": texts(call.get("route", {})),
        "query": texts(call.get("query", {})),
        "body": Datum(call.get("body", "").encode("utf-8", "surrogateescape"), "bytes"),
    }
    return Datum(value, "http"), {}


def _queue(call: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from azure_functions_runtime.bindings.datumdef import Datum

    when = '"2026-11-16T09:00:00+00:00"'
    about = {name: Datum(when, "json") for name in ("ExpirationTime", "InsertionTime", "NextVisibleTime")}
    about |= {"Id": Datum("m-1", "string"), "DequeueCount": Datum("1", "json"), "PopReceipt": Datum("r", "string")}
    return Datum(call["body"], "string"), about


def _timer(call: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    from azure_functions_runtime.bindings.datumdef import Datum

    status = {"Last": "0001-01-01T00:00:00", "Next": "2026-11-16T09:00:00Z", "LastUpdated": "0001-01-01T00:00:00"}
    payload = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": status, "IsPastDue": bool(call.get("past_due"))}
    return Datum(json.dumps(payload), "json"), {}


_INPUT = {"httpTrigger": _http, "queueTrigger": _queue, "timerTrigger": _timer}


def _shown(datum: Any) -> Any:
    if datum is None or datum.type != "http":
        return None if datum is None else datum.value
    body = datum.value["body"].value
    return {
        "status": int(datum.value["status_code"].value),
        "headers": {name.lower(): value.value for name, value in datum.value["headers"].items()},
        "body": body.decode("utf-8", "replace") if isinstance(body, bytes) else body,
    }


async def _run(app: Path, calls: list[dict[str, Any]]) -> dict[str, Any]:
    import azure_functions_runtime as runtime
    from azure_functions_runtime.native_invocation import invocation_request_native

    runtime.start_threadpool_executor()
    init = Record(worker_init_request=Record(capabilities={}, function_app_directory=str(app)))
    properties = {"host": "127.0.0.1", "protos": Protos}
    begun = await runtime.worker_init_request(Record(request=init, properties=properties))
    if begun.result.status != Protos.StatusResult.Success:
        return {"error": begun.result.exception.message, "functions": {}, "answers": []}
    known = await runtime.functions_metadata_request(Record(request=Record(), properties=properties))
    found = {one.name: one for one in known.function_metadata_results}
    functions = {name: [json.loads(raw) for raw in one.raw_bindings] for name, one in found.items()}
    for one in found.values():
        asked = Record(function_load_request=Record(function_id=one.function_id))
        loaded = await runtime.function_load_request(Record(request=asked, properties=properties))
        assert loaded.result.status == Protos.StatusResult.Success
    answers = []
    for number, call in enumerate(calls):
        trigger = next(one for one in functions[call["function"]] if one["type"].endswith("Trigger"))
        value, about = _INPUT[trigger["type"]](call)
        identity = found[call["function"]].function_id
        invoked = invocation_request_native(f"i-{number}", identity, [(trigger["name"], value)], about)
        ok, answer, _, fault, trace = await asyncio.wait_for(invoked, _SECONDS)
        answers.append({"ok": ok, "answer": _shown(answer), "fault": fault, "trace": trace})
    return {"error": None, "functions": functions, "answers": answers}


class _Heard(logging.Handler):
    """Stands where the worker's own handler stands: on the root logger, passing on whatever comes."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line as the host would get it."""
        self.lines.append({"logger": record.name, "level": record.levelname, "message": record.getMessage()})


def main() -> None:
    """Index, load, invoke; one JSON document on stdout."""
    app = Path(sys.argv[1]).resolve()
    sys.path.append(str(app))
    os.chdir(app)
    calls = json.loads(sys.stdin.read() or "{}").get("calls", [])
    heard = _Heard()
    logging.basicConfig(level=logging.INFO, handlers=[heard])
    told = asyncio.run(_run(app, calls))
    told["logs"] = heard.lines
    print("\n" + json.dumps(told))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
