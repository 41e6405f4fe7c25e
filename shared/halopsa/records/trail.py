"""HaloPSA's rows of what was done to it: configuration commits, audit entries, webhooks and their delivery log, time."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from shared.halopsa.records.wire import HaloBool, HaloDate, HaloDecimal, HaloGuid, HaloId, HaloInt, HaloText, Record


class ConfigCommit(Record):
    """A change of configuration and where it was made."""

    kind: ClassVar[str] = "ConfigCommit"

    id: HaloId
    timestamp: HaloDate = None
    source_instance_id: HaloId | None = None
    agent_id: HaloId | None = None
    summary: HaloText = ""
    operation: HaloText = ""
    payload: HaloText = ""
    rolled_back: HaloBool = False
    rolled_back_timestamp: HaloDate = None
    rolled_back_agent_id: HaloId | None = None
    is_merge: HaloBool = False


class AuditEntry(Record):
    """One change of one value, where the tenant keeps them; many tenants answer none."""

    kind: ClassVar[str] = "Audit"

    id: HaloId
    ticket_id: HaloId | None = None
    agent_id: HaloId | None = None
    date: HaloDate = None
    table_name: HaloText = ""
    value: HaloText = ""
    before: HaloText = Field(default="", validation_alias="from")
    after: HaloText = Field(default="", validation_alias="to")
    clientid: HaloId | None = None


class WebhookRow(Record):
    """A webhook or a runbook (``type`` 1); the password is never answered."""

    kind: ClassVar[str] = "Webhook"

    id: HaloGuid
    name: HaloText = ""
    url: HaloText = ""
    type: HaloInt = 0
    active: HaloBool | None = None
    authentication_type: HaloInt = 0
    batch_method: HaloInt = 0
    last_status: HaloInt | None = None


class Delivered(Record):
    """One attempt in HaloPSA's own delivery log."""

    kind: ClassVar[str] = "WebhookEvent"

    id: HaloGuid
    webhook_id: HaloGuid | None = None
    timestamp: HaloDate = None
    status: HaloInt | None = None
    responsestatus: HaloInt | None = None
    requestbody: HaloText = ""
    entity_id: HaloId | None = None
    error: HaloBool = False


class CustomIntegrationRow(Record):
    """A connection out of HaloPSA that somebody defined."""

    kind: ClassVar[str] = "CustomIntegration"

    id: HaloId
    name: HaloText = ""


class TimesheetEventRow(Record):
    """A piece of an agent's day; most are made from actions and carry id 0."""

    kind: ClassVar[str] = "TimesheetEvent"

    agent_id: HaloId | None = None
    ticket_id: HaloId | None = None
    action_number: HaloInt | None = None
    start_date: HaloDate = None
    end_date: HaloDate = None
    event_type: HaloInt | None = None
    timetaken: HaloDecimal | None = None
    client_id: HaloId | None = None
    contract_id: HaloId | None = None
    charge_rate: HaloInt | None = None
