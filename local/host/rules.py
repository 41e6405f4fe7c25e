"""The host's own start-up rules, which the worker does not check: names, routes, schedules, queues, connections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from local.host.functions import HTTP, QUEUE, TIMER, Function, resolved
from local.host.ncrontab import Schedule
from local.host.options import HostOptions
from local.host.routes import parse
from local.processes import StartFailed

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,127}", re.IGNORECASE)
_BINDING = re.compile(r"(?!.*__)[a-zA-Z_][a-zA-Z0-9_]{0,127}")
_QUEUE = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED = ("admin", "runtime")


def faults(functions: Sequence[Function], options: HostOptions, environ: Mapping[str, str]) -> list[str]:
    """Every rule that is broken, as a sentence each."""
    found = [sentence for function in functions for sentence in _one(function, options, environ)]
    found += _twice(functions)
    if options.queues.message_encoding != "none" and any(function.kind == QUEUE for function in functions):
        found.append('host.json must say "messageEncoding": "none": our messages are plain text, not base64.')
    return found


def _one(function: Function, options: HostOptions, environ: Mapping[str, str]) -> Iterator[str]:
    name = function.name
    if not _NAME.fullmatch(name) or name.lower() == "host":
        yield f"{name}: a function's name begins with a letter, holds letters, digits, - and _, and is not 'host'."
    if not _BINDING.fullmatch(str(function.trigger.get("name", ""))):
        yield f"{name}: the binding name {function.trigger.get('name')!r} is not one the host accepts."
    if function.others:
        yield f"{name}: the local host does not serve bindings of type {', '.join(function.others)}."
    if function.kind == HTTP:
        yield from _http(function, options)
    elif function.kind == TIMER:
        yield from _timer(function, environ)
    elif function.kind == QUEUE:
        yield from _queue(function, environ)
    else:
        yield f"{name}: the local host does not know the trigger {function.kind}."


def _http(function: Function, options: HostOptions) -> Iterator[str]:
    route = function.trigger.get("route")
    if route == "":
        yield (
            f"{function.name}: the host takes an empty route for /{function.name}; "
            "the root is reached by {ignored:maxlength(0)?}."
        )
    own = str(route or function.name)
    if own.startswith(("/", "~")):
        yield f"{function.name}: a route begins with neither / nor ~."
    try:
        segments = parse("/".join(part for part in (options.route_prefix, own.strip("/")) if part))
    except ValueError as fault:
        yield f"{function.name}: the route {own!r} cannot be used: {fault}."
        return
    if own.split("/", maxsplit=1)[0].lower() in _RESERVED and segments:
        yield f"{function.name}: a route may not begin with {' or '.join(_RESERVED)}."


def _timer(function: Function, environ: Mapping[str, str]) -> Iterator[str]:
    try:
        schedule = Schedule.parse(resolved(str(function.trigger.get("schedule", "")), environ))
    except (ValueError, StartFailed) as fault:
        yield f"{function.name}: the schedule cannot be used: {str(fault).rstrip('.')}."
        return
    if not any(day <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)
               for month in schedule.months for day in schedule.days):  # fmt: skip
        yield f"{function.name}: the schedule names no day there is."


def _queue(function: Function, environ: Mapping[str, str]) -> Iterator[str]:
    try:
        queue = resolved(str(function.trigger.get("queueName", "")), environ)
    except StartFailed as fault:
        yield f"{function.name}: {fault}"
        return
    if not _QUEUE.fullmatch(queue):
        yield f"{function.name}: {queue!r} is no queue name (3 to 63 of a-z, 0-9 and single -)."
    connection = str(function.trigger.get("connection") or "AzureWebJobsStorage")
    accepted = (connection, f"{connection}__queueServiceUri", f"{connection}__accountName")
    if not any(environ.get(name) for name in accepted):
        yield f"{function.name}: the connection {connection} is set neither as it is nor as {accepted[1]}."


def _twice(functions: Sequence[Function]) -> Iterator[str]:
    names: dict[str, str] = {}
    routes: dict[tuple[str, str], str] = {}
    queues: dict[str, str] = {}
    for function in functions:
        if function.name.lower() in names:
            yield f"{function.name}: another function has this name."
        names[function.name.lower()] = function.name
        if function.kind == QUEUE:
            queue = str(function.trigger.get("queueName"))
            if queue in queues:
                yield f"{function.name}: {queues[queue]} already reads the queue {queue}; a message goes to one."
            queues[queue] = function.name
        if function.kind != HTTP:
            continue
        # Two templates are the same route when they differ only in the names of their parameters.
        own = re.sub(r"\{(\*?)\w+", r"{\1", str(function.trigger.get("route") or function.name)).lower()
        for method in function.trigger.get("methods") or ["*"]:
            other = routes.get((own, str(method).upper())) or routes.get((own, "*"))
            if other:
                yield f"{function.name}: {other} already answers {method} {function.trigger.get('route')}."
            routes[own, str(method).upper()] = function.name
