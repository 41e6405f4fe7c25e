"""Pages of the programme: its steps in their order, and one step with the form that says who, what and done."""

from __future__ import annotations

from functions.page_forms import said_of
from functions.page_frames import PAGE, Query, detail_page, list_page, only, path, token
from shared.connector.operation import PEOPLE
from shared.model import JsonObject, Person
from shared.portal.blocks import Fact, table
from shared.portal.words import listed
from shared.procedures import programme
from shared.procedures.services import Services


def step_list(services: Services, person: Person, query: Query) -> bytes:
    """The steps, stage by stage."""
    asked = only(query, "stage", "practice", "state")
    page = programme.list_programme(services, person, PAGE, query.get("next"), **asked)

    def shape(row: JsonObject) -> JsonObject:
        return {**row, "_path": path("programme", row["id"]), "name": row["title"], "missing": row["codes"]}

    return list_page(services, person, "programme", query, page, shape)


def step(services: Services, person: Person, identity: str, query: Query) -> bytes:
    """One step: what it asks, what stands, and what speaks against it."""
    row = programme.step_view(services, person, identity)
    facts: list[Fact] = [
        ("State", "tag", row["state"]),
        ("Stage", "text", row["stage_title"]),
        ("Practice", "text", row["practice"]),
        ("Owner", "text", "you" if row["owner"] == person.oid else row["owner"] or "nobody"),
        ("Usually done by", "words", row["role"]),
        ("Said to be done by", "words", row["signs"] or "whoever may write"),
        ("Second person", "text", "somebody else than the owner" if row["second"] else None),
        ("Due", "day", row["due"]),
        ("Done", "moment", row["done_at"]),
        ("Done according to", "text", "you" if row["done_by"] == person.oid else row["done_by"]),
        ("Waived by decision", "mono", row["decision_id"]),
        ("Controls it rests on", "links", [(path("controls", one), one) for one in row["controls"]]),
        ("Not judged yet", "listed", row["unjudged"]),
    ]
    answers = [{"asked": one, "answer": row["answers"].get(one)} for one in row["asks"]]
    shown = [{"proof": one} for one in row["evidence"]]
    forms = [_form(services, person, row)] if person.has(*PEOPLE) and not person.is_application else []
    return detail_page(
        services,
        person,
        "programme",
        row["title"],
        "A step is done when everything it asks for stands; saying so is not enough.",
        facts,
        reasons=row["against"],
        blocks=[
            table(
                "What is written down",
                answers,
                {"asked": "Asked", "answer": "Answer"},
                kinds={"answer": "long"},
                empty="The step asks for nothing in writing.",
            ),
            table("What shows it", shown, {"proof": "Link or evidence"}, kinds={"proof": "mono"}, empty="Nothing yet."),
        ],
        forms=forms,
        form_note="" if forms else "Your roles read the programme and change nothing in it.",
        said=said_of(query),
        evidence=[row["evidence_id"]] if row["evidence_id"] else [],
    )


def _form(services: Services, person: Person, row: JsonObject) -> JsonObject:
    fields: list[JsonObject] = [
        {"name": "owner", "label": "Owner", "kind": "text", "required": False, "value": row["owner"] or ""},
        {"name": "due", "label": "Due", "kind": "date", "required": False, "value": row["due"] or ""},
        *(
            {
                "name": f"answer-{place}",
                "label": asked,
                "kind": "long",
                "required": False,
                "value": row["answers"].get(asked, ""),
            }
            for place, asked in enumerate(row["asks"])
        ),
        {
            "name": "evidence",
            "label": "What shows it: links or evidence ids, one a line",
            "kind": "long",
            "required": False,
            "value": "\n".join(row["evidence"]),
        },
        {
            "name": "decision_id",
            "label": "Decision that waives it (only to waive)",
            "kind": "text",
            "required": False,
            "value": row["decision_id"] or "",
        },
    ]
    waits = f"It is said to be done by {listed([row['signs']])}. " if row["signs"] else ""
    return {
        "title": "Record the step",
        "lead": f"{waits}What you leave as it is stays as it is.",
        "action": path("programme", row["id"]),
        "token": token(services, person, f"step {row['id']}"),
        "hidden": [],
        "fields": fields,
        "buttons": [
            ("state", row["state"], "Record", False),
            *([("state", "done", "Record and call it done", True)] if row["state"] != "done" else []),
            *([("state", "open", "Open it again", True)] if row["state"] != "open" else []),
            *([("state", "waived", "Waive it", True)] if row["state"] == "open" else []),
        ],
    }
