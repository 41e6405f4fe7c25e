"""Pages carry their headers, escape what they show, and forms count only from the person they were given to."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlencode

import pytest

from functions import page_frames, portal
from shared.approvals.quorum import content_digest
from shared.model import NewEntry, Person, Role
from shared.procedures import billing, decide, projects
from shared.registers import approvals
from tests.harness.delivery import BASELINE, NORA, project_rows, run_of

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> مرحبا 🙂'
CONTENT = {
    "customer": "101",
    "currency": "CAD",
    "total": "907.96",
    "lines": [{"id": "1", "item": HOSTILE, "net": "907.96"}],
}
FINN = Person("finn", "Finn Ledgerless", frozenset({Role.FINANCE}))
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def asked(desk, monkeypatch):
    """An open approval of Maple Harbour Dental's invoice, on memory."""
    monkeypatch.setattr(billing, "present_content", lambda _services, _approval: CONTENT, raising=False)
    monkeypatch.setattr(billing, "on_decided", lambda _services, _approval: None, raising=False)
    monkeypatch.setattr(decide, "decider", lambda _kind: billing)
    desk.services.mirror.apply(
        "Client", [{"id": 101, "name": "Maple Harbour Dental"}], read_at=desk.services.clock.now()
    )
    row = {
        "id": "a-1",
        "kind": "invoice_release",
        "subject": {"kind": "recurring_invoice", "id": "-21"},
        "customer": "101",
        "practice": None,
        "requester": "service",
        "digest": content_digest(CONTENT),
        "content": CONTENT,
        "text": f"Release recurring invoice -21. It is held because: {HOSTILE}",
        "needed": {"persons": 1, "roles": ["Finance"]},
        "decisions": [],
        "state": "open",
        "created": "2026-11-20T09:00:00.000Z",
        "expires": "2099-01-01T00:00:00.000Z",
        "closed_at": None,
        "policy_version": "p-1",
    }
    approvals.register(desk.services.rows).put("a-1", row)
    return row


def get(desk, trigger, path=None, query=None, headers=None):
    return desk.call(trigger, path=path or {}, query=query, headers=headers)


def post(desk, trigger, path, **fields):
    body = urlencode({name: value for name, value in fields.items() if value is not None}, doseq=True).encode()
    return desk.call(trigger, "POST", path=path, raw=body, headers={"content-type": FORM})


def html(response):
    return response.get_body().decode()


def token_in(page):
    return re.search(r'name="token" value="([0-9a-f]{64})"', page)[1]


LISTS = [
    "findings",
    "holds",
    "approvals",
    "samples",
    "integrations",
    "figures",
    "backlog",
    "projects",
    "handoffs",
    "reviews",
    "reports",
    "decisions",
    "programme",
    "controls",
]
"""Evidence is read from the ledger itself; the browser's tests open it."""


def check_headers(response):
    policy = response.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.mimetype == "text/html"


@pytest.mark.parametrize("section", LISTS)
def test_every_list_opens_empty_with_its_headers(desk, section):
    """Before anything was read, each says in a sentence that there is nothing."""
    response = get(desk, portal.portal_list, {"section": section})
    assert response.status_code == 200
    check_headers(response)
    page = html(response)
    assert page.count("<h1>") == 1
    assert "<script" not in page
    assert ">None<" not in page


def test_the_overview_opens_empty(desk):
    """A first day has no approvals and no findings, and says so."""
    response = get(desk, portal.portal_home)
    check_headers(response)
    assert "No finding is open." in html(response)


