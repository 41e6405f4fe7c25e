"""Facts about HaloPSA's configuration, from the mirror."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from shared.controls.configuration_governed import CommitFacts, LicenceFacts, SprawlFacts, TypeFacts
from shared.controls.spec import Case
from shared.halopsa.records.trail import ConfigCommit
from shared.halopsa.records.wire import parse_rows, whole_or_none
from shared.model import JsonObject, Subject
from shared.policy.document import Policy
from shared.ports import Records

_SECRET = re.compile(r"secret|password|api_?key|credential|token", re.IGNORECASE)
_NOISE = re.compile(r"[^a-z0-9]+")


def cases(mirror: Records, policy: Policy, as_of: datetime) -> Iterator[Case]:  # noqa: ARG001 - the form of every family
    """One case per configuration commit, ticket type and status, one for their number, one for the licence of UAT."""
    if policy.configuration.uat_ends is not None:
        yield Case(Subject("configuration", "uat"), None, None, LicenceFacts(policy.configuration.uat_ends))
    for kind, noun in (("TicketType", "ticket_type"), ("Status", "status")):
        if mirror.read_at(kind) is None:
            missing = f"HaloPSA's {noun.replace('_', ' ')} list was never read."
            yield Case(Subject(noun, "all"), None, None, None, missing=missing)
    yield from _commits(mirror)
    types = list(mirror.rows("TicketType"))
    statuses = list(mirror.rows("Status"))
    used_types, used_statuses = _uses(mirror)
    yield from _named(mirror, "TicketType", "ticket_type", types, used_types)
    yield from _named(mirror, "Status", "status", statuses, used_statuses)
    if types and statuses:
        yield Case(
            Subject("configuration", "sprawl"),
            None,
            None,
            SprawlFacts(len(types), len(statuses)),
            mirror.read_at("TicketType"),
            mirror.observations("TicketType"),
        )


def _commits(mirror: Records) -> Iterator[Case]:
    read_at, seen = mirror.read_at("ConfigCommit"), mirror.observations("ConfigCommit")
    for row in mirror.rows("ConfigCommit"):
        subject = Subject("config_commit", str(row["id"]))
        records, refused = parse_rows(ConfigCommit, [row])
        if refused:
            yield Case(
                subject, None, None, None, read_at, seen, missing=f"The commit cannot be read: {refused[0].message}"
            )
            continue
        commit = records[0]
        facts = CommitFacts(
            source_instance=commit.source_instance_id,
            rolled_back=commit.rolled_back,
            touches_secret=bool(_SECRET.search(f"{commit.summary} {commit.payload}")),
        )
        yield Case(subject, None, None, facts, read_at, seen)


def _uses(mirror: Records) -> tuple[Counter[int], Counter[int]]:
    types: Counter[int] = Counter()
    statuses: Counter[int] = Counter()
    for kind in ("Tickets", "Projects", "Opportunities"):
        for row in mirror.rows(kind):
            types[whole_or_none(row.get("tickettype_id")) or 0] += 1
            statuses[whole_or_none(row.get("status_id")) or 0] += 1
    return types, statuses


def _named(mirror: Records, kind: str, noun: str, rows: Iterable[JsonObject], used: Counter[int]) -> Iterator[Case]:
    seen: dict[str, str] = {}
    for row in rows:
        name = str(row.get("name") or row["id"])
        plain = _NOISE.sub("", name.lower()).rstrip("s")
        facts = TypeFacts(noun.replace("_", " "), name, used[row["id"]], seen.get(plain))
        seen.setdefault(plain, name)
        yield Case(Subject(noun, str(row["id"])), None, None, facts, mirror.read_at(kind), mirror.observations(kind))
