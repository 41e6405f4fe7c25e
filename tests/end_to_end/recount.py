"""The figures of the contract counted again: from HaloPSA's rows and the registers' answers alone, by plain loops.

Nothing here is shared with the service. Times are read as text, sums are fractions, and each figure is the sentence of
docs/reports.md over again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Told = tuple[int, Fraction | None]
"""Denominator and value; nothing to count is (0, None)."""
NOTHING: Told = (0, None)
SECURITY = 25
NOT_TICKETS = (5, 26, 30, 40, 41)
BILLING = ("recurring_invoice_hold", "first_invoice_hold", "charge_entries_reviewed", "invoice_left_unsigned")


def at(text: object) -> datetime | None:
    """HaloPSA's text as an instant; the year 1900 is none."""
    if not isinstance(text, str) or not text:
        return None
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None if moment.year <= 1900 else moment


@dataclass(frozen=True)
class World:
    """What there is to count: ``rows`` by HaloPSA's table, and what the service answers of its registers."""

    rows: dict[str, list[Row]]
    findings: list[Row]
    projects: list[Row]
    handoffs: list[Row]
    backlog: list[Row]
    controls: list[Row]
    plans: dict[str, Row]
    changes: dict[str, list[datetime]]
    start: datetime
    end: datetime

    def within(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end


def practice_of(ticket: Row) -> str | None:
    """By type, then by team, as the policy of the demo says."""
    by_type = {1: "msp", 3: "msp", 25: "mssp", 26: "mssp", 5: "ps", 30: "ps", 40: "ps", 41: "ps"}
    by_team = {"Service Desk": "msp", "Network": "msp", "Security Operations": "mssp", "Projects": "ps"}
    return by_type.get(ticket.get("tickettype_id") or 0) or by_team.get(ticket.get("team") or "")


def recount(world: World, practice: str | None) -> dict[str, Told]:
    """Every figure but those of service performance; without those told for all practices together only."""
    everybody = [row for table in ("Tickets", "Projects", "Opportunities") for row in world.rows.get(table, [])]
    whose = {row["id"]: practice_of(row) for row in everybody}

    def mine(key: str | None) -> bool:
        return practice is None or key == practice

    tickets = [
        row
        for row in world.rows["Tickets"]
        if mine(practice_of(row))
        and not row.get("is_project")
        and not row.get("is_opportunity")
        and row.get("tickettype_id") not in NOT_TICKETS
    ]
    actions = [row for row in world.rows["Actions"] if row["ticket_id"] in whose and mine(whose[row["ticket_id"]])]
    out = _flow(world, tickets) | _security(world, [row for row in tickets if row["tickettype_id"] == SECURITY])
    out |= _projects(world, [row for row in world.projects if mine(row["practice"])])
    out |= _trust(world, [row for row in world.findings if mine(row["practice"])])
    out["workflow_usage"] = share(
        row["workflow_id"] > 0
        for row in tickets
        if row.get("workflow_id") is not None and world.within(at(row["dateoccurred"]))
    )
    out["unbilled_hours"] = total(
        Fraction(0) if invoiced(row) else Fraction(str(row["actionchargehours"]))
        for row in actions
        if chargeable(row) and _before(at(row.get("datetime")), world.end)
    )
    made = [row for row in actions if world.within(at(row.get("datetime")))]
    out["automated_updates"] = total(Fraction(bool(row.get("actionby_application_id"))) for row in made)
    handed = [row for row in world.handoffs if mine(row.get("practice")) and row.get("first_submission")]
    out["handoff_completeness"] = mean(
        Fraction(str(row["first_submission"]["completeness"]))
        for row in handed
        if world.within(at(row["first_submission"]["at"]))
    )
    done = [row for row in world.backlog if mine(row.get("practice")) and row.get("state") in ("delivered", "done")]
    out["hours_saved"] = total(Fraction(str(row["hours_saved"])) for row in done if row.get("hours_saved") is not None)
    out["manual_steps_removed"] = total(
        Fraction(row["steps_removed"]) for row in done if row.get("steps_removed") is not None
    )
    if practice is None:
        out |= _together(world, everybody)
    return out


def chargeable(action: Row) -> bool:
    """Hours to be charged are told, and nobody said that they cost nothing."""
    told = action.get("actionchargehours") is not None and action["actionchargehours"] > 0
    return told and action.get("chargerate") != 0 and action.get("actisbillable") is not False


def invoiced(action: Row) -> bool:
    """It names an invoice, or a line of one."""
    number = str(action.get("actioninvoicenumber") or "").strip()
    return number not in ("", "0", "-1") or (action.get("action_invoice_line_id") or 0) > 0


def _flow(world: World, tickets: list[Row]) -> dict[str, Told]:
    hours = {row["id"]: Fraction(0) for row in tickets}
    for action in world.rows["Actions"]:
        if action["ticket_id"] in hours:
            hours[action["ticket_id"]] += Fraction(str(action.get("timetaken") or 0))
    standing = [row for row in tickets if _open(row, world.end)]
    last = {row["id"]: _last(row, world) for row in standing}

    def older(moment: datetime | None, **limit: int) -> bool:
        return moment is not None and world.end - moment > timedelta(**limit)

    return {
        "unassigned": total(
            Fraction((row.get("agent_id") or 1) <= 1 and older(at(row["dateoccurred"]), hours=4)) for row in standing
        ),
        "stale": total(Fraction(older(moment, days=5)) for moment in last.values() if moment is not None),
        "no_next_action": total(
            Fraction(
                at(row.get("nextactivitydate")) is None
                and at(row.get("nextappointmentdate")) is None
                and older(at(row["dateoccurred"]), days=3)
            )
            for row in standing
        ),
        "incomplete_closure": total(
            Fraction(not row.get("category_1") or hours[row["id"]] <= 0)
            for row in tickets
            if world.within(at(row.get("dateclosed")))
        ),
    }


def _last(ticket: Row, world: World) -> datetime | None:
    """Its last action by the end; the row tells the very last one only, so that a later one sends us to the actions."""
    told = at(ticket.get("lastactiondate"))
    if told is not None and told > world.end:
        steps = [at(row.get("datetime")) for row in world.rows["Actions"] if row["ticket_id"] == ticket["id"]]
        if not steps:
            return None
        told = max((step for step in steps if step is not None and step <= world.end), default=None)
    return max(filter(None, (told, at(ticket["dateoccurred"]))), default=None)


def _security(world: World, incidents: list[Row]) -> dict[str, Told]:
    steps: dict[int, list[Row]] = {row["id"]: [] for row in incidents}
    for action in world.rows["Actions"]:
        if action["ticket_id"] in steps:
            steps[action["ticket_id"]].append(action)
    closed = [row for row in incidents if world.within(at(row.get("dateclosed")))]
    given = [{one["new_priority"] for one in steps[row["id"]] if (one.get("new_priority") or 0) > 0} for row in closed]

    def escalated(row: Row) -> bool | None:
        occurred, assigned = at(row["dateoccurred"]), at(row.get("dateassigned"))
        due = occurred + timedelta(hours=4) if occurred and row.get("priority_id") in (1, 2) else None
        return (assigned is not None and assigned <= due) if due is not None and world.within(due) else None

    def told(row: Row) -> bool | None:
        due = at(row.get("respondbydate"))
        first = at(row.get("first_responsedate")) or at(row.get("responsedate"))
        return (first is not None and first <= due) if due is not None and world.within(due) else None

    return {
        "severity_accuracy": share(len(one) == 1 for one in given if one),
        "escalation_compliance": share(one for row in incidents if (one := escalated(row)) is not None),
        "client_notification_compliance": share(one for row in incidents if (one := told(row)) is not None),
        "evidence_completion": share(
            (row.get("attachment_count") or 0) > 0
            or any(str(one.get("outcome")).lower() == "evidence captured" for one in steps[row["id"]])
            for row in closed
        ),
        "incident_age_hours": mean(
            Fraction((world.end - occurred) // timedelta(microseconds=1), 3_600_000_000)
            for row in incidents
            if _open(row, world.end) and (occurred := at(row["dateoccurred"])) is not None
        ),
    }


def _projects(world: World, projects: list[Row]) -> dict[str, Told]:
    halo = {str(row["id"]): row for row in world.rows["Projects"]}
    deals = {str(row["id"]): row for row in world.rows["Opportunities"]}

    def deal(one: Row) -> Row | None:
        return deals.get(str(halo[one["id"]].get("createdfrom_id")))

    def margin(one: Row) -> Fraction | None:
        sold = deal(one)
        if sold is None or one["eac"] is None or not sold["oppvalue"]:
            return None
        value = Fraction(str(sold["oppvalue"]))
        return (value - Fraction(one["eac"]["amount"])) / value

    planned = [one for one in projects if one["id"] in world.plans]
    due = [(step, at(step["target"])) for one in projects for step in one["milestones"]]
    due = [
        (step, day) for step, day in due if world.within(day) and not (step["complete"] and not step["completed_at"])
    ]
    late = []
    for one in planned:
        begins = at(world.plans[one["id"]]["start"])
        sold = deal(one)
        if sold is None or not world.within(begins) or begins is None:
            continue
        meetings = [
            moment
            for row in world.rows["Appointment"]
            if str(row["subject"]).startswith("Kickoff") and str(row["ticket_id"]) in (one["id"], str(sold["id"]))
            if (moment := at(row["start_date"])) is not None
        ]
        late.append(not meetings or min(meetings).date() > begins.date())
    running = [one for one in planned if not one["closed_at"] or (at(one["closed_at"]) or world.start) >= world.start]
    changed = sum(1 for one in running for moment in world.changes.get(one["id"], []) if world.within(moment))
    return {
        "project_margin": mean(one for project in projects if (one := margin(project)) is not None),
        "gross_margin_accuracy": mean(
            max(Fraction(0), 1 - abs(Fraction(str(sold["oppprofit"])) / Fraction(str(sold["oppvalue"])) - expected))
            for project in projects
            if (expected := margin(project)) is not None and (sold := deal(project)) is not None
        ),
        "budget_variance": mean(
            Fraction(one["eac"]["amount"]) / Fraction(one["bac"]["amount"]) - 1
            for one in planned
            if one["eac"] is not None
        ),
        "on_time_milestone_rate": share(
            bool(step["complete"]) and (at(step["completed_at"]) or world.end).date() <= day.date()
            for step, day in due
            if day is not None
        ),
        "kickoff_delay_rate": share(late),
        "scope_change_frequency": (len(running), Fraction(changed, len(running))) if running else NOTHING,
    }


def _trust(world: World, findings: list[Row]) -> dict[str, Told]:
    held = [row for row in findings if _before(at(row["since"]), world.end)]
    billing = [row for row in held if row["control"] in BILLING and row["verdict"] != "notapplicable"]
    said = [row["feedback"] for row in findings if row.get("feedback") and world.within(at(row["feedback"]["at"]))]
    return {
        "billing_exceptions": total(
            Fraction(row["verdict"] == "fail" and row["status"] in ("open", "mitigating")) for row in billing
        ),
        "override_rate": share(row["status"] == "overridden" for row in held if row["verdict"] == "fail"),
        "false_positive_rate": share(one["kind"] == "false_positive" for one in said),
    }


def _together(world: World, everybody: list[Row]) -> dict[str, Told]:
    known = {row["id"] for row in everybody}
    days = [row for row in world.rows.get("Timesheet", []) if row["target_hours"] > 0 and world.within(at(row["date"]))]
    tried = [row["effectiveness"] for row in world.controls]
    return {
        "time_entry_compliance": mean(
            min(Fraction(1), Fraction(str(row["actual_hours"])) / Fraction(str(row["target_hours"]))) for row in days
        ),
        "canary_effectiveness": share(
            hit for one in tried for hit in [True] * one["caught"] + [False] * (one["total"] - one["caught"])
        ),
        "realisation": _realised(
            row for row in world.rows["Actions"] if row["ticket_id"] in known and world.within(at(row.get("datetime")))
        ),
        "agreement_profitability": mean(_margins(world, {row["id"]: row.get("contract_id") for row in everybody})),
    }


def _realised(actions: Iterable[Row]) -> Told:
    """Of the hours people are to pay for, those on an invoice; hours worked count where no others are to be charged."""
    held: list[tuple[Fraction, bool]] = []
    for row in actions:
        charged, taken = row.get("actionchargehours") or 0, row.get("timetaken") or 0
        said = (
            isinstance(row.get("actreviewed"), bool) or row.get("actisbillable") is True or row.get("chargerate") == -1
        )
        free = row.get("chargerate") == 0 or row.get("actisbillable") is False
        if (charged > 0 or (taken > 0 and said)) and not free:
            held.append((Fraction(str(charged or taken)), invoiced(row)))
    hours = sum((one for one, _ in held), Fraction(0))
    return (len(held), sum((one for one, paid in held if paid), Fraction(0)) / hours) if hours else NOTHING


def _margins(world: World, contracts: dict[int, int | None]) -> Iterable[Fraction]:
    """Of each contract invoiced in the period in our own currency: what is left of the net after people's time."""
    net: dict[int, Fraction] = {}
    for row in world.rows["Invoice"]:
        own = {line.get("contract_id") for line in row.get("lines") or []} - {None, 0, -1}
        contract = row.get("contract_id") or (own.pop() if len(own) == 1 else None)
        currency = row.get("currency_code_name") or row.get("currencycode") or "CAD"
        if (
            contract
            and contract > 0
            and not row.get("voided")
            and world.within(at(row["invoice_date"]))
            and currency == "CAD"
        ):
            amount = sum((Fraction(str(line["net_amount"])) for line in row["lines"]), Fraction(0))
            net[contract] = net.get(contract, Fraction(0)) + amount
    price = {
        row["id"]: Fraction(str(row["costprice"])) for row in world.rows["Agent"] if (row.get("costprice") or 0) > 0
    }
    for contract, amount in net.items():
        cost: list[Fraction | None] = [Fraction(0)]
        for row in world.rows["Actions"]:
            own_contract = (
                row.get("action_contract_id") or row.get("actioncontractid") or contracts.get(row["ticket_id"])
            )
            if own_contract == contract and row.get("timetaken") and world.within(at(row.get("datetime"))):
                rate = price.get(row.get("who_agentid") or 0)
                cost.append(None if rate is None else rate * Fraction(str(row["timetaken"])))
        known = [one for one in cost if one is not None]
        if amount > 0 and len(known) == len(cost):
            yield (amount - sum(known, Fraction(0))) / amount


def _open(ticket: Row, moment: datetime) -> bool:
    occurred, closed = at(ticket["dateoccurred"]), at(ticket.get("dateclosed"))
    if occurred is not None and occurred >= moment:
        return False
    return closed >= moment if closed is not None else ticket.get("status_id") != 9


def _before(moment: datetime | None, end: datetime) -> bool:
    return moment is not None and moment < end


def share(hits: Iterable[bool]) -> Told:
    """How many of them."""
    return mean(Fraction(hit) for hit in hits)


def mean(values: Iterable[Fraction]) -> Told:
    """Their mean."""
    return _of(values, lambda held: sum(held, Fraction(0)) / len(held))


def total(values: Iterable[Fraction]) -> Told:
    """Their sum."""
    return _of(values, lambda held: sum(held, Fraction(0)))


def _of(values: Iterable[Fraction], how: Callable[[list[Fraction]], Fraction]) -> Told:
    held = list(values)
    return (len(held), how(held)) if held else NOTHING
