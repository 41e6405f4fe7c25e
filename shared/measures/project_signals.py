"""What asks for attention in a project: each a sentence with its code, judged against policy; no colour yet."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shared.measures.baseline import Burn
from shared.measures.project_status import ProjectStatus
from shared.measures.variance_causes import WIDE, cents
from shared.model import Money, Reason
from shared.policy.document import Policy

RED, AMBER, OPEN, UNKNOWN, NOTE = "red", "amber", "open", "unknown", "note"
"""OPEN must be put right but says nothing of the project's health; NOTE does not touch the rating at all."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that asks for attention."""

    level: str
    reason: Reason


def signals(status: ProjectStatus, policy: Policy) -> tuple[Signal, ...]:
    """Everything that asks for attention, gates and closing included."""
    return (*control_signals(status, policy), *gate_signals(status), *closeout_signals(status))


def control_signals(status: ProjectStatus, policy: Policy) -> tuple[Signal, ...]:
    """Baseline, accountability, cost, schedule, blockage, and data that cannot be used."""
    found = [Signal(UNKNOWN, fault) for fault in status.facts.faults]
    if status.baseline is None:
        if status.facts.closed:
            return tuple(found)
        found.append(
            _signal(
                OPEN,
                "no_baseline",
                "The project has no control baseline, so nothing can be said of its "
                "cost and schedule. Record one with its budget and plan by period.",
            )
        )
    else:
        found += _accountable(status)
        found += _over(status)
        found += _cost(status, policy)
        found += _schedule(status, policy)
        found += _currency(status, policy)
        found += [Signal(UNKNOWN, fault) for fault in (status.done.faults if status.done else ())]
    found += [
        Signal(UNKNOWN, fault)
        for fault in status.cost.faults
        if status.baseline is not None or fault.code != "cost_missing"
    ]
    if not status.facts.closed:
        found += [
            _signal(
                UNKNOWN,
                "milestone_undated",
                f"Milestone {one.name or one.id} has no target date, so nobody can say whether it is late.",
            )
            for one in status.undated
        ]
        found += _blocked(status, policy)
    return tuple(found)


def burn_limits(status: ProjectStatus, policy: Policy) -> Burn:
    """Those frozen with the baseline, else those of policy."""
    frozen = status.baseline.burn if status.baseline else None
    return frozen or Burn(policy.project.burn_amber, policy.project.burn_red)


def _cost(status: ProjectStatus, policy: Policy) -> list[Signal]:
    figures = status.figures
    if figures.bac is None or figures.ac is None:
        return []
    if figures.eac is not None:
        burn = figures.eac / figures.bac
        limits = burn_limits(status, policy)
        level = RED if burn > limits.red else AMBER if burn > limits.amber else None
        if level:
            over = figures.eac - figures.bac
            text = f"At the present efficiency the project will cost {_percent(burn - 1)} more than its budget."
            return [_signal(level, "cost_over", text, _money(over, status))]
        return []
    if figures.ac > figures.bac:
        return [
            _signal(
                RED, "cost_over", "More has been spent than the whole budget.", _money(figures.ac - figures.bac, status)
            )
        ]
    if figures.ev == 0 and figures.ac > 0:
        return [_signal(UNKNOWN, "progress_missing", "Money has been spent, but nothing is reported as done yet.")]
    if figures.ev is not None and figures.ev > 0:
        return [_signal(UNKNOWN, "cost_missing", "Work is reported as done, but no cost has been recorded.")]
    return []


def _schedule(status: ProjectStatus, policy: Policy) -> list[Signal]:
    found = []
    if status.baseline is not None and status.as_of <= status.baseline.start:
        found.append(_signal(UNKNOWN, "not_started", "By its baseline the project has not begun yet."))
    slip = status.slip_days
    if slip is not None and (level := _slip_level(slip, policy)):
        words = "finished" if status.finished_at else "is"
        text = f"The project {words} {_days(slip)} working days behind its planned progress."
        found.append(_signal(level, "schedule_slip", text))
    for milestone, days in () if status.facts.closed else status.late:
        if level := _slip_level(days, policy):
            text = f"Milestone {milestone.name or milestone.id} is {_days(days)} working days past its target date."
            found.append(_signal(level, "schedule_slip", text))
    return found


def _slip_level(days: Decimal, policy: Policy) -> str | None:
    if days > policy.project.slip_red_days:
        return RED
    return AMBER if days > policy.project.slip_amber_days else None


def _accountable(status: ProjectStatus) -> list[Signal]:
    named = dict(status.baseline.accountable) if status.baseline else {}
    streams = status.baseline.workstreams if status.baseline else ()
    names = {one.name for one in streams}
    if not any(who.strip() for who in named.values()):
        return [_signal(NOTE, "no_accountable", "Nobody is named as accountable for the project.")]
    if any(who.strip() for key, who in named.items() if key not in names):
        return []
    bare = [one.name for one in streams if not one.accountable and not named.get(one.name, "").strip()]
    if not bare:
        return []
    return [_signal(NOTE, "no_accountable", f"Nobody is named as accountable for {', '.join(bare)}.")]


