"""The chapter on billing: whether it may be trusted, its exceptions by cause and money, and what grows old."""

from __future__ import annotations

from decimal import Decimal

from shared.measures.money import shown as written
from shared.model import JsonObject
from shared.reports.document import Block, Column, Paragraph, Section, Table, Value
from shared.reports.part_red import customer_name
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural

_MOST = 25


def billing(data: WeeklyInput) -> Section:
    """Trust, causes, agreements, ages, and the newest look back."""
    held = data.billing
    if data.practice and held:
        elsewhere = Paragraph(
            "Invoices and agreements belong to customers and to no practice: the whole report tells them.", "note"
        )
        return Section("billing", "Billing", (elsewhere, _trust(held["trust"])))
    if not held:
        return Section("billing", "Billing", (Paragraph("Nothing is known of billing.", "note"),))
    return Section(
        "billing",
        "Billing",
        (
            _trust(held["trust"]),
            _causes(held["exceptions"], f"{data.link}/billing" if data.link else ""),
            _agreements(data, held["agreements"]),
            _ages("unbilled", "Chargeable time on no invoice, by age in days", held["unbilled"]),
            _ages("receivables", "Unpaid invoices, by days past due", held["receivables"]["bands"]),
            _untold(held["receivables"]["invoices_untold"]),
            _past(held["look_back"]),
        ),
    )


def _trust(trust: JsonObject) -> Paragraph:
    if trust["trusted"]:
        return Paragraph("Billing automation runs under a validation that finance signed.", "green")
    return Paragraph(f"Billing automation does not count as trusted: {trust['text']}", "amber")


def _causes(rows: list[JsonObject], link: str) -> Table:
    shown: tuple[tuple[Value, ...], ...] = tuple(
        (row["code"], row["count"], _sums(row["at_stake"]), row["accepted"], row["oldest"]) for row in rows
    )
    return Table(
        "billing-causes",
        "Open billing exceptions by cause (one with two causes stands in both)",
        (
            Column("code", "Cause", "term"),
            Column("count", "Findings", "count"),
            Column("at_stake", "Money at stake"),
            Column("accepted", "Accepted for a time", "count"),
            Column("oldest", "Oldest", "instant"),
        ),
        shown,
        len(shown),
        link,
        "No billing exception is open.",
    )


def _agreements(data: WeeklyInput, rows: list[JsonObject]) -> Table:
    lowest = sorted(rows, key=lambda row: (row["margin"] is None, row["margin"] or 0.0, row["contract"]))
    return Table(
        "agreements",
        "Agreements invoiced in the week, the least profitable first",
        (
            Column("contract", "Agreement", "code"),
            Column("customer", "Customer"),
            Column("revenue", "Net revenue"),
            Column("cost", "Cost of time"),
            Column("margin", "Margin", "ratio"),
            Column("per_hour", "Revenue per hour"),
        ),
        tuple(
            (
                row["contract"],
                customer_name(data, row["customer"]),
                _money(row["revenue"]),
                _money(row["cost"]) if row["cost"] else "unknown",
                row["margin"],
                _money(row["revenue_per_hour"]) if row["revenue_per_hour"] else "–",
            )
            for row in lowest[:_MOST]
        ),
        len(rows),
        f"{data.link}/billing" if data.link else "",
        "No agreement was invoiced in the week.",
    )


def _ages(key: str, caption: str, rows: list[JsonObject]) -> Table:
    return Table(
        f"ages-{key}",
        caption,
        (
            Column("band", "Days", "code"),
            Column("count", "Number", "count"),
            Column("hours", "Hours", "hours"),
            Column("money", "Money"),
        ),
        tuple((row["band"], row["count"], float(row["hours"]), _sums(row["amounts"])) for row in rows if row["count"]),
        empty="None.",
    )


def _untold(count: int) -> Paragraph:
    if not count:
        return Paragraph("Every issued invoice says what is still owed on it.")
    return Paragraph(
        f"{plural(count, 'invoice')} do not say what is still owed; whether they are paid is unknown.", "note"
    )


def _past(held: JsonObject | None) -> Block:
    if held is None:
        return Paragraph("Nobody has looked back over what was billed in past months.", "note")
    text = (
        f"Looking back over {plural(held['population'], 'invoice')} of {held['from']} to {held['to']}, "
        f"{plural(held['exceptions'], 'exception')} of the kinds that hold invoices today were found"
    )
    causes = ", ".join(f"{one['code'].replace('_', ' ')} ({one['count']})" for one in held["by_cause"])
    return Paragraph(f"{text}{': ' + causes if causes else ''}.", "amber" if held["exceptions"] else "green")


def _money(told: JsonObject) -> str:
    return written(Decimal(told["amount"]), told["currency"])


def _sums(amounts: list[JsonObject]) -> str:
    return " + ".join(_money(one) for one in amounts) or "–"
