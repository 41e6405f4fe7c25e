"""A quarter of an access review over HTTP in tenants where everything that can be odd is, to its report and its pack."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import httpx
import pytest

from shared.ledger import verify
from tests.end_to_end import hostile_tenants as tenants
from tests.harness.guarded import Guarded, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.slow]

REVIEW = "/api/reviews/2026-Q4"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Five apps before the gate; the customers' tenants are read by the review's federated application."""
    from pytest_socket import enable_socket

    enable_socket()
    settings = {"GRAPH_TENANTS": " ".join(tenants.TENANTS)}
    folder = tmp_path_factory.mktemp("access")
    with Guarded(folder, seed=tenants.halopsa(), entra_seed=tenants.entra(), settings=settings) as stack:
        api = Service(stack)
        # Escaped by hand: half a surrogate pair is in no UTF-8.
        faults = json.dumps(tenants.faults(stack.microsoft_url)).encode()
        httpx.post(f"{stack.entra_url}/_sim/faults", content=faults, trust_env=False).raise_for_status()
        api.clock("2026-11-16T08:00:00Z")
        yield api
        api.close()


def review(api: Service) -> dict[str, Any]:
    return api.get("iris", REVIEW, limit="1")


def items(api: Service) -> dict[str, dict[str, Any]]:
    """By application id; what two share, by object id, too."""
    every = api.every("iris", REVIEW)
    shared = Counter((one["source"], one["integration"]["id"]) for one in every)
    return {
        one["integration"]["id"] if one["source"] != "azure" and shared[one["source"], one["integration"]["id"]] == 1
        else f"{one['source']} {one['integration']['object_id']}": one
        for one in every
    }  # fmt: skip


def the_review_opens_and_its_counts_add_up(api: Service) -> None:
    """Throttled, cut, looping, withdrawn: the run succeeds, and each thing read is counted exactly once."""
    api.run("sync")  # HaloPSA is the engine's to read; the review finds its applications in the mirror
    run = api.run("permission_review", period="2026-Q4")
    assert run["opened"] is True
    found, every = review(api), api.every("iris", REVIEW)
    by_source = Counter(one["source"] for one in every)
    for source, counts in found["population"].items():
        assert counts["read"] == counts["reviewed"] + counts["microsoft"] + counts["unreadable"]
        assert counts["reviewed"] == by_source[source]
    assert len({one["id"] for one in every}) == len(every)
    objects = [(one["source"], one["tenant"], one["integration"]["object_id"]) for one in every]
    assert len(set(objects)) == len(objects)
    assert every[0]["integration"]["name"].startswith("Halo Attest")
    unreadable = Counter(one["id"] for one in found["unreadable"])
    assert {"sp-vanished", "sp-vanished-too", "sp-api", "sp-bad", "sp-cred-worded", "sp-cred-beyond", "5"} <= set(
        unreadable
    )
    assert unreadable["sp-bad"] == 1
    assert all(one["why"].endswith(".") for one in found["unreadable"])


def what_is_not_known_is_said_and_why(api: Service) -> None:
    """Of the integration where it is known whose it is, else of the tenant."""
    found = items(api)
    said = {
        "app-plain": "A row of its applications cannot be read",
        "app-strange-consent": "the unknown kind Everybody",
        "app-nameless-consent": "of no kind",
        "app-scopes": "rights more than a review can show",
        "app-cred-endless": "tells no end",
        "app-cred-backwards": "ends before it begins",
        "app-loop": "Its applications could not be read",
        "app-foreign": "Its oauth2PermissionGrants could not be read",
        "app-h2": "Its servicePrincipals could not be read",
        "odd-agent": "The agent 70 it acts as cannot be read.",
        "odd-role": "no-such-role",
        "no-agent": "is not among those read",
    }
    for identity, text in said.items():
        assert any(text in one for one in found[identity]["unknown"]), (identity, found[identity]["unknown"])
    assert found["app-cred-far"]["unknown"] == []
    assert "credential_too_long" in found["app-cred-far"]["risks"]
    assert found["app-stranger"]["permissions"][0]["tier"] is None
    assert "unknown_permission" in found["app-stranger"]["risks"]
    for identity in ("app-left", "app-circle-1", "app-circle-2", "app-itself"):
        assert "ownerless" in found[identity]["risks"], identity
        assert found[identity]["owner"] is None
    assert {one["tier"] for one in found["app-fooled"]["permissions"]} == {0, None}
    assert len(found["app-many"]["permissions"]) == tenants.MANY
    assert {"entra sp-twin-1", "app-twin-1"} & set(found)
    assert [one["integration"]["name"] for one in found.values()].count("Twin") == 3
    assert {"halopsa 6", "halopsa 7"} <= set(found)
    use = {one["value"]: one["used"] for one in found["app-strange-consent"]["permissions"]}
    assert use == {"Mail.Read": False, "openid": False}


