"""Which planted violations were caught, and what was reported that nobody planted."""

from __future__ import annotations

from typing import Any

from local.demo.api import Api
from local.seeds.violations import Violation, violations

Json = dict[str, Any]

_KINDS = {"incident": "ticket"}
_NATURAL = frozenset({"no_signoff", "signoff_missing"})
"""What every invoice and every handoff says until people have signed: asked for, not planted."""
_FAMILIES = {
    "recurring_invoice_hold": "billing",
    "first_invoice_hold": "billing",
    "charge_entries_reviewed": "billing",
    "project_control": "project",
    "project_closeout": "project",
    "stage_gate": "project",
    "handoff_complete": "handoff",
    "handoff_signoff": "handoff",
    "handoff_single_project": "handoff",
    "kickoff_after_signoff": "handoff",
    "desk_discipline": "desk",
    "incident_discipline": "incident",
    "alert_linked": "incident",
    "meetings_held": "governance",
    "integration_permissions": "access",
}


class Finder:
    """Looks at the findings after each job and remembers what was ever seen."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seen: dict[tuple[str, str, str], str] = {}

    def look(self) -> int:
        """Remember (kind, id, code) of every failed finding; answer how many are open."""
        rows = self._api.every("nora", "/api/findings", verdict="fail")
        for row in rows:
            self.add(
                row["subject"]["kind"],
                str(row["subject"]["id"]),
                {one["code"]: one["text"] for one in row["reasons"]},
                row["control"],
            )
        return len(rows)

    def add(self, kind: str, identity: str, codes: dict[str, str], control: str) -> None:
        """Remember codes of one subject."""
        if control in _FAMILIES:
            self._seen.update({(kind, identity, code): text for code, text in codes.items()})

    def result(self) -> Json:
        """Planted against found: caught, missed, and reported though nobody planted it."""
        planted = violations()
        wanted = {
            (_KINDS.get(one["subject"]["kind"], one["subject"]["kind"]), one["subject"]["id"], one["code"])
            for one in planted
        }
        missed = [one for one in planted if not self._caught(one)]
        invented = sorted(one for one in self._seen.keys() - wanted if one[2] not in _NATURAL)
        families: dict[str, Json] = {}
        for one in planted:
            row = families.setdefault(one["family"], {"planted": 0, "caught": 0})
            row["planted"] += 1
            row["caught"] += self._caught(one)
        return {
            "planted": len(planted),
            "caught": len(planted) - len(missed),
            "missed": missed,
            "not_planted": [
                {"subject": {"kind": kind, "id": identity}, "code": code, "text": self._seen[kind, identity, code]}
                for kind, identity, code in invented
            ],
            "families": families,
        }

    def _caught(self, one: Violation) -> bool:
        kind = one["subject"]["kind"]
        return (_KINDS.get(kind, kind), one["subject"]["id"], one["code"]) in self._seen
