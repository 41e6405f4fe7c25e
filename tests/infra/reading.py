"""Bicep files as pycep reads them, for the tests of this folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
FILES = sorted(path.relative_to(INFRA).as_posix() for path in INFRA.rglob("*.bicep"))
TABLE: dict[str, Any] = json.loads((INFRA / "identities.json").read_text("utf-8"))
GROUPS = tuple(TABLE["groups"])


@cache
def text(file: str) -> str:
    """A Bicep file without its comments."""
    return re.sub(r"(?m)^\s*//.*$", "", (INFRA / file).read_text("utf-8"))


@cache
def parsed(file: str) -> dict[str, Any]:
    """A Bicep file as pycep reads it."""
    from pycep import BicepParser

    return dict(BicepParser(add_line_numbers=False).parse(text=(INFRA / file).read_text("utf-8")))


def body(item: dict[str, Any]) -> dict[str, Any]:
    """What stands between the braces, without loop and condition around it."""
    inner = item["config"]
    while "config" in inner:
        inner = inner["config"]
    return dict(inner)


def modules() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """File, module name, the file it names, its body."""
    for file in FILES:
        for name, module in parsed(file).get("modules", {}).items():
            target = (INFRA / file).parent / module["detail"]["path"]
            yield file, name, target.resolve().relative_to(INFRA).as_posix(), body(module)


def variable(file: str, name: str) -> Any:
    """The value of a variable."""
    return parsed(file)["variables"][name]["value"]


def resources(kind: str) -> list[tuple[str, str, dict[str, Any]]]:
    """File, symbol and body of each resource of a type that is made here."""
    return [
        (file, name, body(resource))
        for file in FILES
        for name, resource in parsed(file).get("resources", {}).items()
        if resource["type"] == kind and not resource["existing"]
    ]
