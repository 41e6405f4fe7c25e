"""Editions of the weekly report: what they hold, who may read them, and that they are kept and proven like the whole."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.actions import Action, ActionKind
from shared.errors import NotFound
from shared.model import Person, Role
from shared.procedures import act, report_weekly
from shared.procedures.desk import desk_check_run
from shared.procedures.report_answers import list_reports, report_file
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from shared.procedures.tell import tell
from shared.registers.subscriptions import register as subscriptions
from shared.reports.document import Document
from shared.reports.edition import edition_of
from shared.reports.formats import FORMATS, render
from shared.reports.weekly import weekly_document
from shared.reports.weekly_input import WeeklyInput
from tests.reports import weeks
from tests.reports.weeks import NOW, PERIOD, START, ticket, z

ALL = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))
MSP = Person("oid-2", "Sam Fictive", frozenset({Role.READER}), practices=frozenset({"msp"}))
ONE_CUSTOMER = Person("oid-3", "Kim Fictive", frozenset({Role.READER}), frozenset({"12"}), frozenset({"msp"}))
OTHERS = ("mssp", "ps")


def publish(services: Any, at: Any = NOW, number: int = 1) -> None:
    weekly_report_run(services, Run(f"r-{number}", "weekly_report", PERIOD, at, "oid-1"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_weekly, "FORMATS", ("json", "html", "csv"))


@pytest.fixture(scope="module")
def published() -> Any:
    services = weeks.services()
    weeks.normal(services, 90)
    desk_check_run(services, Run("r-0", "desk_check", None, NOW, "oid-1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_weekly, "FORMATS", ("json", "html", "csv"))
        publish(services)
    return services


def told(services: Any, practice: str | None = None, person: Person = ALL) -> dict[str, Any]:
    return dict(json.loads(report_file(services, person, PERIOD, "json", None, practice)[0]))


def table(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Rows of a table by column id."""
    (found,) = [block for section in report["sections"] for block in section["blocks"] if block.get("id") == name]
    return [dict(zip((one["id"] for one in found["columns"]), row, strict=True)) for row in found["rows"]]


def test_an_editions_figures_are_those_of_the_whole_report(published: Any) -> None:
    """Each figure, each open finding and each scorecard row; and it has none of another practice's."""
    whole = told(published)
    for practice in ("msp", "mssp", "ps"):
        mine = told(published, practice)
        assert mine["kpis"] == [one for one in whole["kpis"] if one["practice"] == practice]
        assert table(mine, "open") == [row for row in table(whole, "open") if row["practice"] == practice]
        assert table(mine, f"kpis-{practice}") == table(whole, f"kpis-{practice}")
        assert [one["id"] for one in mine["sections"] if one["id"].startswith("scorecard")] == [f"scorecard-{practice}"]
    counts = {one["practice"]: 0 for one in table(whole, "open")}
    for row in table(whole, "open"):
        counts[row["practice"]] += row["tone"] == "red"
    assert {key: told(published, key)["headline"][0]["value"] for key in counts if key} == {
        key: count for key, count in counts.items() if key
    }
    assert sum(counts.values()) == whole["headline"][0]["value"] > 0


def test_an_edition_says_whose_it_is_and_what_is_common(published: Any) -> None:
    """In its title, its first sentence and each chapter that is not the practice's own."""
    mine = told(published, "msp")

    assert mine["title"].endswith(": Managed services")
    assert mine["summary"][0].startswith("This edition tells what belongs to Managed services")
    said = {one["id"]: [block.get("text", "") for block in one["blocks"]] for one in mine["sections"]}
    for name in ("trust", "unknown", "statement"):
        assert any(text.endswith("are common to all practices.") for text in said[name])
    assert "Managed security" not in json.dumps(mine)


def test_whoever_is_narrowed_to_a_practice_reads_its_edition_and_nothing_else(published: Any) -> None:
    """Not the whole, not another practice's, and no edition at all for who sees but one customer."""
    assert told(published, "msp", MSP) == told(published, "msp")
    assert [one["practice"] for one in list_reports(published, MSP)["items"]] == ["msp"]
    assert list_reports(published, MSP, practice="ps")["items"] == []
    assert [one["practice"] for one in list_reports(published, ALL)["items"]] == [None]
    assert [one["practice"] for one in list_reports(published, ALL, practice="ps")["items"]] == ["ps"]
    assert list_reports(published, ONE_CUSTOMER)["items"] == []
    for person, practice in ((MSP, None), (MSP, "ps"), (ONE_CUSTOMER, "msp"), (ALL, "sales"), (ALL, "../msp")):
        with pytest.raises(NotFound):
            report_file(published, person, PERIOD, "json", None, practice)


@pytest.mark.slow
def test_every_format_of_an_edition_is_made_when_asked_and_the_same_each_time(published: Any) -> None:
    """From the JSON that was recorded; asking leaves nothing behind."""
    kept = [one.name for one in published.blobs.list("reports")]
    document = Document.from_json(told(published, "msp"))
    for name in FORMATS:
        once, again = (report_file(published, MSP, PERIOD, name, None, "msp")[0] for _ in range(2))
        assert once == again == render(name, document), name
    assert [one.name for one in published.blobs.list("reports")] == kept


