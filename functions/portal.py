"""Desk: pages. Each reads what the API reads, as the same person, and shows it."""

from collections.abc import Callable
from urllib.parse import parse_qs

import azure.functions as func

from functions.page_views import VIEWS, decide_form, overview
from functions.pages import page_headers
from shared import bootstrap
from shared.errors import AttestError, Forbidden, NotFound, Unauthenticated
from shared.model import Person
from shared.portal.pages import render, stylesheet
from shared.procedures.refuse import record_refusal

bp = func.Blueprint()
_HTML = "text/html"


def _answer(body: bytes, status: int = 200, extra: dict[str, str] | None = None) -> func.HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **page_headers(body), **(extra or {})}
    return func.HttpResponse(body, status_code=status, mimetype=_HTML, charset="utf-8", headers=headers)


def _serve(req: func.HttpRequest, page: str, make: Callable[[Person], bytes]) -> func.HttpResponse:
    services = None
    person = None
    try:
        services = bootstrap.services()
        person = bootstrap.identify(req.headers)
        if not person.roles:
            raise Forbidden("Your account holds no role of this service.", code="role_missing")
        return _answer(make(person))
    except AttestError as fault:
        if services is not None and isinstance(fault, Forbidden | Unauthenticated):
            record_refusal(
                services,
                operation_id=f"page:{page}",
                method=req.method,
                code=fault.code,
                oid=person.oid if person else None,
                request_id="page",
            )
        return _problem(fault, person)


def _problem(fault: AttestError, person: Person | None) -> func.HttpResponse:
    titles = {
        401: "Please sign in",
        403: "Not allowed",
        404: "Not found",
        409: "It has changed",
        410: "No longer open",
        422: "Something is missing",
    }
    nobody = Person("", "", frozenset())
    clock = bootstrap.live().clock
    body = render(
        "problem.html",
        person or nobody,
        clock.now(),
        title=titles.get(fault.status, "That did not work"),
        text=fault.message,
        code=fault.code,
        request_id="page",
    )
    extra = {"WWW-Authenticate": "Bearer"} if fault.status == 401 else {}
    return _answer(body, fault.status, extra)


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
    route="{section:regex(^(findings|holds|approvals|projects|handoffs|reviews|reports|decisions|controls|evidence)$)}",
    methods=["GET"],
)
def portal_list(req: func.HttpRequest) -> func.HttpResponse:
    """A list."""
    section = req.route_params["section"].lower()
    return _serve(req, section, lambda person: VIEWS[section].many(bootstrap.services(), person, dict(req.params)))


@bp.function_name("portal_detail")
@bp.route(
    route="{section:regex(^(findings|holds|approvals|projects|handoffs|reviews|reports|controls|evidence)$)}/{id}",
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


@bp.function_name("portal_decide")
@bp.route(route="approvals/{id}", methods=["POST"])
def portal_decide(req: func.HttpRequest) -> func.HttpResponse:
    """A decision given in the portal."""
    fields = {name: values[0] for name, values in parse_qs(req.get_body().decode("utf-8", "replace")).items()}
    return _serve(
        req, "decide", lambda person: decide_form(bootstrap.services(), person, req.route_params["id"], fields)
    )
