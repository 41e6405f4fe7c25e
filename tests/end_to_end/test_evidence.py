"""Evidence over HTTP on five guarded apps: odd deliveries in, packs out, verified offline; a new key and a new incarnation."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import shutil
import ssl
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.ledger import verify
from tests.harness.guarded import Guarded

pytestmark = pytest.mark.stack

ODD = ["a\nb", "=1+1", "é", "e\u0301", "😀", "x" * 200, '"q",\t']
SPAN = {"customer": "4711", "from": "2026-01-01T00:00:00Z", "to": "2036-01-01T00:00:00Z"}
SCHEMA = Path(__file__).resolve().parents[2].parent / "shared/data/oscal/oscal_assessment-results_schema.json"


class House:
    """The stack with one odd customer, and the people who ask."""

    def __init__(self, folder: Path, **tables: list[dict[str, Any]]) -> None:
        self.folder = folder
        seed = {
            "Client": [{"id": 4711, "name": "Odd & Söhne (fictional)"}],
            "Tickets": [],
            "Actions": [],
            "Agent": [],
            **tables,
        }
        self.stack = Guarded(folder, seed=seed)

    def person(self, *roles: str, oid: str = "00000000-0000-4000-8000-00000000aaaa", **more: Any) -> httpx.Client:
        """A client with a token."""
        body = {"oid": oid, "name": "Nora Fictive", "roles": roles, **more}
        token = httpx.post(self.stack.entra_url + "/dev/token", json=body, trust_env=False).json()["access_token"]
        return httpx.Client(
            base_url=self.stack.host_url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=120,
            trust_env=False,
            follow_redirects=True,  # a pack is handed out by a link into storage
            verify=ssl.create_default_context(cafile=self.stack.authority()),
        )

    def ring(self, identity: str, **ticket: Any) -> httpx.Response:
        """A delivery of the odd customer."""
        body = {"id": identity, "event": "New Ticket Logged", "ticket": {"client_id": 4711, **ticket}}
        url = self.stack.intake_url + "/api/webhooks/halopsa/main"
        return httpx.post(url, auth=("halopsa", "local-only"), json=body, timeout=60, trust_env=False)

    def run(self, job: str) -> dict[str, Any]:
        """A job, to its end."""
        with self.person("Administrator") as api:
            run = api.post("/api/runs", json={"job": job}).raise_for_status().json()
            found = self.watched(api, f"/api/runs/{run['run_id']}", ("succeeded", "failed"))
        assert found["state"] == "succeeded", found
        return found

    def watched(self, api: httpx.Client, path: str, ends: tuple[str, ...]) -> dict[str, Any]:
        """Ask until it is done."""
        until = time.monotonic() + 120
        while time.monotonic() < until:
            found: dict[str, Any] = api.get(path).raise_for_status().json()
            if found["state"] in ends:
                return found
            time.sleep(0.2)
        raise AssertionError(f"{path} took too long")

    def pack(self, **more: Any) -> tuple[dict[str, Any], bytes]:
        """(how it stands, the archive), downloaded in pieces as by a client whose connection breaks."""
        with self.person("Auditor") as api:
            asked = api.post("/api/packs", json={**SPAN, **more}).raise_for_status().json()
            pack = self.watched(api, f"/api/packs/{asked['id']}", ("ready", "failed"))
            assert pack["state"] == "ready", pack
            data = b""
            while len(data) < pack["size"]:
                headers = {"Range": f"bytes={len(data)}-{len(data) + 65_535}"}
                answer = api.get(f"/api/packs/{pack['id']}/download", headers=headers)
                assert answer.status_code == 206
                data += answer.content
        return pack, data

    def keys(self) -> str:
        """trusted.vkey as it is published now."""
        with self.person("Auditor") as api:
            return str(api.get("/api/ledger/keys").json()["trusted_vkey"])

    def checked(self, data: bytes, keys: str, since: str | None = None) -> tuple[int, list[str]]:
        """(exit, codes) of the verifier."""
        code, found = self.examined(data, keys, since)
        return code, found["codes"]

    def examined(self, data: bytes, keys: str, since: str | None = None) -> tuple[int, dict[str, Any]]:
        """(exit, what it prints as JSON) of the verifier, isolated and in a folder of its own."""
        folder = self.folder / "empty"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(verify.__file__, folder / "verify.py")
        (folder / "pack.zip").write_bytes(data)
        (folder / "trusted.vkey").write_text(keys, "utf-8")
        more = []
        if since is not None:
            (folder / "earlier.txt").write_text(since, "utf-8")
            more = ["--since", "earlier.txt"]
        done = subprocess.run(
            [sys.executable, "-I", "verify.py", "--json", "--keys", "trusted.vkey", *more, "pack.zip"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One stack for all of it; what was received stays."""
    house = House(tmp_path_factory.mktemp("stack"))
    with house.stack:
        for number, text in enumerate(ODD):
            assert house.ring(f"d-{text}-{number}", summary=text, user_emailaddress="p@x.example").status_code == 200
        assert house.ring("twice", summary="1").json() != house.ring("twice", summary="1").json()
        assert house.ring("twice", summary="2").status_code == 409
        house.run("seal")
        yield house