def every_subject_has_one_finding(api: Service) -> None:
    """A tenant that cannot be read is one, too, and unknown."""
    every = api.every("ada", "/api/findings", control="integration_permissions")
    assert len({one["id"] for one in every}) == len(every) == len(items(api)) + len(tenants.TENANTS) - 1
    verdicts = {one["subject"]["id"]: one["verdict"] for one in every if one["subject"]["kind"] == "tenant"}
    broken = (tenants.WITHDRAWN, tenants.LOOPING, tenants.FOREIGN, tenants.HALVED)
    assert {tenant for tenant, verdict in verdicts.items() if verdict == "unknown"} >= set(broken)
    assert verdicts[tenants.DELETED] == "pass"
    assert "error" not in {one["verdict"] for one in every}


def every_page_can_be_looked_at(api: Service) -> None:
    """By who answers; what an app calls itself is text, and never more."""
    for one in items(api).values():
        page = api.call("iris", "GET", f"/reviews/2026-Q4/items/{quote(one['id'])}").text
        assert "<script>alert" not in page
        assert "<b onmouseover" not in page
    for who, path in (("iris", "/reviews/2026-Q4"), ("ada", "/findings?control=integration_permissions"), ("ada", "/")):
        assert "<script>alert" not in api.call(who, "GET", path).text


def everything_is_answered_and_the_review_closes(api: Service) -> None:
    """Tier 0 by two persons; the second run re-reads and closes."""
    for one in items(api).values():
        body = {"decision": "keep", "rationale": "=1+1 <b>needed</b> \u202e for the export"}
        path = f"{REVIEW}/items/{quote(one['id'])}/attestation"
        answered = api.call("iris", "POST", path, body).json()
        if any(right["tier"] == 0 for right in one["permissions"]):
            assert answered["decision"]["state"] == "awaiting_second"
            answered = api.call("steve", "POST", path, body).json()
        assert answered["decision"]["state"] == "decided"
    before = review(api)["population"]
    assert api.run("permission_review", period="2026-Q4")["review_state"] == "closed"
    assert review(api)["population"] == before


def its_report_can_be_read_in_every_format(api: Service) -> None:
    """Whatever the names: XML that parses, cells that are no formulas."""
    files = {
        name: api.call("ada", "GET", f"{REVIEW}/report/{name}").content
        for name in ("json", "html", "pdf", "xlsx", "docx", "pptx", "csv")
    }
    for name in ("xlsx", "docx", "pptx"):
        with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
            for member in archive.namelist():
                if member.endswith((".xml", ".rels")):
                    ET.fromstring(archive.read(member))
    assert files["pdf"].startswith(b"%PDF-")
    assert b"\0" not in files["csv"]
    assert not [line for line in files["csv"].decode().splitlines() if line.startswith(("=", "@"))]
    assert b"<script>alert" not in files["html"]


def its_pack_verifies_offline(api: Service, folder: Path) -> None:
    """Downloaded over HTTP, checked in an empty folder with nothing but the standard library."""
    pack_id = review(api)["closing"]["pack"]
    until = time.monotonic() + 120
    while (pack := api.get("ada", f"/api/packs/{pack_id}"))["state"] not in (
        "ready",
        "failed",
    ) and time.monotonic() < until:
        time.sleep(0.2)
    assert pack["state"] == "ready", pack
    (folder / "pack.zip").write_bytes(api.download("ada", pack_id))
    (folder / "trusted.vkey").write_text(api.get("ada", "/api/ledger/keys")["trusted_vkey"], "utf-8")
    shutil.copy(verify.__file__, folder / "verify.py")
    command = [sys.executable, "-I", "verify.py", "--json", "--keys", "trusted.vkey", "pack.zip"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"], told["codes"]) == (0, "verified", [])
    assert told["items"] == told["population"] > len(items(api))


def test_a_quarter_among_hostile_tenants(api: Service, tmp_path: Path) -> None:
    """One story, step by step: each stands on what the one before left."""
    the_review_opens_and_its_counts_add_up(api)
    what_is_not_known_is_said_and_why(api)
    every_subject_has_one_finding(api)
    every_page_can_be_looked_at(api)
    everything_is_answered_and_the_review_closes(api)
    its_report_can_be_read_in_every_format(api)
    its_pack_verifies_offline(api, tmp_path)
