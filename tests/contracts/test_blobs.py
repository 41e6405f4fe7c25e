"""Every implementation of Blobs keeps the promises of shared.ports."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

import pytest

from shared.errors import NotFound, RowExists, RowStale
from shared.ports import Blobs

BOX = "payloads"


def test_bytes_come_back_exactly(blobs: Blobs, mark: str) -> None:
    """Empty and binary alike."""
    for name, data in ((f"{mark}/empty", b""), (f"{mark}/raw", bytes(range(256)) * 300)):
        blobs.create(BOX, name, data)
        assert blobs.get(BOX, name) == data


@pytest.mark.parametrize("name", ["a b", "é🍁", "a%2Fb", "x'y", "a+b&c=d", "deep/er/name.json"])
def test_odd_names_are_found_again(blobs: Blobs, mark: str, name: str) -> None:
    """A name is a name, also in listings."""
    blobs.create(BOX, f"{mark}/{name}", b"x")
    assert [found.name for found in blobs.list(BOX, f"{mark}/")] == [f"{mark}/{name}"]
    assert blobs.get(BOX, f"{mark}/{name}") == b"x"


def test_create_is_only_once(blobs: Blobs, mark: str) -> None:
    """A taken name refuses and keeps the first bytes."""
    blobs.create(BOX, mark, b"1")
    with pytest.raises(RowExists):
        blobs.create(BOX, mark, b"2")
    assert blobs.get(BOX, mark) == b"1"


def test_put_overwrites_and_answers_the_new_etag(blobs: Blobs, mark: str) -> None:
    """The etag of the answer is the one a reader sees."""
    first = blobs.put(BOX, mark, b"1")
    second = blobs.put(BOX, mark, b"2")
    assert first != second
    assert blobs.get_with_etag(BOX, mark) == (b"2", second)
    info = blobs.info(BOX, mark)
    assert info is not None
    assert (info.name, info.size, info.etag, info.modified.tzinfo) == (mark, 1, second, UTC)
    assert [found.etag for found in blobs.list(BOX, mark)] == [second]


def test_put_over_a_version_is_compare_and_swap(blobs: Blobs, mark: str) -> None:
    """Another version, and none where one is meant, is stale."""
    first = blobs.put(BOX, mark, b"1", etag="")
    with pytest.raises(RowStale):
        blobs.put(BOX, mark, b"x", etag="")
    second = blobs.put(BOX, mark, b"2", etag=first)
    with pytest.raises(RowStale):
        blobs.put(BOX, mark, b"x", etag=first)
    with pytest.raises(RowStale):
        blobs.put(BOX, f"{mark}-none", b"x", etag=second)
    assert blobs.get(BOX, mark) == b"2"


def test_what_is_not_there_is_none(blobs: Blobs, mark: str) -> None:
    """Reading answers None; deleting is no error."""
    assert blobs.get(BOX, mark) is None
    assert blobs.get_with_etag(BOX, mark) is None
    assert blobs.info(BOX, mark) is None
    assert list(blobs.list(BOX, mark)) == []
    blobs.delete(BOX, mark)


def test_ranges(blobs: Blobs, mark: str) -> None:
    """A part, a part over the end, and nothing beyond it."""
    blobs.create(BOX, mark, b"0123456789")
    assert blobs.get_range(BOX, mark, 2, 3) == b"234"
    assert blobs.get_range(BOX, mark, 8, 10) == b"89"
    assert blobs.get_range(BOX, mark, 10, 5) == b""
    assert blobs.get_range(BOX, mark, 3, 0) == b""
    with pytest.raises(NotFound):
        blobs.get_range(BOX, f"{mark}-none", 0, 1)


def test_listing_is_by_prefix_and_in_name_order(blobs: Blobs, mark: str) -> None:
    """Names that only share the beginning of a folder are included, others are not."""
    for name in ("b", "a/2", "a/10", "a", "c/1"):
        blobs.create(BOX, f"{mark}/{name}", b"")
    names = [found.name.removeprefix(f"{mark}/") for found in blobs.list(BOX, f"{mark}/")]
    assert names == ["a", "a/10", "a/2", "b", "c/1"]
    assert [found.name.removeprefix(f"{mark}/") for found in blobs.list(BOX, f"{mark}/a/")] == ["a/10", "a/2"]


def test_delete_removes(blobs: Blobs, mark: str) -> None:
    """And the name may be created again."""
    blobs.create(BOX, mark, b"1")
    blobs.delete(BOX, mark)
    assert blobs.get(BOX, mark) is None
    blobs.create(BOX, mark, b"2")


def test_a_stream_is_uploaded_whole_or_not_at_all(blobs: Blobs, mark: str) -> None:
    """A stream that breaks leaves what was there before."""
    chunk = bytes(range(256)) * 4096
    blobs.upload(BOX, mark, (chunk for _ in range(9)), "application/zip")
    assert blobs.get(BOX, mark) == chunk * 9

    def breaking() -> Iterator[bytes]:
        yield b"new"
        raise KeyError("the source broke")

    with pytest.raises(KeyError):
        blobs.upload(BOX, mark, breaking(), "application/zip")
    assert blobs.get(BOX, mark) == chunk * 9
    blobs.upload(BOX, mark, iter([]), "application/zip")
    assert blobs.get(BOX, mark) == b""


def test_there_is_no_link_on_one_machine(blobs: Blobs, mark: str) -> None:
    """The caller then sends the bytes itself."""
    blobs.create(BOX, mark, b"1")
    assert blobs.link(BOX, mark, 10) is None
