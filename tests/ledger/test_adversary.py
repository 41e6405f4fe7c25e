"""More of the adversary's list, and that none of its rows is without a test (docs/attacks.md says which)."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.ledger import note, verify
from shared.signing import FileSigner
from tests.ledger import forge
from tests.ledger.stand import ORIGIN, Stand, signer

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT.parent / "shared/reference/evidence.md"


@pytest.fixture(scope="module")
def honest():
    """A stand, its pack, and the keys."""
    stand = forge.played(2)
    return stand, forge.made(stand), stand.ledger.trusted_vkey()


def vendor(honest, folder, change, **more):
    """A pack changed by who holds the key and logs what he made."""
    stand, data, keys = honest
    files = forge.unzip(data)
    base = forge.manifest_of(files)
    change(files)
    return forge.check(folder, forge.relog(stand, files, base={**base, **more}), keys=keys)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda body: {**body, "size2": body["size2"] + 1}, "E_CONSISTENCY"),
        (lambda body: {**body, "size1": 1}, "E_CONSISTENCY"),
        (lambda body: {**body, "tree_size": 3}, "E_CONSISTENCY"),
    ],
)
def test_sizes_are_the_checkpoints(honest, tmp_path, change, code):
    """L5: what a JSON copy says of sizes never counts beside the verified checkpoint."""

    def edit(files):
        files["log/consistency.json"] = (
            verify.canon(change(verify._JSON.decode(files["log/consistency.json"].decode()))) + b"\n"
        )

    assert code in vendor(honest, tmp_path, edit).codes
    ranged = forge.manifest_of(forge.unzip(honest[1]))["range"]
    moved = vendor(honest, tmp_path, lambda files: None, range={**ranged, "end": ranged["end"] - 1})
    assert "E_MANIFEST" in moved.codes


def test_an_inner_node_is_no_entry(honest, tmp_path):
    """L6: two hashes in place of an entry have neither its form nor its hash."""

    def edit(files):
        lines = files["log/range.jsonl"].split(b"\n")
        lines[2] = b'{"index":2,"leaf":"%s"}' % base64.b64encode(bytes(64))
        files["log/range.jsonl"] = b"\n".join(lines)

    assert vendor(honest, tmp_path, edit).codes[0] == "E_LEAF"


def test_consistency_is_never_for_nothing():
    """L7, L8: from size 0, backwards, or between equal sizes with hashes to spare nothing is proven."""
    root = bytes(32)
    for size1, size2, proof in ((0, 5, [root]), (0, 0, []), (5, 3, [root]), (4, 4, [root]), (3, 5, []), (3, 5, [b"x"])):
        assert not verify.verify_consistency(size1, size2, proof, root, root)
    assert not verify.verify_inclusion(0, 2, root, [], root)  # L4: an empty path in a tree of two
    assert verify.verify_inclusion(0, 1, root, [], root)


@pytest.mark.parametrize("mark", ["\ufeff", "\u2028", "\x00", "\x7f", "\u202e", "\u200b", "\r"])
def test_notes_hold_no_hidden_characters(mark):
    """L12: BOM, line separators, NUL, bidirectional and invisible letters are refused."""
    text = note.sign(note.checkpoint_text(f"{ORIGIN}/1/t{mark}", 1, bytes(32)), signer())
    with pytest.raises(verify.Fault) as fault:
        verify.Checkpoint(text.encode(), verify.read_keys(note.verifier_key(ORIGIN, signer().public_spki)))
    assert fault.value.codes == ("E_FORMAT",)


def _checkpoint(keys, *lines, quorum=1, text=None):
    text = text or note.checkpoint_text(f"{ORIGIN}/1/t-0", 1, bytes(32))
    return verify.Checkpoint(f"{text}\n{''.join(lines)}".encode(), keys, quorum)


def _line(key, text=None, *, name=ORIGIN, identity=None):
    text = text or note.checkpoint_text(f"{ORIGIN}/1/t-0", 1, bytes(32))
    raw = (identity or note.key_id(key.public_spki)) + key.sign(text.encode())
    return f"— {name} {base64.b64encode(raw).decode()}\n"


def test_key_ids_decide_nothing(tmp_path):
    """K2, L14: a signature under another id is nobody's, or the other key's bad signature; never this key's."""
    other = FileSigner(tmp_path / "other.pem", ORIGIN)
    mine = verify.read_keys(note.verifier_key(ORIGIN, signer().public_spki))
    both = [*mine, verify.Key(note.verifier_key(ORIGIN, other.public_spki))]
    assert _checkpoint(mine, _line(signer())).size == 1
    for keys, code in ((mine, "E_UNTRUSTED"), (both, "E_SIGNATURE")):
        with pytest.raises(verify.Fault) as fault:
            _checkpoint(keys, _line(signer(), identity=note.key_id(other.public_spki)))
        assert fault.value.codes == (code,)


