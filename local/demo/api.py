"""The service as a person's client sees it: tokens, calls, runs watched to their end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx

from local.personas import PERSONAS

Json = dict[str, Any]
_RUN_SECONDS = 540.0
_JOB_QUEUES = ("runs", "reviews", "audits")


class DemoFailed(Exception):
    """The week could not be played on; the message says where."""


class Api:
    """Calls the service as any persona. One connection pool; tokens are fetched once a persona."""

    def __init__(
        self,
        host: str,
        halo: str,
        entra: str,
        say: Callable[[str], None],
        master_key: str = "",
        beside: Sequence[str] = (),
    ) -> None:
        """``host`` answers people; ``beside`` are the service's other apps, where it runs as several."""
        self.say = say
        self.master_key = master_key
        self._host = httpx.Client(base_url=host, timeout=120.0, trust_env=False)
        self._beside = [httpx.Client(base_url=url, timeout=120.0, trust_env=False) for url in beside]
        self._halo = httpx.Client(base_url=halo, timeout=120.0, trust_env=False)
        self._entra = httpx.Client(base_url=entra, timeout=60.0, trust_env=False)
        self._tokens: dict[str, str] = {}
        self.timings: list[tuple[str, float]] = []
        """Each thing waited for, with its seconds."""

    def close(self) -> None:
        """Let go of all connections."""
        for client in (self._host, *self._beside, self._halo, self._entra):
            client.close()

    def token(self, who: str) -> str:
        """A bearer token of a persona."""
        if who not in self._tokens:
            answer = self._entra.post("/dev/token", json=PERSONAS[who].token_request())
            answer.raise_for_status()
            self._tokens[who] = answer.json()["access_token"]
        return self._tokens[who]

    def call(
        self,
        who: str,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        want: tuple[int, ...] = (200, 201, 202, 204),
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One call; DemoFailed when the status is none of ``want``."""
        answer = self._host.request(
            method, path, json=body, params=query, headers={"Authorization": f"Bearer {self.token(who)}"}
        )
        if answer.status_code not in want:
            raise DemoFailed(f"{method} {path} as {who} answered {answer.status_code}: {answer.text[:500]}")
        return answer

    def get(self, who: str, path: str, **query: str) -> Json:
        """A JSON object."""
        return dict(self.call(who, "GET", path, query=query).json())

    def every(self, who: str, path: str, **query: str) -> list[Json]:
        """All items of a list, page by page."""
        items: list[Json] = []
        token: str | None = None
        while True:
            page = self.get(who, path, limit="500", **query, **({"next": token} if token else {}))
            items += page["items"]
            token = page["next"]
            if token is None:
                return items

    def run(
        self, job: str, *, period: str | None = None, as_of: str | None = None, who: str = "omar", fails: bool = False
    ) -> Json:
        """Start a job and watch it to its end. DemoFailed when it fails or takes too long."""
        started = time.monotonic()
        run_id = self.call(who, "POST", "/api/runs", {"job": job, "period": period, "as_of": as_of}).json()["run_id"]
        pause = 0.02
        while time.monotonic() - started < _RUN_SECONDS:
            self._idle(5, *_JOB_QUEUES)
            run = self.get(who, f"/api/runs/{quote(run_id)}")
            if run["state"] == "succeeded" or (fails and run["state"] == "failed"):
                self.timings.append((job, round(time.monotonic() - started, 2)))
                return run
            if run["state"] == "failed":
                raise DemoFailed(f"The job {job} failed: {run['error']}")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.25)
        raise DemoFailed(f"The job {job} took longer than {_RUN_SECONDS:.0f} s.")

    def decide(self, approval_id: str, *who: str, rationale: str, decision: str = "approve") -> Json:
        """Have personas decide an approval on the content they were shown; answers it as it then stands."""
        approval: Json = {}
        for one in who:
            approval = self.get(one, f"/api/approvals/{approval_id}")
            if approval["state"] != "open":
                break
            body = {"decision": decision, "rationale": rationale, "digest": approval["digest"]}
            approval = dict(self.call(one, "POST", f"/api/approvals/{approval_id}/decisions", body).json())
        return approval

    def upload(self, who: str, path: str, body: bytes, media_type: str, **query: str) -> Json:
        """Post a file."""
        headers = {"Authorization": f"Bearer {self.token(who)}", "Content-Type": media_type}
        answer = self._host.post(path, content=body, headers=headers, params=query)
        if answer.status_code != 202:
            raise DemoFailed(f"POST {path} as {who} answered {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json())

    def clock(self, now: str | None) -> None:
        """Move the service's clock (local door)."""
        for app in (self._host, *self._beside):
            answer = app.post("/_local/clock", json={"now": now})
            if answer.status_code != 200:
                raise DemoFailed(f"The clock could not be moved: {answer.text[:200]}")

    def halo(self, tables: Mapping[str, list[Json]], *, quiet: bool = False) -> None:
        """Somebody works in HaloPSA: rows change, and its webhooks ring."""
        answer = self._halo.post("/_sim/rows", params={"quiet": "true"} if quiet else None, json=dict(tables))
        if answer.status_code >= 300:
            raise DemoFailed(f"The simulator refused rows: {answer.text[:300]}")

    def halo_rows(self, table: str) -> list[Json]:
        """Rows as they stand in HaloPSA."""
        answer = self._halo.get(f"/_sim/rows/{table}")
        answer.raise_for_status()
        body = answer.json()
        return list(body if isinstance(body, list) else body.get("rows", []))

    def halo_webhooks(self, **knobs: Any) -> None:
        """Make HaloPSA's sender drop, repeat or shuffle."""
        self._halo.post("/_sim/webhooks", json=knobs).raise_for_status()

    def halo_calls(self) -> list[Json]:
        """Every request the simulator saw."""
        body = self._halo.get("/_sim/calls").json()
        return list(body if isinstance(body, list) else body.get("calls", []))

    def entra_rows(self, tables: Mapping[str, list[Json]]) -> None:
        """Somebody changes something in Entra."""
        answer = self._entra.post("/_sim/rows", json=dict(tables))
        if answer.status_code >= 300:
            raise DemoFailed(f"The Entra stand-in refused rows: {answer.text[:300]}")

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until HaloPSA has rung for everything and all that the rings set going has been done."""
        began = time.monotonic()
        pause = 0.02
        while not self.quiet():
            if time.monotonic() - began > seconds:
                raise DemoFailed(f"What HaloPSA rang about was not handled within {seconds:.0f} s.")
            time.sleep(pause)
            pause = min(pause * 1.3, 0.2)
        self.timings.append(("deliveries", round(time.monotonic() - began, 2)))

    def quiet(self) -> bool:
        """Whether HaloPSA has rung for everything and nothing that rings set going is left to do."""
        return self._idle(5) and self._rung() and self._idle()

    def _idle(self, wait: int = 0, *queues: str) -> bool:
        asked = {"wait": str(wait), "queue": list(queues)}
        apps = (self._host, *self._beside)
        return all(app.get("/_local/idle", params=asked).json()["idle"] for app in apps)

    def _rung(self) -> bool:
        return int(self._halo.get("/_sim/webhooks").json()["pending"]) == 0
