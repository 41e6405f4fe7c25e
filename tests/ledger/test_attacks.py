"""The adversary's list (reference, section 6), as far as it concerns a pack: each attack is named by its code."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.ledger import note, verify
from shared.signing import FileSigner
from tests.ledger import forge
from tests.ledger.stand import ORIGIN, signer


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """One honest pack of a played week, its files and its keys."""
    stand = forge.played()
    data = forge.made(stand)
    return {
        "stand": stand,
        "data": data,
        "files": forge.unzip(data),
        "keys": stand.ledger.trusted_vkey(),
        "folder": tmp_path_factory.mktemp("case"),
        "sampled": forge.made(stand, sample={"phrase": "a phrase", "size": 4}),
        "redacted": forge.made(stand, redact=["/caller/email"]),
    }


def said(case, data, **more):
    """The verdict on some bytes."""
    return forge.check(case["folder"], data, **{"keys": case["keys"], **more})


def vendor(case, change, **base):
    """A pack changed by somebody who holds the key and logs what he made."""
    files = dict(case["files"])
    change(files)
    return said(case, forge.relog(case["stand"], files, base={**forge.manifest_of(case["files"]), **base}))


def stranger(case, change):
    """A pack changed by somebody without the key."""
    files = dict(case["files"])
    change(files)
    return said(case, forge.rezip(files))


def a_file(files, prefix="data/billing"):
    """Name of some item's file."""
    return next(name for name in files if name.startswith(prefix))


def test_an_honest_pack_verifies(case):
    """Exit 0, no code, and the counts an auditor can recount."""
    verdict = said(case, case["data"])
    assert (verdict.exit, verdict.verdict, verdict.codes) == (0, "verified", [])
    assert (verdict.items, verdict.population) == (21, 21)


def test_relogging_itself_changes_nothing(case):
    """The vendor's tool of these tests makes packs that verify, so that a failure is the attack's."""
    assert vendor(case, lambda files: None).codes == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(lambda f: f.update({"data/extra.txt": b"x"}), "E_EXTRA", id="P1"),
        pytest.param(lambda f: f.pop(a_file(f)), "E_MISSING", id="P2"),
        pytest.param(lambda f: f.update({a_file(f): b"other"}), "E_DIGEST", id="P3"),
        pytest.param(
            lambda f: f.update({"manifest.json": f["manifest.json"].replace(b'"items":21', b'"items":20')}),
            "E_SIGNATURE",
            id="P4",
        ),
        pytest.param(lambda f: f.update({"SHA256SUMS": f["SHA256SUMS"][1:]}), "E_SUMS", id="sums changed"),
        pytest.param(lambda f: f.update({"manifest.json": f["manifest.json"] + b" "}), "E_MANIFEST", id="K7"),
        pytest.param(lambda f: f.pop("manifest.json"), "E_MISSING", id="no manifest"),
        pytest.param(lambda f: f.update({"verify.py": b'print("OK")'}), "E_DIGEST", id="P20"),
    ],
)
def test_a_stranger_changes_files(case, change, code):
    """Without the key no file can be added, dropped or changed."""
    verdict = stranger(case, change)
    assert (verdict.exit, code in verdict.codes) == (1, True), verdict


def _edit_json(name, edit):
    def change(files):
        body = json.loads(files[name])
        edit(body)
        files[name] = verify.canon(body) + b"\n"

    return change


def _edit_row(**cells):
    def change(files):
        lines = files["index.json"].split(b"\n")
        row = {**json.loads(lines[1].rstrip(b",")), **cells}
        lines[1] = verify.canon(row) + b","
        files["index.json"] = b"\n".join(lines)
        sheet = files["index.csv"].split(b"\r\n")
        shown = {**row, "control_ids": " ".join(row["control_ids"]), "in_sample": str(row["in_sample"]).lower()}
        sheet[1] = verify.csv_line([str(shown[name]) for name in verify.COLUMNS])[:-2]
        files["index.csv"] = b"\r\n".join(sheet)

    return change


