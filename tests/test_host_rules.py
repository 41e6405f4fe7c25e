"""The Functions host's start-up rules hold for our app; the worker does not check them."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local.host.functions import Function
from local.host.options import HostOptions
from local.host.rules import faults
from local.processes import StartFailed
from shared.settings import CATALOGUE
from shared.storage import POISON, QUEUES

ROOT = Path(__file__).resolve().parents[1]
PLAIN = HostOptions.of({"extensions": {"http": {"routePrefix": ""}, "queues": {"messageEncoding": "none"}}})


@cache
def ours() -> list[dict[str, Any]]:
    """Our functions, read in a process of its own because an app can be asked only once."""
    script = (
        "import json; from local.host.functions import load;"
        "print(json.dumps([{'name': f.name, 'trigger': dict(f.trigger), 'returns': f.returns, 'others': f.others}"
        " for f in load()]))"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return list(json.loads(answer.stdout))


def function(name: str = "thing", **trigger: Any) -> Function:
    """One function with this trigger."""
    return Function(name, {"name": "req", **trigger}, lambda: None, returns=True)


def web(name: str = "thing", **trigger: Any) -> Function:
    """An HTTP function."""
    return function(name, type="httpTrigger", **trigger)


def test_our_app_starts() -> None:
    """With host.json as it is and the sample settings."""
    found = [
        Function(one["name"], one["trigger"], lambda: None, one["returns"], tuple(one["others"])) for one in ours()
    ]
    values = {setting.name: setting.sample for setting in CATALOGUE}
    assert faults(found, HostOptions.read(ROOT / "host.json"), values) == []


def test_our_queues_are_those_that_exist() -> None:
    """Every queue trigger names a queue that the deployment creates, by identity in Azure."""
    triggers = [one["trigger"] for one in ours() if one["trigger"]["type"] == "queueTrigger"]
    assert triggers
    assert {one["queueName"] for one in triggers} <= {*QUEUES, *(queue + POISON for queue in QUEUES)}
    assert {one["connection"] for one in triggers} == {"ATTEST_STORAGE"}


def test_every_queue_has_a_reader() -> None:
    """No message is sent to where nobody looks, the poison queues included."""
    read = {one["trigger"]["queueName"] for one in ours() if one["trigger"]["type"] == "queueTrigger"}
    assert {*QUEUES, *(queue + POISON for queue in QUEUES)} <= read


def test_no_timer_runs_at_every_start() -> None:
    """It would fire at every scale-out."""
    assert not [one["name"] for one in ours() if one["trigger"].get("runOnStartup")]


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (web("1st", route="x"), "begins with a letter"),
        (web("host", route="x"), "not 'host'"),
        (web("a" * 129, route="x"), "begins with a letter"),
        (Function("x", {"type": "httpTrigger", "name": "a__b", "route": "x"}, print, returns=True), "binding name"),
        (web(route="admin/x"), "may not begin with admin"),
        (web(route="Runtime"), "may not begin with admin or runtime"),
        (web(route="/x"), "begins with neither"),
        (web(route=""), "maxlength(0)"),
        (web(route="a/{id"), "cannot be used"),
        (web(route="a/{id:nothing}"), "no route constraint"),
        (web(route="a/{id}/{ID}"), "named twice"),
        (web(route="a/{*rest}/b"), "must be last"),
        (function(type="timerTrigger", schedule="0 0 6 * * 7"), "day of week"),
        (function(type="timerTrigger", schedule="%NOT_SET%"), "NOT_SET"),
        (function(type="timerTrigger", schedule="0 0 0 30 2 *"), "no day there is"),
        (function(type="queueTrigger", queueName="Upper", connection="C"), "no queue name"),
        (function(type="queueTrigger", queueName="a--b", connection="C"), "no queue name"),
        (function(type="queueTrigger", queueName="ab", connection="C"), "no queue name"),
        (function(type="queueTrigger", queueName="abc", connection="D"), "connection D"),
        (function(type="blobTrigger"), "does not know the trigger"),
        (Function("x", {"type": "httpTrigger", "name": "r", "route": "x"}, print, True, ("queue",)), "does not serve"),
    ],
)
def test_a_broken_rule_is_named(broken: Function, sentence: str) -> None:
    """One sentence for each."""
    found = faults([broken], PLAIN, {"C": "x"})
    assert len(found) == 1
    assert sentence in found[0]


def test_the_same_route_twice_is_a_conflict() -> None:
    """Also when only the names of parameters or the letters' case differ; other methods are another route."""
    one = web("one", route="a/{id}", methods=["GET"])
    assert len(faults([one, web("two", route="A/{key}", methods=["get"])], PLAIN, {})) == 1
    assert len(faults([one, web("two", route="a/{id}", methods=["PUT"])], PLAIN, {})) == 0
    assert len(faults([web("one", route="x"), web("ONE", route="y")], PLAIN, {})) == 1


def test_a_queue_is_read_by_one_function_only() -> None:
    """Two readers would share the messages between them."""
    pair = [function(name, type="queueTrigger", queueName="abc", connection="C") for name in ("one", "two")]
    assert len(faults(pair, PLAIN, {"C": "x"})) == 1


def test_a_connection_by_identity_is_enough() -> None:
    """As it is in Azure."""
    one = function(type="queueTrigger", queueName="abc", connection="C")
    assert faults([one], PLAIN, {"C__queueServiceUri": "https://x.queue.core.windows.net"}) == []


def test_base64_messages_are_refused() -> None:
    """The default of host.json would send every message of ours to poison."""
    options = HostOptions.of({})
    assert (
        "messageEncoding"
        in faults([function(type="queueTrigger", queueName="abc", connection="C")], options, {"C": "x"})[0]
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version":"1.0"}',
        '{"version":"2.0","extensions":{"queues":{"batchSize":33}}}',
        '{"version":"2.0","extensions":{"queues":{"visibilityTimeout":"soon"}}}',
    ],
)
def test_a_host_json_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    """In a sentence."""
    (tmp_path / "host.json").write_text(text)
    with pytest.raises(StartFailed, match=r"host\.json"):
        HostOptions.read(tmp_path / "host.json")


def test_the_sample_settings_are_the_settings() -> None:
    """local.settings.sample.json has every setting with its sample, and what the host itself needs."""
    values = json.loads((ROOT / "local.settings.sample.json").read_text("utf-8"))["Values"]
    hosts = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage", "AzureWebJobsDisableHomepage"}
    assert {name: value for name, value in values.items() if name not in hosts} == {
        one.name: one.sample for one in CATALOGUE
    }
    assert hosts <= set(values)
