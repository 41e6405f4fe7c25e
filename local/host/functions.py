"""The functions of a FunctionApp as the host sees them: a name, a trigger, a handler."""

from __future__ import annotations

import inspect
import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from local.processes import StartFailed

HTTP, QUEUE, TIMER = "httpTrigger", "queueTrigger", "timerTrigger"
_SETTING = re.compile(r"%([^%]+)%")


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its trigger binding as the host reads it, and what to call."""

    name: str
    trigger: Mapping[str, Any]
    handler: Callable[..., Any]
    returns: bool
    """Whether it has a ``$return`` binding."""
    others: tuple[str, ...] = ()
    """Types of bindings this stand-in does not serve."""

    @property
    def kind(self) -> str:
        """The trigger's type."""
        return str(self.trigger["type"])

    def call(self, value: object) -> Any:
        """Run the handler in this thread, as the worker's thread pool does."""
        arguments: dict[str, object] = {str(self.trigger["name"]): value}
        if "context" in inspect.signature(self.handler).parameters:
            arguments["context"] = Context(self.name, str(uuid.uuid4()))
        answer = self.handler(**arguments)
        if answer is not None and not self.returns:
            raise TypeError(f"The function {self.name} has no $return binding and returned a value.")
        return answer


@dataclass(frozen=True, slots=True)
class Context:
    """What a handler that asks for ``context`` is given."""

    function_name: str
    invocation_id: str
    function_directory: str = "."


def load(module: str = "function_app") -> tuple[Function, ...]:
    """Import the root module and read the functions of its app (which can be asked only once)."""
    try:
        app = import_module(module).app
    except (ImportError, AttributeError) as fault:
        raise StartFailed(f"{module}.py cannot be loaded: {fault}.") from fault
    return read(app)


def read(app: Any) -> tuple[Function, ...]:
    """The functions of an app object."""
    found = []
    for function in app.get_functions():
        bindings = [json.loads(raw) for raw in function.get_raw_bindings()]
        triggers = [binding for binding in bindings if str(binding["type"]).endswith("Trigger")]
        if len(triggers) != 1:
            raise StartFailed(f"{function.get_function_name()} has {len(triggers)} triggers; a function has one.")
        rest = [binding for binding in bindings if binding is not triggers[0]]
        found.append(
            Function(
                name=str(function.get_function_name()),
                trigger=triggers[0],
                handler=function.get_user_function(),
                returns=any(binding["name"] == "$return" for binding in rest),
                others=tuple(str(binding["type"]) for binding in rest if binding["type"] != "http"),
            )
        )
    return tuple(found)


def resolved(text: str, environ: Mapping[str, str]) -> str:
    """``%NAME%`` replaced by the app setting; StartFailed when it is missing."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in environ:
            raise StartFailed(f"The app setting {name}, named as %{name}%, is missing.")
        return environ[name]

    return _SETTING.sub(value, text)