def test_a_signature_for_another_purpose(honest):
    """K6: what the key signed of other bytes is no signature of a checkpoint, and another text is no checkpoint."""
    mine = verify.read_keys(note.verifier_key(ORIGIN, signer().public_spki))
    manifest = forge.unzip(honest[1])["manifest.json"].decode()
    with pytest.raises(verify.Fault) as fault:
        _checkpoint(mine, _line(signer(), manifest))
    assert fault.value.codes == ("E_SIGNATURE",)
    with pytest.raises(verify.Fault) as fault:
        _checkpoint(mine, _line(signer(), "hello\n"), text="hello\n")
    assert fault.value.codes == ("E_FORMAT",)


@pytest.mark.parametrize(
    "data",
    [
        b"\x01" + bytes(32),  # an Ed25519 key
        b"\x02" + bytes.fromhex("30820122300d06092a864886f70d01010105000382010f00") + bytes(270),  # RSA
        b"\x02" + verify._SPKI + b"\x04" + b"\x01" * 64,  # not a point of the curve
        b"",
    ],
)
def test_other_kinds_of_keys(data):
    """K4: the algorithm is that of the format; a key of another kind, or no point of the curve, is refused."""
    identity = verify.hashlib.sha256(data[1:]).digest()[:4].hex()
    with pytest.raises(verify.Fault) as fault:
        verify.read_keys(f"{ORIGIN}+{identity}+{base64.b64encode(data).decode()}")
    assert set(fault.value.codes) <= {"E_KEY", "E_FORMAT"}


def test_a_quorum_counts_keys(tmp_path, honest):
    """K9: one key under two names is one signer; two keys are two."""
    other = FileSigner(tmp_path / "other.pem", ORIGIN)
    twice = [verify.Key(note.verifier_key(name, signer().public_spki)) for name in (ORIGIN, "second.example")]
    lines = [_line(signer()), _line(signer(), name="second.example")]
    with pytest.raises(verify.Fault) as fault:
        _checkpoint(twice, *lines, quorum=2)
    assert fault.value.codes == ("E_QUORUM",)
    both = [twice[0], verify.Key(note.verifier_key(ORIGIN, other.public_spki))]
    assert _checkpoint(both, _line(signer()), _line(other), quorum=2).size == 1
    _, data, keys = honest
    assert forge.check(tmp_path, data, keys=keys, more=("--quorum", "2")).codes == ["E_QUORUM"]


def test_twin_keys_in_the_manifest(honest, tmp_path):
    """K8: a manifest that names a field twice is refused though it was logged."""
    stand, data, keys = honest
    files = forge.unzip(data)
    files["manifest.json"] = files["manifest.json"].replace(b'"created_at"', b'"created_at":"x","created_at"', 1)
    receipt = stand.ledger.record(
        forge.NewEntry(type="pack.exported", key="K8", payload=files["manifest.json"], customer="12")
    )
    forge.seal_customer(stand, "12")
    files["manifest.tlog-proof"] = stand.ledger.proof(receipt.evidence_id).encode()
    assert "E_MANIFEST" in forge.check(tmp_path, forge.rezip(files), keys=keys).codes


def test_a_time_stamp_that_nobody_checks(honest, tmp_path):
    """T3: a token in the pack would look as if it had been checked; so would any file this format does not know."""
    assert "E_TSA" in vendor(honest, tmp_path, lambda files: files.update({"log/tsa/end.tsr": b"token"})).codes
    assert "E_EXTRA" in vendor(honest, tmp_path, lambda files: files.update({"SUMMARY.pdf": b"all is well"})).codes