def test_a_person_without_a_token_is_asked_to_sign_in(desk):
    """401 as a page, with its challenge, its headers and a record of the refusal."""
    desk.person = None
    response = get(desk, portal.portal_home, headers={"x-request-id": "abc-1"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.headers["X-Request-Id"] == "abc-1"
    assert "abc-1" in html(response)
    check_headers(response)
    assert [entry.type for _, entry in desk.services.ledger.entries] == ["access.refused"]


def test_a_person_without_a_role_sees_nothing(desk):
    """An account of the tenant that was given no role gets 403 and no navigation."""
    desk.person = Person("x", "X", frozenset())
    response = get(desk, portal.portal_home)
    assert response.status_code == 403
    check_headers(response)
    assert "<nav" not in html(response)


@pytest.mark.parametrize(
    "section", ["findings", "holds", "approvals", "projects", "handoffs", "reviews", "reports", "controls"]
)
def test_what_is_not_there_is_404(desk, section):
    """With any characters in its id."""
    response = get(desk, portal.portal_detail, {"section": section, "id": HOSTILE})
    assert response.status_code == 404
    check_headers(response)
    assert "<script>" not in html(response)


def test_evidence_is_for_those_who_may_read_it(desk):
    """Others get 403, and their navigation does not offer it."""
    desk.person = FINN
    response = get(desk, portal.portal_list, {"section": "evidence"})
    assert response.status_code == 403
    assert 'href="/evidence"' not in html(get(desk, portal.portal_home))


@pytest.mark.parametrize(("media_type", "ending"), [("application/json", "json"), ("text/html", "bin")])
def test_a_record_s_bytes_are_kept_by_a_browser_and_never_shown(desk, media_type, ending):
    """Whatever was delivered, it is a file; who read it is recorded."""
    desk.person = Person("ada", "Ada Auditrix", frozenset({Role.AUDITOR}))
    entry = NewEntry("delivery.received", "k", b"<script>1</script>", customer="101", media_type=media_type)
    identity = desk.services.ledger.record(entry).evidence_id
    response = get(desk, portal.portal_evidence, {"id": identity, "what": "content"})
    assert (response.status_code, response.get_body(), response.mimetype) == (
        200,
        b"<script>1</script>",
        "application/octet-stream",
    )
    assert response.headers["Content-Disposition"] == f'attachment; filename="{identity}.{ending}"'
    assert len(desk.services.ledger.of_type("custody.read")) == 1
    desk.person = FINN
    assert get(desk, portal.portal_evidence, {"id": identity, "what": "content"}).status_code == 403


def test_a_page_tells_whoever_sees_a_part_that_it_is_one(desk, asked):
    """Lists and details: a count of nothing may be a count of nothing they may see."""
    desk.person = Person("fay", "Fay Figment", frozenset({Role.FINANCE}), customers=frozenset({"101"}))
    for response in (
        get(desk, portal.portal_list, {"section": "approvals"}),
        get(desk, portal.portal_detail, {"section": "approvals", "id": "a-1"}),
    ):
        assert "Your account sees some customers or practices only" in html(response)
    desk.person = FINN
    assert "Your account sees" not in html(get(desk, portal.portal_detail, {"section": "approvals", "id": "a-1"}))


def test_what_comes_from_data_is_escaped(desk, asked):
    """Markup in a line's text is text on the list, on the page and on the overview."""
    desk.person = FINN
    pages = [
        get(desk, portal.portal_home),
        get(desk, portal.portal_list, {"section": "approvals"}),
        get(desk, portal.portal_detail, {"section": "approvals", "id": "a-1"}),
    ]
    for response in pages:
        assert "<script>" not in html(response)
        assert "<img" not in html(response)
        assert "Maple Harbour Dental" in html(response)
    assert escape("<script>alert(1)</script>") in html(pages[2])
    assert "مرحبا 🙂" in html(pages[2])


def test_outside_what_a_person_sees_is_404(desk, asked):
    """Neither the page nor the form of another customer's approval exists for a narrowed person."""
    desk.person = Person("fay", "Fay Figment", frozenset({Role.FINANCE}), customers=frozenset({"102"}))
    assert get(desk, portal.portal_detail, {"section": "approvals", "id": "a-1"}).status_code == 404
    sign = page_frames.token(desk.services, desk.person, "approval a-1")
    response = post(
        desk, portal.portal_decide, {"id": "a-1"}, token=sign, decision="approve", rationale="x", digest="x"
    )
    assert response.status_code == 404
    assert "a-1" not in html(get(desk, portal.portal_list, {"section": "approvals"}))


def test_finance_approves_through_the_form(desk, asked):
    """The form on the page is all it takes, and the page then says what happened."""
    desk.person = FINN
    where = {"section": "approvals", "id": "a-1"}
    page = html(get(desk, portal.portal_detail, where))
    said = {"token": token_in(page), "digest": asked["digest"], "decision": "approve", "rationale": "I checked it."}
    response = post(desk, portal.portal_decide, {"id": "a-1"}, **said)
    assert (response.status_code, response.headers["Location"]) == (303, "/approvals/a-1?done=approve")
    after = html(get(desk, portal.portal_detail, where, {"done": "approve"}))
    assert "Your approval is recorded." in after
    assert "I checked it." in after
    assert "<form" not in after
    again = post(desk, portal.portal_decide, {"id": "a-1"}, **said)
    assert again.status_code == 403


@pytest.mark.parametrize("given", [None, "", "0" * 64, "é", "theirs"])
def test_a_form_that_was_not_given_to_this_person_is_refused(desk, asked, given):
    """Missing, wrong or another person's token: 403, nothing decided, one record of the refusal."""
    desk.person = FINN
    if given == "theirs":
        fay = Person("fay", "Fay Figment", frozenset({Role.FINANCE}))
        given = page_frames.token(desk.services, fay, "approval a-1")
    response = post(
        desk,
        portal.portal_decide,
        {"id": "a-1"},
        token=given,
        decision="approve",
        rationale="x",
        digest=asked["digest"],
    )
    assert response.status_code == 403
    check_headers(response)
    assert "Back to where you were" in html(response)
    assert approvals.register(desk.services.rows).get("a-1").body["state"] == "open"
    assert [entry.type for _, entry in desk.services.ledger.entries] == ["access.refused"]


def test_a_token_is_good_for_its_form_only(desk, asked):
    """One approval's token opens no other."""
    desk.person = FINN
    sign = page_frames.token(desk.services, FINN, "approval a-2")
    response = post(
        desk, portal.portal_decide, {"id": "a-1"}, token=sign, decision="approve", rationale="x", digest="x"
    )
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"rationale": "  "}, 422),
        ({"decision": "perhaps"}, 422),
        ({"digest": "0" * 64}, 409),
        ({"rationale": None}, 422),
    ],
)
def test_a_form_filled_in_wrongly_says_so(desk, asked, fields, status):
    """Without a rationale, with another word or on other content: a page that leads back."""
    desk.person = FINN
    sign = page_frames.token(desk.services, FINN, "approval a-1")
    said = {"token": sign, "decision": "approve", "rationale": "x", "digest": asked["digest"], **fields}
    response = post(desk, portal.portal_decide, {"id": "a-1"}, **said)
    assert response.status_code == status
    assert 'href="/approvals/a-1"' in html(response)


