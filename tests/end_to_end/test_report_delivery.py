"""Reports on their way over the running stack: to SharePoint through faults, and to whoever sees one practice."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.reports.formats import FORMATS
from tests.harness.guarded import Guarded

pytestmark = pytest.mark.stack

PERIOD, AS_OF = "2026-W47", "2026-11-23T06:00:00.000Z"
FOLDER = f"Weekly/{PERIOD}/{AS_OF.replace(':', '-')}"
POLICY = """
[practices.msp]
site = "site-msp"
drive = "b!service"
folder = "Control"
formats = ["html", "json"]
[practices.ps]
site = "site-of-others"
formats = ["csv"]
"""
LARGE = 4 * 1024 * 1024


class House:
    """The stack with two sites granted and one not, and a decision log long enough for files above 4 MB."""

    def __init__(self, folder: Path) -> None:
        policy = folder / "policy.toml"
        policy.write_text(POLICY, "utf-8")
        seed = {"Client": [{"id": 12, "name": "Maple Harbour (fictional)"}], "Tickets": [], "Actions": []}
        settings = {"SHAREPOINT_SITE": "site-reports"}
        self.stack = Guarded(folder, seed=seed, policy=policy, settings=settings)
        self.deliveries: dict[str, dict[str, Any]] = {}

    def person(self, *roles: str, **more: Any) -> httpx.Client:
        body = {"oid": "00000000-0000-4000-8000-00000000aaaa", "name": "Nora Fictive", "roles": roles, **more}
        token = httpx.post(self.stack.entra_url + "/dev/token", json=body, trust_env=False).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=self.stack.host_url, headers=headers, timeout=120, trust_env=False)

    def door(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """A control door of the Entra stand-in."""
        url = f"{self.stack.entra_url}/_sim/{path}"
        answer = httpx.get(url, trust_env=False) if body is None else httpx.post(url, json=body, trust_env=False)
        return answer.raise_for_status().json()

    def report(self) -> None:
        """The weekly report, to the end of all it sets going."""
        with self.person("Administrator") as api:
            asked = {"job": "weekly_report", "period": PERIOD, "as_of": AS_OF}
            run = api.post("/api/runs", json=asked).raise_for_status().json()["run_id"]
            until = time.monotonic() + 240
            while (found := api.get(f"/api/runs/{run}").raise_for_status().json())["state"] in ("queued", "running"):
                assert time.monotonic() < until, found
                time.sleep(0.3)
            assert found["state"] == "succeeded", found
            for query in ({}, {"practice": "msp"}, {"practice": "ps"}):
                for row in api.get("/api/reports", params=query).raise_for_status().json()["items"]:
                    self.deliveries |= {one["file"]: one for one in row["deliveries"]}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("reports"))
    with made.stack:
        with made.person("Administrator") as api:
            for number in range(9):
                body = {
                    "title": f"Which of these, {number}?",
                    "practices": ["msp"],
                    "options": [f"{number}.{option}: " + "x" * 3900 for option in range(200)],
                }
                api.post("/api/decisions", json=body).raise_for_status()
        weekly = f"/graph/v1.0/sites/site-reports/drive/root:/{FOLDER}/weekly-{PERIOD}"
        for fault in (
            {"match": f"{weekly}.csv", "status": 429, "times": 1, "retry_after": 1},
            {"match": f"{weekly}.html", "drop": "before", "times": 1},
            {"match": f"{weekly}.pdf", "drop": "after", "times": 1},
            {"match": f"{weekly}.docx", "status": 409, "times": 1},
            {"match": f"{weekly}.pptx", "status": 413, "times": 1},
            {"match": f"{weekly}.xlsx", "status": 400, "times": 1},
            {"match": "/upload/", "status": 503, "times": 1},
            {"match": "/upload/", "drop": "after", "times": 1},
        ):
            made.door("faults", fault)
        made.report()
        yield made


def test_large_files_arrive_whole_in_upload_sessions_broken_off_in_between(house: House) -> None:
    """The JSON of the whole and of the edition are above 4 MB; both lie where they belong with all their bytes."""
    files = house.door("files")
    for practice, path in (
        (None, f"site-reports/{FOLDER}/weekly-{PERIOD}.json"),
        ("msp", f"site-msp/b!service/{FOLDER.replace('Weekly', 'Control')}/weekly-{PERIOD}-msp.json"),
    ):
        with house.person("Reader") as api:
            query = {"practice": practice} if practice else {}
            size = len(api.get(f"/api/reports/weekly/{PERIOD}/json", params=query).raise_for_status().content)
        assert size > LARGE
        assert files[path][-1] == size
    calls = [one for one in house.door("calls") if one["path"].startswith("/upload/")]
    assert {503, 202, 201} <= {one["status"] for one in calls}


@pytest.mark.parametrize("name", ["csv", "html", "pdf", "docx", "pptx"])
def test_a_busy_silent_or_locked_site_and_one_that_finds_a_file_too_large_get_it_all_the_same(
    house: House, name: str
) -> None:
    """429, no answer before and after it was written, a version conflict, 413: delivered, as one file of one name."""
    assert house.deliveries[f"weekly-{PERIOD}.{name}"]["state"] == "delivered"
    versions = house.door("files")[f"site-reports/{FOLDER}/weekly-{PERIOD}.{name}"]
    assert len(set(versions)) == 1
    assert len(versions) <= (2 if name in ("pdf", "pptx") else 1), "an answer lost after the writing leaves a twin"


def test_what_is_refused_is_shown_with_its_reason_and_sent_by_the_next_run(house: House) -> None:
    """A refused file and a site that was never granted: failed where people look; what arrived is not sent again."""
    refused, denied = house.deliveries[f"weekly-{PERIOD}.xlsx"], house.deliveries[f"weekly-{PERIOD}-ps.csv"]
    assert (refused["state"], refused["error"]["code"]) == ("failed", "sharepoint_refused")
    assert (denied["state"], denied["error"]["code"]) == ("failed", "sharepoint_denied")
    before = house.door("files")
    house.report()

    after = house.door("files")
    assert house.deliveries[f"weekly-{PERIOD}.xlsx"]["state"] == "delivered"
    assert {path for path in after if path not in before} == {f"site-reports/{FOLDER}/weekly-{PERIOD}.xlsx"}
    assert {path: after[path] for path in before} == before


def test_whoever_sees_one_practice_reads_its_edition_in_every_format_and_nothing_wider(house: House) -> None:
    """Over HTTP, the same bytes each time; the whole, another practice's and one narrowed by customer are not found."""
    with house.person("PracticeManager", practices=["msp"]) as api:
        listed = api.get("/api/reports").raise_for_status().json()["items"]
        assert [(one["practice"], one["formats"]) for one in listed] == [("msp", list(FORMATS))]
        for name in FORMATS:
            once, again = (api.get(listed[0]["links"][name]).raise_for_status() for _ in range(2))
            assert once.content == again.content, name
        body = json.loads(api.get(listed[0]["links"]["json"]).content)
        assert len(body["headline"]) >= 5
        assert body["practice"] == "msp"
        for query in ({}, {"practice": "ps"}):
            assert api.get(f"/api/reports/weekly/{PERIOD}/json", params=query).status_code == 404
    with house.person("Reader", practices=["msp"], customers=["12"]) as api:
        assert api.get(f"/api/reports/weekly/{PERIOD}/json", params={"practice": "msp"}).status_code == 404
        assert api.get("/api/reports").json()["items"] == []
