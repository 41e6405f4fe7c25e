"""Request bodies: strict models, unknown fields refused by name. Their schemas go into the OpenAPI documents."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1, max_length=4000, strip_whitespace=True)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Score = Annotated[int, Field(ge=1, le=5)]


class Body(BaseModel):
    """A JSON object sent to us."""

    model_config = ConfigDict(extra="forbid", strict=True)


class RunBody(Body):
    """Start a job."""

    job: str
    period: str | None = None
    as_of: str | None = None


class FeedbackBody(Body):
    """What the practice thinks of a judgement."""

    kind: Literal["confirmed", "false_positive", "false_negative"]
    comment: Annotated[str, StringConstraints(max_length=4000)] | None = None


class OverrideBody(Body):
    """Ask that a finding be accepted for a time."""

    rationale: Text
    expires: str | None = None


class MitigationBody(Body):
    """Who does what until when."""

    owner: Line
    plan: Text
    recovery_date: str


class ApprovalDecisionBody(BaseModel):
    """One person's decision on an approval. Judged after who is deciding, so its fields are checked there."""

    model_config = ConfigDict(extra="forbid")

    decision: Any = None
    rationale: Any = None
    digest: Any = None


class Involved(Body):
    """Somebody who took part in a decision."""

    oid: Line
    name: str | None = None
    role: str | None = None


class DecisionFilter(Body):
    """The five-criteria decision filter, each answered in words."""

    client_impact: str | None = None
    operational_efficiency: str | None = None
    reporting_accountability: str | None = None
    revenue_margin_protection: str | None = None
    scalability: str | None = None


class DecisionBody(Body):
    """Add to the decision log."""

    title: Line
    context: Annotated[str, StringConstraints(max_length=20000)] | None = None
    options: list[Text] | None = None
    decision: Text | None = None
    consequences: Text | None = None
    practices: list[str] | None = None
    customer: str | None = None
    involved: list[Involved] | None = None
    filter: DecisionFilter | None = None
    owner: str | None = None
    due: str | None = None
    expires: str | None = None
    review_date: str | None = None
    links: list[Line] | None = None
    supersedes: str | None = None


class BacklogBody(Body):
    """Add to the automation and enhancement backlog; value and effort from 1 to 5."""

    title: Line
    description: Annotated[str, StringConstraints(max_length=20000)] | None = None
    practice: str | None = None
    customer: str | None = None
    value: Score = 1
    effort: Score = 1
    kind: Literal["automation", "enhancement"] = "automation"
    owner: str | None = None
    hours_saved: Annotated[float, Field(ge=0, le=100000)] | None = None
    hours_basis: Text | None = None
    steps_removed: Annotated[int, Field(ge=0, le=100000)] | None = None


class BacklogDeliveryBody(Body):
    """An item was put to work; what is left out stays as it was estimated."""

    hours_saved: Annotated[float, Field(ge=0, le=100000)] | None = None
    hours_basis: Text | None = None
    steps_removed: Annotated[int, Field(ge=0, le=100000)] | None = None


class PolicyBody(Body):
    """A new policy document and the decision it rests on: taken, counting today, and about policy or a setting that changes."""

    toml: Annotated[str, StringConstraints(max_length=200_000)]
    decision_id: Line


class SubscriptionBody(BaseModel):
    """A callback address for one event."""

    model_config = ConfigDict(extra="ignore")

    event: Literal["approval_requested", "hold_placed", "finding_opened", "report_ready", "review_item_assigned"]
    url: str


class TriggerBody(BaseModel):
    """What Power Automate posts when a flow with one of our triggers is switched on."""

    model_config = ConfigDict(extra="ignore")

    url: str


class AttestationBody(BaseModel):
    """An answer to a review item; judged by the review itself."""

    model_config = ConfigDict(extra="forbid")

    decision: Any = None
    rationale: Any = None
    remove: Any = None


class ValidationBody(BaseModel):
    """Test scenarios with expected results; judged scenario by scenario, so that every fault is told at once."""

    model_config = ConfigDict(extra="allow")

    name: Any = None
    scenarios: Any = Field(default=None, description="[{area, title, subject, expected}]")


class ContractMapBody(BaseModel):
    """What each contract type of the old system became; judged item by item."""

    model_config = ConfigDict(extra="allow")

    system: Any = None
    items: Any = Field(default=None, description="[{old, halo or null, note, decision_id}]")


class FreeBody(BaseModel):
    """A body whose shape its procedure judges field by field."""

    model_config = ConfigDict(extra="allow")
