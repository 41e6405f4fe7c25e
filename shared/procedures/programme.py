"""The programme: who does which step until when, what was written down, and whether what is said to be done stands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from shared.controls import programme_steps
from shared.controls.programme_steps import StepFacts
from shared.controls.spec import Case
from shared.errors import Conflict, Forbidden, NotFound, Unacceptable
from shared.model import JsonObject, NewEntry, Person, Reason, Role, Subject, Verdict, rfc3339
from shared.policy.programme import STAGES, Step, steps_of
from shared.procedures.announce import tell_new
from shared.procedures.assess import Assessed, assess
from shared.procedures.decide import visible
from shared.procedures.first_word import first_recorded
from shared.procedures.governance import decision_shown
from shared.procedures.page import page
from shared.procedures.runs import Run, ended_well
from shared.procedures.self_watch import JUDGES
from shared.procedures.services import Services
from shared.registers import baselines, findings, integrations, reports, targets, validations
from shared.registers.decisions import backlog, decisions
from shared.registers.programme import DONE, OPEN, WAIVED, id_of, register

_LONGEST = 4000
_MOST = 50
_TRIES = 10
_SAID = ("owner", "due", "answers", "evidence", "state", "decision_id")
_STANDS: Mapping[str, tuple[str, Callable[[Services], Iterable[object]]]] = {
    "artefacts": ("runbook and register", lambda services: reports.artefacts(services.rows).all()),
    "backlog": ("backlog", lambda services: backlog(services.rows).all()),
    "baselines": ("frozen baseline of any figure", lambda services: baselines.register(services.rows).all()),
    "contract_map": ("contract map", lambda services: filter(None, [validations.contract_map(services.rows)])),
    "integrations": ("register of integrations", lambda services: integrations.register(services.rows).all()),
    "look_back": ("look back over issued invoices", lambda services: validations.look_backs(services.rows).all()),
    "meetings": ("promise of a meeting in policy", lambda services: services.policy.policy.governance.meetings),
    "report": ("weekly report", lambda services: reports.register(services.rows).all()),
    "targets": ("target in force", lambda services: targets.register(services.rows).all()),
}
"""What a step may ask the service itself to hold: what it is called, and where it lies."""
_JOB_OF = {control: job for job, names in JUDGES.items() for control in names}


def list_programme(
    services: Services,
    person: Person,
    limit: int,
    after: str | None,
    stage: str | None = None,
    practice: str | None = None,
    state: str | None = None,
) -> JsonObject:
    """The steps in their order, each with how it stands and what speaks against it."""
    rows = [
        {**row, "place": place}
        for place, row in enumerate(standing(services))
        if visible(row, person)
        and (stage is None or row["stage"] == stage)
        and (practice is None or row["practice"] == practice)
        and (state is None or row["state"] == state)
    ]
    return page(
        rows,
        limit=limit,
        after=after,
        key=lambda row: f"{row['place']:05d}",
        shown=lambda row: {name: value for name, value in row.items() if name != "place"},
    )


def standing(services: Services) -> list[JsonObject]:
    """Every step for everybody, in order."""
    book = _Book(services)
    return [_shown(book, step, practice) for step, practice in book.population]


def step_view(services: Services, person: Person, identity: str) -> JsonObject:
    """One step. NotFound outside the caller's practices."""
    found = next((row for row in standing(services) if row["id"] == identity), None)
    if found is None or not visible(found, person):
        raise NotFound(f"The programme has no step {identity[:100]}.", code="step_not_found")
    return found


