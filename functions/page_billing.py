"""The page on billing as a whole: is it trusted, what is wrong with it by cause, what was wrong before, what it earns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from functions.page_frames import Names, Query, detail_page, path
from shared.errors import NotFound
from shared.measures.validation import told
from shared.model import JsonObject, Person, rfc3339
from shared.portal.blocks import Fact, table
from shared.portal.words import listed, money, percent, words
from shared.procedures import billing_figures, contract_map, look_back, validation
from shared.procedures.billing_trust import trust_of
from shared.procedures.services import Services

_DAYS = 91
"""Days that agreements are looked at over."""
_SHOWN = 50


def billing(services: Services, person: Person, _query: Query) -> bytes:
    """Trust, causes, validation, contract map, look back, agreements and ages."""
    trust = trust_of(services)
    said = trust.to_json()
    until = datetime.combine(services.clock.now().date() + timedelta(days=1), datetime.min.time(), UTC)
    figures = billing_figures.billing_view(
        services, person, rfc3339(until - timedelta(days=_DAYS)), rfc3339(until), None
    )
    names = Names(services, person)
    share = figures["realisation"]["value"]
    facts: list[Fact] = [
        ("Automation is trusted", "text", "yes" if trust.trusted else f"no: {said['text']}"),
        ("Signed", "moment", said["signed_at"]),
        ("While it is not", "text", _consequence(services)),
        ("Chargeable hours invoiced", "text", None if share is None else f"{percent(share)} of {_DAYS} days"),
    ]
    blocks = [
        _causes(figures["exceptions"]),
        *_validations(services, person),
        _map(services),
        *_past(services, person, names),
        _agreements(figures["agreements"], names),
        _ages("Chargeable time on no invoice, by age in days", figures["unbilled"], hours=True),
        _ages("Unpaid invoices, by days past due", figures["receivables"]["bands"], hours=False),
    ]
    return detail_page(
        services,
        person,
        "billing",
        "Billing",
        "What keeps invoices from going out, what went out wrong before, and whether billing may be trusted.",
        facts,
        blocks=blocks,
    )


def _consequence(services: Services) -> str:
    if services.policy.policy.billing.validation == "require":
        return "no sign-off carries to a later period, and every release takes two persons"
    return "every request to release says so; policy blocks nothing"


def _sums(amounts: list[JsonObject]) -> str:
    return " + ".join(money(one) for one in amounts) or "—"


def _causes(rows: list[JsonObject]) -> JsonObject:
    shown = [
        {
            "code": words(row["code"]),
            "count": row["count"],
            "stake": _sums(row["at_stake"]),
            "oldest": row["oldest"],
            "accepted": row["accepted"] or None,
            "_path": f"{path('findings')}?code={row['code']}",
        }
        for row in rows
    ]
    return table(
        "Open exceptions by cause",
        shown,
        {"code": "Cause", "count": "Findings", "stake": "Money at stake", "oldest": "Oldest", "accepted": "Accepted"},
        kinds={"code": "link", "oldest": "day", "count": "number0"},
        caption="An invoice with two causes stands in both: causes do not add up",
        empty="No exception is open.",
    )


def _validations(services: Services, person: Person) -> list[JsonObject]:
    rows = validation.list_validations(services, person, _SHOWN, None)["items"]
    shown = [
        {
            "name": row["name"],
            "state": row["state"],
            "scenarios": row["scenarios"],
            "gaps": " ".join(gap["text"] for gap in row["gaps"] or ()),
            "ran": row["ran_at"],
            "_path": path("approvals", row["approval_id"]) if row["approval_id"] else None,
        }
        for row in reversed(rows)
    ]
    out = [
        table(
            "Validations",
            shown,
            {"name": "Validation", "state": "State", "scenarios": "Scenarios", "gaps": "Missing", "ran": "Test cycle"},
            kinds={"name": "link", "state": "tag", "ran": "moment", "scenarios": "number0"},
            caption="Scenarios with expected results, run as a test cycle, signed by finance",
            empty="Nobody has drawn up a validation yet.",
        )
    ]
    newest = next((row for row in reversed(rows) if row["ran_at"]), None)
    if newest is not None:
        out.append(_scenarios(validation.validation_view(services, person, newest["id"])))
    return out


def _scenarios(row: JsonObject) -> JsonObject:
    found = {one["id"]: one for one in row["result"]["scenarios"]}
    shown = [
        {
            "area": words(one["area"]),
            "title": one["title"],
            "subject": f"{words(one['subject']['kind'])} {one['subject']['id']}",
            "expected": told(one["expected"]),
            "verdict": found[one["id"]]["verdict"],
            "differences": "; ".join(found[one["id"]]["differences"]),
        }
        for one in row["scenarios"]
    ]
    columns = {
        "area": "Area",
        "title": "Scenario",
        "subject": "Tested on",
        "expected": "Expected",
        "verdict": "Verdict",
        "differences": "What differs",
    }
    result = row["result"]
    return table(
        f"Test cycle of “{row['name']}”",
        shown,
        columns,
        kinds={"verdict": "tag"},
        caption=f"{result['pass']} as expected, {result['fail']} not, {result['unknown']} unknown",
    )


def _map(services: Services) -> JsonObject:
    held = contract_map.contract_map_view(services)
    system = held["system"] or "the old system"
    extra = f"; types of HaloPSA nobody mapped to: {listed(held['unexpected'])}" if held["unexpected"] else ""
    return table(
        "Contract map",
        held["items"],
        {
            "old": f"Type in {system}",
            "halo": "Type in HaloPSA",
            "contracts": "Contracts",
            "state": "State",
            "note": "Note",
        },
        kinds={"state": "tag", "contracts": "number0"},
        caption=("complete" if held["complete"] else "not complete") + extra,
        empty="No contract map has been drawn up." if held["system"] is None else "There was no old system.",
    )


def _past(services: Services, person: Person, names: Names) -> list[JsonObject]:
    try:
        held = look_back.look_back_view(services, person, None)
    except NotFound:
        return [table("Looking back", [], {"code": "Cause"}, empty="Nobody has looked back over past months yet.")]
    causes = [
        {"code": words(one["code"]), "count": one["count"], "billed": _sums(one["billed"])} for one in held["by_cause"]
    ]
    rows = [
        {
            "invoice": row["invoice"],
            "customer": names.customer(row["customer"]),
            "date": row["date"],
            "amount": row["amount"],
            "text": row["text"],
        }
        for row in held["invoices"][:_SHOWN]
    ]
    span = f"Invoices of {held['from']} to {held['to']}"
    return [
        table(
            "Looking back, by cause",
            causes,
            {"code": "Cause", "count": "Invoices", "billed": "Billed on them"},
            kinds={"count": "number0"},
            caption=span,
            empty="No error of the kinds that hold invoices was found.",
        ),
        table(
            "Looking back, invoice by invoice",
            rows,
            {"invoice": "Invoice", "customer": "Customer", "date": "Dated", "amount": "Total", "text": "What is wrong"},
            kinds={"amount": "money"},
            caption=f"{len(rows)} of {held['exceptions']}, newest first",
            empty="None.",
        ),
    ]


def _agreements(rows: list[JsonObject], names: Names) -> JsonObject:
    lowest = sorted(rows, key=lambda row: (row["margin"] is None, row["margin"] or 0.0))
    shown = [
        {
            "contract": row["contract"],
            "customer": names.customer(row["customer"]),
            "revenue": row["revenue"],
            "cost": row["cost"],
            "margin": row["margin"],
            "hours": row["hours"],
            "per_hour": row["revenue_per_hour"],
        }
        for row in lowest[:_SHOWN]
    ]
    columns = {
        "contract": "Agreement",
        "customer": "Customer",
        "revenue": "Net revenue",
        "cost": "Cost of time",
        "margin": "Margin",
        "hours": "Hours",
        "per_hour": "Revenue per hour",
    }
    kinds = {"revenue": "money", "cost": "money", "margin": "percent", "per_hour": "money", "hours": "number"}
    return table(
        "Agreements",
        shown,
        columns,
        kinds=kinds,
        caption=f"{len(shown)} of {len(rows)} invoiced within {_DAYS} days, the least profitable first",
        empty="No agreement was invoiced.",
    )


def _ages(title: str, rows: list[JsonObject], *, hours: bool) -> JsonObject:
    shown = [
        {
            "band": row["band"].replace("_", " "),
            "count": row["count"],
            "hours": row["hours"],
            "amounts": _sums(row["amounts"]),
        }
        for row in rows
        if row["count"] or row["band"] not in ("unknown", "not_due")
    ]
    columns = {"band": "Days", "count": "Number", **({"hours": "Hours"} if hours else {}), "amounts": "Money"}
    return table(
        title, shown, columns, kinds={"count": "number0", "hours": "number"}, caption="As at the end of today (UTC)"
    )
