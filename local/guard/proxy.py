"""Listeners in one thread: every door and the vault, over https where the system asks for it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Self

import httpx
import uvicorn
from starlette.types import ASGIApp

from local.guard.certificate import Loopback
from local.guard.passing import Behind, Door, Passing
from local.processes import KEEP_ALIVE_SECONDS


@dataclass(frozen=True, slots=True)
class Listener:
    """One port, and what answers there."""

    port: int
    app: Callable[[httpx.AsyncClient], ASGIApp]
    secured: bool


def before(door: Door, port: int, behind: int, *, secured: bool) -> Listener:
    """A door on a port before the system on another. Systems that are told how they were called link to the door."""
    scheme = "https" if secured else "http"
    url = f"{scheme}://127.0.0.1:{behind}"
    return Listener(port, lambda client: Passing(door, Behind(url, client, named=not secured)), secured)


def on(port: int, app: ASGIApp, *, secured: bool) -> Listener:
    """What answers by itself."""
    return Listener(port, lambda _client: app, secured)


class Proxy:
    """A context manager: within, everything listens."""

    def __init__(self, listeners: Sequence[Listener], files: Loopback) -> None:
        self._listeners, self._files = listeners, files
        self._servers: list[uvicorn.Server] = []
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), name="guard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while self._thread.is_alive() and not (self._servers and all(server.started for server in self._servers)):
            self._thread.join(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join(10)

    @property
    def running(self) -> bool:
        """Whether it listens."""
        return self._thread.is_alive()

    def _server(self, listener: Listener, client: httpx.AsyncClient) -> uvicorn.Server:
        config = uvicorn.Config(
            listener.app(client),
            host="127.0.0.1",
            port=listener.port,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
            ssl_certfile=str(self._files.chain) if listener.secured else None,
            ssl_keyfile=str(self._files.key) if listener.secured else None,
        )
        return uvicorn.Server(config)

    async def _serve(self) -> None:
        trust = ssl.create_default_context(cafile=str(self._files.authority))
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=100)
        async with httpx.AsyncClient(verify=trust, timeout=60, limits=limits, trust_env=False) as client:
            self._servers = [self._server(one, client) for one in self._listeners]
            await asyncio.gather(*(server._serve() for server in self._servers))  # noqa: SLF001 - serve() would catch signals