def _drop_item(files):
    """An item disappears with its row: the vendor's export skipped it."""
    files.pop(a_file(files))
    lines = files["index.json"].split(b"\n")
    files["index.json"] = b"\n".join(lines[:1] + lines[2:])
    sheet = files["index.csv"].split(b"\r\n")
    files["index.csv"] = b"\r\n".join(sheet[:1] + sheet[2:])


def _drop_line(name, at):
    def change(files):
        lines = files[name].split(b"\n")
        files[name] = b"\n".join(lines[:at] + lines[at + 1 :])

    return change


def _swap_lines(files):
    lines = files["log/range.jsonl"].split(b"\n")
    one, two = json.loads(lines[2]), json.loads(lines[3])
    one["leaf"], two["leaf"] = two["leaf"], one["leaf"]
    lines[2:4] = [verify.canon(one), verify.canon(two)]
    files["log/range.jsonl"] = b"\n".join(lines)


def _edit_leaf(files):
    lines = files["log/range.jsonl"].split(b"\n")
    row = json.loads(lines[2])
    leaf = json.loads(base64.b64decode(row["leaf"]))
    leaf["actor"] = "somebody else"
    row["leaf"] = base64.b64encode(verify.canon(leaf)).decode()
    lines[2] = verify.canon(row)
    files["log/range.jsonl"] = b"\n".join(lines)


def _note(text):
    return lambda files: files.update({"log/checkpoint-end.txt": note.sign(text, signer()).encode()})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param(_drop_item, "E_POPULATION", id="P5"),
        pytest.param(lambda f: f.update({"SHA256SUMS": b""}), None, id="sums are remade"),
        pytest.param(
            lambda f: f.update({"index.csv": f["index.csv"].replace(b"billing.margin", b"desk.stale", 1)}),
            "E_INDEX",
            id="P16",
        ),
        pytest.param(_edit_row(control_ids=["desk.other"]), "E_INDEX", id="P18"),
        pytest.param(_edit_row(period_start="2026-01-01"), "E_INDEX", id="P19"),
        pytest.param(_drop_line("log/range.jsonl", 3), "E_GAP", id="S1 gap"),
        pytest.param(_swap_lines, "E_ROOT", id="S8 order"),
        pytest.param(_edit_leaf, "E_ROOT", id="S2 leaf"),
        pytest.param(_drop_line("exceptions.csv", 1), "E_POPULATION", id="exception dropped"),
        pytest.param(_edit_json("population.json", lambda body: body[0].update(count=20)), "E_POPULATION", id="count"),
        pytest.param(
            _edit_json("log/consistency.json", lambda body: body.update(proof=["A" * 43 + "="])),
            "E_CONSISTENCY",
            id="L7 proof from nothing",
        ),
        pytest.param(
            lambda f: f.update({"custody.jsonl": f["custody.jsonl"].replace(b"a0d1", b"b0d1")}), "E_LEAF", id="custody"
        ),
        pytest.param(lambda f: f.update({a_file(f): b"other"}), "E_PAYLOAD", id="S5"),
        pytest.param(lambda f: f.update({"data/more.txt": b"x"}), "E_EXTRA", id="item nobody knows"),
        pytest.param(
            lambda f: f.update({"log/checkpoint-end.txt": f["log/checkpoint-end.txt"].replace(b"\n", b"\r\n")}),
            "E_FORMAT",
            id="L12",
        ),
    ],
)
def test_a_vendor_changes_content(case, change, code):
    """What follows from the entries cannot be changed even by who holds the key and logs a new manifest."""
    verdict = vendor(case, change)
    assert (code in verdict.codes and verdict.exit == 1) if code else verdict.codes == [], verdict


def _twin(root):
    """Base64 that decodes to the same bytes and is not how they are encoded."""
    text = base64.b64encode(root).decode()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return text[:-2] + letters[letters.index(text[-2]) + 1] + "="


