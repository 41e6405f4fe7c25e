"""A small app that shows what the host handed over."""

from __future__ import annotations

import json
from collections.abc import Callable
from threading import Event

import azure.functions as func

from local.host.functions import Function, read


def _shown(req: func.HttpRequest) -> func.HttpResponse:
    seen = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "headers": dict(req.headers),
        "body": req.get_body().decode("latin-1"),
    }
    return func.HttpResponse(json.dumps(seen), mimetype="application/json")


class Log:
    """What ran, and whether it should fail."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.timers: list[bool] = []
        self.fail: Callable[[str, int], bool] = lambda body, attempt: False
        self.hold: Event | None = None
        self.happened = Event()


def tiny(log: Log) -> tuple[Function, ...]:
    """Its functions."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="{ignored:maxlength(0)?}", methods=["GET"])
    def home(req: func.HttpRequest) -> str:
        return "home"

    @app.route(route="api/things/{id:int}", methods=["GET", "PUT"])
    def thing(req: func.HttpRequest) -> func.HttpResponse:
        return _shown(req)

    @app.route(route="api/things/newest", methods=["GET"])
    def newest(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("newest", headers={"X-Own": "1", "Content-Type": "text/csv"})

    @app.route(route="api/things/{name}")
    def named(req: func.HttpRequest) -> func.HttpResponse:
        return _shown(req)

    @app.route(route="api/files/{*rest}", methods=["GET", "POST"])
    def files(req: func.HttpRequest) -> func.HttpResponse:
        return _shown(req)

    @app.route(route="api/broken", methods=["GET"])
    def broken(req: func.HttpRequest) -> func.HttpResponse:
        raise KeyError("secret")

    @app.route(route="api/silent", methods=["GET"])
    def silent(req: func.HttpRequest) -> func.HttpResponse:
        return None  # type: ignore[return-value]

    @app.route(route="api/waits", methods=["GET"])
    async def waits(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("waited", status_code=418)

    @app.route(route="api/keyed", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
    def keyed(req: func.HttpRequest) -> str:
        return "in"

    @app.queue_trigger(arg_name="msg", queue_name="deliveries", connection="ATTEST_STORAGE")
    def on_delivery(msg: func.QueueMessage) -> None:
        body, attempt = msg.get_body().decode(), int(msg.dequeue_count or 0)
        log.seen.append((body, attempt))
        if log.hold:
            log.hold.wait(20)
        log.happened.set()
        if log.fail(body, attempt):
            raise RuntimeError("not this time")

    @app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
    def hourly(timer: func.TimerRequest) -> None:
        log.timers.append(timer.past_due)
        log.happened.set()

    return read(app)
