"""Where the host keeps its keys when it is told of storage by identity: in its own account, as in Azure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from shared.storage import Account, AzureBlobs

CONTAINER, NAME = "azure-webjobs-secrets", "host.json"


class HostSecrets:
    """The master key, written at the first start and read whenever somebody shows one."""

    def __init__(self, account: Account) -> None:
        self._blobs = AzureBlobs(account)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> HostSecrets | None:
        """None where the host has a connection string, or nothing at all."""
        url = environ.get("AzureWebJobsStorage__blobServiceUri", "")
        if not url:
            return None
        client = environ.get("AzureWebJobsStorage__clientId", "")
        return cls(Account(blob_url=url, client_id=client, ca=environ.get("ATTEST_STORAGE_CA", "")))

    def keep(self, master: str) -> None:
        """Make the container and write the key. Raises what the store says when the identity may not."""
        from azure.core.exceptions import ResourceExistsError

        with suppress(ResourceExistsError):
            self._blobs.service.create_container(CONTAINER)
        self._blobs.put(CONTAINER, NAME, json.dumps({"masterKey": master}).encode(), "application/json")

    def master(self) -> str:
        """The key; empty when it cannot be read, so that no key is right."""
        from shared.errors import AttestError

        try:
            held = self._blobs.get(CONTAINER, NAME)
        except AttestError:
            return ""
        return str(json.loads(held)["masterKey"]) if held else ""