def _end(case):
    return note.read_checkpoint(note.text_of(case["files"]["log/checkpoint-end.txt"].decode()))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (lambda origin, size, root: note.checkpoint_text(origin, size, bytes(32)), "E_FORK"),  # L1
        (lambda origin, size, root: note.checkpoint_text(origin[:-1] + "0", size, root), "E_ORIGIN"),  # L9
        (lambda origin, size, root: f"{origin}\n0{size}\n{base64.b64encode(root).decode()}\n", "E_FORMAT"),  # L10
        (lambda origin, size, root: f"{origin}\n+{size}\n{base64.b64encode(root).decode()}\n", "E_FORMAT"),
        (lambda origin, size, root: f"{origin}\n1_{size}\n{base64.b64encode(root).decode()}\n", "E_FORMAT"),
        (lambda origin, size, root: f"{origin}\n１２\n{base64.b64encode(root).decode()}\n", "E_FORMAT"),
        (lambda origin, size, root: f"{origin}\n{size}\n{base64.b64encode(root).decode()}\nmore\n", "E_FORMAT"),
        (lambda origin, size, root: f"{origin}\n{size}\n{_twin(root)}\n", "E_FORMAT"),  # L11
        (lambda origin, size, root: note.checkpoint_text(origin, 0, root), "E_ROOT"),  # L8
        (lambda origin, size, root: note.checkpoint_text("other.example/log", size, root), "E_ORIGIN"),
    ],
)
def test_a_vendor_signs_another_checkpoint(case, text, code):
    """A validly signed checkpoint that is not this log's end is refused, whatever its form."""
    assert code in vendor(case, _note(text(*_end(case)))).codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda line: line + line.replace("— ", "— ", 1)[:-3] + "AA=\n", "E_FORMAT"),
        (lambda line: line * 200, "E_LIMIT"),  # L15
        (lambda line: line.replace(ORIGIN, "nobody.example"), "E_UNTRUSTED"),  # L14
        (
            lambda line: (
                line + f"— {ORIGIN} {base64.b64encode(base64.b64decode(line.split()[2])[:4] + bytes(70)).decode()}\n"
            ),
            "E_SIGNATURE",
        ),  # L13
        (lambda line: "", "E_FORMAT"),
    ],
)
def test_signature_lines(case, change, code):
    """Bad lines beside a good one, unknown names, too many lines: the note is refused."""

    def edit(files):
        text, _, line = files["log/checkpoint-end.txt"].decode().rpartition("\n\n")
        files["log/checkpoint-end.txt"] = f"{text}\n\n{change(line)}".encode()

    assert code in vendor(case, edit).codes


def test_a_pack_signed_by_another_key(case, tmp_path):
    """K1: a forged log with its own key in the pack fails with pinned keys, and is never 0 without."""
    stand = forge.played()
    stand.signer = FileSigner(tmp_path / "other.pem", ORIGIN)
    other = forge.Stand(signer=stand.signer)
    for number in range(3):
        other.record(number)
    data = forge.made(other)
    assert said(case, data).codes == ["E_UNTRUSTED"]
    assert said(case, data).exit == 1
    assert said(case, data, keys=None).exit == 3


def test_unpinned_is_never_verified(case):
    """K1: keys inside the pack are information only."""
    verdict = said(case, case["data"], keys=None)
    assert (verdict.exit, verdict.verdict, verdict.codes) == (3, "unpinned", ["E_UNTRUSTED"])


