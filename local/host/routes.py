"""ASP.NET route templates: which function answers a path, and with which route values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from local.host.constraints import Check, constraint
from local.host.functions import Function

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL, _CONSTRAINED, _PLAIN, _CONSTRAINED_REST, _REST = range(1, 6)
"""Which of two routes is asked first, segment by segment."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """``{name:constraint?}`` or ``{*name}``."""

    name: str
    checks: tuple[Check, ...] = ()
    optional: bool = False
    default: str | None = None
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """What stands between two slashes: text and parameters in turn."""

    pattern: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    rank: int

    @property
    def skippable(self) -> bool:
        """Whether the path may end before it."""
        return len(self.parameters) == 1 and (
            self.parameters[0].optional or self.parameters[0].default is not None or self.parameters[0].rest
        )

    def match(self, text: str) -> dict[str, str] | None:
        """Route values, or None."""
        found = self.pattern.fullmatch(text)
        if not found:
            return None
        values = found.groupdict()
        return values if all(check(values[p.name]) for p in self.parameters for check in p.checks) else None


@dataclass(frozen=True, slots=True)
class Route:
    """One function's template and methods (None: all)."""

    function: Function
    template: str
    segments: tuple[Segment, ...]
    methods: frozenset[str] | None

    @property
    def rank(self) -> tuple[int, ...]:
        """Smaller is asked first."""
        return tuple(segment.rank for segment in self.segments)

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """Route values when the whole path fits."""
        values: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            first = segment.parameters[0] if segment.parameters else None
            if first and first.rest:
                found = segment.match("/".join(parts[position:]))
                return None if found is None else values | found
            if position >= len(parts):
                if not segment.skippable or first is None:
                    return None
                if first.default is not None:
                    values[first.name] = first.default
                continue
            found = segment.match(parts[position])
            if found is None:
                return None
            values |= found
        return values if len(parts) <= len(self.segments) else None


def parse(template: str) -> tuple[Segment, ...]:
    """Segments of a template; ValueError says what is wrong with it."""
    if not template:
        return ()
    pieces = _split(template)
    segments = tuple(_segment(piece) for piece in pieces)
    names = [parameter.name.lower() for segment in segments for parameter in segment.parameters]
    if len(set(names)) != len(names):
        raise ValueError("a parameter is named twice")
    for position, segment in enumerate(segments):
        if any(parameter.rest for parameter in segment.parameters) and position != len(segments) - 1:
            raise ValueError("a catch-all parameter must be last")
        if segment.skippable and any(not later.skippable for later in segments[position:]):
            raise ValueError("an optional parameter must be last")
    return segments


def _split(template: str) -> list[str]:
    pieces, depth = [""], 0
    for letter in template:
        depth += (letter == "{") - (letter == "}")
        if letter == "/" and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += letter
    if depth or not all(pieces):
        raise ValueError("a brace is not closed, or a segment is empty")
    return pieces


def _segment(piece: str) -> Segment:
    pattern, parameters, position = "", [], 0
    while position < len(piece):
        if piece[position] != "{":
            pattern += re.escape(piece[position])
            position += 1
            continue
        end, depth = position, 0
        while True:
            depth += (piece[end] == "{") - (piece[end] == "}")
            end += 1
            if depth == 0:
                break
        parameter = _parameter(piece[position + 1 : end - 1])
        whole = position == 0 and end == len(piece)
        if not whole and (parameter.rest or parameter.optional or parameter.default is not None):
            raise ValueError("an optional or catch-all parameter stands alone in its segment")
        parameters.append(parameter)
        empty = parameter.rest or (whole and parameter.optional)
        pattern += f"(?P<{parameter.name}>.{'*' if empty else '+'}{'' if whole else '?'})"
        position = end
    return Segment(re.compile(pattern, re.IGNORECASE | re.DOTALL), tuple(parameters), _rank(piece, parameters))


def _rank(piece: str, parameters: Sequence[Parameter]) -> int:
    if not parameters:
        return _LITERAL
    only = parameters[0]
    if only.rest:
        return _CONSTRAINED_REST if only.checks else _REST
    return _CONSTRAINED if only.checks or len(parameters) > 1 or piece[0] != "{" or piece[-1] != "}" else _PLAIN


def _parameter(text: str) -> Parameter:
    rest = text.startswith("*")
    text = text.lstrip("*")
    found = _NAME.match(text)
    if not found:
        raise ValueError("a parameter has no name")
    tail = text[found.end() :]
    optional = tail.endswith("?")
    tail = tail.removesuffix("?")
    checks = []
    while tail.startswith(":"):
        one = re.match(r":[A-Za-z]+(\((?:[^()]|\([^()]*\))*\))?", tail)
        if not one:
            raise ValueError(f"the constraint of {found[0]!r} cannot be read")
        checks.append(constraint(one[0][1:]))
        tail = tail[one.end() :]
    if tail and not tail.startswith("="):
        raise ValueError(f"the parameter {found[0]!r} cannot be read")
    return Parameter(found[0], tuple(checks), optional, tail[1:] if tail else None, rest)


def path_parts(raw_path: bytes) -> list[str] | None:
    """Segments as the web server hands them on: decoded, but for ``%2F``; dots resolved. None when not UTF-8."""
    parts: list[str] = []
    for raw in raw_path.split(b"?")[0].removeprefix(b"/").removesuffix(b"/").split(b"/"):
        try:
            text = unquote_to_bytes(re.sub(rb"%2[fF]", b"%252F", raw)).decode()
        except UnicodeDecodeError:
            return None
        if "\x00" in text:
            return None
        if text == "..":
            parts = parts[:-1]
        elif text != ".":
            parts.append(text)
    return [] if parts == [""] else parts


class Router:
    """All routes of an app, most specific first."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        self.routes = sorted((_route(function, prefix) for function in functions), key=lambda route: route.rank)

    def find(self, method: str, parts: Sequence[str]) -> tuple[Route, dict[str, str]] | frozenset[str] | None:
        """The route and its values; the methods that would do; or None where no template fits."""
        allowed: set[str] = set()
        for route in self.routes:
            values = route.match(parts)
            if values is None:
                continue
            if route.methods is None or method in route.methods:
                return route, values
            allowed |= route.methods
        return frozenset(allowed) if allowed else None


def _route(function: Function, prefix: str) -> Route:
    # The real host takes an empty route for a missing one: the root is reached by {ignored:maxlength(0)?}.
    own = str(function.trigger.get("route") or function.name).strip("/")
    template = "/".join(part for part in (prefix, own) if part)
    methods = function.trigger.get("methods")
    return Route(
        function, template, parse(template), frozenset(str(name).upper() for name in methods) if methods else None
    )
