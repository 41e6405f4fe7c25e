"""The service judged by its own controls."""

from __future__ import annotations

import json

from shared.controls.catalogue import controls
from shared.controls.spec import Cadence
from shared.errors import SourceDown
from shared.policy.document import UNCONFIRMED
from shared.procedures import runs, self_watch
from shared.procedures.configuration import configuration_check_run
from shared.procedures.runs import JOBS, Run
from shared.registers import findings
from tests.harness.services import FakeServices


def of(services, control):
    return {row["subject"]["id"]: row for row in findings.of_control(services.rows, control)}


def ran(services, job, fault=None):
    run_id = runs.start(services, job=job, period=None, as_of=None, requested_by="clock")["run_id"]

    def work(_services, _run):
        if fault:
            raise fault
        return {}

    runs.execute(services, run_id, lambda _job: work)


def silent(services):
    self_watch.judge_silence(services, services.clock.now(), f"r-{services.clock.now():%d%H%M}")
    return {name for name, row in of(services, "control_cadence").items() if row["verdict"] == "fail"}


def test_every_control_with_a_clock_is_judged_by_one_job():
    """A new control has to say whose it is."""
    named = [name for names in self_watch.JUDGES.values() for name in names]
    clocked = {name for name, one in controls().items() if one.cadence is not Cadence.ON_EVENT}
    assert sorted(named) == sorted(clocked)
    assert set(self_watch.JUDGES) <= set(JOBS)


def test_a_control_whose_job_does_not_end_well_is_silent_until_it_does():
    """A run that fails is no judgement; the finding closes with the next one that succeeds."""
    services = FakeServices()
    ran(services, "desk_check")
    assert silent(services) == set()
    services.clock.advance(days=3)
    ran(services, "desk_check", SourceDown("HaloPSA does not answer."))
    assert {"desk_discipline", "incident_discipline"} <= silent(services)
    ran(services, "desk_check")
    assert not {"desk_discipline", "incident_discipline"} & silent(services)


def test_what_never_ran_is_silent_from_the_first_look():
    """A new service has time to begin."""
    services = FakeServices()
    services.clock.advance(days=400)
    assert silent(services) == set()
    services.clock.advance(days=2)
    assert "stage_gate" in silent(services)
    assert "integration_permissions" not in silent(services)
    services.clock.advance(days=95)
    assert "integration_permissions" in silent(services)


def test_an_objection_of_the_audit_is_a_finding_until_the_next_clean_one():
    """One for each log, beside the E_ codes; of no customer."""
    services = FakeServices()
    dirty = {"by_log": {"l-7": ["E_GAP"]}, "findings": [{"code": "E_GAP", "log": "l-7", "text": "Entry 3 is missing."}]}
    self_watch.judge_log(services, dirty, services.clock.now(), "r-1")
    row = of(services, "ledger_intact")["l-7"]
    assert (row["verdict"], row["severity"], row["customer"]) == ("fail", "critical", None)
    assert row["reasons"][0]["code"] == "ledger_gap"
    assert of(services, "ledger_intact")[services.ledger.names.meta]["verdict"] == "pass"
    self_watch.judge_log(services, {"by_log": {}, "findings": []}, services.clock.now(), "r-2")
    assert of(services, "ledger_intact")["l-7"]["status"] == "closed"


def test_the_configuration_check_tells_of_numbers_nobody_confirmed():
    """One finding names them all; a decision that confirms them closes it."""
    services = FakeServices()
    configuration_check_run(services, Run("r-1", "configuration_check", None, services.clock.now(), "omar"))
    [row] = of(services, "policy_confirmed").values()
    assert (row["reasons"][0]["code"], row["severity"]) == ("policy_default_unconfirmed", "low")
    assert row["detail"]["unconfirmed"] == list(UNCONFIRMED)
    services.set_policy("[confirmed.keys]\n" + "".join(f"{json.dumps(key)} = 'd-1'\n" for key in UNCONFIRMED))
    configuration_check_run(services, Run("r-2", "configuration_check", None, services.clock.now(), "omar"))
    [row] = of(services, "policy_confirmed").values()
    assert row["verdict"] == "pass"
