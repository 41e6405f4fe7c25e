"""The portal in a real browser: every page loads clean, fits a phone, and a held invoice is released by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.demo.api import Api
from local.stack import Stack
from tests.browser.chrome import TAB, Chrome, browser, missing

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=f"no browser: {missing()}"),
]
SECTIONS = (
    "",
    "figures",
    "findings",
    "holds",
    "approvals",
    "samples",
    "billing",
    "projects",
    "handoffs",
    "reviews",
    "integrations",
    "reports",
    "decisions",
    "backlog",
    "programme",
    "controls",
    "evidence",
)


@pytest.fixture(scope="module")
def chrome(api) -> Iterator[Chrome]:
    with browser() as chrome:
        yield chrome


def be(chrome: Chrome, api: Api, who: str, width: int = 1280) -> None:
    """Look at the portal as a persona, with a clean console."""
    chrome.bearer(api.token(who))
    chrome.size(width, 900)
    chrome.complaints()


def details(api: Api) -> list[str]:
    """One page of every section's details."""
    first = {
        name: api.get("nora", f"/api/{name}", limit="1")["items"][0]["id"]
        for name in ("findings", "holds", "approvals", "projects", "handoffs", "evidence")
    }
    item = api.get("nora", "/api/reviews/2026-Q4")["items"][1]["id"]
    return [
        *(f"{name}/{identity}" for name, identity in first.items()),
        "reviews/2026-Q4",
        f"reviews/2026-Q4/items/{item}",
        "reports/2026-W47",
        "reports/weekly/2026-W47/html",
        "controls/recurring_invoice_hold",
        "programme/go_no_go",
        "programme/interview.ps",
    ]


LOOK = """
return {
  wide: document.documentElement.scrollWidth - window.innerWidth,
  h1: document.querySelectorAll('h1').length,
  scripts: document.scripts.length,
  bare: [...document.querySelectorAll('table')].filter(t => !t.caption || !t.caption.textContent.trim()).length,
  scopeless: [...document.querySelectorAll('th')].filter(h => !h.scope).length,
  nameless: [...document.querySelectorAll('input:not([type=hidden]),textarea,select')].filter(f => !f.labels.length).length,
  lang: document.documentElement.lang,
  text: document.body.innerText,
};
"""


def flaws(chrome: Chrome, address: str, *, ours: bool = True) -> list[str]:
    """What is wrong with the page that is open."""
    seen = chrome.run(LOOK)
    # A report is one file with everything in it; the browser asks for an icon all the same.
    found = [one for one in chrome.complaints() if ours or "/favicon.ico" not in one]
    if seen["wide"] > 0:
        found.append(f"{seen['wide']} px wider than the screen")
    found += [f"{seen[name]} {name}" for name in ("scripts", "bare", "scopeless", "nameless") if seen[name]]
    if seen["h1"] != 1 or seen["lang"] != "en":
        found.append(f"{seen['h1']} h1, language {seen['lang']!r}")
    if ours:
        found += [word for word in ("None", "undefined", "{'", "nan") if word in seen["text"].split()]
    return [f"{address}: {one}" for one in found]


@pytest.mark.parametrize("width", [1280, 390], ids=["desktop", "phone"])
def test_every_page_loads_clean(chrome: Chrome, api: Api, stack: Stack, width: int) -> None:
    """No console errors, no policy violations, one h1, captions and scopes, labels, nothing wider than the screen."""
    be(chrome, api, "nora", width)
    found = []
    for address in (*SECTIONS, *details(api)):
        chrome.go(f"{stack.host_url}/{address}")
        assert "Halo Attest" in chrome.title or "report" in chrome.title.lower()
        found += flaws(chrome, address, ours="weekly/" not in address)
    assert found == []


def test_finance_releases_a_held_invoice(chrome: Chrome, api: Api, stack: Stack) -> None:
    """From the overview to the hold to its content to the decision; afterwards the hold is released in HaloPSA."""
    be(chrome, api, "finn")
    hold = api.get("finn", "/api/holds", state="held", kind="invoice")["items"][0]
    chrome.go(f"{stack.host_url}/holds/{hold['id']}")
    assert "held" in chrome.text("dl.facts")
    chrome.follow("a.button")
    assert chrome.address.endswith(f"/approvals/{hold['approval_id']}")
    assert "Unit price" in chrome.text("main")
    chrome.type("textarea[name=rationale]", "Checked against the contract.")
    chrome.follow("button[value=approve]")
    assert "Your approval is recorded." in chrome.text(".said")
    assert "approved" in chrome.text("dl.facts")
    assert "Checked against the contract." in chrome.text("main")
    assert chrome.complaints() == []
    released = wait_for(lambda: api.get("finn", f"/api/holds/{hold['id']}")["state"] == "released")
    assert released
    chrome.go(f"{stack.host_url}/holds/{hold['id']}")
    assert "released" in chrome.text("dl.facts")


