"""Evidence, proofs, packs and checkpoints."""

import azure.functions as func

from functions.http import Answer, Call, handle
from shared.model import JsonObject
from shared.procedures import packs, show_evidence

bp = func.Blueprint()


@bp.function_name("list_evidence")
@bp.route(route="api/evidence", methods=["GET"])
def list_evidence(req: func.HttpRequest) -> func.HttpResponse:
    """Records by filter."""
    return handle(
        "listEvidence",
        req,
        lambda call: show_evidence.list_evidence(call.services, call.person, call.query, call.limit, call.after),
    )


@bp.function_name("get_evidence")
@bp.route(route="api/evidence/{id}", methods=["GET"])
def get_evidence(req: func.HttpRequest) -> func.HttpResponse:
    """One record."""
    return handle(
        "getEvidence", req, lambda call: show_evidence.record_view(call.services, call.person, call.path["id"])
    )


@bp.function_name("get_evidence_content")
@bp.route(route="api/evidence/{id}/content", methods=["GET"])
def get_evidence_content(req: func.HttpRequest) -> func.HttpResponse:
    """Exact bytes, never shown as a page."""
    headers = {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox; default-src 'none'"}

    def procedure(call: Call) -> Answer:
        body, media_type = show_evidence.content_of(call.services, call.person, call.path["id"])
        return Answer(body, media_type=media_type, headers=headers)

    return handle("getEvidenceContent", req, procedure)


@bp.function_name("get_evidence_proof")
@bp.route(route="api/evidence/{id}/proof", methods=["GET"])
def get_evidence_proof(req: func.HttpRequest) -> func.HttpResponse:
    """A self-contained proof."""
    return handle(
        "getEvidenceProof",
        req,
        lambda call: Answer(
            show_evidence.proof_of(call.services, call.person, call.path["id"]).encode(), media_type="text/plain"
        ),
    )


@bp.function_name("create_pack")
@bp.route(route="api/packs", methods=["POST"])
def create_pack(req: func.HttpRequest) -> func.HttpResponse:
    """Make a pack."""
    return handle("createPack", req, lambda call: packs.ask_for_pack(call.services, call.person, call.body))


@bp.function_name("get_pack")
@bp.route(route="api/packs/{id}", methods=["GET"])
def get_pack(req: func.HttpRequest) -> func.HttpResponse:
    """How a pack stands."""
    return handle("getPack", req, lambda call: packs.pack_view(call.services, call.person, call.path["id"]))


@bp.function_name("download_pack")
@bp.route(route="api/packs/{id}/download", methods=["GET"])
def download_pack(req: func.HttpRequest) -> func.HttpResponse:
    """The pack: a short link where storage gives one, else the bytes, or a range of them."""

    def procedure(call: Call) -> Answer:
        asked = call.headers.get("range")
        link, name, size = packs.pack_file(
            call.services, call.person, call.path["id"], beginning=not asked or asked.strip().startswith("bytes=0-")
        )
        if link is not None:
            return Answer(b"", 302, headers={"Location": link})
        first, last, status = _range(asked, size)
        if status == 416:  # a client that has it all asks for what follows
            told = {
                "title": "Nothing there",
                "status": 416,
                "detail": f"The pack has {size} bytes; what was asked for lies beyond.",
                "code": "range_invalid",
            }
            return Answer(told, 416, headers={"Content-Range": f"bytes */{size}"})
        body = call.services.blobs.get_range("packs", name, first, last - first + 1)
        headers = {"Accept-Ranges": "bytes", "Content-Disposition": 'attachment; filename="pack.zip"'}
        if status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        return Answer(body, status, "application/zip", headers)

    return handle("downloadPack", req, procedure)


def _range(header: str | None, size: int) -> tuple[int, int, int]:
    if not header or size == 0:
        return 0, size - 1, 200
    unit, _, asked = header.partition("=")
    first, dash, last = asked.strip().partition("-")
    if unit.strip() != "bytes" or not dash or "," in asked or not (first or last):
        return 0, size - 1, 200
    if not all(part == "" or (part.isascii() and part.isdigit()) for part in (first, last)):
        return 0, size - 1, 200
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last), size - 1) if first and last else size - 1
    return start, end, 206 if start <= end else 416


@bp.function_name("get_checkpoint")
@bp.route(route="api/ledger/checkpoints", methods=["GET"])
def get_checkpoint(req: func.HttpRequest) -> func.HttpResponse:
    """Newest checkpoints."""

    def procedure(call: Call) -> JsonObject:
        return show_evidence.checkpoints(call.services, call.person, call.query.get("log"))

    return handle("getCheckpoint", req, procedure)


@bp.function_name("get_keys")
@bp.route(route="api/ledger/keys", methods=["GET"])
def get_keys(req: func.HttpRequest) -> func.HttpResponse:
    """Verifier keys."""
    return handle("getKeys", req, lambda call: show_evidence.keys(call.services))
