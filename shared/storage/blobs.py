"""Blobs on Azure Blob storage."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from shared.errors import NotFound, RowExists, RowStale
from shared.ports import BlobInfo, Blobs
from shared.storage.account import ONCE, Account, code_of, reaching, whole_store_missing

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient

_ONE_PUT = 128 * 1024 * 1024
"""Up to here a blob goes in one request: append-only roles may not put blocks."""
_BLOCK = 4 * 1024 * 1024
_PAUSE: Any = 0.2  # the SDK says int and takes any number
"""Seconds between retries, give or take as much."""
_NO_OVERWRITE = "UnauthorizedBlobOverwrite"
_SKEW = timedelta(minutes=5)


class AzureBlobs(Blobs):
    """``shared.ports.Blobs`` on the evidence account. Safe to share between threads."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._containers: dict[str, ContainerClient] = {}
        self._lock = Lock()

    @cached_property
    def service(self) -> BlobServiceClient:
        """The SDK's client, built at first use."""
        from azure.storage.blob import BlobServiceClient, LinearRetry

        options = self._account.options()
        retries = {name: options.pop(name) for name in list(options) if name.startswith("retry_")}
        options |= {
            "retry_policy": LinearRetry(backoff=_PAUSE, random_jitter_range=_PAUSE, **retries),
            "max_single_put_size": _ONE_PUT,
            "max_block_size": _BLOCK,
        }
        if self._account.connection:
            return BlobServiceClient.from_connection_string(self._account.connection, **options)
        return BlobServiceClient(self._account.blob_url, credential=self._account.credential, **options)

    def _container(self, name: str) -> ContainerClient:
        with self._lock:
            client = self._containers.get(name)
            if client is None:
                client = self._containers[name] = self.service.get_container_client(name)
            return client

    def _blob(self, container: str, name: str) -> BlobClient:
        return self._container(container).get_blob_client(name)

    @override
    def create(self, container: str, name: str, data: bytes, media_type: str = "application/octet-stream") -> None:
        from azure.core.exceptions import HttpResponseError, ResourceExistsError

        with reaching(f"create a blob in {container}"):
            try:
                self._blob(container, name).upload_blob(
                    data, overwrite=False, content_settings=_content(media_type), **ONCE
                )
            except ResourceExistsError as fault:
                raise RowExists(f"{container} already holds {name}.") from fault
            except HttpResponseError as fault:
                # To a role that may only add, the service says so instead of naming the blob that is there.
                if code_of(fault) == _NO_OVERWRITE:
                    raise RowExists(f"{container} already holds {name}.") from fault
                raise

    @override
    def put(
        self,
        container: str,
        name: str,
        data: bytes,
        media_type: str = "application/octet-stream",
        *,
        etag: str | None = None,
    ) -> str:
        from azure.core import MatchConditions

        condition: dict[str, Any] = {}
        if etag == "":
            condition = {"match_condition": MatchConditions.IfMissing, **ONCE}
        elif etag is not None:
            condition = {"etag": etag, "match_condition": MatchConditions.IfNotModified, **ONCE}
        with reaching(f"write a blob in {container}"), _conflicts(container, name):
            answer = self._blob(container, name).upload_blob(
                data, overwrite=True, content_settings=_content(media_type), **condition
            )
            return str(answer["etag"])

    @override
    def get(self, container: str, name: str) -> bytes | None:
        found = self.get_with_etag(container, name)
        return found[0] if found else None

    @override
    def get_with_etag(self, container: str, name: str) -> tuple[bytes, str] | None:
        from azure.core.exceptions import ResourceNotFoundError

        with reaching(f"read a blob of {container}"):
            try:
                stream = self._blob(container, name).download_blob()
                return bytes(stream.readall()), str(stream.properties.etag)
            except ResourceNotFoundError as fault:
                if whole_store_missing(fault):
                    raise
                return None

    @override
    def get_range(self, container: str, name: str, offset: int, length: int) -> bytes:
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        with reaching(f"read a part of a blob of {container}"):
            if length <= 0:
                if self.info(container, name) is None:
                    raise NotFound(f"{container} holds no {name}.")
                return b""
            try:
                return bytes(self._blob(container, name).download_blob(offset=offset, length=length).readall())
            except ResourceNotFoundError as fault:
                if whole_store_missing(fault):
                    raise
                raise NotFound(f"{container} holds no {name}.") from fault
            except HttpResponseError as fault:
                if fault.status_code == 416:  # nothing there beyond the end
                    return b""
                raise

    @override
    def info(self, container: str, name: str) -> BlobInfo | None:
        from azure.core.exceptions import ResourceNotFoundError

        with reaching(f"look at a blob of {container}"):
            try:
                found = self._blob(container, name).get_blob_properties()
            except ResourceNotFoundError as fault:
                if whole_store_missing(fault):
                    raise
                return None
        return BlobInfo(name, int(found.size), str(found.etag), found.last_modified.astimezone(UTC))

    @override
    def list(self, container: str, prefix: str = "") -> Iterator[BlobInfo]:
        with reaching(f"list {container}"):
            for found in self._container(container).list_blobs(name_starts_with=prefix or None):
                # The service's listing leaves the quotes of an etag out; the other calls do not.
                etag = '"' + str(found.etag).strip('"') + '"'
                yield BlobInfo(str(found.name), int(found.size), etag, found.last_modified.astimezone(UTC))

    @override
    def delete(self, container: str, name: str) -> None:
        from azure.core.exceptions import ResourceNotFoundError

        with reaching(f"delete a blob of {container}"), _conflicts(container, name):
            try:
                self._blob(container, name).delete_blob()
            except ResourceNotFoundError as fault:
                if whole_store_missing(fault):
                    raise

    @override
    def upload(self, container: str, name: str, chunks: Iterable[bytes], media_type: str) -> None:
        with reaching(f"upload into {container}"), _conflicts(container, name):
            self._blob(container, name).upload_blob(
                iter(chunks), overwrite=True, content_settings=_content(media_type), max_concurrency=1
            )

    @override
    def link(self, container: str, name: str, minutes: int) -> str | None:
        if self._account.connection:  # one machine: the host itself serves the bytes
            return None
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        now = datetime.now(UTC)  # noqa: TID251  # the link's lifetime is the vault's clock, not a judgement
        start, end = now - _SKEW, now + timedelta(minutes=minutes)
        with reaching(f"make a link into {container}"):
            key = self.service.get_user_delegation_key(start, end)
        client = self._blob(container, name)
        signature = generate_blob_sas(
            account_name=str(self.service.account_name),
            container_name=container,
            blob_name=name,
            user_delegation_key=key,
            permission=BlobSasPermissions(read=True),
            start=start,
            expiry=end,
        )
        return f"{client.url}?{signature}"


def _content(media_type: str) -> Any:
    from azure.storage.blob import ContentSettings

    return ContentSettings(content_type=media_type)


@contextmanager
def _conflicts(container: str, name: str) -> Iterator[None]:
    """A lost race is RowStale; a write-once container that already holds the name is RowExists."""
    from azure.core.exceptions import HttpResponseError

    try:
        yield
    except HttpResponseError as fault:
        code = code_of(fault)
        if "Immutable" in code or code == "BlobImmutableDueToPolicy":
            raise RowExists(f"{container} is write-once and already holds {name}.") from fault
        if fault.status_code == 412 or code in ("ConditionNotMet", "BlobAlreadyExists"):
            raise RowStale(f"{container} {name} has changed.") from fault
        if fault.status_code == 404 and not whole_store_missing(fault):
            raise RowStale(f"{container} {name} is gone.") from fault
        raise
