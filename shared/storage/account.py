"""Where the evidence account is, how we show who we are, and what every failure to reach it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from shared.errors import AttestError, StorageUnavailable
from shared.settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline.transport import RequestsTransport

TABLES = ("ledger", "claims", "evidence", "registers", "budget")
CONTAINERS = ("payloads", "tiles", "checkpoints", "mirror", "packs", "reports", "reporting")
QUEUES = ("deliveries", "runs", "actions", "reviews", "audits")
POISON = "-poison"

ONCE: dict[str, Any] = {"retry_connect": 2, "retry_read": 0, "retry_status": 0}
"""For writes that must happen once or not at all: a retry is safe only while the store has not seen the request,
because after a lost answer our own first attempt would look like somebody else's."""

WAITS: dict[str, Any] = {"connection_timeout": 5, "read_timeout": 15}
"""Seconds, for the transport: a client that is handed one overlooks its own, and the transport's defaults are 300."""

_RETRY_AFTER = 5
_CONNECTIONS = 64
_MISSING = frozenset({"TableNotFound", "ContainerNotFound", "QueueNotFound"})
_AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def azurite_connection(blob_port: int = 10000, scheme: str = "http") -> str:
    """Azurite's well-known account on this machine; queue and table listen on the next two ports."""
    ports = zip(("Blob", "Queue", "Table"), range(blob_port, blob_port + 3), strict=True)
    ends = "".join(f"{name}Endpoint={scheme}://127.0.0.1:{port}/devstoreaccount1;" for name, port in ports)
    return f"DefaultEndpointsProtocol={scheme};AccountName=devstoreaccount1;AccountKey={_AZURITE_KEY};{ends}"


@dataclass(frozen=True)
class Account:
    """The evidence account: a connection string on one machine, addresses and an identity in Azure."""

    connection: str = field(default="", repr=False)
    table_url: str = ""
    blob_url: str = ""
    queue_url: str = ""
    client_id: str = ""
    person: bool = False
    """A person at a shell, not the service."""
    ca: str = ""
    """PEM file of the authority behind its certificates; empty for those the system knows."""

    @classmethod
    def from_settings(cls, settings: Settings, *, person: bool = False) -> Account:
        """Read from ATTEST_STORAGE or ATTEST_STORAGE__*; the host's own account is never used."""
        values = settings.values
        connection = values.get("ATTEST_STORAGE", "")
        if connection == "UseDevelopmentStorage=true":
            connection = azurite_connection()
        return cls(
            connection=connection,
            table_url=values.get("ATTEST_STORAGE__tableServiceUri", ""),
            blob_url=values.get("ATTEST_STORAGE__blobServiceUri", ""),
            queue_url=values.get("ATTEST_STORAGE__queueServiceUri", ""),
            client_id=values.get("ATTEST_IDENTITY_CLIENT_ID", ""),
            person=person,
            ca=values.get("ATTEST_STORAGE_CA", ""),
        )

    @cached_property
    def credential(self) -> TokenCredential:
        """This app's managed identity; explicit, so that a wrong one fails at once instead of trying others."""
        from azure.identity import AzureCliCredential, ManagedIdentityCredential

        if self.person:
            return AzureCliCredential()
        return ManagedIdentityCredential(client_id=self.client_id or None)

    @cached_property
    def transport(self) -> RequestsTransport:
        """One pool of connections for all three services, wide enough for the handlers' threads."""
        from azure.core.pipeline.transport import RequestsTransport
        from requests.adapters import HTTPAdapter

        from shared.storage.lean import LeanSession

        session = LeanSession()
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_CONNECTIONS, max_retries=0)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        return RequestsTransport(
            session=session, session_owner=False, use_env_settings=False, connection_verify=self.ca or True, **WAITS
        )

    def options(self) -> dict[str, Any]:
        """What every client is built with: the shared pool with its short waits, few retries."""
        return {
            "transport": self.transport,
            "retry_total": 3,
            "retry_connect": 2,
            "retry_read": 2,
            "retry_status": 2,
        }

    def vault_options(self) -> dict[str, Any]:
        """What a client of the vault is built with: the same pool.

        On one machine the vault's address is not of the domain that its tokens are for, which the client would refuse.
        """
        return {"transport": self.transport, "verify_challenge_resource": not self.ca}

    def close(self) -> None:
        """Give the connections back."""
        if "transport" in self.__dict__:
            self.transport.session.close()


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Turn what the SDK raises, and the adapter did not expect, into StorageUnavailable without address or payload."""
    from azure.core.exceptions import AzureError, HttpResponseError

    try:
        yield
    except AttestError:
        raise
    except HttpResponseError as fault:
        code = code_of(fault) or str(fault.status_code or "no answer")
        raise StorageUnavailable(
            f"Storage refused to {what}: {code}.", retry_after=_RETRY_AFTER, status=fault.status_code, reason=code
        ) from fault
    except AzureError as fault:
        raise StorageUnavailable(
            f"Storage did not answer when asked to {what}.", retry_after=_RETRY_AFTER, reason=type(fault).__name__
        ) from fault


def code_of(fault: BaseException) -> str:
    """The store's own error code, as text; the SDK gives an enumeration, a text or nothing."""
    code = getattr(fault, "error_code", None) or ""
    return str(code.value if isinstance(code, Enum) else code)


def whole_store_missing(fault: BaseException) -> bool:
    """Whether a 404 speaks of the table, container or queue itself rather than of one row or blob."""
    # On inserts the tables SDK leaves the code in the answer's text.
    return code_of(fault) in _MISSING or any(code in str(fault) for code in _MISSING)
