from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import SourceBusy, SourceDown
from shared.model import Person, Role
from shared.notify import sharepoint
from shared.notify.sharepoint import SharePoint
from shared.procedures import act
from shared.procedures.deliver import deliveries
from shared.procedures.power_bi import KPI_COLUMNS, schema, starter
from shared.procedures.report_answers import list_reports
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from shared.settings import Settings
from tests.harness.microsoft import BASE, MicrosoftServices
from tests.reports import weeks
from tests.reports.weeks import NOW, PERIOD

ALL = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))
REPORT = f"weekly/{PERIOD}/2026-11-23T06:00:00.000Z"


PRACTICES = """
[practices.msp]
site = "site-msp"
drive = "b!service"
folder = "Control/Weekly"
formats = ["html", "csv"]
[practices.ps]
site = "%s"
formats = ["json"]
"""


def site(name: str = "site-reports", policy: str = "") -> tuple[Any, MicrosoftServices]:
    """A week's services that put files on SharePoint sites of the Graph stand-in."""
    microsoft = MicrosoftServices()
    made = weeks.services(policy=policy)
    made.settings = Settings({**made.settings.values, "SHAREPOINT_SITE": name})
    made.shelf = SharePoint(
        graph=f"{BASE}/graph",
        token=lambda: microsoft.web.get(
            "/msi/token", params={"resource": "https://graph.microsoft.com"}, headers={"X-IDENTITY-HEADER": "x"}
        ).json()["access_token"],
        sleep=microsoft.waits.append,
        http=microsoft.web,
    )
    return made, microsoft


def publish(services: Any, run: str = "r-1") -> list[dict[str, str]]:
    """Run the report; answer the deliveries it queued."""
    weekly_report_run(services, Run(run, "weekly_report", PERIOD, NOW, "oid-1"))
    said = [json.loads(one) for one in iter(lambda: services.queues.take("actions"), None)]
    return [one for one in said if kind_of(services, one) is ActionKind.DELIVER_FILE]


def kind_of(services: Any, said: dict[str, str]) -> ActionKind:
    """What a queued message asks for."""
    held = act.register(services, said["part"]).get(said["key"])
    assert held is not None
    return Action.from_json(held.body["action"]).kind


@pytest.mark.slow
def test_every_format_and_artefact_reaches_the_site_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files at once, large ones in upload sessions; the same report run again sends nothing twice."""
    monkeypatch.setattr(sharepoint, "_SMALL", 60_000)
    monkeypatch.setattr(sharepoint, "_CHUNK", 320 * 1024)
    services, microsoft = site()
    weeks.normal(services)
    for said in publish(services):
        act.carry_out(services, said["part"], said["key"])
    files = microsoft.web.get("/_sim/files").json()

    assert len(files) == 11
    assert all(len(versions) == 1 for versions in files.values())
    folder = f"site-reports/Weekly/{PERIOD}/2026-11-23T06-00-00.000Z"
    assert files[f"{folder}/weekly-{PERIOD}.csv"] == [len(services.blobs.get("reports", f"{REPORT}/csv"))]
    assert any(call["path"].startswith("/upload/") for call in microsoft.web.get("/_sim/calls").json())
    assert publish(services, "r-2") == []
    (row,) = list_reports(services, ALL)["items"]
    assert {one["state"] for one in row["deliveries"]} == {"delivered"}


@pytest.mark.slow
def test_a_site_that_was_not_granted_fails_where_people_see_it_and_is_sent_again_by_the_next_run() -> None:
    """The report stands; each file says why it did not arrive; once granted, running the report again delivers."""
    services, _ = site("another-site")
    for said in publish(services):
        act.carry_out(services, said["part"], said["key"])
    (row,) = list_reports(services, ALL)["items"]

    assert {(one["state"], one["error"]["code"]) for one in row["deliveries"]} == {("failed", "sharepoint_denied")}
    assert len(services.ledger.of_type("action.failed")) == 11
    services.settings = Settings({**services.settings.values, "SHAREPOINT_SITE": "site-reports"})
    for said in publish(services, "r-2"):
        act.carry_out(services, said["part"], said["key"])
    assert {one["state"] for one in deliveries(services)[REPORT]} == {"delivered"}


@pytest.mark.slow
@pytest.mark.parametrize(("status", "fault"), [(429, SourceBusy), (503, SourceDown), (423, SourceDown)])
def test_what_may_pass_later_rises_so_that_the_queue_tries_again(status: int, fault: type[Exception]) -> None:
    """Busy, down or opened by somebody: not failed, and the file goes out at the next try."""
    services, microsoft = site()
    first = publish(services)[0]
    microsoft.fault(match="/graph/v1.0/sites/", status=status, times=5, retry_after=3)
    with pytest.raises(fault):
        act.carry_out(services, first["part"], first["key"])

    assert {one["state"] for one in deliveries(services)[REPORT]} == {"waiting"}
    assert max(microsoft.waits) >= 3
    act.carry_out(services, first["part"], first["key"])
    assert min(one["state"] for one in deliveries(services)[REPORT]) == "delivered"


@pytest.mark.slow
def test_a_file_given_up_by_the_queue_is_shown_as_failed() -> None:
    """The poison queue's message becomes a failed delivery with a reason."""
    services, _ = site()
    first = publish(services)[0]
    act.fail(services, first["part"], first["key"], SourceDown("Given up.", code="action_given_up"))

    assert [one["error"]["code"] for one in deliveries(services)[REPORT] if one["state"] == "failed"] == [
        "action_given_up"
    ]


