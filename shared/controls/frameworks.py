"""Titles of framework references, as the source documents label them: the same code means other things elsewhere."""

from __future__ import annotations

PSF = "psf@1.1"
"""Production AI Institute, Production Safety Framework v1.1 (April 2026)."""
PAI8 = "pai8@2026"
"""Production AI Institute, PAI-8 (2026). Its codes are labelled differently by each workflow that cites them."""

TITLES: dict[str, str] = {
    "psf@1.1:D1": "Input governance",
    "psf@1.1:D2": "Output validation",
    "psf@1.1:D3": "Data protection",
    "psf@1.1:D4": "Observability",
    "psf@1.1:D5": "Deployment safety",
    "psf@1.1:D6": "Human oversight",
    "psf@1.1:D7": "Security",
    "psf@1.1:D8": "Vendor resilience",
    "pai8@2026:C1": "AI governance",
    "pai8@2026:C2": "Risk assessment",
    "pai8@2026:C3": "Data stewardship",
    "pai8@2026:C4": "Model validation",
    "pai8@2026:C5": "Human oversight",
    "pai8@2026:C6": "Incident response",
    "pai8@2026:C7": "Audit trail",
    "pai8@2026:C8": "Vendor and supply chain",
    # Workflow 002, project delivery control loop.
    "pai8@2026:C2/002": "Milestone quality checks",
    "pai8@2026:C4/002": "Delivery telemetry",
    "pai8@2026:C5/002": "Change safety",
    "pai8@2026:C6/002": "Governance approvals",
    # Workflow 003, sales opportunity to project handoff.
    "pai8@2026:C1/003": "Handoff intake controls",
    "pai8@2026:C2/003": "Scope validation",
    "pai8@2026:C4/003": "Decision traceability",
    "pai8@2026:C6/003": "Approval checkpoints",
}


def title(reference: str) -> str | None:
    """What a reference is called in its source; the plain framework's title where the workflow has none of its own."""
    return TITLES.get(reference) or TITLES.get(reference.partition("/")[0])
