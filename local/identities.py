"""``python -m local.identities``: write docs/identities.md, the table of who may do what, from infra/identities.json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "infra" / "identities.json"
PAGE = ROOT / "docs" / "identities.md"
_HEAD = """# Who may do what, and why

Five apps run one code base, each under an identity of its own.
This page is made from `infra/identities.json` by `python -m local.identities`; Bicep grants exactly that file, every
permission review begins with it, and a test holds this page to it.

That the rights are enough, and that none is spare, is not reasoned but run. `tests/least_privilege` starts the five apps
under these identities before a gate that knows storage roles, Graph permissions, HaloPSA scopes and Key Vault rights and
refuses everything else. It calls for every function of every app, and then takes every right away in turn; each time
something breaks. A narrower role that would do, a Graph permission outside the least set, or an action of our own roles
that nobody uses, fails the same tests. The end-to-end tests run behind the same gate.
"""
_PLACES = {"tables": "table", "containers": "container", "queues": "queue"}


def page(table: dict[str, Any]) -> str:
    """The whole page."""
    parts = [_HEAD]
    for group, rights in table["groups"].items():
        parts.append(f"## {group}\n\n{table['about_groups'][group]}\n")
        parts.append("| may | on | why |\n|---|---|---|\n" + "".join(_lines(table, group, rights)))
    parts.append("## Roles of our own\n\nEach is narrower than the built-in role that would do.\n")
    rows = [
        f"| `{name}` | {', '.join(f'`{_short(one)}`' for one in (*role['actions'], *role['dataActions']))} | {role['why']} |\n"
        for name, role in table["custom_roles"].items()
    ]
    parts.append("| role | actions | why |\n|---|---|---|\n" + "".join(rows))
    return "\n".join(parts)


def _lines(table: dict[str, Any], group: str, rights: dict[str, Any]) -> Iterator[str]:
    for role in rights["roles"]:
        yield f"| {_role(role)} | {_place(role['scope'])} | {role['why']} |\n"
    for kind, system in (("key_vault", "Key Vault"), ("graph", "Microsoft Graph"), ("halopsa", "HaloPSA")):
        for right in rights[kind]:
            yield f"| `{right}` | {system} | {table['whys'][kind][right]} |\n"
    for name in (group, "every"):
        for role in table["azure"].get(name, ()):
            yield f"| {_role(role)} | {role['on']} | {role['why']} |\n"


def _role(role: dict[str, Any]) -> str:
    return f"`{role['role']}`" if role["role"] == role["id"] else str(role["role"])


def _place(scope: str) -> str:
    account, service, *name = scope.split("/")
    if not name:
        return "the account of its own Functions host" if account == "host" else "the evidence account's blobs"
    return f"{_PLACES[service]} `{name[0]}`"


def _short(action: str) -> str:
    return action.removeprefix("Microsoft.Storage/storageAccounts/").removeprefix("Microsoft.KeyVault/")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(json.loads(TABLE.read_text("utf-8"))), "utf-8")
    print(f"Wrote {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
