"""The words of a pack: its README and its OSCAL assessment results."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from itertools import groupby

from shared.ledger import verify
from shared.model import JsonObject

_README = """EVIDENCE PACK {request_id}

Log        {origin}
Customer   {customer}
Period     {start} (included) to {end} (not included), by the time the service received each entry
Controls   {controls}
Population {population} entries; {items} shipped with their content; exceptions are listed in exceptions.csv
Made       {created_at}
{former}
WHAT IS PROVEN
  Every entry of the log from number {first} to {last} is in log/range.jsonl. Their hashes rebuild the root that was
  signed in log/checkpoint-end.txt, starting from log/checkpoint-start.txt, so none was altered, left out, added or
  put in another order. Population, sample and index follow from these entries and can be recomputed.
  manifest.json is itself an entry of the log (manifest.tlog-proof), and the end checkpoint is an entry of the
  meta-log (log/meta.tlog-proof), whose checkpoints are kept in write-once storage.

WHAT IS NOT PROVEN
{limits}

HOW TO CHECK IT
  Take verify.py from the vendor's repository, compare its SHA-256 with the one published there, and bring the
  verifier key you were given outside this pack (trusted.vkey). The files in keys/ are for information only.

  1  python3 -I verify.py --keys trusted.vkey PACK.zip
     with the checkpoint you kept from an earlier pack: --since earlier-checkpoint.txt

  With stock tools, in a folder where the pack is unpacked:
  2  sha256sum -c --strict --quiet SHA256SUMS
  3  find . -type f | sed 's|^\\./||' | LC_ALL=C sort > ../have.txt
     (cut -c67- SHA256SUMS; printf 'SHA256SUMS\\nmanifest.json\\nmanifest.tlog-proof\\n') | LC_ALL=C sort | diff - ../have.txt
  4  sed -n '1,/^$/p' log/checkpoint-end.txt | sed '$d' > ../body
     awk '/^— /{{print $3}}' log/checkpoint-end.txt | base64 -d | tail -c +5 > ../signature
  5  openssl dgst -sha256 -verify KEY.pem -signature ../signature ../body
  6  openssl pkey -pubin -in KEY.pem -outform DER | sha256sum | cut -c1-8      (compare with trusted.vkey)
"""


def readme(manifest: JsonObject) -> bytes:
    """README.txt."""
    counts, ranged = manifest["counts"], manifest["range"]
    return _README.format(
        request_id=manifest["request_id"],
        origin=manifest["origin"],
        customer=manifest["customer"],
        start=manifest["period"]["start"],
        end=manifest["period"]["end"],
        controls=", ".join(manifest["controls"]) or "all",
        population=counts["population"],
        items=counts["items"],
        created_at=manifest["created_at"],
        first=ranged["start"],
        last=ranged["end"] - 1,
        former="".join(
            f"Before    this log, and not in this pack: {one['origin']}, {one['size']} entries, closed by a restore\n"
            for one in manifest.get("former_logs", ())
        ),
        limits="\n".join(f"  - {text}" for text in verify.NOT_PROVEN),
    ).encode()


def _token(text: str) -> str:
    """An OSCAL token."""
    token = re.sub(r"[^A-Za-z0-9_.-]", "_", text)
    return token if re.match(r"[A-Za-z_]", token) else f"c_{token}"


def _line(text: str) -> str:
    """A single-line, non-empty OSCAL string."""
    return " ".join(text.split()) or "none"


def relevant(leaf: JsonObject, index: int, shipped: tuple[int, str] | None) -> bytes:
    """One item as OSCAL's relevant evidence."""
    path = verify.data_path(leaf) if shipped else "log/range.jsonl"
    title = json.encoder.encode_basestring(_line(verify.title(leaf)))
    sha256 = shipped[1] if shipped else leaf["payload"]["sha256"]
    return (
        f'{{"href": "{path}", "description": {title}, "props": [{{"name": "log-index", "value": "{index}"}}, '
        f'{{"name": "sha256", "value": "{sha256}"}}]}}'
    ).encode()


def _observation(name: str, control: str, lines: Iterable[tuple[str, bytes]], end: str) -> Iterator[bytes]:
    head = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/observation/{control}")),
        "title": _line(f"Evidence of {control or 'no particular control'}"),
        "description": "Entries of the evidence log, re-hashed from their bytes.",
        "methods": ["EXAMINE"],
        "collected": end,
    }
    yield json.dumps(head, ensure_ascii=False)[:-1].encode() + b',"relevant-evidence":[\n'
    between = b""
    for _, line in lines:
        yield between + line
        between = b",\n"
    yield b"]}"


def oscal(manifest: JsonObject, lines: Iterable[tuple[str, bytes]], verdicts: dict[str, str]) -> Iterator[bytes]:
    """OSCAL 1.2 assessment results, streamed; ``lines`` are (control, ``relevant``), sorted; ``verdicts`` the last ones."""
    name, period = manifest["request_id"], manifest["period"]
    reference = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/plan"))
    controls = sorted(set(manifest["controls"]) | set(verdicts))
    selection: JsonObject = {"include-controls": [{"control-id": token} for token in sorted({*map(_token, controls)})]}
    body = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/results")),
        "metadata": {
            "title": f"Evidence pack {name}",
            "last-modified": manifest["created_at"],
            "version": "1",
            "oscal-version": "1.2.1",
        },
        "import-ap": {"href": f"#{reference}"},
        "back-matter": {
            "resources": [
                {
                    "uuid": reference,
                    "description": "There was no separate assessment plan; population.json states "
                    "what was selected and how.",
                }
            ]
        },
    }
    result = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/result")),
        "title": f"Entries of {manifest['origin']}",
        "description": f"{manifest['counts']['population']} entries received in the period.",
        "start": period["start"],
        "end": period["end"],
        "reviewed-controls": {"control-selections": [selection if controls else {"include-all": {}}]},
    }
    findings = [
        {
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name}/finding/{control}")),
            "title": _line(f"Control {control}"),
            "description": f"The last verdict recorded in the period is {verdict}.",
            "target": {
                "type": "objective-id",
                "target-id": _token(control),
                "status": {"state": "satisfied" if verdict == "pass" else "not-satisfied"},
            },
        }
        for control, verdict in sorted(verdicts.items())
        if verdict in ("pass", "fail")
    ]
    if findings:
        result["findings"] = findings
    yield b'{"assessment-results":' + json.dumps(body, ensure_ascii=False)[:-1].encode()
    yield b',"results":[' + json.dumps(result, ensure_ascii=False)[:-1].encode()
    opened = False
    for control, group in groupby(lines, key=lambda line: line[0]):
        yield b"," if opened else b',"observations":['
        opened = True
        yield from _observation(name, control, group, manifest["created_at"])
    yield (b"]" if opened else b"") + b"}]}}\n"
