"""Pages of findings, controls and evidence."""

from __future__ import annotations

from functions.page_forms import said_of
from functions.page_frames import ALL, PAGE, Names, Query, detail_page, list_page, only, part_of, path, token
from shared.connector.operation import EVIDENCE, PEOPLE, REQUESTERS
from shared.errors import Forbidden
from shared.model import JsonObject, Person
from shared.portal.blocks import Fact, subject, why
from shared.portal.words import is_person, listed, words
from shared.procedures import look, show_evidence
from shared.procedures.services import Services

SEVERITY = {"critical": 0, "high": 1, "medium": 2, "low": 3}
ASKING = ("open", "mitigating")
_VERDICTS = ("fail", "error", "unknown")


def finding_list(services: Services, person: Person, query: Query) -> bytes:
    """Findings, those that need somebody first."""
    status = query.get("status", "asking")
    asked = only(query, "control", "practice", "customer", "verdict", "code")
    if status not in ("asking", "any"):
        asked["status"] = status
    rows = look.list_findings(services, person, asked, ALL, None)["items"]
    if status == "asking":
        rows = [row for row in rows if row["status"] in ASKING]
    page = part_of(sorted(rows, key=urgency), query)
    names = Names(services, person)
    known = names.of(page["items"])
    return list_page(services, person, "findings", query, page, lambda row: finding_row(row, names, known))


def urgency(row: JsonObject) -> tuple[bool, int, str, str]:
    """Sorts what needs somebody first, then by severity, then the oldest first."""
    return (row["status"] not in ASKING, SEVERITY.get(row["severity"], 9), row["since"], row["id"])


def finding_row(row: JsonObject, names: Names, known: dict[tuple[str, str], str]) -> JsonObject:
    """A finding as lists show it."""
    return {
        **row,
        "_path": path("findings", row["id"]),
        "name": subject(row, known),
        "customer": names.customer(row["customer"]),
        "why": why(row["reasons"]),
    }


def finding(services: Services, person: Person, identity: str, query: Query) -> bytes:
    """One finding with what people said about it, and forms to say more."""
    row = look.finding_view(services, person, identity)
    control = look.control_view(services, row["control"])
    names = Names(services, person)
    known = names.of([row])
    facts: list[Fact] = [
        ("Verdict", "tag", row["verdict"]),
        ("Severity", "tag", row["severity"]),
        ("Status", "tag", row["status"]),
        ("Owner", "text" if is_person(row["owner"]) else "words", row["owner"]),
        ("Due", "moment", row["due"]),
        ("Since", "moment", row["since"]),
        ("Judged", "moment", row["assessed_at"]),
        ("Customer", "text", names.customer(row["customer"])),
        ("Practice", "words", row["practice"]),
        ("Record", "text", subject({"subject": row["subject"]})),
        ("Control", "link", (path("controls", row["control"]), control["title"])),
        ("Policy version", "mono", row["policy_version"]),
        *_heard(row),
    ]
    forms, note = _forms(services, person, row)
    return detail_page(
        services,
        person,
        "findings",
        subject(row, known),
        control["objective"],
        facts,
        reasons=row["reasons"],
        forms=forms,
        form_note=note,
        said=said_of(query),
        evidence=row["evidence"],
    )


def _heard(row: JsonObject) -> list[Fact]:
    facts: list[Fact] = []
    if plan := row.get("mitigation"):
        facts.append(("Mitigation", "text", f"{plan['plan']} ({plan['owner']}, by {plan['recovery_date']})"))
    for former in row.get("history", ()):
        plan = former["mitigation"]
        said = f"{plan['plan']} ({plan['owner']})" if plan else "Nobody had said how it is put right"
        facts.append((f"Former plan, closed {former['closed'][:10]}", "text", said))
    if heard := row.get("feedback"):
        comment = f": {heard['comment']}" if heard["comment"] else ""
        facts.append(("Feedback", "text", f"{words(heard['kind'])}{comment}"))
    if row.get("override"):
        facts.append(("Accepted until", "moment", row["override"]["expires"]))
    return facts


def _forms(services: Services, person: Person, row: JsonObject) -> tuple[list[JsonObject], str]:
    if not person.has(*REQUESTERS):
        return [], "Your role reads findings; it does not answer them."
    where = path("findings", row["id"])
    sign = token(services, person, f"finding {row['id']}")
    forms: list[JsonObject] = []
    if row["verdict"] in _VERDICTS and person.has(*PEOPLE):
        plan = row.get("mitigation") or {}
        forms.append(
            {
                "title": "Say who puts it right, how and by when",
                "lead": "The finding stays open until the control passes; the weekly report shows your plan beside it.",
                "action": f"{where}/mitigation",
                "token": sign,
                "hidden": [],
                "fields": [
                    {
                        "name": "owner",
                        "label": "Owner",
                        "kind": "text",
                        "required": True,
                        "value": plan.get("owner", ""),
                    },
                    {"name": "plan", "label": "Plan", "kind": "long", "required": True, "value": plan.get("plan", "")},
                    {
                        "name": "recovery_date",
                        "label": "Recovered by",
                        "kind": "date",
                        "required": True,
                        "value": plan.get("recovery_date", ""),
                    },
                ],
                "buttons": [("", "", "Record the plan", False)],
            }
        )
    kinds = [("confirmed", "It is right"), ("false_positive", "It is wrong: nothing is the matter (false positive)")]
    kinds.append(("false_negative", "It misses something (false negative)"))
    forms.append(
        {
            "title": "Is this judgement right?",
            "lead": "Your answer does not change the finding; it shows how far the control can be trusted.",
            "action": f"{where}/feedback",
            "token": sign,
            "hidden": [],
            "fields": [
                {"name": "kind", "label": "The judgement", "kind": "one", "required": True, "options": kinds},
                {"name": "comment", "label": "Comment (may be left empty)", "kind": "long", "required": False},
            ],
            "buttons": [("", "", "Record the feedback", False)],
        }
    )
    return forms, ""


