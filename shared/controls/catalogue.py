"""Controls are discovered by being there: every module of this room with a ``CONTROL`` is in the catalogue."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import shared.controls
from shared.controls.spec import Control


@cache
def controls() -> dict[str, Control]:
    """All controls by id, in id order. The id equals the module's name."""
    found: dict[str, Control] = {}
    for module in sorted(pkgutil.iter_modules(shared.controls.__path__), key=lambda info: info.name):
        control = getattr(importlib.import_module(f"shared.controls.{module.name}"), "CONTROL", None)
        if isinstance(control, Control):
            if control.id != module.name:
                raise ValueError(f"Control {control.id} lives in {module.name}.py; file and id must be the same.")
            found[control.id] = control
    return found


def triggered_by(event: str) -> tuple[Control, ...]:
    """Controls that want to hear of a HaloPSA event (any case)."""
    return tuple(control for control in controls().values() if event.lower() in control.triggers)
