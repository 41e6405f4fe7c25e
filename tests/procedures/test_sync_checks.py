"""Rows are looked at field by field: a wrong type is a finding that names it, in quarantine, and closes once it is right."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.halopsa.facts_lists import READINGS
from shared.halopsa.facts_records import RECORDS
from shared.halopsa.mirror import BlobMirror
from shared.procedures.runs import Run
from shared.procedures.sync import sync_run
from shared.registers import findings
from tests.harness.halo import FakeHalo
from tests.harness.services import FakeServices

AT = "2026-11-10T08:00:00Z"
GOOD: dict[str, Any] = {"id": 7, "client_id": 3, "summary": "x", "dateoccurred": AT, "last_update": AT}


def services(**tables: list[dict[str, Any]]) -> FakeServices:
    """With a mirror as in Azure."""
    made = FakeServices()
    made.mirror = BlobMirror(made.blobs)
    made.halo = FakeHalo(made.clock, tables)
    return made


def sync(services: FakeServices) -> dict[str, Any]:
    """One run, a minute after the last."""
    services.clock.advance(seconds=60)
    stamp = services.clock.now()
    return sync_run(services, Run(f"r-{stamp.timestamp()}", "sync", None, stamp, "test"))


def open_findings(services: FakeServices) -> dict[str, str]:
    """Texts of open findings by subject."""
    rows = findings.of_control(services.rows, "records_readable")
    return {row["subject"]["id"]: row["reasons"][0]["text"] for row in rows if row["verdict"] == "fail"}


def test_every_kind_that_is_read_has_a_record() -> None:
    """Nothing comes in that no record looks at."""
    assert {reading.kind for reading in READINGS} | {"Actions", "WebhookEvent"} == set(RECORDS)


@pytest.mark.parametrize(
    ("kind", "row", "named"),
    [
        ("Tickets", {**GOOD, "client_id": "3"}, "client_id"),
        ("Tickets", {**GOOD, "dateoccurred": "soon"}, "dateoccurred"),
        ("Tickets", {**GOOD, "excludefromsla": "no", "summary": 5}, "excludefromsla"),
        ("Invoice", {"id": 7, "lines": [{"id": 1}, {"id": 2, "net_amount": "a lot"}]}, "lines.1.net_amount"),
        ("RecurringInvoice", {"id": -7, "disabled": 1}, "disabled"),
        ("Agent", {"id": 7, "costprice": "12"}, "costprice"),
        ("ConfigCommit", {"id": 7, "rolled_back": "yes"}, "rolled_back"),
        ("Audit", {"id": 7, "from": 3}, "from"),
        ("Priority", {"id": "5F0C0000-0000-4000-8000-000000000001", "priorityid": "1"}, "priorityid"),
        ("TimesheetEvent", {"id": 0, "ticket_id": 7, "action_number": 1, "timetaken": "1h"}, "timetaken"),
        ("Site", {"id": 7, "client_id": 12.5}, "client_id"),
    ],
)
def test_a_wrong_type_is_a_finding_that_names_the_field(kind: str, row: dict[str, Any], named: str) -> None:
    """The others of the list are read; the row is kept raw, as quarantined evidence, and told once."""
    made = services(**{kind: [row]})
    result = sync(made)
    assert result["faults"] == 1
    [(subject, text)] = open_findings(made).items()
    assert subject.startswith(f"{kind}/")
    assert f" {named} is" in text or f" {named} should be" in text
    [entry] = made.ledger.of_type("record.quarantined")
    assert json.loads(entry.payload)["id"] in {row["id"], str(row["id"]).lower()}
    assert entry.source["why"] in text
    again = len(made.ledger.entries)
    assert sync(made)["faults"] == 1
    assert not made.ledger.of_type("record.quarantined")[1:]
    assert all(entry.type == "observation.page" for _, entry in made.ledger.entries[again:])


def test_the_finding_closes_when_the_field_is_right_or_the_record_is_gone() -> None:
    """A person mends one record and deletes another; a third is still wrong in another way."""
    bad = [{**GOOD, "id": n, "client_id": "x"} for n in (1, 2, 3)]
    made = services(Tickets=[*bad, GOOD])
    assert sync(made)["faults"] == 3
    later = "2026-11-11T08:00:00Z"
    made.halo.tables["Tickets"] = [
        {**GOOD, "id": 1, "last_update": later},
        {**GOOD, "id": 3, "status_id": "open", "last_update": later},
        GOOD,
    ]
    assert sync(made)["faults"] == 1
    [(subject, text)] = open_findings(made).items()
    assert (subject, "status_id" in text) == ("Tickets/3", True)


def test_a_wrong_field_that_only_the_detail_carries_is_found() -> None:
    """Budgets of a project come with its detail."""
    made = services(Projects=[{**GOOD, "budgets": [{"hours": "many"}]}])
    made.halo.hidden["Projects"] = frozenset({"budgets"})
    assert sync(made)["faults"] == 1
    assert "budgets.0.hours" in open_findings(made)["Projects/7"]
    made.halo.tables["Projects"][0] |= {"budgets": [{"hours": 3}], "last_update": "2026-11-11T08:00:00Z"}
    assert sync(made)["faults"] == 0


def test_rows_without_an_id_are_one_finding_of_their_list() -> None:
    """They cannot be told apart, so they are counted; a whole read without any closes it."""
    made = services(Client=[{"id": 3}, {"name": "Nobody"}, {"id": ""}])
    sync(made)
    assert "2 rows have no id" in open_findings(made)["Client/-"]
    made.halo.tables["Client"] = [{"id": 3}]
    sync(made)
    assert open_findings(made) == {}


def test_a_run_killed_before_it_told_is_told_by_the_next() -> None:
    """The fault is known from the state, although the row is not read anew."""
    made = services(Tickets=[{**GOOD, "client_id": "x"}])
    keep = made.ledger.record_many

    def broken(entries: Any) -> Any:
        if any(entry.type == "record.quarantined" for entry in entries):
            raise KeyboardInterrupt
        return keep(entries)

    made.ledger.record_many = broken
    with pytest.raises(KeyboardInterrupt):
        sync(made)
    made.ledger.record_many = keep
    assert open_findings(made) == {}
    assert sync(made)["faults"] == 1
    assert list(open_findings(made)) == ["Tickets/7"]


def test_unknown_fields_are_kept_and_counted() -> None:
    """By name and number of rows; flags of HaloPSA's and marks of ours do not count."""
    rows = [{**GOOD, "id": n, "brand_new": n, "_warning": "x"} for n in range(5)]
    rows[0]["other"] = True
    made = services(Tickets=rows)
    result = sync(made)
    assert made.mirror.state("Tickets")["unknown_fields"] == {"brand_new": 5, "last_update": 5, "other": 1}
    assert result["kinds"]["Tickets"]["unknown_fields"] == 3
    assert (made.mirror.get("Tickets", "3") or {})["brand_new"] == 3
    assert open_findings(made) == {}


