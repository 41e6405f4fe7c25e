"""Whether billing automation counts as trusted: under a signed validation that still fits policy and contract map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.approvals.quorum import content_digest
from shared.controls import billing_validated
from shared.controls.spec import Case
from shared.model import JsonObject, Subject
from shared.procedures.assess import assess
from shared.procedures.services import Services
from shared.registers import validations


@dataclass(frozen=True, slots=True)
class Trust:
    """``code`` says why not, in the words of ``controls.billing_validated``; None where it is trusted."""

    code: str | None
    validation_id: str | None
    signed_at: str | None
    begun: bool

    @property
    def trusted(self) -> bool:
        """A signed validation is in force."""
        return self.code is None

    def to_json(self) -> JsonObject:
        """As runs and pages tell it."""
        return {
            "trusted": self.trusted,
            "code": self.code,
            "text": billing_validated.SENTENCES[self.code] if self.code else "Finance's validation is in force.",
            "validation_id": self.validation_id,
            "signed_at": self.signed_at,
        }


def trust_of(services: Services) -> Trust:
    """The newest signed validation decides; a newer cycle that did not pass, or another policy or map, takes it back."""
    rows = validations.every(services.rows)
    ran = [row for row in rows if row["state"] != validations.DRAFT]
    newest = max(ran, key=lambda row: str(row["ran_at"]), default=None)
    signed = max(
        (row for row in rows if row["state"] == validations.SIGNED), key=lambda row: str(row["signed_at"]), default=None
    )
    begun = bool(rows)
    if signed is None:
        code = "validation_missing"
        if newest is not None:
            code = "validation_waiting" if newest["state"] == validations.WAITING else "validation_failed"
        return Trust(code, None, None, begun)
    code_now: str | None = None
    if signed["content"]["policy"] != policy_mark(services) or signed["content"]["contract_map"] != map_mark(services):
        code_now = "validation_lapsed"
    elif newest is not None and newest["state"] in (validations.FAILED, validations.REJECTED):
        code_now = "validation_failed" if str(newest["ran_at"]) > str(signed["ran_at"]) else None
    return Trust(code_now, signed["id"], signed["signed_at"], begun)


def assess_trust(services: Services, as_of: datetime, run_id: str) -> Trust:
    """Judge it, so that findings and reports say where it stands."""
    trust = trust_of(services)
    facts = billing_validated.ValidationFacts(trust.code, trust.begun)
    case = Case(Subject("service", "billing"), None, None, facts)
    assess(services, billing_validated.CONTROL, [case], as_of=as_of, run_id=run_id)
    return trust


def policy_mark(services: Services) -> str:
    """Digest of everything in policy that decides how invoices are judged."""
    policy = services.policy.policy
    mark: JsonObject = {
        "billing": policy.billing.model_dump(mode="json"),
        "meaning": policy.halopsa.model_dump(mode="json").get("meaning"),
        "customers": {key: one["billing"] for key, one in policy.override.customer.items() if "billing" in one},
    }
    return content_digest(_texts(mark))


def map_mark(services: Services) -> str | None:
    """Digest of the contract map in force; None where there is none."""
    held = validations.contract_map(services.rows)
    if held is None:
        return None
    rows = [{"old": one["old"], "halo": one["halo"]} for one in held["items"]]
    return content_digest({"system": held["system"], "items": rows})


def _texts(value: object) -> JsonObject:
    """Numbers as texts: a digest knows no floats."""

    def plain(one: object) -> object:
        if isinstance(one, dict):
            return {key: plain(held) for key, held in one.items()}
        if isinstance(one, list | tuple):
            return [plain(held) for held in one]
        return one if one is None or isinstance(one, str | bool) else str(one)

    told = plain(value)
    return told if isinstance(told, dict) else {}
