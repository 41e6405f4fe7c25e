"""The demo's seeds: deterministic, consistent, and wrong only where they say so; the real log keeps its figures."""

from __future__ import annotations

import gzip
import json
import math
import tomllib
from pathlib import Path
from statistics import fmean, median

import pytest

from local.halopsa.clock import Clock, instant
from local.halopsa.store import Store
from local.seeds import baselines, changes, entra, integrations, servicenow, world
from local.seeds.__main__ import main
from local.seeds.calendar import AS_OF
from local.seeds.violations import violations
from shared.policy.document import Policy

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LOG = DATA / "uci-incidents" / "incident_event_log.csv.gz"
SPEC = DATA / "halopsa-openapi.json"
COLUMNS = (
    "number,incident_state,reassignment_count,reopen_count,sys_mod_count,made_sla,opened_at,sys_updated_by,"
    "sys_updated_at,category,impact,urgency,priority,assignment_group,assigned_to,resolved_at,closed_at"
)


@pytest.fixture(scope="module")
def rows():
    return world.rows()


def test_the_same_seed_gives_the_same_world(rows):
    """Nothing in the world depends on when or where it is made."""
    assert json.dumps(rows) == json.dumps(world.rows())
    assert json.dumps(rows) != json.dumps(world.rows(seed=1))


def test_the_world_has_the_sizes_that_were_promised(rows):
    """Three practices, 20 customers, 400 tickets, 12 projects, 40 recurring invoices, 15 integrations."""
    policy = Policy.model_validate(_toml())
    assert set(policy.practices) == {"msp", "mssp", "ps"}
    assert len(rows["Client"]) == 20
    assert sum(1 for row in rows["Tickets"] if row["tickettype_id"] != 41) == 406
    assert len(rows["Projects"]) == 12
    assert len(rows["RecurringInvoice"]) == 40
    assert len(integrations.ALL) == 15
    assert min(row["id"] for row in rows["RecurringInvoice"]) == -40


def test_every_planted_violation_is_about_something_that_exists(rows):
    """Subjects of violations are in the seeds, and codes are stable snake_case words."""
    known = {
        "recurring_invoice": {str(row["id"]) for row in rows["RecurringInvoice"]},
        "customer": {str(row["id"]) for row in rows["Client"]},
        "project": {str(row["id"]) for row in rows["Projects"]},
        "opportunity": {str(row["id"]) for row in rows["Opportunities"]},
        "ticket": {str(row["id"]) for row in rows["Tickets"]},
        "meeting": {one.name for one in Policy.model_validate(_toml()).governance.meetings},
        "integration": {row["appId"] for row in entra.rows()["servicePrincipals"]}
        | {row["clientId"] for row in rows["Application"]},
    }
    planted = violations()
    for one in planted:
        assert one["subject"]["id"] in known[one["subject"]["kind"]], one
        assert one["text"].endswith(".")
    keys = [(one["subject"]["kind"], one["subject"]["id"], one["code"]) for one in planted]
    assert len(keys) == len(set(keys))
    assert {one["family"] for one in planted} == {
        "billing",
        "project",
        "handoff",
        "access",
        "desk",
        "incident",
        "governance",
    }


def test_rows_name_each_other_correctly(rows):
    """Clients, sites, agents, teams, parents and invoices that a row names are there."""
    clients = {row["id"] for row in rows["Client"]}
    sites = {row["id"] for row in rows["Site"]}
    agents = {row["id"] for row in rows["Agent"]} | {1}
    work = [*rows["Tickets"], *rows["Projects"], *rows["Opportunities"]]
    ids = {row["id"] for row in work}
    assert len(ids) == len(work)
    for row in work:
        assert row["client_id"] in clients
        assert row["site_id"] in sites
        assert row["agent_id"] in agents
        assert row.get("parent_id", 0) in ids | {0}
    assert {row["ticket_id"] for row in rows["Actions"]} <= ids
    keys = [(row["ticket_id"], row["id"]) for row in rows["Actions"]]
    assert len(keys) == len(set(keys))
    recurring = {row["id"] for row in rows["RecurringInvoice"]}
    assert {row["recurring_invoice_id"] for row in rows["Invoice"]} == recurring


def test_times_are_in_order(rows):
    """No ticket closes before it was opened, and nothing has happened after the world's moment."""
    for row in rows["Tickets"]:
        opened, closed = instant(row["dateoccurred"]), instant(row.get("dateclosed"))
        assert opened is not None
        assert closed is None or closed >= opened, row
        assert max(filter(None, (opened, closed))) < AS_OF


