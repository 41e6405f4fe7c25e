"""The weekly control report as a document: first page, then causes, changes, scorecards, people, trust and sources."""

from __future__ import annotations

from collections import Counter

from shared.measures.money import shown as written
from shared.model import rfc3339
from shared.reports.document import Document, Headline
from shared.reports.part_before import restatements
from shared.reports.part_billing import billing
from shared.reports.part_figures import by_key, front, scorecards
from shared.reports.part_handoffs import handoffs
from shared.reports.part_people import (
    approvals,
    decisions,
    held_sums,
    holds,
    open_decisions,
    overdue,
    standing_holds,
    waiting,
)
from shared.reports.part_programme import programme
from shared.reports.part_projects import projects
from shared.reports.part_red import causes, changes
from shared.reports.part_trust import caught, edition, statement, trust, unknown
from shared.reports.tones import judged, tone
from shared.reports.weekly_input import WeeklyInput
from shared.reports.wording import number, plural, shown


def weekly_document(data: WeeklyInput) -> Document:
    """Pure: the same input gives the same document."""
    headline = tuple(_headline(data))
    return Document(
        kind="weekly",
        title=f"Weekly control report {data.period}" + (f": {data.scope}" if data.practice else ""),
        subtitle=f"{shown(rfc3339(data.start), 'day')} to {shown(rfc3339(data.end), 'day')}, "
        f"as known at {shown(rfc3339(data.now), 'instant')}",
        period=data.period,
        as_of=rfc3339(data.now),
        headline=headline,
        summary=tuple(_summary(data)),
        sections=(
            causes(data),
            changes(data),
            *scorecards(data),
            projects(data),
            handoffs(data),
            holds(data),
            billing(data),
            approvals(data),
            decisions(data),
            *programme(data),
            restatements(data, {one.id: one.value for one in headline}),
            trust(data),
            unknown(data),
            statement(data),
        ),
        data={
            "from": rfc3339(data.start),
            "to": rfc3339(data.end),
            "policy_version": data.policy_version,
            "practice": data.practice,
            "practices": dict(data.practices),
            "kpis": list(data.items),
            "kpis_before": list(data.before),
            "holds": standing_holds(data),
            "billing": data.billing,
            "approvals": waiting(data),
            "decisions": open_decisions(data),
            "programme": list(data.programme),
            "projects": {name: value for name, value in data.projects.items() if name != "worst"},
            "delivery": data.delivery,
            "intake": data.certificate,
            "canaries": list(data.canaries),
            "ledger": data.ledger,
            "unconfirmed": list(data.unconfirmed),
            "statement": data.statement,
        },
    )


def _headline(data: WeeklyInput) -> list[Headline]:
    rows = judged(data.findings)
    tones = Counter(tone(row) for row in rows)
    calm, why = ("green", ".") if rows else ("", ": nothing was judged.")
    held, asked, late = standing_holds(data), waiting(data), overdue(data)
    good, total = caught(data)
    return [
        Headline(
            "red_findings",
            "Red findings",
            tones["red"],
            "count",
            f"{plural(tones['red'], 'finding')} {_is(tones['red'])} red{why}",
            "red" if tones["red"] else calm,
        ),
        Headline(
            "amber_findings",
            "Amber findings",
            tones["amber"],
            "count",
            f"{plural(tones['amber'], 'finding')} {_is(tones['amber'])} amber{why}",
            "amber" if tones["amber"] else calm,
        ),
        Headline(
            "unknown_states",
            "Unknown states",
            tones["unknown"],
            "count",
            f"{plural(tones['unknown'], 'subject')} could not be judged.",
            "amber" if tones["unknown"] else calm,
        ),
        *_figures(data),
        Headline(
            "holds_standing",
            "Holds standing",
            len(held),
            "count",
            _held_text(data, len(held)),
            "amber" if held else "green",
        ),
        Headline(
            "approvals_waiting",
            "Approvals waiting",
            len(asked),
            "count",
            f"{plural(len(asked), 'approval')} {'waits' if len(asked) == 1 else 'wait'} for a decision.",
        ),
        Headline(
            "decisions_overdue",
            "Decisions overdue",
            len(late),
            "count",
            f"{plural(len(late), 'decision')} {_is(len(late))} overdue.",
            "red" if late else "",
        ),
        Headline(
            "canaries_caught",
            "Canaries answered" + (", all practices" if data.practice else ""),
            good,
            "count",
            f"{good:,} of {total:,} canaries were caught.",
            "red" if good < total else "green",
        ),
    ]


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def _held_text(data: WeeklyInput, count: int) -> str:
    sums = held_sums(standing_holds(data))
    money = " and ".join(written(amount, currency) for currency, amount in sums.items())
    return f"{plural(count, 'hold')} {'stands' if count == 1 else 'stand'}" + (f", over {money}." if money else ".")


def _figures(data: WeeklyInput) -> list[Headline]:
    items = by_key(data.items)
    out = []
    told = (
        (
            "closed_in_time",
            f"Closed in time{data.over}",
            "sla_attainment",
            "{value} of {n} tickets with a due time were closed in time.",
        ),
        (
            "past_due_or_at_risk",
            f"Past due or at risk{data.over}",
            "sla_at_risk",
            "{value} of {n} open tickets with a due time are past it or on course to miss it.",
        ),
        (
            "mean_time_to_resolve",
            f"Mean time to resolve{data.over}",
            "mttr_hours",
            "{n} tickets were resolved in {value} on average.",
        ),
    )
    for key, label, kpi, text in told:
        item = items.get((kpi, data.practice))
        if item is not None and item["value"] is not None:
            value = number(item["value"], item["unit"])
            out.append(Headline(key, label, item["value"], item["unit"], text.format(value=value, n=f"{item['n']:,}")))
    return out


def _summary(data: WeeklyInput) -> list[str]:
    """Three to five sentences for somebody who reads nothing else."""
    rows = judged(data.findings)
    red = [row for row in rows if tone(row) == "red"]
    out = [edition(data)] if data.practice else []
    if red:
        codes = Counter(reason["code"] for row in red for reason in row["reasons"])
        worst = ", ".join(f"{code.replace('_', ' ')} ({count:,})" for code, count in codes.most_common(3))
        bare = sum(1 for row in red if not row.get("mitigation"))
        out.append(f"What is red is mainly: {worst}. {bare:,} of {len(red):,} red findings have no recovery date yet.")
    elif rows:
        out.append("Nothing is red.")
    else:
        out.append("No subject has been judged for this week: treat every state as unknown.")
    figures = front(data)
    blind = [item for item in figures if item["value"] is None]
    if blind:
        out.append(f"{len(blind)} of {len(figures)} figures are unknown; the last chapters say which and why.")
    if data.unconfirmed:
        out.append(
            f"{plural(len(data.unconfirmed), 'number')} of policy {'is a' if len(data.unconfirmed) == 1 else 'are'} "
            f"shipped default{'s' * (len(data.unconfirmed) != 1)} that nobody has decided yet."
        )
    if data.end > data.now:
        out.append("The week is not over: the figures are those of its days so far.")
    return out
