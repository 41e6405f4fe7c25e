"""The test billing cycle: every scenario compared with what HaloPSA shows, and finance asked to sign what passed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, cast

from shared.approvals.quorum import APPROVED, REJECTED
from shared.controls import recurring_invoice_hold
from shared.errors import Unacceptable
from shared.measures.invoice_checks import signoff
from shared.measures.invoice_facts import InvoiceFacts
from shared.measures.validation import AREAS, approval_shown, invoice_shown, verdict_of
from shared.model import JsonObject, NewEntry, Subject, rfc3339
from shared.procedures.ask import Question, ask, withdraw
from shared.procedures.billing_cases import cases_of, open_books
from shared.procedures.billing_reading import read_anew
from shared.procedures.billing_trust import map_mark, policy_mark
from shared.procedures.contract_map import contract_map_view
from shared.procedures.runs import Run
from shared.procedures.services import Services
from shared.registers import validations

KIND = "billing_validation"
_OF_INVOICE = ("recurring_invoice", "finance_approval")
_SIGNATURE = frozenset({"no_signoff", "changed_after_signoff"})
"""What every unsigned invoice says; a scenario is about errors."""


class _Validation(Protocol):
    def actual(self, mirror: Any, area: str, identity: str) -> JsonObject | None: ...


def billing_validation_run(services: Services, run: Run) -> JsonObject:
    """The job ``billing_validation``: run the newest validation that is not closed. Unacceptable when there is none."""
    rows = [row for row in validations.every(services.rows) if row["state"] not in _CLOSED]
    if not rows:
        raise Unacceptable("No validation of billing is drawn up.", code="validation_missing")
    row = rows[-1]
    read_anew(services, lambda text: run.progress(0.05, text))
    run.progress(0.3, f"Comparing {len(row['scenarios'])} scenarios.")
    outcomes = _outcomes(services, row["scenarios"], run.as_of)
    counts = {verdict: sum(one["verdict"] == verdict for one in outcomes) for verdict in ("pass", "fail", "unknown")}
    gaps = _gaps(services, row["scenarios"], outcomes)
    result: JsonObject = {
        "as_of": rfc3339(run.as_of),
        "run_id": run.run_id,
        **counts,
        "gaps": gaps,
        "scenarios": outcomes,
    }
    state = validations.FAILED if gaps else validations.WAITING
    now = rfc3339(services.clock.now())
    receipt = services.ledger.record(
        NewEntry(
            type="validation.run",
            key=f"validation-run\n{row['id']}\n{run.run_id}",
            payload=json.dumps({"validation": row["id"], "state": state, **result}, sort_keys=True).encode(),
            subject=Subject("validation", row["id"]),
            controls=("billing_validated",),
            actor=run.requested_by,
        )
    )
    change: JsonObject = {"state": state, "result": result, "ran_at": now, "evidence_id": receipt.evidence_id}
    asked = withdraw(services, row["approval_id"], "The test cycle was run again.") if row["approval_id"] else None
    if asked is None or asked["state"] not in (APPROVED, REJECTED):
        row = _amend(services, row["id"], change | {"approval_id": None, "content": None})
        if row["state"] == validations.WAITING:
            _ask(services, row, run.run_id)
    else:  # finance decided on the former result while this one was found: that counts
        state = validations.SIGNED if asked["state"] == APPROVED else validations.REJECTED
    return {"validation_id": row["id"], "outcome": state, **counts, "gaps": gaps}


_CLOSED = (validations.SIGNED, validations.REJECTED)


def _amend(services: Services, identity: str, change: JsonObject) -> JsonObject:
    """Nothing about a validation changes once finance has decided on it."""
    body = validations.register(services.rows).change(
        identity, lambda held: None if held is None or held["state"] in _CLOSED else {**held, **change}
    )
    return body or change


def _outcomes(services: Services, scenarios: list[JsonObject], as_of: datetime) -> list[JsonObject]:
    facts = cast("_Validation", services.facts("validation"))
    wanted = frozenset(one["subject"]["id"] for one in scenarios if one["area"] in _OF_INVOICE)
    invoices = _invoices(services, wanted, as_of) if wanted else {}
    outcomes = []
    for one in scenarios:
        area, identity = one["area"], one["subject"]["id"]
        shown = (
            invoices.get(identity, {}).get(area)
            if area in _OF_INVOICE
            else facts.actual(services.mirror, area, identity)
        )
        verdict, why = verdict_of(one["expected"], shown)
        told = None if shown is None else {name: shown.get(name) for name in one["expected"]}
        outcomes.append({"id": one["id"], "verdict": verdict, "actual": told, "differences": why})
    return outcomes


def _invoices(services: Services, ids: frozenset[str], as_of: datetime) -> Mapping[str, Mapping[str, JsonObject]]:
    """What the billing check sees of these recurring invoices, due or not, without holding or recording anything."""
    books, due, _ = open_books(services, as_of, ids, whatever=True)
    out: dict[str, dict[str, JsonObject]] = {}
    for case in cases_of(services, books, due):
        if not isinstance(case.facts, InvoiceFacts):
            continue
        policy = services.policy.policy.scoped(None, case.customer)
        judged = recurring_invoice_hold.judge(case.facts, policy, as_of)
        # what finance accepted with its signature is an error all the same
        codes = frozenset(reason.code for reason in judged.reasons) | frozenset(judged.detail.get("accepted", ()))
        out[case.subject.id] = {
            "recurring_invoice": invoice_shown(case.facts, codes - _SIGNATURE),
            "finance_approval": approval_shown(case.facts, signed=signoff.covered(case.facts)),
        }
    return out


def _gaps(services: Services, scenarios: list[JsonObject], outcomes: list[JsonObject]) -> list[JsonObject]:
    """Why finance is not asked yet."""
    gaps: list[JsonObject] = []
    tested = {one["area"] for one in scenarios}
    untested = [area.replace("_", " ") for area in AREAS if area not in tested]
    if untested:
        gaps.append({"code": "area_untested", "text": f"No scenario tests: {', '.join(untested)}."})
    for verdict, code in (("fail", "scenario_failed"), ("unknown", "scenario_unknown")):
        names = [one["id"] for one in outcomes if one["verdict"] == verdict]
        if names:
            said = "did not come out as expected" if verdict == "fail" else "could not be compared"
            gaps.append({"code": code, "text": f"{len(names)} of {len(outcomes)} {said}: {', '.join(names[:20])}."})
    held = contract_map_view(services)
    if not held["complete"]:
        names = [one["old"] for one in held["items"] if one["state"] == "open"]
        why = f"Nobody has decided about: {', '.join(names[:20])}." if names else "There is no contract map."
        gaps.append({"code": "type_unmapped", "text": why})
    if validations.newest_look_back(services.rows) is None:
        gaps.append({"code": "look_back_missing", "text": "Nobody has looked back over what was billed before."})
    return gaps


def _content(services: Services, row: JsonObject) -> JsonObject:
    """What finance signs: scenarios with expected and found results, and what they were judged under."""
    found = {one["id"]: one for one in row["result"]["scenarios"]}
    behind = validations.newest_look_back(services.rows)
    return {
        "validation": row["id"],
        "name": row["name"],
        "as_of": row["result"]["as_of"],
        "policy": policy_mark(services),
        "contract_map": map_mark(services),
        "look_back": None
        if behind is None
        else {
            "period": behind["period"],
            "invoices": str(behind["population"]),
            "exceptions": str(behind["exceptions"]),
            "evidence_id": behind["evidence_id"],
        },
        "scenarios": [
            {
                "id": one["id"],
                "area": one["area"],
                "title": one["title"],
                "subject": f"{one['subject']['kind']} {one['subject']['id']}",
                "expected": one["expected"],
                "found": found[one["id"]]["actual"],
            }
            for one in row["scenarios"]
        ],
    }


def _ask(services: Services, row: JsonObject, run_id: str) -> None:
    content = _content(services, row)
    opened = ask(
        services,
        Question(
            kind=KIND,
            subject=Subject("validation", row["id"]),
            customer=None,
            practice=None,
            content=content,
            requester=row["by"],
            text=f"Sign the validation of billing “{row['name']}”: all {len(row['scenarios'])} scenarios of its test cycle "
            "came out as expected. With it, billing automation counts as trusted.",
        ),
        run_id=run_id,
    )
    _amend(services, row["id"], {"approval_id": opened["id"], "content": content})


def present_content(services: Services, approval: JsonObject) -> JsonObject | None:
    """The same under the policy, contract map and look-back of this moment; None when it was run again without passing."""
    held = validations.register(services.rows).get(approval["subject"]["id"])
    if held is None or held.body["approval_id"] != approval["id"]:
        return None
    return _content(services, held.body)


def on_decided(services: Services, approval: JsonObject) -> None:
    """Approved: billing is trusted from now on. Rejected: it is not, and a new validation must be drawn up."""
    held = validations.register(services.rows).get(approval["subject"]["id"])
    if held is None or held.body["approval_id"] != approval["id"]:
        return
    if approval["state"] != APPROVED:
        _amend(services, held.body["id"], {"state": validations.REJECTED})
        return
    by = [one["by"] for one in approval["decisions"] if one["decision"] == "approve"]
    signed: JsonObject = {"state": validations.SIGNED, "signed_at": approval["closed_at"], "signed_by": by}
    _amend(services, held.body["id"], {**signed, "content": approval["content"]})
    services.ledger.record(
        NewEntry(
            type="validation.signed",
            key=f"validation-signed\n{approval['id']}",
            payload=json.dumps(
                {"validation": held.body["id"], "digest": approval["digest"], "content": approval["content"], **signed},
                sort_keys=True,
                ensure_ascii=False,
            ).encode(),
            subject=Subject("validation", held.body["id"]),
            controls=("billing_validated",),
            actor=by[-1] if by else "service",
        )
    )
