"""A practice's edition: the report's own input, narrowed to what somebody sees who sees that practice and no other."""

from __future__ import annotations

from dataclasses import replace

from shared.model import JsonObject
from shared.reports.weekly_input import WeeklyInput


def edition_of(
    whole: WeeklyInput, practice: str, *, projects: JsonObject, delivery: JsonObject, former: JsonObject | None
) -> WeeklyInput:
    """Rows of the practice, and what is common to all; rows of no practice are the whole report's.

    ``projects``, ``delivery`` and ``former`` are the practice's own: sums cannot be narrowed afterwards.
    """

    def mine(rows: tuple[JsonObject, ...]) -> tuple[JsonObject, ...]:
        return tuple(row for row in rows if row.get("practice") == practice)

    findings = mine(whole.findings)
    ids = {row["id"] for row in findings}
    return replace(
        whole,
        practice=practice,
        practices={practice: whole.practices[practice]},
        items=mine(whole.items),
        before=mine(whole.before),
        findings=findings,
        holds=mine(whole.holds),
        approvals=mine(whole.approvals),
        overrides=tuple(row for row in whole.overrides if row["finding"] in ids),
        samples=(),
        programme=mine(whole.programme),
        decisions=tuple(row for row in whole.decisions if practice in (row.get("practices") or [row.get("practice")])),
        certificate=_counted(whole.certificate),
        billing={"trust": whole.billing["trust"]} if whole.billing else {},
        projects=projects,
        delivery=delivery,
        former=former,
    )


def _counted(certificate: JsonObject | None) -> JsonObject | None:
    """How many, not which: what rang belongs to all customers."""
    if certificate is None:
        return None
    lengths = {name: len(told) for name, told in certificate.items() if isinstance(told, list | tuple)}
    told = {**certificate, **lengths, **(certificate.get("counts") or {})}
    told.pop("counts", None)
    return told
