"""Desk: pages. Each reads what the API reads, as the same person, and shows it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs
from uuid import uuid4

import azure.functions as func

from functions import page_forms
from functions.crash import Crashed, told_plainly
from functions.http import BUG
from functions.page_findings import record_file
from functions.page_frames import path as address
from functions.page_governance import item
from functions.page_views import VIEWS, overview
from functions.pages import page_headers
from shared import bootstrap
from shared.connector.operations import BY_ID
from shared.errors import AttestError, Forbidden, Malformed, NotFound, TooLarge, Unauthenticated, UnsupportedMedia
from shared.model import Person
from shared.portal.pages import render, stylesheet
from shared.procedures.artefacts import artefact_file
from shared.procedures.refuse import record_refusal
from shared.procedures.report_answers import report_file

bp = func.Blueprint()
_HTML = "text/html"
_FORM = "application/x-www-form-urlencoded"
_MOST_BODY = 1024 * 1024
_NOBODY = Person("", "", frozenset())
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
_TITLES = {
    400: "That address cannot be read",
    401: "Please sign in",
    403: "Not allowed",
    404: "Not found",
    409: "It has changed",
    410: "No longer open",
    413: "Too much at once",
    422: "Something is missing",
    429: "Too many at once",
    503: "Not available just now",
}


@dataclass(frozen=True, slots=True)
class File:
    """What a browser keeps, or shows when it is a page."""

    data: bytes
    media_type: str
    name: str


def _answer(
    body: bytes, request_id: str, status: int = 200, media_type: str = _HTML, extra: dict[str, str] | None = None
) -> func.HttpResponse:
    headers = {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-Id": request_id,
        **(page_headers(body) if media_type == _HTML else {}),
        **(extra or {}),
    }
    return func.HttpResponse(body, status_code=status, mimetype=media_type, charset="utf-8", headers=headers)


def _serve(
    req: func.HttpRequest,
    page: str,
    make: Callable[[Person], bytes | str | File],
    back: str = "",
    operation: str = "",
) -> func.HttpResponse:
    """Identify, make the page; text answered by a form is where to go on. Errors become pages, and so does a bug."""
    given = req.headers.get("x-request-id", "")
    request_id = given if _REQUEST_ID.match(given) else str(uuid4())
    services = None
    person = None
    try:
        with told_plainly(f"page:{page}", AttestError):
            services = bootstrap.services()
            person = bootstrap.identify(req.headers)
            _hold_to_roles(person, operation)
            made = make(person)
    except AttestError as fault:
        if services is not None and isinstance(fault, Forbidden | Unauthenticated):
            record_refusal(
                services,
                operation_id=f"page:{page}",
                method=req.method,
                code=fault.code,
                oid=person.oid if person else None,
                request_id=request_id,
            )
        return _problem(fault, person, request_id, back)
    except Crashed:
        return _problem(AttestError(BUG), person, request_id, back)
    if isinstance(made, str):
        return _answer(b"", request_id, 303, extra={"Location": made})
    if isinstance(made, File):
        kept = {} if made.media_type == _HTML else {"Content-Disposition": f'attachment; filename="{made.name}"'}
        return _answer(made.data, request_id, media_type=made.media_type, extra=kept)
    return _answer(made, request_id)


def _hold_to_roles(person: Person, operation: str) -> None:
    if not person.roles:
        raise Forbidden("Your account holds no role of this service.", code="role_missing")
    if operation and not person.has(*(BY_ID[operation].roles or ())):
        raise Forbidden("Your roles do not let you do this.", code="role_missing")


def _problem(fault: AttestError, person: Person | None, request_id: str, back: str) -> func.HttpResponse:
    body = render(
        "problem.html",
        person or _NOBODY,
        None,
        title=_TITLES.get(fault.status, "That did not work"),
        text=fault.message,
        code=fault.code,
        request_id=request_id,
        back=back,
    )
    extra = {}
    if fault.status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if fault.status in (429, 503):
        extra["Retry-After"] = str(fault.details.get("retry_after") or 5)
    return _answer(body, request_id, fault.status, extra=extra)


def _fields(req: func.HttpRequest) -> dict[str, list[str]]:
    if req.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise UnsupportedMedia(f"A form is sent as {_FORM}.", code="unsupported_media_type")
    body = req.get_body()
    if len(body) > _MOST_BODY:
        raise TooLarge("The form is over 1 MiB.", code="body_too_large")
    try:
        return parse_qs(body.decode("utf-8"), max_num_fields=4000)
    except ValueError:
        raise Malformed("The form cannot be read.", code="malformed_form") from None


@bp.function_name("portal_home")
@bp.route(route="{ignored:maxlength(0)?}", methods=["GET"])  # an empty route would mean the function's name
def portal_home(req: func.HttpRequest) -> func.HttpResponse:
    """The overview."""
    return _serve(req, "home", lambda person: overview(bootstrap.services(), person))


@bp.function_name("portal_style")
@bp.route(route="static/portal.css", methods=["GET"])
def portal_style(req: func.HttpRequest) -> func.HttpResponse:
    """The style sheet; public, it holds nothing."""
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return func.HttpResponse(stylesheet(), mimetype="text/css", headers=headers)


@bp.function_name("portal_list")
@bp.route(
    route="{section:regex(^(figures|findings|holds|billing|approvals|samples|projects|handoffs|reviews|integrations|reports|decisions|backlog|programme|controls|evidence)$)}",
    methods=["GET"],
)
def portal_list(req: func.HttpRequest) -> func.HttpResponse:
    """A list."""
    section = req.route_params["section"].lower()
    return _serve(req, section, lambda person: VIEWS[section].many(bootstrap.services(), person, dict(req.params)))


@bp.function_name("portal_detail")
@bp.route(
    route="{section:regex(^(findings|holds|approvals|samples|projects|handoffs|reviews|reports|programme|controls|evidence)$)}/{id}",
    methods=["GET"],
)
def portal_detail(req: func.HttpRequest) -> func.HttpResponse:
    """One of a list."""
    section = req.route_params["section"].lower()

    def make(person: Person) -> bytes:
        one = VIEWS[section].one
        if one is None:
            raise NotFound("There is no such page.", code="not_found")
        return one(bootstrap.services(), person, req.route_params["id"], dict(req.params))

    return _serve(req, section, make)


@bp.function_name("portal_review_item")
@bp.route(route="reviews/{quarter}/items/{item}", methods=["GET"])
def portal_review_item(req: func.HttpRequest) -> func.HttpResponse:
    """One integration of a review."""
    path = req.route_params
    return _serve(
        req, "item", lambda person: item(bootstrap.services(), person, path["quarter"], path["item"], dict(req.params))
    )


@bp.function_name("portal_evidence")
@bp.route(route="evidence/{id}/{what:regex(^(content|proof)$)}", methods=["GET"])
def portal_evidence(req: func.HttpRequest) -> func.HttpResponse:
    """A record's bytes or proof, for a browser that cannot call the API."""
    identity, what = req.route_params["id"], req.route_params["what"].lower()

    def make(person: Person) -> File:
        data, name = record_file(bootstrap.services(), person, identity, what)
        return File(data, "application/octet-stream", name)

    return _serve(req, "evidence-file", make)


