from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Malformed, NotFound, StorageUnavailable
from shared.model import Person, Role
from shared.notify.teams import MOST_BYTES, message
from shared.procedures import act, report_answers, report_weekly
from shared.procedures.desk import desk_check_run
from shared.procedures.programme import record_step, standing
from shared.procedures.report_answers import list_reports, report_file
from shared.procedures.report_sources import week_of
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from shared.registers.samples import conclusions, samples
from tests.harness.faults import Faults
from tests.harness.memory import MemoryBlobs
from tests.reports import weeks
from tests.reports.weeks import NOW, PERIOD, START, ticket, z

ALL = Person("oid-1", "Nora Fictive", frozenset({Role.READER}))
STEERING = Person("oid-2", "Stella Fictive", frozenset({Role.STEERING_MEMBER}))


PRACTICES = ("msp", "mssp", "ps")


def run(at: Any = NOW, number: int = 1) -> Run:
    return Run(f"r-{number}", "weekly_report", PERIOD, at, "oid-1")


def block_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [block for section in report["sections"] for block in section["blocks"] if block.get("id") == name]
    return dict(found)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (report_weekly, report_answers):
        monkeypatch.setattr(module, "FORMATS", ("json", "html", "csv"))


def test_a_week_is_monday_to_monday_in_utc() -> None:
    """Also around the turn of the year."""
    assert week_of("2026-W47")[0].isoformat() == "2026-11-16T00:00:00+00:00"
    assert week_of("2027-W01")[0].isoformat() == "2027-01-04T00:00:00+00:00"
    assert week_of("2026-W53")[1].isoformat() == "2027-01-04T00:00:00+00:00"


@pytest.mark.slow
def test_the_report_as_it_was_known_then_stays_and_the_later_one_tells_what_differs() -> None:
    """Late data changes the next report, never the one before; the same time again gives the same bytes."""
    services = weeks.services()
    first = ticket(1, START, dateclosed=z(START + timedelta(hours=2)))
    services.mirror.load({"Tickets": [first]}, NOW)
    weekly_report_run(services, run())
    then = report_file(services, ALL, PERIOD, "json")[0]
    services.clock.advance(hours=2)
    services.mirror.load(
        {"Tickets": [first, ticket(2, START, dateclosed=z(START + timedelta(hours=4)))]}, services.clock.now()
    )

    weekly_report_run(services, run(number=2))
    weekly_report_run(services, run(NOW + timedelta(hours=2), number=3))

    assert report_file(services, ALL, PERIOD, "json", "2026-11-23T06:30:00Z")[0] == then
    newest = json.loads(report_file(services, ALL, PERIOD, "json")[0])
    (differs,) = [
        block for section in newest["sections"] for block in section["blocks"] if block.get("id") == "differs"
    ]
    assert ["Time to resolve", "All practices", 2.0, 3.0, "mttr_hours"] in differs["rows"]
    first_page = block_of(newest, "differs-headline")["rows"]
    assert ["Mean time to resolve, all practices", 2.0, 3.0, "mean_time_to_resolve"] in first_page
    assert newest["as_of"] == "2026-11-23T08:00:00.000Z"
    assert len(services.ledger.of_type("report.published")) == 2 * (1 + len(PRACTICES))


@pytest.mark.slow
def test_a_report_that_is_killed_half_way_goes_on_from_what_it_had_gathered() -> None:
    """Every write fails once, before and after taking effect: the report comes out the same and is recorded once."""
    wanted = _published(weeks.services())
    for side in ("before", "after"):
        number = 1
        while True:
            services = weeks.services()
            services.blobs = MemoryBlobs(Faults(lambda _name, at, fail=number, side=side: side if at == fail else None))
            try:
                weekly_report_run(services, run())
            except StorageUnavailable:
                services.blobs.faults.hook = None
                weekly_report_run(services, run())
                assert _published(services, again=False) == wanted
                number += 1
                continue
            break
        assert number > 3


def _published(services: Any, *, again: bool = True) -> list[bytes]:
    if again:
        weekly_report_run(services, run())
    assert len(services.ledger.of_type("report.published")) == 1 + len(PRACTICES)
    return [
        report_file(services, ALL, PERIOD, name, None, practice)[0]
        for practice in (None, *PRACTICES)
        for name in report_weekly.FORMATS
    ]


def test_a_narrowed_caller_does_not_see_the_report_of_everybody() -> None:
    """Neither the file nor the list tells that it exists."""
    services = weeks.services()
    weekly_report_run(services, run())
    narrowed = Person("oid-2", "Sam Fictive", frozenset({Role.READER}), frozenset({"12"}))

    with pytest.raises(NotFound):
        report_file(services, narrowed, PERIOD, "json")
    assert list_reports(services, narrowed)["items"] == []
    (listed,) = list_reports(services, ALL)["items"]
    assert listed["formats"] == ["json", "html", "csv"]


@pytest.mark.parametrize(
    ("period", "name", "as_of", "fault"),
    [
        ("2026-47", "json", None, Malformed),
        ("2026-W54", "json", None, Malformed),
        (None, "json", None, Malformed),
        (PERIOD, "exe", None, NotFound),
        (PERIOD, "json", "yesterday", Malformed),
        (PERIOD, "json", "2026-11-23T05:59:59Z", NotFound),
        ("2026-W46", "json", None, NotFound),
    ],
)
def test_what_is_not_there_is_not_found_and_what_cannot_be_read_is_malformed(
    period: Any, name: str, as_of: Any, fault: type[Exception]
) -> None:
    """A report judged later than asked for does not answer for an earlier time."""
    services = weeks.services()
    weekly_report_run(services, run())

    with pytest.raises(fault):
        report_file(services, ALL, period, name, as_of)


