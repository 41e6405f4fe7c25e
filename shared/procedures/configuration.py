"""Configuration check: HaloPSA's change log against the promise of UAT, and our own: numbers confirmed, no control silent."""

from __future__ import annotations

from shared.controls.catalogue import controls
from shared.model import JsonObject
from shared.procedures.announce import tell_new
from shared.procedures.assess import assess
from shared.procedures.runs import Run
from shared.procedures.self_watch import judge_defaults, judge_silence
from shared.procedures.services import Services


def configuration_check_run(services: Services, run: Run) -> JsonObject:
    """Judge every configuration commit, ticket type and status that the mirror holds."""
    facts = services.facts("configuration")
    run.progress(0.1, "Reading configuration from the mirror.")
    control = controls()["configuration_governed"]
    cases = facts.cases(services.mirror, services.policy.policy, run.as_of)  # type: ignore[attr-defined]  # module by name
    done = assess(services, control, cases, as_of=run.as_of, run_id=run.run_id)
    for judge_ours in (judge_defaults, judge_silence):
        done += judge_ours(services, run.as_of, run.run_id)
    tell_new(services, done, run.run_id)
    return {"population": len(done), "failed": sum(one.judgement.verdict.value == "fail" for one in done)}
