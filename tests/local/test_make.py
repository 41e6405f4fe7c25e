"""The commands' small parts: which Python is taken, what is installed, what make passes on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shim(folder: Path, name: str, script: str) -> None:
    """A command of that name."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def chosen(folder: Path) -> subprocess.CompletedProcess[str]:
    """What .ci/python says when only this folder is on PATH."""
    shell = shutil.which("sh")
    assert shell
    environment = {"PATH": str(folder), "HOME": str(folder), "PYENV_ROOT": str(folder / "pyenv")}
    return subprocess.run(
        [shell, str(ROOT / ".ci" / "python")], env=environment, capture_output=True, text=True, check=False
    )


def test_a_shim_that_fails_does_not_count(tmp_path: Path) -> None:
    """The next one that really runs is taken."""
    shim(tmp_path, "python3.13", "exit 127")
    shim(tmp_path, "python3.12", f'exec "{sys.executable}" "$@"')
    shim(tmp_path, "python3", "exit 1")
    assert chosen(tmp_path).stdout == "python3.12\n"


def test_pyenv_s_newest_is_found_where_path_has_none(tmp_path: Path) -> None:
    """Its versions are not on PATH until they are chosen."""
    inside = tmp_path / "pyenv" / "versions" / "3.13.9" / "bin"
    inside.mkdir(parents=True)
    shim(inside, "python3.13", f'exec "{sys.executable}" "$@"')
    shim(tmp_path, "python3", f'exec "{sys.executable}" "$@"')
    assert chosen(tmp_path).stdout == f"{inside}/python3.13\n"


def test_no_python_is_said_in_a_sentence(tmp_path: Path) -> None:
    """And nothing is printed that could be taken for one."""
    shim(tmp_path, "python3", "exit 1")
    answer = chosen(tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "No Python 3.11 or newer" in answer.stderr


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-local.txt", "requirements-dev.txt", "constraints.txt"]
)
def test_everything_installed_is_pinned(name: str) -> None:
    """Exactly; only the platform's own library has two lines, one for each line of Python."""
    lines = [line.strip() for line in (ROOT / name).read_text("utf-8").splitlines()]
    lines = [line for line in lines if line and not line.startswith(("#", "-r "))]
    loose = [line for line in lines if not re.match(r"[A-Za-z0-9_.-]+==[0-9][^*, ]*( ;|$)", line)]
    functions = [
        'azure-functions>=1.26,<2 ; python_version < "3.13"',
        'azure-functions>=2.3,<3 ; python_version >= "3.13"',
    ]
    assert loose == (functions if name == "requirements.txt" else [])


def test_make_passes_on_what_it_is_given() -> None:
    """DATA, SEED and POLICY reach the programs."""
    environment = {**os.environ, "SEED": "rows.json", "POLICY": "p.toml"}
    serve = subprocess.run(
        ["make", "-n", "serve"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert "-m local.serve --stay-with-parent --seed 'rows.json' --policy 'p.toml'" in serve.stdout
    demo = subprocess.run(
        ["make", "-n", "demo", "DATA=log.csv.gz"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m local.demo --data 'log.csv.gz'" in demo.stdout


INTERRUPTED = """
import runpy, sys
class Ctrl_C:
    def find_spec(self, name, path=None, target=None):
        if name == "local.stack":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Ctrl_C())
runpy.run_module(sys.argv[1], run_name="__main__")
"""


@pytest.mark.parametrize(("program", "ends"), [("local.demo", 130), ("local.serve", 0)])
def test_ctrl_c_while_a_program_is_still_being_read_is_a_sentence(program: str, ends: int) -> None:
    """Reading takes up to a second on a busy machine; nothing was started by then."""
    answer = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (ends, "")
    assert answer.stdout.strip().startswith("Stopped")