@pytest.mark.parametrize("role", [Role.READER, Role.AUDITOR, Role.OPERATOR, Role.ADMINISTRATOR, Role.AUTOMATION])
def test_who_may_not_decide_sees_no_form_and_is_refused(desk, asked, role):
    """Roles are judged before the form is read."""
    desk.person = Person("someone", "Someone", frozenset({role}))
    assert '<form class="ask"' not in html(get(desk, portal.portal_detail, {"section": "approvals", "id": "a-1"}))
    response = desk.call(
        portal.portal_decide, "POST", path={"id": "a-1"}, raw=b"{", headers={"content-type": "text/xml"}
    )
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("raw", "media", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=\xff", FORM, 400),
        (b"a=1&" * 5000, FORM, 400),
        (b"a" * 1_100_000, FORM, 413),
    ],
)
def test_a_body_that_is_no_form_is_a_page_too(desk, asked, raw, media, status):
    """Other media types, broken text, floods of fields and floods of bytes."""
    desk.person = FINN
    response = desk.call(portal.portal_decide, "POST", path={"id": "a-1"}, raw=raw, headers={"content-type": media})
    assert response.status_code == status
    check_headers(response)


def test_only_our_own_sentences_are_shown_as_results(desk, asked):
    """What stands in the address never becomes text of ours."""
    desk.person = FINN
    page = html(get(desk, portal.portal_detail, {"section": "approvals", "id": "a-1"}, {"done": HOSTILE}))
    assert 'class="said"' not in page


