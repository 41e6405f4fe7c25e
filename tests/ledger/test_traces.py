"""The verifier says where the observations are kept that figures in a pack were computed from."""

from __future__ import annotations

import io
import json

from shared.ledger import verify
from shared.measures.inputs import UNKNOWN, Inputs, note, told
from tests.ledger import forge
from tests.ledger.stand import Stand


def traced(stand: Stand, **asked: str) -> verify.Pack:
    """A pack of customer 12, examined."""
    pack = verify.Pack(io.BytesIO(forge.made(stand, **asked)), verify.read_keys(stand.ledger.trusted_vkey()), None)
    pack.run()
    assert pack.faults == []
    return pack


def measured(*observations: str) -> bytes:
    """What a run records of one project whose tasks came from these observations."""
    inputs: Inputs = {}
    for number, one in enumerate(observations):
        note(inputs, "tasks", "Tickets", str(number), (one,))
    return json.dumps({"projects": [{"id": "100", "inputs": told(inputs)}]}).encode()


def test_each_observation_is_told_as_in_the_pack_in_this_log_or_in_another() -> None:
    """By id, so that an auditor knows what to ask for, and of whom; a row of unknown origin names none."""
    stand = Stand()
    before = stand.record(1, type="observation.page").evidence_id
    stand.clock.at = stand.clock.at.replace(day=17)
    forge.seal_all(stand)
    inside = stand.record(2, type="observation.page").evidence_id
    outside = stand.record(3, None, type="observation.page").evidence_id
    stand.record(4, type="project.measured", payload=measured(before, inside, outside, UNKNOWN))
    forge.seal_all(stand)
    pack = traced(stand, **{"from": "2026-11-17T00:00:00Z"})
    assert pack.traced() == {"in_pack": 1, "this_log": [before], "other_logs": {outside.partition(".")[0]: [outside]}}
    assert any("name 3 observations" in line for line in pack.said)


def test_what_is_not_of_the_form_names_nothing_and_fails_nothing() -> None:
    """Content is proven by its hash; what it says of its sources is read with care."""
    stand = Stand()
    for number, payload in enumerate(
        (b"", b"[]", b"{}", b'{"projects":[1]}', b'{"inputs":{"tasks":{"rows_of":[]}}}', b"[" * 9999)
    ):
        stand.record(number, type="project.measured", payload=payload)
    forge.seal_all(stand)
    assert traced(stand).traced() == {"in_pack": 0, "this_log": [], "other_logs": {}}
