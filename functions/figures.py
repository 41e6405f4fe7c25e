"""Figures, targets, reports and usage files."""

import azure.functions as func

from functions.http import Answer, Call, handle
from functions.pages import page_headers
from shared.procedures import artefacts, baselines_frozen, kpis, report_answers, targets, usage

bp = func.Blueprint()


@bp.function_name("get_kpis")
@bp.route(route="api/kpis", methods=["GET"])
def get_kpis(req: func.HttpRequest) -> func.HttpResponse:
    """Figures of a period."""
    return handle(
        "getKpis",
        req,
        lambda call: kpis.kpis_view(
            call.services,
            call.person,
            call.query["from"],
            call.query["to"],
            call.query.get("practice"),
            call.query.get("customer"),
        ),
    )


@bp.function_name("add_target")
@bp.route(route="api/targets", methods=["POST"])
def add_target(req: func.HttpRequest) -> func.HttpResponse:
    """Set a target, if it makes sense."""
    return handle("addTarget", req, lambda call: Answer.of(targets.post_target(call.services, call.person, call.body)))


@bp.function_name("list_baselines")
@bp.route(route="api/baselines", methods=["GET"])
def list_baselines(req: func.HttpRequest) -> func.HttpResponse:
    """Frozen values."""
    return handle("listBaselines", req, lambda call: baselines_frozen.list_baselines(call.services, call.person))


@bp.function_name("freeze_baselines")
@bp.route(route="api/baselines", methods=["POST"])
def freeze_baselines(req: func.HttpRequest) -> func.HttpResponse:
    """Freeze figures."""
    return handle("freezeBaselines", req, lambda call: baselines_frozen.freeze(call.services, call.person, call.body))


@bp.function_name("list_reports")
@bp.route(route="api/reports", methods=["GET"])
def list_reports(req: func.HttpRequest) -> func.HttpResponse:
    """Reports."""
    return handle(
        "listReports",
        req,
        lambda call: report_answers.list_reports(
            call.services, call.person, call.limit, call.after, call.query.get("practice")
        ),
    )


@bp.function_name("get_report")
@bp.route(route="api/reports/weekly/{period}/{format}", methods=["GET"])
def get_report(req: func.HttpRequest) -> func.HttpResponse:
    """A weekly report."""
    return handle("getReport", req, _report)


@bp.function_name("list_artefacts")
@bp.route(route="api/artefacts", methods=["GET"])
def list_artefacts(req: func.HttpRequest) -> func.HttpResponse:
    """Runbooks, registers and briefs."""
    return handle(
        "listArtefacts", req, lambda call: artefacts.list_artefacts(call.services, call.person, call.limit, call.after)
    )


@bp.function_name("get_artefact")
@bp.route(route="api/artefacts/{file}", methods=["GET"])
def get_artefact(req: func.HttpRequest) -> func.HttpResponse:
    """A runbook, register or brief."""
    return handle("getArtefact", req, _artefact)


@bp.function_name("add_usage")
@bp.route(route="api/usage/{supplier}", methods=["POST"])
def add_usage(req: func.HttpRequest) -> func.HttpResponse:
    """Take in a usage file."""
    return handle(
        "addUsage",
        req,
        lambda call: Answer.of(
            usage.accept_usage(
                call.services,
                call.person,
                call.path["supplier"],
                call.query["period"],
                call.raw,
                call.headers.get("content-type", ""),
            )
        ),
    )


def _report(call: Call) -> Answer:
    body, media_type = report_answers.report_file(
        call.services,
        call.person,
        call.path["period"],
        call.path["format"],
        call.query.get("as_of"),
        call.query.get("practice"),
    )
    headers = page_headers(body) if media_type == "text/html" else {}
    return Answer(body, media_type=media_type, headers=headers)


def _artefact(call: Call) -> Answer:
    body, media_type = artefacts.artefact_file(call.services, call.person, call.path["file"], call.query.get("as_of"))
    name = call.path["file"]  # it was found, so it is one of ours
    return Answer(body, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
