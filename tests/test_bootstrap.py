"""The composition root: what is shared by all calls of a process."""

from __future__ import annotations

import pytest

from shared.bootstrap import Live
from shared.errors import StorageUnavailable
from shared.settings import CATALOGUE, Settings
from shared.storage import Account, azurite_connection
from tests.harness.clock import StillClock
from tests.harness.memory import MemoryRows


class Silent(MemoryRows):
    """A store that is asked and does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def get(self, table, partition, key):
        self.asked += 1
        raise StorageUnavailable("Storage did not answer.", retry_after=5)


@pytest.fixture
def live():
    live = Live(Settings.from_environ({one.name: one.sample for one in CATALOGUE}), StillClock())
    live.rows = Silent()
    return live


def test_a_silent_store_is_waited_for_once_by_all_who_need_the_policy(live):
    """Calls queue behind one reading; each must not wait for its own when that one has just failed."""
    for _ in range(20):
        with pytest.raises(StorageUnavailable) as fault:
            _ = live.policy
        assert fault.value.details["retry_after"] == 5
    assert live.rows.asked == 1


def test_a_silent_store_is_told_within_a_minute():
    """Every try of a reading together, whatever the SDK's own defaults are."""
    account = Account(connection=azurite_connection(1))
    waits, options = account.transport.connection_config, account.options()
    tries = 1 + min(options["retry_read"], options["retry_total"])
    assert tries * waits.read_timeout + waits.timeout <= 60
