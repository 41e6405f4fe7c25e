"""The chapters on what is red and amber, why, who mitigates it, and what changed in the week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shared.model import JsonObject, rfc3339
from shared.reports.document import Block, Chart, Column, Paragraph, Section, Series, Table
from shared.reports.tones import AMBER, RED, judged, ranked, tone
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, words


def _columns(data: WeeklyInput) -> tuple[Column, ...]:
    return (
        Column("subject", "What"),
        Column("tone", "State", "tone"),
        Column("customer", "Customer"),
        Column("practice", "Practice", "code", aside=data.practice is not None),
        Column("why", "Why"),
        Column("codes", "Codes", "code", aside=True),
        Column("owner", "Owner"),
        Column("recovery", "Recovery by", "day"),
        Column("since", "Since", "day"),
        Column("new", "New this week", "code", aside=True),
        Column("id", "Finding", "code", aside=True),
    )


def causes(data: WeeklyInput) -> Section:
    """Red and amber, with arithmetic that adds up."""
    rows = judged(data.findings)
    tones = Counter(tone(row) for row in rows)
    shown = ranked(row for row in rows if tone(row) in (RED, AMBER))
    return Section(
        "causes",
        "What is red and amber, and why",
        (
            *_sum(tones, len(rows)),
            *(() if data.practice else (_by_practice_chart(data, shown), _by_practice(data, shown))),
            _by_code(shown),
            *_unmitigated(shown),
            Table(
                "open",
                "Open findings, worst first",
                _columns(data),
                tuple(_row(data, row) for row in shown),
                len(shown),
                f"{data.link}/findings" if data.link else "",
                "No finding is red or amber.",
            ),
        ),
    )


def _sum(tones: Counter[str], total: int) -> list[Block]:
    if not total:
        return [Paragraph("No subject has been judged yet: whether anything is red is unknown.", "note")]
    parts = [
        (tones["red"], "red"),
        (tones["amber"], "amber"),
        (tones["unknown"], "unknown"),
        (tones["accepted"], "accepted for a time"),
        (tones["green"], "in order"),
    ]
    told = words([f"{count:,} {name}" for count, name in parts])
    adds = " + ".join(f"{count:,}" for count, _ in parts)
    return [
        Paragraph(
            f"Of {plural(total, 'judged subject')}, {told}: {adds} = {total:,}.",
            "red" if tones["red"] else "amber" if tones["amber"] else "green",
        )
    ]


def practice_name(data: WeeklyInput, key: str | None) -> str:
    """A practice as people call it."""
    return (data.practices.get(key) or key) if key else "No practice"


def customer_name(data: WeeklyInput, identity: str | None) -> str:
    """A customer as people call it; the id where the name is not known."""
    return (data.customers.get(identity) or f"Customer {identity}") if identity else "–"


def _by_practice_chart(data: WeeklyInput, shown: list[JsonObject]) -> Chart:
    keys = _practices(data, shown)
    names = tuple(practice_name(data, key) for key in keys)
    counts = Counter((row["practice"], tone(row)) for row in shown)
    red, amber = (tuple(counts[(key, one)] for key in keys) for one in (RED, AMBER))
    told = "; ".join(f"{name}: {r} red, {a} amber" for name, r, a in zip(names, red, amber, strict=True))
    return Chart(
        "open-by-practice",
        "Open findings by practice",
        "stacked",
        names,
        (Series("red", red, "red"), Series("amber", amber, "amber")),
        "count",
        f"Open findings. {told}.",
    )


def _practices(data: WeeklyInput, shown: Iterable[JsonObject]) -> list[str | None]:
    found = {row["practice"] for row in shown}
    others = sorted(key for key in found if key and key not in data.practices)
    return [*data.practices, *others, *([None] if None in found else [])]


def _by_practice(data: WeeklyInput, shown: list[JsonObject]) -> Table:
    rows = []
    for key in _practices(data, shown):
        mine = [row for row in shown if row["practice"] == key]
        tones = Counter(tone(row) for row in mine)
        planned = sum(1 for row in mine if row.get("mitigation"))
        rows.append((practice_name(data, key), tones[RED], tones[AMBER], len(mine), planned, len(mine) - planned))
    total = tuple(sum(int(row[place]) for row in rows) for place in range(1, 6))
    return Table(
        "by-practice",
        "Red and amber by practice",
        (
            Column("practice", "Practice"),
            Column("red", "Red", "count"),
            Column("amber", "Amber", "count"),
            Column("open", "Open", "count"),
            Column("planned", "With a mitigation plan", "count"),
            Column("unplanned", "Without one", "count"),
        ),
        (*rows, ("All practices", *total)),
    )


def _by_code(shown: list[JsonObject]) -> Table:
    codes = Counter(code for row in shown for code in {reason["code"] for reason in row["reasons"]})
    controls = {reason["code"]: row["control"] for row in shown for reason in row["reasons"]}
    rows = tuple(
        (code, count, controls[code]) for code, count in sorted(codes.items(), key=lambda one: (-one[1], one[0]))
    )
    return Table(
        "by-code",
        "Reasons given (a finding may give several)",
        (
            Column("code", "Reason", "term"),
            Column("findings", "Findings", "count"),
            Column("control", "Control", "term"),
        ),
        rows,
        empty="No reasons, because no finding is red or amber.",
    )


def _unmitigated(shown: list[JsonObject]) -> list[Block]:
    red = [row for row in shown if tone(row) == RED]
    bare = [row for row in red if not row.get("mitigation")]
    if not red:
        return []
    if not bare:
        return [Paragraph(f"Every red finding ({len(red):,}) has an owner, a plan and a recovery date.", "green")]
    return [
        Paragraph(
            f"{len(bare):,} of {plural(len(red), 'red finding')} have neither plan nor recovery date; "
            "the owner shown is the role the control names.",
            "amber",
        )
    ]


def subject_of(row: JsonObject) -> str:
    """What a finding is about, with its title where it has one."""
    title = str((row.get("detail") or {}).get("title") or "")
    return f"{row['subject']['kind']} {row['subject']['id']}" + (f": {title}" if title else "")


def _row(data: WeeklyInput, row: JsonObject) -> tuple[str | None, ...]:
    plan = row.get("mitigation") or {}
    return (
        subject_of(row),
        tone(row),
        customer_name(data, row["customer"]),
        row["practice"] or "",
        " ".join(reason["text"] for reason in row["reasons"]),
        " ".join(sorted({reason["code"] for reason in row["reasons"]})),
        str(plan.get("owner") or row["owner"] or ""),
        plan.get("recovery_date") or "",
        row["since"],
        "yes" if row["since"] >= rfc3339(data.start) else "no",
        row["id"],
    )


def changes(data: WeeklyInput) -> Section:
    """What opened and what closed in the week."""
    rows = judged(data.findings)
    first = rfc3339(data.start)
    new = ranked(row for row in rows if tone(row) in (RED, AMBER) and row["since"] >= first)
    done = [row for row in rows if row["verdict"] == "pass" and row["since"] >= first]
    old = sum(1 for row in rows if tone(row) in (RED, AMBER) and row["since"] < first)
    return Section(
        "changes",
        "What changed in the week",
        (
            Paragraph(
                f"{plural(len(new), 'finding')} opened since the week began and {plural(old, 'finding')} stood open "
                f"from before: {len(new):,} + {old:,} = {len(new) + old:,} open now. {plural(len(done), 'subject')} "
                f"{'was' if len(done) == 1 else 'were'} found in order for the first time or again."
            ),
            _by_control(new),
        ),
    )


def _by_control(new: list[JsonObject]) -> Table:
    counts = Counter((row["control"], tone(row)) for row in new)
    names = sorted(
        {row["control"] for row in new}, key=lambda name: (-counts[(name, RED)], -counts[(name, AMBER)], name)
    )
    rows = tuple(
        (name, counts[(name, RED)], counts[(name, AMBER)], counts[(name, RED)] + counts[(name, AMBER)])
        for name in names
    )
    return Table(
        "new",
        "Opened since the week began, by control",
        (
            Column("control", "Control", "term"),
            Column("red", "Red", "count"),
            Column("amber", "Amber", "count"),
            Column("opened", "Opened", "count"),
        ),
        rows,
        empty="Nothing opened since the week began.",
    )
