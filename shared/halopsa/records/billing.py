"""HaloPSA's commercial rows: recurring and issued invoices, contracts, sales orders, and what time entries say about billing."""

from __future__ import annotations

from typing import ClassVar

from shared.halopsa.records.wire import HaloBool, HaloDate, HaloDecimal, HaloId, HaloInt, HaloText, Record


class InvoiceLine(Record):
    """A line of a recurring or an issued invoice (InvoiceDetail)."""

    kind: ClassVar[str] = "InvoiceDetail"

    id: HaloId | None = None
    item_code: HaloText | None = None
    item_shortdescription: HaloText | None = None
    site: HaloId | None = None
    qty_order: HaloDecimal | None = None
    unit_price: HaloDecimal | None = None
    unit_cost: HaloDecimal | None = None
    net_amount: HaloDecimal | None = None
    discount_perc: HaloDecimal | None = None
    tax_code: HaloText | HaloId | None = None
    tax_rate: HaloDecimal | None = None
    tax_amount: HaloDecimal | None = None
    nominal_code: HaloText | None = None
    startdate: HaloDate = None
    enddate: HaloDate = None
    creditlinkedidid: HaloId | None = None
    recurring_invoice_line_id: HaloId | None = None
    contract_id: HaloId | None = None
    exclude_auto_increase: HaloBool = False
    isinactive: HaloBool = False
    isgroupdesc: HaloBool = False


class InvoiceRow(Record):
    """A recurring invoice (negative id) or an issued one (InvoiceHeader)."""

    kind: ClassVar[str] = "Invoice"

    id: HaloId
    client_id: HaloId | None = None
    client_name: HaloText | None = None
    contract_id: HaloId | None = None
    recurring_invoice_id: HaloId | None = None
    salesorder_id: HaloId | None = None
    nextcreationdate: HaloDate = None
    invoice_date: HaloDate = None
    date_created: HaloDate = None
    period_start_date: HaloDate = None
    period_end_date: HaloDate = None
    periodname: HaloText | None = None
    currency: HaloText | None = None
    currency_code_name: HaloText | None = None
    total: HaloDecimal | None = None
    tax_total: HaloDecimal | None = None
    lines: tuple[InvoiceLine, ...] | None = None
    disabled: HaloBool = False
    reviewrequired: HaloBool = False
    voided: HaloBool = False
    posted: HaloBool = False
    last_synced: HaloDate = None
    thirdpartyinvoicenumber: HaloText | None = None
    dont_sync_to_3rd_party: HaloBool = False
    requires_approval: HaloBool | None = None
    approval_status: HaloInt | None = None
    approvalagentid: HaloId | None = None


class LeftRow(InvoiceRow):
    """An invoice with the dates that say when it left (InvoiceHeader)."""

    dateposted: HaloDate = None
    datesent: HaloDate = None
    datepaid: HaloDate = None


class Receivable(Record):
    """What is still owed on an issued invoice (InvoiceHeader)."""

    kind: ClassVar[str] = "Invoice"

    id: HaloId
    client_id: HaloId | None = None
    currency: HaloText | None = None
    currency_code_name: HaloText | None = None
    amountdue: HaloDecimal
    duedate: HaloDate = None


class Contract(Record):
    """A client contract (ContractHeader)."""

    kind: ClassVar[str] = "ClientContract"

    id: HaloId
    client_id: HaloId | None = None
    ref: HaloText | None = None
    start_date: HaloDate = None
    end_date: HaloDate = None
    active: HaloBool | None = None
    started: HaloBool | None = None
    expired: HaloBool | None = None
    percentageincrease: HaloDecimal | None = None
    nextincrementdate: HaloDate = None
    contracttype: HaloInt | None = None


class ContractType(Record):
    """Which type a contract is of (ContractHeader)."""

    kind: ClassVar[str] = "ClientContract"

    id: HaloId
    contracttype: HaloInt | None = None
    contracttype_name: HaloText | None = None


class Product(Record):
    """What billing reads of a product (Item)."""

    kind: ClassVar[str] = "Item"

    id: HaloId
    name: HaloText | None = None
    baseprice: HaloDecimal | None = None
    costprice: HaloDecimal | None = None
    recurringprice: HaloDecimal | None = None
    recurringcost: HaloDecimal | None = None
    isrecurringitem: HaloBool | None = None
    taxcode: HaloInt | None = None
    taxcode_name: HaloText | None = None
    nominalcode: HaloText | None = None


class SalesOrder(Record):
    """A sales order that carries a customer's purchase order (OrderHead)."""

    kind: ClassVar[str] = "SalesOrder"

    id: HaloId
    po_number: HaloText | None = None
    total: HaloDecimal | None = None
    outstanding_total: HaloDecimal | None = None


class Customer(Record):
    """What billing reads of a client (Area)."""

    kind: ClassVar[str] = "Client"

    id: HaloId
    name: HaloText | None = None
    default_currency_code_name: HaloText | None = None


class TaxRow(Record):
    """A tax code and its rate in per cent (Tax)."""

    kind: ClassVar[str] = "Tax"

    id: HaloId | None = None
    name: HaloText | None = None
    code: HaloText | None = None
    value: HaloDecimal | None = None


class Approver(Record):
    """What billing reads of an agent (Uname)."""

    kind: ClassVar[str] = "Agent"

    id: HaloId
    isapiagent: HaloBool = False


class InvoiceApproval(Record):
    """How an approval of an invoice came about (FaultApproval)."""

    kind: ClassVar[str] = "TicketApproval"

    invoice_id: HaloId | None = None
    seq: HaloInt | None = None
    dateapproved: HaloDate = None
    admin_overridden: HaloBool = False
    delegated_by_uid: HaloId | None = None


class ChargeAction(Record):
    """What billing reads of an action: time, and how it is charged."""

    kind: ClassVar[str] = "Actions"

    id: HaloId
    ticket_id: HaloId
    datetime: HaloDate = None
    timetaken: HaloDecimal | None = None
    who_agentid: HaloId | None = None
    actionchargehours: HaloDecimal | None = None
    actionchargeamount: HaloDecimal | None = None
    chargerate: HaloInt | None = None
    actreviewed: HaloBool | None = None
    actisbillable: HaloBool | None = None
    actioninvoicenumber: HaloText | HaloId | None = None
    action_invoice_line_id: HaloId | None = None
    action_contract_id: HaloId | None = None
    actioncontractid: HaloId | None = None
