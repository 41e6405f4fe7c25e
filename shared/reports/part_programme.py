"""The chapter on the programme: how far each stage is, and which steps ask for somebody."""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import JsonObject
from shared.reports.document import Column, Paragraph, Section, Table, Value
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, words

_OPEN, _DONE, _WAIVED = "open", "done", "waived"


def programme(data: WeeklyInput) -> tuple[Section, ...]:
    """Nothing before the programme has begun."""
    if not data.programme:
        return ()
    rows = data.programme
    asking = [one for one in rows if _asks(data, one)]
    told = (
        f"{_count(rows, _DONE):,} of {plural(len(rows), 'step')} are done and {_count(rows, _WAIVED):,} waived. "
        f"{sum(1 for one in rows if _late(data, one)):,} are late, {sum(1 for one in asking if not one['owner']):,} of those "
        f"that ask have no owner, and {sum(1 for one in rows if _doubted(one)):,} are said to be done though something "
        "speaks against it."
    )
    return (
        Section(
            "programme",
            "Programme",
            (
                Paragraph(told, "red" if any(_doubted(one) for one in rows) else "amber" if asking else "green"),
                Table(
                    "stages",
                    "How far each stage is",
                    (
                        Column("stage", "Stage"),
                        Column("steps", "Steps", "count"),
                        Column("done", "Done", "count"),
                        Column("waived", "Waived", "count"),
                        Column("late", "Late", "count"),
                        Column("tone", "State", "tone"),
                    ),
                    tuple(_stage(data, stage) for stage in dict.fromkeys(one["stage"] for one in rows)),
                ),
                Table(
                    "steps",
                    "Steps that ask for somebody",
                    (
                        Column("step", "Step"),
                        Column("practice", "Practice"),
                        Column("owner", "Owner"),
                        Column("due", "Due"),
                        Column("tone", "State", "tone"),
                        Column("why", "Why"),
                        Column("id", "Id", "code", aside=True),
                    ),
                    tuple(_step(data, one) for one in asking),
                    len(asking),
                    f"{data.link}/programme" if data.link else "",
                    "No step is late, and nothing speaks against what is done.",
                ),
            ),
        ),
    )


def _stage(data: WeeklyInput, stage: str) -> tuple[Value, ...]:
    rows = [one for one in data.programme if one["stage"] == stage]
    late = sum(1 for one in rows if _late(data, one))
    doubted = any(_doubted(one) for one in rows)
    ready = all(one["state"] != _OPEN for one in rows)
    tone = "red" if doubted or late else "green" if ready else ""
    return rows[0]["stage_title"], len(rows), _count(rows, _DONE), _count(rows, _WAIVED), late, tone


def _step(data: WeeklyInput, row: JsonObject) -> tuple[Value, ...]:
    why = [one["text"] for one in row["against"]] if _doubted(row) else []
    if row["state"] == _DONE and row["unjudged"]:
        why.append(f"Not judged: {words(row['unjudged'])}.")
    if _late(data, row):
        why.append(f"It was due on {row['due']}.")
    return (
        row["title"],
        data.practices.get(row["practice"], row["practice"] or ""),
        row["owner"] or "Nobody named",
        row["due"] or "",
        "red" if _doubted(row) else "amber",
        " ".join(why),
        row["id"],
    )


def _asks(data: WeeklyInput, row: JsonObject) -> bool:
    return _late(data, row) or _doubted(row) or (row["state"] == _DONE and bool(row["unjudged"]))


def _late(data: WeeklyInput, row: JsonObject) -> bool:
    return row["state"] == _OPEN and row["due"] is not None and str(row["due"]) < f"{data.now:%Y-%m-%d}"


def _doubted(row: JsonObject) -> bool:
    return row["state"] == _DONE and bool(row["codes"])


def _count(rows: Sequence[JsonObject], state: str) -> int:
    return sum(1 for one in rows if one["state"] == state)
