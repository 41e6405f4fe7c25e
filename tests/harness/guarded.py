"""The service as Azure runs it: five apps, each with its own identity, before systems that ask what it may do."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
from starlette.types import Receive, Scope, Send

from local.azurite import start_azurite
from local.demo.api import Api, DemoFailed
from local.entra.app import _checkpoints
from local.entra.sites import GRANTED
from local.entra.tokens import EXCHANGE, HOME_TENANT, object_id
from local.guard.callers import Callers
from local.guard.certificate import loopback
from local.guard.gate import Gate
from local.guard.halopsa_door import HaloDoor
from local.guard.microsoft_door import MicrosoftDoor
from local.guard.passing import Answer, read, send_answer
from local.guard.proxy import Proxy, before, on
from local.guard.roles import Right, rights
from local.guard.storage_door import ACCOUNT, SERVICES, StorageDoor, host_account
from local.guard.vault import KEY, Vault
from local.host.keys import MASTER
from local.processes import Child, free_ports
from local.stack import HOST, Ports, Stack
from shared.settings import CATALOGUE
from shared.storage import Account, azurite_connection
from tests.infra.reading import GROUPS, TABLE, parsed, variable

_SECONDS = 60
_SAMPLES = {one.name: one.sample for one in CATALOGUE if one.sample}
_ANCHOR = _SAMPLES["ATTEST_ANCHOR"].replace(ACCOUNT, "127")
"""An account is known by the first part of its address, which on loopback is a number."""
CHANNEL = "projects"
CUSTOMERS_APPLICATION = "halo-attest-customers"
_DESK_SECRET = "desk-local-only"


class Guarded(Stack):
    """A stack of five apps behind the gate. ``host_url`` is the desk's, ``account`` the store from behind, by its key."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: Mapping[str, Any] | None = None,
        entra_seed: Mapping[str, Any] | None = None,
        policy: Path | None = None,
        settings: Mapping[str, str] | None = None,
        held: Sequence[Right] | None = None,
        groups: Sequence[str] = tuple(GROUPS),
        lasting: bool = False,
    ) -> None:
        """``settings`` stand in each app that has a setting of the name; ``held`` are all rights there are, if given.

        ``groups``: which of the five apps are started. ``lasting``: the store lies on disk, so that it can end and go on.
        """
        names = (*SERVICES, "microsoft", "halopsa", "vault", "receiver")
        first = free_ports(5 + len(names) + len(GROUPS))
        self._doors = {name: first + 5 + number for number, name in enumerate(names)}
        apps = first + 5 + len(names)
        self.urls = {group: f"http://127.0.0.1:{apps + number}" for number, group in enumerate(GROUPS)}
        super().__init__(
            Ports(apps + GROUPS.index("desk"), first + 3, first + 4, first),
            seed=_with_desk(seed or {}),
            entra_seed=_with_ours(entra_seed or {}),
            policy=policy,
            folder=folder,
            say=lambda _: None,
        )
        self.intake_url = self.urls["intake"]
        self._groups, self._location = groups, folder / "azurite" if lasting else None
        self._told = dict(settings or {})
        self._files = loopback(folder)
        self.account = Account(connection=azurite_connection(first, "https"), ca=self.authority())
        self._readers = {
            role["scope"].rsplit("/", 1)[-1]: f"{self.urls[group]}/_local/sent/{role['scope'].rsplit('/', 1)[-1]}"
            for group, one in TABLE["groups"].items()
            for role in one["roles"]
            if role["role"] == "queue-work"
        }
        self.gate = Gate(held if held is not None else rights())
        callers = Callers(
            self.entra_url,
            {client_id(group): group for group in GROUPS} | {CUSTOMERS_APPLICATION: "review"},
        )
        self.microsoft_url = f"http://127.0.0.1:{self._doors['microsoft']}"
        """Graph, Resource Manager and Log Analytics, as the apps call them."""
        self._receiver = Receiver()
        self.receiver_url = f"http://127.0.0.1:{self._doors['receiver']}"
        secrets = {
            **_SAMPLES,
            "HALO_DESK_CLIENT_SECRET": _DESK_SECRET,
            "TEAMS_CHANNELS": json.dumps({CHANNEL: f"{self.receiver_url}/{CHANNEL}"}),
        }
        self.vault = Vault(self.gate, callers, secrets)
        applications = {"attest": "engine", "attest-desk": "desk"}
        listeners = [
            before(StorageDoor(one, self.gate, callers, self._readers), self._doors[one], first + number, secured=True)
            for number, one in enumerate(SERVICES)
        ]
        listeners += [
            before(MicrosoftDoor(self.gate, callers), self._doors["microsoft"], self.ports.entra, secured=False),
            before(HaloDoor(self.gate, applications), self._doors["halopsa"], self.ports.halo, secured=False),
            on(self._doors["vault"], self.vault, secured=True),
            on(self._doors["receiver"], self._receiver, secured=False),
        ]
        self._proxy = Proxy(listeners, self._files)

    def start_store(self) -> Child:
        """Azurite over https with an account for each host besides, and the gate before everything."""
        self._store = start_azurite(
            self.ports.azurite,
            self.logs,
            location=self._location,
            secured=self._files,
            accounts=_accounts(),
            say=lambda _: None,
        )
        if not self._proxy.running:
            self._proxy.__enter__()
        return self._store

    def restart_store(self) -> None:
        """End it as the system would: it writes down what it acknowledged, which a kill would lose."""
        self._children.remove(self._store)
        self._store.ask_to_stop()
        self._store.stop()
        time.sleep(0.5)
        self._children.append(self.start_store())

    def start_host(self, settings: Mapping[str, str] | None = None) -> None:
        """The apps; an app's own settings are those of the deployment."""
        for child in self._children:
            if child.name in ("HaloPSA", "Entra"):
                port = self.ports.halo if child.name == "HaloPSA" else self.ports.entra
                child.wait_for_ports((port,), _SECONDS)
        started = {group: self.urls[group] for group in self._groups}
        hosts = [(self._app(group, url, settings), url) for group, url in started.items()]
        for host, url in hosts:
            host.wait_for_ports((urlsplit(url).port or 0,), _SECONDS)

    def start_twin(self, group: str) -> None:
        """Another instance of one app, as when it scales out or starts anew; gone at once. StartFailed in its words."""
        url = f"http://127.0.0.1:{free_ports(1)}"
        child = self._app(group, url, None)
        try:
            child.wait_for_ports((urlsplit(url).port or 0,), _SECONDS)
        finally:
            self._children.remove(child)
            child.kill()

    def _app(self, group: str, url: str, settings: Mapping[str, str] | None) -> Child:
        environment = {**self.app_environment(group), **(settings or {})}
        port = urlsplit(url).port or 0
        return self._python(
            f"{HOST} of the {group}", "local.host", port, environment=environment, log=f"{group}-{port}"
        )

    def stop(self) -> None:
        """The apps first, then the gate, then what lies behind it: nobody talks to what is gone."""
        hosts = [child for child in self._children if child.name.startswith(HOST)]
        for host in hosts:
            host.ask_to_stop()
        for host in hosts:
            host.stop()
        if self._proxy.running:
            self._proxy.__exit__()
        super().stop()

    def app_environment(self, group: str) -> dict[str, str]:
        """What the deployment tells this app and nothing else, moved to this machine."""
        told = {**variable("app/apps.bicep", "everywhere"), **variable("app/apps.bicep", "settings")[group]}
        microsoft = urlsplit(self.microsoft_url).netloc
        here = {
            "ATTEST_AUTHORITY": self.entra_url,
            "ATTEST_PUBLIC_URL": self.urls["desk"],
            "ATTEST_EASYAUTH": "off",
            "ATTEST_ANCHOR": _ANCHOR,
            "GRAPH_CLIENT_ID": CUSTOMERS_APPLICATION,
            "ATTEST_SIGNING_KEY": f"https://127.0.0.1:{self._doors['vault']}/keys/{KEY}",
            "HALO_URL": f"http://127.0.0.1:{self._doors['halopsa']}",
            "HALO_CLIENT_ID": "attest-desk" if group == "desk" else "attest",
            "HALO_SCOPE": " ".join(TABLE["groups"][group]["halopsa"]),
            "HALO_BUDGET_REQUESTS": "100000",
            "SHAREPOINT_SITE": GRANTED[0],
            **{
                name: urlunsplit(urlsplit(_SAMPLES[name])._replace(netloc=microsoft))
                for name in ("GRAPH_URL", "ARM_URL", "LOGS_URL")
            },
            **self._told,
        }
        values = {
            name: self.vault.resolved(group, reference)
            if (reference := _reference(value))
            else here.get(name, _SAMPLES.get(name, ""))
            for name, value in told.items()
        }
        stores = {service: f"https://127.0.0.1:{self._doors[service]}/{ACCOUNT}" for service in SERVICES}
        for service, url in stores.items():
            values[f"ATTEST_STORAGE__{service}ServiceUri"] = url
        if self._policy is not None:
            values["ATTEST_POLICY_FILE"] = str(self._policy.resolve())
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
            "ATTEST_STORAGE_CA": self.authority(),
            "AzureWebJobsStorage__blobServiceUri": stores["blob"].replace(ACCOUNT, host_account(group)),
            "AzureWebJobsStorage__clientId": client_id(group),
            "IDENTITY_ENDPOINT": f"{self.entra_url}/msi/token",
            "IDENTITY_HEADER": "local-only",
            "LOCAL_MASTER_KEY": MASTER,
            "LOCAL_RETRY_SECONDS": "0",
            "LOCAL_POLL_SECONDS": "5",
        }

    def received(self) -> list[str]:
        """Addresses that channels' and subscribers' messages came to."""
        return [f"{self.receiver_url}{path}" for path in self._receiver.paths]

    def heard(self, queue: str) -> None:
        """A message was put into a queue from behind the gate, where nobody tells who reads it."""
        httpx.post(self._readers[queue], trust_env=False)

    def authority(self) -> str:
        """PEM file of what vouches for the store's certificate."""
        return str(self._files.authority)

    def said(self) -> str:
        """What the processes said, for a test that fails."""
        return "\n".join(
            f"{child.name}: {child.log.read_text('utf-8', 'replace')[-3000:]}"
            for child in self._children
            if child.log.stat().st_size
        )


