from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from shared.errors import SourceDown
from shared.procedures.deliver import KPI_COLUMNS, deliver_report, register
from shared.procedures.report_weekly import weekly_report_run
from shared.procedures.runs import Run
from tests.reports import weeks
from tests.reports.weeks import NOW, PERIOD


class Shelf:
    """Keeps files; formats in ``broken`` fail."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.files: list[str] = []

    def put(self, path: str, data: bytes, media_type: str) -> dict[str, Any]:
        if path.endswith(self.broken or ("never",)):
            raise SourceDown("SharePoint does not answer.", code="sharepoint_down")
        self.files.append(path)
        return {"id": path, "web_url": None, "size": len(data)}


@pytest.mark.slow
def test_a_failure_is_kept_where_people_see_it_and_only_that_is_tried_again() -> None:
    """One format fails: the others are delivered once, the failed one on the next try."""
    services = weeks.services()
    weekly_report_run(services, Run("r-1", "weekly_report", PERIOD, NOW, "oid-1"))
    first = Shelf("pdf")
    answer = deliver_report(services, first, PERIOD)

    assert answer["failed"] == [{"format": "pdf", "code": "sharepoint_down"}]
    assert [row["format"] for row in register(services).all() if row["state"] == "failed"] == ["pdf"]
    again = Shelf()
    assert deliver_report(services, again, PERIOD)["delivered"] == ["pdf"]
    assert len(first.files) == 6
    assert len(again.files) == 1


@pytest.mark.slow
def test_figures_for_power_bi_have_a_stable_schema() -> None:
    """One blob a week, one row per figure and practice."""
    services = weeks.services()
    weeks.normal(services)
    weekly_report_run(services, Run("r-1", "weekly_report", PERIOD, NOW, "oid-1"))
    rows = list(csv.DictReader(io.StringIO(services.blobs.get("reporting", f"kpis/{PERIOD}.csv").decode())))

    assert tuple(rows[0]) == KPI_COLUMNS
    (one,) = [row for row in rows if row["kpi"] == "sla_attainment" and row["practice"] == ""]
    assert 0 <= float(one["value"]) <= 1
