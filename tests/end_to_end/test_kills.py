"""The host is killed while it takes, seals, publishes and packs: what was promised is there once, and nothing is stuck."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.stack import Ports, Stack
from shared.ledger import verify

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CUSTOMERS = [501, 502, 503]
DELIVERIES, KILLS = 120, 6
SPAN = {"from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z"}


class Traffic:
    """Deliveries until each is answered 200; beside them, jobs and packs as fast as they are taken."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.receipts: dict[int, set[str]] = {}
        self.runs: list[str] = []
        self.packs: dict[str, int] = {}
        self.over = threading.Event()

    def person(self, role: str) -> httpx.Client:
        """Somebody with this role."""
        body = {"oid": "00000000-0000-4000-8000-00000000aaaa", "name": "Nora Fictive", "roles": [role]}
        token = httpx.post(f"{self.stack.entra_url}/dev/token", json=body, trust_env=False).json()["access_token"]
        return httpx.Client(
            base_url=self.stack.host_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
            follow_redirects=True,
        )

    def deliver(self, numbers: range) -> None:
        """One after the other, each again and again; every tenth is large, and every seventh is sent twice."""
        url = f"{self.stack.host_url}/api/webhooks/halopsa/main"
        with httpx.Client(auth=("halopsa", "local-only"), trust_env=False, timeout=30) as http:
            for number in numbers:
                ticket = {"client_id": CUSTOMERS[number % 3], "summary": "Grüße 株 " + "ж" * (number % 10 // 9 * 9000)}
                body = {"id": f"k-{number}-é", "event": "New Ticket Logged", "ticket": ticket}
                left = 2 if number % 7 == 0 else 1
                while left and not self.over.is_set():
                    try:
                        answer = http.post(url, json=body)
                    except httpx.HTTPError:
                        time.sleep(0.1)
                        continue
                    assert answer.status_code in (200, 503), answer.text
                    if answer.status_code == 200:
                        self.receipts.setdefault(number, set()).add(answer.json()["receipts"][0]["evidence_id"])
                        left -= 1

    def ask(self) -> None:
        """For sealing and packs."""
        while not self.over.is_set():
            try:
                with self.person("Administrator") as api:
                    self.runs.append(api.post("/api/runs", json={"job": "seal"}).raise_for_status().json()["run_id"])
                with self.person("Auditor") as api:
                    customer = CUSTOMERS[len(self.packs) % 3]
                    asked = api.post("/api/packs", json={**SPAN, "customer": str(customer)}).raise_for_status()
                    self.packs[asked.json()["id"]] = customer
            except httpx.HTTPError:
                time.sleep(0.1)
            time.sleep(0.5)

    def ended(self, api: httpx.Client, path: str) -> dict[str, Any]:
        """As it stands once it has an end."""
        until = time.monotonic() + 180
        while time.monotonic() < until:
            found: dict[str, Any] = api.get(path).raise_for_status().json()
            if found["state"] in ("succeeded", "failed", "ready"):
                return found
            time.sleep(0.3)
        raise AssertionError(f"{path} is stuck")


@pytest.fixture(name="traffic")
def _traffic(tmp_path: Path) -> Iterator[Traffic]:
    clients = [{"id": one, "name": f"Fiktiv {one} & Söhne"} for one in CUSTOMERS]
    seed = {"Client": clients, "Tickets": [], "Actions": [], "Agent": []}
    with Stack(Ports.free(), seed=seed, folder=tmp_path, say=lambda _: None) as stack:
        traffic = Traffic(stack)
        yield traffic
        traffic.over.set()


def test_a_host_killed_at_any_moment_keeps_its_word(traffic: Traffic, tmp_path: Path) -> None:
    """Every receipt is one entry of its customer's log, every job and pack comes to its end, the audit finds nothing."""
    half = DELIVERIES // 2
    work = [
        threading.Thread(target=traffic.deliver, args=(range(half),)),
        threading.Thread(target=traffic.deliver, args=(range(half, DELIVERIES),)),
        threading.Thread(target=traffic.ask),
    ]
    for one in work:
        one.start()
    moments = random.Random(11)
    for _ in range(KILLS):
        time.sleep(moments.uniform(0.3, 2.5))
        traffic.stack.kill_host()
        traffic.stack.start_host()
    for one in work[:2]:
        one.join(240)
    traffic.over.set()
    work[2].join(60)

    with traffic.person("Administrator") as api:
        assert {traffic.ended(api, f"/api/runs/{run}")["state"] for run in traffic.runs} == {"succeeded"}
        for job in ("seal", "audit"):
            run = api.post("/api/runs", json={"job": job}).raise_for_status().json()["run_id"]
            found = traffic.ended(api, f"/api/runs/{run}")
            assert (found["state"], found["codes"]) == ("succeeded", [])
    assert sorted(traffic.receipts) == list(range(DELIVERIES))
    assert all(len(ids) == 1 for ids in traffic.receipts.values())
    with traffic.person("Auditor") as api:
        kept = Counter[str]()
        for customer in CUSTOMERS:
            query = {"customer": str(customer), "type": "delivery.received", "limit": "500"}
            kept.update(one["id"] for one in api.get("/api/evidence", params=query).json()["items"])
        assert kept == Counter(ids.copy().pop() for ids in traffic.receipts.values())
        (tmp_path / "trusted.vkey").write_text(api.get("/api/ledger/keys").json()["trusted_vkey"], "utf-8")
        for pack in traffic.packs:
            assert traffic.ended(api, f"/api/packs/{pack}")["state"] == "ready"
            (tmp_path / "pack.zip").write_bytes(api.get(f"/api/packs/{pack}/download").content)
            assert verify.main(["--keys", str(tmp_path / "trusted.vkey"), str(tmp_path / "pack.zip")]) == 0