class Receiver:
    """Teams' and Power Automate's side: takes every message."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One message."""
        if scope["type"] == "http":
            self.paths.append((await read(scope, receive)).raw)
            await send_answer(send, Answer(202, {}, b""))


def _with_desk(seed: Mapping[str, Any]) -> dict[str, Any]:
    """The desk's own API application in HaloPSA, beside the engine's, which the simulator knows by itself."""
    own = {"id": "ab1e0000-0000-4000-8000-00000000de5c", "clientId": "attest-desk", "clientSecret": _DESK_SECRET}
    desk = {**own, "displayName": "Halo Attest desk", "inactive": False}
    return {**seed, "Application": [*seed.get("Application", ()), desk]}


def _with_ours(seed: Mapping[str, Any]) -> dict[str, Any]:
    """The registration for customers' tenants, which takes the review identity's word alone, and the anchor."""
    trusted = {"issuer": "", "subject": object_id(HOME_TENANT, client_id("review")), "audiences": [EXCHANGE]}
    ours = {
        "id": "ap-halo-attest-customers",
        "appId": CUSTOMERS_APPLICATION,
        "displayName": "Halo Attest in customers' tenants",
        "federatedIdentityCredentials": [trusted],
    }
    return {
        **seed,
        "applications": [*seed.get("applications", ()), ours],
        "storageContainers": [{**_checkpoints(), "id": _ANCHOR}],
    }


