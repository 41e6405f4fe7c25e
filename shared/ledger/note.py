"""C2SP signed notes and checkpoints, written; ``verify.py`` is who reads them."""

from __future__ import annotations

import base64
import hashlib
import re

from shared.errors import LedgerError
from shared.ports import Signer

ALGORITHM = b"\x02"
"""Signature type of ECDSA with SHA-256; the key is P-256."""
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


def key_id(spki: bytes) -> bytes:
    """First four bytes of the SHA-256 of the public key's SPKI DER."""
    return hashlib.sha256(spki).digest()[:4]


def verifier_key(name: str, spki: bytes) -> str:
    """The line an auditor pins."""
    return f"{name}+{key_id(spki).hex()}+{base64.b64encode(ALGORITHM + spki).decode()}"


def pem(spki: bytes) -> str:
    """The same key for openssl."""
    body = base64.b64encode(spki).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""])


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """A checkpoint's note text: origin, size, root."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign(text: str, signer: Signer) -> str:
    """The signed note."""
    signature = base64.b64encode(key_id(signer.public_spki) + signer.sign(text.encode())).decode()
    return f"{text}\n— {signer.name} {signature}\n"


def text_of(note: str) -> str:
    """A note's text without signatures, as we wrote it."""
    text, found, _ = note.rpartition("\n\n")
    if not found:
        raise LedgerError("A stored checkpoint is not a signed note.", code="E_FORMAT")
    return text + "\n"


def read_checkpoint(text: str) -> tuple[str, int, bytes]:
    """Origin, size and root of a checkpoint's text. Raises LedgerError (E_FORMAT)."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not _SIZE.fullmatch(lines[1]):
        raise LedgerError("A stored checkpoint does not have the three lines it must.", code="E_FORMAT")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except ValueError:
        root = b""
    if len(root) != 32 or base64.b64encode(root).decode() != lines[2]:
        raise LedgerError("A stored checkpoint's root is not 32 bytes of base64.", code="E_FORMAT")
    return lines[0], int(lines[1]), root
