"""What the verifier's steps cost by themselves, beside the library they could be written with; JSON lines."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.ledger import verify
from shared.signing import FileSigner


def _rate(call: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        call()
    return count / (time.perf_counter() - began)


def main() -> None:
    """Signatures, leaves and canonical JSON per second."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    with TemporaryDirectory() as folder:
        signer = FileSigner(Path(folder) / "key.pem", "bench")
        spki, signature = signer.public_spki, signer.sign(b"text")
        public = load_der_public_key(spki)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return
        leaf = json.dumps(
            {f"name{number}": "value" * 5 for number in range(12)}, separators=(",", ":"), sort_keys=True
        ).encode()
        tree = verify.Tree(0, ())
        pairs = {
            "verify_signature": (
                _rate(lambda: verify.verify_p256(spki, b"text", signature), 200),
                _rate(lambda: public.verify(signature, b"text", ec.ECDSA(SHA256())), 2000),
            ),
            "verify_leaf": (
                _rate(lambda: tree.add(verify.leaf_hash(leaf)), 100_000),
                _rate(lambda: hashlib.sha256(b"\x00" + leaf).digest(), 100_000),
            ),
            "verify_canonical": (
                _rate(lambda: verify.strict_json(leaf, "E_LEAF"), 20_000),
                _rate(lambda: json.loads(leaf), 20_000),
            ),
        }
        for name, (rate, floor) in pairs.items():
            line = {"bench": name, "per_s": round(rate), "floor_per_s": round(floor), "ratio": round(rate / floor, 3)}
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
