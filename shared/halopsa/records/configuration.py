"""HaloPSA's rows of configuration: types, statuses, priorities, service levels, teams, workflows, categories, rates."""

from __future__ import annotations

from typing import Any, ClassVar

from shared.halopsa.records.wire import HaloBool, HaloDate, HaloDecimal, HaloGuid, HaloId, HaloInt, HaloText, Record


class TicketType(Record):
    """A ticket type (RequestType)."""

    kind: ClassVar[str] = "TicketType"

    id: HaloId
    name: HaloText = ""
    use: HaloText = ""
    itilrequesttype: HaloInt | None = None
    group_id: HaloId | None = None
    workflow_id: HaloId | None = None
    visible: HaloBool | None = None


class Status(Record):
    """A status (TStatus)."""

    kind: ClassVar[str] = "Status"

    id: HaloId
    name: HaloText = ""
    shortname: HaloText = ""
    type: HaloInt | None = None
    sequence: HaloInt | None = None
    slaaction: HaloText = ""


class Priority(Record):
    """A priority of one service level (Policy): ``id`` is a GUID, ``priorityid`` what tickets store."""

    kind: ClassVar[str] = "Priority"

    id: HaloGuid
    priorityid: HaloId
    slaid: HaloId | None = None
    name: HaloText = ""
    fixtime: HaloDecimal | None = None
    fixunits: HaloText = ""
    responsetime: HaloDecimal | None = None
    responseunits: HaloText = ""
    ishidden: HaloBool = False


class ServiceLevel(Record):
    """A service level."""

    kind: ClassVar[str] = "SLA"

    id: HaloId
    name: HaloText = ""
    workday_id: HaloId | None = None


class Team(Record):
    """A team (SectionDetail)."""

    kind: ClassVar[str] = "Team"

    id: HaloId
    name: HaloText = ""
    department_id: HaloId | None = None
    inactive: HaloBool = False


class Workflow(Record):
    """A workflow (FlowHeader); its steps are read as they come."""

    kind: ClassVar[str] = "Workflow"

    id: HaloId
    name: HaloText = ""
    active: HaloBool | None = None
    in_use: HaloBool | None = None
    steps: tuple[dict[str, Any], ...] = ()


class Category(Record):
    """A category."""

    kind: ClassVar[str] = "Category"

    id: HaloId
    value: HaloText = ""
    type_id: HaloId | None = None


class ChargeRate(Record):
    """What an hour of a charge type is billed at, and from when."""

    kind: ClassVar[str] = "ChargeRate"

    id: HaloId
    charge_id: HaloId | None = None
    contract_id: HaloId | None = None
    rate: HaloDecimal | None = None
    startdate: HaloDate = None
    expirydate: HaloDate = None
    current: HaloBool | None = None


class CurrencyRow(Record):
    """A currency; ``code`` is ISO 4217."""

    kind: ClassVar[str] = "Currency"

    id: HaloId
    code: HaloText = ""
    name: HaloText = ""
    conversion_rate: HaloDecimal | None = None


class ItemRow(Record):
    """An item of the catalogue."""

    kind: ClassVar[str] = "Item"

    id: HaloId
    name: HaloText = ""
    costprice: HaloDecimal | None = None
    baseprice: HaloDecimal | None = None
    isrecurringitem: HaloBool | None = None