@pytest.mark.slow
def test_each_edition_reaches_its_own_practices_library_in_the_formats_policy_names() -> None:
    """Site, library and folder are the practice's; nothing of it goes elsewhere, and another site is sent to anew."""
    services, microsoft = site("", PRACTICES % "site-ps")
    messages = publish(services)
    for said in messages:
        act.carry_out(services, said["part"], said["key"])
    folder = f"{PERIOD}/2026-11-23T06-00-00.000Z/weekly-{PERIOD}"

    assert list(microsoft.web.get("/_sim/files").json()) == [
        f"site-msp/b!service/Control/Weekly/{folder}-msp.csv",
        f"site-msp/b!service/Control/Weekly/{folder}-msp.html",
        f"site-ps/Weekly/{folder}-ps.json",
    ]
    assert publish(services, "r-2") == []
    services.set_policy(PRACTICES % "site-mssp")
    (moved,) = publish(services, "r-3")
    act.carry_out(services, moved["part"], moved["key"])
    assert f"site-mssp/Weekly/{folder}-ps.json" in microsoft.web.get("/_sim/files").json()


@pytest.mark.slow
def test_an_edition_that_cannot_be_delivered_is_shown_beside_it_and_to_whoever_may_read_it() -> None:
    """The practice's own people see why it did not arrive; the other practice's edition arrived."""
    services, _ = site("", PRACTICES % "site-of-others")
    for said in publish(services):
        act.carry_out(services, said["part"], said["key"])
    states = {
        key: [(one["state"], (one["error"] or {}).get("code")) for one in row["deliveries"]]
        for key in ("msp", "ps")
        for row in list_reports(services, Person("o", "Sam", frozenset(), practices=frozenset({key})))["items"]
    }

    assert states == {"msp": [("delivered", None)] * 2, "ps": [("failed", "sharepoint_denied")]}


@pytest.mark.slow
def test_without_a_site_nothing_is_queued() -> None:
    """No site, no deliveries, no failures."""
    services = weeks.services()
    assert services.settings.text("SHAREPOINT_SITE") == ""

    assert publish(services) == []
    assert deliveries(services) == {}


@pytest.mark.slow
def test_figures_for_power_bi_have_a_stable_schema() -> None:
    """One blob a week, one row per figure and practice; the schema beside it names exactly its columns."""
    services = weeks.services()
    weeks.normal(services)
    weekly_report_run(services, Run("r-1", "weekly_report", PERIOD, NOW, "oid-1"))
    rows = list(csv.DictReader(io.StringIO(services.blobs.get("reporting", f"kpis/{PERIOD}.csv").decode())))

    assert tuple(rows[0]) == KPI_COLUMNS
    (one,) = [row for row in rows if row["kpi"] == "sla_attainment" and row["practice"] == ""]
    assert 0 <= float(one["value"]) <= 1
    told = json.loads(services.blobs.get("reporting", "datapackage.json"))
    assert told == schema()
    fields = told["resources"][0]["schema"]["fields"]
    assert tuple(field["name"] for field in fields) == KPI_COLUMNS
    for field in fields:
        if field["type"] == "number":
            assert all(row[field["name"]] == "" or float(row[field["name"]]) is not None for row in rows)


def test_the_starter_file_leads_power_bi_to_this_account() -> None:
    """The account comes from the settings; on one machine it says where to put the name."""
    services = weeks.services()
    services.settings = Settings({"ATTEST_STORAGE__blobServiceUri": "https://sample.blob.core.windows.net"})
    (one,) = starter(services)["connections"]

    assert one["details"]["address"] == {
        "account": "sample",
        "domain": "blob.core.windows.net",
        "container": "reporting",
    }
    services.settings = Settings({"ATTEST_STORAGE__blobServiceUri": ""})
    assert starter(services)["connections"][0]["details"]["address"]["account"] == "<account>"
