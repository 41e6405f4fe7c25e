"""From procedures to pages: which figures of which procedure stand where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.connector.operations import DECIDERS, EVIDENCE
from shared.errors import Forbidden
from shared.model import JsonObject, Person
from shared.portal.pages import form_token, form_token_fits, render
from shared.portal.tables import LISTS, block, subject, why
from shared.procedures import (
    billing,
    decide,
    governance,
    handoffs,
    look,
    projects,
    report_weekly,
    review_quarterly,
    show_evidence,
)
from shared.procedures.services import Services

_PAGE = 100
_SEVERITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}
Query = dict[str, str]


@dataclass(frozen=True, slots=True)
class View:
    """How a section's list and its details are made."""

    many: Callable[[Services, Person, Query], bytes]
    one: Callable[[Services, Person, str, Query], bytes] | None = None


def overview(services: Services, person: Person) -> bytes:
    """What needs somebody today."""
    findings = look.list_findings(services, person, {}, 100_000, None)["items"]
    asking = [one for one in findings if one["status"] in ("open", "mitigating")]
    held = billing.list_holds(services, person, {"state": "held"}, 500, None)["items"]
    approvals = look.list_approvals(services, person, {"state": "open"}, 500, None)["items"]
    worst = sorted(asking, key=lambda one: (_SEVERITY[one["severity"]], one["since"]))[:12]
    tiles = [
        {
            "path": "/findings?status=open&verdict=fail",
            "label": "findings failed and open",
            "value": _count(asking, "fail"),
        },
        {
            "path": "/findings?status=open&verdict=unknown",
            "label": "could not be judged",
            "value": _count(asking, "unknown"),
        },
        {"path": "/holds?state=held", "label": f"held, {_total(held)} at stake", "value": len(held)},
        {"path": "/approvals?state=open", "label": "approvals waiting", "value": len(approvals)},
        {"path": "/findings?verdict=pass", "label": "subjects that pass", "value": _count(findings, "pass")},
    ]
    return render(
        "overview.html",
        person,
        services.clock.now(),
        title="Overview",
        section="/",
        tiles=tiles,
        approvals=sorted(approvals, key=lambda one: one["expires"])[:12],
        worst=worst,
    )


def _count(rows: list[JsonObject], verdict: str) -> int:
    return sum(1 for row in rows if row["verdict"] == verdict)


def _total(held: list[JsonObject]) -> str:
    sums: dict[str, Decimal] = {}
    for one in held:
        if one.get("amount"):
            sums[one["amount"]["currency"]] = sums.get(one["amount"]["currency"], Decimal(0)) + Decimal(
                one["amount"]["amount"]
            )
    return " + ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items())) or "nothing"


def _list(
    services: Services,
    person: Person,
    section: str,
    query: Query,
    page: JsonObject,
    shape: Callable[[JsonObject], JsonObject],
) -> bytes:
    listing = LISTS[section]
    kept = "".join(
        f"{name}={value}&" for name, value in query.items() if name != "next" and value.replace("_", "").isalnum()
    )
    return render(
        "table.html",
        person,
        services.clock.now(),
        title=listing.title,
        section=listing.path,
        lead=listing.lead,
        empty=listing.empty,
        columns=listing.columns,
        rows=[shape(row) for row in page["items"]],
        next=page["next"],
        path=listing.path,
        query=kept,
    )


def _detail(
    services: Services,
    person: Person,
    section: str,
    title: str,
    lead: str,
    facts: list[tuple[str, str, Any]],
    **more: Any,
) -> bytes:
    data: dict[str, Any] = {
        "reasons": None,
        "blocks": [],
        "form": None,
        "form_note": "",
        "evidence": [],
        "may_read": person.has(*EVIDENCE),
        **more,
    }
    return render(
        "detail.html", person, services.clock.now(), title=title, section=f"/{section}", lead=lead, facts=facts, **data
    )


def _only(query: Query, *names: str) -> Query:
    return {name: query[name] for name in names if query.get(name)}


def _findings(services: Services, person: Person, query: Query) -> bytes:
    asked = _only(query, "control", "practice", "customer", "verdict", "status", "code")
    page = look.list_findings(services, person, asked, _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "findings",
        query,
        page,
        lambda row: {**row, "_path": f"/findings/{row['id']}", "subject": subject(row), "why": why(row["reasons"])},
    )


