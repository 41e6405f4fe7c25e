"""The chapters on what waits for people: holds and their cost, approvals, accepted exceptions, decisions."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from shared.model import JsonObject, parse_instant
from shared.reports.document import Column, Paragraph, Section, Table, Value
from shared.reports.part_red import customer_name
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, rounded, words


def held_sums(holds: list[JsonObject]) -> dict[str, Decimal]:
    """Held amounts by currency, exactly."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in holds:
        if row.get("amount"):
            sums[row["amount"]["currency"]] += Decimal(row["amount"]["amount"])
    return dict(sorted(sums.items()))


def standing_holds(data: WeeklyInput) -> list[JsonObject]:
    """Holds not released, oldest first."""
    return sorted((row for row in data.holds if row["state"] == "held"), key=lambda row: (row["since"], row["id"]))


def holds(data: WeeklyInput) -> Section:
    """What is held, for how long, and what that costs."""
    held = standing_holds(data)
    sums = words([f"{rounded(float(amount), 2)} {currency}" for currency, amount in held_sums(held).items()])
    text = f"{plural(len(held), 'hold')} {'stands' if len(held) == 1 else 'stand'}" + (
        f", over {sums}." if sums else "."
    )
    rows = tuple(_hold(data, row) for row in held)
    return Section(
        "holds",
        "Holds and what they cost",
        (
            Paragraph(text, "amber" if held else "green"),
            Table(
                "holds",
                "Holds standing",
                (
                    Column("subject", "What"),
                    Column("kind", "Kind", "term"),
                    Column("customer", "Customer"),
                    Column("why", "Why"),
                    Column("amount", "Amount", "money"),
                    Column("currency", "Currency", "code"),
                    Column("days", "Days held", "number"),
                    Column("money_days", "Money-days", "money"),
                    Column("release", "May release"),
                    Column("since", "Since", "instant"),
                    Column("id", "Hold", "code", aside=True),
                ),
                rows,
                len(held),
                f"{data.link}/holds" if data.link else "",
                "Nothing is held.",
            ),
        ),
    )


def _hold(data: WeeklyInput, row: JsonObject) -> tuple[Value, ...]:
    amount = row.get("amount") or {}
    days = max(0.0, (data.now - parse_instant(row["since"])).total_seconds() / 86_400)
    cost = (row.get("cost") or {}).get("money_days")
    return (
        f"{row['subject']['kind']} {row['subject']['id']}",
        row["kind"],
        customer_name(data, row["customer"]),
        " ".join(reason["text"] for reason in row["reasons"]),
        float(amount["amount"]) if amount else None,
        amount.get("currency", ""),
        round(days, 2),
        _number(cost),
        ", ".join(row.get("may_release", [])),
        row["since"],
        row["id"],
    )


def _number(value: object) -> float | None:
    if isinstance(value, dict):
        value = value.get("amount")
    try:
        return float(str(value)) if value is not None else None
    except ValueError:
        return None


def waiting(data: WeeklyInput) -> list[JsonObject]:
    """Approvals still open, the one that expires first before the others."""
    return sorted(
        (row for row in data.approvals if row["state"] == "open"), key=lambda row: (row["expires"], row["id"])
    )


