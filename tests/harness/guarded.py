"""The service as Azure runs it: five processes, each with its own identity, before a store that asks what it may do."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit, urlunsplit

import httpx

from local.azurite import start_azurite
from local.bells import bells, with_bells
from local.demo.api import Api, DemoFailed
from local.entra.app import _checkpoints
from local.entra.tokens import HOME_TENANT
from local.guard.certificate import loopback
from local.guard.proxy import ACCOUNT, Gate, Proxy, host_account
from local.guard.roles import Right, rights
from local.host.keys import MASTER
from local.processes import Child, free_ports
from shared.settings import CATALOGUE
from shared.storage import Account, azurite_connection, ensure_storage
from tests.infra.reading import GROUPS, TABLE, variable

STORAGE_AUDIENCE = "https://storage.azure.com"
_SECONDS = 60
_ROOT = Path(__file__).resolve().parents[2]
_SAMPLES = {one.name: one.sample for one in CATALOGUE if one.sample}
_ANCHOR = _SAMPLES["ATTEST_ANCHOR"].replace(ACCOUNT, "127")
"""An account is known by the first part of its address, which on loopback is a number."""


class Guarded:
    """Azurite behind the gate, HaloPSA, Entra, and one host for each group. A context manager."""

    def __init__(
        self,
        folder: Path,
        seed: Mapping[str, Any],
        entra_seed: Mapping[str, Any],
        policy: Path,
        held: Sequence[Right] | None = None,
    ) -> None:
        first = free_ports(8 + len(GROUPS))
        self._azurite, self._gates = first, tuple(range(first + 3, first + 6))
        self.halo_url, self.entra_url = (f"http://127.0.0.1:{first + number}" for number in (6, 7))
        self.urls = {group: f"http://127.0.0.1:{first + 8 + number}" for number, group in enumerate(GROUPS)}
        self._folder, self._policy = folder, policy
        own = {"id": "ab1e0000-0000-4000-8000-00000000de5c", "clientId": "attest-desk", "clientSecret": "local-only"}
        applications = [*seed.get("Application", ()), {**own, "displayName": "Halo Attest desk", "inactive": False}]
        self._seeds = {
            "halopsa": with_bells({**seed, "Application": applications}, bells(self.urls["intake"])),
            "entra": {**entra_seed, "storageContainers": [{**_checkpoints(), "id": _ANCHOR}]},
        }
        self._children: list[Child] = []
        self._groups: dict[str, str] = {}
        self.gate = Gate(held if held is not None else rights(), self._group_of, heard=self.heard)
        self._bells = ThreadPoolExecutor(2, "bells")
        self._workers = {
            role["scope"].rsplit("/", 1)[-1]: self.urls[group]
            for group, one in TABLE["groups"].items()
            for role in one["roles"]
            if role["role"] == "queue-work"
        }

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        # First the apps, then the gate, then what lies behind it: nobody should talk to what is gone.
        self._stop(self._children[3:])
        self._bells.shutdown(wait=False, cancel_futures=True)
        if hasattr(self, "_proxy"):
            self._proxy.__exit__()
        self._stop(self._children[:3])

    def heard(self, queue: str) -> None:
        """A message lies in a queue: tell the app that reads it, which then need not look twice a second."""
        url = f"{self._workers[queue]}/_local/sent/{queue}"
        self._bells.submit(lambda: httpx.post(url, trust_env=False))

    @staticmethod
    def _stop(children: Sequence[Child]) -> None:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stop()

    def _start(self) -> None:
        self._files = loopback(self._folder)
        for name, module, url in (("HaloPSA", "halopsa", self.halo_url), ("Entra", "entra", self.entra_url)):
            path = self._folder / f"{module}.json"
            path.write_text(json.dumps(self._seeds[module]), "utf-8")
            self._python(name, f"local.{module}", url, "--seed", str(path))
        self._children.append(
            start_azurite(self._azurite, self._folder, secured=self._files, accounts=_accounts(), say=lambda _: None)
        )
        account = self.store()
        ensure_storage(account)
        account.close()
        for child in self._children[:2]:
            child.wait_for_ports((int(child.log.stem.rsplit("-", 1)[1]),), _SECONDS)
        self._keys = {
            row["kid"]: row
            for row in httpx.get(f"{self.entra_url}/{HOME_TENANT}/discovery/v2.0/keys", trust_env=False).json()["keys"]
        }
        upstream = tuple(range(self._azurite, self._azurite + 3))
        self._proxy = Proxy(self.gate, self._gates, upstream, self._files).__enter__()
        hosts = [self._host(group) for group in GROUPS]
        for host, url in zip(hosts, self.urls.values(), strict=True):
            host.wait_for_ports((urlsplit(url).port or 0,), _SECONDS)

    def _host(self, group: str) -> Child:
        return self._python(f"The {group} app", "local.host", self.urls[group], environment=self._environment(group))

    def _python(
        self, name: str, module: str, url: str, *more: str, environment: Mapping[str, str] | None = None
    ) -> Child:
        port = urlsplit(url).port or 0
        command = [sys.executable, "-m", module, "--port", str(port), *more]
        child = Child.start(name, command, log=self._folder / f"{module}-{port}.log", environment=environment)
        self._children.append(child)
        return child

    def _environment(self, group: str) -> dict[str, str]:
        """What the deployment tells this app and nothing else, moved to this machine."""
        told = {*variable("app/apps.bicep", "everywhere"), *variable("app/apps.bicep", "settings")[group]}
        entra = urlsplit(self.entra_url).netloc
        here = {
            "ATTEST_AUTHORITY": self.entra_url,
            "ATTEST_PUBLIC_URL": self.urls["desk"],
            "ATTEST_EASYAUTH": "off",
            "ATTEST_ANCHOR": _ANCHOR,
            "ATTEST_SIGNING_KEY": f"file:{self._folder / 'signing-key.pem'}",
            "HALO_URL": self.halo_url,
            "HALO_CLIENT_ID": "attest-desk" if group == "desk" else "attest",
            "HALO_CLIENT_SECRET": "local-only",
            "HALO_SCOPE": " ".join(TABLE["groups"][group]["halopsa"]),
            "HALO_BUDGET_REQUESTS": "100000",
            **{
                name: urlunsplit(urlsplit(_SAMPLES[name])._replace(netloc=entra))
                for name in ("GRAPH_URL", "ARM_URL", "LOGS_URL")
            },
        }
        values = {name: here.get(name, _SAMPLES.get(name, "")) for name in told}
        for service, url in self._proxy.urls.items():
            values[f"ATTEST_STORAGE__{service}ServiceUri"] = url
        return {
            **{
                name: os.environ[name]
                for name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
                if name in os.environ
            },
            **values,
            "PYTHONUNBUFFERED": "1",
            "ATTEST_GROUP": group,
            "ATTEST_IDENTITY_CLIENT_ID": client_id(group),
            "ATTEST_STORAGE__clientId": client_id(group),
            "ATTEST_STORAGE_CA": str(self._files.authority),
            "AzureWebJobsStorage__blobServiceUri": self._proxy.urls["blob"].replace(ACCOUNT, host_account(group)),
            "AzureWebJobsStorage__clientId": client_id(group),
            "ATTEST_POLICY_FILE": str(self._policy),
            "IDENTITY_ENDPOINT": f"{self.entra_url}/msi/token",
            "IDENTITY_HEADER": "local-only",
            "LOCAL_MASTER_KEY": MASTER,
            "LOCAL_RETRY_SECONDS": "0",
            "LOCAL_POLL_SECONDS": "5",
        }

    def _group_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """By the token, checked as the store would; a link is as good as whoever signed it."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme == "Bearer":
            if token not in self._groups:
                self._groups[token] = self._verified(token)
            return self._groups[token] or None
        return next((group for group in GROUPS if query.get("skoid") == object_id(group)), None)

    def _verified(self, token: str) -> str:
        import jwt

        try:
            key = jwt.PyJWK(self._keys[jwt.get_unverified_header(token)["kid"]], algorithm="RS256").key
            claims = jwt.decode(token, key, algorithms=["RS256"], audience=[STORAGE_AUDIENCE, STORAGE_AUDIENCE + "/"])
        except (jwt.PyJWTError, KeyError):
            return ""
        return next((group for group in GROUPS if claims.get("appid") == client_id(group)), "")

    def authority(self) -> str:
        """PEM file of what vouches for the store's certificate."""
        return str(self._files.authority)

    def store(self) -> Account:
        """The store from behind, by its key: what no identity of the service has."""
        return Account(connection=azurite_connection(self._azurite, "https"), ca=self.authority())

    def logs(self) -> str:
        """What the processes said, for a test that fails."""
        return "\n".join(
            f"{child.name}: {child.log.read_text('utf-8', 'replace')[-3000:]}"
            for child in self._children
            if child.log.stat().st_size
        )


