"""The overview, and which page answers for which section."""

from __future__ import annotations

from decimal import Decimal

from functions import (
    page_billing,
    page_delivery,
    page_figures,
    page_findings,
    page_governance,
    page_money,
    page_programme,
    page_reports,
    page_samples,
)
from functions.page_frames import ALL, Names, View
from shared.measures.money import shown as written
from shared.model import JsonObject, Person, Role
from shared.portal.blocks import table
from shared.portal.pages import render
from shared.procedures import billing, look, review_quarterly
from shared.procedures.services import Services

_SHOWN = 12


def overview(services: Services, person: Person) -> bytes:
    """What needs somebody today, this person first."""
    findings = look.list_findings(services, person, {}, ALL, None)["items"]
    asking = sorted((one for one in findings if one["status"] in page_findings.ASKING), key=page_findings.urgency)
    held = billing.list_holds(services, person, {"state": "held"}, ALL, None)["items"]
    open_now = look.list_approvals(services, person, {"state": "open"}, ALL, None)["items"]
    names = Names(services, person)
    mine = [one for one in open_now if page_money.may(one, person)]
    known = names.of(asking[:_SHOWN])
    worst = [page_findings.finding_row(one, names, known) for one in asking[:_SHOWN]]
    blocks = []
    if mine or person.has(Role.FINANCE, Role.DELIVERY_MANAGER, Role.SALES_MANAGER):
        blocks.append(_approvals("Waiting for you", mine, names, "Nothing waits for your decision."))
    if len(open_now) > len(mine):
        theirs = [one for one in open_now if one not in mine]
        blocks.append(_approvals("Waiting for others", theirs, names, ""))
    blocks.append(
        table(
            "Most serious open findings",
            worst,
            {
                "name": "About",
                "customer": "Customer",
                "severity": "Severity",
                "why": "Why",
                "owner": "Owner",
                "since": "Since",
            },
            kinds={"name": "link", "severity": "tag", "owner": "words", "since": "day"},
            caption=f"{len(worst)} of {len(asking):,}, by severity, then by age",
            empty="No finding is open.",
        )
        | {"note": ("/findings", f"All {len(asking):,} findings") if len(asking) > len(worst) else ""}
    )
    return render(
        "overview.html",
        person,
        services.clock.now(),
        title="Overview",
        section="/",
        tiles=_tiles(services, person, findings, asking, held, open_now, mine),
        blocks=blocks,
    )


def _approvals(title: str, rows: list[JsonObject], names: Names, empty: str) -> JsonObject:
    soonest = sorted(rows, key=lambda one: (one["expires"], one["id"]))[:_SHOWN]
    columns = {
        "name": "What",
        "customer": "Customer",
        "amount": "Amount",
        "why": "Why",
        "needs": "Needs",
        "expires": "Expires",
    }
    kinds = {"name": "link", "amount": "money", "expires": "moment"}
    shown = table(
        title,
        [page_money.approval_row(one, names) for one in soonest],
        columns,
        kinds=kinds,
        caption=f"{len(soonest)} of {len(rows):,}, the soonest to expire first",
        empty=empty,
    )
    return shown | {"note": ("/approvals", f"All {len(rows):,}") if len(rows) > len(soonest) else ""}


def _tiles(
    services: Services,
    person: Person,
    findings: list[JsonObject],
    asking: list[JsonObject],
    held: list[JsonObject],
    open_now: list[JsonObject],
    mine: list[JsonObject],
) -> list[JsonObject]:
    unjudged = sum(1 for one in asking if one["verdict"] in ("unknown", "error"))
    passing = sum(1 for one in findings if one["verdict"] == "pass")
    tiles: list[JsonObject] = [
        {"path": "/findings", "label": "open findings", "value": len(asking), "more": ""},
        {"path": "/findings?verdict=unknown", "label": "could not be judged", "value": unjudged, "more": ""},
        {"path": "/holds", "label": "held back", "value": len(held), "more": _total(held)},
        {
            "path": "/approvals",
            "label": "approvals open",
            "value": len(open_now),
            "more": f"{len(mine)} wait for you" if mine else "",
        },
        {"path": "/findings?status=any&verdict=pass", "label": "judgements that pass", "value": passing, "more": ""},
    ]
    if person.has(Role.INTEGRATION_OWNER, Role.STEERING_MEMBER):
        tiles += _reviews(services, person)
    return tiles


def _reviews(services: Services, person: Person) -> list[JsonObject]:
    quarters = [
        one for one in review_quarterly.list_reviews(services, person, ALL, None)["items"] if one["state"] == "open"
    ]
    tiles: list[JsonObject] = []
    for one in quarters[-1:]:
        items = review_quarterly.review_view(services, one["quarter"], person, ALL, None)["items"]
        waiting = [item for item in items if item["decision"] is None or item["decision"]["state"] == "awaiting_second"]
        tiles.append(
            {
                "path": f"/reviews/{one['quarter']}",
                "label": f"integrations without an answer, {one['quarter']}",
                "value": len(waiting),
                "more": f"due {one['due'][:10]}",
            }
        )
    return tiles


def _total(held: list[JsonObject]) -> str:
    sums: dict[str, Decimal] = {}
    for one in held:
        if one.get("amount"):
            currency = one["amount"]["currency"]
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(one["amount"]["amount"])
    return " + ".join(written(amount, currency) for currency, amount in sorted(sums.items()))


VIEWS: dict[str, View] = {
    "findings": View(page_findings.finding_list, page_findings.finding),
    "controls": View(page_findings.control_list, page_findings.control),
    "evidence": View(page_findings.evidence_list, page_findings.record),
    "billing": View(page_billing.billing),
    "holds": View(page_money.hold_list, page_money.hold),
    "approvals": View(page_money.approval_list, page_money.approval),
    "projects": View(page_delivery.project_list, page_delivery.project),
    "handoffs": View(page_delivery.handoff_list, page_delivery.handoff),
    "reviews": View(page_governance.review_list, page_governance.review),
    "integrations": View(page_governance.integration_list),
    "reports": View(page_reports.report_list, page_reports.report),
    "decisions": View(page_governance.decision_list),
    "figures": View(page_figures.scorecard),
    "backlog": View(page_figures.backlog_list),
    "samples": View(page_samples.sample_list, page_samples.sample),
    "programme": View(page_programme.step_list, page_programme.step),
}
