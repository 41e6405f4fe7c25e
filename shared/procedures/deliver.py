"""Bring published reports and artefacts to SharePoint sites: one action a file, so that each is tried again by itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from shared.actions import Action, ActionKind
from shared.errors import NotFound
from shared.log import Event, log
from shared.model import JsonObject, Subject, rfc3339
from shared.ports import Place
from shared.procedures.plan import queue_actions
from shared.procedures.services import Services
from shared.registers.store import Register


@dataclass(frozen=True, slots=True)
class Delivery:
    """One file on its way: where its bytes lie, where it goes, and which report it belongs to."""

    report: str
    blob: str
    path: str
    media_type: str
    sha256: str


def _body(file: Delivery, place: Place) -> JsonObject:
    return {**asdict(file), **asdict(place)}


def register(services: Services) -> Register:
    """What was delivered where, and what could not be: people see the failures here."""
    return Register(services.rows, "report_deliveries")


def plan_deliveries(services: Services, run_id: str, place: Place, files: Iterable[Delivery]) -> int:
    """Queue one action a file; answer how many. None where no site is named. What is there already is not sent again."""
    if not place.site:
        return 0
    actions = []
    for file in files:
        body = _body(file, place)
        waiting = _row(services, body, "waiting")

        def step(held: JsonObject | None, waiting: JsonObject = waiting, body: JsonObject = body) -> JsonObject | None:
            there = held is not None and held["state"] == "delivered" and body.items() <= held.items()
            return None if there else waiting

        if register(services).change(file.blob, step) != waiting:
            continue
        key = f"deliver\n{file.blob}\n{file.sha256}\n{place.site}\n{place.drive}\n{file.path}"
        actions.append(Action(ActionKind.DELIVER_FILE, key, Subject("report", file.report), None, body))
    return queue_actions(services, actions, run_id)


def deliver(services: Services, action: Action) -> JsonObject:
    """Put one file on the shelf. Raises from the SourceError subtree; NotFound when the file is gone."""
    file = action.parameters
    data = services.blobs.get("reports", file["blob"])
    if data is None:
        raise NotFound("The file to be delivered is gone.", code="delivery_impossible")
    return services.shelf.put(Place(file["site"], file["drive"]), file["path"], data, file["media_type"])


def on_carried_out(services: Services, action: Action, outcome: JsonObject) -> None:
    """The file is where people look."""
    file = action.parameters
    register(services).put(file["blob"], {**_row(services, file, "delivered"), "web_url": outcome.get("web_url")})


def on_failed(services: Services, action: Action, error: JsonObject) -> None:
    """It will not get there by itself: people see it beside the report."""
    file = action.parameters
    register(services).put(file["blob"], {**_row(services, file, "failed"), "error": error})
    log(Event.REPORT_UNDELIVERED, kind=file["path"].rpartition(".")[2], code=str(error.get("code", "")))


def deliveries(services: Services) -> dict[str, list[JsonObject]]:
    """How each file stands on its way to people: ``{"file", "state", "at", "web_url", "error"}`` by report."""
    out: dict[str, list[JsonObject]] = defaultdict(list)
    for row in register(services).all():
        told = {name: row[name] for name in ("state", "at", "web_url", "error")}
        out[row["report"]].append({"file": row["path"].rpartition("/")[2], **told})
    return dict(out)


def _row(services: Services, file: JsonObject, state: str) -> JsonObject:
    return {**file, "state": state, "at": rfc3339(services.clock.now()), "web_url": None, "error": None}
