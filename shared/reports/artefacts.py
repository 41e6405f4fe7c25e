"""The four artefacts: operator runbook, KPI and risk register, executive brief, proof brief; made from what stands now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from shared.measures.kpi_catalogue import CATALOGUE
from shared.model import JsonObject
from shared.reports.artefact_facts import RISKS, WRITES
from shared.reports.document import Block, Bullets, Column, Document, Paragraph, Section, Table
from shared.reports.tones import AMBER, RED, judged, tone
from shared.reports.wording import shown

RUNBOOK, REGISTER, EXECUTIVE, PROOF = "implementation-runbook", "kpi-and-risk-register", "exec-brief", "proof-brief"
FILES: dict[str, str] = {RUNBOOK: "docx", REGISTER: "xlsx", EXECUTIVE: "pptx", PROOF: "pdf"}
"""Artefact → its format."""


@dataclass(frozen=True, slots=True)
class ArtefactInput:
    """What the artefacts say, already read."""

    as_of: str
    controls: tuple[JsonObject, ...]
    """The catalogue, with effectiveness."""
    approvals: Mapping[str, tuple[str, ...]]
    """Kind → deciding roles."""
    two_persons: tuple[str, ...]
    schedules: tuple[tuple[str, str], ...]
    """Setting → NCRONTAB."""
    items: tuple[JsonObject, ...] = ()
    baselines: tuple[JsonObject, ...] = ()
    """``{"kpi", "value", "frozen_at", "method"}``."""
    findings: tuple[JsonObject, ...] = ()
    weekly: Document | None = None
    ledger: JsonObject = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    unconfirmed: tuple[str, ...] = ()
    policy_version: str = ""


def documents(data: ArtefactInput) -> dict[str, Document]:
    """All four by name."""
    return {RUNBOOK: runbook(data), REGISTER: register(data), EXECUTIVE: brief(data), PROOF: proof(data)}


def _document(
    data: ArtefactInput, name: str, title: str, summary: Iterable[str], sections: Iterable[Section]
) -> Document:
    headline = data.weekly.headline if data.weekly is not None and name == EXECUTIVE else ()
    return Document(
        name,
        title,
        f"As known at {shown(data.as_of, 'instant')}, policy {data.policy_version}",
        "",
        data.as_of,
        headline,
        tuple(summary),
        tuple(sections),
    )


def runbook(data: ArtefactInput) -> Document:
    """Roles, triggers, and for everything that writes to production how it is undone."""
    deciders = tuple(
        (kind, ", ".join(roles) or "Nobody named", "two persons" if kind in data.two_persons else "as policy says")
        for kind, roles in sorted(data.approvals.items())
    )
    controls = tuple(
        (one["title"], one["owner"], one["cadence"], ", ".join(one["triggers"]) or "–", one["id"])
        for one in data.controls
    )
    return _document(
        data,
        RUNBOOK,
        "Operator runbook",
        ("Who decides what, what starts what, and how everything that writes to production is undone.",),
        (
            Section(
                "roles",
                "Who decides",
                (
                    Table(
                        "deciders",
                        "Approvals and the roles that decide them",
                        (
                            Column("kind", "Approval", "term"),
                            Column("roles", "Roles"),
                            Column("persons", "Persons"),
                        ),
                        deciders,
                    ),
                ),
            ),
            Section(
                "triggers",
                "What starts what",
                (
                    Table(
                        "schedules",
                        "Timers (UTC)",
                        (Column("setting", "Setting", "code"), Column("when", "NCRONTAB", "code")),
                        data.schedules,
                    ),
                    Table(
                        "controls",
                        "Controls",
                        (
                            Column("title", "What must be true"),
                            Column("owner", "Owner"),
                            Column("cadence", "Every", "term"),
                            Column("triggers", "Events"),
                            Column("id", "Control", "code", aside=True),
                        ),
                        controls,
                    ),
                ),
            ),
            Section(
                "rollback",
                "What writes to production, and how to undo it",
                (
                    Table(
                        "writes",
                        "Writing automations",
                        (
                            Column("action", "Action", "term"),
                            Column("trigger", "Starts when"),
                            Column("does", "Does"),
                            Column("why", "How to undo it"),
                        ),
                        WRITES,
                    ),
                ),
            ),
            Section(
                "failure",
                "When something fails",
                (
                    Bullets(
                        (
                            "A run that failed says why under Runs; start it again there: every step can be repeated safely.",
                            "A message that could not be handled is kept as evidence and as a finding with verdict error; nothing is deleted.",
                            "When HaloPSA does not answer, facts grow stale and verdicts become unknown; they never turn green by themselves.",
                            "When storage does not answer, deliveries are refused with 503 and HaloPSA sends them again.",
                        )
                    ),
                ),
            ),
        ),
    )


def register(data: ArtefactInput) -> Document:
    """Every figure with definition and state, every risk with its control, every control with its effectiveness."""
    values = {(item["id"], item["practice"]): item for item in data.items}
    frozen = {row["kpi"]: row for row in data.baselines}
    figures = tuple(
        (
            kpi.label,
            kpi.category,
            kpi.unit.value,
            kpi.better.value,
            kpi.counts,
            item.get("value"),
            item.get("n"),
            item.get("baseline"),
            frozen.get(kpi.id, {}).get("frozen_at", ""),
            frozen.get(kpi.id, {}).get("method", ""),
            item.get("status") or "",
            kpi.id,
        )
        for kpi in CATALOGUE.values()
        for item in (values.get((kpi.id, None), {}),)
    )
    open_by = Counter((row["control"], tone(row)) for row in judged(data.findings))
    controls = tuple(
        (
            one["title"],
            one["owner"],
            one["cadence"],
            open_by[(one["id"], RED)],
            open_by[(one["id"], AMBER)],
            one["effectiveness"]["caught"],
            one["effectiveness"]["total"],
            ", ".join(one["frameworks"]),
            one["id"],
        )
        for one in data.controls
    )
    return _document(
        data,
        REGISTER,
        "KPI and risk register",
        ("Figures by definition and state, risks and the controls that answer them.",),
        (
            Section(
                "figures",
                "Figures",
                (
                    Table(
                        "figures",
                        "Figures",
                        (
                            Column("figure", "Figure"),
                            Column("category", "Category"),
                            Column("unit", "Unit", "code"),
                            Column("better", "Improves by", "term"),
                            Column("counts", "Denominator"),
                            Column("value", "Value", "number"),
                            Column("n", "Of", "count"),
                            Column("baseline", "Baseline", "number"),
                            Column("frozen", "Frozen at", "instant"),
                            Column("method", "How it was come by"),
                            Column("status", "Target", "term"),
                            Column("id", "Id", "code"),
                        ),
                        figures,
                    ),
                ),
            ),
            Section(
                "risks",
                "Risks",
                (
                    Table(
                        "risks",
                        "Risks",
                        (
                            Column("risk", "Risk"),
                            Column("answer", "What answers it"),
                            Column("sign", "Seen by"),
                        ),
                        RISKS,
                    ),
                ),
            ),
            Section(
                "controls",
                "Controls",
                (
                    Table(
                        "controls",
                        "Controls",
                        (
                            Column("title", "What must be true"),
                            Column("owner", "Owner"),
                            Column("cadence", "Every", "term"),
                            Column("red", "Red", "count"),
                            Column("amber", "Amber", "count"),
                            Column("caught", "Canaries caught", "count"),
                            Column("canaries", "Canaries run", "count"),
                            Column("frameworks", "Frameworks"),
                            Column("id", "Control", "code"),
                        ),
                        controls,
                    ),
                ),
            ),
            Section(
                "open",
                "Policy not yet decided",
                (
                    Table(
                        "unconfirmed",
                        "Shipped defaults in force",
                        (Column("key", "Policy key", "code"),),
                        tuple((key,) for key in data.unconfirmed),
                        empty="Everything has been decided.",
                    ),
                ),
            ),
        ),
    )


def brief(data: ArtefactInput) -> Document:
    """The weekly report's first page and its chapters on causes, money and decisions."""
    wanted = ("causes", "scorecard-all", "holds", "decisions", "unknown")
    chapters = () if data.weekly is None else tuple(one for one in data.weekly.sections if one.id in wanted)
    summary = data.weekly.summary if data.weekly is not None else ("No weekly report has been published yet.",)
    return _document(data, EXECUTIVE, "Executive brief", summary, chapters)


