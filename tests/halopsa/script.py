"""A HaloPSA that answers by script, for the client's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from shared.halopsa.budget import Budget
from shared.halopsa.client import HaloClient
from shared.halopsa.token import Credentials
from shared.settings import Secret
from tests.harness.clock import StillClock
from tests.harness.memory import MemoryRows

if TYPE_CHECKING:
    from collections.abc import Callable


class Script:
    """``answers`` are given in turn to API requests (the last one for ever); tokens are handed out freely."""

    def __init__(self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.tokens: list[httpx.Request] = []
        self.token_answers: list[httpx.Response] = []
        self.slept: list[float] = []
        self.clock = StillClock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/token"):
            self.tokens.append(request)
            if self.token_answers:
                return self.token_answers.pop(0)
            return httpx.Response(200, json={"access_token": f"t{len(self.tokens)}", "expires_in": 3600})
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)

    def client(self, **how: Any) -> HaloClient:
        """A client whose HaloPSA is this script."""
        fields = {"client_id": "id", "client_secret": Secret("secret"), **how}
        budget = Budget(MemoryRows(), self.clock, requests=0, seconds=300, sleep=self.sleep)
        return HaloClient(
            "https://halo.example",
            Credentials(**fields),
            clock=self.clock,
            budget=budget,
            transport=httpx.MockTransport(self),
            sleep=self.sleep,
            monotonic=lambda: self.clock.now().timestamp(),
        )


def page(rows: list[dict[str, Any]], count: int | None = None, key: str = "tickets") -> httpx.Response:
    """An envelope."""
    body: dict[str, Any] = {"page_no": 1, "columns": [], key: rows}
    if count is not None:
        body["record_count"] = count
    return httpx.Response(200, json=body)


def tickets(first: int, last: int) -> list[dict[str, Any]]:
    """Rows with these ids."""
    return [{"id": number} for number in range(first, last + 1)]
