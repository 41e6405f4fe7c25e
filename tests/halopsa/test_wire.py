"""HaloPSA's values as typed records: every shape of date and number, and refusals that name the field."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.halopsa.records.wire import (
    HaloBool,
    HaloDate,
    HaloDecimal,
    HaloGuid,
    HaloId,
    HaloText,
    Record,
    parse_rows,
)


class Line(Record):
    """A line inside a row."""

    id: HaloId
    price: HaloDecimal | None = None


class Sample(Record):
    """One field of each type."""

    kind: ClassVar[str] = "Sample"

    id: HaloId
    at: HaloDate = None
    other: HaloDate | None = None
    guid: HaloGuid | None = None
    amount: HaloDecimal | None = None
    flag: HaloBool | None = None
    text: HaloText | None = None
    lines: tuple[Line, ...] = ()


def read(**row: Any) -> Sample:
    """One row that must be readable."""
    [record], refused = parse_rows(Sample, [{"id": 1, **row}])
    assert refused == []
    return record


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-09-25T06:41:08.7895915Z", datetime(2026, 9, 25, 6, 41, 8, 789591, tzinfo=UTC)),
        ("2026-09-25T06:41:08Z", datetime(2026, 9, 25, 6, 41, 8, tzinfo=UTC)),
        ("2026-06-30T16:04:27.21", datetime(2026, 6, 30, 16, 4, 27, 210000, tzinfo=UTC)),
        ("2022-09-30T04:23:59.77-04:00", datetime(2022, 9, 30, 8, 23, 59, 770000, tzinfo=UTC)),
        ("2026-06-30T16:04", datetime(2026, 6, 30, 16, 4, tzinfo=UTC)),
        ("2026-06-30", datetime(2026, 6, 30, tzinfo=UTC)),
        ("2026-06-30 16:04:27", datetime(2026, 6, 30, 16, 4, 27, tzinfo=UTC)),
        ("1900-01-01T00:00:00", None),
        ("1899-12-30T00:00:00", None),
        ("0001-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1901-01-01T00:00:00+05:00", None),
        (None, None),
    ],
)
def test_dates_of_every_shape(text: str | None, at: datetime | None) -> None:
    """Naive is UTC; 1900 and before is no date; both spellings of the annotation agree."""
    record = read(at=text, other=text)
    assert record.at == at
    assert record.other == at


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", ""),
        ("at", "soon"),
        ("at", "2026-13-01T00:00:00"),
        ("at", "2026-W39"),
        ("at", 20260925),
        ("at", "9999-12-31T23:59:59-14:00"),
        ("id", "12"),
        ("id", 1.5),
        ("id", True),
        ("id", None),
        ("id", 10**30),
        ("id", [1]),
        ("guid", 5),
        ("guid", ""),
        ("amount", "12.50"),
        ("amount", True),
        ("amount", float("inf")),
        ("flag", 1),
        ("flag", "true"),
        ("text", 5),
        ("lines", {"id": 1}),
    ],
)
def test_a_wrong_type_is_refused_and_named(field: str, value: Any) -> None:
    """The row is in quarantine with the field's name, never a default."""
    records, [refused] = parse_rows(Sample, [{"id": 1, field: value}])
    assert records == []
    assert refused.kind == "Sample"
    assert refused.field == field
    assert field in refused.message
    assert refused.message.endswith(".")


def test_a_fault_inside_a_line_is_named_by_its_place() -> None:
    """Which line, which field."""
    _, [refused] = parse_rows(Sample, [{"id": 7, "lines": [{"id": 1}, {"id": 2, "price": "3"}]}])
    assert (refused.id, refused.field) == ("7", "lines.1.price")


def test_one_bad_row_does_not_take_the_others_along() -> None:
    """Rows are judged one by one; what is no object is refused too."""
    records, refused = parse_rows(Sample, [{"id": 1}, 5, {"id": "x"}, {"id": 2.0}])  # type: ignore[list-item]
    assert [record.id for record in records] == [1, 2]
    assert len(refused) == 2


def test_numbers_are_exact() -> None:
    """0.1 is 0.1; ids may be 12.0 or negative."""
    assert read(amount=0.1).amount == Decimal("0.1")
    assert read(amount=1234567890.12).amount == Decimal("1234567890.12")
    assert read(amount=7).amount == Decimal(7)
    assert parse_rows(Sample, [{"id": -240.0}])[0][0].id == -240


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_money_survives_json(amount: Decimal) -> None:
    """Four places up to a thousand million come out as they went in."""
    assert read(amount=float(amount)).amount == amount


def test_records_are_frozen_and_nulls_are_left_out() -> None:
    """An explicit null is as absent; guids compare in lower case."""
    record = read(text=None, lines=None, guid="ABCDEF00-0000-4000-8000-000000000001")
    assert record.text is None
    assert record.lines == ()
    assert record.guid == "abcdef00-0000-4000-8000-000000000001"
    with pytest.raises(ValidationError):
        record.id = 2  # type: ignore[misc]