def approvals(data: WeeklyInput) -> Section:
    """Approvals waiting, exceptions accepted, and what people said about judgements."""
    held = waiting(data)
    rows = tuple(
        (
            str(row.get("text") or row["kind"]),
            row["kind"],
            customer_name(data, row.get("customer")),
            f"{row['needed']['persons']} of {', '.join(row['needed']['roles']) or 'nobody named'}",
            len(row["decisions"]),
            row["expires"],
            row["id"],
        )
        for row in held
    )
    accepted = tuple(
        (
            row["finding"],
            row["control"],
            customer_name(data, row.get("customer")),
            row["rationale"],
            row["expires"],
            row["approval_id"],
        )
        for row in sorted(data.overrides, key=lambda row: (row["expires"], row["approval_id"]))
        if parse_instant(row["expires"]) > data.now
    )
    said = [row for row in data.findings if row.get("feedback")]
    wrong = [row for row in said if row["feedback"].get("kind") == "false_positive"]
    missed = [row for row in said if row["feedback"].get("kind") == "false_negative"]
    return Section(
        "approvals",
        "Approvals, overrides and false alarms",
        (
            Paragraph(
                f"{plural(len(held), 'approval')} {'waits' if len(held) == 1 else 'wait'}; "
                f"{plural(len(accepted), 'exception')} {'is' if len(accepted) == 1 else 'are'} accepted for a time. Of "
                f"{plural(len(said), 'finding')} people gave feedback on, {len(wrong):,} were false positives and "
                f"{len(missed):,} false negatives."
            ),
            Table(
                "approvals",
                "Approvals waiting",
                (
                    Column("what", "What"),
                    Column("kind", "Kind", "term"),
                    Column("customer", "Customer"),
                    Column("needed", "Needs"),
                    Column("given", "Given", "count"),
                    Column("expires", "Expires", "instant"),
                    Column("id", "Approval", "code", aside=True),
                ),
                rows,
                len(held),
                f"{data.link}/approvals" if data.link else "",
                "No approval is waiting.",
            ),
            Table(
                "overrides",
                "Exceptions in force",
                (
                    Column("finding", "Finding"),
                    Column("control", "Control", "term"),
                    Column("customer", "Customer"),
                    Column("why", "Rationale"),
                    Column("expires", "Expires", "instant"),
                    Column("approval", "Approval", "code", aside=True),
                ),
                accepted,
                empty="No exception is in force.",
            ),
            *((_samples(data),) if data.samples else ()),
        ),
    )


def _samples(data: WeeklyInput) -> Table:
    """The monthly sample of what was let pass."""
    rows = tuple(
        (
            one["period"],
            f"{one['subject']['kind']} {one['subject']['id']}",
            customer_name(data, one.get("customer")),
            str(one["content"].get("rationale") or ""),
            said["conclusion"] if said else "open",
            said["note"] if said else "",
            {"justified": "green", "unjustified": "red"}.get(said["conclusion"], "amber") if said else "amber",
            one["id"],
        )
        for one in data.samples
        for said in (one["conclusion"],)
    )
    return Table(
        "samples",
        "Sampled exceptions, and what others concluded of them",
        (
            Column("period", "Month", "code"),
            Column("subject", "What was let pass"),
            Column("customer", "Customer"),
            Column("why", "Rationale"),
            Column("conclusion", "Conclusion"),
            Column("note", "Why"),
            Column("tone", "State", "tone"),
            Column("id", "Approval", "code", aside=True),
        ),
        rows,
        len(rows),
        f"{data.link}/samples" if data.link else "",
    )


def open_decisions(data: WeeklyInput) -> list[JsonObject]:
    """Decisions nobody has taken yet, the one due first before the others."""
    return sorted(
        (row for row in data.decisions if row["state"] == "open"), key=lambda row: (row.get("due") or "9", row["id"])
    )


def overdue(data: WeeklyInput) -> list[JsonObject]:
    """Those past their due time."""
    return [row for row in open_decisions(data) if row.get("due") and parse_instant(row["due"]) < data.now]


def decisions(data: WeeklyInput) -> Section:
    """Decisions due."""
    held, late = open_decisions(data), overdue(data)
    rows = tuple(
        (
            row["title"],
            row.get("owner") or "Nobody named",
            row.get("due") or "",
            "red" if row in late else "amber",
            str(row.get("context") or "")[:300],
            row["id"],
        )
        for row in held
    )
    return Section(
        "decisions",
        "Decisions due",
        (
            Paragraph(
                f"{plural(len(held), 'decision')} {'is' if len(held) == 1 else 'are'} open, {len(late):,} of them overdue.",
                "red" if late else "",
            ),
            Table(
                "decisions",
                "Open decisions",
                (
                    Column("title", "Decision"),
                    Column("owner", "Owner"),
                    Column("due", "Due", "instant"),
                    Column("tone", "State", "tone"),
                    Column("context", "Context"),
                    Column("id", "Id", "code", aside=True),
                ),
                rows,
                len(held),
                f"{data.link}/decisions" if data.link else "",
                "No decision is open.",
            ),
        ),
    )
