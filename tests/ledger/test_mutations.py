"""A thousand random mutations of a real pack: every one is named, none passes, none crashes."""

from __future__ import annotations

import random

import pytest

from tests.ledger import forge


def _mutated(rng, data):
    """Some bytes changed, cut out, doubled or put in."""
    kind, at = rng.randrange(6), rng.randrange(len(data))
    if rng.random() < 0.3:
        at = rng.randrange(max(0, len(data) - 9000), len(data))
    length = rng.choice((1, 1, 1, 2, 8, 64, 1000))
    if kind in (0, 1, 2):
        flipped = bytes(byte ^ rng.randrange(1, 256) for byte in data[at : at + length])
        return data[:at] + flipped + data[at + length :]
    if kind == 3:
        return data[:at] + data[at + length :]
    if kind == 4:
        return data[:at] + rng.randbytes(length) + data[at:]
    return data[:at] + data[at : at + length] + data[at:]


@pytest.mark.slow
def test_a_thousand_mutations(tmp_path):
    """Whatever is changed, the exit is not 0 and there is a code."""
    stand = forge.played(2, each=4)
    data = forge.made(stand)
    keys, rng = stand.ledger.trusted_vkey(), random.Random(20261121)
    assert forge.check(tmp_path, data, keys=keys).exit == 0
    for number in range(1000):
        changed = _mutated(rng, data)
        if changed == data:
            continue
        verdict = forge.check(tmp_path, changed, keys=keys)
        assert verdict.exit in (1, 2), number
        assert verdict.codes, number