@bp.function_name("portal_report")
@bp.route(route="reports/weekly/{period}/{format}", methods=["GET"])
def portal_report(req: func.HttpRequest) -> func.HttpResponse:
    """A report's file, for a browser that cannot call the API."""
    period, form = req.route_params["period"], req.route_params["format"]

    def make(person: Person) -> File:
        as_of, practice = req.params.get("as_of") or None, req.params.get("practice") or None
        data, media_type = report_file(bootstrap.services(), person, period, form, as_of, practice)
        edition = f"-{practice}" if practice else ""
        return File(data, media_type, f"weekly-{period}{edition}.{form}")  # all were checked: they named a report

    return _serve(req, "report", make)


@bp.function_name("portal_artefact")
@bp.route(route="artefacts/{file}", methods=["GET"])
def portal_artefact(req: func.HttpRequest) -> func.HttpResponse:
    """An artefact's file, for a browser that cannot call the API."""
    file = req.route_params["file"]

    def make(person: Person) -> File:
        data, media_type = artefact_file(bootstrap.services(), person, file, req.params.get("as_of") or None)
        return File(data, media_type, file)  # it was found, so it is one of ours

    return _serve(req, "report", make)


@bp.function_name("portal_decide")
@bp.route(route="approvals/{id}", methods=["POST"])
def portal_decide(req: func.HttpRequest) -> func.HttpResponse:
    """A decision given in the portal."""
    identity = req.route_params["id"]
    return _serve(
        req,
        "decide",
        lambda person: page_forms.approve(bootstrap.services(), person, identity, _fields(req)),
        address("approvals", identity),
        "decideApproval",
    )


@bp.function_name("portal_say")
@bp.route(route="findings/{id}/{what:regex(^(feedback|mitigation)$)}", methods=["POST"])
def portal_say(req: func.HttpRequest) -> func.HttpResponse:
    """Feedback on a finding, or who puts it right."""
    identity, what = req.route_params["id"], req.route_params["what"].lower()
    return _serve(
        req,
        what,
        lambda person: page_forms.say(bootstrap.services(), person, identity, what, _fields(req)),
        address("findings", identity),
        "giveFeedback" if what == "feedback" else "mitigateFinding",
    )


@bp.function_name("portal_attest")
@bp.route(route="reviews/{quarter}/items/{item}", methods=["POST"])
def portal_attest(req: func.HttpRequest) -> func.HttpResponse:
    """An answer to a review item given in the portal."""
    quarter, identity = req.route_params["quarter"], req.route_params["item"]
    return _serve(
        req,
        "attest",
        lambda person: page_forms.attest(bootstrap.services(), person, quarter, identity, _fields(req)),
        address("reviews", quarter, "items", identity),
        "attestItem",
    )


@bp.function_name("portal_step")
@bp.route(route="programme/{id}", methods=["POST"])
def portal_step(req: func.HttpRequest) -> func.HttpResponse:
    """A step of the programme recorded in the portal."""
    identity = req.route_params["id"]
    return _serve(
        req,
        "step",
        lambda person: page_forms.step(bootstrap.services(), person, identity, _fields(req)),
        address("programme", identity),
        "recordStep",
    )


@bp.function_name("portal_conclude")
@bp.route(route="samples/{period}/items/{item}", methods=["POST"])
def portal_conclude(req: func.HttpRequest) -> func.HttpResponse:
    """A conclusion on an override of a sample given in the portal."""
    period, identity = req.route_params["period"], req.route_params["item"]
    return _serve(
        req,
        "conclude",
        lambda person: page_forms.conclude(bootstrap.services(), person, period, identity, _fields(req)),
        address("samples", period),
        "concludeSample",
    )
