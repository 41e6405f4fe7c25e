"""What a request to storage needs: the permissions Microsoft names for each operation of the three services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from local.guard.gate import Demand, StrangeRequest, Ways, one_of
from local.guard.roles import DELEGATION

_BLOB = "blobServices/containers/blobs"
_QUEUE = "queueServices/queues"
_MESSAGES = f"{_QUEUE}/messages"
_ENTITIES = "tableServices/tables/entities"
_INNER = re.compile(rb"(?m)^(GET|POST|PUT|MERGE|PATCH|DELETE) (\S+) HTTP/1\.1\r?$")


def demands(
    service: str, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes
) -> list[Demand]:
    """What must be held. ``path`` is behind the account's name; ``service`` is blob, queue or table."""
    parts = [unquote(part) for part in path.strip("/").split("/") if part]
    if service == "table":
        return list(_table(method, parts, headers, body))
    return [_blob(method, parts, query) if service == "blob" else _queue(method, parts, query)]


def _blob(method: str, parts: list[str], query: Mapping[str, str]) -> Demand:
    comp = query.get("comp", "")
    if not parts:
        if (method, comp) == ("POST", "userdelegationkey"):
            return Demand("evidence/containers", one_of(DELEGATION))
        raise StrangeRequest(f"{method} {comp} on the blob service")
    place = f"evidence/containers/{parts[0]}"
    if len(parts) == 1:
        if method == "GET" and comp == "list":
            return Demand(place, one_of(f"{_BLOB}/read"))
        if method in ("GET", "HEAD") and not comp:
            return Demand(place, one_of("blobServices/containers/read"))
        if method == "PUT" and not comp:
            return Demand(place, one_of("blobServices/containers/write"))
        raise StrangeRequest(f"{method} {comp} on a container")
    if method in ("GET", "HEAD"):
        return Demand(place, one_of(f"{_BLOB}/read"))
    if method == "DELETE":
        return Demand(place, one_of(f"{_BLOB}/delete"))
    if method == "PUT" and not comp:
        return Demand(place, one_of(f"{_BLOB}/write"), create_only=frozenset({f"{_BLOB}/add/action"}))
    if method == "PUT" and comp in ("block", "blocklist", "lease", "properties", "metadata"):
        return Demand(place, one_of(f"{_BLOB}/write"))
    raise StrangeRequest(f"{method} {comp} on a blob")


def _queue(method: str, parts: list[str], query: Mapping[str, str]) -> Demand:
    if not parts:
        raise StrangeRequest(f"{method} on the queue service")
    place = f"evidence/queues/{parts[0]}"
    if len(parts) == 1:
        needed = {"GET": f"{_QUEUE}/read", "HEAD": f"{_QUEUE}/read", "PUT": f"{_QUEUE}/write"}
        if method in needed:
            return Demand(place, one_of(needed[method]))
        raise StrangeRequest(f"{method} on a queue")
    gets: Ways = (frozenset({f"{_MESSAGES}/process/action"}), frozenset({f"{_MESSAGES}/read", f"{_MESSAGES}/delete"}))
    if len(parts) == 2:
        if method == "GET":
            return Demand(place, one_of(f"{_MESSAGES}/read") if "peekonly" in query else gets)
        if method == "POST":
            return Demand(place, one_of(f"{_MESSAGES}/add/action", f"{_MESSAGES}/write"))
        raise StrangeRequest(f"{method} on messages")
    if method == "DELETE":
        return Demand(place, one_of(f"{_MESSAGES}/process/action", f"{_MESSAGES}/delete"))
    if method == "PUT":
        return Demand(place, one_of(f"{_MESSAGES}/write"))
    raise StrangeRequest(f"{method} on a message")


def _table(method: str, parts: list[str], headers: Mapping[str, str], body: bytes) -> Iterator[Demand]:
    if parts and parts[0] == "$batch":
        yield from _batch(body)
        return
    if parts and parts[0].startswith("Tables"):
        action = {"GET": "read", "POST": "write", "DELETE": "delete"}.get(method, "write")
        yield Demand("evidence/tables", one_of(f"tableServices/tables/{action}"))
        return
    if not parts:
        raise StrangeRequest(f"{method} on the table service")
    yield _row(method, parts[0], conditional="if-match" in headers)


def _row(method: str, name: str, *, conditional: bool) -> Demand:
    table, _, keys = name.partition("(")
    place = f"evidence/tables/{table}"
    if method == "GET":
        return Demand(place, one_of(f"{_ENTITIES}/read"))
    if method == "POST" and keys.strip(")") == "":
        return Demand(place, one_of(f"{_ENTITIES}/add/action", f"{_ENTITIES}/write"))
    if method in ("PUT", "MERGE", "PATCH"):
        if conditional:
            return Demand(place, one_of(f"{_ENTITIES}/update/action", f"{_ENTITIES}/write"))
        both = frozenset({f"{_ENTITIES}/add/action", f"{_ENTITIES}/update/action"})
        return Demand(place, (frozenset({f"{_ENTITIES}/write"}), both))
    if method == "DELETE":
        return Demand(place, one_of(f"{_ENTITIES}/delete"))
    raise StrangeRequest(f"{method} on rows")


def _batch(body: bytes) -> Iterator[Demand]:
    """A transaction needs what each of its operations needs."""
    found = list(_INNER.finditer(body))
    if not found:
        raise StrangeRequest("a transaction without operations")
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(body)
        head = body[match.end() : end].split(b"\r\n\r\n", 1)[0].lower()
        name = unquote(urlsplit(match[2].decode()).path.rsplit("/", 1)[-1])
        yield _row(match[1].decode(), name, conditional=b"\r\nif-match:" in head or head.startswith(b"if-match:"))