def test_filters_that_nobody_knows_show_nothing_and_break_nothing(desk, asked):
    """Hostile filters and page tokens are answered with a page."""
    for query in ({"state": HOSTILE}, {"customer": HOSTILE}, {"next": HOSTILE}, {"next": "999999"}, {"state": "any"}):
        response = get(desk, portal.portal_list, {"section": "approvals"}, query)
        assert response.status_code == 200
        assert "<script>" not in html(response)


@pytest.mark.parametrize(("form", "media"), [("html", "text/html"), ("xlsx", "application/vnd.openxmlformats")])
def test_a_report_opens_as_a_page_or_is_kept_as_a_file(desk, monkeypatch, form, media):
    """With the page's headers, or with a name of its own."""
    kind = "text/html" if form == "html" else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    monkeypatch.setattr(portal, "report_file", lambda *_: (b"<style>b{}</style>x", kind))
    response = get(desk, portal.portal_report, {"period": "2026-W47", "format": form})
    assert response.mimetype.startswith(media)
    assert ("Content-Disposition" in response.headers) == (form == "xlsx")
    assert response.headers["Cache-Control"] == "no-store"
    if form == "html":
        check_headers(response)


def test_a_report_of_no_week_is_a_page(desk):
    """400 for what is no week, 404 for a week without a report or a format that is none."""
    for period, form, status in (("x", "html", 400), ("2026-W47", "html", 404), ("2026-W47", "exe", 404)):
        response = get(desk, portal.portal_report, {"period": period, "format": form})
        assert response.status_code == status
        check_headers(response)


def test_a_finding_takes_feedback_and_a_plan(desk):
    """Through its forms; other people's tokens and other fields are refused."""
    from shared.registers import findings

    desk.person = Person("dev", "Dev Makebelieve", frozenset({Role.DELIVERY_MANAGER}))
    identity, _ = a_finding(desk, findings)
    page = html(get(desk, portal.portal_detail, {"section": "findings", "id": identity}))
    sign = token_in(page)
    plan = {"owner": "Dev", "plan": "Fix it.", "recovery_date": "2026-12-01"}
    response = post(desk, portal.portal_say, {"id": identity, "what": "mitigation"}, token=sign, **plan)
    assert (response.status_code, response.headers["Location"]) == (303, f"/findings/{identity}?done=mitigation")
    response = post(desk, portal.portal_say, {"id": identity, "what": "feedback"}, token=sign, kind="false_positive")
    assert response.status_code == 303
    page = html(get(desk, portal.portal_detail, {"section": "findings", "id": identity}, {"done": "feedback"}))
    assert "Your feedback is recorded." in page
    assert "Fix it. (Dev, by 2026-12-01)" in page
    bad = [
        ("mitigation", {**plan, "token": sign, "owner": ""}, 422),
        ("mitigation", {**plan, "token": sign, "recovery_date": "soon"}, 422),
        ("feedback", {"token": sign, "kind": "maybe"}, 422),
        ("feedback", {"kind": "confirmed"}, 403),
    ]
    for what, fields, status in bad:
        assert post(desk, portal.portal_say, {"id": identity, "what": what}, **fields).status_code == status


