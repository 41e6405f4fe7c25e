"""The only place that knows both rules and adapters: settings in, ports out. Nothing is made before it is asked for."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from shared.errors import Misconfigured, StorageUnavailable
from shared.log import quiet
from shared.settings import Group, Settings

if TYPE_CHECKING:
    from shared.halopsa.client import HaloClient
    from shared.identity import TokenValidator
    from shared.ledger.ledger import Ledger
    from shared.model import Person
    from shared.ports import (
        Blobs,
        Caller,
        Clock,
        Graph,
        Halo,
        Management,
        Mirror,
        Notifier,
        Queues,
        Rows,
        Shelf,
        Signer,
    )
    from shared.procedures.services import HaloWriter, PolicyInForce, Services
    from shared.storage.account import Account

_POLICY_SECONDS = 2.0
"""A policy change reaches every instance within this time; a run keeps the policy it reads."""


class _RealClock:
    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one clock the service has


class _Forward:
    """A clock that never runs back within this process: the order of the log and its times must not contradict."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def now(self) -> datetime:
        """Aware, UTC; at least what it answered before."""
        with self._lock:
            self._last = max(self._last, self._clock.now())
            return self._last


class Live:
    """Services over the real world, each made when first used."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        quiet()
        self.settings = settings
        self.clock = clock
        self._policy: tuple[float, PolicyInForce] | None = None
        self._unread: tuple[float, StorageUnavailable] | None = None
        self._lock = Lock()

    @cached_property
    def account(self) -> Account:
        """The evidence account."""
        from shared.storage.account import Account

        return Account.from_settings(self.settings)

    @cached_property
    def rows(self) -> Rows:
        from shared.storage.rows import AzureRows

        return AzureRows(self.account)

    @cached_property
    def blobs(self) -> Blobs:
        from shared.storage.blobs import AzureBlobs

        return AzureBlobs(self.account)

    @cached_property
    def queues(self) -> Queues:
        from shared.storage.queues import AzureQueues

        return AzureQueues(self.account)

    @cached_property
    def ledger(self) -> Ledger:
        from shared.ledger.ledger import Ledger
        from shared.ledger.names import Namespace

        text = self.settings.text
        names = Namespace(text("ATTEST_LEDGER_ORIGIN"), text("ATTEST_INCARNATION"), text("ATTEST_LEDGER_SALT"))
        return Ledger(self.rows, self.blobs, _Forward(self.clock), names)

    @cached_property
    def signer(self) -> Signer:
        from shared.signing import signer_for

        setting, origin = self.settings.text("ATTEST_SIGNING_KEY"), self.settings.text("ATTEST_LEDGER_ORIGIN")
        if setting.startswith("file:"):
            return signer_for(setting, origin, None)
        return signer_for(setting, origin, self.account.credential, **self.account.vault_options())

    @cached_property
    def mirror(self) -> Mirror:
        from shared.halopsa.mirror import BlobMirror

        return BlobMirror(self.blobs)

    @cached_property
    def halo(self) -> Halo:
        from shared.halopsa.client import open_client

        return open_client(self.settings, self.rows, self.clock)

    @cached_property
    def writer(self) -> HaloWriter:
        from shared.halopsa.writes import HaloWrites

        return HaloWrites(self.halo, self.mirror)

    @cached_property
    def graph(self) -> Graph:
        from shared.entra.client import open_graph

        return open_graph(self.settings, self.clock)

    @cached_property
    def management(self) -> Management:
        from shared.entra.management import open_management

        return open_management(self.settings, self.clock)

    @cached_property
    def notifier(self) -> Notifier:
        from shared.notify.teams import open_teams

        return open_teams(self.settings)

    @cached_property
    def caller(self) -> Caller:
        from shared.notify.callback import Callback

        return Callback()

    @cached_property
    def shelf(self) -> Shelf:
        """SharePoint by this app's own identity, which each site must have been granted to."""
        from functools import partial

        import httpx

        from shared.entra.client import GRAPH
        from shared.entra.credentials import open_tokens
        from shared.notify.sharepoint import open_sharepoint

        home = "home"  # our own tenant, whatever its id: the managed identity lives there
        tokens = open_tokens(self.settings, home, httpx.Client(timeout=30.0))
        return open_sharepoint(self.settings, partial(tokens.get, home, GRAPH), partial(tokens.forget, home, GRAPH))

    @property
    def policy(self) -> PolicyInForce:
        """The policy in force, re-read every few seconds."""
        from shared.procedures.policy import in_force, record_first

        with self._lock:
            now = monotonic()
            if self._unread is not None and now - self._unread[0] <= _POLICY_SECONDS:
                # whoever waited for the lock meanwhile need not wait for a silent store once more, one after the other
                fault = self._unread[1]
                raise StorageUnavailable(fault.message, retry_after=fault.details.get("retry_after"))
            if self._policy is None or now - self._policy[0] > _POLICY_SECONDS:
                shipped = self._shipped
                first = self._policy is None
                try:
                    self._policy = (now, in_force(self.rows, shipped))
                except StorageUnavailable as silence:
                    self._unread = (monotonic(), silence)
                    raise
                self._unread = None
                if first and self.settings.group in (Group.ALL, Group.ENGINE, Group.DESK):
                    record_first(self.rows, self.ledger, self.clock, shipped)
            return self._policy[1]

    def forget_policy(self) -> None:
        """Read the policy anew at the next use: somebody just changed it here."""
        with self._lock:
            self._policy = None

    @cached_property
    def _shipped(self) -> str:
        path = self.settings.text("ATTEST_POLICY_FILE")
        if not path:
            return ""
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a local convenience, read once
                return file.read()
        except (OSError, UnicodeDecodeError):
            raise Misconfigured("ATTEST_POLICY_FILE cannot be read.", code="settings_invalid") from None

    def facts(self, family: str) -> object:
        """The module that turns records into facts for a family; what Entra said has a room of its own."""
        name = "shared.entra.inventory" if family == "entra" else f"shared.halopsa.facts_{family}"
        return importlib.import_module(name)