def _reference(value: Any) -> str:
    """The Key Vault reference that a setting's value names; empty for any other value."""
    found = parsed("app/apps.bicep")["variables"].get(value) if isinstance(value, str) else None
    text = str(found["value"]) if found else ""
    return text if text.startswith("@Microsoft.KeyVault(") else ""


def _accounts() -> str:
    """The evidence account and one for each host, all with the well-known key."""
    key = dict(part.split("=", 1) for part in azurite_connection().split(";") if part)["AccountKey"]
    return ";".join(f"{name}:{key}" for name in (ACCOUNT, *map(host_account, GROUPS)))


def client_id(group: str) -> str:
    """Of the group's identity."""
    return f"halo-attest-{group}"


class Service(Api):
    """The five apps as their callers see them: people at the desk, the platform at each app's own door."""

    def __init__(self, guarded: Guarded) -> None:
        self._trust = ssl.create_default_context(cafile=guarded.authority())
        others = [url for group, url in guarded.urls.items() if group != "desk"]
        super().__init__(guarded.host_url, guarded.halo_url, guarded.entra_url, lambda _: None, MASTER, others)
        self._apps = {
            group: httpx.Client(base_url=url, timeout=60, trust_env=False) for group, url in guarded.urls.items()
        }

    def close(self) -> None:
        """Let go of all connections."""
        super().close()
        for app in self._apps.values():
            app.close()

    def tick(self, group: str, timer: str) -> None:
        """The platform calls a timer."""
        answer = self._apps[group].post(
            f"/admin/functions/{timer}", json={"input": ""}, headers={"x-functions-key": MASTER}
        )
        if answer.status_code != 202:
            raise DemoFailed(f"{timer} answered {answer.status_code}")

    def download(self, who: str, pack_id: str) -> bytes:
        """A pack as a browser gets it: by a link into storage that needs nobody's token."""
        link = self.call(who, "GET", f"/api/packs/{pack_id}/download", want=(302,)).headers["location"]
        with httpx.Client(verify=self._trust, timeout=60, trust_env=False) as anybody:
            return anybody.get(link).raise_for_status().content

    def served(self) -> dict[str, dict[str, dict[str, int]]]:
        """How often each app's functions ended well and how often not."""
        return {group: dict(app.get("/_local/served").json()) for group, app in self._apps.items()}

    def app(self, group: str) -> httpx.Client:
        """One app, for what is asked of it directly."""
        return self._apps[group]