def record_step(services: Services, person: Person, identity: str, body: JsonObject) -> JsonObject:
    """Say who does a step until when, write down its answers and proof, say that it is done, or waive it by a decision.

    What is left out stays as it was, also what somebody else says at the same moment. Raises NotFound; Forbidden where
    another role or a second person must say so; Unacceptable (readiness_blocked) with ``codes`` and what speaks against
    it; Conflict when others are always faster.
    """
    for _ in range(_TRIES):
        said = _said_now(services, person, identity, body)
        number = said["said"] - 1
        stands, evidence_id = first_recorded(
            services,
            NewEntry(
                type="programme.recorded",
                key=f"programme\n{identity}\n{number}",
                payload=json.dumps(said, sort_keys=True, ensure_ascii=False).encode(),
                subject=Subject("step", identity),
                actor=person.oid,
                practice=said["practice"],
                controls=(programme_steps.CONTROL.id,),
            ),
        )
        row = {**stands, "evidence_id": evidence_id}
        register(services.rows).change(
            identity, partial(lambda row, number, held: row if _said(held) == number else None, row, number)
        )
        if stands == said:
            return step_view(services, person, identity)
    raise Conflict("Others say something of this step all the time; try again.", code="step_contended")


def _said(row: JsonObject | None) -> int:
    """How often something was said of a step."""
    return int((row or {}).get("said", 0))


def _said_now(services: Services, person: Person, identity: str, body: JsonObject) -> JsonObject:
    """The step's row with what a person adds to it as it stands, checked."""
    book = _Book(services)
    found = next(((step, key) for step, key in book.population if id_of(step.id, key) == identity), None)
    if found is None or not visible({"customer": None, "practice": found[1]}, person):
        raise NotFound(f"The programme has no step {identity[:100]}.", code="step_not_found")
    step, practice = found
    held = book.row(step, practice)
    said = _read(services, step, body)
    row: JsonObject = {**held, **said, "answers": {**held["answers"], **said.get("answers", {})}}
    if row["state"] == DONE:
        _may_sign(step, row, person)
        facts = book.facts(step, practice, row)
        reasons = programme_steps.against(facts)
        if facts.unjudged:
            reasons.append(Reason("step_unjudged", f"Not judged yet: {', '.join(facts.unjudged)}."))
        if reasons:
            told = " ".join(one.text for one in reasons)
            codes = list(dict.fromkeys(one.code for one in reasons))
            raise Unacceptable(f"The step cannot be called done. {told}", code="readiness_blocked", codes=codes)
    if row["state"] == WAIVED and not book.counts(row["decision_id"]):
        text = (
            "A step is waived by a decision of the log that counts: taken, with the managers it concerns, and answered."
        )
        raise Unacceptable(text, code="waiver_undecided")
    now = rfc3339(services.clock.now())
    row |= {"said_by": person.oid, "said_at": now, "said": _said(held) + 1, "practice": practice}
    if row["state"] == OPEN:
        row |= {"done_by": None, "done_at": None}
    elif held["state"] != row["state"]:
        row |= {"done_by": person.oid, "done_at": now}
    return row


def runs_on(services: Services, at: datetime) -> bool:
    """Whether the programme has begun by a day and not ended before it."""
    plan, today = services.policy.policy.programme, at.date()
    return plan.begins is not None and plan.begins <= today and (plan.ends is None or today <= plan.ends)


def watch_programme(services: Services, run: Run) -> list[Assessed]:
    """Judge every step of a programme that runs; before it began and after it ended nothing is asked of anybody."""
    if not runs_on(services, run.as_of):
        return []
    done = assess(services, programme_steps.CONTROL, list(_cases(services)), as_of=run.as_of, run_id=run.run_id)
    tell_new(services, done, run.run_id)
    return done


def _cases(services: Services) -> Iterator[Case]:
    book = _Book(services)
    for step, practice in book.population:
        row = book.row(step, practice)
        evidence = (row["evidence_id"],) if row.get("evidence_id") else ()
        subject = Subject("step", id_of(step.id, practice))
        yield Case(subject, None, practice, book.facts(step, practice, row), observations=evidence)