def test_what_is_audited_is_read_once_a_day() -> None:
    """It can be neither paged nor narrowed, and nothing is judged by it."""
    made = services(Audit=[{"id": 1, "table_name": "faults", "from": "2", "to": "9"}])
    assert sync(made)["kinds"]["Audit"]["rows"] == 1
    asked = len([call for call in made.halo.calls if call[1] == "Audit"])
    assert sync(made)["kinds"]["Audit"] | {"rows": 1} == sync(made)["kinds"]["Audit"]
    assert len([call for call in made.halo.calls if call[1] == "Audit"]) == asked
    made.clock.advance(seconds=21 * 3600)
    sync(made)
    assert len([call for call in made.halo.calls if call[1] == "Audit"]) == asked + 1


def test_a_list_in_which_nothing_is_or_was_wrong_is_not_judged() -> None:
    """That every row has an id now matters only where one had none."""
    from shared.procedures.sync_checks import WITHOUT_ID, Checked

    clean = {WITHOUT_ID: ""}
    assert not Checked(faults=clean).matters
    assert Checked(faults={**clean, "7": "date: unreadable"}).matters
    assert Checked(faults=clean, standing={WITHOUT_ID: "2 rows have no id that can be used."}).matters
    assert Checked(faults=clean, told={"7": "date: unreadable"}).matters
