"""Signers: the key file's life, and Key Vault through a stand-in for its HTTP transport."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from shared.errors import Misconfigured, Unavailable
from shared.ledger import verify
from shared.signing import FileSigner, KeyVaultSigner, der_of, signer_for


def test_a_key_file_is_made_once_and_kept_private(tmp_path):
    """Made on first use, readable by its owner only, the same key for every process and thread."""
    path = tmp_path / "deep" / "key.pem"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: FileSigner(path, "log.example").public_spki, range(8)))
    assert len(keys) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["key.pem"]
    signer = signer_for(f"file:{path}", "log.example", None)
    assert (signer.name, signer.public_spki) == ("log.example", keys.pop())
    assert verify.verify_p256(signer.public_spki, b"text", signer.sign(b"text"))


@pytest.mark.parametrize("kind", ["rubbish", "p384"])
def test_other_keys_are_refused(kind, tmp_path):
    """A file that holds no P-256 key is a setting to correct."""
    key = ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(b"rubbish" if kind == "rubbish" else key)
    with pytest.raises(Misconfigured):
        FileSigner(tmp_path / "key.pem", "log.example").sign(b"text")


@pytest.mark.parametrize("setting", ["", "http://vault.example/keys/k", "key.pem"])
def test_settings_that_name_no_key(setting):
    """Only a file or an https URL will do."""
    with pytest.raises(Misconfigured):
        signer_for(setting, "log.example", SimpleNamespace())


def test_der_from_the_vaults_form():
    """Both halves side by side become DER that verifies; another length is refused."""
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(b"text", ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(signature)
    assert der_of(r.to_bytes(32, "big") + s.to_bytes(32, "big")) == signature
    with pytest.raises(Unavailable):
        der_of(b"short")


def test_key_vault_signs_a_digest(monkeypatch):
    """The vault is handed the digest and the pinned version; its answer becomes a DER signature."""
    from azure.core.exceptions import HttpResponseError
    from azure.keyvault import keys
    from azure.keyvault.keys import crypto

    key, asked = ec.generate_private_key(ec.SECP256R1()), []
    numbers = key.public_key().public_numbers()

    class Client:
        def __init__(self, url, _credential):
            asked.append(url)

        def get_key(self, name, version):
            asked.append((name, version))
            web = SimpleNamespace(crv="P-256", x=numbers.x.to_bytes(32, "big"), y=numbers.y.to_bytes(32, "big"))
            return SimpleNamespace(id="https://vault.example/keys/log/v7", key=web)

    class Crypto:
        def __init__(self, url, _credential):
            asked.append(url)

        def sign(self, algorithm, digest):
            if digest == b"":
                raise HttpResponseError("down")
            assert (algorithm, len(digest)) == ("ES256", 32)
            r, s = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
            return SimpleNamespace(signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    monkeypatch.setattr(keys, "KeyClient", Client)
    monkeypatch.setattr(crypto, "CryptographyClient", Crypto)
    signer = KeyVaultSigner("https://vault.example/keys/log", "log.example", SimpleNamespace())
    assert asked == []
    assert verify.verify_p256(signer.public_spki, b"text", signer.sign(b"text"))
    assert signer.public_spki == key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert asked == ["https://vault.example", ("log", None), "https://vault.example/keys/log/v7"]