def test_an_edition_is_evidence_its_practice_may_read(published: Any) -> None:
    """One entry each, naming its practice and the digest of its JSON."""
    entries = {json.loads(one.payload)["practice"]: one for one in published.ledger.of_type("report.published")}

    assert set(entries) == {None, "msp", "mssp", "ps"}
    for practice, entry in entries.items():
        assert entry.practice == practice
        data = report_file(published, ALL, PERIOD, "json", None, practice)[0]
        assert json.loads(entry.payload)["sha256"]["json"] == hashlib.sha256(data).hexdigest()


def test_a_past_edition_stays_and_the_later_one_tells_what_differs() -> None:
    """Byte for byte as it was known then; the later names its own differences and no other practice's."""
    services = weeks.services()
    rows = [ticket(number, START, tickettype_id=kind, dateclosed=z(START + timedelta(hours=2)))
            for number, kind in ((1, 1), (2, 25))]  # fmt: skip
    services.mirror.load({"Tickets": rows}, NOW)
    publish(services)
    then = report_file(services, MSP, PERIOD, "json", None, "msp")[0]
    services.clock.advance(hours=2)
    late = [ticket(number, START, tickettype_id=kind, dateclosed=z(START + timedelta(hours=4)))
            for number, kind in ((3, 1), (4, 25))]  # fmt: skip
    services.mirror.load({"Tickets": [*rows, *late]}, services.clock.now())
    publish(services, NOW, 2)
    publish(services, NOW + timedelta(hours=2), 3)

    assert report_file(services, MSP, PERIOD, "json", "2026-11-23T06:30:00Z", "msp")[0] == then
    differs = table(told(services, "msp"), "differs")
    assert {row["practice"] for row in differs} == {"Managed services"}
    assert {
        "figure": "Time to resolve",
        "practice": "Managed services",
        "was": 2.0,
        "now": 3.0,
        "id": "mttr_hours",
    } in (differs)


def test_a_flow_hears_of_the_widest_report_it_may_see() -> None:
    """One that sees everything hears of the whole, once; one of a practice of its edition."""
    services = weeks.services()
    for identity, practices in (("u-1", None), ("u-2", ["msp"])):
        subscriptions(services.rows).insert(
            identity,
            {"id": identity, "event": "report_ready", "url": identity, "by": "", "customers": None,
             "practices": practices, "delivered": []},
        )  # fmt: skip
    publish(services)
    for body in act.register(services, "r-1").all():
        if body["action"]["kind"] == ActionKind.NOTIFY:
            tell(services, Action.from_json(body["action"]))

    heard = [(url, body["practice"], body["title"]) for url, body in services.notifier.posted]
    assert sorted(heard) == [
        ("u-1", None, f"Weekly control report {PERIOD}"),
        ("u-2", "msp", f"Weekly control report {PERIOD}: Managed services"),
    ]


def test_rows_of_several_practices_or_of_none_are_told_where_they_belong() -> None:
    """A decision of two practices stands in both editions; what belongs to none, in the whole alone; ids of rings in none."""
    finding = {
        "id": "f-1", "control": "desk_discipline", "practice": "msp", "customer": "12", "verdict": "fail",
        "severity": "high", "owner": None, "status": "overridden", "since": z(START), "reasons": [],
        "subject": {"kind": "t", "id": "1"},
    }  # fmt: skip
    override = {"finding": "f-1", "expires": z(NOW + timedelta(days=1)), "approval_id": "a-1", "rationale": "Known.",
                "control": "desk_discipline", "customer": "12"}  # fmt: skip
    open_decision = {"state": "open", "due": None, "title": "Which?"}
    whole = WeeklyInput(
        PERIOD,
        START,
        NOW,
        NOW,
        practices={"msp": "Managed services", "ps": "Professional services"},
        findings=(finding, {**finding, "id": "f-2", "practice": None, "status": "open"}),
        overrides=(override, {**override, "finding": "f-2", "approval_id": "a-2"}),
        decisions=(
            {**open_decision, "id": "d-1", "practices": ["msp", "ps"], "practice": None},
            {**open_decision, "id": "d-2", "practices": [], "practice": None},
            {**open_decision, "id": "d-3", "practice": "ps"},
        ),
        certificate={"sent": 3, "missing": ["ring-of-somebody-else"], "counts": {"missing": 4000}, "state": "gaps"},
    )
    mine = edition_of(whole, "msp", projects={}, delivery={}, former=None)
    body = weekly_document(mine).to_json()

    assert [one["id"] for one in mine.findings] == ["f-1"]
    assert [row["approval"] for row in table(body, "overrides")] == ["a-1"]
    assert [one["id"] for one in mine.decisions] == ["d-1"]
    assert [one["id"] for one in edition_of(whole, "ps", projects={}, delivery={}, former=None).decisions] == [
        "d-1",
        "d-3",
    ]
    assert body["intake"] == {"sent": 3, "missing": 4000, "state": "gaps"}
    for told_of in (mine, whole):
        assert "3 sent, 4,000 missing." in json.dumps(weekly_document(told_of).to_json()["sections"])
