"""ES256 signers: Key Vault in Azure, a key file that never leaves the machine locally."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING, Any

from shared.errors import Misconfigured, Unavailable

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    from shared.ports import Signer

_HALF = 32


def der_of(raw: bytes) -> bytes:
    """Both halves side by side, as Key Vault answers, to DER, as C2SP and openssl read."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if len(raw) != 2 * _HALF:
        raise Unavailable("The vault answered a signature that is not one of P-256.", code="signer_unusable")
    return encode_dss_signature(int.from_bytes(raw[:_HALF], "big"), int.from_bytes(raw[_HALF:], "big"))


class FileSigner:
    """Signs with a P-256 key in a PEM file, made on first use and readable by its owner only."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._lock = Lock()
        self._key: EllipticCurvePrivateKey | None = None

    @property
    def name(self) -> str:
        """C2SP key name."""
        return self._name

    def _load(self) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        with self._lock:
            if self._key is None:
                if not self._path.exists():
                    self._make()
                try:
                    key = load_pem_private_key(self._path.read_bytes(), None)
                except (ValueError, TypeError, OSError):
                    raise Misconfigured("The signing key file cannot be read.", code="signing_key_invalid") from None
                if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
                    raise Misconfigured("The signing key is not a P-256 key.", code="signing_key_invalid")
                self._key = key
            return self._key

    def _make(self) -> None:
        """Create the key file whole or not at all; a second process that comes first wins."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}-{token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            with suppress(FileExistsError):  # made by another process meanwhile
                os.link(draft, self._path)
        finally:
            draft.unlink()

    @property
    def public_spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._load().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """DER-encoded ECDSA P-256 SHA-256 signature."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.hashes import SHA256

        return self._load().sign(message, ec.ECDSA(SHA256()))


class KeyVaultSigner:
    """Signs with a Key Vault key; the private half never leaves the vault."""

    def __init__(self, key_url: str, name: str, credential: TokenCredential, **client_options: Any) -> None:
        self._url = key_url
        self._name = name
        self._credential = credential
        self._options = client_options
        self._spki: bytes | None = None
        self._crypto: Any = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """C2SP key name."""
        return self._name

    def _open(self) -> None:
        """Read the public half once and pin the key's version, so that both halves stay of one key."""
        from azure.core.exceptions import AzureError
        from azure.keyvault.keys import KeyClient, KeyVaultKeyIdentifier
        from azure.keyvault.keys.crypto import CryptographyClient
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        with self._lock:
            if self._spki is not None:
                return
            try:
                where = KeyVaultKeyIdentifier(self._url)
                client = KeyClient(where.vault_url, self._credential, **self._options)
                key = client.get_key(where.name, where.version)
            except ValueError:
                raise Misconfigured(
                    "ATTEST_SIGNING_KEY is not the URL of a Key Vault key.", code="signing_key_invalid"
                ) from None
            except AzureError:
                raise Unavailable("Key Vault does not answer.", code="signer_unavailable") from None
            public: Any = key.key  # JsonWebKey sets its fields when it is read
            if public.crv != "P-256" or not public.x or not public.y or not key.id:
                raise Misconfigured("The signing key is not a P-256 key.", code="signing_key_invalid")
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(public.x, "big"), int.from_bytes(public.y, "big"), ec.SECP256R1()
            )
            self._crypto = CryptographyClient(key.id, self._credential, **self._options)
            self._spki = numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def public_spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        self._open()
        return self._spki or b""

    def sign(self, message: bytes) -> bytes:
        """DER-encoded ECDSA P-256 SHA-256 signature."""
        from azure.core.exceptions import AzureError
        from azure.keyvault.keys.crypto import SignatureAlgorithm

        self._open()
        try:
            result = self._crypto.sign(SignatureAlgorithm.es256, hashlib.sha256(message).digest())
        except AzureError:
            raise Unavailable("Key Vault does not answer.", code="signer_unavailable") from None
        return der_of(result.signature)


def signer_for(setting: str, name: str, credential: TokenCredential | None, **client_options: Any) -> Signer:
    """The signer ATTEST_SIGNING_KEY names: ``file:`` and a path, or a Key Vault key's URL."""
    if setting.startswith("file:"):
        return FileSigner(Path(setting.removeprefix("file:")), name)
    if credential is None or not setting.startswith("https://"):
        raise Misconfigured(
            "ATTEST_SIGNING_KEY must be the https URL of a Key Vault key, or file: and a path.",
            code="signing_key_invalid",
        )
    return KeyVaultSigner(setting, name, credential, **client_options)
