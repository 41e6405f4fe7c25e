"""Where bytes rest: rows, blobs and queues of the evidence account."""

from shared.storage.account import CONTAINERS, POISON, QUEUES, TABLES, Account, azurite_connection
from shared.storage.blobs import AzureBlobs
from shared.storage.provision import ensure_storage
from shared.storage.queues import AzureQueues
from shared.storage.rows import AzureRows

__all__ = [
    "CONTAINERS",
    "POISON",
    "QUEUES",
    "TABLES",
    "Account",
    "AzureBlobs",
    "AzureQueues",
    "AzureRows",
    "azurite_connection",
    "ensure_storage",
]
