"""An evidence pack's content: a pure function of the log, the stored payloads and the plan made when it was asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import heapq
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from shared.errors import LedgerError, NotFound
from shared.ledger import merkle, note, pack_texts, redaction, verify
from shared.ledger.names import TABLE, payload_blob
from shared.ledger.pack_index import Index
from shared.ledger.spool import Measure, Spool, ahead
from shared.ledger.stored import entries, leaf_of, text_cell
from shared.ledger.tree import Tree
from shared.model import JsonObject
from shared.ports import Blobs, Row, Rows

PAYLOADS = "payloads"
MOST_HASHES = 65_536
"""Up to so many leaf hashes before the range travel along, so that any checkpoint kept earlier can be compared."""
Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything about a pack that is decided once, when it is asked for."""

    request_id: str
    customer: str
    log: str
    origin: str
    start: str
    end: str
    controls: tuple[str, ...]
    created_at: str
    checkpoint_start: str
    checkpoint_end: str
    meta_proof: str
    meta_log: str
    proofs: dict[str, str]
    """Proof file by ULID: custody, draw, redaction."""
    custody: tuple[JsonObject, ...]
    keys: str
    pems: dict[str, str]
    sample: JsonObject | None = None
    drawn: str | None = None
    """The exact bytes that were logged of the draw."""
    redact: tuple[str, ...] = ()
    redact_salt: str = ""
    former_logs: tuple[JsonObject, ...] = ()
    """This customer's logs of earlier incarnations: origin and last published size. They are not in the pack."""


class _Entry(NamedTuple):
    """One entry of the range; ``why`` it is not of the population, '' when it is."""

    at: int
    row: Row
    data: bytes
    leaf: JsonObject
    why: str


@dataclass(slots=True)
class _Counts:
    population: int = 0
    items: int = 0
    first: int | None = None
    last: int | None = None
    kinds: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("out_of_scope", "erased", "missing", "redacted"), 0)
    )


