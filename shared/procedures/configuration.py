"""Configuration check: HaloPSA's change log, set-up and master data; and our own: numbers confirmed, no control silent."""

from __future__ import annotations

from shared.controls.catalogue import controls
from shared.model import JsonObject
from shared.procedures.announce import tell_new
from shared.procedures.assess import assess
from shared.procedures.override_samples import watch_samples
from shared.procedures.programme import watch_programme
from shared.procedures.runs import Run
from shared.procedures.self_watch import judge_defaults, judge_silence
from shared.procedures.services import Services

_FAMILIES = {"configuration_governed": "configuration", "desk_setup": "desk_setup", "master_data": "master_data"}
"""Control to the facts it judges."""


def configuration_check_run(services: Services, run: Run) -> JsonObject:
    """Judge every configuration commit, the desk's set-up, and customers, agreements and catalogue, as the mirror holds them."""
    run.progress(0.1, "Reading configuration from the mirror.")
    done = []
    for control, family in _FAMILIES.items():
        facts = services.facts(family)
        cases = facts.cases(services.mirror, services.policy.policy, run.as_of)  # type: ignore[attr-defined]  # module by name
        done += assess(services, controls()[control], cases, as_of=run.as_of, run_id=run.run_id)
    for judge_ours in (judge_defaults, judge_silence):
        done += judge_ours(services, run.as_of, run.run_id)
    tell_new(services, done, run.run_id)
    done += watch_samples(services, run)
    done += watch_programme(services, run)  # last: steps rest on what the others found
    return {"population": len(done), "failed": sum(one.judgement.verdict.value == "fail" for one in done)}
