"""The policy document: one validated TOML, merged over shipped defaults, with overrides by practice and customer."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.errors import Unacceptable
from shared.model import JsonObject
from shared.policy.access import AccessPolicy
from shared.policy.approvals import ApprovalPolicy
from shared.policy.billing import BillingPolicy
from shared.policy.configuration import ConfigurationPolicy
from shared.policy.delivery import HandoffPolicy, ProjectPolicy
from shared.policy.desk import DeskPolicy, PracticePolicy
from shared.policy.governance import GovernancePolicy
from shared.policy.halopsa import HaloPolicy
from shared.policy.programme import ProgrammePolicy, faults, steps_of
from shared.policy.service import ServicePolicy


class Overrides(BaseModel):
    """Partial documents by practice key and by customer id; the customer's wins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    practice: dict[str, dict[str, Any]] = {}
    customer: dict[str, dict[str, Any]] = {}


class Confirmed(BaseModel):
    """Which shipped numbers a decision has confirmed: dotted key to decision id."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    keys: dict[str, str] = {}


PracticeKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
"""Stands in tokens, addresses and file names."""


class Policy(BaseModel):
    """The whole document. Every section has defaults; an unknown key is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    service: ServicePolicy = ServicePolicy()
    approvals: ApprovalPolicy = ApprovalPolicy()
    billing: BillingPolicy = BillingPolicy()
    project: ProjectPolicy = ProjectPolicy()
    handoff: HandoffPolicy = HandoffPolicy()
    desk: DeskPolicy = DeskPolicy()
    governance: GovernancePolicy = GovernancePolicy()
    programme: ProgrammePolicy = ProgrammePolicy()
    access: AccessPolicy = AccessPolicy()
    halopsa: HaloPolicy = HaloPolicy()
    configuration: ConfigurationPolicy = ConfigurationPolicy()
    practices: Annotated[
        dict[PracticeKey, PracticePolicy], Field(default_factory=lambda: dict(PracticePolicy.shipped()))
    ]
    override: Overrides = Overrides()
    confirmed: Confirmed = Confirmed()

    @model_validator(mode="after")
    def _makes_sense(self) -> Policy:
        if found := next(faults(steps_of(self.programme)), None):
            raise ValueError(found)
        lead = self.governance.platform_lead
        if lead and (led := [key for key, one in self.practices.items() if one.manager == lead]):
            raise ValueError(
                f"who leads the platform cannot manage {', '.join(led)}: a practice is owned by its own leader"
            )
        return self

    def scoped(self, practice: str | None, customer: str | None) -> Policy:
        """This policy with the overrides of a practice and a customer applied."""
        patches = [
            patch
            for patch in (
                self.override.practice.get(practice) if practice else None,
                self.override.customer.get(customer) if customer else None,
            )
            if patch
        ]
        return _scoped(self.model_dump_json(), tuple(map(repr, patches)), patches) if patches else self

    def practice_of(self, ticket_type: int | None, team: str | None) -> str | None:
        """Which practice a ticket belongs to: by ticket type first, then by team; None when policy does not say."""
        for key, practice in self.practices.items():
            if ticket_type is not None and ticket_type in practice.ticket_types:
                return key
        for key, practice in self.practices.items():
            if team is not None and team in practice.teams:
                return key
        return None

    def practice_of_contract(self, contract_type: int | None) -> str | None:
        """Whose an agreement is; None when policy does not say, or names its type for several."""
        named = [key for key, practice in self.practices.items() if contract_type in practice.contract_types]
        return named[0] if len(named) == 1 else None

    def unconfirmed(self) -> tuple[str, ...]:
        """Dotted keys of numbers nobody has decided yet."""
        return tuple(key for key in UNCONFIRMED if key not in self.confirmed.keys)


UNCONFIRMED: tuple[str, ...] = (
    "billing.margin_floor",
    "billing.materiality",
    "billing.unbilled_days",
    "handoff.margin_floor",
    "project.burn_amber",
    "project.burn_red",
    "project.slip_amber_days",
    "project.slip_red_days",
    "project.blockage_days",
    "project.stale_days",
    "project.change_materiality",
    "project.unplanned_share",
    "project.escalate_after_days",
    "project.response_hours",
    "desk.stale_days",
    "service.sample_size",
    "service.retention_days",
    "service.calendar",
    "configuration.most_ticket_types",
    "configuration.most_statuses",
)
"""Numbers the source documents leave open; the weekly report names them until a decision confirms them."""


_SCOPED: dict[tuple[str, tuple[str, ...]], Policy] = {}


def _scoped(body: str, names: tuple[str, ...], patches: list[dict[str, Any]]) -> Policy:
    key = (hashlib.sha256(body.encode()).hexdigest(), names)
    found = _SCOPED.get(key)
    if found is None:
        merged: JsonObject = Policy.model_validate_json(body).model_dump(mode="python")
        for patch in patches:
            merged = merge(merged, patch)
        if len(_SCOPED) > 1000:
            _SCOPED.clear()
        found = _SCOPED[key] = Policy.model_validate(merged)
    return found  # not read again: another thread may have emptied it


def merge(under: JsonObject, over: JsonObject) -> JsonObject:
    """Deep merge of tables; lists and values of ``over`` replace."""
    out = dict(under)
    for key, value in over.items():
        held = out.get(key)
        out[key] = merge(held, value) if isinstance(held, dict) and isinstance(value, dict) else value
    return out


def read_policy(*documents: str) -> Policy:
    """Parse TOML documents, later ones merged over earlier ones, and over the shipped defaults.

    Raises Unacceptable (policy_invalid) naming the line or every key at fault.
    """
    merged: JsonObject = {}
    for text in documents:
        try:
            merged = merge(merged, tomllib.loads(text))
        except tomllib.TOMLDecodeError as fault:
            raise Unacceptable(f"The policy is not TOML: {fault}.", code="policy_invalid") from None
    # tables by name (suppliers, deciding roles, practices) keep what is shipped beside what is given
    merged = merge(Policy.model_validate({}).model_dump(mode="python"), merged)
    try:
        policy = Policy.model_validate(merged)
        for patches in (policy.override.practice, policy.override.customer):
            for patch in patches.values():
                Policy.model_validate(merge(policy.model_dump(mode="python"), patch))
    except ValidationError as fault:
        names = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in fault.errors(include_url=False))
        raise Unacceptable(f"The policy cannot be used: {names}.", code="policy_invalid") from None
    return policy


@lru_cache(maxsize=4)
def shipped_policy() -> Policy:
    """The defaults alone."""
    return read_policy("")


def policy_digest(policy: Policy) -> str:
    """Hex SHA-256 of the policy's canonical JSON (sorted keys; all values are strings, integers, booleans or tables)."""
    import rfc8785

    return hashlib.sha256(rfc8785.dumps(policy.model_dump(mode="json"))).hexdigest()
