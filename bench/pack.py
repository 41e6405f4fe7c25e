"""Building packs: rate, memory above the idle process, and verify.py's time and memory; JSON lines.

``small``: 100,000 items of 400 bytes kept in the rows; what counts is the work an item costs, and the pack is mostly
index: about 2.5 KB an item of entry, index (twice), OSCAL, manifest, sums and headers.
``large``: 10,000 items of 64 KiB kept as files on this machine; what counts is the bytes, each read once and written once.
Floors of the same run: a stream (read, SHA-256, CRC-32, write: what a builder cannot leave out) and a ZIP made of the
same files by the standard library (no index, no proofs). Processor seconds are told beside wall time, because the
latter depends on who else is on the machine.

python -m bench.pack [small|large] [items]
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.ledger import verify
from shared.model import NewEntry, Person, Role
from shared.ports import BlobInfo
from shared.procedures.export_pack import build_pack, request_pack
from shared.procedures.seal import seal_all
from tests.harness.memory import MemoryBlobs
from tests.ledger.stand import Stand

MIB = 1 << 20
SIZES = {"small": 400, "large": 64 * 1024}
ITEMS = {"small": 100_000, "large": 10_000}


class DiskBlobs(MemoryBlobs):
    """Payloads and archives are files, so that they are not counted as memory."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def _file(self, container: str, name: str) -> Path | None:
        return self.folder / name.rpartition("/")[2] if container == "payloads" or name.endswith(".zip") else None

    def create(self, container: str, name: str, data: bytes, media_type: str = "") -> None:
        """A payload becomes a file."""
        path = self._file(container, name)
        if path is None:
            super().create(container, name, data, media_type)
        else:
            path.write_bytes(data)

    def get_range(self, container: str, name: str, offset: int, length: int) -> bytes:
        """Part of a file."""
        if container != "payloads":
            return super().get_range(container, name, offset, length)
        file = os.open(f"{self.folder}/{name.rpartition('/')[2]}", os.O_RDONLY)
        try:
            return os.pread(file, length, offset)
        finally:
            os.close(file)

    def upload(self, container: str, name: str, chunks: Iterable[bytes], media_type: str) -> None:  # noqa: ARG002 - the form of the port
        """Write the stream to disk."""
        with (self.folder / name).open("wb", 0) as file:
            for data in chunks:
                file.write(data)

    def info(self, container: str, name: str) -> BlobInfo | None:
        """Size of an uploaded file."""
        path = self._file(container, name)
        if path is None or not path.exists():
            return super().info(container, name)
        found = path.stat()
        return BlobInfo(name, found.st_size, "", datetime.fromtimestamp(found.st_mtime, UTC))


def _status(name: str) -> int:
    """VmRSS or VmHWM of this process in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def _tell(**figures: object) -> None:
    print(json.dumps(figures), flush=True)


def _stream(path: Path, folder: Path) -> tuple[float, float]:
    """(wall, processor) seconds of reading, hashing, summing and writing the pack's bytes once."""
    began, spent = time.perf_counter(), time.process_time()
    digest, crc = hashlib.sha256(), 0
    with path.open("rb", 0) as source, (folder / "copy").open("wb", 0) as target:
        while data := source.read(MIB):
            digest.update(data)
            crc = zlib.crc32(data, crc)
            target.write(data)
    (folder / "copy").unlink()
    return time.perf_counter() - began, time.process_time() - spent


def _plain_zip(path: Path, folder: Path) -> float:
    """Processor seconds of the standard library putting the same files into a STORED ZIP."""
    spent = time.process_time()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(folder / "plain", "w", zipfile.ZIP_STORED) as target:
        reading = 0.0
        for name in source.namelist():
            began = time.process_time()
            data = source.read(name)
            reading += time.process_time() - began
            target.writestr(name, data)
    (folder / "plain").unlink()
    return time.process_time() - spent - reading


def _stand(folder: Path, items: int, size: int) -> Stand:
    stand = Stand(blobs=DiskBlobs(folder))
    filler = b"x" * max(0, size - 30)
    for first in range(0, items, 500):
        numbers = range(first, min(items, first + 500))
        stand.ledger.record_many(
            [
                NewEntry(
                    type="delivery.received",
                    key=str(number),
                    customer="12",
                    controls=(f"control.{number % 7}",),
                    payload=b'{"number":%d,"filler":"%s"}' % (number, filler),
                )
                for number in numbers
            ]
        )
    seal_all(stand.services)
    return stand


def run(case: str, items: int) -> None:
    """Build, verify, print."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        stand = _stand(folder, items, SIZES[case])
        person = Person("bench", "Bench", frozenset({Role.AUDITOR}))
        period = {"from": "2026-11-16T00:00:00Z", "to": "2026-11-17T00:00:00Z"}
        asked = request_pack(stand.services, person, {"customer": "12", **period})
        Path("/proc/self/clear_refs").write_text("5")  # so that the peak is that of the build
        idle, began, spent = _status("VmRSS"), time.perf_counter(), time.process_time()
        built = build_pack(stand.services, asked["id"])
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
        peak = _status("VmHWM")
        pack = folder / f"{asked['id']}.zip"
        megabytes = pack.stat().st_size / 1e6
        (floor, floor_cpu), plain = _stream(pack, folder), _plain_zip(pack, folder)
        _tell(
            bench=f"pack_build_{case}",
            state=built["state"],
            items=built["items"],
            mb=round(megabytes),
            seconds=round(wall, 2),
            cpu_seconds=round(cpu, 2),
            mb_per_s=round(megabytes / wall, 1),
            mb_per_cpu_s=round(megabytes / cpu, 1),
            stream_mb_per_s=round(megabytes / floor, 1),
            stream_mb_per_cpu_s=round(megabytes / floor_cpu, 1),
            plain_zip_cpu_seconds=round(plain, 2),
            cpu_over_plain_zip=round(cpu / plain, 2),
            cpu_us_per_item=round(cpu / items * 1e6, 1),
            peak_above_idle_mib=round((peak - idle) / MIB, 1),
        )
        _verify(case, folder, pack, stand.ledger.trusted_vkey(), floor_cpu)


def _verify(case: str, folder: Path, pack: Path, keys: str, floor_cpu: float) -> None:
    (folder / "trusted.vkey").write_text(keys)
    arguments = [verify.__file__, "--json", "--keys", str(folder / "trusted.vkey"), str(pack)]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURED, *arguments], capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - began
    said = json.loads(done.stdout.splitlines()[0])
    kib, cpu = done.stdout.splitlines()[1].split()
    _tell(
        bench=f"pack_verify_{case}",
        verdict=said["verdict"],
        codes=said["codes"],
        items=said["items"],
        seconds=round(took, 2),
        cpu_seconds=round(float(cpu), 2),
        stream_cpu_seconds=round(floor_cpu, 2),
        peak_mib=round(int(kib) / 1024, 1),
    )


_MEASURED = """
import runpy, sys, time
sys.argv.pop(0)
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except SystemExit:
    pass
kib = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(kib, time.process_time())
"""

if __name__ == "__main__":
    words = sys.argv[1:]
    for chosen in [word for word in words if word in SIZES] or SIZES:
        run(chosen, next((int(word) for word in words if word.isdigit()), ITEMS[chosen]))
    os._exit(0)  # a hundred thousand rows take seconds to be given back one by one