def test_readers_and_auditors_are_not_offered_what_they_may_not_do(desk):
    """A reader sees no form; an auditor may comment, not plan."""
    from shared.registers import findings

    identity, _ = a_finding(desk, findings)
    for role, feedback, plan in ((Role.READER, False, False), (Role.AUDITOR, True, False), (Role.FINANCE, True, True)):
        desk.person = Person("someone", "Someone", frozenset({role}))
        page = html(get(desk, portal.portal_detail, {"section": "findings", "id": identity}))
        assert ("/feedback" in page, "/mitigation" in page) == (feedback, plan)
    desk.person = Person("rae", "Rae Reader", frozenset({Role.READER}))
    refused = post(desk, portal.portal_say, {"id": identity, "what": "feedback"}, kind="confirmed")
    assert refused.status_code == 403


def a_finding(desk, findings):
    """An open finding about a project, kept in its register."""
    row = {
        "id": "project_control-101-1",
        "control": "project_control",
        "subject": {"kind": "project", "id": "801"},
        "customer": "101",
        "practice": "ps",
        "verdict": "fail",
        "status": "open",
        "severity": "high",
        "reasons": [{"code": "no_baseline", "text": "The project has no control baseline."}],
        "owner": "DeliveryManager",
        "due": None,
        "since": "2026-11-20T09:00:00.000Z",
        "assessed_at": "2026-11-20T09:00:00.000Z",
        "policy_version": "p-1",
        "evidence": [],
        "detail": {},
        "mitigation": None,
        "override": None,
        "feedback": None,
    }
    findings.register(desk.services.rows, "project_control").put(findings.key_of(row["id"]), row)
    return row["id"], row


def test_a_projects_page_shows_workstreams_periods_and_who_was_told(desk):
    """The plan by workstream and by period, in sums that add up, and escalations with their answers."""
    rows = project_rows()
    rows["Actions"][1]["timetaken"] = 60.0
    desk.services.mirror.load(rows, desk.services.clock.now())
    body = BASELINE | {"workstreams": [{"name": "Design <b>", "hours": 10, "cost": "500.00", "tasks": [101]}]}
    projects.put_baseline(desk.services, NORA, "100", body)
    projects.project_status_run(desk.services, run_of("project_status", desk.services))
    page = html(get(desk, portal.portal_detail, {"section": "projects", "id": "100"}))
    assert "Design &lt;b&gt;" in page
    assert "In no workstream" in page
    assert "to 30 Nov 2026" in page
    assert "nanswered" in page


def test_a_projects_page_says_what_its_figures_come_from(desk):
    """Each figure names its parts, each part its rows, each row the observation it was read in."""
    desk.services.mirror.load(project_rows(), desk.services.clock.now())
    projects.put_baseline(desk.services, NORA, "100", BASELINE)
    projects.project_status_run(desk.services, run_of("project_status", desk.services))
    page = html(get(desk, portal.portal_detail, {"section": "projects", "id": "100"}))
    assert "What the figures come from" in page
    assert 'href="/projects/100?part=time"' in page
    page = html(get(desk, portal.portal_detail, {"section": "projects", "id": "100"}, {"part": "time"}))
    assert "101-1" in page
    assert ">unknown<" in page


def test_the_navigation_shows_the_areas_and_the_pages_of_the_one_where_one_is(desk):
    """Where one is is marked in both rows; an area of one page has no second row."""
    shown = html(get(desk, portal.portal_list, {"section": "findings"}))
    assert '<a href="/" aria-current="true">Today</a>' in shown
    assert '<a href="/findings" aria-current="page">Findings</a>' in shown
    assert 'href="/handoffs"' not in shown
    shown = html(get(desk, portal.portal_list, {"section": "handoffs"}))
    assert '<a href="/projects" aria-current="true">Delivery</a>' in shown
    assert '<a href="/handoffs" aria-current="page">Handoffs</a>' in shown
    shown = html(get(desk, portal.portal_list, {"section": "billing"}))
    assert shown.count("<nav") == 1
