"""What cannot be read of an integration although its principal can: rows refused, consents of kinds nobody knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from shared.entra.records import Consent, Refused


class Doubts:
    """Rows that cannot be read, by whom they are about; one that does not say may be about anybody."""

    def __init__(self, *refused: tuple[str, str, Sequence[Refused]]) -> None:
        self._about: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for resource, field, rows in refused:
            for one in rows:
                whose = one.names(field)
                key = whose.lower() if field == "appId" else whose
                text = (
                    f"A row of its {resource} cannot be read ({one.where})."
                    if whose
                    else f"A row of {resource} cannot be read and does not say whose it is ({one.where})."
                )
                self._about[key][text] = None

    def about(self, *ids: str) -> tuple[str, ...]:
        """What cannot be read of these, in sentences."""
        return tuple(text for one in (*ids, "") for text in self._about.get(one, ()))


def strange_kinds(consents: Sequence[Consent]) -> tuple[str, ...]:
    """A consent is one person's or everybody's; of any other kind nobody knows whom it covers."""
    kinds = dict.fromkeys(
        one.consent_type for one in consents if one.consent_type not in ("AllPrincipals", "Principal")
    )
    return tuple(
        f"A consent is of {f'the unknown kind {kind[:40]}' if kind else 'no kind'}, so that whom it covers is not known."
        for kind in kinds
    )