def control_list(services: Services, person: Person, query: Query) -> bytes:
    """The catalogue."""
    return list_page(services, person, "controls", query, look.list_controls(services, ALL, None), _control_row)


def _control_row(row: JsonObject) -> JsonObject:
    return {**row, "_path": path("controls", row["id"]), "caught": _caught(row["effectiveness"])}


def _caught(canaries: JsonObject) -> str:
    return f"{canaries['caught']} of {canaries['total']}" if canaries["total"] else "it has none"


def control(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    """One control."""
    row = look.control_view(services, identity)
    missed = row["effectiveness"]["missed"]
    caught = _caught(row["effectiveness"]) + (f"; missed: {', '.join(missed)}" if missed else "")
    facts: list[Fact] = [
        ("Passes when", "text", row["title"]),
        ("Owner", "words", row["owner"]),
        ("Judged", "words", row["cadence"]),
        ("About", "words", row["subject_kind"]),
        ("Practices", "text", listed(row["practices"]) if row["practices"] else "All"),
        ("Test violations caught", "text", caught),
        ("Needs", "listed", row["needs"]),
        ("Frameworks", "text", ", ".join(row["frameworks"])),
    ]
    return detail_page(
        services,
        person,
        "controls",
        row["title"],
        row["objective"],
        facts,
        call=(f"/findings?control={identity}", "Its findings"),
        parts=[
            {
                "heading": "What it may say",
                "statements": [{"text": words(code), "href": "", "label": code} for code in row["codes"]],
            }
        ],
    )


def _may_read(person: Person) -> None:
    if not person.has(*EVIDENCE):
        raise Forbidden("Evidence is read by auditors, the steering team and administrators.", code="role_missing")


def evidence_list(services: Services, person: Person, query: Query) -> bytes:
    """Records."""
    _may_read(person)
    asked = only(query, "customer", "type", "control", "subject")
    page = show_evidence.list_evidence(services, person, asked, PAGE, query.get("next"))
    names = Names(services, person)

    def shape(row: JsonObject) -> JsonObject:
        return {
            **row,
            "_path": path("evidence", row["id"]),
            "name": row["type"].replace(".", " "),
            "customer": names.customer(row["customer"]),
            "subject": subject(row),
            "index": "waiting to be sealed" if row["index"] is None else str(row["index"]),
        }

    return list_page(services, person, "evidence", query, page, shape)


def record(services: Services, person: Person, identity: str, _query: Query) -> bytes:
    """One record."""
    _may_read(person)
    row = show_evidence.record_view(services, person, identity)
    at = path("evidence", identity)
    links = [(f"{at}/content", "The exact bytes")]
    if row["index"] is not None:
        links.append((f"{at}/proof", "The proof (c2sp.org/tlog-proof@v1)"))
    facts: list[Fact] = [
        ("Customer", "text", Names(services, person).customer(row["customer"])),
        ("About", "text", subject(row)),
        ("Received", "moment", row["received_at"]),
        ("Written by", "mono", row["actor"]),
        ("Controls", "listed", row["controls"]),
        ("Size", "text", f"{row['size']:,} bytes of {row['media_type']}"),
        ("Log", "mono", row["log"]),
        ("Place in log", "text", "waiting to be sealed" if row["index"] is None else row["index"]),
        ("SHA-256", "mono", row["sha256"]),
        ("Record", "mono", identity),
        ("Open", "links", links),
    ]
    return detail_page(
        services,
        person,
        "evidence",
        f"Record: {row['type'].replace('.', ' ')}",
        "The bytes must have this SHA-256, and the log proves that they have not changed since. Reading them is recorded.",
        facts,
    )


def record_file(services: Services, person: Person, identity: str, what: str) -> tuple[bytes, str]:
    """A record's exact bytes or its proof, with the name a browser keeps it under: whatever it is, it is never shown."""
    _may_read(person)
    if what == "proof":
        return show_evidence.proof_of(services, person, identity).encode(), f"{identity}.tlog-proof"
    body, media_type = show_evidence.content_of(services, person, identity)
    return body, f"{identity}.{_ENDINGS.get(media_type, 'bin')}"


_ENDINGS = {"application/json": "json", "text/csv": "csv"}