@pytest.mark.parametrize(
    ("keys", "exit_code", "code"),
    [
        (lambda line: f"{line.split()[0]} 0 3\n", 1, "E_KEY_RANGE"),  # K3
        (lambda line: f"{line.split()[0]} 0 1000000\n", 0, None),
        (lambda line: f"{line.split()[0]} - -\n", 0, None),
        (lambda line: line.split()[0] + "\n", 0, None),
        (lambda line: line.replace("+Ajk", "+ATk").replace("+AjB", "+ATB"), 1, "E_KEY"),  # K4
        (lambda line: f"{ORIGIN}+00000000+{line.split('+', 2)[2]}", 1, "E_KEY"),
        (lambda line: "# nothing\n", 2, "E_FORMAT"),
        (lambda line: "rubbish\n", 2, "E_FORMAT"),
        (lambda line: f"{line.split()[0]} 0 x\n", 2, "E_FORMAT"),
    ],
)
def test_key_files(case, keys, exit_code, code):
    """A key may sign only the sizes it is given; a file without usable keys is misuse."""
    line = next(line for line in case["keys"].splitlines() if not line.startswith("#"))
    verdict = said(case, case["data"], keys=keys(line))
    assert (verdict.exit, verdict.codes) == (exit_code, [code] if code else [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda lines: [*lines[:3], lines[3], *lines[3:]], "E_INCLUSION"),  # L4
        (lambda lines: [*lines[:3], *lines[4:]], "E_INCLUSION"),
        (lambda lines: [*lines[:2], f"index {int(lines[2][6:]) - 1}", *lines[3:]], "E_INCLUSION"),  # L3
        (lambda lines: [*lines[:3], base64.b64encode(bytes(33)).decode(), *lines[4:]], "E_INCLUSION"),
        (lambda lines: [*lines[:3], lines[3][:-2] + "B=", *lines[4:]], "E_FORMAT"),  # L11
        (
            lambda lines: [lines[0], "extra " + base64.b64encode(b"\x01" + bytes(64)).decode(), *lines[2:]],
            "E_INCLUSION",
        ),
        (lambda lines: [lines[0], *lines[2:]], "E_FORMAT"),
        (lambda lines: ["c2sp.org/tlog-proof@v2", *lines[1:]], "E_FORMAT"),
    ],
)
def test_proof_files(case, change, code):
    """A proof holds for exactly one leaf at one place, or not at all."""

    def edit(files):
        head, _, rest = files["manifest.tlog-proof"].decode().partition("\n\n")
        files["manifest.tlog-proof"] = ("\n".join(change(head.split("\n"))) + "\n\n" + rest).encode()

    verdict = stranger(case, edit)
    assert (verdict.exit, code in verdict.codes) == (1, True), verdict


def _raw(data, place, new):
    return data[:place] + new + data[place + len(new) :]