def _over(status: ProjectStatus) -> list[Signal]:
    """The parts of a plan cannot be more than the whole; what is told by workstream is then wrong somewhere."""
    if status.baseline is None:
        return []
    planned = sum((one.planned_cost or Decimal(0) for one in status.baseline.workstreams), Decimal(0))
    if planned <= status.baseline.bac:
        return []
    text = "The workstreams of the baseline together plan more than its whole budget."
    return [_signal(NOTE, "workstreams_over", text, _money(planned - status.baseline.bac, status))]


def _currency(status: ProjectStatus, policy: Policy) -> list[Signal]:
    plan = status.baseline.currency if status.baseline else ""
    if status.facts.currency and status.facts.currency != plan:
        text = f"The baseline is in {plan}, but the customer is kept in {status.facts.currency}; one of them is wrong."
        return [_signal(UNKNOWN, "currency_mix", text)]
    if plan != policy.service.currency:
        text = (
            f"The baseline is in {plan}, but our cost rates are in {policy.service.currency} by policy; "
            "costs were compared as if they were in one currency."
        )
        return [_signal(UNKNOWN, "currency_mix", text)]
    return []


def _blocked(status: ProjectStatus, policy: Policy) -> list[Signal]:
    return [
        _signal(
            AMBER,
            "dependency_blocked",
            f"Milestone {one.milestone.name or one.milestone.id} has been waiting for "
            f"{one.waits_for.name or one.waits_for.id} for {_days(one.days)} days.",
        )
        for one in status.blocked
        if one.days > policy.project.blockage_days
    ]


def gate_signals(status: ProjectStatus) -> tuple[Signal, ...]:
    """Gates passed without approval, and gates reached without a complete request."""
    found = []
    for one in status.gates:
        name = one.gate.name
        if one.worked_past:
            words = "is waiting for its decision" if one.record.state == "submitted" else "has not been approved"
            text = f"Work behind the gate {name} has begun ({_listed(one.worked_past)}), but the gate {words}."
            found.append(_signal(RED, "gate_skipped", text))
        if one.reached and one.record.state == "open":
            found.append(
                _signal(
                    AMBER,
                    "gate_incomplete",
                    f"The gate {name} is due, but no complete evidence pack has been submitted for it.",
                )
            )
        elif one.record.state == "rejected" and one.record.outcome in ("hold", "stop"):
            found.append(_signal(AMBER, "gate_incomplete", f"The gate {name} was decided as {one.record.outcome}."))
        elif one.reached and one.record.state == "rejected":
            found.append(
                _signal(AMBER, "gate_incomplete", f"The gate {name} was sent back and has not been submitted again.")
            )
    return tuple(found)


def closeout_signals(status: ProjectStatus) -> tuple[Signal, ...]:
    """A closed project without its review, or with something that nobody finished: tasks, entries of its list, billing."""
    if status.baseline is None or not status.facts.closed:
        return ()
    facts, found = status.facts, []
    if not status.reviewed:
        text = (
            "The project is closed, but its review (estimate accuracy, missed risks, corrective actions) "
            "has not been recorded."
        )
        found.append(_signal(NOTE, "closeout_missing", text))
    if left := tuple(task.id for task in facts.tasks if not task.closed and not task.summary):
        found.append(
            _signal(NOTE, "closeout_tasks_open", f"The project is closed, but tasks of it are not: {_listed(left)}.")
        )
    if facts.todo:
        text = f"The project is closed, but its list has {len(facts.todo)} entries that are not done, the first: "
        found.append(_signal(NOTE, "closeout_todo_open", f"{text}{facts.todo[0].strip().rstrip('.')[:120]}."))
    hours = sum((task.time.unbilled for task in facts.tasks), facts.own.unbilled)
    if hours > 0:
        text = f"The project is closed, but {hours.normalize():f} chargeable hours are on no invoice."
        found.append(_signal(NOTE, "closeout_unbilled", text))
    if owed := tuple(one.name or str(one.id) for one in facts.milestones if one.unbilled):
        text = f"The project is closed, but milestones of it that are to be billed are on no invoice: {_listed(owed)}."
        found.append(_signal(NOTE, "closeout_unbilled", text))
    return tuple(found)


def _signal(level: str, code: str, text: str, amount: Money | None = None) -> Signal:
    return Signal(level, Reason(code, text, amount))


def _money(amount: Decimal, status: ProjectStatus) -> Money | None:
    return Money(cents(amount), status.baseline.currency) if status.baseline else None


def _percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.1'), context=WIDE)} per cent"


def _days(days: Decimal) -> str:
    return f"{days.quantize(Decimal('0.1'), context=WIDE).normalize():f}"


def _listed(ids: tuple[str, ...]) -> str:
    return ", ".join(ids[:3]) + (f" and {len(ids) - 3} more" if len(ids) > 3 else "")
