"""The words of a pack: its README."""

from __future__ import annotations

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
