"""The report of a closed permission review: what was read, what was answered and by whom, what is gone."""

from __future__ import annotations

from collections.abc import Sequence

from shared.model import JsonObject
from shared.registers.reviews import answered_by
from shared.reports.document import Block, Bullets, Column, Document, Headline, Paragraph, Section, Table

_SOURCES = {"entra": "Entra", "halopsa": "HaloPSA", "azure": "Azure"}
_ANSWERS = ("keep", "reduce", "revoke", "defer")
_SAID = {"keep": "kept as they are", "reduce": "reduced", "revoke": "revoked", "defer": "put off"}


def review_document(meta: JsonObject, items: Sequence[JsonObject], as_of: str) -> Document:
    """From a review's row and its items, all answered. ``as_of`` is when it closed."""
    quarter = str(meta["quarter"])
    return Document(
        kind="review",
        title=f"Permission review {quarter}",
        subtitle=f"Opened {meta['opened_at'][:10]}, closed {as_of[:10]}",
        period=quarter,
        as_of=as_of,
        headline=_headline(meta, items),
        summary=(
            "Every program that may act on our data was read, judged and answered for by name.",
            "What was to be taken away was read again and is gone; a missing answer would have kept the review open.",
        ),
        sections=(
            Section("population", "What was read", tuple(_population(meta))),
            Section("answers", "What was answered", (_answers(items),)),
            Section("gone", "What is gone", (_gone(items),)),
            Section("kept", "What may still take over the environment", (_tier0(items),)),
        ),
        data={
            "population": meta["population"],
            "opening_evidence": meta["opening_evidence"],
            "policy_version": meta["policy_version"],
        },
    )


def _headline(meta: JsonObject, items: Sequence[JsonObject]) -> tuple[Headline, ...]:
    counts = {name: sum(item["decision"]["decision"] == name for item in items) for name in _ANSWERS}
    read = sum(one["read"] for one in meta["population"].values())
    unreadable = sum(one["unreadable"] for one in meta["population"].values())
    lines = [
        Headline("read", "Read", read, "count", f"{read} programs were read, {len(items)} of them to be answered for.")
    ]
    lines += [
        Headline(name, _SAID[name].capitalize(), count, "count", f"{count} of {len(items)} were {_SAID[name]}.")
        for name, count in counts.items()
    ]
    tone = "amber" if unreadable else ""
    lines.append(Headline("unreadable", "Unreadable", unreadable, "count", f"{unreadable} could not be read.", tone))
    return tuple(lines)


def _population(meta: JsonObject) -> list[Block]:
    columns = (
        Column("source", "Source"),
        *(Column(name, label, "count") for name, label in (
            ("read", "Read"), ("reviewed", "Reviewed"), ("microsoft", "Microsoft's own"), ("unreadable", "Unreadable"),
        )),
    )  # fmt: skip
    rows = tuple(
        (_SOURCES[name], *(counts[column.id] for column in columns[1:])) for name, counts in meta["population"].items()
    )
    blocks: list[Block] = [Table("population", "Frozen when the review opened", columns, rows)]
    if meta["gaps"]:
        blocks += [Paragraph("What could not be read at all:", "amber"), Bullets(tuple(meta["gaps"]))]
    if meta["unreadable"]:
        told = (Column("source", "Source"), Column("id", "Id", "code"), Column("why", "Why"))
        lost = tuple((_SOURCES[one["source"]], one["id"], one["why"]) for one in meta["unreadable"])
        blocks.append(Table("unreadable", "Seen by one reading and not by another", told, lost))
    return blocks


def _answers(items: Sequence[JsonObject]) -> Table:
    columns = (
        Column("name", "Integration"),
        Column("source", "Source"),
        Column("tier", "Highest tier"),
        Column("risks", "Risks", "term"),
        Column("decision", "Answer"),
        Column("by", "By"),
        Column("at", "At", "instant"),
        Column("rationale", "Why"),
        Column("oids", "Object ids", "code", aside=True),
        Column("id", "Item", "code", aside=True),
    )
    rows = tuple(
        (
            item["frozen"]["integration"]["name"],
            _SOURCES[item["frozen"]["source"]],
            _tier(item["frozen"]["permissions"]),
            ", ".join(item["frozen"]["risks"]),
            item["decision"]["decision"],
            ", ".join(answered_by(item["decision"])),
            item["decision"]["at"],
            item["decision"]["rationale"],
            ", ".join(item["decision"]["by"]),
            item["id"],
        )
        for item in items
    )
    return Table("answers", "One line an integration, this service first", columns, rows)


def _gone(items: Sequence[JsonObject]) -> Table:
    columns = (
        Column("name", "Integration"),
        Column("value", "Taken away", "code"),
        Column("at", "Seen gone", "instant"),
    )
    rows = tuple(
        (item["frozen"]["integration"]["name"], value, item["decision"]["verified_at"])
        for item in items
        if item["decision"]["decision"] in ("reduce", "revoke")
        for value in item["decision"]["remove"] or [right["value"] for right in item["frozen"]["permissions"]]
    )
    return Table("gone", "Read again after the answer", columns, rows, empty="Nothing was to be taken away.")


def _tier0(items: Sequence[JsonObject]) -> Table:
    columns = (Column("name", "Integration"), Column("value", "Right", "code"), Column("by", "Kept by"))
    rows = tuple(
        (item["frozen"]["integration"]["name"], right["value"], ", ".join(answered_by(item["decision"])))
        for item in items
        if item["decision"]["decision"] in ("keep", "reduce", "defer")
        for right in item["frozen"]["permissions"]
        if right["tier"] == 0 and right["value"] not in item["decision"]["remove"]
    )
    return Table(
        "kept", "Two persons answered for each that is kept", columns, rows, empty="Nothing of tier 0 is held."
    )


def _tier(permissions: Sequence[JsonObject]) -> str:
    known = [right["tier"] for right in permissions if right["tier"] is not None]
    return str(min(known)) if known else "unknown"