def proof(data: ArtefactInput) -> Document:
    """What can be proven, under which key, and how a stranger checks it."""
    state = data.ledger
    blocks: list[Block] = [
        Paragraph(
            f"The newest published checkpoint covers {state['size']:,} leaves; its root is {state['root']}."
            if state
            else "No checkpoint has been published yet: nothing can be proven offline until the next seal.",
        )
    ]
    if state:
        blocks.append(
            Table(
                "checkpoint",
                "The checkpoint, word for word",
                (Column("line", "Line"),),
                tuple((line,) for line in str(state["note"]).splitlines() if line),
            )
        )
    missed = [one for one in data.controls if one["effectiveness"]["missed"]]
    caught = sum(one["effectiveness"]["caught"] for one in data.controls)
    run = sum(one["effectiveness"]["total"] for one in data.controls)
    return _document(
        data,
        PROOF,
        "Proof brief",
        (
            (
                "What was seen, judged and decided is kept in logs whose every entry can be proven, offline, by somebody who does not "
                "trust this service."
            ),
        ),
        (
            Section("state", "Where the log stands", tuple(blocks)),
            Section(
                "keys",
                "Keys that signed it",
                (
                    Table(
                        "keys",
                        "Verifier keys (C2SP)",
                        (Column("key", "Key"),),
                        tuple((key,) for key in data.keys),
                        empty="No key has signed yet.",
                    ),
                ),
            ),
            Section(
                "check",
                "How to check a pack",
                (
                    Bullets(
                        (
                            "Obtain trusted.vkey from somebody other than the one who gave you the pack.",
                            "Run: python3 verify.py --keys trusted.vkey PACK.zip. It needs Python's standard library and nothing else.",
                            "Exit 0 is verified; 1 failed; 2 unreadable; 3 consistent, but the signer is not pinned or the pack is old.",
                            "The verifier says in words what it did not prove: that HaloPSA told the truth, and that nothing was kept from us.",
                        )
                    ),
                ),
            ),
            Section(
                "canaries",
                "Do the controls still work?",
                (
                    Paragraph(
                        f"{caught:,} of {run:,} made-up violations were caught by {len(data.controls)} controls; "
                        f"{len(missed):,} controls missed at least one.",
                        "red" if missed else "green",
                    ),
                ),
            ),
        ),
    )
