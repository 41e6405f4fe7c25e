"""The service judged by its own controls: the log by its audit, the controls by their jobs, policy by its decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.controls import control_cadence, ledger_intact, policy_confirmed
from shared.controls.catalogue import controls
from shared.controls.control_cadence import SilenceFacts
from shared.controls.ledger_intact import LogFacts
from shared.controls.policy_confirmed import DefaultsFacts
from shared.controls.spec import Case
from shared.errors import RowExists
from shared.model import JsonObject, Subject, parse_instant, rfc3339
from shared.procedures.assess import Assessed, assess
from shared.procedures.runs import ended_well
from shared.procedures.services import Services
from shared.registers import findings
from shared.registers.store import Register

JUDGES: Mapping[str, tuple[str, ...]] = {
    "audit": ("ledger_intact",),
    "billing_check": (
        "billing_validated",
        "charge_entries_reviewed",
        "first_invoice_hold",
        "invoice_left_unsigned",
        "recurring_invoice_hold",
    ),
    "configuration_check": (
        "configuration_governed",
        "control_cadence",
        "desk_setup",
        "master_data",
        "overrides_sampled",
        "policy_confirmed",
        "programme_steps",
    ),
    "desk_check": ("alert_linked", "desk_discipline", "incident_discipline"),
    "handoff_review": (
        "decision_log",
        "handoff_complete",
        "handoff_signoff",
        "handoff_single_project",
        "kickoff_after_signoff",
        "meetings_held",
    ),
    "permission_review": ("integration_permissions",),
    "project_status": ("project_closeout", "project_control", "stage_gate"),
}
"""Which job gives which controls all their subjects; a control without a clock is given each as its event comes."""


def judge_log(services: Services, audited: JsonObject, as_of: datetime, run_id: str) -> list[Assessed]:
    """The meta-log, every log the audit objects to, and every log it objected to before; nobody's customer: logs are opaque."""
    by_log: Mapping[str, Sequence[str]] = audited["by_log"]
    control = ledger_intact.CONTROL
    standing = {
        row["subject"]["id"]
        for row in findings.of_control(services.rows, control.id)
        if row["verdict"] in findings.ASKING
    }
    texts: dict[str, list[tuple[str, str]]] = {}
    for one in audited["findings"]:
        texts.setdefault(one["log"], []).append((one["code"], one["text"]))
    cases = [
        Case(
            Subject(control.subject_kind, log),
            None,
            None,
            LogFacts(log, tuple(by_log.get(log, ())), tuple(texts.get(log, ()))),
        )
        for log in sorted({services.ledger.names.meta, *by_log, *standing})
    ]
    return assess(services, control, cases, as_of=as_of, run_id=run_id)


def judge_silence(services: Services, as_of: datetime, run_id: str) -> list[Assessed]:
    """Every control with a clock, by when its job last ended well."""
    now = services.clock.now()
    first = _first_look(services, now)
    last = ended_well(services)
    known = controls()
    cases = []
    for job, names in JUDGES.items():
        since = last.get(job)
        silent = now - (since or first)
        cases += [
            Case(
                Subject("control", name),
                None,
                None,
                SilenceFacts(name, known[name].cadence, job, silent, since is not None),
            )
            for name in names
        ]
    return assess(services, control_cadence.CONTROL, cases, as_of=as_of, run_id=run_id)


def judge_defaults(services: Services, as_of: datetime, run_id: str) -> list[Assessed]:
    """The policy in force."""
    facts = DefaultsFacts(services.policy.policy.unconfirmed())
    case = Case(Subject("policy", "defaults"), None, None, facts)
    return assess(services, policy_confirmed.CONTROL, [case], as_of=as_of, run_id=run_id)


def _first_look(services: Services, now: datetime) -> datetime:
    """When silence was first looked for: what never ran has been silent since then."""
    register = Register(services.rows, "first-look")
    held = register.get("silence")
    if held is not None:
        return parse_instant(held.body["at"])
    try:
        register.insert("silence", {"at": rfc3339(now)})
    except RowExists:  # another look was faster, by moments
        return now
    return now
