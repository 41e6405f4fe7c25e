"""Puts the host together: one ASGI app over the functions of an app, with its queues and timers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.clock import CLOCK, MovableClock
from local.host.admin import Admin
from local.host.functions import HTTP, QUEUE, TIMER, Function, resolved
from local.host.keys import Keys
from local.host.options import HostOptions
from local.host.queues import LEASE_SECONDS, Listener
from local.host.routes import Router
from local.host.rules import faults
from local.host.secrets import HostSecrets
from local.host.served import Served
from local.host.sign_in import PATH, SignIn, with_token
from local.host.timers import Timers
from local.host.web import Web
from local.processes import StartFailed
from shared.storage import POISON, Account, AzureQueues, azurite_connection

THREADS = 32
"""PYTHON_THREADPOOL_THREAD_COUNT in Azure."""

_LONGEST_WAIT = 30
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class HostChoices:
    """What may be chosen from outside host.json."""

    keys: Keys = field(default_factory=Keys)
    clock: MovableClock = CLOCK
    timers: bool = False
    state: Path = Path(".local/timers")
    retry_seconds: float | None = None
    lease_seconds: int = LEASE_SECONDS
    told: bool = False
    """Whether every sender in this process tells ``Host.sent``, so that queues need little polling."""
    longest_poll: float | None = None
    """Seconds between looks at a queue that has long been silent; None for what suits the queue."""


class Host:
    """The running host of one app."""

    def __init__(
        self,
        functions: Sequence[Function],
        options: HostOptions,
        environ: Mapping[str, str],
        choices: HostChoices | None = None,
    ) -> None:
        choices = choices or HostChoices()
        self._told = choices.told
        self._served = Served()
        functions = [self._served.watched(function) for function in functions]
        broken = faults(functions, options, environ)
        if broken:
            raise StartFailed("The host would not start this app: " + " ".join(broken))
        self._web_pool = ThreadPoolExecutor(THREADS, "http")
        # Azure runs up to a batch and a threshold's worth of messages of a queue at once.
        width = options.queues.batch_size + options.queues.new_batch_threshold
        self._work_pool = ThreadPoolExecutor(width, "work")
        queues = options.queues
        if choices.retry_seconds is not None:
            queues = replace(queues, retry_seconds=choices.retry_seconds)
        self._listeners = [
            self._listener(function, environ, replace(options, queues=queues), choices)
            for function in functions
            if function.kind == QUEUE
        ]
        timers = tuple(function for function in functions if function.kind == TIMER) if choices.timers else ()
        self._timers = Timers(timers, environ, choices.state, self._work_pool, self.nudge)
        web = tuple(function for function in functions if function.kind == HTTP)
        self._web = Web(Router(web, options.route_prefix), choices.keys, self._web_pool, self.nudge)
        self._sign_in = SignIn(environ.get("ATTEST_AUTHORITY", ""))
        by_name = {function.name.lower(): function for function in functions}
        secrets = HostSecrets.of(environ)
        if secrets is not None:
            secrets.keep(choices.keys.master)
        self._admin = Admin(by_name, choices.keys, choices.clock, self._work_pool, self.nudge, secrets)

    def nudge(self) -> None:
        """Something was done that may have sent messages: look at the queues now, unless we are told of each message."""
        if not self._told:
            for listener in self._listeners:
                listener.nudge()

    def sent(self, queue: str, delay_seconds: float = 0) -> None:
        """A message was sent to this queue and shows after a delay: look at it then, and at no other."""
        for listener in self._listeners:
            if listener.queue_name == queue and delay_seconds:
                listener.expect(delay_seconds)
            elif listener.queue_name == queue:
                listener.nudge()

    def idle(self, queues: Collection[str] = ()) -> bool:
        """Whether nothing waits in these queues, or in any, and no message of theirs is being handled."""
        return all(listener.idle for listener in self._listeners if not queues or listener.queue_name in queues)

    def app(self) -> Starlette:
        """The ASGI app; queues and timers run while it does."""
        admin = self._admin
        app = Starlette(
            routes=[
                Route("/admin/host/ping", admin.ping, methods=["GET", "POST"]),
                Route("/admin/host/status", admin.status),
                Route("/admin/functions", admin.functions),
                Route("/admin/functions/{name}", admin.invoke, methods=["GET", "POST"]),
                Route("/_local/clock", admin.clock, methods=["POST"]),
                Route("/_local/idle", self._is_idle),
                Route("/_local/served", self._what_was_served),
                Route("/_local/sent/{queue}", self._was_sent, methods=["POST"]),
                Route(PATH, self._sign_in.page),
                Route(PATH, self._sign_in.enter, methods=["POST"]),
                Route("/_local/sign-out", self._sign_in.leave),
            ],
            lifespan=self._lifespan,
        )
        # Not a Mount: its pattern knows no path with a line end in it.
        app.router.redirect_slashes = False
        app.router.default = self._serve
        return app

    async def _is_idle(self, request: Request) -> Response:
        """``GET /_local/idle``: whether the queues are empty and every message taken from them has been handled.

        ``?wait=5`` answers as soon as that is so, at the latest after so many seconds; ``?queue=runs``, which may be
        said several times, asks of these alone.
        """
        queues = request.query_params.getlist("queue")
        wait = request.query_params.get("wait", "0")
        until = time.monotonic() + (min(int(wait), _LONGEST_WAIT) if wait.isascii() and wait.isdigit() else 0)
        while not (idle := self.idle(queues)) and time.monotonic() < until:  # noqa: ASYNC110  # they are threads
            await asyncio.sleep(_LOOK_SECONDS)
        return JSONResponse({"idle": idle})

    async def _what_was_served(self, _: Request) -> Response:
        """``GET /_local/served``: by function, how often it ended well and how often not."""
        return JSONResponse(self._served.counts())

    async def _was_sent(self, request: Request) -> Response:
        """``POST /_local/sent/{queue}``: another process put a message there; look now."""
        for listener in self._listeners:
            if listener.queue_name == request.path_params["queue"]:
                listener.told()
        return Response(status_code=204)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # no function speaks over a web socket
            return
        request = Request(with_token(scope), receive)
        answer = await self._web.answer(request)
        await answer(scope, receive, send)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        for listener in self._listeners:
            listener.start()
        self._timers.start()
        try:
            yield
        finally:
            self._timers.stop()
            for listener in self._listeners:
                listener.stop()
            self._work_pool.shutdown(wait=False, cancel_futures=True)
            self._web_pool.shutdown(wait=False, cancel_futures=True)

    def _listener(
        self, function: Function, environ: Mapping[str, str], options: HostOptions, choices: HostChoices
    ) -> Listener:
        account = _account(str(function.trigger.get("connection") or "AzureWebJobsStorage"), environ)
        queues = AzureQueues(account)
        name = resolved(str(function.trigger["queueName"]), environ)
        poison = None if name.endswith(POISON) else queues.queue(name + POISON)
        return Listener(
            function,
            queues.queue(name),
            poison,
            options.queues,
            self._work_pool,
            after=self.nudge,
            sent=self.sent if choices.told else None,
            lease_seconds=choices.lease_seconds,
            by_length=not account.connection,
            longest_poll=choices.longest_poll,
        )


def _account(connection: str, environ: Mapping[str, str]) -> Account:
    """Where a trigger's connection leads: by connection string, or by address under the app's identity."""
    text = environ.get(connection, "")
    if text:
        return Account(connection=azurite_connection() if text == "UseDevelopmentStorage=true" else text)
    url = environ.get(f"{connection}__queueServiceUri", "")
    if not url:
        raise StartFailed(f"The local host needs {connection} or {connection}__queueServiceUri.")
    return Account(
        queue_url=url,
        client_id=environ.get(f"{connection}__clientId", ""),
        ca=environ.get("ATTEST_STORAGE_CA", ""),
    )
