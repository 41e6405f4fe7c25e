"""Graph paths: from the catalogue's templates and from logged addresses to one normal form, and from one to the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PLACE = re.compile(r"\{[^}]*\}")
_KEYED = re.compile(r"^([^(]+)\((.*)\)$")
_ARGUMENT = re.compile(r"=\s*(?:'[^']*'|[^,()]*)")
_VERSIONS = frozenset({"v1.0", "beta"})
HOLE = "{}"
_SPACE = "microsoft.graph."
_EXACT = "!"


def template(raw: str) -> str:
    """A catalogue path in normal form: lower case, placeholders nameless, no query, no spaces."""
    return _PLACE.sub(HOLE, raw.split("?", maxsplit=1)[0].strip()).lower().replace(" ", "").rstrip("/")


def segments_of(uri: str) -> list[str] | None:
    """The segments of a logged address behind the version, decoded and lower case; None when it is none of Graph's."""
    try:
        path = urlsplit(uri).path
    except ValueError:
        return None
    parts = [unquote(part).strip() for part in path.split("/") if part.strip()]
    if parts and parts[0].lower() == "graph":
        parts = parts[1:]
    if not parts or parts[0].lower() not in _VERSIONS:
        return None
    return [part.lower() for part in parts[1:]]


@dataclass(slots=True)
class _Node:
    below: dict[str, _Node] = field(default_factory=dict)
    shapes: dict[str, re.Pattern[str]] = field(default_factory=dict)
    ends: int | None = None


class PathIndex:
    """Finds the most specific template for an address: literal segments win over holes, left to right."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._root = _Node()
        for number, name in enumerate(templates):
            node = self._root
            for part in name.strip("/").split("/"):
                if HOLE in part and part != HOLE and part not in node.shapes:
                    node.shapes[part] = _shape(part)
                node = node.below.setdefault(part, _Node())
            node.ends = number

    def find(self, uri: str) -> int | None:
        """The template's number, or None when no known path matches."""
        parts = segments_of(uri)
        if not parts:
            return None
        for variant in _variants(parts):
            found = self._walk(self._root, variant, 0)
            if found is not None:
                return found
        return None

    def _walk(self, node: _Node, parts: list[str], at: int) -> int | None:
        if at == len(parts):
            return node.ends
        part = parts[at]
        for name in self._ways(node, part):
            found = self._walk(node.below[name], parts, at + 1)
            if found is not None:
                return found
        return None

    @staticmethod
    def _ways(node: _Node, part: str) -> Iterator[str]:
        if part.startswith(_EXACT):  # a function's short name is no key, so no hole takes it
            if part[1:] in node.below:
                yield part[1:]
            return
        if part in node.below and part != HOLE:
            yield part
        for name, shape in node.shapes.items():
            if shape.match(part):
                yield name
        if HOLE in node.below and not part.startswith(("$", _SPACE)):
            yield HOLE


def _shape(part: str) -> re.Pattern[str]:
    return re.compile("^" + ".+".join(re.escape(piece) for piece in part.split(HOLE)) + "$")


def _variants(parts: list[str]) -> Iterator[list[str]]:
    """The address as it is, then with OData's other spellings undone: keys in parentheses, casts, $count, $value, $ref."""
    yield parts
    tight = [_ARGUMENT.sub("={}", part.replace(" ", "")) if "(" in part else part for part in parts]
    if tight != parts:
        yield tight
    keyed: list[str] = []
    for part in parts:
        match = _KEYED.match(part)
        if match and match.group(2) and "=" not in match.group(2):
            keyed += [match.group(1), match.group(2).strip("'") or HOLE]
        else:
            keyed.append(part.removesuffix("()"))
    if keyed != parts:
        yield keyed
    plain = [_EXACT + part[len(_SPACE) :] if part.startswith(_SPACE) else part for part in keyed]
    if plain != keyed:
        yield plain
        yield [part for part in keyed if not part.startswith(_SPACE)]
    for base in (keyed, plain):
        if base[-1] in ("$count", "$value", "$ref") and len(base) > 1:
            yield base[:-1]
