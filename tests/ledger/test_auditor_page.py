"""docs/auditor.md: its commands, copied as they stand into an empty folder with a fresh pack, say what the page promises."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.ledger import verify
from tests.ledger import forge

PAGE = (Path(__file__).resolve().parents[2] / "docs/auditor.md").read_text("utf-8")
TOOLS = ("bash", "openssl", "sha256sum", "unzip", "base64", "awk", "python3")


def blocks(heading):
    """Code blocks of one chapter, in order."""
    chapter = re.split(r"(?m)^## ", PAGE.partition(f"\n## {heading}\n")[2])[0]
    found = re.findall(r"(?ms)^```\n(.*?)^```$", chapter)
    assert found
    return found


def bash(folder, script):
    """Run a script as if typed; what it printed, line by line."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


@pytest.fixture
def folder(tmp_path):
    """An empty folder with what the page says one has."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"not installed here: {', '.join(missing)}")
    stand = forge.played(2)
    kept = stand.ledger.checkpoint(stand.names.log_of("12"))
    stand.record(900)
    (tmp_path / "PACK.zip").write_bytes(forge.made(stand))
    (tmp_path / "KEY.pem").write_text(stand.ledger.keys()[0]["pem"])
    (tmp_path / "trusted.vkey").write_text(stand.ledger.trusted_vkey(), encoding="utf-8")
    (tmp_path / "my-last-checkpoint.txt").write_text(kept, encoding="utf-8")
    shutil.copy(verify.__file__, tmp_path / "verify.py")
    return tmp_path


def test_one_command(folder):
    """Both commands of the first chapter verify the pack."""
    for block in blocks("In one command"):
        code, said, fault = bash(folder, block)
        assert (code, fault) == (0, "")
        assert any(line.startswith("VERIFIED (") for line in said)
    assert any("is a prefix of this log" in line for line in said)


def test_stock_tools(folder):
    """The second chapter from top to bottom, in one shell."""
    code, said, fault = bash(folder, "\n".join(blocks("With stock tools only")))
    assert (code, fault) == (0, "")
    sums, named, manifest, logged, first, entry, second, key, item, told = said
    assert (sums, manifest, item) == (named, logged, told)
    assert (first, second) == ("Verified OK", "Verified OK")
    assert re.fullmatch(r"manifest\.json is entry \d+ of the log", entry)
    assert f"+{key}+" in (folder / "trusted.vkey").read_text()


def test_one_item_is_one_that_is_there_as_it_was_received(folder):
    """Where the first item was erased, or everything is redacted or out of scope, the last step still says what is so."""
    stand = forge.played(1)
    row = json.loads(forge.unzip(forge.made(stand))["index.json"])[0]
    stand.ledger.erase(row["item_id"], actor="a", reason="r")
    (folder / "KEY.pem").write_text(stand.ledger.keys()[0]["pem"])
    for body, there in (
        ({}, True),
        ({"redact": ["/caller/email"]}, True),  # the large text is not JSON and stays whole
        ({"controls": ["no.such"]}, False),
    ):
        (folder / "PACK.zip").write_bytes(forge.made(stand, **body))
        shutil.rmtree(folder / "pack", ignore_errors=True)
        code, said, fault = bash(folder, "\n".join(blocks("With stock tools only")))
        assert (code, fault) == (0, ""), body
        assert (said[-2] == said[-1]) is there
        assert ("no item has its bytes here" in said[-1]) is not there


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda files: files.update({"index.csv": files["index.csv"] + b"x"}), 0),
        (lambda files: files.update({"data/more.txt": b"x"}), 0),
        (lambda files: files.update({"manifest.json": files["manifest.json"] + b" "}), 1),
        (
            lambda files: files.update(
                {"manifest.tlog-proof": files["manifest.tlog-proof"].replace(b"index ", b"index 1")}
            ),
            2,
        ),
    ],
)
def test_stock_tools_notice(folder, change, where):
    """A file changed, added, another manifest, another place in the log: the commands stop or say so."""
    files = forge.unzip((folder / "PACK.zip").read_bytes())
    change(files)
    (folder / "PACK.zip").write_bytes(forge.rezip(files))
    code, said, _ = bash(folder, "\n".join(blocks("With stock tools only")))
    if where == 0:
        assert code != 0
    elif where == 1:
        assert said[2] != said[3]
    else:
        assert not any("is entry" in line for line in said)