def test_totals_are_sums_of_lines(rows):
    """Every recurring and issued invoice adds up to the cent."""
    for row in [*rows["RecurringInvoice"], *rows["Invoice"]]:
        net = sum(line["net_amount"] for line in row["lines"])
        tax = sum(line["tax_amount"] for line in row["lines"])
        assert math.isclose(row["total"], net + tax, abs_tol=0.005)


def test_baselines_and_changes_speak_of_existing_things(rows):
    """Baselines are for projects, edits and usage for recurring invoices and customers of the world."""
    projects = {row["id"] for row in rows["Projects"]}
    assert set(baselines.bodies()) < projects
    edited = changes.after_signoff()["RecurringInvoice"]
    before = {row["id"]: row for row in rows["RecurringInvoice"]}
    assert all(row != before[row["id"]] for row in edited)
    names = {row["name"] for row in rows["Client"]}
    lines = changes.usage_csv().splitlines()
    assert lines[0] == "Company,SKU,Quantity"
    assert {line.split(",")[0] for line in lines[1:]} <= names


@pytest.mark.skipif(not SPEC.exists(), reason="the OpenAPI document lies beside the checkout in ../shared, absent here")
def test_seeds_speak_halopsas_own_field_names(rows):
    """Every field of the main tables is in HaloPSA's OpenAPI document."""
    schemas = json.loads(SPEC.read_bytes())["components"]["schemas"]
    names = {
        "Tickets": "Faults", "Projects": "Faults", "Opportunities": "Faults", "Actions": "Actions",
        "RecurringInvoice": "InvoiceHeader", "Invoice": "InvoiceHeader", "ClientContract": "ContractHeader",
        "Quotation": "QuotationHeader", "SalesOrder": "OrderHead", "Client": "Area", "Site": "Site", "Users": "Users",
        "Agent": "Uname", "Appointment": "Appointment", "Application": "NHD_Identity_Application",
        "Template": "StdRequest", "Tax": "Tax", "Priority": "Policy", "Status": "TStatus", "Outcome": "TOutcome",
    }  # fmt: skip
    for table, schema in names.items():
        used = {field for row in rows[table] for field in row}
        assert used <= set(schemas[schema]["properties"]), table
    lines = {field for row in rows["RecurringInvoice"] for line in row["lines"] for field in line}
    assert lines <= set(schemas["InvoiceDetail"]["properties"])


def test_the_simulator_takes_the_world_in(rows):
    """Loaded into the simulator's store, nothing is lost: no two rows share an identity."""
    store = Store(Clock(), rows)
    assert len(store.table("Tickets").rows) == sum(len(rows[name]) for name in ("Tickets", "Projects", "Opportunities"))
    for table in ("Actions", "RecurringInvoice", "Invoice", "Application", "Users"):
        assert len(store.table(table).rows) == len(rows[table])


def _log(path: Path, *events: dict[str, str]) -> Path:
    base = {
        "incident_state": "Active", "reassignment_count": "0", "reopen_count": "0", "made_sla": "true",
        "opened_at": "1/3/2016 08:00", "sys_updated_by": "Updated by 1", "category": "Category 1",
        "impact": "2 - Medium", "urgency": "2 - Medium", "priority": "3 - Moderate", "assignment_group": "Group 1",
        "assigned_to": "?", "resolved_at": "?", "closed_at": "5/3/2016 08:00",
    }  # fmt: skip
    lines = [COLUMNS, *(",".join({**base, **event}[name] for name in COLUMNS.split(",")) for event in events)]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def _event(number: str, count: int, at: str, **more: str) -> dict[str, str]:
    return {"number": number, "sys_mod_count": str(count), "sys_updated_at": at, **more}


