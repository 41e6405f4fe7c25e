"""Pages: nothing skipped, nothing twice, tokens of others refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.procedures.page import page, token_of


@given(st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=40), st.integers(1, 7))
def test_walking_all_pages_gives_every_item_once(names, limit):
    """Whatever the keys and the limit."""
    bodies = [{"id": name} for name in names]
    seen, after = [], None
    while True:
        got = page(bodies, limit=limit, after=after, key=lambda body: body["id"])
        seen += [item["id"] for item in got["items"]]
        after = got["next"]
        if after is None:
            break
    assert seen == sorted(names)


@pytest.mark.parametrize("token", ["!!", "abc", "eyJ", token_of(3), token_of(["x"]), ""])
def test_a_token_we_did_not_give_is_malformed(token):
    """Garbage in the page token is a 400, never a crash or the first page again."""
    with pytest.raises(Malformed):
        page([{"id": "a"}], limit=1, after=token, key=lambda body: body["id"])
