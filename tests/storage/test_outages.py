"""Whatever keeps us from the store is StorageUnavailable with a time to wait, soon, and without address or payload."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from local.processes import free_ports
from shared.errors import Malformed, Misconfigured, RowExists, StorageUnavailable
from shared.ports import Op, Row
from shared.settings import Group, Settings
from shared.storage import Account, AzureBlobs, AzureQueues, AzureRows, azurite_connection, ensure_storage
from shared.storage.account import WAITS

SECRET = "Patient file 4711"


def operations(account: Account) -> dict[str, Callable[[], object]]:
    """Every operation of the three adapters, by name."""
    rows, blobs, queues = AzureRows(account), AzureBlobs(account), AzureQueues(account)
    row = Row("p", "k", {"text": SECRET}, 'W/"1"')
    return {
        "get row": lambda: rows.get("nothere", "p", "k"),
        "insert": lambda: rows.insert("nothere", row),
        "upsert": lambda: rows.upsert("nothere", row),
        "replace": lambda: rows.replace("nothere", row),
        "delete row": lambda: rows.delete("nothere", "p", "k"),
        "transact": lambda: rows.transact("nothere", [(Op.INSERT, row), (Op.UPSERT, Row("p", "l", {}))]),
        "transact swap": lambda: rows.transact("nothere", [(Op.REPLACE, row)]),
        "scan": lambda: rows.scan("nothere", partition="p"),
        "create": lambda: blobs.create("nothere", "n", SECRET.encode()),
        "put": lambda: blobs.put("nothere", "n", SECRET.encode()),
        "put over": lambda: blobs.put("nothere", "n", SECRET.encode(), etag='"1"'),
        "get blob": lambda: blobs.get("nothere", "n"),
        "range": lambda: blobs.get_range("nothere", "n", 0, 5),
        "info": lambda: blobs.info("nothere", "n"),
        "list": lambda: list(blobs.list("nothere")),
        "delete blob": lambda: blobs.delete("nothere", "n"),
        "upload": lambda: blobs.upload("nothere", "n", iter([b"x"]), "text/plain"),
        "send": lambda: queues.send("nothere", SECRET),
    }


NAMES = sorted(operations(Account(connection=azurite_connection(1))))


@pytest.mark.stack
@pytest.mark.parametrize("name", NAMES)
def test_nobody_listening(name: str) -> None:
    """A refused connection is told within seconds."""
    account = Account(connection=azurite_connection(free_ports(3)))
    began = time.monotonic()
    with pytest.raises(StorageUnavailable) as told:
        operations(account)[name]()
    assert time.monotonic() - began < 6
    assert told.value.details["retry_after"] == 5
    assert SECRET not in told.value.message
    assert "127.0.0.1" not in told.value.message


@pytest.mark.stack
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("info", "delete row")])
def test_a_table_container_or_queue_that_is_not_there(azurite: Account, name: str) -> None:
    """It is an outage, never a missing row: nothing may be concluded from it.

    Two calls cannot tell: a HEAD has no body to name what is missing, and the SDK swallows it for deletes of rows.
    """
    with pytest.raises(StorageUnavailable):
        operations(azurite)[name]()


@pytest.mark.stack
@pytest.mark.parametrize(
    ("name", "attempts"), [("insert", 1), ("transact", 1), ("replace", 1), ("create", 1), ("get row", 3)]
)
def test_what_must_happen_once_is_not_sent_twice(name: str, attempts: int) -> None:
    """After a lost answer a create-only write is not repeated (it would meet itself); a read is."""
    with hanging_up() as (port, count):
        with pytest.raises(StorageUnavailable):
            operations(Account(connection=azurite_connection(port)))[name]()
        assert len(count) == attempts


@pytest.mark.stack
@pytest.mark.parametrize("name", ["get row", "insert", "get blob", "create", "send"])
def test_a_store_that_says_nothing_is_an_outage(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection stands and no answer comes: the wait has an end, whatever the SDK's defaults are."""
    monkeypatch.setitem(WAITS, "read_timeout", 0.2)
    with saying_nothing() as port, pytest.raises(StorageUnavailable) as told:
        operations(Account(connection=azurite_connection(port)))[name]()
    assert told.value.details["retry_after"] == 5


@contextmanager
def saying_nothing() -> Iterator[int]:
    """A store whose system takes connections and whose process never looks at them."""
    first = free_ports(3)
    doors = [socket.create_server(("127.0.0.1", port)) for port in range(first, first + 3)]
    try:
        yield first
    finally:
        for door in doors:
            door.close()


@contextmanager
def hanging_up() -> Iterator[tuple[int, list[int]]]:
    """A store that takes every request and hangs up without an answer, on three ports in a row."""
    first, count, doors = free_ports(3), [], []
    for port in range(first, first + 3):
        door = socket.create_server(("127.0.0.1", port))
        doors.append(door)

        def serve(door: socket.socket = door) -> None:
            while True:
                try:
                    caller, _ = door.accept()
                except OSError:
                    return
                with caller:
                    if caller.recv(65536):
                        count.append(1)

        threading.Thread(target=serve, daemon=True).start()
    try:
        yield first, count
    finally:
        for door in doors:
            door.shutdown(socket.SHUT_RDWR)
            door.close()


def test_keys_and_cells_are_judged_before_anything_is_sent() -> None:
    """A number beyond 64 bits or a key beyond 1 KiB needs no store to be refused."""
    rows = AzureRows(Account(connection=azurite_connection(1)))
    for row in (Row("p", "k", {"n": 2**63}), Row("p" * 513, "k", {}), Row("p", "a/b", {})):
        with pytest.raises(Malformed):
            rows.insert("ledger", row)
    with pytest.raises(Malformed):
        rows.scan("ledger", partition="p", after="other\nk")
    with pytest.raises(Malformed):
        AzureQueues(Account(connection=azurite_connection(1))).send("actions", "\x00")


def test_storage_is_made_on_one_machine_only() -> None:
    """In Azure the deployment does it, and our identities may not."""
    with pytest.raises(Misconfigured):
        ensure_storage(Account(table_url="https://x.table.core.windows.net"))


def test_an_account_is_read_from_settings() -> None:
    """The emulator's short form is spelled out; in Azure addresses and an identity are all there is."""
    local = Account.from_settings(Settings({"ATTEST_STORAGE": "UseDevelopmentStorage=true"}, Group.ALL))
    assert local.connection == azurite_connection(10000)
    assert "AccountKey" not in repr(local)
    cloud = Account.from_settings(
        Settings(
            {"ATTEST_STORAGE": "", "ATTEST_STORAGE__tableServiceUri": "https://x", "ATTEST_IDENTITY_CLIENT_ID": "c"}
        )
    )
    assert (cloud.connection, cloud.table_url, cloud.client_id) == ("", "https://x", "c")


@pytest.mark.stack
def test_setting_up_twice_is_no_error(azurite: Account, mark: str) -> None:
    """And keeps what is there."""
    AzureRows(azurite).insert("ledger", Row(mark, "k", {}))
    ensure_storage(azurite)
    with pytest.raises(RowExists):
        AzureRows(azurite).insert("ledger", Row(mark, "k", {}))
