"""Every integration holds only rights that somebody known needs, uses and has looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from shared.controls.spec import Cadence, Canary, Control, Judgement
from shared.measures.access_facts import Credential, Gone, Integration, Permission, ReviewFacts, TenantRead
from shared.model import Reason, Role, Severity, Verdict
from shared.policy.access import AccessPolicy
from shared.policy.document import Policy

UNKNOWN = "stale_facts"
"""What could not be read, or means nothing as it is told: never a risk, and never a pass."""
CODES = (
    "tier0",
    "unknown_permission",
    "unused_permission",
    "unused_integration",
    "added_since_last_review",
    "credential_expired",
    "credential_expiring",
    "credential_too_long",
    "credentials_many",
    "ownerless",
    "unregistered",
    "unverified_publisher",
    "multi_tenant",
    "consent_all_users",
    "admin_agent",
    "interactive_login",
    "not_revoked",
    UNKNOWN,
)
_UNKNOWN = frozenset({"unknown_permission", UNKNOWN})
_GRAVE = frozenset({"tier0", "admin_agent", "not_revoked", "credential_expired"})
_MOST_NAMED, _LONGEST_NAME = 5, 100


def risks(facts: ReviewFacts, policy: AccessPolicy, now: datetime) -> list[Reason]:
    """Everything that speaks against an integration, in the order of the codes."""
    found = [
        *_rights(facts),
        *_use(facts.integration, policy, now),
        *_credentials(facts.integration, policy, now),
        *_standing(facts),
    ]
    return sorted(found, key=lambda reason: CODES.index(reason.code))


def _named(values: list[str]) -> str:
    more = len(values) - _MOST_NAMED
    shown = (one if len(one) <= _LONGEST_NAME else one[:_LONGEST_NAME] + "…" for one in values[:_MOST_NAMED])
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _rights(facts: ReviewFacts) -> Iterator[Reason]:
    held = facts.integration.permissions
    groups = (
        ("tier0", "It can take over the whole environment: {}.", [one.value for one in held if one.tier == 0]),
        ("unknown_permission", "Nobody we trust has judged {}.", [one.value for one in held if one.tier is None]),
        (
            "unused_permission",
            "The log shows no call that needs {}.",
            [one.value for one in held if one.used is False and one.logged],
        ),
        ("added_since_last_review", "Since the last review it gained {}.", list(facts.added)),
        ("not_revoked", "It was to lose {} and still has it.", list(facts.not_revoked)),
    )
    for code, text, values in groups:
        if values:
            yield Reason(code, text.format(_named(values)))
    if facts.new and not facts.added:
        yield Reason("added_since_last_review", "It was not there at the last review.")


def _use(one: Integration, policy: AccessPolicy, now: datetime) -> Iterator[Reason]:
    limit = now - timedelta(days=policy.unused_days)
    if not one.use_known or (one.since is not None and one.since > limit):
        return
    if one.last_used is None:
        yield Reason("unused_integration", "No sign-in or call of it is known.")
    elif one.last_used < limit:
        yield Reason("unused_integration", f"It was last used on {one.last_used:%Y-%m-%d}.")


def _credentials(one: Integration, policy: AccessPolicy, now: datetime) -> Iterator[Reason]:
    soon = now + timedelta(days=policy.expiring_days)
    ends = [credential.end for credential in one.credentials if credential.end is not None]
    expired = sum(end <= now for end in ends)
    expiring = sum(now < end <= soon for end in ends)
    if expired:
        yield Reason("credential_expired", f"{expired} of its credentials have expired and are still there.")
    if expiring:
        yield Reason("credential_expiring", f"{expiring} of its credentials expire within {policy.expiring_days} days.")
    if any(_too_long(credential, policy, now) for credential in one.credentials):
        yield Reason("credential_too_long", f"A credential of it is valid for more than {policy.too_long_days} days.")
    for credential in one.credentials:
        if credential.end is None:
            yield Reason(UNKNOWN, "A credential of it tells no end.")
        elif credential.start is not None and credential.end < credential.start:
            yield Reason(UNKNOWN, "A credential of it ends before it begins.")
    if len(one.credentials) > policy.many_credentials:
        yield Reason("credentials_many", f"It has {len(one.credentials)} credentials at once.")


def _too_long(credential: Credential, policy: AccessPolicy, now: datetime) -> bool:
    limit = timedelta(days=policy.too_long_days)
    return credential.end is not None and credential.end - (credential.start or now) > limit


def _standing(facts: ReviewFacts) -> Iterator[Reason]:
    one = facts.integration
    if not facts.registered_owner and not one.owners and not one.ours:
        yield Reason("ownerless", "Nobody is named as its owner, neither at the source nor in the register.")
    if not facts.registered and not one.ours:
        yield Reason("unregistered", "The register of integrations does not explain it.")
    flags = (
        ("unverified_publisher", one.unverified, "Its publisher is not verified."),
        ("multi_tenant", one.multi_tenant, "It accepts sign-ins from other tenants."),
        ("consent_all_users", one.consent_all, "A consent covers every user of the tenant."),
        ("admin_agent", one.admin_agent, "It acts as an agent with administrator rights."),
        (
            "interactive_login",
            one.interactive,
            "People can sign in as the agent it acts as, or through it with a password.",
        ),
    )
    for code, raised, text in flags:
        if raised:
            yield Reason(code, text)
    for text in one.unknowns:
        yield Reason(UNKNOWN, text)


def judge(facts: Any, policy: Policy, now: datetime) -> Judgement:
    """FAIL for risks nobody has answered this quarter; UNKNOWN when all that is left is what nobody knows."""
    if isinstance(facts, TenantRead):
        return Judgement(Verdict.PASS)
    if isinstance(facts, Gone):
        return Judgement(Verdict.NOT_APPLICABLE)
    case = cast("ReviewFacts", facts)
    reasons = tuple(one for one in risks(case, policy.access, now) if one.code not in case.accepted)
    codes = {one.code for one in reasons}
    verdict = Verdict.PASS if not codes else Verdict.UNKNOWN if codes <= _UNKNOWN else Verdict.FAIL
    owner = case.registered_owner or next(iter(case.integration.owners or ()), None)
    severity = Severity.HIGH if codes & _GRAVE else Severity.MEDIUM
    return Judgement(verdict, reasons, severity, owner=owner)


def _canary(code: str, **more: Any) -> Canary:
    """An integration that is in order but for one thing."""
    about: dict[str, Any] = {"added": (), "not_revoked": (), "registered": True, "registered_owner": "somebody"}
    about |= {name: more.pop(name) for name in tuple(more) if name in about}

    def facts(_policy: Policy, now: datetime) -> ReviewFacts:
        made = {name: value(now) if callable(value) else value for name, value in more.items()}
        return ReviewFacts(Integration("entra", "t", "canary", "canary", "Canary", **made), **about)

    return Canary(f"An integration with {code}", code, facts)


def _lasting(start: float, end: float, count: int = 1) -> Callable[[datetime], tuple[Credential, ...]]:
    def made(now: datetime) -> tuple[Credential, ...]:
        span = (now + timedelta(days=start), now + timedelta(days=end))
        return tuple(Credential(str(number), *span) for number in range(count))

    return made


CONTROL = Control(
    id="integration_permissions",
    title="Every integration holds only rights that a known owner needs, uses and has answered for this quarter.",
    objective="No program can do more to us or our customers than somebody has knowingly decided.",
    owner=Role.INTEGRATION_OWNER,
    subject_kind="integration",
    cadence=Cadence.QUARTERLY,
    needs=(
        "servicePrincipals",
        "appRoleAssignments",
        "oauth2PermissionGrants",
        "Application",
        "Agent",
        "roleAssignments",
    ),
    codes=CODES,
    judge=judge,
    frameworks=("psf@1.1:D7", "pai8@2026:C8"),
    canaries=(
        _canary("tier0", permissions=(Permission("Everything.ReadWrite.All", "application", 0),)),
        _canary("unknown_permission", permissions=(Permission("Nobody.Knows", "application"),)),
        _canary("unused_permission", permissions=(Permission("User.Read.All", "application", 2, used=False),)),
        _canary("unused_integration", use_known=True, last_used=lambda now: now - timedelta(days=4000)),
        _canary("added_since_last_review", added=("User.Read.All",)),
        _canary("credential_expired", credentials=_lasting(-40, -10)),
        _canary("credential_expiring", credentials=_lasting(-10, 0.5)),
        _canary("credential_too_long", credentials=_lasting(-1, 4000)),
        _canary("credentials_many", credentials=_lasting(-1, 200, 99)),
        _canary("ownerless", registered_owner=""),
        _canary("unregistered", registered=False),
        _canary("unverified_publisher", unverified=True),
        _canary("multi_tenant", multi_tenant=True),
        _canary("consent_all_users", consent_all=True),
        _canary("admin_agent", admin_agent=True),
        _canary("interactive_login", interactive=True),
        _canary("not_revoked", not_revoked=("User.Read.All",)),
    ),
)