def _zip_attacks(data):
    names = list(forge.unzip(data))
    first = names[0].encode()
    files = list(forge.unzip(data).items())
    start = data.index(b"PK\x01\x02" + data[data.rindex(b"PK\x05\x06") - 46 :][:0])
    (start,) = struct.unpack("<I", data[-6:-2])
    yield "P6", forge.rezip([*files, files[0]]), "E_ZIP_DUP"
    for name in (
        "data/A.txt",
        "../x",
        "/x",
        "C:/x",
        "a\\b",
        "x\x00.txt",
        "CON",
        "data/nul.txt",
        "dot.",
        "sp ",
        "a//b",
        "./a",
        "x\u202etxt",
        "data/\u0430.txt",
        "n" * 181,
    ):
        yield f"P8 {name!r}", forge.rezip([*files, (name, b"x"), ("data/a.txt", b"x")]), "E_ZIP_NAME"
    yield "P9 symlink", _raw(data, start + 38, struct.pack("<I", 0o120777 << 16)), "E_ZIP_TYPE"
    yield "P9 encrypted", _raw(data, start + 8, b"\x01\x08"), "E_ZIP_TYPE"
    yield "P10 local name", _raw(data, 30, b"z"), "E_ZIP_CONFUSED"
    yield "P10 local size", _raw(data, 18, b"\x01"), "E_ZIP_CONFUSED"
    yield "P11 descriptor", _raw(data, start + 8, b"\x08\x08"), "E_ZIP_CONFUSED"
    yield "P12 prefix", b"MZ" + data, "E_ZIP_CONFUSED"
    yield "P12 trailing", data + b"more", "E_ZIP_CONFUSED"
    yield "P12 second end", data + data[-22:], "E_ZIP_CONFUSED"
    yield "P12 comment", data[:-2] + b"\x04\x00abcd", "E_ZIP_CONFUSED"
    yield "P12 count", _raw(data, len(data) - 14, b"\x01\x00\x01\x00"), "E_ZIP_CONFUSED"
    yield "P13 extra", _raw(data, start + 30, b"\x05\x00"), "E_ZIP_CONFUSED"
    yield "P14 deflated", _raw(data, start + 10, b"\x08\x00"), "E_LIMIT"
    second = start + 46 + len(first)
    yield "P14 overlap", _raw(data, second + 42, bytes(4)), "E_LIMIT"
    yield (
        "P14 a million",
        data[:-22]
        + struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x32D, 45, 0, 0, 10**6, 10**6, 1, 0)
        + (struct.pack("<IIQI", 0x07064B50, 0, 1, 1))
        + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65535, 65535, 1, 0, 0),
        None,
    )
    yield "P24 cut", data[: len(data) // 2], "E_ZIP_TRUNCATED"
    yield "P24 end cut", data[:-5], "E_ZIP_TRUNCATED"


def test_the_zip_itself(case):
    """P6 to P14 and P24: nothing another reader could see differently."""
    for name, data, code in _zip_attacks(case["data"]):
        verdict = said(case, data)
        assert verdict.exit in (1, 2), name
        assert code is None or code in verdict.codes, (name, verdict)
        assert verdict.exit == 2 or "P24" not in name, name


def test_sums_and_manifest_disagree(case):
    """P15: SHA256SUMS is held to its grammar and to the manifest."""
    for change in (
        lambda text: text.replace("  ", " *", 1),
        lambda text: text + "garbage\n",
        lambda text: "",
        lambda text: text.replace("README", "/README"),
        lambda text: "\n".join(text.split("\n")[1:]),
    ):
        files = dict(case["files"])
        sums = change(files["SHA256SUMS"].decode()).encode()
        body = forge.manifest_of(files)
        for row in body["files"]:
            if row["path"] == "SHA256SUMS":
                row.update(sha256=hashlib.sha256(sums).hexdigest(), size=len(sums))
        body.pop("pack_id")
        body["pack_id"] = verify.pack_id(body)
        files["SHA256SUMS"], files["manifest.json"] = sums, verify.canon(body)
        receipt = case["stand"].ledger.record(
            forge.NewEntry(
                type="pack.exported",
                key=hashlib.sha256(sums).hexdigest(),
                payload=files["manifest.json"],
                customer="12",
            )
        )
        forge.seal_customer(case["stand"], "12")
        files["manifest.tlog-proof"] = case["stand"].ledger.proof(receipt.evidence_id).encode()
        assert said(case, forge.rezip(files)).codes == ["E_SUMS"]


def test_pack_id_is_the_manifests_hash(case):
    """P25: two packs of one id cannot differ."""
    files = dict(case["files"])
    body = forge.manifest_of(files)
    body["pack_id"] = "pk-" + "0" * 32
    files["manifest.json"] = verify.canon(body)
    receipt = case["stand"].ledger.record(
        forge.NewEntry(type="pack.exported", key="P25", payload=files["manifest.json"], customer="12")
    )
    forge.seal_customer(case["stand"], "12")
    files["manifest.tlog-proof"] = case["stand"].ledger.proof(receipt.evidence_id).encode()
    assert said(case, forge.rezip(files)).codes == ["E_PACK_ID"]


def test_period_must_be_an_interval(case):
    """T6: times are UTC with milliseconds and the start lies before the end."""
    period = forge.manifest_of(case["files"])["period"]
    assert "E_PERIOD" in vendor(case, lambda f: None, period={"start": period["end"], "end": period["start"]}).codes
    moved = vendor(case, lambda f: None, period={**period, "end": "2026-11-18T10:00:00.000Z"})
    assert "E_POPULATION" in moved.codes


def test_another_customers_entry():
    """X1: an entry of another log in this one's range is named."""
    stand = forge.played(1)
    forge.slip_in(stand, lambda leaf: {**leaf, "log": stand.names.log_of("77"), "tenant": stand.names.log_of("77")})
    data = forge.made(stand)
    assert "E_TENANT" in forge.check(Path(_tmp()), data, keys=stand.ledger.trusted_vkey()).codes


def _tmp():
    import tempfile

    return tempfile.mkdtemp()


def test_time_runs_backwards():
    """T2: an entry received long before its predecessor is named; some skew is not."""
    stand = forge.played(1)
    forge.slip_in(stand, lambda leaf: {**leaf, "received_at": "2026-11-15T09:00:00.000Z"})
    assert "E_TIME" in forge.check(Path(_tmp()), forge.made(stand), keys=stand.ledger.trusted_vkey()).codes


def test_erasure_and_loss():
    """S6: content that is gone is an exception with a logged tombstone, or the pack fails."""
    stand = forge.played(2)
    victim = stand.record(500, payload=b'{"name":"somebody"}')
    large = stand.record(501, payload=b"s" * 50_000)
    forge.seal_all(stand)
    stand.ledger.erase(victim.evidence_id, actor="oid-7", reason="asked for")
    stand.ledger.erase(large.evidence_id, actor="oid-7", reason="asked for")
    assert stand.ledger.content(victim.evidence_id) is None
    verdict = forge.check(Path(_tmp()), forge.made(stand), keys=stand.ledger.trusted_vkey())
    assert (verdict.exit, verdict.population - verdict.items) == (0, 2), verdict
    lost = stand.record(502, payload=b"t" * 50_000)
    stand.blobs.delete("payloads", next(b.name for b in stand.blobs.list("payloads") if lost.sha256 in b.name))
    verdict = forge.check(Path(_tmp()), forge.made(stand), keys=stand.ledger.trusted_vkey())
    assert (verdict.exit, verdict.codes) == (1, ["E_PAYLOAD_MISSING"])


def test_sample_cannot_be_redrawn(case):
    """P21: chosen items, phrase, size and the logged draw belong together; anyone can redo the draw."""
    files = forge.unzip(case["sampled"])
    assert said(case, case["sampled"]).items == 4
    sample = json.loads(files["sample.json"])
    base = forge.manifest_of(files)
    for edit in (
        {"phrase": "another"},
        {"size": 3},
        {"chosen": sample["chosen"][::-1]},
        {"drawn": "t-0.0"},
        {"drawn_at": "2026-11-16T00:00:00.000Z"},
        {"population_count": 3},
    ):
        changed = {**files, "sample.json": verify.canon({**sample, **edit}) + b"\n"}
        assert "E_SAMPLE" in said(case, forge.relog(case["stand"], changed, base=base)).codes, edit
    for told in ({}, {"drawn": "t-0.0"}, {**base["sample"], "method": "by hand"}):
        assert "E_SAMPLE" in said(case, forge.relog(case["stand"], files, base={**base, "sample": told})).codes, told
    ids = [json.loads(base64.b64decode(json.loads(line)["leaf"])) for line in files["log/range.jsonl"].splitlines()]
    names = [f"{leaf['log']}.{leaf['id']}" for leaf in ids if leaf["received_at"] < base["period"]["end"]]
    redone = sorted(names, key=lambda name: hashlib.sha256(f"a phrase\n{name}".encode()).digest())[:4]
    assert redone == sample["chosen"]


def test_redaction_is_declared_and_logged(case):
    """P22: a withheld field has its salted digest in place; whatever else is withheld or changed is named."""
    verdict = said(case, case["redacted"])
    assert (verdict.exit, verdict.codes) == (0, [])
    files, base = forge.unzip(case["redacted"]), forge.manifest_of(forge.unzip(case["redacted"]))
    name = next(name for name in files if name.startswith("data/") and b"@withheld" in files[name])
    assert b"a@b.example" not in b"".join(data for path, data in files.items() if path.startswith("data/"))
    for changed in (
        {**files, name: files[name].replace(b'"n":', b'"x":{"@withheld":"1"},"n":')},
        {**files, name: files[name].replace(b'{"@withheld":"', b'{"@withheld":"0')},
        {**files, "log/redactions.json": b"{}"},
    ):
        codes = said(case, forge.relog(case["stand"], changed, base=base)).codes
        assert "E_REDACTION" in codes, codes


def test_since_an_earlier_checkpoint(case):
    """P23, L1, L2, S16: the checkpoint kept from last time must be a prefix; a newer one makes the pack stale."""
    stand = forge.played(2)
    log = stand.names.log_of("12")
    kept, kept_meta = stand.ledger.checkpoint(log), stand.ledger.checkpoint(stand.names.meta)
    stand.record(900)
    data, keys = forge.made(stand), stand.ledger.trusted_vkey()
    folder = Path(_tmp())
    for earlier in (kept, kept_meta):
        verdict = forge.check(folder, data, keys=keys, since=earlier)
        assert (verdict.exit, verdict.codes) == (0, []), verdict
    origin, size, _ = note.read_checkpoint(note.text_of(kept))
    fork = note.sign(note.checkpoint_text(origin, size, hashlib.sha256(b"x").digest()), stand.signer)
    assert "E_CONSISTENCY" in forge.check(folder, data, keys=keys, since=fork).codes
    files = forge.unzip(data)
    end = note.read_checkpoint(note.text_of(files["log/checkpoint-end.txt"].decode()))
    fork = note.sign(note.checkpoint_text(origin, end[1], hashlib.sha256(b"x").digest()), stand.signer)
    assert "E_FORK" in forge.check(folder, data, keys=keys, since=fork).codes
    stand.record(901)
    forge.seal_all(stand)
    for newer in (stand.ledger.checkpoint(log), stand.ledger.checkpoint(stand.names.meta)):
        verdict = forge.check(folder, data, keys=keys, since=newer)
        assert (verdict.exit, verdict.codes) == (3, ["W_STALE"])
    other = stand.ledger.checkpoint(stand.names.log_of("77"))
    assert "E_ORIGIN" in forge.check(folder, data, keys=keys, since=other).codes
    assert forge.check(folder, data, keys=keys, since=b"rubbish").exit != 0


def test_since_before_a_later_range():
    """A checkpoint older than the pack's range is compared through the hashes that travel along."""
    stand = forge.played(2)
    kept = stand.ledger.checkpoint(stand.names.log_of("12"))
    for day in range(3):
        stand.clock.advance(days=5)
        stand.record(2000 + day)
        forge.seal_all(stand)
    start = stand.clock.now() - timedelta(days=1)
    data = forge.made(stand, **{"from": start.isoformat(), "to": (start + timedelta(days=2)).isoformat()})
    files = forge.unzip(data)
    assert forge.manifest_of(files)["range"]["start"] > 14
    verdict = forge.check(Path(_tmp()), data, keys=stand.ledger.trusted_vkey(), since=kept)
    assert (verdict.exit, verdict.codes) == (0, []), verdict


def test_runs_isolated_from_an_empty_folder(case, tmp_path):
    """``python3 -I verify.py`` as it lies in the pack needs nothing but the standard library."""
    (tmp_path / "verify.py").write_bytes(case["files"]["verify.py"])
    (tmp_path / "pack.zip").write_bytes(case["data"])
    (tmp_path / "trusted.vkey").write_text(case["keys"])
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "--keys", "trusted.vkey", "pack.zip"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "VERIFIED" in done.stdout
    assert "Not proven" in done.stdout


@pytest.mark.parametrize("data", [b"", b"rubbish", b"PK\x03\x04" + bytes(100), b"PK\x05\x06" + bytes(18)])
def test_what_is_no_pack(case, data):
    """Not a pack at all: exit 2, or 1 where it is a ZIP, never a traceback."""
    assert said(case, data).exit == (1 if data.startswith(b"PK\x05\x06") else 2)


def test_a_file_that_is_not_there(capsys, tmp_path):
    """A missing file is misuse, said in words."""
    assert verify.main([str(tmp_path / "none.zip")]) == 2
    assert "cannot be read" in capsys.readouterr().out


def test_an_entry_that_claims_to_be_older_than_its_place(tmp_path):
    """T1: who says that it occurred before entries the log holds since an hour is reported; late arrival alone is not."""
    stand = forge.played(2)
    start = stand.clock.now()
    for number in range(4):
        stand.record(700 + number, occurred_at=stand.clock.now() - timedelta(minutes=50))
        stand.clock.advance(minutes=30)
    forge.seal_all(stand)
    week = {"from": "2026-11-16T00:00:00Z", "to": "2026-11-30T00:00:00Z"}
    honest = forge.check(tmp_path, forge.made(stand, **week), keys=stand.ledger.trusted_vkey())
    assert (honest.exit, honest.codes) == (0, [])
    stand.record(800, occurred_at=start - timedelta(hours=30))
    data = forge.made(stand, **week)
    verdict = forge.check(tmp_path, data, keys=stand.ledger.trusted_vkey())
    assert (verdict.exit, verdict.verdict, verdict.codes) == (0, "verified", ["W_BACKDATED"])
    assert "say they occurred before earlier entries, 1: entry" in verdict.said[0]
    unpinned = forge.check(tmp_path, data, keys=None)
    assert (unpinned.exit, unpinned.codes) == (3, ["E_UNTRUSTED", "W_BACKDATED"])