_CLOCK: list[Clock] = [_RealClock()]
_LIVE: dict[str, Live] = {}
_VALIDATOR: dict[str, TokenValidator] = {}
_MAKING = Lock()


def use_clock(clock: Clock) -> None:
    """Another clock for this process; only the local stack calls this, before anything else."""
    _CLOCK[0] = clock
    _LIVE.clear()


def services() -> Services:
    """The process's services. Misconfigured when settings are missing."""
    return live()


def live() -> Live:
    """The same, with what only the triggers need."""
    with _MAKING:
        if "live" not in _LIVE:
            _LIVE["live"] = Live(Settings.from_environ(os.environ), _CLOCK[0])  # noqa: TID251 - handed to the one reader
        return _LIVE["live"]


def identify(headers: Mapping[str, str]) -> Person:
    """Who is calling, by the bearer token (or EasyAuth's principal where it is on). Raises Unauthenticated."""
    settings = live().settings
    with _MAKING:
        if "validator" not in _VALIDATOR:
            from shared.identity import TokenValidator

            _VALIDATOR["validator"] = TokenValidator(settings)
        validator = _VALIDATOR["validator"]
    return validator.person(headers.get("authorization"), headers.get("x-ms-client-principal"))


_TENANT = ("HALO_URL", "HALO_CLIENT_ID", "HALO_CLIENT_SECRET", "HALO_SCOPE", "HALO_TENANT")


def given(under: Mapping[str, str], names: Sequence[str]) -> Settings:
    """A few settings for a command at a shell; ``under`` is laid under the environment. Misconfigured names what lacks."""
    environ = os.environ  # noqa: TID251 - handed to the one reader
    return Settings.some({**under, **environ}, names)


_EVIDENCE = (
    "ATTEST_STORAGE",
    "ATTEST_STORAGE__blobServiceUri",
    "ATTEST_STORAGE__queueServiceUri",
    "ATTEST_STORAGE__tableServiceUri",
    "ATTEST_LEDGER_ORIGIN",
    "ATTEST_INCARNATION",
    "ATTEST_LEDGER_SALT",
)


@contextmanager
def evidence(under: Mapping[str, str]) -> Iterator[Services]:
    """The evidence account for a person at a shell, as whom they are signed in to the Azure CLI."""
    from shared.storage.account import Account

    found = Live(given(under, _EVIDENCE), _CLOCK[0])
    found.account = Account.from_settings(found.settings, person=True)
    try:
        yield found
    finally:
        found.account.close()


@contextmanager
def tenant(under: Mapping[str, str], *more: str) -> Iterator[tuple[Settings, HaloClient]]:
    """HaloPSA alone, for a command at a shell: no storage, and so few requests that no budget is shared.

    ``more`` names settings that the command needs besides.
    """
    from shared.halopsa.client import open_client

    settings = Settings(
        {**given(under, (*_TENANT, *more)).values, "HALO_BUDGET_REQUESTS": "0", "HALO_BUDGET_SECONDS": "300"}
    )
    client = open_client(settings, None, _CLOCK[0])
    try:
        yield settings, client
    finally:
        client.close()