@pytest.mark.parametrize(
    "old", [b'"not-satisfied"', b'"log-index", "value": "', b'"Evidence of desk.stale"', b'"href": "data/']
)
def test_the_assessment_results_follow_from_the_entries(tmp_path, old):
    """P16: an outcome, a reference or a title changed in the OSCAL file is named though a new manifest was logged."""
    stand = forge.played(2)
    stand.record(9, type="finding.changed", controls=("desk.stale",), payload=b'{"verdict":"fail"}')
    stand.record(10, type="finding.changed", controls=("other",), payload=b'{"verdict":"fail"}' + b" " * 20_000)
    stand.record(11, type="finding.changed", controls=("none",), payload=b"[" * 5000)
    data = forge.made(stand)
    files = forge.unzip(data)
    name = "oscal/assessment-results.json"
    assert files[name].count(b'"not-satisfied"') == 2
    keys = stand.ledger.trusted_vkey()
    assert forge.check(tmp_path, data, keys=keys).codes == []
    assert old in files[name]
    files[name] = files[name].replace(old, old.replace(b"not-satisfied", b"satisfied").replace(b"e", b"E"), 1)
    again = forge.check(tmp_path, forge.relog(stand, files, base=forge.manifest_of(files)), keys=keys)
    assert again.codes == ["E_INDEX"]


def test_an_old_pack_shown_as_new(honest, tmp_path):
    """T4: with a freshness rule an old pack is stale, exit 3."""
    _, data, keys = honest
    verdict = forge.check(tmp_path, data, keys=keys, more=("--max-age-days", "1"))
    aged = verdict.codes == ["W_STALE"] and verdict.exit == 3
    assert aged or verdict.exit == 0  # the pack's clock is a test's; the rule itself is below
    path = tmp_path / "pack.zip"
    now = verify.instant("2027-01-01T00:00:00.000Z")
    code, word, codes, _ = verify.examine(str(path), verify.read_keys(keys), None, 30, now)
    assert (code, word, codes) == (3, "stale", ["W_STALE"])


def test_equal_contents_cannot_be_told_from_hashes():
    """X3: two entries of one content have different leaves; a proof holds no hash of another customer's log."""
    stand = Stand()
    one, two, other = (
        stand.record(1, payload=b"yes"),
        stand.record(2, payload=b"yes"),
        stand.record(1, "77", payload=b"yes"),
    )
    forge.seal_all(stand)
    hashes = {verify.leaf_hash(stand.ledger.leaf(receipt.evidence_id)[0]) for receipt in (one, two, other)}
    assert len(hashes) == 3
    theirs = base64.b64encode(verify.leaf_hash(stand.ledger.leaf(other.evidence_id)[0])).decode()
    assert theirs not in stand.ledger.proof(one.evidence_id)


def test_entries_in_only_one_of_the_two_lists(honest, tmp_path):
    """P10, P12: a member that only the directory or only the stream knows, and a second directory, are confusion."""
    _, data, keys = honest
    (start,) = struct.unpack("<I", data[-6:-2])
    hidden = verify.local_header(b"hidden.txt", 1, 0) + b"x"
    count, size = struct.unpack("<HI", data[-12:-6])
    only_local = data[:start] + hidden + data[start:-22] + verify.end_records(count, size, start + len(hidden))
    ghost = verify.central_header(b"ghost.txt", 0, 0, start)
    only_central = data[:-22] + ghost + verify.end_records(count + 1, size + len(ghost), start)
    for changed in (only_local, only_central, data[:-22] + data[-22:] + data[-22:]):
        assert "E_ZIP_CONFUSED" in forge.check(tmp_path, changed, keys=keys).codes