def _accounts() -> str:
    """The evidence account and one for each host, all with the well-known key."""
    key = dict(part.split("=", 1) for part in azurite_connection().split(";") if part)["AccountKey"]
    return ";".join(f"{name}:{key}" for name in (ACCOUNT, *map(host_account, GROUPS)))


def client_id(group: str) -> str:
    """Of the group's identity."""
    return f"halo-attest-{group}"


def object_id(group: str) -> str:
    """As the stand-in's tokens carry it."""
    from local.entra.tokens import _NAMES

    return str(uuid.uuid5(_NAMES, f"{HOME_TENANT}/{client_id(group)}"))


class Service(Api):
    """The five apps as their callers see them: people at the desk, the platform at each app's own door."""

    def __init__(self, guarded: Guarded) -> None:
        super().__init__(guarded.urls["desk"], guarded.halo_url, guarded.entra_url, lambda _: None, MASTER)
        self._apps = {
            group: httpx.Client(base_url=url, timeout=60, trust_env=False) for group, url in guarded.urls.items()
        }

    def close(self) -> None:
        """Let go of all connections."""
        super().close()
        for app in self._apps.values():
            app.close()

    def clock(self, now: str | None) -> None:
        """In every app."""
        self.now = now
        for app in self._apps.values():
            app.post("/_local/clock", json={"now": now}).raise_for_status()

    def tick(self, group: str, timer: str) -> None:
        """The platform calls a timer."""
        answer = self._apps[group].post(
            f"/admin/functions/{timer}", json={"input": ""}, headers={"x-functions-key": MASTER}
        )
        if answer.status_code != 202:
            raise DemoFailed(f"{timer} answered {answer.status_code}")

    def entra_fault(self, fault: Mapping[str, Any]) -> None:
        """What Microsoft answers next."""
        httpx.post(f"{self._entra.base_url}/_sim/faults", json=dict(fault), trust_env=False).raise_for_status()

    def app(self, group: str) -> httpx.Client:
        """One app, for what is asked of it directly."""
        return self._apps[group]
