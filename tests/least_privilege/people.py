"""What people do at the desk: deals, projects, findings, billing, decisions, and the pages they do it on."""

from __future__ import annotations

import copy
import html
import re
from secrets import randbelow, token_hex

from local.seeds import baselines, changes
from tests.least_privilege.stage import Json, Stage

WEEK = "2026-W47"
SPAN = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
_LATER = "2099-01-01T00:00:00Z"
_PACK = {
    "deliverables": [{"name": "Handover notes", "link": "https://files.example.com/handover"}],
    "qa_outcome": "All acceptance tests passed.",
    "customer_acceptance": "Accepted by Avery Figment.",
    "open_risks": [],
}
_FILTER = dict.fromkeys(
    ("client_impact", "operational_efficiency", "reporting_accountability", "revenue_margin_protection", "scalability"),
    "None.",
)
_SECTIONS = (
    "findings", "holds", "billing", "approvals", "projects", "handoffs", "reviews", "reports", "decisions", "controls",
    "evidence", "programme", "samples", "figures", "backlog", "integrations",
)  # fmt: skip


class People(Stage):
    """Steps of the desk."""

    # Delivery

    def handoff(self) -> None:
        """A deal is won, its handoff signed, its project created; another lacks something and is excepted."""
        good, poor = self._deal(601), self._deal(606)
        self.heard()
        self.job("handoff_review")
        self.expect({good, poor} <= {one["id"] for one in self.api.every("dev", "/api/handoffs")}, "No handoffs.")
        asked = {"codes": ["source_link_missing"], "rationale": "It is on paper.", "expires": _LATER}
        self.api.call("sally", "POST", f"/api/handoffs/{poor}/exception", asked)
        self.api.call("dev", "GET", f"/api/handoffs/{good}/briefing/html")
        self.api.decide(self._open("handoff_signoff", good), "dev", rationale="Feasible, and staffed.")
        self.until("The project", lambda: (self.api.get("dev", f"/api/handoffs/{good}").get("project") or {}).get("id"))

    def _deal(self, like: int) -> str:
        """A won opportunity with its quotation, as another was."""
        number = 60_000 + randbelow(30_000)
        deal = copy.deepcopy(next(one for one in self.api.halo_rows("Tickets") if one["id"] == like))
        quote = copy.deepcopy(next(one for one in self.api.halo_rows("Quotation") if one["ticket_id"] == like))
        deal.update(id=number, todo_list=[])
        deal.pop("last_update", None)
        quote.pop("last_update_time", None)
        self.api.halo({"Quotation": [{**quote, "id": number, "ticket_id": number}], "Opportunities": [deal]})
        return str(number)

    def _open(self, kind: str, subject: str) -> str:
        """The open request about a subject."""

        def found() -> str | None:
            asked = self.api.every("nora", "/api/approvals", kind=kind, state="open")
            return next((str(one["id"]) for one in asked if str(one["subject"]["id"]) == subject), None)

        return str(self.until(f"The request {kind}", found))

    def project(self) -> None:
        """A baseline is frozen, the project assessed, its gate passed by two people, and HaloPSA told so."""
        number = 80_000 + randbelow(10_000)
        row = copy.deepcopy(next(one for one in self.api.halo_rows("Tickets") if one["id"] == 806))
        row.update(id=number, milestones=[], budgets=[])
        row.pop("last_update", None)
        self.api.halo({"Projects": [row]})
        self.heard()
        self.api.call("paula", "PUT", f"/api/projects/{number}/baseline", baselines.bodies()[806], want=(200, 201))
        self.job("project_status")
        self.expect(self.api.get("paula", f"/api/projects/{number}")["health"], "The project was not assessed.")
        self.expect(self.api.every("paula", f"/api/projects/{number}/inputs"), "No row is named behind its figures.")
        gate = self.api.call("nora", "POST", f"/api/projects/{number}/gates/Handover accepted", _PACK).json()
        self.api.decide(gate["id"], "dev", "paula", rationale="Evidence is complete; go.")
        self.until("The note in HaloPSA", lambda: self._noted(number))

    def _noted(self, ticket: int) -> bool:
        return any(one["ticket_id"] == ticket for one in self.api.halo_rows("Actions"))

    def lesson(self) -> None:
        """A closed project is looked back upon."""
        self.api.every("paula", "/api/projects")
        self.api.get("paula", "/api/delivery", **SPAN)
        learned = {"summary": "Order licences first.", "missed_risks": [], "corrective_actions": ["Order sooner."]}
        self.api.call("paula", "POST", "/api/projects/808/closeout", learned)

    # Findings

    def finding(self) -> None:
        """Somebody says what they think of a finding, who mends it by when, and asks that it be accepted for a time."""
        controls = self.api.every("rae", "/api/controls")
        self.api.get("rae", f"/api/controls/{controls[0]['id']}")
        path = f"/api/findings/{self._finding()}"
        self.api.get("nora", path)
        self.api.call("nora", "POST", f"{path}/feedback", {"kind": "confirmed", "comment": token_hex(4)})
        plan = {"owner": "Tomas Example", "plan": f"Mend it {token_hex(4)}.", "recovery_date": "2026-12-01"}
        self.api.call("nora", "POST", f"{path}/mitigation", plan)
        self.api.call("nora", "POST", f"{path}/override", {"rationale": "Known, and cheap."})

    def _finding(self) -> str:
        failed = self.api.every("nora", "/api/findings", verdict="fail")
        self.expect(failed, "Nothing was found.")
        return str(failed[0]["id"])

    # Money

    def money(self) -> None:
        """A supplier's usage, the contract map, a look back, a validation with its cycle, the figures."""
        usage = changes.usage_csv().encode()
        self.api.upload("finn", f"/api/usage/{changes.USAGE_SUPPLIER}", usage, "text/csv", period=changes.USAGE_PERIOD)
        self.api.call("nora", "PUT", "/api/billing/contract-map", {"system": "none", "items": []})
        self.api.get("finn", "/api/billing/contract-map")
        self.job("billing_look_back", "2026-11")
        self.expect("invoices" in self.api.get("finn", "/api/billing/look-back"), "Nobody looked back.")
        invoice = {"area": "recurring_invoice", "title": "It adds up", "subject": "-40", "expected": {"codes": []}}
        drawn = {"name": f"Cycle {token_hex(3)}", "scenarios": [invoice]}
        made = self.api.call("nora", "POST", "/api/billing/validations", drawn).json()
        self.job("billing_validation")
        self.api.every("finn", "/api/billing/validations")
        self.expect(self.api.get("finn", f"/api/billing/validations/{made['id']}")["result"], "No cycle was run.")
        self.api.get("finn", "/api/billing/figures", **SPAN)

    # Governance

    def govern(self) -> None:
        """A decision is logged, policy follows it, a target is set, figures are frozen, an idea is kept and put to work."""
        body = {"title": f"Keep the policy {token_hex(3)}", "decision": "As it is.", "filter": _FILTER}
        made = self.api.call("nora", "POST", "/api/decisions", body).json()
        self.api.every("rae", "/api/decisions")
        held = self.api.get("nora", "/api/policy")
        self.api.call("nora", "PUT", "/api/policy", {"toml": held["toml"], "decision_id": made["id"]})
        text = "A fictive idea. " * 400  # the largest that is kept in a row is smaller
        body = {"title": f"Idea {token_hex(3)}", "description": text}
        idea = self.api.call("mia", "POST", "/api/backlog", body).json()
        self.api.call("mia", "POST", f"/api/backlog/{idea['id']}/delivery", {"steps_removed": 2})
        self.api.every("mia", "/api/backlog")
        step = self.api.every("steve", "/api/programme")[0]
        self.api.call("steve", "PUT", f"/api/programme/{step['id']}", {"owner": "oid-somebody"})
        target = {"kpi": "mttr_hours", "direction": "decrease", "low": 10, "high": 15, "unit": "relative",
                  "baseline": 40, "horizon_days": 365, "source": "Steering."}  # fmt: skip
        self.api.call("steve", "POST", "/api/targets", target)
        self.api.call("steve", "POST", "/api/baselines", {**SPAN, "kpis": ["mttr_hours"]})
        self.api.get("steve", "/api/baselines")
        self.expect(self.api.get("nora", "/api/kpis", **SPAN)["items"], "There are no figures.")

    def flows(self) -> None:
        """Power Automate reads what there is, subscribes both ways and takes it back."""
        for path in ("/api/openapi.json", "/api/connector.json"):
            self.api.get("flow", path)
        address = {"url": "https://1.1.1.1/never-called"}
        for path, body in (
            ("/api/subscriptions", {**address, "event": "finding_opened"}),
            ("/api/subscriptions/finding_opened", address),
        ):
            made = self.api.call("flow", "POST", path, body).json()
            self.api.call("flow", "DELETE", f"/api/subscriptions/{made['id']}")

    # Pages

    def pages(self) -> None:
        """Every page of the portal opens, and its forms do what they say."""
        for path in ("/", "/static/portal.css", *(f"/{one}" for one in _SECTIONS)):
            self.api.call("nora", "GET", path)
        record = self.api.get("ada", "/api/evidence", limit="1")["items"][0]["id"]
        self.api.get("ada", f"/api/evidence/{record}")
        self.api.call("ada", "GET", f"/evidence/{record}/content")
        said = self._form("nora", f"/findings/{self._finding()}", kind="confirmed", comment=token_hex(4))
        self.expect(said == 303, "The finding's form did nothing.")
        said = self._form("nora", "/programme/cutover", owner="oid-somebody", state="open")
        self.expect(said == 303, "The programme's form did nothing.")

    def files(self) -> None:
        """What the weekly report left is listed and opened, by the API and on pages."""
        self.api.every("nora", "/api/reports")
        self.api.call("nora", "GET", f"/reports/weekly/{WEEK}/html")
        file = self.api.every("nora", "/api/artefacts")[0]["files"][0]
        for path in (f"/api/artefacts/{file}", f"/artefacts/{file}"):
            self.api.call("nora", "GET", path)

    def forms(self) -> None:
        """An override is approved and an integration answered for, on their pages."""
        path = f"/api/findings/{self._finding()}/override"
        asked = self.api.call("nora", "POST", path, {"rationale": f"Known {token_hex(3)}."}).json()
        shown = self.api.get("steve", f"/api/approvals/{asked['id']}")
        fields = {"decision": "approve", "rationale": "It is cheap.", "digest": shown["digest"]}
        done = self._form("steve", f"/approvals/{asked['id']}", **fields)
        self.expect(done == 303, "The approval's form did nothing.")
        self._conclude(str(self.api.get("steve", f"/api/approvals/{asked['id']}")["closed_at"])[:7])
        quarter = self.api.every("iris", "/api/reviews")[0]["quarter"]
        self.api.get("iris", "/api/integrations")
        item = self.api.get("iris", f"/api/reviews/{quarter}", limit="1")["items"][0]
        answer = self._form("iris", f"/reviews/{quarter}/items/{item['id']}", decision="keep", rationale="Needed.")
        self.expect(answer == 303, "The review's form did nothing.")

    def _conclude(self, month: str) -> None:
        """What was let pass is drawn, and somebody who took no part concludes on it, on the page and by the API."""
        self.job("override_sampling", month)
        self.api.every("finn", "/api/samples")
        drawn = self.api.get("finn", f"/api/samples/{month}")["sample"]
        said = {"conclusion": "justified", "note": "It was cheap."}
        at = f"/samples/{month}/items/{next(one['id'] for one in drawn if not one['conclusion'])}"
        self.expect(self._form("finn", f"/samples/{month}", at, **said) == 303, "The sample's form did nothing.")
        self.api.call("finn", "POST", f"/api{at}/conclusion", said)

    def _form(self, who: str, path: str, to: str = "", **fields: str) -> int:
        """Fill in the form a page shows, as a browser would; the status of what it answers."""
        page = self.api.call(who, "GET", path).text
        token = re.search(r'name="token" value="([^"]+)"', page)
        self.expect(token, f"{path} shows {who} no form.")
        action = "/feedback" if path.startswith("/findings/") else ""
        sent: Json = {**fields, "token": html.unescape(token[1]) if token else ""}
        headers = {"Authorization": f"Bearer {self.api.token(who)}"}
        return self.api.app("desk").post(to or f"{path}{action}", data=sent, headers=headers).status_code