class _Book:
    """Steps, what was said of them, and what stands behind them; each register is read once, when it is first needed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        policy = services.policy.policy
        self._begins = policy.programme.begins
        self._practices = tuple(policy.practices)
        steps = steps_of(policy.programme)
        self._steps = {one.id: one for one in steps}
        self.population = [
            (step, practice) for step in steps for practice in (self._practices if step.each_practice else (None,))
        ]
        self._rows = {row["id"]: row for row in register(services.rows).all()}
        self._verdicts: dict[str, tuple[int, bool]] = {}
        self._ended = ended_well(services)
        self._there: dict[str, bool] = {}

    def row(self, step: Step, practice: str | None) -> JsonObject:
        """What was said of a step."""
        identity = id_of(step.id, practice)
        bare: JsonObject = {
            "id": identity,
            "owner": None,
            "due": None,
            "answers": {},
            "evidence": [],
            "state": OPEN,
            "decision_id": None,
            "done_by": None,
            "done_at": None,
        }
        return {**bare, **self._rows.get(identity, {})}

    def due(self, step: Step, row: JsonObject) -> date | None:
        """The day said, else that of the plan; None before the programme has a beginning."""
        if row["due"]:
            return date.fromisoformat(row["due"])
        return self._begins + timedelta(days=step.day) if self._begins else None

    def facts(self, step: Step, practice: str | None, row: JsonObject) -> StepFacts:
        """All that may speak against a step."""
        unanswered = tuple(one for one in step.asks if not row["answers"].get(one, "").strip())
        judged = {name: self._judged(name) for name in step.controls}
        return StepFacts(
            title=step.title,
            state=row["state"],
            owner=row["owner"] or "",
            due=self.due(step, row) or date.max,
            waits_for=tuple(self._waits_for(step, practice)),
            unanswered=unanswered,
            unproven=not (step.asks or step.controls or step.stands or row["evidence"]),
            failing=tuple((name, failing) for name, (failing, _) in judged.items() if failing),
            unjudged=tuple(name for name, (failing, blind) in judged.items() if blind and not failing),
            absent=tuple(_STANDS[one][0] for one in step.stands if not self._stands(one)),
            waiver_counts=row["state"] != WAIVED or self.counts(row["decision_id"]),
        )

    def counts(self, decision: str | None) -> bool:
        """Whether a decision of the log is taken and valid today."""
        held = decisions(self._services.rows).get(decision) if decision else None
        return held is not None and bool(decision_shown(self._services, held.body)["valid"])

    def _waits_for(self, step: Step, practice: str | None) -> Iterator[str]:
        """A practice's step waits for its own practice's; a common step for those of all practices."""
        for name in step.after:
            before = self._steps[name]
            whose: tuple[str | None, ...] = (None,)
            if before.each_practice:
                whose = (practice,) if practice is not None else self._practices
            for one in whose:
                if self.row(before, one)["state"] == OPEN:
                    yield before.title if one is None else f"{before.title.rstrip('.')} ({one})"

    def _judged(self, control: str) -> tuple[int, bool]:
        """On how many subjects a control fails, and whether it could not judge; what people accepted does not fail.

        A control that nothing was given to has judged when its job ended well.
        """
        if control not in self._verdicts:
            failing, blind, rows = 0, False, 0
            for row in findings.of_control(self._services.rows, control):
                rows += 1
                if row["status"] != "overridden":
                    failing += row["verdict"] in (Verdict.FAIL, Verdict.ERROR)
                    blind |= row["verdict"] in (Verdict.UNKNOWN, Verdict.NOT_CHECKED)
            self._verdicts[control] = failing, blind if rows else _JOB_OF.get(control) not in self._ended
        return self._verdicts[control]

    def _stands(self, name: str) -> bool:
        if name not in self._there:
            self._there[name] = any(True for _ in _STANDS[name][1](self._services))
        return self._there[name]


def _shown(book: _Book, step: Step, practice: str | None) -> JsonObject:
    row = book.row(step, practice)
    facts = book.facts(step, practice, row)
    due = book.due(step, row)
    found = programme_steps.against(replace(facts, state=DONE))
    return {
        "id": row["id"],
        "step": step.id,
        "stage": step.stage,
        "stage_title": STAGES[step.stage],
        "title": step.title,
        "practice": practice,
        "customer": None,
        "role": step.owner.value,
        "signs": step.signs.value if step.signs else None,
        "second": step.second,
        "after": list(step.after),
        "asks": list(step.asks),
        "controls": list(step.controls),
        "stands": list(step.stands),
        "owner": row["owner"],
        "due": due.isoformat() if due else None,
        "state": row["state"],
        "answers": row["answers"],
        "evidence": row["evidence"],
        "decision_id": row["decision_id"],
        "done_by": row["done_by"],
        "done_at": row["done_at"],
        "evidence_id": row.get("evidence_id"),
        "codes": list(dict.fromkeys(one.code for one in found)),
        "against": [one.to_json() for one in found],
        "unjudged": list(facts.unjudged),
    }


def _may_sign(step: Step, row: JsonObject, person: Person) -> None:
    if person.is_application or person.roles <= {Role.AUTOMATION}:
        raise Forbidden("A person says that a step is done.", code="not_a_person")
    if step.signs is not None and not person.has(step.signs):
        raise Forbidden(f"That this step is done is said by {step.signs.value}.", code="role_missing")
    if not row["owner"]:
        raise Unacceptable("A step is done by somebody: name its owner.", code="step_unowned", codes=["step_unowned"])
    if step.second and row["owner"].casefold() in (person.oid.casefold(), person.name.casefold()):
        raise Forbidden("That this step is done is said by somebody else than its owner.", code="same_person")


def _read(services: Services, step: Step, body: JsonObject) -> JsonObject:
    """What was said, checked field by field."""
    if unknown := sorted(set(body) - set(_SAID)):
        raise Unacceptable(f"A step has no {', '.join(map(str, unknown))[:200]}.", code="step_invalid")
    said: JsonObject = {}
    if "owner" in body:
        said["owner"] = _text(body["owner"], "owner", 200) or None
    if "due" in body:
        try:
            said["due"] = date.fromisoformat(body["due"]).isoformat() if body["due"] is not None else None
        except (TypeError, ValueError):
            raise Unacceptable("due is a day such as 2026-12-01.", code="step_invalid") from None
    if "answers" in body:
        said["answers"] = _answers(step, body["answers"])
    if "evidence" in body:
        said["evidence"] = _evidence(services, body["evidence"])
    if "state" in body:
        if body["state"] not in (OPEN, DONE, WAIVED):
            raise Unacceptable("state is open, done or waived.", code="step_invalid")
        said["state"] = body["state"]
    if "decision_id" in body:
        said["decision_id"] = _text(body["decision_id"], "decision_id", 200) or None
    return said


def _answers(step: Step, given: object) -> dict[str, str]:
    if not isinstance(given, dict):
        raise Unacceptable("answers is an object: question to answer.", code="step_invalid")
    if unknown := sorted(str(one) for one in given if one not in step.asks):
        raise Unacceptable(f"The step does not ask {', '.join(unknown)[:200]}.", code="step_invalid")
    return {str(name): _text(value, str(name), _LONGEST) for name, value in given.items()}


def _evidence(services: Services, given: object) -> list[str]:
    """Links, and evidence that is there."""
    if not isinstance(given, list) or len(given) > _MOST:
        raise Unacceptable(f"evidence is a list of at most {_MOST} links and evidence ids.", code="step_invalid")
    found = [_text(one, "evidence", 1000) for one in given]
    for one in found:
        if not one.startswith("https://") and services.ledger.find(one) is None:
            raise Unacceptable(
                "Evidence is a link that begins with https://, or an id of this log.", code="step_invalid"
            )
    return found


def _text(value: object, name: str, longest: int) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest:
        raise Unacceptable(f"{name} is a text of at most {longest:,} letters.", code="step_invalid")
    return value.strip()
