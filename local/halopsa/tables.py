"""What each HaloPSA table looks like from outside: its list shape, its scope, its row identity, its time stamp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.halopsa.paths import ROOTS

Row = dict[str, Any]
Key = tuple[int | str, ...]

_ENVELOPES = {
    "Tickets": "tickets",
    "Opportunities": "tickets",
    "Projects": "tickets",
    "Actions": "actions",
    "Client": "clients",
    "Site": "sites",
    "Users": "users",
    "Asset": "assets",
    "ClientContract": "contracts",
    "Invoice": "invoices",
    "RecurringInvoice": "invoices",
    "InvoicePayment": "payments",
    "InvoiceChange": "changehistory",
    "AssetChange": "changehistory",
    "ItemStockHistory": "changehistory",
    "InvoiceDetailProRata": "prorata",
    "ClientPrepay": "prepay",
    "Item": "items",
    "Supplier": "suppliers",
    "Report": "reports",
    "Appointment": "appointments",
    "Attachment": "attachments",
    "SoftwareLicence": "licences",
    "Release": "releases",
    "Quotation": "quotes",
    "SalesOrder": "salesorders",
    "PurchaseOrder": "purchaseorders",
    "Template": "stdrequests",
    "KBArticle": "articles",
    "CRMNote": "actions",
    "Service": "services",
    "SupplierContract": "contracts",
    "Audit": "audit",
    "Notifications": "notifications",
    "Event": "events",
    "Automation": "automations",
    "Feed": "feed",
    "ToDoGroup": "data",
    "Consignment": "consignments",
    "UserChange": "changes",
    "LicenceChange": "changes",
    "DistributionLists": "distributionlists",
    "DashboardLinks": "dashboards",
    "incomingemail": "emails",
    "Outgoing": "outgoing",
    "OutgoingAttempt": "attempts",
    "TopLevel": "toplevels",
    "WebhookEvent": "webhookevents",
}

_SCOPES = {
    "tickets": "Tickets Actions Attachment TicketApproval ToDo Feedback FaultsForecasting Template CannedText",
    "projects": "Projects",
    "sales": "Opportunities",
    "customers": "Client Site Users TopLevel UserChange ClientPrepay PopupNote AreaAzureTenant",
    "crm": "CRMNote",
    "contracts": "ClientContract ContractRule ContractSchedule ContractSchedulePlan",
    "suppliers": "Supplier SupplierContract itemsupplier",
    "items": "Item ItemGroup ItemStock ItemStockHistory RecurringItem",
    "quotes": "Quotation",
    "sos": "SalesOrder OrderLine",
    "pos": "PurchaseOrder",
    "invoices": "Invoice RecurringInvoice InvoicePayment InvoiceChange InvoiceDetailProRata",
    "reporting": "Report ReportData",
    "assets": "Asset AssetChange AssetGroup AssetSoftware AssetType AssetTypeInfo",
    "kb": "KBArticle KBArticleAnon FAQLists",
    "softwarelicensing": "SoftwareLicence SoftwareLicenceRole LicenceChange",
    "timesheets": "Timesheet TimesheetEvent",
    "calendar": "Appointment Holiday",
    "distributionlists": "DistributionLists DistributionListsLog",
    "webhooks": "Webhook WebhookEvent Notification",
    "admin": "Application Roles Control ConfigCommit Audit Automation CustomIntegration CustomIntegrationMethod "
    "LicenseInfo IntegratorLog IntegrationError SecurityCheck SQLImport Certificate",
}

_STAMPS = {
    "last_update": "Tickets",
    "last_updated": "Actions",
    "last_modified": "Invoice RecurringInvoice ClientContract Agent Appointment Team",
    "last_update_time": "Quotation SalesOrder",
}

# What a list row does not carry although the detail does (the List schemas of the OpenAPI document).
_DETAIL_ONLY = {
    "Tickets": "todo_list createdfrom_id milestones budgets is_project is_opportunity audit_log related_tickets "
    "template_id closure_note child_ticket_ids",
    "ClientContract": "percentageincrease nextincrementdate termmonths rollingcontract costperperiod dontinvoice "
    "periods billingplans chargerates assets users salesorder_id contract_prepaytotal contract_prepayused "
    "contract_prepaybalance signature",
    "Quotation": "lines total tax_total revenue margin signature approvalname approvalemailaddress approvaldatetime "
    "approvalnote approvalstate",
    "Invoice": "lines",
    "RecurringInvoice": "lines",
    "SalesOrder": "lines",
    "Agent": "roles claims is_admin access_control delegation_activated delegation_timebased delegation_start "
    "delegation_end delegation_user_id delegation_user_name can_approve_purchaseorder",
    "Report": "sql report",
}

_GUIDS = frozenset({"Webhook", "WebhookEvent", "Roles", "Application", "Priority"})
_IGNORES_PAGING = frozenset({"TimesheetEvent", "incomingemail", "CRMNote", "Feed", "Actions"})
_VIEWS = {"Projects": "Tickets", "Opportunities": "Tickets"}


def _spread(groups: Mapping[str, str]) -> dict[str, str]:
    return {name: group for group, names in groups.items() for name in names.split()}


_SCOPE_OF = _spread(_SCOPES)
_STAMP_OF = _spread(_STAMPS)


@dataclass(frozen=True, slots=True)
class Shape:
    """One path as clients see it. ``table`` is where its rows are kept."""

    path: str
    table: str
    rows_key: str | None
    scope: str | None
    guid: bool
    stamp: str | None
    detail_only: frozenset[str]
    ignores_paging: bool


def shape(path: str) -> Shape:
    """The shape of a path by its canonical name; unknown names are bare arrays that any token may read."""
    table = _VIEWS.get(path, path)
    return Shape(
        path=path,
        table=table,
        rows_key=_ENVELOPES.get(path),
        scope=_SCOPE_OF.get(path),
        guid=table in _GUIDS,
        stamp=_STAMP_OF.get(table),
        detail_only=frozenset(_DETAIL_ONLY.get(table, "").split()),
        ignores_paging=path in _IGNORES_PAGING,
    )


def canonical(name: str) -> str:
    """The spelling HaloPSA's document uses for a path, whatever the caller's."""
    return ROOTS.get(name.lower(), name)


def key_of(table: str, row: Row) -> Key | None:
    """Identity of a row in its table, or None when it carries none yet."""
    if table == "Actions":
        return _numbers(row, "ticket_id", "id")
    if table == "Lookup":
        return _numbers(row, "lookupid", "id")
    if table == "Timesheet":
        return _pair(row, "agent_id", "date")
    if table == "TimesheetEvent" and not row.get("id"):
        parts = tuple(row.get(name, "") for name in ("agent_id", "start_date", "ticket_id", "action_number"))
        return parts if any(parts) else None
    if table == "Application" and row.get("id") in (None, ""):
        client = row.get("clientId")
        return (str(client),) if client else None
    value = row.get("id")
    if value in (None, ""):
        return None
    return (value if isinstance(value, int) else str(value),)


def _numbers(row: Row, first: str, second: str) -> Key | None:
    one, two = row.get(first), row.get(second)
    return None if one is None or two is None else (one, two)


def _pair(row: Row, first: str, second: str) -> Key | None:
    one, two = row.get(first), row.get(second)
    return None if one is None or two is None else (one, str(two))