def repacked(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """The pack's files written anew with the standard library, as a stranger would; None leaves one out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for one in old.infolist():
            kept = change(one.filename, old.read(one))
            if kept is not None:
                new.writestr(one, kept)
    return out.getvalue()


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        (lambda name, data: data, {"E_ZIP_CONFUSED"}),
        (lambda name, data: data + b" " if name == "README.txt" else data, {"E_ZIP_CONFUSED", "E_DIGEST"}),
        (lambda name, data: None if name == "index.csv" else data, {"E_ZIP_CONFUSED", "E_MISSING", "E_SUMS"}),
        (
            lambda name, data: b"{}" if name == "manifest.json" else data,
            {"E_ZIP_CONFUSED", "E_MANIFEST", "E_SIGNATURE"},
        ),
    ],
)
def test_a_pack_packed_anew_is_refused_and_still_says_which_files_were_changed(honest, tmp_path, change, codes):
    """P2, P3, P7: another tool writes other headers; that hides nothing that was done to the files."""
    verdict = forge.check(tmp_path, repacked(honest[1], change), keys=honest[2])
    assert (verdict.exit, set(verdict.codes)) == (1, codes)


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("data/late.txt", {"E_ZIP_TYPE", "E_EXTRA"}),
        ("README.txt", {"E_ZIP_DUP"}),
        ("../late.txt", {"E_ZIP_NAME"}),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_slipped_into_a_pack_with_another_tool_is_named(honest, tmp_path, name, codes):
    """P1, P6, P8: the standard library appends a file with the rights of its own, and rewrites the directory."""
    out = io.BytesIO(honest[1])
    with zipfile.ZipFile(out, "a") as pack:
        pack.writestr(name, b"x")
    verdict = forge.check(tmp_path, out.getvalue(), keys=honest[2])
    assert (verdict.exit, set(verdict.codes)) == (1, codes)


@pytest.mark.parametrize("kept", [b"hello", b"", b"\x00\x01", b"origin\n12\n"])
def test_a_file_that_is_no_checkpoint_is_a_misuse(honest, tmp_path, kept):
    """--since is handed over by the auditor: what is none says nothing about the pack."""
    verdict = forge.check(tmp_path, honest[1], keys=honest[2], since=kept)
    assert (verdict.exit, verdict.verdict, verdict.codes) == (2, "unreadable", ["E_FORMAT"])


@pytest.mark.parametrize("bounds", ["a b", "0", "0 01", "-1 -", "1_2 -"])
def test_bounds_that_are_no_sizes_are_a_misuse(honest, tmp_path, bounds):
    """K3: a range nobody can read trusts nothing, and is not the pack's fault."""
    key = next(line for line in honest[2].splitlines() if not line.startswith("#")).split(" ")[0]
    verdict = forge.check(tmp_path, honest[1], keys=f"{key} {bounds}\n")
    assert (verdict.exit, verdict.codes) == (2, ["E_FORMAT"])


@pytest.mark.parametrize(
    "name", ["C:\\x", "data/CON.txt", "data/a\u200b.txt", "data/e\u0301.txt", "data/é.txt", "data/x "]
)
def test_names_that_trick_somebody(honest, tmp_path, name):
    """P7, P8: drives, devices, invisible, decomposed and non-ASCII names, trailing blanks."""
    files = [*forge.unzip(honest[1]).items(), (name, b"x")]
    assert "E_ZIP_NAME" in forge.check(tmp_path, forge.rezip(files), keys=honest[2]).codes


def _rows(text):
    return re.findall(r"(?m)^\| ([SLKTXIP]\d+) \|", text)


def test_every_row_of_the_list_has_a_test():
    """docs/attacks.md names a test for each, the test exists, and its words or marks name the row."""
    page = (ROOT / "docs/attacks.md").read_text("utf-8")
    for row, path, name in re.findall(r"(?m)^\| ([SLKTXIP]\d+) \|.*\| `([\w/.]+)::(\w+)` \|$", page):
        source = (ROOT / "tests" / path).read_text("utf-8")
        assert f"def {name}(" in source, row
        assert re.search(rf"\b{row}(\b|_)", source), row
    named = re.findall(r"(?m)^\| ([SLKTXIP]\d+) \|.*::\w+` \|$", page)
    assert named == _rows(page)
    if not LIST.exists():
        pytest.skip("the list itself is not beside this checkout")
    assert named == _rows(LIST.read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("custody.jsonl", lambda data: b"", "E_LEAF"),
        ("custody.jsonl", lambda data: data * 2, "E_LEAF"),
        ("custody.jsonl", lambda data: data.replace(b'_id":"t-', b'_id":"s-'), "E_LEAF"),
        ("custody.jsonl", lambda data: re.sub(rb',"proof":"[^"]*"', b"", data), "E_LEAF"),
        (
            "custody.jsonl",
            lambda data: data.replace(b',"proof"', b',"note":"approved by the auditor","proof"'),
            "E_LEAF",
        ),
        ("log/meta.hashes", lambda data: data + bytes(32), "E_ROOT"),
        ("log/consistency.json", lambda data: data + b"\n", "E_FORMAT"),
        ("log/consistency.json", lambda data: data[:-1], "E_FORMAT"),
    ],
)
def test_nothing_is_left_out_or_put_behind(honest, tmp_path, name, change, code):
    """Custody lines dropped or doubled, hashes and blank lines to spare: named though a new manifest was logged."""
    verdict = vendor(honest, tmp_path, lambda files: files.update({name: change(files[name])}))
    assert code in verdict.codes
