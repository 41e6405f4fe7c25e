"""How an HTTP call is read and answered: who is calling, may they, what did they ask, what went wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import azure.functions as func

from functions.crash import Crashed, told_plainly
from shared import bootstrap
from shared.connector.operation import Operation, Parameter
from shared.connector.operations import BY_ID
from shared.errors import (
    AttestError,
    Forbidden,
    LengthRequired,
    Malformed,
    NotFound,
    TooLarge,
    Unacceptable,
    Unauthenticated,
    UnsupportedMedia,
)
from shared.log import Event, log
from shared.model import JsonObject, Person, Role, parse_instant, rfc3339
from shared.procedures.refuse import record_refusal
from shared.procedures.services import Services

PROBLEM = "application/problem+json"
BUG = "Something went wrong here that should not. Quote the request id to whoever runs this service."
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_MOST_BODY = 1024 * 1024
_INTEGER = re.compile(r"^[0-9]{1,9}$")


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call with its parameters checked."""

    services: Services
    person: Person
    path: Mapping[str, str]
    query: Mapping[str, Any]
    """Instants are datetimes, integers ints; absent parameters are absent."""
    body: JsonObject
    raw: bytes
    headers: Mapping[str, str]

    @property
    def limit(self) -> int:
        """Page size, 100 when left out."""
        return int(self.query.get("limit", 100))

    @property
    def after(self) -> str | None:
        """Page token."""
        return self.query.get("next")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a procedure answers, when it is more than a JSON object with status 200."""

    body: JsonObject | bytes | None
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pair: tuple[int, JsonObject]) -> Answer:
        """From a procedure that chooses its own status."""
        return cls(pair[1], pair[0])


Procedure = Callable[[Call], JsonObject | Answer]
_NOBODY = Person("", "", frozenset())


def handle(operation_id: str, req: func.HttpRequest, procedure: Procedure) -> func.HttpResponse:
    """Authenticate, authorise, check, call, answer. Errors become problem details; a bug becomes one without any detail."""
    operation = BY_ID[operation_id]
    request_id = _request_id(req)
    services: Services | None = None
    person: Person | None = None
    try:
        with told_plainly(operation.id, AttestError):
            services = bootstrap.services()
            if operation.roles is None:
                person = _NOBODY
            else:
                person = bootstrap.identify(req.headers)
                _hold_to_roles(person, operation.roles)
            answer = procedure(_call(operation, req, services, person))
    except AttestError as fault:
        if services is not None and isinstance(fault, Forbidden | Unauthenticated):
            record_refusal(
                services,
                operation_id=operation.id,
                method=operation.method,
                code=fault.code,
                oid=person.oid if person else None,
                request_id=request_id,
            )
        if fault.status >= 500:
            log(
                Event.REQUEST_FAILED,
                operation=operation.id,
                code=fault.code,
                status=fault.status,
                request_id=request_id,
            )
        return problem(fault, request_id)
    except Crashed:
        return problem(AttestError(BUG), request_id)
    if isinstance(answer, Answer):
        return _respond(answer, request_id)
    return _respond(Answer(answer, operation.answers[0]), request_id)


def _hold_to_roles(person: Person, roles: frozenset[Role]) -> None:
    if not person.has(*roles):
        names = ", ".join(sorted(roles))
        raise Forbidden(f"This needs one of the roles {names}.", code="role_missing")


def _request_id(req: func.HttpRequest) -> str:
    given = req.headers.get("x-request-id", "")
    return given if _REQUEST_ID.match(given) else str(uuid4())


def _call(operation: Operation, req: func.HttpRequest, services: Services, person: Person) -> Call:
    _each_once(req.url)
    query = _query(operation, req.params)
    raw = req.get_body()
    body: JsonObject = {}
    if operation.roles is not None and operation.method in ("POST", "PUT") and not arrived(req.headers, raw):
        raise LengthRequired("The body needs a Content-Length: what is sent in chunks does not get here.")
    if operation.body is not None and operation.roles is not None:
        body = _body(operation, req.headers.get("content-type", ""), raw)
    return Call(services, person, dict(req.route_params), query, body, raw, req.headers)


def arrived(headers: Mapping[str, str], raw: bytes) -> bool:
    """False for a body that was sent in chunks: the Functions host hands a function none without an announced length."""
    return bool(raw) or "chunked" not in headers.get("transfer-encoding", "").lower()


def _each_once(url: str) -> None:
    """The host drops empty values and joins repeated ones; the address still says what was asked."""
    seen: set[str] = set()
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if not value:
            raise Malformed(f"The parameter {name[:60]!r} is empty.", code="value_invalid")
        if name in seen:
            raise Malformed(f"The parameter {name[:60]!r} is given twice.", code="value_invalid")
        seen.add(name)


def _query(operation: Operation, params: Mapping[str, str]) -> dict[str, Any]:
    known = {parameter.name: parameter for parameter in operation.query}
    out: dict[str, Any] = {}
    for name, value in params.items():
        if name == "code" and name not in known:
            continue  # a function key travels in it
        if name not in known:
            raise Malformed(f"There is no parameter {name[:60]!r} here.", code="unknown_parameter")
        out[name] = _value(known[name], value)
    for parameter in operation.query:
        if parameter.required and parameter.name not in out:
            raise Malformed(f"The parameter {parameter.name} is missing.", code="missing_parameter")
    if "from" in out and "to" in out and out["from"] > out["to"]:
        raise Malformed("from lies after to.", code="period_invalid")
    return out


def _value(parameter: Parameter, value: str) -> Any:
    if parameter.kind == "instant":
        try:
            # a plus sign in a query arrives as a blank
            return parse_instant(value.strip().replace(" ", "+"))
        except ValueError:
            raise Malformed(
                f"{parameter.name} must be a time such as 2026-11-20T17:00:00Z.", code="time_invalid"
            ) from None
    if parameter.kind == "integer":
        if not _INTEGER.match(value) or not 1 <= int(value) <= 500:
            raise Malformed(f"{parameter.name} must be a whole number from 1 to 500.", code="number_invalid")
        return int(value)
    if parameter.values and value not in parameter.values:
        raise Malformed(f"{parameter.name} must be one of {', '.join(parameter.values)}.", code="value_invalid")
    if len(value) > 2000 or "\x00" in value:
        raise Malformed(f"{parameter.name} is not usable.", code="value_invalid")
    return value


def _body(operation: Operation, content_type: str, raw: bytes) -> JsonObject:
    from pydantic import ValidationError

    if len(raw) > _MOST_BODY:
        raise TooLarge("The body is over 1 MiB.", code="body_too_large")
    media = content_type.partition(";")[0].strip().lower()
    if media and media != "application/json" and not media.endswith("+json"):
        raise UnsupportedMedia("The body must be application/json.", code="unsupported_media_type")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_no_twins, parse_constant=_no_constant)
        if b"\\u" in raw:  # half a surrogate pair can be escaped, but is no character that could be kept or answered
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Malformed("The body is not JSON.", code="malformed_json") from None
    if not isinstance(value, dict):
        raise Unacceptable("The body must be a JSON object.", code="body_not_object")
    model = operation.body
    if model is None:
        return value
    try:
        return model.model_validate(value).model_dump(mode="json", exclude_unset=False)
    except ValidationError as fault:
        names = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}"
            for one in fault.errors(include_url=False, include_input=False)
        )
        raise Unacceptable(f"The body cannot be accepted: {names[:600]}.", code="body_invalid") from None


def _no_twins(pairs: list[tuple[str, Any]]) -> JsonObject:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("a key appears twice")
    return out


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def problem(fault: AttestError, request_id: str) -> func.HttpResponse:
    """RFC 9457 problem details. No trace, path, secret or payload."""
    headers: dict[str, str] = {}
    if isinstance(fault, Unauthenticated):
        headers["WWW-Authenticate"] = str(fault.details.get("www_authenticate") or "Bearer")
    retry_after = fault.details.get("retry_after")
    if fault.status in (429, 503):
        headers["Retry-After"] = str(retry_after or 5)
    body: JsonObject = {
        "title": _TITLES.get(fault.status, "The request could not be carried out"),
        "status": fault.status,
        "detail": fault.message,
        "code": fault.code,
    }
    for name in ("codes", "evidence_id", "missing", "decision_id", "approval_id", "receipts", "fields"):
        if name in fault.details:
            body[name] = fault.details[name]
    return _respond(Answer(body, fault.status, headers=headers), request_id)


_TITLES = {
    400: "Malformed request",
    401: "Not authenticated",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "No longer open",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    422: "Not acceptable",
    429: "Too many requests",
    500: "Something went wrong",
    502: "A source did not answer as it must",
    503: "Temporarily unavailable",
}


def _encoded(body: JsonObject) -> bytes:
    """UTF-8; a text that UTF-8 cannot hold (half a surrogate pair in somebody's id) comes back as JSON wrote it."""
    try:
        return json.dumps(body, ensure_ascii=False, default=_json).encode()
    except UnicodeEncodeError:
        return json.dumps(body, default=_json).encode()


def _respond(answer: Answer, request_id: str) -> func.HttpResponse:
    body, media_type = answer.body, answer.media_type
    if isinstance(body, dict):
        if answer.status >= 400 and "code" in body:  # a procedure that answers its refusal itself is a problem, too
            media_type = PROBLEM
            body = {"type": f"urn:halo-attest:problem:{body['code']}", **body, "request_id": request_id}
        body = _encoded(body)
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
        **answer.headers,
    }
    return func.HttpResponse(body or b"", status_code=answer.status, mimetype=media_type, headers=headers)


def _json(value: Any) -> Any:
    from datetime import datetime
    from decimal import Decimal

    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} does not belong into an answer")


def texts(query: Mapping[str, Any]) -> dict[str, Any]:
    """Query values with instants written out, as registers compare them."""
    from datetime import datetime

    return {name: rfc3339(value) if isinstance(value, datetime) else value for name, value in query.items()}


def not_found(what: str) -> NotFound:
    """A NotFound for a path part that is not of the form."""
    return NotFound(f"There is no {what} here.", code="not_found")
