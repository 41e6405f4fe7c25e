"""What tests share: no sockets unless marked stack, and one Azurite for those that are."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import disable_socket, enable_socket

from local.azurite import start_azurite
from local.processes import StartFailed, free_ports
from shared.log import WITHHELD
from shared.storage import Account, azurite_connection, ensure_storage

ROOT = Path(__file__).resolve().parents[1]

# A machine with much to do makes nothing wrong.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A unit test that opens a socket fails; event loops may keep their own pair."""
    if item.get_closest_marker("stack"):
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)


class _Listener(logging.Handler):
    """Hears what the service logs while a test runs."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.prose: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep lines in which something had to be withheld."""
        if f'"{WITHHELD}"' in record.getMessage():
            self.prose.append(record.getMessage())


@pytest.fixture(autouse=True)
def _nothing_is_withheld() -> Iterator[None]:
    """Wherever a test leads the service, what it logs is an id, a count or a code to begin with."""
    listener, ours = _Listener(), logging.getLogger("attest")
    before = ours.level
    ours.setLevel(logging.INFO)
    ours.addHandler(listener)
    yield
    ours.removeHandler(listener)
    ours.setLevel(before)
    assert listener.prose == []


@pytest.fixture(scope="session")
def azurite_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Blob port of an Azurite in memory on free ports; queue and table follow."""
    enable_socket()
    port = free_ports(3)
    try:
        azurite = start_azurite(port, tmp_path_factory.mktemp("azurite"), say=lambda line: print(line, file=sys.stderr))
    except StartFailed as fault:
        pytest.skip(str(fault))
    yield port
    azurite.stop()


@pytest.fixture(scope="session")
def azurite(azurite_port: int) -> Iterator[Account]:
    """The evidence account on Azurite with every table, container and queue; shared, so use keys of your own."""
    account = Account(connection=azurite_connection(azurite_port))
    ensure_storage(account)
    yield account
    account.close()


@pytest.fixture
def mark() -> str:
    """A prefix nobody else uses, for keys in shared storage."""
    return uuid4().hex
