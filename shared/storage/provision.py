"""Tables, containers and queues on one machine; in Azure Bicep creates them and our identities may not."""

from __future__ import annotations

from shared.errors import Misconfigured
from shared.storage.account import CONTAINERS, POISON, QUEUES, TABLES, Account, reaching
from shared.storage.blobs import AzureBlobs
from shared.storage.queues import AzureQueues


def ensure_storage(account: Account) -> None:
    """Create what is missing. Misconfigured when the account is not a local one."""
    if not account.connection:
        raise Misconfigured("Storage is created by the deployment in Azure; only a local account may be set up here.")
    from azure.core.exceptions import ResourceExistsError
    from azure.data.tables import TableServiceClient

    tables = TableServiceClient.from_connection_string(account.connection, **account.options())
    blobs, queues = AzureBlobs(account), AzureQueues(account)
    with reaching("create tables, containers and queues"):
        for table in TABLES:
            tables.create_table_if_not_exists(table)
        for container in CONTAINERS:
            try:
                blobs.service.create_container(container)
            except ResourceExistsError:
                continue
        for queue in QUEUES:
            for name in (queue, queue + POISON):
                try:
                    queues.service.create_queue(name)
                except ResourceExistsError:
                    continue
