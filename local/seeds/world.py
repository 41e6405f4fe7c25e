"""The demo's world: one fictional MSP with three practices on a Friday in November, from a fixed seed."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

from local.seeds import billing, charges, delivery, desk, handoffs, integrations, roster

Row = dict[str, Any]

SEED = 20261120
POLICY = Path(__file__).with_name("policy.toml")
"""Which ticket types and teams belong to which practice, and what closed won means here."""


def rows(seed: int = SEED) -> dict[str, list[Row]]:
    """HaloPSA's rows by table, as its API would return them. The same seed gives the same rows."""
    merged: dict[str, list[Row]] = defaultdict(list)
    parts = (roster, delivery, handoffs, billing, charges, integrations)
    for part in (desk.rows(random.Random(seed)), *(one.rows() for one in parts)):
        for table, some in part.items():
            merged[table].extend(some)
    return dict(merged)
