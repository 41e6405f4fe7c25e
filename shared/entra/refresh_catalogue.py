"""``python -m shared.entra.refresh_catalogue FOLDER``: rebuild the permission catalogue from facts in a folder of sources.

The folder holds ``opinions.csv``, ``devx_permissions.json`` and ``merill_MicrosoftApps.json``. Only facts are taken:
permission values and ids, each source's word for them, which method and path a permission opens, which applications
are Microsoft's own. Descriptions and texts of the sources are left behind.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from shared.entra.paths import template

TARGET = Path(__file__).parent / "catalogue" / "permissions.json"
ABOUT = {
    "opinions": "Facts only. azure-tiering: emiliensocchi/azure-tiering @5edc6755 (GPL-3.0; tier numbers only); "
    "entraops: Cloud-Architekt/AzurePrivilegedIAM @f14538fd (MIT); scubagear: cisagov/ScubaGear @4d34e9a4 (CC0); "
    "devx: microsoftgraph/microsoft-graph-devx-content @6cbd6bbd (MIT)",
    "paths": "microsoftgraph/microsoft-graph-devx-content @6cbd6bbd, permissions (MIT)",
    "microsoft_apps": "merill/microsoft-info @43b8a5d9 (MIT)",
}
_SCHEMES = {"application": "Application", "delegated": "DelegatedWork"}


def opinions(path: Path) -> dict[str, list[str | None]]:
    """Permission to [id, azure-tiering, entraops, scubagear, devx]; None where a source is silent."""
    out: dict[str, list[str | None]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            words = [row["id"], row["azure_tier"], row["entraops"], row["scubagear"], row["devx_privilegeLevel"]]
            out[row["permission"]] = [word.removesuffix(".0") or None for word in words]
    return out


def openings(path: Path) -> dict[str, Any]:
    """Templates in order, and per scheme what each permission opens: method to ascending template numbers."""
    rows = json.loads(path.read_text("utf-8"))["permissions"]
    names = sorted({template(raw) for row in rows.values() for part in row["pathSets"] for raw in part["paths"]})
    number = {name: at for at, name in enumerate(names)}
    # Segments apart by spaces: a file full of addresses would look like somebody's disk.
    out: dict[str, Any] = {"templates": [name.strip("/").replace("/", " ") for name in names]}
    for key, scheme in _SCHEMES.items():
        opens: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        also: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for value, row in sorted(rows.items()):
            if scheme not in row["schemes"]:
                continue
            for part in row["pathSets"]:
                if scheme not in part["schemeKeys"]:
                    continue
                for raw, mark in part["paths"].items():
                    for method in part["methods"]:
                        at = number[template(raw)]
                        opens[value][method].add(at)
                        also[value][f"{method} {at}"].update(_also(mark) or {""})
        out[key] = {
            value: {method: sorted(found) for method, found in methods.items()} for value, methods in opens.items()
        }
        out[f"{key}_also"] = {
            value: kept
            for value, calls in also.items()
            if (kept := {call: sorted(needs) for call, needs in calls.items() if "" not in needs})
        }
    return out


def _also(mark: str) -> set[str]:
    for part in mark.split(";"):
        name, _, values = part.partition("=")
        if name == "AlsoRequires":
            return set(values.split(","))
    return set()


def build(folder: Path) -> dict[str, Any]:
    """The whole catalogue."""
    apps = json.loads((folder / "merill_MicrosoftApps.json").read_text("utf-8"))
    return {
        "about": ABOUT,
        "opinions": opinions(folder / "opinions.csv"),
        "paths": openings(folder / "devx_permissions.json"),
        "microsoft_apps": sorted({str(row["AppId"]).lower() for row in apps if row.get("AppId")}),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the catalogue beside this module."""
    parser = argparse.ArgumentParser(prog="shared.entra.refresh_catalogue")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args(arguments)
    text = json.dumps(build(options.folder), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    options.target.write_text(text + "\n", "utf-8")
    sys.stdout.write(f"{options.target.name}: {len(text):,} characters\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
