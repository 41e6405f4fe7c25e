"""The chapters on whether the report itself can be trusted: intake, canaries, ledger, what it does not know, its sources."""

from __future__ import annotations

from collections import Counter

from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import JsonObject, rfc3339
from shared.reports.document import Block, Bullets, Column, Paragraph, Section, Table
from shared.reports.part_figures import front
from shared.reports.tones import UNKNOWN, judged, tone
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import plural, shown


def edition(data: WeeklyInput) -> str:
    """What somebody must know who reads an edition instead of the whole."""
    return (
        f"This edition tells what belongs to {data.scope}, with the same figures as the whole report; what is common to "
        "all practices says so. What belongs to no practice, billing above all, stands in the whole report."
    )


def common(data: WeeklyInput, what: str) -> tuple[Paragraph, ...]:
    """In an edition: that a chapter is not the practice's own."""
    return (Paragraph(f"{what} are common to all practices.", "note"),) if data.practice else ()


def caught(data: WeeklyInput) -> tuple[int, int]:
    """Canaries caught and run."""
    return sum(int(one["caught"]) for one in data.canaries), sum(int(one["total"]) for one in data.canaries)


def trust(data: WeeklyInput) -> Section:
    """Intake completeness, canaries, ledger state."""
    good, total = caught(data)
    missed = [one for one in data.canaries if one["missed"]]
    without = sum(1 for one in data.canaries if not one["total"])
    rows = tuple((one["control"], one["caught"], one["total"], ", ".join(one["missed"])) for one in data.canaries)
    return Section(
        "trust",
        "Can this report be trusted?",
        (
            *common(data, "Intake, canaries and the evidence log"),
            _intake(data.certificate),
            Paragraph(
                f"{good:,} of {plural(total, 'canary', 'canaries')} were caught"
                + (f"; {plural(without, 'control')} {'has' if without == 1 else 'have'} none." if without else "."),
                "red" if missed else "green" if total else "note",
            ),
            _ledger(data.ledger),
            Table(
                "canaries",
                "Canaries: violations made up to see whether the controls still answer",
                (
                    Column("control", "Control", "term"),
                    Column("caught", "Caught", "count"),
                    Column("total", "Run", "count"),
                    Column("missed", "Missed"),
                ),
                rows,
                empty="No control has a canary.",
            ),
        ),
    )


_COUNTS = (
    "sent",
    "received",
    "missing",
    "recovered",
    "lost",
    "failed",
    "duplicate",
    "late",
    "reordered",
    "conflicts",
    "quarantined",
)


def _intake(certificate: JsonObject | None) -> Block:
    if certificate is None:
        return Paragraph(
            "Intake has not been reconciled with HaloPSA's delivery log: whether deliveries are missing is unknown.",
            "note",
        )
    whole = {**certificate, **(certificate.get("counts") or {})}  # lists are kept short, their lengths are not
    counts = {name: _size(whole[name]) for name in _COUNTS if name in whole}
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count is not None) or "no counts"
    at = certificate.get("at") or certificate.get("as_of") or certificate.get("until") or ""
    if certificate.get("state") == "unknown":
        return Paragraph(
            f"HaloPSA's delivery log could not be read: {certificate.get('text') or 'the reason is not known.'} "
            "Whether deliveries are missing is unknown.",
            "note",
        )
    return Paragraph(
        f"Intake was reconciled with HaloPSA's delivery log{' at ' + shown(at, 'instant') if at else ''}: {told}.",
        "red" if counts.get("lost") else "amber" if counts.get("missing") else "green",
    )


def _size(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    return value if isinstance(value, int) else len(value) if isinstance(value, list | tuple) else None


def _ledger(state: JsonObject) -> Block:
    if not state.get("note"):
        return Paragraph(
            "The evidence log has no published checkpoint yet: nothing in this report can be proven offline "
            "until the next seal.",
            "note",
        )
    return Paragraph(
        f"The evidence log stands at {plural(int(state['size']), 'checkpoint leaf', 'checkpoint leaves')}, root "
        f"{state['root']}, signed under {state['origin']}."
    )


_OUTSIDE = (
    "Dashboard usage, managers' feedback, users' friction and training gaps are in no source that is read: "
    "they are what people write down under Programme."
)


def unknown(data: WeeklyInput) -> Section:
    """What this report does not know."""
    blind = [item for item in front(data) if item["value"] is None]
    asked = [row for row in judged(data.findings) if tone(row) == UNKNOWN]
    why = Counter(reason["text"] for row in asked for reason in row["reasons"])
    lines = [f"{CATALOGUE[item['id']].label}: no data, or no source it could be computed from." for item in blind]
    refused = int(data.statement.get("refused") or 0)
    if refused:
        lines.append(
            f"{plural(refused, 'ticket row')} could not be read and {'is' if refused == 1 else 'are'} in no figure."
        )
    if data.end > data.now:
        lines.append(f"The week had not ended at {shown(rfc3339(data.now), 'instant')}; what came later is not in it.")
    lines.append(_OUTSIDE)
    reasons = tuple((text, count) for text, count in why.most_common())
    keys = tuple((key,) for key in data.unconfirmed)
    return Section(
        "unknown",
        "What this report does not know",
        (
            Bullets(tuple(lines)),
            Table(
                "unjudged",
                "Subjects no verdict could be reached on",
                (
                    Column("why", "Why"),
                    Column("findings", "Findings", "count"),
                ),
                reasons,
                empty="Every subject could be judged.",
            ),
            *common(data, "Policy's numbers"),
            Table(
                "unconfirmed",
                "Numbers of policy that nobody has decided yet: the shipped default is in force",
                (Column("key", "Policy key", "code"),),
                keys,
                empty="Every number of policy has been confirmed by a decision.",
            ),
        ),
    )


def statement(data: WeeklyInput) -> Section:
    """Sources, queries, row counts, freshness."""
    rows = tuple(
        (one["source"], one.get("query", ""), one.get("rows"), one.get("read_at") or "", one.get("evidence", ""))
        for one in data.statement.get("sources", [])
    )
    return Section(
        "statement",
        "What this report stands on",
        (
            *common(data, "Sources and their rows"),
            Paragraph(
                f"Period: {shown(rfc3339(data.start), 'instant')} up to, not including, {shown(rfc3339(data.end), 'instant')} "
                f"(ISO week {data.period}, Monday to Monday in UTC). Judged by {shown(rfc3339(data.now), 'instant')} under "
                f"policy {data.policy_version}. Durations are calendar hours; percentiles are interpolated linearly."
            ),
            Table(
                "sources",
                "Sources",
                (
                    Column("source", "Source"),
                    Column("query", "Read how"),
                    Column("rows", "Rows", "count"),
                    Column("read_at", "Read at", "instant"),
                    Column("evidence", "Newest observation"),
                ),
                rows,
                empty="No source has been read.",
            ),
        ),
    )
