"""Proposals as a TOML document that policy accepts: a line with its grounds, or a comment that says unknown."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from shared.halopsa.propose import Proposal, Value
from shared.policy.document import read_policy, shipped_policy

_LONGEST = 300
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LISTS_OF_TABLES = {"handoff.templates": {"service": "*", "deal": "*"}}


def proposal_text(proposals: Sequence[Proposal], tenant: str) -> str:
    """TOML, validated. Raises Unacceptable (policy_invalid) should it ever not be."""
    unknown = sum(one.value is None for one in proposals)
    lines = [
        f"# What the numbers of {_plain(tenant)} probably mean: {len(proposals) - unknown} proposed, {unknown} unknown.",
        "# Nothing here is in force. Go through every line with somebody who knows the tenant, settle what is unknown,",
        "# and put it in force with PUT /api/policy and the decision that says so.",
    ]
    tables: dict[str, list[Proposal]] = {}
    for one in proposals:
        tables.setdefault(one.key.rpartition(".")[0], []).append(one)
    for table, held in tables.items():
        fixed = _LISTS_OF_TABLES.get(table)
        if fixed is None:
            lines += ["", f"[{table}]"]
        elif all(one.value is not None for one in held):
            lines += ["", f"[[{table}]]", *(f"{name} = {_toml(value)}" for name, value in fixed.items())]
        else:
            lines.append("")
        for one in held:
            lines += _told(one, fixed is not None)
    text = "\n".join(lines) + "\n"
    read_policy(text)
    return text


def _told(one: Proposal, inside_list: bool) -> list[str]:
    name = one.key.rpartition(".")[2]
    candidates = f" Could be: {_plain(', '.join(one.candidates))}." if one.candidates else ""
    if one.value is not None:
        also = (
            f" Undecided:{candidates.removeprefix(' Could be:')}" if candidates and isinstance(one.value, list) else ""
        )
        return [f"# {_plain(one.because)}.{also}", f"{name} = {_toml(one.value)}"]
    told = [f"# UNKNOWN {one.key}: {_plain(one.because).rstrip('.')}.{candidates}"]
    if not inside_list:
        told.append(f"# Until somebody decides, the shipped value stays in force: {name} = {_toml(_shipped(one.key))}")
    return told


def _shipped(key: str) -> Value:
    value: object = shipped_policy().model_dump(mode="json")
    for part in key.split("."):
        value = value[part] if isinstance(value, dict) else None
    return value  # type: ignore[return-value]  # leaves of policy are numbers, texts, and lists of them


def _toml(value: Value) -> str:
    """JSON's spelling is TOML's for these, once control characters are gone."""
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, str):
        return json.dumps(_CONTROL.sub(" ", value).encode("utf-8", "replace").decode(), ensure_ascii=False)
    return json.dumps(value)


def _plain(text: str) -> str:
    """One comment line: a name from the tenant must not end the comment."""
    shown = _CONTROL.sub(" ", text).encode("utf-8", "replace").decode()
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
