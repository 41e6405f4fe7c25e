"""Both implementations of each storage port, by parameter."""

from __future__ import annotations

import pytest

from shared.ports import Blobs, Queues, Rows
from shared.storage import AzureBlobs, AzureQueues, AzureRows
from tests.harness.memory import MemoryBlobs, MemoryQueues, MemoryRows

BOTH = ["memory", pytest.param("azurite", marks=pytest.mark.stack)]


@pytest.fixture(params=BOTH)
def rows(request: pytest.FixtureRequest) -> Rows:
    """Rows in memory, then on Azurite."""
    return MemoryRows() if request.param == "memory" else AzureRows(request.getfixturevalue("azurite"))


@pytest.fixture(params=BOTH)
def blobs(request: pytest.FixtureRequest) -> Blobs:
    """Blobs in memory, then on Azurite."""
    return MemoryBlobs() if request.param == "memory" else AzureBlobs(request.getfixturevalue("azurite"))


@pytest.fixture(params=BOTH)
def queues(request: pytest.FixtureRequest) -> Queues:
    """Queues in memory, then on Azurite."""
    return MemoryQueues() if request.param == "memory" else AzureQueues(request.getfixturevalue("azurite"))
