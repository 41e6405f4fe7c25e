"""What logs are called: opaque ids, so that neither a key, a proof nor a checkpoint tells whose log it is."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

_ID_LETTERS = 20
TABLE = "ledger"
LOGS = "logs"
"""Partition of TABLE that lists every log, so that sealers can find them."""
FIRST_INDEX_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where this installation's logs live. Origin and salt never change; the incarnation rises after a restore."""

    origin: str
    incarnation: str
    salt: str = field(repr=False)

    def _id(self, letter: str, name: str) -> str:
        text = f"{self.incarnation}\n{name}".encode("utf-8", "surrogatepass")
        return f"{letter}-{hmac.new(self.salt.encode(), text, hashlib.sha256).hexdigest()[:_ID_LETTERS]}"

    def log_of(self, customer: str | None) -> str:
        """The log of a customer; None is the service's own log."""
        return self._id("s", "") if customer is None else self._id("t", customer)

    @property
    def meta(self) -> str:
        """The log whose leaves are the other logs' checkpoints."""
        return self._id("m", "")

    def origin_of(self, log: str) -> str:
        """First line of that log's checkpoints."""
        return f"{self.origin}/{self.incarnation}/{log}"


def entry_key(index: int) -> str:
    """Row key of a sealed entry."""
    return f"e-{index:020d}"


def seal_key(number: int) -> str:
    """Row key of a seal."""
    return f"s-{number:020d}"


def checkpoint_key(size: int) -> str:
    """Row key of a published checkpoint."""
    return f"c-{size:020d}"


def claim_key(key: str) -> str:
    """Row key that makes an entry's key unique within its log; keys are compared byte for byte."""
    return "i-" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def payload_blob(log: str, digest: str) -> str:
    """Blob name of a payload that is too large for a row; per log, so that erasing one customer touches no other."""
    return f"{log}/sha256/{digest[:2]}/{digest}"
