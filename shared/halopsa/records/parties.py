"""HaloPSA's rows of whom we work for: clients, sites, users. Names of people are not read: no control needs them."""

from __future__ import annotations

from typing import ClassVar

from shared.halopsa.records.wire import HaloBool, HaloId, HaloText, Record


class ClientRow(Record):
    """A client (Area)."""

    kind: ClassVar[str] = "Client"

    id: HaloId
    name: HaloText = ""
    inactive: HaloBool = False


class SiteRow(Record):
    """A site of a client; HaloPSA types ``client_id`` as a number and may send 12.0."""

    kind: ClassVar[str] = "Site"

    id: HaloId
    name: HaloText = ""
    client_id: HaloId | None = None
    inactive: HaloBool = False
    isinvoicesite: HaloBool | None = None


class UserRow(Record):
    """A user of a client."""

    kind: ClassVar[str] = "Users"

    id: HaloId
    client_id: HaloId | None = None
    site_id: HaloId | None = None
    inactive: HaloBool = False
    emailaddress: HaloText | None = None
    """Compared, and never told."""
    linked_agent_id: HaloId | None = None