def _finding(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    row = look.finding_view(services, person, identity)
    control = look.control_view(services, row["control"])
    said = row.get("mitigation") or {}
    facts = [
        ("Subject", "text", subject(row)),
        ("Verdict", "tag", row["verdict"]),
        ("Severity", "tag", row["severity"]),
        ("Status", "tag", row["status"]),
        ("Owner", "text", row["owner"]),
        ("Due", "moment", row["due"]),
        ("Since", "moment", row["since"]),
        ("Customer", "text", row["customer"]),
        ("Practice", "text", row["practice"]),
        ("Control", "link", (f"/controls/{row['control']}", control["title"])),
        ("Policy", "mono", row["policy_version"]),
        ("Mitigation", "text", f"{said['plan']} ({said['owner']}, by {said['recovery_date']})" if said else None),
    ]
    return _detail(
        services,
        person,
        "findings",
        subject(row),
        control["objective"],
        facts,
        reasons=row["reasons"],
        evidence=row["evidence"],
    )


def _controls(services: Services, person: Person, query: Query) -> bytes:
    return _list(
        services,
        person,
        "controls",
        query,
        look.list_controls(services),
        lambda row: {
            **row,
            "_path": f"/controls/{row['id']}",
            "canaries": f"{row['effectiveness']['caught']} of {row['effectiveness']['total']}"
            if row["effectiveness"]["total"]
            else "none",
        },
    )


def _control(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    row = look.control_view(services, identity)
    facts = [
        ("Objective", "text", row["objective"]),
        ("Owner", "text", row["owner"]),
        ("Cadence", "text", row["cadence"].replace("_", " ")),
        ("Needs", "text", ", ".join(row["needs"])),
        ("Reason codes", "text", ", ".join(row["codes"])),
        ("Frameworks", "text", ", ".join(row["frameworks"])),
        ("Findings", "link", (f"/findings?control={identity}", "Findings of this control")),
    ]
    return _detail(
        services,
        person,
        "controls",
        row["title"],
        "A control is judged on facts alone; missing facts give unknown.",
        facts,
    )


def _holds(services: Services, person: Person, query: Query) -> bytes:
    page = billing.list_holds(services, person, _only(query, "kind", "customer", "state"), _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "holds",
        query,
        page,
        lambda row: {**row, "_path": f"/holds/{row['id']}", "subject": subject(row), "why": why(row["reasons"])},
    )


def _hold(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    row = billing.hold_view(services, person, identity, services.clock.now())
    cost = row.get("cost") or {}
    facts = [
        ("State", "tag", row["state"]),
        ("Kind", "text", row["kind"]),
        ("Since", "moment", row["since"]),
        ("At stake", "money", row.get("amount")),
        ("Cost so far (money times days)", "text", cost.get("money_days")),
        ("May release", "text", ", ".join(row.get("may_release") or [])),
        (
            "Approval",
            "link",
            (f"/approvals/{row['approval_id']}", "The open request") if row.get("approval_id") else None,
        ),
    ]
    return _detail(
        services,
        person,
        "holds",
        subject(row),
        "Kept back until the right people agree on exactly what stands there now.",
        facts,
        reasons=row["reasons"],
    )


def _approvals(services: Services, person: Person, query: Query) -> bytes:
    page = look.list_approvals(services, person, _only(query, "state", "kind", "customer"), _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "approvals",
        query,
        page,
        lambda row: {
            **row,
            "_path": f"/approvals/{row['id']}",
            "given": f"{len(row['decisions'])} of {row['needed']['persons']}",
        },
    )


def _approval(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    row = decide.approval_view(services, person, identity)
    content = row["content"]
    lines = [one for one in content.get("lines", []) if isinstance(one, dict)] if isinstance(content, dict) else []
    plain = [{"what": key.replace("_", " "), "stands": value} for key, value in content.items() if key != "lines"]
    blocks = [
        block("What exactly is approved", plain, ("what", "stands"), caption="The digest binds the decision to this")
    ]
    if lines:
        blocks.append(block("Lines", lines, tuple(lines[0]), caption=f"{len(lines)} lines"))
    blocks.append(
        block(
            "Decisions so far",
            row["decisions"],
            ("at", "name", "decision", "rationale"),
            empty="Nobody has decided yet.",
        )
    )
    facts = [
        ("State", "tag", row["state"]),
        ("Kind", "text", row["kind"].replace("_", " ")),
        ("Subject", "text", subject(row)),
        ("Needs", "text", f"{row['needed']['persons']} distinct person(s) of {', '.join(row['needed']['roles'])}"),
        ("Asked by", "text", row["requester"]),
        ("Expires", "moment", row["expires"]),
        ("Digest", "mono", row["digest"]),
    ]
    form, note = None, ""
    if row["state"] == "open":
        form, note = _form(services, person, row)
    return _detail(
        services,
        person,
        "approvals",
        row["text"],
        "Silence is never consent: what nobody decides expires and stays as it is.",
        facts,
        blocks=blocks,
        form=form,
        form_note=note,
    )


def _form(services: Services, person: Person, row: JsonObject) -> tuple[JsonObject | None, str]:
    from shared.approvals.quorum import may_decide

    try:
        may_decide(row, person)
    except Forbidden as fault:
        return None, fault.message
    secret = services.settings.text("ATTEST_LEDGER_SALT")
    return {
        "title": "Your decision",
        "action": f"/approvals/{row['id']}",
        "token": form_token(secret, person, row["id"]),
        "hidden": [("digest", row["digest"])],
        "choices": [("approve", "Approve exactly this", False), ("reject", "Reject", True)],
    }, ""


def decide_form(services: Services, person: Person, identity: str, fields: Query) -> bytes:
    """Take a decision from the form and show the approval as it then stands."""
    if not person.has(*DECIDERS):
        raise Forbidden("Your roles do not let you decide approvals.", code="role_missing")
    if not form_token_fits(services.settings.text("ATTEST_LEDGER_SALT"), person, identity, fields.get("token", "")):
        raise Forbidden(
            "This form was not given to you, or is too old; open the approval again.", code="form_token_invalid"
        )
    body = {name: fields.get(name) for name in ("decision", "rationale", "digest")}
    decide.decide_approval(services, person, identity, body)
    return _approval(services, person, identity, {})


def _projects(services: Services, person: Person, query: Query) -> bytes:
    page = projects.list_projects(services, person, None, _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "projects",
        query,
        page,
        lambda row: {
            "_path": f"/projects/{row['id']}",
            "name": row.get("name") or f"Project {row['id']}",
            "rating": (row.get("health") or {}).get("rating"),
            "cpi": row.get("cpi"),
            "spi_t": row.get("spi_t"),
            "cv": row.get("cv"),
            "tags": ", ".join((row.get("health") or {}).get("tags") or []),
        },
    )


_EV = ("pv", "ev", "ac", "bac", "sv", "cv", "spi", "cpi", "eac", "etc", "vac", "tcpi", "es", "sv_t", "spi_t", "eac_t")


def _project(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    row = projects.project_view(services, person, identity, None)
    health = row.get("health") or {}
    facts = [
        ("Health", "tag", health.get("rating")),
        ("Confidence", "number", health.get("confidence")),
        ("Tags", "text", ", ".join(health.get("tags") or [])),
        ("Customer", "text", row.get("customer")),
        ("Currency", "text", row.get("currency")),
        ("Sources", "text", ", ".join(f"{name} from {word}" for name, word in (row.get("sources") or {}).items())),
    ]
    facts += [(name.upper().replace("_T", "(t)"), "number", row.get(name)) for name in _EV]
    blocks = [
        block(
            "Causes of the cost variance",
            row.get("causes") or [],
            ("cause", "amount"),
            numbers=("amount",),
            caption="They add up to CV to the cent",
            empty="There is no variance to explain, or it is unknown.",
        ),
        block("Gates", row.get("gates") or [], ("name", "state", "due"), empty="The baseline names no gate."),
    ]
    return _detail(
        services,
        person,
        "projects",
        row.get("name") or f"Project {identity}",
        "Earned value after EIA-748, earned schedule after Lipke; unknown where an input is missing.",
        facts,
        blocks=blocks,
    )


def _handoffs(services: Services, person: Person, query: Query) -> bytes:
    page = handoffs.list_handoffs(services, person, _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "handoffs",
        query,
        page,
        lambda row: {
            "_path": f"/handoffs/{row['id']}",
            "name": row.get("title") or f"Opportunity {row['id']}",
            "state": row.get("state"),
            "completeness": row.get("completeness_first"),
            "missing": ", ".join(one["code"].replace("_", " ") for one in row.get("reasons") or []),
        },
    )


def _handoff(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    row = handoffs.handoff_view(services, person, identity)
    facts = [
        ("State", "tag", row.get("state")),
        ("Customer", "text", row.get("customer")),
        ("Complete at first submission", "number", row.get("completeness_first")),
        ("Complete now", "number", row.get("completeness_now")),
        (
            "Project",
            "link",
            (f"/projects/{row['project']['id']}", str(row["project"]["id"])) if row.get("project") else None,
        ),
    ]
    items = [one for one in row.get("checklist") or [] if isinstance(one, dict)]
    blocks = [block("Checklist", items, tuple(items[0]) if items else ("item",), caption="Each with its source link")]
    return _detail(
        services,
        person,
        "handoffs",
        row.get("title") or f"Opportunity {identity}",
        "Completeness is scored when the handoff is first submitted, so that the gate cannot hide it.",
        facts,
        blocks=blocks,
    )


def _reviews(services: Services, person: Person, query: Query) -> bytes:
    page = review_quarterly.list_reviews(services, person, _PAGE, query.get("next"))
    return _list(services, person, "reviews", query, page, lambda row: {**row, "_path": f"/reviews/{row['quarter']}"})


def _review(services: Services, person: Person, quarter: str, query: Query) -> bytes:
    row = review_quarterly.review_view(services, quarter, person, _PAGE, query.get("next"))
    population = [{"source": name, **counts} for name, counts in row["population"].items()]
    items = [
        {
            "integration": one["integration"]["name"],
            "source": one["source"],
            "highest tier": _tier(one["permissions"]),
            "risks": [word.replace("_", " ") for word in one["risks"]],
            "owner": one["owner"],
            "answer": one["decision"]["decision"] if one["decision"] else "open",
        }
        for one in row["items"]
    ]
    facts = [("State", "tag", row["state"]), ("Due", "moment", row["due"])]
    blocks = [
        block(
            "Population",
            population,
            ("source", "read", "reviewed", "microsoft", "unreadable"),
            numbers=("read", "reviewed", "microsoft", "unreadable"),
            caption="Frozen when the review opened",
        ),
        block("Items", items, ("integration", "source", "highest tier", "risks", "owner", "answer")),
    ]
    return _detail(
        services,
        person,
        "reviews",
        f"Access review {quarter}",
        "A missing answer is not consent and stays open; what was to be revoked is checked to be gone.",
        facts,
        blocks=blocks,
    )


def _tier(permissions: list[JsonObject]) -> str:
    known = [one["tier"] for one in permissions if one["tier"] is not None]
    return str(min(known)) if known else "unknown"


def _reports(services: Services, person: Person, query: Query) -> bytes:
    page = report_weekly.list_reports(services, person, _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "reports",
        query,
        page,
        lambda row: {
            **row,
            "_path": f"/api/reports/weekly/{row['period']}/html?as_of={row['as_of']}",
            "formats": ", ".join(row.get("formats") or []),
        },
    )


def _decisions(services: Services, person: Person, query: Query) -> bytes:
    page = governance.list_decisions(services, person, _PAGE, query.get("next"))
    return _list(
        services,
        person,
        "decisions",
        query,
        page,
        lambda row: {**row, "valid": "yes" if row["valid"] else ", ".join(row["codes"]).replace("_", " ") or "not yet"},
    )


def _evidence(services: Services, person: Person, query: Query) -> bytes:
    _may_read(person)
    page = show_evidence.list_evidence(
        services, person, _only(query, "customer", "type", "control", "subject"), _PAGE, query.get("next")
    )
    return _list(
        services,
        person,
        "evidence",
        query,
        page,
        lambda row: {
            **row,
            "_path": f"/evidence/{row['id']}",
            "subject": subject(row),
            "index": "queued" if row["index"] is None else row["index"],
        },
    )


def _record(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    _may_read(person)
    row = show_evidence.record_view(services, person, identity)
    facts = [
        ("Type", "text", row["type"]),
        ("Customer", "text", row["customer"]),
        ("Subject", "text", subject(row)),
        ("Received", "moment", row["received_at"]),
        ("Log", "mono", row["log"]),
        ("Index", "text", row["index"]),
        ("SHA-256", "mono", row["sha256"]),
        ("Controls", "text", ", ".join(row["controls"])),
        ("Actor", "mono", row["actor"]),
        ("Content", "link", (f"/api/evidence/{identity}/content", "Exact bytes")),
        ("Proof", "link", (f"/api/evidence/{identity}/proof", "c2sp.org/tlog-proof@v1")),
    ]
    return _detail(
        services, person, "evidence", row["type"], "The digest in the log is what the bytes must match.", facts
    )


def _may_read(person: Person) -> None:
    if not person.has(*EVIDENCE):
        raise Forbidden("Evidence is read by auditors, the steering team and administrators.", code="role_missing")


VIEWS: dict[str, View] = {
    "findings": View(_findings, _finding),
    "controls": View(_controls, _control),
    "holds": View(_holds, _hold),
    "approvals": View(_approvals, _approval),
    "projects": View(_projects, _project),
    "handoffs": View(_handoffs, _handoff),
    "reviews": View(_reviews, _review),
    "reports": View(_reports),
    "decisions": View(_decisions),
    "evidence": View(_evidence, _record),
}
