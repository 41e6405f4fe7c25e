"""A browser's local cookie opens pages and their forms, and nothing else."""

from __future__ import annotations

import pytest

from local.host.sign_in import COOKIE, SignIn, with_token

COOKIES = ((b"cookie", f"{COOKIE}=abc".encode()),)


def scope(path, method="GET", headers=COOKIES):
    return {"type": "http", "method": method, "path": path, "headers": list(headers)}


def authorization(found):
    return dict(found["headers"]).get(b"authorization")


@pytest.mark.parametrize("path", ["/", "/findings", "/Findings/f-1", "/reviews/2026-Q4/items/1"])
def test_pages_and_forms_get_the_cookies_token(path):
    """As if the browser had sent it."""
    assert authorization(with_token(scope(path))) == b"Bearer abc"
    assert authorization(with_token(scope(path, "POST"))) == b"Bearer abc"


@pytest.mark.parametrize(
    "path",
    ["/api/findings", "/API/findings", "//api/findings", "/admin/functions", "/_local/clock", "/static/portal.css"],
)
def test_nothing_else_does(path):
    """The API answers bearer tokens only, however its address is spelled."""
    assert authorization(with_token(scope(path))) is None


def test_other_methods_and_own_tokens_are_left_alone():
    """A token that was sent counts, and no method but GET and POST is helped."""
    own = ((b"cookie", f"{COOKIE}=abc".encode()), (b"authorization", b"Bearer own"))
    assert authorization(with_token(scope("/", headers=own))) == b"Bearer own"
    assert authorization(with_token(scope("/", "DELETE"))) is None
    assert authorization(with_token(scope("/", headers=()))) is None


def test_the_page_lists_everybody_and_loads_nothing_else():
    """With the portal's own policy."""
    import asyncio

    answer = asyncio.run(SignIn("").page(None))
    assert "Nora Fictive" in answer.body.decode()
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
