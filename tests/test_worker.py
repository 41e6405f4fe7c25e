"""Microsoft's own worker runtime indexes, loads and invokes every function, with good and with bad input."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.personas import PERSONAS
from local.stack import Ports, Stack
from shared.storage import POISON

ROOT = Path(__file__).resolve().parents[1]
DRIVE = ROOT / "tests" / "worker" / "drive.py"

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("azure_functions_runtime") is None,
        reason="azure-functions-runtime exists for Python 3.13 and newer only",
    ),
]


def drive(
    app: Path, calls: list[dict[str, Any]] | None = None, environ: dict[str, str] | None = None
) -> dict[str, Any]:
    """What the runtime says of an app."""
    passed = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    answer = subprocess.run(
        [sys.executable, str(DRIVE), str(app)],
        input=json.dumps({"calls": calls or []}),
        env={**passed, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.stdout.strip(), answer.stderr[-3000:]
    return dict(json.loads(answer.stdout.strip().splitlines()[-1]))


@cache
def indexed(group: str = "") -> dict[str, Any]:
    """Our app as the runtime indexes it; with no group set, the environment is empty."""
    return drive(ROOT, environ={"ATTEST_GROUP": group} if group else {})


def test_the_app_indexes_with_an_empty_environment() -> None:
    """No setting is read, no client made, when the platform asks which functions there are."""
    told = indexed()
    assert told["error"] is None
    assert told["functions"]


@pytest.mark.slow
def test_every_function_is_seen_as_the_local_host_sees_it() -> None:
    """The runtime and the stand-in read the same triggers."""
    script = "import json; from local.host.functions import load; print(json.dumps([[f.name, f.kind] for f in load()]))"
    seen = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    there = [[name, bindings[0]["type"]] for name, bindings in indexed()["functions"].items()]
    assert sorted(there) == sorted(json.loads(seen))


@pytest.mark.slow
@pytest.mark.parametrize("group", ["intake", "engine", "desk", "review", "audit"])
def test_every_group_indexes(group: str) -> None:
    """Each deployment has functions, and none that the whole app does not have."""
    mine, whole = indexed(group), indexed()
    assert mine["error"] is None
    assert set(mine["functions"]) < set(whole["functions"])
    assert mine["functions"]


def test_what_the_platform_refuses_is_refused_here(tmp_path: Path) -> None:
    """The drive is honest: an annotation the platform rejects fails."""
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.route(route='x')\n"
        "def x(req: func.HttpRequest) -> dict: return {}\n"
    )
    assert "does not match binding type" in drive(tmp_path)["error"]


def test_an_invocation_is_the_platform_s(tmp_path: Path) -> None:
    """Route values, bodies and failures go through the runtime's own decoding."""
    (tmp_path / "function_app.py").write_text(
        "import azure.functions as func\n"
        "app = func.FunctionApp()\n"
        "@app.route(route='x/{id}')\n"
        "def x(req: func.HttpRequest) -> func.HttpResponse:\n"
        "    return func.HttpResponse(req.route_params['id'] + req.get_body().decode(), status_code=201)\n"
        "@app.queue_trigger(arg_name='msg', queue_name='abc', connection='C')\n"
        "def q(msg: func.QueueMessage) -> None:\n"
        "    raise ValueError(msg.get_body().decode() + str(msg.dequeue_count))\n"
        "@app.timer_trigger(arg_name='timer', schedule='0 0 0 * * *')\n"
        "def t(timer: func.TimerRequest) -> None:\n"
        "    assert timer.past_due\n"
    )
    calls = [
        {"function": "x", "method": "POST", "url": "http://h/x/7", "route": {"id": "7"}, "body": "b"},
        {"function": "q", "body": "text"},
        {"function": "t", "past_due": True},
        {"function": "t"},
    ]
    http, queue, late, timely = drive(tmp_path, calls)["answers"]
    assert (http["answer"]["status"], http["answer"]["body"]) == (201, "7b")
    assert (queue["ok"], queue["fault"]) == (False, "ValueError('text1')")
    assert (late["ok"], timely["ok"]) == (True, False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Storage and the simulators, without a host that would take the messages."""
    folder = tmp_path_factory.mktemp("worker")
    with Stack(Ports.free(), folder=folder, without_host=True, say=lambda _: None) as stack:
        yield stack


def http_calls(name: str, trigger: dict[str, Any], token: str) -> list[dict[str, Any]]:
    """A call with a token and a decent body, one without a token, and one with a body that is nonsense."""
    route = str(trigger.get("route") or name)
    method = str((trigger.get("methods") or ["GET"])[0])
    values = dict(map(_fitting, _parameters(route)))
    call = {"function": name, "method": method, "url": f"http://127.0.0.1:7071/{route}", "route": values}
    bearer = {"authorization": f"Bearer {token}", "content-type": "application/json", "x-request-id": "r-1"}
    return [
        {**call, "headers": bearer, "body": "{}" if method != "GET" else ""},
        {**call, "headers": {}, "body": ""},
        {**call, "headers": bearer, "body": '\udcff{"a":[', "query": {"limit": "-1", "no_such": "é"}},
    ]


def _parameters(route: str) -> list[str]:
    return [part.split("}")[0] for part in route.split("{")[1:]]


def _fitting(parameter: str) -> tuple[str, str]:
    """A name and a value that the host's constraint lets through: the first of the words a pattern names, else 7."""
    name, _, constraint = parameter.partition(":")
    words = re.search(r"\(\^?\(?([a-z]+)\|", constraint)
    value = words[1] if words else "" if "maxlength(0)" in constraint else "7"
    return name.strip("?*"), value


@pytest.mark.stack
@pytest.mark.slow
def test_every_function_answers_good_and_bad_input(world: Stack) -> None:
    """HTTP never fails or answers 5xx; timers run; what a queue function cannot read, its poison reader keeps.

    A queue function may fail on a message that is not ours: it is tried again and buried. The one who buries may not.
    """
    body = PERSONAS["nora"].token_request()
    token = httpx.post(f"{world.entra_url}/dev/token", json=body, trust_env=False).json()["access_token"]
    calls: list[dict[str, Any]] = []
    functions = indexed()["functions"]
    for name, bindings in functions.items():
        trigger = bindings[0]
        if trigger["type"] == "httpTrigger":
            calls += http_calls(name, trigger, token)
        elif trigger["type"] == "queueTrigger":
            calls += [{"function": name, "body": text} for text in ("{}", "not json", '{"id":"none"}', "[1]", "")]
        else:
            calls += [{"function": name}, {"function": name, "past_due": True}]
    told = drive(ROOT, calls, world.environment())
    wrong = []
    for call, one in zip(calls, told["answers"], strict=True):
        queue = str(functions[call["function"]][0].get("queueName", ""))
        failed = not one["ok"] or (call.get("method") and one["answer"]["status"] >= 500)
        if failed and (not queue or queue.endswith(POISON)):
            wrong.append((call["function"], call.get("body"), one["answer"], one["trace"]))
    assert wrong == []
