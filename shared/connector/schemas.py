"""Which shape each operation answers with."""

from __future__ import annotations

from shared.connector.billing_shapes import CONTRACT_MAP, FIGURES, LOOK_BACK, VALIDATION, VALIDATION_ROW
from shared.connector.shapes import (
    ANY,
    APPROVAL,
    ARTEFACT,
    BACKLOG,
    CHECKPOINTS,
    CONTROL,
    DECISION,
    EVIDENCE,
    FINDING,
    HANDOFF,
    HANDOFF_ROW,
    HEALTH,
    HOLD,
    INTEGRATION,
    KEY,
    KPI,
    PACK,
    POLICY,
    PROJECT,
    PROJECT_ROW,
    RECEIPTS,
    REPORT,
    REVIEW,
    REVIEW_ITEM,
    REVIEW_ROW,
    RUN,
    SUBSCRIPTION,
    TARGET,
    TEXT,
    array,
    maybe,
    record,
)
from shared.model import JsonObject

_ONE: dict[str, JsonObject] = {
    "receiveDeliveries": RECEIPTS,
    "startRun": RUN,
    "getRun": RUN,
    "getControl": CONTROL,
    "getFinding": FINDING,
    "giveFeedback": FINDING,
    "requestOverride": APPROVAL,
    "mitigateFinding": FINDING,
    "getApproval": APPROVAL,
    "decideApproval": APPROVAL,
    "getHold": HOLD,
    "addDecision": DECISION,
    "addBacklog": BACKLOG,
    "getProject": PROJECT,
    "putBaseline": PROJECT,
    "submitGate": APPROVAL,
    "getHandoff": HANDOFF,
    "getReview": REVIEW,
    "attestItem": REVIEW_ITEM,
    "addTarget": TARGET,
    "getPolicy": POLICY,
    "putPolicy": POLICY,
    "getEvidence": EVIDENCE,
    "createPack": PACK,
    "getPack": PACK,
    "getCheckpoint": CHECKPOINTS,
    "subscribe": SUBSCRIPTION,
    "subscribeToEvent": SUBSCRIPTION,
    "getHealth": HEALTH,
    "getBillingFigures": FIGURES,
    "addValidation": VALIDATION,
    "getValidation": VALIDATION,
    "getContractMap": CONTRACT_MAP,
    "putContractMap": CONTRACT_MAP,
    "getLookBack": LOOK_BACK,
}
_MANY: dict[str, JsonObject] = {
    "listControls": CONTROL,
    "listFindings": FINDING,
    "listApprovals": APPROVAL,
    "listHolds": HOLD,
    "listDecisions": DECISION,
    "listBacklog": BACKLOG,
    "listProjects": PROJECT_ROW,
    "listHandoffs": HANDOFF_ROW,
    "listReviews": REVIEW_ROW,
    "getKpis": KPI,
    "listReports": REPORT,
    "listArtefacts": ARTEFACT,
    "listEvidence": EVIDENCE,
    "listIntegrations": INTEGRATION,
    "putIntegrations": INTEGRATION,
    "getKeys": KEY,
    "listValidations": VALIDATION_ROW,
}


def answer_of(operation_id: str) -> JsonObject:
    """The schema of an operation's good answer."""
    if operation_id in _MANY:
        return record(items=array(_MANY[operation_id]), next=maybe(TEXT))
    return _ONE.get(operation_id, ANY)
