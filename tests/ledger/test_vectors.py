"""Public vectors: RFC 6962 proofs, RFC 8785 canonical JSON. Read from beside the checkout, never copied into it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import rfc8785

from shared.ledger import merkle, verify

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "vectors"
needs_vectors = pytest.mark.skipif(not VECTORS.exists(), reason="the public vectors are not beside this checkout")


def _cases(kind):
    return [
        json.loads(path.read_text())
        for path in sorted((VECTORS / "rfc6962-merkle-proofs/testdata" / kind).rglob("*.json"))
    ]


def _bytes(text):
    return base64.b64decode(text or "")


@needs_vectors
def test_inclusion_98_of_98():
    """Every inclusion probe gets the verdict its author gave it."""
    right = [
        verify.verify_inclusion(
            case["leafIdx"],
            case["treeSize"],
            _bytes(case["leafHash"]),
            [_bytes(node) for node in case["proof"] or []],
            _bytes(case["root"]),
        )
        != case["wantErr"]
        for case in _cases("inclusion")
    ]
    assert (len(right), sum(right)) == (98, 98)


@needs_vectors
def test_consistency_98_of_98():
    """Every consistency probe gets the verdict its author gave it."""
    right = [
        verify.verify_consistency(
            case["size1"],
            case["size2"],
            [_bytes(node) for node in case["proof"] or []],
            _bytes(case["root1"]),
            _bytes(case["root2"]),
        )
        != case["wantErr"]
        for case in _cases("consistency")
    ]
    assert (len(right), sum(right)) == (98, 98)


@needs_vectors
def test_canonical_json_6_of_6():
    """The library we write leaves with agrees with RFC 8785's own test data."""
    folder = VECTORS / "jcs-rfc8785/testdata"
    names = sorted(path.name for path in (folder / "input").iterdir())
    assert len(names) == 6
    for name in names:
        assert (
            rfc8785.dumps(json.loads((folder / "input" / name).read_bytes())) == (folder / "output" / name).read_bytes()
        )


def test_every_proof_of_every_small_tree():
    """What the service proves, the verifier accepts, for all sizes up to 40; a wrong bit anywhere is refused."""
    leaves = [merkle.leaf_hash(b"%d" % number) for number in range(40)]
    root = [merkle.root_of(leaves[:size]) for size in range(41)]

    def ranged(first, last):
        return merkle.root_of(leaves[first:last])

    for size in range(1, 41):
        for index in range(size):
            path = merkle.inclusion_proof(index, size, ranged)
            assert verify.verify_inclusion(index, size, leaves[index], path, root[size])
            assert not verify.verify_inclusion(index, size, leaves[index], [*path, root[1]], root[size])
        for earlier in range(1, size + 1):
            path = merkle.consistency_proof(earlier, size, ranged)
            assert verify.verify_consistency(earlier, size, path, root[earlier], root[size])
            if path:
                assert not verify.verify_consistency(earlier, size, path[:-1], root[earlier], root[size])
        assert not verify.verify_consistency(0, size, [], root[0], root[size])


def test_canonical_bytes_sort_by_utf16():
    """Both encoders sort names as RFC 8785 says, which is not by code point."""
    value = {"\U0001f600": 1, "\ufb33": 2, "a": [True, None, '\u2028\x1f"\\']}
    assert verify.canon(value) == rfc8785.dumps(value)


def test_p256_accepts_only_proper_signatures():
    """K5: Signatures of an independent library verify; r or s of zero or n, extra bytes and other keys do not."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    for number in range(5):
        key, message = ec.generate_private_key(ec.SECP256R1()), b"message %d" % number
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(signature)
        assert verify.verify_p256(spki, message, signature)
        assert verify.verify_p256(point, message, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        assert not verify.verify_p256(spki, message + b"x", signature)
        assert not verify.verify_p256(spki[:-1] + bytes([spki[-1] ^ 1]), message, signature)
        for wrong in ((0, s), (r, 0), (order, s), (r + order, s), (r, s + order)):
            assert not verify.verify_p256(spki, message, encode_dss_signature(*wrong))
        for broken in (
            signature + b"\x00",
            signature[:-1],
            b"",
            b"\x30\x81" + signature[1:],
            signature[:2] + b"\x02\x00" + signature[4:],
            bytes(64),
        ):
            assert not verify.verify_p256(spki, message, broken)
