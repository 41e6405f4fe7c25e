"""Registers keep JSON rows under any key, and swap them safely."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed, RowExists, RowStale
from shared.registers.store import Register, safe_key
from tests.harness.faults import Faults
from tests.harness.memory import MemoryRows


@pytest.fixture
def register() -> Register:
    return Register(MemoryRows(), "things")


def test_what_is_put_is_read_back_small_or_large(register):
    """A body comes back as it was, whether it fits one cell or needs many."""
    large = {"lines": [{"n": n, "text": "é" * 40} for n in range(3000)]}

    register.put("small", {"a": 1})
    register.put("large", large)

    assert register.get("small").body == {"a": 1}
    assert register.get("large").body == large


def test_a_body_no_row_can_hold_is_refused(register):
    """Incompressible megabytes are an error with a code, not a truncated row."""
    import random

    noise = random.Random(1).randbytes(1_200_000).hex()
    with pytest.raises(Malformed) as fault:
        register.put("huge", {"noise": noise})
    assert fault.value.code == "row_too_large"


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_keys_are_safe_and_never_meet(one, other):
    """Two different keys stay different, and neither holds what Table storage refuses."""
    assert not set("/\\#?") & set(safe_key(one))
    assert (safe_key(one) == safe_key(other)) == (one == other)


def test_insert_is_create_only(register):
    """The second insert of a key is refused."""
    register.insert("k", {"n": 1})
    with pytest.raises(RowExists):
        register.insert("k", {"n": 2})


def test_change_sees_the_newest_row_and_wins_in_the_end():
    """A change that loses its race is tried again on what the winner left."""
    rows = MemoryRows()
    register = Register(rows, "things")
    register.put("k", {"n": 0})
    rivals = [1, 2, 3]

    def step(body):
        if rivals:
            rival = rivals.pop()
            register.put("k", {"n": body["n"] + 10 * rival})
        return {"n": body["n"] + 1}

    assert register.change("k", step) == {"n": 61}


def test_change_gives_up_with_an_error_when_it_always_loses():
    """Endless contention ends in RowStale, never in a lost update."""
    register = Register(MemoryRows(), "things")
    register.put("k", {"n": 0})

    def step(body):
        register.put("k", {"n": body["n"] + 1})
        return {"n": -1}

    with pytest.raises(RowStale):
        register.change("k", step)


def test_many_rows_are_written_in_few_transactions():
    """Two hundred and fifty rows take three transactions."""
    faults = Faults()
    register = Register(MemoryRows(faults), "things")

    register.put_many([(f"k{n:03d}", {"n": n}) for n in range(250)])

    assert faults.writes == ["transact registers"] * 3
    assert [body["n"] for body in register.all()] == list(range(250))
