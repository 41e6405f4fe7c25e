"""What runs by itself: HaloPSA rings, invoices are held, the ledger is sealed, reviews and audits read, clocks strike."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from secrets import token_hex

import httpx

from local.demo.api import DemoFailed
from local.host.keys import MASTER
from local.personas import PERSONAS
from local.seeds import integrations
from local.seeds.calendar import AS_OF, wire
from shared.procedures.clockwork import DAILY
from shared.registers.subscriptions import register as subscriptions
from tests.least_privilege.stage import INVOICE, Json, Stage

QUARTER, WEEK = "2026-Q4", "2026-W47"
TICKET = 1001


class Works(Stage):
    """Steps of the service."""

    _quarter = -1

    # What HaloPSA says

    def sync(self) -> None:
        """Everything is read; a changed client is folded in."""
        name = f"Renamed Example {token_hex(3)}"
        client = next(row for row in self.api.halo_rows("Client") if str(row["id"]) == "101")
        self.api.halo({"Client": [{**client, "name": name}]}, quiet=True)
        run = self.job("sync")
        missing = [kind for kind, one in run["kinds"].items() if isinstance(one, dict) and one.get("unreadable")]
        if missing or run.get("unreadable"):
            raise DemoFailed(f"HaloPSA would not show {missing or run['unreadable']}.")

    def deliver(self) -> None:
        """A ring comes in, its bytes are kept whatever their size, and the record is read back and judged."""
        before = self._observed()
        ticket = {"id": TICKET, "client_id": 105, "summary": f"Fictive case {token_hex(3)}", "note": "x" * 80_000}
        body = {"id": f"d-{token_hex(8)}", "event": "Ticket Updated", "object_id": TICKET, "ticket": ticket}
        said = self._ring(body)
        if said["duplicate"] or not self._ring(body)["duplicate"]:
            raise DemoFailed("The delivery was not kept once.")
        self.until("The reading of the ticket", lambda: self._observed() > before)

    def _ring(self, body: Json) -> Json:
        answer = self.guarded_app("intake").post(
            "/api/webhooks/halopsa/main", json=body, auth=("halopsa", "local-only")
        )
        if answer.status_code != 200:
            raise DemoFailed(f"The doorbell answered {answer.status_code}: {answer.text[:200]}")
        return dict(answer.json()["receipts"][0])

    def _observed(self) -> int:
        return len(self.api.every("ada", "/api/evidence", type="observation.page", customer="105"))

    def guarded_app(self, group: str) -> httpx.Client:
        """One app's own address."""
        return self.api.app(group)

    # Billing

    def hold(self) -> None:
        """Somebody moves a price; the invoice is held in HaloPSA."""
        row = copy.deepcopy(next(one for one in self.api.halo_rows("RecurringInvoice") if one["id"] == INVOICE))
        line = row["lines"][0]
        line["unit_price"] = round(float(line["unit_price"]) * 1.5, 2)
        row.pop("last_modified", None)
        before = self._holds()
        self.api.halo({"RecurringInvoice": [row]})
        self.until("The hold", lambda: self._holds() != before and self._asked() and self._disabled())

    def _holds(self) -> list[Json]:
        held = self.api.every("finn", "/api/holds", kind="invoice", state="held")
        return [{name: one[name] for name in ("id", "approval_id")} for one in held]

    def _asked(self) -> list[Json]:
        """Holds with a request; a right that was missing may have left one without, which the next ring makes good."""
        return [one for one in self._holds() if one["approval_id"]]

    def _disabled(self) -> bool:
        return bool(next(one for one in self.api.halo_rows("RecurringInvoice") if one["id"] == INVOICE)["disabled"])

    def release(self) -> None:
        """Two people sign; HaloPSA's invoice goes out again."""
        if not self._asked():
            self.hold()
        hold = self._asked()[0]
        self.api.decide(hold["approval_id"], "finn", "fay", rationale="It agrees with the contract.")
        self.until("The release", lambda: self.api.get("finn", f"/api/holds/{hold['id']}")["state"] == "released")

    # What people say, see and can prove

    def fill(self) -> None:
        """So many entries that sealing writes a tile of the log."""
        self._register(260)
        self._seal()

    def seal(self) -> None:
        """What was said is sealed by the timer, signed, and written where nothing is written twice."""
        self._register(1)
        self._seal()

    def _register(self, count: int) -> None:
        entries = [{"id": f"fictive-{token_hex(8)}", "name": "Fictive", "owner": "x"} for _ in range(count)]
        self.api.call("iris", "PUT", "/api/integrations", {"items": entries}, want=(200,))

    def _seal(self) -> None:
        before = self._checkpoint()
        self.api.tick("engine", "every_seal")
        self.until("A new checkpoint", lambda: self._checkpoint() != before and self._waiting() == 0)

    def _checkpoint(self) -> str:
        return str(self.api.get("ada", "/api/ledger/checkpoints")["meta"]["checkpoint"])

    def _waiting(self) -> int:
        newest = self.api.every("ada", "/api/evidence", type="integration.registered")
        return sum(1 for one in newest if one["index"] is None)

    def evidence(self) -> None:
        """A record, its bytes, its proof and the keys that vouch for it."""
        found = self.api.every("ada", "/api/evidence", type="delivery.received")
        large = next(one for one in found if one["index"] is not None)
        content = self.api.call("ada", "GET", f"/api/evidence/{large['id']}/content").content
        if len(content) < 80_000:
            raise DemoFailed("The bytes are not those that came.")
        first = self.api.every("ada", "/api/evidence", type="integration.registered")[0]
        self.api.call("ada", "GET", f"/api/evidence/{first['id']}/proof")
        self.api.call("ada", "GET", "/api/ledger/keys")

    def keep(self) -> None:
        """A pack is built and handed out by a link of storage itself."""
        asked = {"customer": "105", "from": "2026-11-01T00:00:00Z", "to": "2030-12-01T00:00:00Z"}
        pack = self.api.call("ada", "POST", "/api/packs", asked).json()
        status = self.until("The pack", lambda: self._pack(pack["id"]))
        with zipfile.ZipFile(io.BytesIO(self.api.download("ada", status["id"]))) as archive:
            if not archive.namelist():
                raise DemoFailed("The pack is empty.")

    def _pack(self, pack_id: str) -> Json | None:
        status = self.api.get("ada", f"/api/packs/{pack_id}")
        if status["state"] == "failed":
            raise DemoFailed(f"The pack failed: {status['error']}")
        return status if status["state"] == "ready" else None

    def report(self) -> None:
        """The weekly report and the figures beside it; its files go to SharePoint."""
        before = self._shelved()
        self.api.now = None
        as_of = wire(AS_OF)[:14] + f"{int(time.time()) % 60:02d}:{int(time.time() * 10) % 60:02d}" + "Z"
        run = self.api.call(
            "omar", "POST", "/api/runs", {"job": "weekly_report", "period": WEEK, "as_of": as_of}
        ).json()
        ended = ("succeeded", "failed")
        done = self.until("The report", lambda: self._when(self.api.get("omar", f"/api/runs/{run['run_id']}"), ended))
        if done["state"] == "failed":
            raise DemoFailed(f"The report failed: {done['error']}")
        page = self.api.call("nora", "GET", f"/api/reports/weekly/{WEEK}/html", query={"as_of": as_of})
        if "<html" not in page.text:
            raise DemoFailed("The report is no page.")
        self.until("The report in SharePoint", lambda: self._shelved() > before)

    def _shelved(self) -> int:
        """Files and their versions that lie in the site we were granted."""
        files = httpx.get(f"{self.guarded.entra_url}/_sim/files", trust_env=False).json()
        return sum(map(len, files.values()))

    @staticmethod
    def _when(body: Json, states: tuple[str, ...]) -> Json | None:
        return body if body["state"] in states else None

    # Reviews and audits

    def review(self) -> None:
        """The quarter's review is read by the identity that may; people answer; owners are told."""
        self.api.call("iris", "PUT", "/api/integrations", {"items": integrations.register()}, want=(200,))
        receiver = f"{self.guarded.receiver_url}/{token_hex(8)}"
        row = {"id": f"s-{token_hex(8)}", "event": "review_item_assigned", "by": PERSONAS["flow"].oid}
        whole = {"created": wire(AS_OF), "url": receiver, "customers": None, "practices": None, "delivered": []}
        subscriptions(self.rows).insert(row["id"], {**row, **whole})
        run = self.job("permission_review", QUARTER)
        if not run["population"]["entra"]["reviewed"] or not run["population"]["halopsa"]["reviewed"]:
            raise DemoFailed("Nothing was read.")
        self.expect(not run["gaps"], f"Not everything could be read: {run['gaps']}")
        self.until("Word to the owners", lambda: receiver in self.guarded.received())
        self.api.call("flow", "DELETE", f"/api/subscriptions/{row['id']}", want=(200, 204))

    def close(self) -> None:
        """A quarter of its own is answered to its end; its report and pack can be taken away."""
        self._quarter += 1
        quarter = f"{2027 + self._quarter // 4}-Q{self._quarter % 4 + 1}"
        self.job("permission_review", quarter)
        said = {"decision": "keep", "rationale": "Needed and owned."}
        for item in self.api.get("iris", f"/api/reviews/{quarter}", limit="500")["items"]:
            path = f"/api/reviews/{quarter}/items/{item['id']}/attestation"
            self.api.call("iris", "POST", path, said)
            if any(one["tier"] == 0 for one in item["permissions"]):
                self.api.call("steve", "POST", path, said)
        self.job("permission_review", quarter)
        if "<html" not in self.api.call("ada", "GET", f"/api/reviews/{quarter}/report/html").text:
            raise DemoFailed("The review's report is no page.")
        closing = self.api.get("ada", f"/api/reviews/{quarter}")["closing"]
        self.until("The review's pack", lambda: self._pack(closing["pack"]))

    def audit(self) -> None:
        """Everything is read again and proven again."""
        run = self.job("audit")
        if run["codes"]:
            raise DemoFailed(f"The audit found {run['codes']}.")

    def work(self) -> None:
        """The lightest of the engine's jobs, from the desk to its end."""
        self.job("configuration_check")

    def health(self) -> None:
        """Every app says it can do its work."""
        for group in self.guarded.urls:
            answer = self.guarded_app(group).get("/api/health")
            state = self.guarded_app(group).get("/admin/host/status", headers={"x-functions-key": MASTER})
            if (answer.status_code, state.status_code) != (200, 200):
                raise DemoFailed(f"{group} is not well: {answer.text[:200]} {state.status_code}")

    def quarter(self) -> None:
        """The quarterly timer opens or goes on with the quarter's review by itself, under the identity that may read."""
        before = self._judged()
        self.api.tick("engine", "every_quarter")
        self.until("The review that the clock asked for", lambda: self._judged() > before)

    def _judged(self) -> int:
        asked = {"type": "assessment.recorded", "control": "integration_permissions"}
        return len(self.api.every("ada", "/api/evidence", **asked))

    def clock(self) -> None:
        """Every timer starts what it is there to start, and all of it comes to its end."""
        timers = {
            "engine": ("every_sync", "every_day", "every_week", "every_month", "every_quarter"),
            "review": ("every_access_reading",),
            "audit": ("every_audit",),
        }
        before = self._ended()
        for group, names in timers.items():
            for name in names:
                self.api.tick(group, name)
        started = len(DAILY) + sum(map(len, timers.values())) - 1
        self.until("The end of what the clock started", lambda: self._ended() >= before + started)

    def _ended(self) -> int:
        ends = ("run.succeeded", "run.failed")
        return sum(len(self.api.every("ada", "/api/evidence", type=one)) for one in ends)

    def burying(self, queue: str) -> Callable[[], None]:
        def bury() -> None:
            """What fails again and again becomes evidence; nothing is removed to make a queue quiet."""
            body = json.dumps({"run_id": token_hex(8), "evidence_id": token_hex(8)})
            self.queues.send(queue, body)
            self.guarded.heard(queue)
            # this message and no other: one that a missing right left lying may be buried late
            sha256 = hashlib.sha256(body.encode()).hexdigest()
            self.until(f"The burial from {queue}", lambda: sha256 in self._poisoned())

        return bury

    def _poisoned(self) -> set[str]:
        return {one["sha256"] for one in self.api.every("ada", "/api/evidence", type="message.poisoned")}
