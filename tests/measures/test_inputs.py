"""Which rows a figure was computed from: counted, digested, listed, and nothing cut in silence."""

from __future__ import annotations

import hashlib
import json

from shared.measures.inputs import UNKNOWN, Inputs, brief, listed, note, told


def inputs() -> Inputs:
    """A task read twice, one of unknown origin, and thirty time entries of three days."""
    made: Inputs = {}
    note(made, "tasks", "Tickets", "101", ("s-1.A", "s-1.B"))
    note(made, "tasks", "Tickets", "102", (UNKNOWN,))
    for number in range(30):
        note(made, "time", "Actions", f"101-{number}", (f"s-1.{number % 3}",))
    return made


def test_a_row_of_two_readings_counts_once_and_unknown_is_no_observation() -> None:
    """Rows, rows of unknown origin and observations are counted apart."""
    parts = told(inputs())
    assert {name: parts["tasks"][name] for name in ("rows", "unknown", "observations")} == {
        "rows": 2,
        "unknown": 1,
        "observations": 2,
    }
    assert (parts["time"]["rows"], parts["time"]["observations"]) == (30, 3)


def test_a_long_listing_is_left_out_as_null_with_its_digest() -> None:
    """The digest in brief is that of the listing in full, by the rule the docstring gives."""
    parts = told(inputs())
    short = brief(parts)
    assert short["time"]["rows_of"] is None
    assert short["tasks"]["rows_of"] == parts["tasks"]["rows_of"]
    again = json.dumps(parts["time"]["rows_of"], sort_keys=True, separators=(",", ":"))
    assert short["time"]["sha256"] == hashlib.sha256(again.encode()).hexdigest()


def test_the_listing_holds_every_row_under_every_observation() -> None:
    """Also an observation without rows: it says when a list was read."""
    parts = told({**inputs(), "reads": {"Tickets": {"s-1.Z": []}}})
    rows = list(listed(parts))
    assert len(rows) == 30 + 3 + 1
    assert {"part": "tasks", "kind": "Tickets", "row": "102", "observation": UNKNOWN} in rows
    assert {"part": "reads", "kind": "Tickets", "row": None, "observation": "s-1.Z"} in rows
