"""A pack goes out whole or in pieces where storage makes no link, so that a broken download can go on."""

from __future__ import annotations

import pytest

from functions.evidence import download_pack
from shared.procedures import packs


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        (None, 200, b"0123456789", None),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-2,4-5", 200, b"0123456789", None),
        ("bytes=10-", 416, None, "bytes */10"),
    ],
)
def test_a_range_is_answered_as_http_says(desk, monkeypatch, asked, status, body, told):
    """Several ranges at once are the whole; what lies beyond the end is named with the size."""
    desk.services.blobs.put("packs", "p.zip", b"0123456789", "application/zip")
    monkeypatch.setattr(packs, "pack_file", lambda *_args, **_named: (None, "p.zip", 10))
    answer = desk.call(download_pack, path={"id": "p"}, headers={"range": asked} if asked else {})
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, told)
    assert body is None or answer.get_body() == body
