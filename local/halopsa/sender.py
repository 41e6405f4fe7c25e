"""Sends webhooks from the simulator's own Webhook and Notification rows, on a thread of its own."""

from __future__ import annotations

import heapq
import json
import random
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from local.halopsa.clock import Clock, stamp
from local.halopsa.events import Happened, wants
from local.halopsa.store import Store
from local.halopsa.tables import Row

_ATTEMPTS = 4
_RETRY_SECONDS = 0.25
_TIMEOUT_SECONDS = 30.0
_BATCH_SECONDS = 0.2
_BATCH_LIMIT = 20
_SHUFFLE_SECONDS = 0.3
_LOGGED_BODY = 2_000


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the way between HaloPSA and the receiver misbehaves."""

    batch: bool = False
    duplicate: float = 0.0
    drop: float = 0.0
    shuffle: float = 0.0
    delay_s: float = 0.0
    seed: int = 1
    api_writes: bool = True
    """Whether changes made through the API ring as changes of people do (nobody knows of the real one)."""


@dataclass(slots=True)
class Delivery:
    """One payload on its way, and what the knobs did to it."""

    webhook_id: str
    body: Row
    attempts: int = 0
    injected: list[str] = field(default_factory=list)
    state: str = "waiting"

    def told(self) -> Row:
        """As the control door shows it."""
        return {
            "id": self.body["id"],
            "webhook_id": self.webhook_id,
            "event": self.body["event"],
            "object_id": self.body["object_id"],
            "attempts": self.attempts,
            "injected": self.injected,
            "state": self.state,
        }


class Sender:
    """A queue by due time and one worker; bounded retries, then the row says error."""

    def __init__(
        self, store: Store, clock: Clock, lock: threading.RLock, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._transport = transport
        self._store, self._clock, self._lock = store, clock, lock
        self._knobs = Knobs()
        self._random = random.Random(1)
        self._waiting: list[tuple[float, int, Delivery]] = []
        self._sequence = 0
        self._wake = threading.Condition()
        self._closing = False
        self._busy = False
        self._generation = 0
        self.deliveries: dict[str, Delivery] = {}
        self._thread = threading.Thread(target=self._work, name="halopsa-webhooks", daemon=True)

    @property
    def knobs(self) -> Knobs:
        """What is set now."""
        return self._knobs

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Stop; what waits is not sent."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def configure(self, knobs: Knobs) -> None:
        """Set all knobs at once and start their dice anew."""
        self._knobs, self._random = knobs, random.Random(knobs.seed)

    def clear(self) -> None:
        """Forget what waits and what was sent, and be well-behaved again."""
        with self._wake:
            self._waiting.clear()
            self.deliveries.clear()
            self._generation += 1
        self.configure(Knobs())

    def pending(self) -> int:
        """Deliveries that still wait or are being sent."""
        with self._wake:
            return len(self._waiting) + int(self._busy)

    def ring(self, happened: Iterable[Happened], *, through_api: bool) -> None:
        """Queue what the Webhook and Notification rows ask for. The caller holds the store's lock."""
        if through_api and not self._knobs.api_writes:
            return
        hooks = [row for row in self._store.table("Webhook").rows.values() if row.get("active", True)]
        hooks = [row for row in hooks if row.get("type", 0) == 0 and row.get("url") and not row.get("disabled")]
        if not hooks:
            return
        bells = list(self._store.table("Notification").rows.values())
        for event in happened:
            for hook in hooks:
                ids = {str(hook.get("id"))}
                own = [*bells, *({**row, "webhook_id": hook["id"]} for row in hook.get("events") or [])]
                for bell in own:
                    if str(bell.get("webhook_id")) in ids and wants(bell, event):
                        self._queue(hook, bell, event)

    def _queue(self, hook: Row, bell: Row, event: Happened) -> None:
        body = {
            "id": str(uuid.uuid4()),
            "webhook_id": str(hook["id"]),
            "notification_id": bell.get("id", 0),
            "escmsg_id": str(uuid.uuid4()),
            "event": event.event,
            "message": event.message,
            "object_id": event.object_id,
            "agent_id": event.agent_id,
            "timestamp": stamp(self._clock.now()),
            **event.objects,
        }
        delivery = Delivery(str(hook["id"]), body)
        knobs, dice = self._knobs, self._random
        due = time.monotonic() + knobs.delay_s
        dropped, doubled, late = (dice.random() < chance for chance in (knobs.drop, knobs.duplicate, knobs.shuffle))
        if knobs.delay_s:
            delivery.injected.append("delay")
        if dropped:
            delivery.injected.append("drop")
        if late:
            delivery.injected.append("shuffle")
            due += _SHUFFLE_SECONDS * (0.2 + dice.random())
        with self._wake:
            self.deliveries[body["id"]] = delivery
            self._push(due, delivery)
            if doubled and not dropped:
                delivery.injected.append("duplicate")
                self._push(due, delivery)
            self._wake.notify()

    def _push(self, due: float, delivery: Delivery) -> None:
        self._sequence += 1
        heapq.heappush(self._waiting, (due, self._sequence, delivery))

    def _work(self) -> None:
        with httpx.Client(
            timeout=_TIMEOUT_SECONDS, trust_env=False, transport=self._transport, headers={"User-Agent": "HaloPSA"}
        ) as client:
            while True:
                with self._wake:
                    self._busy = False
                    while not self._closing and (not self._waiting or self._waiting[0][0] > time.monotonic()):
                        pause = self._waiting[0][0] - time.monotonic() if self._waiting else None
                        self._wake.wait(pause)
                    if self._closing:
                        return
                    batch = self._take()
                    generation = self._generation
                    self._busy = True
                self._send(client, batch, generation)

    def _take(self) -> list[Delivery]:
        """The next delivery, with others due for the same webhook where batching is on."""
        first = heapq.heappop(self._waiting)[2]
        batch = [first]
        hook = self._hook(first)
        if not (self._knobs.batch or int(hook.get("batch_method") or 0) > 0):
            return batch
        limit = int(hook.get("batch_limit") or _BATCH_LIMIT)
        until = time.monotonic() + float(hook.get("batch_delay_seconds") or _BATCH_SECONDS)
        while not self._closing and (left := until - time.monotonic()) > 0:
            self._wake.wait(left)
        while self._waiting and len(batch) < limit and self._waiting[0][0] <= time.monotonic():
            if self._waiting[0][2].webhook_id != first.webhook_id:
                break
            batch.append(heapq.heappop(self._waiting)[2])
        return batch

    def _hook(self, delivery: Delivery) -> Row:
        table = self._store.tables.get("Webhook")
        return (table.get((delivery.webhook_id,)) if table else None) or {}

    def _send(self, client: httpx.Client, batch: list[Delivery], generation: int) -> None:
        hook = self._hook(batch[0])
        bodies = [delivery.body for delivery in batch if "drop" not in delivery.injected]
        as_array = self._knobs.batch or int(hook.get("batch_method") or 0) > 0
        content = json.dumps(bodies if as_array else (bodies[0] if bodies else {}), separators=(",", ":")).encode()
        begun = time.monotonic()
        status, text, fault = (200, "", "") if not bodies else self._post(client, hook, content)
        took = time.monotonic() - begun
        ok = 200 <= status < 300
        with self._wake:
            if generation != self._generation:
                return
            for delivery in batch:
                delivery.attempts += 1
                delivery.state = "sent" if ok else "failed"
                if not ok and (status in {0, 429} or status >= 500) and delivery.attempts < _ATTEMPTS:
                    delivery.state = "waiting"
                    self._push(time.monotonic() + _RETRY_SECONDS * 2**delivery.attempts, delivery)
        with self._lock:
            for delivery in batch:
                self._log(delivery, status, text or fault, took)
            self._count(hook, ok=ok, status=status)

    def _post(self, client: httpx.Client, hook: Row, content: bytes) -> tuple[int, str, str]:
        auth: httpx.Auth = httpx.Auth()
        if hook.get("authentication_type") == 1:
            auth = httpx.BasicAuth(str(hook.get("basic_username", "")), str(hook.get("basic_password", "")))
        try:
            answer = client.post(
                str(hook.get("url")), content=content, headers={"Content-Type": "application/json"}, auth=auth
            )
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            return 0, "", type(fault).__name__
        return answer.status_code, answer.text[:_LOGGED_BODY], ""

    def _log(self, delivery: Delivery, status: int, text: str, took: float) -> None:
        row: dict[str, Any] = {
            "id": delivery.body["id"],
            "webhook_id": delivery.webhook_id,
            "notification_id": delivery.body["notification_id"],
            "timestamp": delivery.body["timestamp"],
            "status": 1 if 200 <= status < 300 else 2,
            "duration": round(took, 4),
            "requestheaders": '{"Content-Type":"application/json"}',
            "requestbody": json.dumps(delivery.body, separators=(",", ":")),
            "responsestatus": status,
            "responsebody": text,
            "entity_id": delivery.body["object_id"],
            "error": not 200 <= status < 300,
        }
        self._store.table("WebhookEvent").put(row)

    def _count(self, hook: Row, *, ok: bool, status: int) -> None:
        table = self._store.table("Webhook")
        stored = table.get((str(hook.get("id")),))
        if stored is None:
            return
        failures = 0 if ok else int(stored.get("failed_attempts") or 0) + 1
        row = {**stored, "last_status": status, "failed_attempts": failures}
        limit = int(stored.get("auto_disable_attempts") or 0)
        if limit and failures >= limit:
            row |= {"active": False, "last_auto_disable_date": stamp(self._clock.now())}
        table.put(row)
