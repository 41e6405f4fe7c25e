"""Pages of the monthly samples of overrides: what was let pass, and the forms to conclude on each."""

from __future__ import annotations

from functions.page_forms import said_of
from functions.page_frames import PAGE, Names, Query, detail_page, list_page, path, token
from shared.connector.operations import BY_ID
from shared.model import JsonObject, Person
from shared.portal.blocks import Fact, subject, table
from shared.procedures import override_samples
from shared.procedures.services import Services


def sample_list(services: Services, person: Person, query: Query) -> bytes:
    """Samples by month."""
    page = override_samples.list_samples(services, person, PAGE, query.get("next"))
    newest = {"items": page["items"][::-1], "next": page["next"]}
    return list_page(
        services, person, "samples", query, newest, lambda row: {**row, "_path": path("samples", row["period"])}
    )


def sample(services: Services, person: Person, period: str, query: Query) -> bytes:
    """One month: how it was drawn, each override with its conclusion, and forms for what is open."""
    row = override_samples.sample_view(services, person, period)
    names = Names(services, person)
    facts: list[Fact] = [
        ("Let pass that month", "number0", row["population"]),
        ("Drawn", "number0", row["size"]),
        ("Without a conclusion", "number0", row["open"]),
        ("Seed", "mono", row["seed"]),
        ("Seed recorded", "moment", row["seed_recorded_at"]),
        ("Before anything was let pass", "text", "yes" if row["seeded_beforehand"] else "no"),
    ]
    shown = [
        {
            "_path": path("approvals", one["id"]),
            "name": subject(one),
            "customer": names.customer(one["customer"]),
            "why": one["content"].get("rationale"),
            "until": one["content"].get("expires"),
            "conclusion": (one["conclusion"] or {}).get("conclusion"),
            "note": (one["conclusion"] or {}).get("note"),
        }
        for one in row["sample"]
    ]
    forms = [_form(services, person, period, one) for one in row["sample"] if _may(person, one)]
    return detail_page(
        services,
        person,
        "samples",
        f"Sample of {period}",
        "What was let pass, drawn by a seed that anybody can redo the draw with; others than who asked and gave conclude.",
        facts,
        blocks=[
            table(
                "Sample",
                shown,
                {
                    "name": "Let pass",
                    "customer": "Customer",
                    "why": "Rationale",
                    "until": "Until",
                    "conclusion": "Conclusion",
                    "note": "Why",
                },
                kinds={"name": "link", "why": "long", "until": "day", "conclusion": "tag", "note": "long"},
                caption=f"{row['size']} of {row['population']}",
                empty="Nothing was let pass.",
            )
        ],
        forms=forms,
        said=said_of(query),
        evidence=[one["conclusion"]["evidence_id"] for one in row["sample"] if one["conclusion"]],
    )


def _may(person: Person, item: JsonObject) -> bool:
    took_part = {item["requester"], *(one["by"] for one in item["decisions"])}
    roles = BY_ID["concludeSample"].roles or ()
    return (
        item["conclusion"] is None and person.has(*roles) and person.oid not in took_part and not person.is_application
    )


def _form(services: Services, person: Person, period: str, item: JsonObject) -> JsonObject:
    choices = [("justified", "It was justified"), ("unjustified", "It was not"), ("unclear", "It cannot be told")]
    return {
        "title": f"Conclude on {subject(item)}",
        "lead": str(item["content"].get("rationale") or ""),
        "action": path("samples", period, "items", item["id"]),
        "token": token(services, person, f"sample {period} {item['id']}"),
        "hidden": [],
        "fields": [
            {"name": "conclusion", "label": "Your conclusion", "kind": "one", "required": True, "options": choices},
            {"name": "note", "label": "Why", "kind": "long", "required": True},
        ],
        "buttons": [("", "", "Record the conclusion", False)],
    }
