"""What host.json says, with the Functions host's own defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.processes import StartFailed


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """``extensions.queues`` of host.json."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    retry_seconds: float = 0
    """Called visibilityTimeout there: how long a failed message rests."""
    message_encoding: str = "base64"


@dataclass(frozen=True, slots=True)
class HostOptions:
    """The parts of host.json that this stand-in acts on."""

    route_prefix: str = "api"
    queues: QueueOptions = QueueOptions()

    @classmethod
    def read(cls, path: Path) -> HostOptions:
        """From a file; StartFailed when it is not host.json version 2.0."""
        try:
            document = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as fault:
            raise StartFailed(f"{path.name} cannot be read: {fault}.") from None
        if not isinstance(document, dict) or document.get("version") != "2.0":
            raise StartFailed(f'{path.name} must be an object with "version": "2.0".')
        return cls.of(document)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> HostOptions:
        """From the parsed document."""
        extensions = document.get("extensions", {})
        queues = extensions.get("queues", {})
        batch = int(queues.get("batchSize", 16))
        if not 1 <= batch <= 32:
            raise StartFailed("host.json: queues.batchSize must be from 1 to 32.")
        return cls(
            route_prefix=str(extensions.get("http", {}).get("routePrefix", "api")).strip("/"),
            queues=QueueOptions(
                batch_size=batch,
                new_batch_threshold=int(queues.get("newBatchThreshold", batch // 2)),
                max_dequeue_count=int(queues.get("maxDequeueCount", 5)),
                retry_seconds=_seconds(str(queues.get("visibilityTimeout", "00:00:00"))),
                message_encoding=str(queues.get("messageEncoding", "base64")).lower(),
            ),
        )


def _seconds(text: str) -> float:
    parts = text.split(":")
    if len(parts) != 3 or not all(part.replace(".", "", 1).isdigit() for part in parts):
        raise StartFailed(f"host.json: {text!r} is not a time like 00:00:30.")
    return int(parts[0]) * 3600 + int(parts[1]) * 60 + float(parts[2])