def files(data: bytes) -> dict[str, bytes]:
    """Members by name, as any unzipper reads them."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def end(data: bytes) -> str:
    """The checkpoint an auditor keeps."""
    return files(data)["log/checkpoint-end.txt"].decode()


def test_the_audit_over_http(house: House) -> None:
    """No codes; the anchor's container was read through the stand-in, and is said not to be proof."""
    found = house.run("audit")
    assert found["codes"] == []
    assert (found["anchor"]["state"], found["anchor"]["proven"]) == ("unlocked", False)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"sample": {"phrase": "e\u0301 dé\n", "size": 3}},
        {"redact": ["/ticket/user_emailaddress"]},
        {"controls": ["x"]},
    ],
)
def test_packs_over_http(house: House, more: dict[str, Any]) -> None:
    """Verified, OSCAL by NIST's schema, the sample redone with the standard library, withheld fields nowhere."""
    _, data = house.pack(**more)
    assert house.checked(data, house.keys()) == (0, [])
    held = files(data)
    if SCHEMA.exists():
        jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
        text = SCHEMA.read_text().replace("\\\\p{L}", "[A-Za-z]").replace("\\\\p{N}", "[0-9]")
        jsonschema.validate(json.loads(held["oscal/assessment-results.json"]), json.loads(text))
    if "sample" not in more:
        assert any(b"p@x.example" in body for body in held.values()) == (more == {})
    else:
        sample = json.loads(held["sample.json"])
        leaves = [
            json.loads(base64.b64decode(json.loads(line)["leaf"])) for line in held["log/range.jsonl"].splitlines()
        ]
        ids = [f"{leaf['log']}.{leaf['id']}" for leaf in leaves]
        phrase = more["sample"]["phrase"].encode()
        assert (
            sorted(ids, key=lambda one: hashlib.sha256(phrase + b"\n" + one.encode()).digest())[:3] == sample["chosen"]
        )


def test_custody_and_walls(house: House) -> None:
    """Who asked and who took it are entries; another customer's auditor finds nothing."""
    pack, _ = house.pack()
    with house.person("Auditor") as api:
        taken = api.get("/api/evidence", params={"customer": "4711", "type": "pack.downloaded"}).json()["items"]
    assert [one["subject"]["id"] for one in taken].count(pack["id"]) == 1  # once, however many pieces
    with house.person("Auditor", oid="00000000-0000-4000-8000-00000000eeee") as other:
        path = f"/api/packs/{pack['id']}/download"
        part = other.get(path, headers={"Range": "bytes=1-"})  # nobody takes a pack unseen
        assert (part.status_code, len(part.content)) == (206, pack["size"] - 1)
        taken = other.get("/api/evidence", params={"customer": "4711", "type": "pack.downloaded"}).json()["items"]
    assert [one["actor"][-4:] for one in taken if one["subject"]["id"] == pack["id"]] == ["aaaa", "eeee"]
    with house.person("Auditor", customers=["1"]) as stranger:
        for path in (f"/api/packs/{pack['id']}", f"/api/packs/{pack['id']}/download"):
            assert stranger.get(path).status_code == 404
        assert stranger.post("/api/packs", json=SPAN).status_code == 404


def test_a_later_pack_continues_an_earlier_one(house: House) -> None:
    """--since: the later one verifies against the earlier checkpoint; the other way round it is stale."""
    _, earlier = house.pack()
    assert house.ring(f"more-{time.monotonic_ns()}").status_code == 200
    _, later = house.pack()
    assert house.checked(later, house.keys(), end(earlier)) == (0, [])
    assert house.checked(earlier, house.keys(), end(later)) == (3, ["W_STALE"])


def test_a_new_key_and_a_new_incarnation(house: House) -> None:
    """After a rotation old and new packs verify with the published keys; after a restore a new log begins.

    The old key is bounded, the old log stays readable and audited, and its checkpoint is not taken for the new one's.
    """
    _, before = house.pack()
    old_keys = house.keys()
    house.stack.kill_host()
    house.stack.vault.renew()
    house.stack.start_host()
    assert house.ring("after-rotation").status_code == 200
    house.run("seal")
    _, after = house.pack()
    keys = house.keys()
    lines = [line for line in keys.splitlines() if not line.startswith("#")]
    assert [line.split()[2] == "-" for line in lines] == [False, True]
    assert house.checked(after, keys, end(before)) == (0, [])
    assert house.checked(before, keys) == (0, [])
    assert house.checked(after, old_keys) == (1, ["E_UNTRUSTED"])
    assert house.run("audit")["codes"] == []

    house.stack.kill_host()
    house.stack.start_host({"ATTEST_INCARNATION": "2"})
    assert house.ring("after-restore").status_code == 200
    house.run("seal")
    assert house.run("audit")["codes"] == []
    _, fresh = house.pack()
    assert house.checked(fresh, house.keys()) == (0, [])
    assert house.checked(fresh, house.keys(), end(after)) == (1, ["E_ORIGIN"])
    former = json.loads(files(fresh)["manifest.json"])["former_logs"]
    assert [one["origin"] for one in former] == [end(after).split("\n")[0]]
    assert former[0]["origin"] in files(fresh)["README.txt"].decode()
    with house.person("Auditor") as api:
        logs = {one["log"] for one in api.get("/api/evidence", params={"customer": "4711"}).json()["items"]}
    assert len(logs) == 2
    house.stack.kill_host()
    house.stack.start_host()  # for the tests that come after this one
