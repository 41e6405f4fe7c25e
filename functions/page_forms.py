"""What forms on pages do: check that the form was given to this person, call the procedure, say what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from functions.page_frames import path
from shared.connector import bodies
from shared.errors import Forbidden, NotFound, Unacceptable
from shared.model import JsonObject, Person
from shared.portal.pages import form_token_fits
from shared.procedures import decide, override_samples, overrides, programme, review_quarterly
from shared.procedures.services import Services

Fields = Mapping[str, Sequence[str]]
_SAID = {
    "approve": "Your approval is recorded. What follows from it is carried out within moments.",
    "reject": "Your rejection is recorded. Nothing changes.",
    "approve-more": "Your approval is recorded. Another person is still needed.",
    "feedback": "Your feedback is recorded.",
    "mitigation": "The plan is recorded.",
    "step": "The step is recorded.",
    "concluded": "Your conclusion is recorded.",
    "decided": "Your answer is recorded.",
    "awaiting_second": "Your answer is recorded. It counts once a second person gives the same.",
}


def said_of(query: Mapping[str, str]) -> str:
    """The sentence for what a form just did; only sentences we know are ever shown."""
    return _SAID.get(query.get("done", ""), "")


def approve(services: Services, person: Person, identity: str, fields: Fields) -> str:
    """Take a decision from the form; answers where to go on."""
    _signed(services, person, f"approval {identity}", fields)
    body = {name: _one(fields, name) for name in ("decision", "rationale", "digest")}
    after = decide.decide_approval(services, person, identity, body)
    done = str(body["decision"])
    if done == "approve" and after["state"] == "open":
        done = "approve-more"
    return f"{path('approvals', identity)}?done={done}"


def say(services: Services, person: Person, identity: str, what: str, fields: Fields) -> str:
    """Feedback on a finding or its mitigation from the form; answers where to go on."""
    if what == "feedback":
        _signed(services, person, f"finding {identity}", fields)
        body = _read(bodies.FeedbackBody, {"kind": _one(fields, "kind"), "comment": _one(fields, "comment") or None})
        overrides.give_feedback(services, person, identity, body)
    elif what == "mitigation":
        _signed(services, person, f"finding {identity}", fields)
        given = {name: _one(fields, name) for name in ("owner", "plan", "recovery_date")}
        overrides.mitigate(services, person, identity, _read(bodies.MitigationBody, given))
    else:
        raise NotFound("There is no such form.", code="not_found")
    return f"{path('findings', identity)}?done={what}"


def attest(services: Services, person: Person, quarter: str, item: str, fields: Fields) -> str:
    """An answer to a review item from the form; answers where to go on."""
    _signed(services, person, f"item {quarter} {item}", fields)
    body: JsonObject = {"decision": _one(fields, "decision"), "rationale": _one(fields, "rationale") or None}
    if fields.get("remove"):
        body["remove"] = list(fields["remove"])
    if _one(fields, "digest"):
        body["digest"] = _one(fields, "digest")
    after = review_quarterly.attest(services, person, quarter, item, body)
    return f"{path('reviews', quarter, 'items', item)}?done={after['decision']['state']}"


def step(services: Services, person: Person, identity: str, fields: Fields) -> str:
    """What the form says of a step of the programme; answers where to go on."""
    _signed(services, person, f"step {identity}", fields)
    asks = programme.step_view(services, person, identity)["asks"]
    body: JsonObject = {name: _one(fields, name).strip() or None for name in ("owner", "due", "decision_id")}
    body["answers"] = {asked: _one(fields, f"answer-{place}") for place, asked in enumerate(asks)}
    body["evidence"] = [line.strip() for line in _one(fields, "evidence").splitlines() if line.strip()]
    body["state"] = _one(fields, "state")
    programme.record_step(services, person, identity, body)
    return f"{path('programme', identity)}?done=step"


def conclude(services: Services, person: Person, period: str, identity: str, fields: Fields) -> str:
    """A conclusion on an override of a sample; answers where to go on."""
    _signed(services, person, f"sample {period} {identity}", fields)
    body: JsonObject = {name: _one(fields, name) for name in ("conclusion", "note")}
    override_samples.conclude(services, person, period, identity, body)
    return f"{path('samples', period)}?done=concluded"


def _signed(services: Services, person: Person, purpose: str, fields: Fields) -> None:
    secret = services.settings.text("ATTEST_LEDGER_SALT")
    if not form_token_fits(secret, person, purpose, services.clock.now(), _one(fields, "token")):
        raise Forbidden(
            "This form was not given to you, or is older than a day. Open the page again and send it from there.",
            code="form_token_invalid",
        )


def _one(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[0]


def _read(model: type[BaseModel], given: JsonObject) -> JsonObject:
    try:
        return model.model_validate(given).model_dump(mode="json")
    except ValidationError as fault:
        names = ", ".join(sorted({".".join(map(str, one["loc"])).replace("_", " ") for one in fault.errors()}))
        raise Unacceptable(f"Something is missing or cannot be read: {names}.", code="body_invalid") from None
