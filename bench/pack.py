"""Pack of 100,000 items: build rate and memory above the idle process, verify.py's time and memory; one JSON line each.

python -m bench.pack [items] [payload bytes]
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.ledger import verify
from shared.model import Person, Role
from shared.ports import BlobInfo
from shared.procedures.export_pack import build_pack, request_pack
from shared.procedures.seal import seal_all
from tests.harness.memory import MemoryBlobs
from tests.ledger.stand import Stand

MIB = 1 << 20


class DiskBlobs(MemoryBlobs):
    """Uploads go to a file, so that the archive itself is not counted as memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def upload(self, container: str, name: str, chunks: Iterable[bytes], media_type: str) -> None:  # noqa: ARG002
        """Write the stream to disk."""
        with (self.folder / name).open("wb") as file:
            for data in chunks:
                file.write(data)

    def info(self, container: str, name: str) -> BlobInfo | None:
        """Size of an uploaded file."""
        path = self.folder / name
        return BlobInfo(name, path.stat().st_size, "", None) if path.exists() else super().info(container, name)


def _rss() -> int:
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _tell(**figures: object) -> None:
    print(json.dumps(figures), flush=True)


def _floor(path: Path, folder: Path) -> float:
    """MB/s of hashing and copying the same bytes, the least a builder must do."""
    began, digest = time.perf_counter(), hashlib.sha256()
    with path.open("rb") as source, (folder / "copy").open("wb") as target:
        while data := source.read(MIB):
            digest.update(data)
            target.write(data)
    return path.stat().st_size / 1e6 / (time.perf_counter() - began)


def main(items: int, size: int) -> None:
    """Build, verify, print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        stand = Stand(blobs=DiskBlobs(folder))
        filler = b"x" * max(0, size - 30)
        from shared.model import NewEntry

        for first in range(0, items, 500):
            stand.ledger.record_many(
                [
                    NewEntry(
                        type="delivery.received",
                        key=str(number),
                        customer="12",
                        controls=(f"control.{number % 7}",),
                        payload=b'{"number":%d,"filler":"%s"}' % (number, filler),
                    )
                    for number in range(first, min(items, first + 500))
                ]
            )
        began = time.perf_counter()
        seal_all(stand)
        _tell(bench="seal_in_memory", events_per_s=round(items / (time.perf_counter() - began)))
        person = Person("bench", "Bench", frozenset({Role.AUDITOR}))
        asked = request_pack(
            stand, person, {"customer": "12", "from": "2026-11-16T00:00:00Z", "to": "2026-11-17T00:00:00Z"}
        )
        Path("/proc/self/clear_refs").write_text("5")  # so that the peak is that of the build
        idle, began = _rss(), time.perf_counter()
        built = build_pack(stand, asked["id"])
        took = time.perf_counter() - began
        peak = next(
            int(line.split()[1]) * 1024
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
        pack = folder / f"{asked['id']}.zip"
        rate, floor = pack.stat().st_size / 1e6 / took, _floor(pack, folder)
        _tell(
            bench="pack_build",
            state=built["state"],
            items=built["items"],
            mb=round(pack.stat().st_size / 1e6),
            seconds=round(took, 2),
            mb_per_s=round(rate, 1),
            floor_mb_per_s=round(floor, 1),
            ratio=round(rate / floor, 3),
            items_per_s=round(items / took),
            peak_above_idle_mib=round((peak - idle) / MIB, 1),
        )
        (folder / "trusted.vkey").write_text(stand.ledger.trusted_vkey())
        began = time.perf_counter()
        done = subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                _MEASURED,
                verify.__file__,
                "--json",
                "--keys",
                str(folder / "trusted.vkey"),
                str(pack),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.perf_counter() - began
        said, peak_kib = json.loads(done.stdout.splitlines()[0]), int(done.stdout.splitlines()[1])
        _tell(
            bench="pack_verify",
            verdict=said["verdict"],
            codes=said["codes"],
            items=said["items"],
            seconds=round(took, 2),
            floor_s=round(pack.stat().st_size / 1e6 / floor, 2),
            peak_mib=round(peak_kib / 1024, 1),
        )


_MEASURED = """
import runpy, sys
path = sys.argv.pop(1)
try:
    runpy.run_path(path, run_name="__main__")
except SystemExit:
    pass
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, int(sys.argv[2]) if len(sys.argv) > 2 else 400)