def test_report_ready_is_told_once_per_channel() -> None:
    """The job run again sends nothing again."""
    services = weeks.services(policy='[practices.msp]\nchannel = "msp"\n[practices.ps]\nchannel = "ps"\n')
    weekly_report_run(services, run())
    weekly_report_run(services, run())

    assert len(set(services.queues.messages["actions"])) == 4 + 2, (
        "flows of the whole and of each edition; two channels"
    )


def test_each_channel_hears_of_its_own_practice() -> None:
    """A card has the figures of its practice and leads to its edition; the steering team's is about the whole."""
    told = '[service]\nchannel = "steering"\n[practices.msp]\nchannel = "desk"\n[practices.mssp]\nchannel = "soc"\n'
    services = weeks.services(policy=told)
    weeks.normal(services)
    desk_check_run(services, Run("r-0", "desk_check", None, NOW, "oid-1"))
    weekly_report_run(services, run())
    cards = {}
    for body in act.register(services, "r-1").all():
        said = body["action"]["parameters"]
        if body["action"]["kind"] == "notify" and said["channel"]:
            cards[said["channel"]] = said

    assert set(cards) == {"steering", "desk", "soc"}
    links = {name: card["link"].partition("/html")[2] for name, card in cards.items()}
    assert links == {"steering": "", "desk": "?practice=msp", "soc": "?practice=mssp"}
    assert next(one["label"] for one in cards["desk"]["facts"]) == "Managed services"
    assert next(one["label"] for one in cards["soc"]["facts"]) == "Managed security"
    assert "Evidence complete" in {one["label"] for one in cards["soc"]["facts"]}
    assert "Evidence complete" not in {one["label"] for one in cards["desk"]["facts"]}
    for card in cards.values():
        assert len(json.dumps(message(card)).encode()) <= MOST_BYTES


def test_a_finding_that_went_is_named_in_the_later_report() -> None:
    """Differences are itemised by finding: what it was, what it is."""
    services = weeks.services()
    row = ticket(1, START, fixbydate=z(START + timedelta(hours=1)), priority_id=1)
    services.mirror.load({"Tickets": [row], "Actions": []}, NOW)
    desk_check_run(services, Run("r-0", "desk_check", None, NOW, "oid-1"))
    weekly_report_run(services, run())
    services.clock.advance(hours=2)
    services.mirror.load({"Tickets": [], "Actions": []}, services.clock.now())
    desk_check_run(services, Run("r-1", "desk_check", None, services.clock.now(), "oid-1"))
    weekly_report_run(services, run(NOW + timedelta(hours=2), number=3))
    newest = json.loads(report_file(services, ALL, PERIOD, "json")[0])
    (gone,) = block_of(newest, "differs-findings")["rows"]

    assert gone[0].startswith("ticket 1")
    assert gone[1] in ("red", "amber")
    assert gone[2] not in ("red", "amber")


def test_a_programme_that_runs_has_a_chapter_and_keeps_its_answers_to_itself() -> None:
    """Late and contradicted steps are named with why; before it begins there is no such chapter."""
    services = weeks.services(policy="[programme]\nbegins = 2026-11-01\n")
    asks = next(one["asks"] for one in standing(services) if one["id"] == "steering_team")
    said = {"owner": "oid-7", "state": "done", "answers": dict.fromkeys(asks, "Confided words")}
    record_step(services, STEERING, "steering_team", said)
    record_step(services, STEERING, "point_person.ps", {"owner": "oid-8"})
    weekly_report_run(services, run())
    report = json.loads(report_file(services, ALL, PERIOD, "json")[0])
    stages = {row[0]: row[1:] for row in block_of(report, "stages")["rows"]}
    steps = {row[-1]: row for row in block_of(report, "steps")["rows"]}

    assert stages["Discovery and governance"][1] == 1
    assert stages["Discovery and governance"][3] > 0
    assert steps["point_person.ps"][1:3] == ["Professional services", "oid-8"]
    assert "It was due on 2026-11-06." in steps["point_person.ps"][5]
    assert "steering_team" not in steps
    assert "Confided words" not in json.dumps(report)
    edition = json.loads(report_file(services, ALL, PERIOD, "json", None, "ps")[0])
    assert {row[-1].split(".")[-1] for row in block_of(edition, "steps")["rows"]} == {"ps"}

    bare = weeks.services()
    weekly_report_run(bare, run())
    assert "programme" not in [one["id"] for one in json.loads(report_file(bare, ALL, PERIOD, "json")[0])["sections"]]


def test_sampled_exceptions_stand_in_the_report_with_what_was_concluded() -> None:
    """Without any sample there is no such table."""
    services = weeks.services()
    item = {
        "id": "a-1",
        "subject": {"kind": "finding", "id": "f-1"},
        "customer": None,
        "content": {"rationale": "Known."},
    }
    samples(services.rows).put("2026-10", {"period": "2026-10", "sample": [item, {**item, "id": "a-2"}]})
    conclusions(services.rows).put(
        "2026-10~a-1", {"approval_id": "a-1", "conclusion": "unjustified", "note": "Nobody knew."}
    )
    weekly_report_run(services, run())
    told = block_of(json.loads(report_file(services, ALL, PERIOD, "json")[0]), "samples")["rows"]

    assert [(row[-1], row[4], row[6]) for row in told] == [("a-1", "unjustified", "red"), ("a-2", "open", "amber")]