class Packer:
    """Lays one pack out in a spool."""

    def __init__(
        self,
        rows: Rows,
        blobs: Blobs,
        plan: Plan,
        *,
        prove: Callable[[str], str],
        log_redactions: Callable[[bytes], tuple[str, str]],
        progress: Progress,
    ) -> None:
        self._rows = rows
        self._blobs = blobs
        self._plan = plan
        self._prove = prove
        """Proof file of an evidence id."""
        self._log_redactions = log_redactions
        """Log what was withheld; answers evidence id and proof file."""
        self._progress = progress
        self._size1, self._root1 = note.read_checkpoint(note.text_of(plan.checkpoint_start))[1:]
        self._size2, self._root2 = note.read_checkpoint(note.text_of(plan.checkpoint_end))[1:]
        self._tree = Tree(rows, blobs, plan.log)
        self.counts = _Counts()
        self.redactions: dict[str, JsonObject] = {}
        self._ids = hashlib.sha256()
        self._verdicts: dict[str, str] = {}
        self._proofs = dict(plan.proofs)
        self._chosen: list[str] | None = None

    def read_blob(self, name: str, offset: int, length: int) -> bytes:
        """A piece of a stored payload."""
        return self._blobs.get_range(PAYLOADS, name, offset, length)

    def lay_out(self, spool: Spool) -> JsonObject:
        """Write every member but the manifest and its proof; answers what the manifest says besides its files."""
        try:
            self._read_log(spool)
        except (ValueError, KeyError, TypeError, AttributeError, verify.Fault):
            raise LedgerError("An entry of the log does not have the fields of an entry.", code="E_LEAF") from None
        base = self._base()
        self._small(spool, base)
        spool.add_checksums()
        return base

    def _read_log(self, spool: Spool) -> None:
        """What is made of the entries."""
        plan = self._plan
        if plan.sample is not None:
            self._chosen = self._draw(str(plan.sample["phrase"]), int(plan.sample["size"]))
        index, ranged, excepted, oscal = Index(spool), spool.scratch(), spool.scratch(), spool.scratch()
        self._items(spool, index, ranged, excepted)
        base = self._base()
        spool.add("README.txt", "readme", pack_texts.readme(base))
        spool.add_file("index.csv", "index", index.csv(verify.csv_line(verify.COLUMNS)))
        spool.add_file("index.json", "index", index.json())
        spool.add_file("exceptions.csv", "exceptions", excepted)
        spool.add_file("log/range.jsonl", "log", ranged)
        oscal.writelines(verify.oscal(base, index.lines("oscal"), self._verdicts))
        spool.add_file("oscal/assessment-results.json", "oscal", oscal)

    # -- the entries --------------------------------------------------------------------------------------------------

    def _scoped(self) -> Iterator[_Entry]:
        plan = self._plan
        for index, row in enumerate(entries(self._rows, plan.log, self._size1, self._size2), self._size1):
            data = leaf_of(row)
            leaf = json.loads(data.decode())
            yield _Entry(index, row, data, leaf, verify.in_scope(leaf, plan.start, plan.end, list(plan.controls)))

    def _draw(self, phrase: str, size: int) -> list[str]:
        drawn = (
            (verify.draw_key(phrase, item), item)
            for item in (f"{one.leaf['log']}.{one.leaf['id']}" for one in self._scoped() if not one.why)
        )
        return [item for _, item in heapq.nsmallest(size, drawn)]

    def _items(self, spool: Spool, lines: Index, ranged: IO[bytes], excepted: IO[bytes]) -> None:
        """One pass over the range; what is written of an item is made here and nowhere else."""
        chosen = None if self._chosen is None else set(self._chosen)
        tree = verify.Tree(self._size1, self._edge())
        excepted.write(verify.csv_line(verify.EXCEPTION_COLUMNS))
        total = max(1, self._size2 - self._size1)

        def measure(entry: _Entry) -> Future[Measure] | None:
            in_sample = chosen is None or f"{entry.leaf['log']}.{entry.leaf['id']}" in chosen
            return self._measure(spool, entry) if in_sample and not entry.why else None

        for (index, row, data, leaf, why), measured in ahead(self._scoped(), measure):
            digest = verify.leaf_hash(data)
            tree.add(digest)
            ranged.write(b'{"index":%d,"leaf":"%s"}\n' % (index, binascii.b2a_base64(data, newline=False)))
            item = f"{leaf['log']}.{leaf['id']}"
            if why:
                self.counts.kinds["out_of_scope"] += 1
                excepted.write(verify.csv_line([item, str(index), "out_of_scope", why]))
                continue
            self._count(index, item)
            shipped, kind, reason, note_ = None, "", "", ""
            if chosen is None or item in chosen:
                shipped, kind, reason = self._item(spool, row, leaf, item, measured)
            if kind:
                self.counts.kinds[kind] += 1
                excepted.write(verify.csv_line([item, str(index), kind, reason]))
                note_ = f"original {leaf['payload']['sha256']}" if kind == "redacted" else f"{kind}: {reason}"
            redacted = reason if kind == "redacted" else ""
            in_sample = chosen is None or item in chosen
            told = verify.index_lines(leaf, index, digest, in_sample, shipped, redacted, note_)
            controls = leaf["controls"]
            lines.add(
                controls[0] if controls else "",
                leaf["received_at"],
                (*told, self._oscal_line(leaf, index, shipped)),
            )
            if index % 1000 == 0:
                self._progress((index - self._size1) / total * 0.8, f"{self.counts.population} entries read")
        if tree.root() != self._root2:
            raise LedgerError("The log's entries do not have the root that was published.", code="E_ROOT")

    def _edge(self) -> list[bytes]:
        """Compact range of the start checkpoint."""
        edge, first = [], 0
        for bit in reversed(range(self._size1.bit_length())):
            if self._size1 >> bit & 1:
                edge.append(self._tree.range_root(first, first + (1 << bit)))
                first += 1 << bit
        if merkle.edge_root(edge) != self._root1:
            raise LedgerError("The log does not have the root of the start checkpoint.", code="E_ROOT")
        return edge

    def _count(self, index: int, item: str) -> None:
        counts = self.counts
        counts.population += 1
        counts.first = index if counts.first is None else counts.first
        counts.last = index
        self._ids.update(item.encode() + b"\n")

    def _item(
        self, spool: Spool, row: Row, leaf: JsonObject, item: str, measured: Future[Measure] | None
    ) -> tuple[tuple[int, str] | None, str, str]:
        """((size, SHA-256) as shipped or None, kind of exception or '', its reason); the content is in the spool then."""
        payload, told = row.cells.get("payload"), leaf["payload"]
        if payload is None:
            payload, shipped = self._stored(spool, leaf, item, measured)
            if shipped:
                return (told["size"], told["sha256"]), "", ""
            if payload is None:
                stone = self._tombstone(leaf["id"]) or self._tombstone(told["sha256"])
                kind, reason = ("erased", stone) if stone else ("missing", "the content is not in storage")
                return None, kind, reason
        elif not isinstance(payload, bytes) or hashlib.sha256(payload).hexdigest() != told["sha256"]:
            raise LedgerError(f"The content of {item} is not what was recorded.", code="E_PAYLOAD")
        self.counts.items += 1
        plan, path = self._plan, verify.data_path(leaf)
        if plan.redact and (changed := redaction.withhold(payload, plan.redact, plan.redact_salt, item)):
            self.redactions[item] = changed[1]
            self._judge(leaf, changed[0])
            return spool.add(path, "data", changed[0]), "redacted", "withheld " + " ".join(changed[1])
        self._judge(leaf, payload)
        return spool.add(path, "data", payload, told["sha256"]), "", ""

    def _measure(self, spool: Spool, entry: _Entry) -> Future[Measure] | None:
        """Begin to read content kept in Blob; None where it lies in the row, or must be read whole to withhold fields."""
        told = entry.leaf["payload"]
        if "payload" in entry.row.cells or (self._plan.redact and redaction.may_hold(told["media_type"])):
            return None
        return spool.measure(payload_blob(self._plan.log, told["sha256"]), told["size"])

    def _stored(
        self, spool: Spool, leaf: JsonObject, item: str, measured: Future[Measure] | None
    ) -> tuple[bytes | None, bool]:
        """Content kept in Blob: referred to (True), or read whole where fields may be withheld; (None, False) if gone."""
        told = leaf["payload"]
        try:
            if measured is None:
                name, size = payload_blob(self._plan.log, told["sha256"]), told["size"]
                payload = b"".join(self.read_blob(name, at, 1 << 20) for at in range(0, size, 1 << 20))
                if hashlib.sha256(payload).hexdigest() == told["sha256"]:
                    return payload, False
            elif (found := measured.result()).sha256 == told["sha256"]:
                spool.add_blob(verify.data_path(leaf), "data", found)
                self._judge(leaf, found.data)
                self.counts.items += 1
                return None, True
        except NotFound:
            return None, False
        raise LedgerError(f"The content of {item} is not what was recorded.", code="E_PAYLOAD")

    def _tombstone(self, identity: str) -> str:
        row = self._rows.get(TABLE, self._plan.log, f"d-{identity}")
        stone = text_cell(row, "evidence_id") if row is not None else ""
        if stone:
            self._proofs.setdefault(stone.rpartition(".")[2], self._prove(stone))
        return stone

    def _judge(self, leaf: JsonObject, content: bytes | None) -> None:
        """Remember the last verdict of each control as the pack shows it, for OSCAL."""
        if content is None or len(content) > verify.CHUNK or not leaf["type"].startswith("finding."):
            return
        verdict = verify.verdict_of(content)
        if verdict is not None:
            self._verdicts.update(dict.fromkeys(leaf["controls"], verdict))

    @staticmethod
    def _oscal_line(leaf: JsonObject, index: int, shipped: tuple[int, str] | None) -> bytes:
        path, sha256 = (verify.data_path(leaf), shipped[1]) if shipped else ("", leaf["payload"]["sha256"])
        return verify.oscal_line(path, verify.title(leaf), index, sha256)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _base(self) -> JsonObject:
        plan, counts = self._plan, self.counts
        return {
            "format": verify.FORMAT,
            "request_id": plan.request_id,
            "customer": plan.customer,
            "log": plan.log,
            "origin": plan.origin,
            **({"former_logs": list(plan.former_logs)} if plan.former_logs else {}),
            "period": {"start": plan.start, "end": plan.end},
            "controls": list(plan.controls),
            "created_at": plan.created_at,
            "tool": {"name": "halo-attest", "format": 1},
            "range": {
                "start": self._size1,
                "end": self._size2,
                "start_root": self._root1.hex(),
                "end_root": self._root2.hex(),
            },
            "counts": {
                "range": self._size2 - self._size1,
                "population": counts.population,
                "items": counts.items,
                **counts.kinds,
            },
            "sample": {"drawn": plan.sample["drawn"]} if plan.sample else None,
        }

    def _small(self, spool: Spool, base: JsonObject) -> None:
        plan, counts = self._plan, self.counts
        ids = self._ids.hexdigest()
        stated = verify.population_statement(base, counts.population, counts.first, counts.last, ids)
        spool.add("population.json", "population", verify.canon(stated) + b"\n")
        if plan.sample is not None and plan.drawn is not None:
            sample = {
                **plan.sample,
                "method": verify.SAMPLE_METHOD,
                "population_id": "p1",
                "population_count": counts.population,
                "ids_sha256": ids,
                "chosen": self._chosen or [],
            }
            spool.add("sample.json", "sample", verify.canon(sample) + b"\n")
            spool.add("log/sample-drawn.json", "sample", plan.drawn.encode())
            for item in self._chosen or []:
                self._proofs.setdefault(item.rpartition(".")[2], self._prove(item))
        if self.redactions:
            self._logged_redactions(spool)
        spool.add("custody.jsonl", "custody", b"".join(verify.canon(row) + b"\n" for row in plan.custody))
        path = merkle.consistency_proof(self._size1, self._size2, self._tree.range_root)
        consistency = {
            "size1": self._size1,
            "size2": self._size2,
            "proof": [base64.b64encode(node).decode() for node in path],
        }
        spool.add("log/checkpoint-start.txt", "checkpoint", plan.checkpoint_start.encode())
        spool.add("log/checkpoint-end.txt", "checkpoint", plan.checkpoint_end.encode())
        spool.add("log/consistency.json", "proof", verify.canon(consistency) + b"\n")
        spool.add("log/meta.tlog-proof", "proof", plan.meta_proof.encode())
        meta_size = note.read_checkpoint(note.text_of(plan.meta_proof.partition("\n\n")[2]))[1]
        for name, log, size in (("before", plan.log, self._size1), ("meta", plan.meta_log, meta_size)):
            if 0 < size <= MOST_HASHES:
                tree = self._tree if log == plan.log else Tree(self._rows, self._blobs, log)
                spool.add(f"log/{name}.hashes", "proof", b"".join(_hashes(tree, size)))
        for identity, proof in sorted(self._proofs.items()):
            spool.add(f"log/proofs/{identity}.tlog-proof", "proof", proof.encode())
        spool.add("keys/keys.vkey", "key", plan.keys.encode())
        for name, pem in sorted(plan.pems.items()):
            spool.add(f"keys/{name}.pem", "key", pem.encode())
        policy = "".join(f"log {line.split()[0]}\n" for line in plan.keys.splitlines() if not line.startswith("#"))
        spool.add("policy.txt", "policy", f"{policy}quorum none\n".encode())
        spool.add("verify.py", "verifier", Path(verify.__file__).read_bytes())

    def _logged_redactions(self, spool: Spool) -> None:
        data = verify.canon(self.redactions)
        spool.add("log/redactions.json", "redaction", data)
        evidence_id, proof = self._log_redactions(data)
        self._proofs[evidence_id.rpartition(".")[2]] = proof


def _hashes(tree: Tree, size: int) -> Iterator[bytes]:
    for first in range(0, size, 256):
        yield b"".join(tree.leaves(first, min(first + 256, size)))
