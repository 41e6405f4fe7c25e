"""Function keys: who may call what, by the host's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

MASTER = "local-only-master-key"
_HEADER = "x-functions-key"


@dataclass(frozen=True, slots=True)
class Keys:
    """The master key, host keys and keys of single functions. ``enforced`` is off on one machine, as with func."""

    master: str = MASTER
    host: tuple[str, ...] = ()
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    enforced: bool = False

    def is_master(self, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """Whether the caller shows the master key."""
        return _same(_shown(headers, query), (self.master,))

    def allows(self, level: str, name: str, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """Whether a function of this level may be called."""
        level = level.upper()
        if not self.enforced or level == "ANONYMOUS":
            return True
        shown = _shown(headers, query)
        if _same(shown, (self.master,)):
            return True
        return level == "FUNCTION" and _same(shown, (*self.host, *self.functions.get(name, ())))


def _shown(headers: Mapping[str, str], query: Mapping[str, str]) -> str:
    return headers.get(_HEADER) or query.get("code", "")


def _same(shown: str, keys: tuple[str, ...]) -> bool:
    return any(compare_digest(shown.encode(), key.encode()) for key in keys if key)
