"""Ask for an exception from a handoff rule: two persons, for exactly this handoff, with a reason and an end."""

from __future__ import annotations

from typing import Any, Protocol, cast

from shared.approvals.quorum import content_digest
from shared.errors import NotFound, Unacceptable
from shared.measures.handoff_facts import HandoffFacts
from shared.model import JsonObject, Person, Subject, parse_instant, rfc3339
from shared.policy.document import Policy
from shared.ports import Records
from shared.procedures.ask import Question, ask
from shared.procedures.decide import visible
from shared.procedures.handoff_content import content_of
from shared.procedures.services import Services
from shared.registers import handoffs as register

WAIVABLE = frozenset(
    {
        "margin_below_floor",
        "margin_unknown",
        "dependencies_missing",
        "acceptance_missing",
        "source_link_missing",
        "assumption_unresolved",
        "scope_conflict",
    }
)
"""What two persons may except. An unsigned scope is not among it."""
_LONGEST = 4000


class _Facts(Protocol):
    def handoff(self, mirror: Records, policy: Policy, opportunity_id: str) -> HandoffFacts | None: ...


def request_exception(services: Services, person: Person, opportunity_id: str, body: Any) -> JsonObject:
    """Open the approval for ``{"codes": [...], "rationale", "expires"}``; it covers the handoff as it stands now.

    Raises NotFound or Unacceptable (exception_invalid).
    """
    row = register.get(services.rows, opportunity_id)
    if row is None or not visible(row, person):
        raise NotFound(f"There is no handoff {opportunity_id}.", code="handoff_not_found")
    codes, rationale, expires = _read(services, body)
    held = {reason["code"] for reason in row["reasons"]}
    if not codes <= held:
        raise Unacceptable(f"The handoff does not lack {', '.join(sorted(codes - held))}.", code="exception_invalid")
    policy = services.policy.policy.scoped(row["practice"], row["customer"])
    facts = cast("_Facts", services.facts("delivery")).handoff(services.mirror, services.policy.policy, opportunity_id)
    if facts is None:
        raise NotFound(f"There is no won opportunity {opportunity_id}.", code="handoff_not_found")
    content = {
        "handoff": content_digest(content_of(services, services.mirror, facts, policy)),
        "opportunity": opportunity_id,
        "codes": sorted(codes),
        "rationale": rationale,
        "expires": expires,
    }
    return ask(
        services,
        Question(
            kind="handoff_exception",
            subject=Subject("opportunity", opportunity_id),
            customer=row["customer"],
            practice=row["practice"],
            content=content,
            requester=person.oid,
            persons=2,
            text=f"Except opportunity {opportunity_id} from {', '.join(sorted(codes))}.",
        ),
    )


def _read(services: Services, body: Any) -> tuple[set[str], str, str]:
    if not isinstance(body, dict) or set(body) != {"codes", "rationale", "expires"}:
        raise Unacceptable("An exception holds codes, rationale and expires.", code="exception_invalid")
    codes, rationale = body["codes"], body["rationale"]
    if (
        not isinstance(codes, list)
        or not codes
        or any(not isinstance(one, str) or one not in WAIVABLE for one in codes)
    ):
        raise Unacceptable(f"codes must be among {', '.join(sorted(WAIVABLE))}.", code="exception_invalid")
    if not isinstance(rationale, str) or not rationale.strip() or len(rationale) > _LONGEST:
        raise Unacceptable("An exception needs a rationale of at most 4,000 characters.", code="exception_invalid")
    try:
        expires = parse_instant(body["expires"]) if isinstance(body["expires"], str) else None
    except ValueError:
        expires = None
    if expires is None or expires <= services.clock.now():
        raise Unacceptable(
            "An exception needs an end in the future, such as 2026-12-31T00:00:00Z.", code="exception_invalid"
        )
    return set(codes), rationale.strip(), rfc3339(expires)