def test_a_log_becomes_tickets_and_actions(tmp_path):
    """Opening, assignment, resolving, reopening and closing are told by actions; the ticket by its last row."""
    ends = {"resolved_at": "3/3/2016 08:00", "reopen_count": "1", "made_sla": "false", "assigned_to": "Resolver 7"}
    path = _log(
        tmp_path / "log.csv.gz",
        _event("INC1", 0, "1/3/2016 08:05", incident_state="New"),
        _event("INC1", 1, "1/3/2016 09:00", assigned_to="Resolver 7"),
        _event("INC1", 2, "2/3/2016 09:00", incident_state="Resolved", assigned_to="Resolver 7"),
        _event("INC1", 3, "2/3/2016 10:00", reopen_count="1", assigned_to="Resolver 7"),
        _event("INC1", 4, "3/3/2016 08:00", incident_state="Resolved", **ends),
        _event("INC1", 5, "5/3/2016 08:00", incident_state="Closed", **ends),
    )
    seed = servicenow.seed(path)
    (ticket,) = seed["Tickets"]
    assert (ticket["dateoccurred"], ticket["dateclosed"]) == ("2016-03-01T08:00:00Z", "2016-03-03T08:00:00Z")
    assert ticket["fixbydate"] == "2016-03-03T07:59:59Z"
    outcomes = [action["outcome"] for action in seed["Actions"]]
    assert outcomes == ["Logged", "Assigned", "Resolve", "Re-Open", "Resolve", "Close"]
    moves = [(action.get("old_status"), action["new_status"]) for action in seed["Actions"]]
    assert moves == [(None, 1), (1, 2), (2, 9), (9, 2), (2, 9), (9, 9)]


def test_an_incident_without_a_resolution_time_is_kept_apart(tmp_path):
    """Its closing is known, its resolution is not: it has a client of its own, so that no figure is invented."""
    path = _log(
        tmp_path / "log.csv.gz",
        _event("INC1", 0, "1/3/2016 08:05", incident_state="New"),
        _event("INC1", 1, "5/3/2016 08:00", incident_state="Closed"),
    )
    (ticket,) = servicenow.seed(path)["Tickets"]
    assert (ticket["client_id"], ticket["dateclosed"]) == (servicenow.CLIENT_UNRESOLVED, "2016-03-05T08:00:00Z")
    assert servicenow.expected_figures(path)["mttr_n"] == 0


def test_a_resolved_that_is_left_without_counting_is_no_closing(tmp_path):
    """A run of Resolved rows followed by work, with the same reopen_count, never reaches the closed status."""
    path = _log(
        tmp_path / "log.csv.gz",
        _event("INC1", 0, "1/3/2016 08:05", incident_state="Resolved"),
        _event("INC1", 1, "1/3/2016 09:00", incident_state="Resolved"),
        _event("INC1", 2, "1/3/2016 10:00"),
        _event("INC1", 3, "5/3/2016 08:00", incident_state="Closed"),
    )
    assert [action["new_status"] for action in servicenow.seed(path)["Actions"]] == [8, 8, 2, 9]


def test_what_is_no_log_is_said_in_words(tmp_path, capsys):
    """A file that is no gzipped event log ends with a sentence and exit code 2."""
    broken = tmp_path / "log.csv.gz"
    broken.write_bytes(b"nothing")
    assert main(["servicenow", str(broken)]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(not LOG.exists(), reason="the real event log lies beside the checkout in ../shared, absent here")
def test_the_real_log_keeps_its_headline_figures():
    """Told from the HaloPSA rows by the KPIs' own definitions, every figure is the log's."""
    told = servicenow.expected_figures(LOG)
    seed = servicenow.seed(LOG)
    tickets = seed["Tickets"]
    hours = [_hours(row) for row in tickets if row["client_id"] == servicenow.CLIENT_RESOLVED]
    assert len(hours) == told["mttr_n"] == 23362
    assert math.isclose(fmean(hours), told["mttr_mean"])
    assert round(told["mttr_mean"], 6) == 178.171582
    assert round(median(hours), 3) == round(told["mttr_median"], 3) == 22.1
    assert round(told["mttr_p90"], 3) == 381.548
    met = sum(row["dateclosed"] <= row["fixbydate"] for row in tickets)
    assert met == told["sla_met"] == 15803
    reopened = {one["ticket_id"] for one in seed["Actions"] if one.get("old_status") == 9 and one["new_status"] != 9}
    assert len(reopened) == told["reopened"] == 275
    never = sum(row["reassigncount"] == 0 for row in tickets)
    assert never / len(tickets) == told["never_reassigned"]
    start, end = (instant(moment) for moment in servicenow.PERIOD)
    assert all(start <= instant(row["dateclosed"]) < end for row in tickets)
    assert len(seed["Actions"]) == 141712


def _hours(row) -> float:
    return (instant(row["dateclosed"]) - instant(row["dateoccurred"])).total_seconds() / 3600


def _toml():
    return tomllib.loads(world.POLICY.read_text(encoding="utf-8"))
