"""An evidence pack's content: a pure function of the log, the stored payloads and the plan made when it was asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import heapq
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from shared.errors import LedgerError, NotFound
from shared.ledger import merkle, note, pack_texts, redaction, verify
from shared.ledger.archive import Writer
from shared.ledger.names import TABLE, payload_blob
from shared.ledger.pack_index import Index
from shared.ledger.payloads import Measure, Payloads, measured
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
    item: str
    why: str


Shipped = tuple[str, int, str]
"""Path, size and hex SHA-256 of an item's file in the pack."""


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
    """Makes one pack, from its first byte to its last; ``counts`` and ``pack_id`` are known then."""

    def __init__(
        self,
        rows: Rows,
        blobs: Blobs,
        plan: Plan,
        *,
        prove: Callable[[str], str],
        log_redactions: Callable[[bytes], tuple[str, str]],
        log_manifest: Callable[[bytes], bytes],
        progress: Progress,
    ) -> None:
        self._rows = rows
        self._blobs = blobs
        self._plan = plan
        self._prove = prove
        """Proof file of an evidence id."""
        self._log_redactions = log_redactions
        """Log what was withheld; answers evidence id and proof file."""
        self._log_manifest = log_manifest
        """Log the manifest; answers its proof file."""
        self._progress = progress
        self._size1, self._root1 = note.read_checkpoint(note.text_of(plan.checkpoint_start))[1:]
        self._size2, self._root2 = note.read_checkpoint(note.text_of(plan.checkpoint_end))[1:]
        self._tree = Tree(rows, blobs, plan.log)
        self._payloads = Payloads(lambda name, offset, length: blobs.get_range(PAYLOADS, name, offset, length))
        self.counts = _Counts()
        self.pack_id = ""
        self._redactions: dict[str, JsonObject] = {}
        self._ids = hashlib.sha256()
        self._verdicts: dict[str, str] = {}
        self._proofs = dict(plan.proofs)
        self._chosen: list[str] | None = None

    def archive(self) -> Generator[bytes]:
        """The ZIP, piece by piece. What is wrong with the log raises LedgerError before the last piece."""
        with closing(self._payloads), closing(Writer()) as writer:
            try:
                yield from self._log(writer)
            except (ValueError, KeyError, TypeError, AttributeError, verify.Fault):
                raise LedgerError("An entry of the log does not have the fields of an entry.", code="E_LEAF") from None
            base = self._base()
            self._small(writer, base)
            writer.add_checksums()
            yield from writer.ready()
            self._progress(0.9, "logging the manifest")
            self.pack_id, manifest = writer.manifest(base)
            writer.end([("manifest.json", manifest), ("manifest.tlog-proof", self._log_manifest(manifest))])
            yield from writer.ready()

    def _log(self, writer: Writer) -> Iterator[bytes]:
        """What is made of the entries: first their content, then what is said of them."""
        plan = self._plan
        if plan.sample is not None:
            self._chosen = self._draw(str(plan.sample["phrase"]), int(plan.sample["size"]))
        index, ranged, excepted = Index(writer.scratch()), writer.scratch(), writer.scratch()
        yield from self._items(writer, index, ranged, excepted)
        base = self._base()
        writer.add("README.txt", "readme", pack_texts.readme(base))
        writer.add_made("index.csv", "index", lambda: index.csv(verify.csv_line(verify.COLUMNS)))
        writer.add_made("index.json", "index", index.json)
        writer.add_file("exceptions.csv", "exceptions", excepted)
        writer.add_file("log/range.jsonl", "log", ranged)
        oscal = "oscal/assessment-results.json"
        writer.add_made(oscal, "oscal", lambda: verify.oscal(base, index.blocks("oscal"), self._verdicts))
        yield from writer.ready()

    # -- the entries --------------------------------------------------------------------------------------------------

    def _scoped(self) -> Iterator[_Entry]:
        plan = self._plan
        controls = list(plan.controls)
        for index, row in enumerate(entries(self._rows, plan.log, self._size1, self._size2), self._size1):
            data = leaf_of(row)
            leaf = verify.read_json(data)
            item = f"{leaf['log']}.{leaf['id']}"
            yield _Entry(index, row, data, leaf, item, verify.in_scope(leaf, plan.start, plan.end, controls))

    def _draw(self, phrase: str, size: int) -> list[str]:
        drawn = ((verify.draw_key(phrase, one.item), one.item) for one in self._scoped() if not one.why)
        return [item for _, item in heapq.nsmallest(size, drawn)]

    def _items(self, writer: Writer, lines: Index, ranged: IO[bytes], excepted: IO[bytes]) -> Iterator[bytes]:
        """One pass over the range; what is written of an item is made here and nowhere else."""
        chosen = None if self._chosen is None else set(self._chosen)
        tree = verify.Tree(self._size1, self._edge())
        excepted.write(verify.csv_line(verify.EXCEPTION_COLUMNS))
        total = max(1, self._size2 - self._size1)

        def wanted(entry: _Entry) -> tuple[str, int] | None:
            return None if entry.why or (chosen is not None and entry.item not in chosen) else self._kept_apart(entry)

        for (index, row, data, leaf, item, why), given in self._payloads.along(self._scoped(), wanted):
            digest = verify.leaf_hash(data)
            tree.add(digest)
            ranged.write(b'{"index":%d,"leaf":"%s"}\n' % (index, binascii.b2a_base64(data, newline=False)))
            if why:
                self.counts.kinds["out_of_scope"] += 1
                excepted.write(verify.csv_line([item, str(index), "out_of_scope", why]))
                continue
            self._count(index, item)
            in_sample = chosen is None or item in chosen
            shipped, kind, reason, note_ = None, "", "", ""
            if in_sample:
                shipped, kind, reason = self._item(writer, row, leaf, item, given)
            if kind:
                self.counts.kinds[kind] += 1
                excepted.write(verify.csv_line([item, str(index), kind, reason]))
                note_ = f"original {leaf['payload']['sha256']}" if kind == "redacted" else f"{kind}: {reason}"
            redacted = reason if kind == "redacted" else ""
            told = verify.index_lines(leaf, index, digest, in_sample, shipped, redacted, note_)
            path, _, sha256 = shipped or ("", 0, leaf["payload"]["sha256"])
            oscal = verify.oscal_line(path, verify.title(leaf), index, sha256)
            lines.add((*leaf["controls"], "")[0], leaf["received_at"], (*told, oscal))
            if index % 1000 == 0:
                self._progress((index - self._size1) / total * 0.9, f"{self.counts.population} entries read")
            if writer.full:
                yield from writer.ready()
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
        self, writer: Writer, row: Row, leaf: JsonObject, item: str, given: Measure | NotFound | None
    ) -> tuple[Shipped | None, str, str]:
        """What is shipped of an item, kind of exception or '', its reason; the content is with the writer then."""
        told, path = leaf["payload"], verify.data_path(leaf)
        found = self._whole(row, told) if given is None else given
        if isinstance(found, NotFound):
            stone = self._tombstone(leaf["id"]) or self._tombstone(told["sha256"])
            kind, reason = ("erased", stone) if stone else ("missing", "the content is not in storage")
            return None, kind, reason
        if found.sha256 != told["sha256"]:
            raise LedgerError(f"The content of {item} is not what was recorded.", code="E_PAYLOAD")
        self.counts.items += 1
        plan, data = self._plan, found.data
        if data is None:
            writer.add_measured(path, "data", found.size, found.crc, found.sha256, self._payloads.again(found))
            return (path, found.size, found.sha256), "", ""
        if plan.redact and (changed := redaction.withhold(data, plan.redact, plan.redact_salt, item)):
            data, self._redactions[item] = changed
            self._judge(leaf, data)
            return (path, len(data), writer.add(path, "data", data)), "redacted", "withheld " + " ".join(changed[1])
        self._judge(leaf, data)
        writer.add_measured(path, "data", found.size, found.crc, found.sha256, data)
        return (path, found.size, found.sha256), "", ""

    def _kept_apart(self, entry: _Entry) -> tuple[str, int] | None:
        """Content kept in Blob; None where it lies in the row, or must be read whole to withhold fields."""
        told = entry.leaf["payload"]
        if "payload" in entry.row.cells or (self._plan.redact and redaction.may_hold(told["media_type"])):
            return None
        return payload_blob(self._plan.log, told["sha256"]), told["size"]

    def _whole(self, row: Row, told: JsonObject) -> Measure | NotFound:
        """Content that lies in the row, or is read in one piece."""
        data = row.cells.get("payload")
        try:
            if data is None:
                data = b"".join(self._payloads.pieces(payload_blob(self._plan.log, told["sha256"]), told["size"]))
        except NotFound as gone:
            return gone
        if not isinstance(data, bytes):
            raise LedgerError(f"Row {row.key} of log {row.partition} holds no content.", code="E_PAYLOAD")
        return measured("", data)

    def _tombstone(self, identity: str) -> str:
        row = self._rows.get(TABLE, self._plan.log, f"d-{identity}")
        stone = text_cell(row, "evidence_id") if row is not None else ""
        if stone:
            self._proofs.setdefault(stone.rpartition(".")[2], self._prove(stone))
        return stone

    def _judge(self, leaf: JsonObject, content: bytes) -> None:
        """Remember the last verdict of each control as the pack shows it, for OSCAL."""
        if len(content) > verify.CHUNK or not leaf["type"].startswith("finding."):
            return
        verdict = verify.verdict_of(content)
        if verdict is not None:
            self._verdicts.update(dict.fromkeys(leaf["controls"], verdict))

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

    def _small(self, writer: Writer, base: JsonObject) -> None:
        plan, counts = self._plan, self.counts
        ids = self._ids.hexdigest()
        stated = verify.population_statement(base, counts.population, counts.first, counts.last, ids)
        writer.add("population.json", "population", verify.canon(stated) + b"\n")
        if plan.sample is not None and plan.drawn is not None:
            sample = {
                **plan.sample,
                "method": verify.SAMPLE_METHOD,
                "population_id": "p1",
                "population_count": counts.population,
                "ids_sha256": ids,
                "chosen": self._chosen or [],
            }
            writer.add("sample.json", "sample", verify.canon(sample) + b"\n")
            writer.add("log/sample-drawn.json", "sample", plan.drawn.encode())
            for item in self._chosen or []:
                self._proofs.setdefault(item.rpartition(".")[2], self._prove(item))
        if self._redactions:
            self._logged_redactions(writer)
        writer.add("custody.jsonl", "custody", b"".join(verify.canon(row) + b"\n" for row in plan.custody))
        path = merkle.consistency_proof(self._size1, self._size2, self._tree.range_root)
        consistency = {
            "size1": self._size1,
            "size2": self._size2,
            "proof": [base64.b64encode(node).decode() for node in path],
        }
        writer.add("log/checkpoint-start.txt", "checkpoint", plan.checkpoint_start.encode())
        writer.add("log/checkpoint-end.txt", "checkpoint", plan.checkpoint_end.encode())
        writer.add("log/consistency.json", "proof", verify.canon(consistency) + b"\n")
        writer.add("log/meta.tlog-proof", "proof", plan.meta_proof.encode())
        meta_size = note.read_checkpoint(note.text_of(plan.meta_proof.partition("\n\n")[2]))[1]
        for name, log, size in (("before", plan.log, self._size1), ("meta", plan.meta_log, meta_size)):
            if 0 < size <= MOST_HASHES:
                tree = self._tree if log == plan.log else Tree(self._rows, self._blobs, log)
                writer.add(f"log/{name}.hashes", "proof", b"".join(_hashes(tree, size)))
        for identity, proof in sorted(self._proofs.items()):
            writer.add(f"log/proofs/{identity}.tlog-proof", "proof", proof.encode())
        writer.add("keys/keys.vkey", "key", plan.keys.encode())
        for name, pem in sorted(plan.pems.items()):
            writer.add(f"keys/{name}.pem", "key", pem.encode())
        policy = "".join(f"log {line.split()[0]}\n" for line in plan.keys.splitlines() if not line.startswith("#"))
        writer.add("policy.txt", "policy", f"{policy}quorum none\n".encode())
        writer.add("verify.py", "verifier", Path(verify.__file__).read_bytes())

    def _logged_redactions(self, writer: Writer) -> None:
        data = verify.canon(self._redactions)
        writer.add("log/redactions.json", "redaction", data)
        evidence_id, proof = self._log_redactions(data)
        self._proofs[evidence_id.rpartition(".")[2]] = proof


def _hashes(tree: Tree, size: int) -> Iterator[bytes]:
    for first in range(0, size, 256):
        yield b"".join(tree.leaves(first, min(first + 256, size)))