def test_the_keyboard_reaches_the_form_in_order(chrome: Chrome, api: Api, stack: Stack) -> None:
    """Skip link first; rationale, approve and reject come one after the other; the focus can be seen."""
    be(chrome, api, "finn")
    asked = api.get("finn", "/api/approvals", state="open", kind="invoice_release")["items"][0]
    chrome.go(f"{stack.host_url}/approvals/{asked['id']}")
    focus = "const a = document.activeElement; return (a.name || a.textContent.trim())"
    chrome.press(TAB)
    assert chrome.run(focus) == "Skip to content"
    reached = []
    for _ in range(40):
        chrome.press(TAB)
        reached.append(chrome.run(f"{focus} + ' ' + getComputedStyle(document.activeElement).outlineStyle"))
        if reached[-1].startswith("decision") and reached[-2].startswith("decision"):
            break
    assert reached[-3:] == ["rationale solid", "decision solid", "decision solid"]


def test_a_finding_is_given_a_plan_and_feedback(chrome: Chrome, api: Api, stack: Stack) -> None:
    """Both forms stand on the finding's page, and the page shows what was said."""
    be(chrome, api, "dev")
    finding = api.get("dev", "/api/findings", control="project_control", verdict="fail")["items"][0]
    chrome.go(f"{stack.host_url}/findings/{finding['id']}")
    chrome.type("input[name=owner]", "Dev Makebelieve")
    chrome.type("textarea[name=plan]", "Write the baseline with the customer.")
    chrome.run("document.querySelector('input[name=recovery_date]').value = '2026-11-30'")
    chrome.follow("form[action$=mitigation] button")
    assert "The plan is recorded." in chrome.text(".said")
    chrome.click("input[value=confirmed]")
    chrome.follow("form[action$=feedback] button")
    facts = chrome.text("dl.facts")
    assert "Write the baseline with the customer. (Dev Makebelieve, by 2026-11-30)" in facts
    assert "confirmed" in facts
    assert chrome.complaints() == []


def test_an_integration_owner_answers_and_a_second_person_confirms(chrome: Chrome, api: Api, stack: Stack) -> None:
    """Keeping a tier-0 permission stays open until a steering member gives the same answer."""
    items = api.get("iris", "/api/reviews/2026-Q4")["items"]
    item = next(one for one in items if any(right["tier"] == 0 for right in one["permissions"]))
    for who, state in (("iris", "awaiting second"), ("steve", "decided")):
        be(chrome, api, who)
        chrome.go(f"{stack.host_url}/reviews/2026-Q4/items/{item['id']}")
        chrome.click("input[value=keep]")
        chrome.type("textarea[name=rationale]", "It synchronises the directory, and nothing else can.")
        chrome.follow("form.ask button")
        assert "Your answer is recorded." in chrome.text(".said")
        assert state in chrome.text("dl.facts")
    assert chrome.complaints() == []


def test_signing_in_on_this_machine(chrome: Chrome, stack: Stack) -> None:
    """A person chooses who to be; pages then know her, the API does not, and signing out forgets."""
    chrome.bearer(None)
    chrome.size(1280, 900)
    chrome.go(f"{stack.host_url}/")
    assert chrome.text("h1") == "Please sign in"
    chrome.go(f"{stack.host_url}/_local/sign-in")
    chrome.follow("button[value=finn]")
    assert "Finn Ledgerless" in chrome.text("header")
    assert chrome.run("return document.cookie") == ""
    chrome.go(f"{stack.host_url}/api/findings")
    assert "token_missing" in chrome.text("body")
    chrome.go(f"{stack.host_url}/_local/sign-out")
    chrome.go(f"{stack.host_url}/holds")
    assert chrome.text("h1") == "Please sign in"


def wait_for(true, seconds: float = 20.0) -> bool:
    """Whether it became true in time."""
    import time

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.2)
    return False
