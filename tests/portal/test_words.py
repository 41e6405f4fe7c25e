"""What pages are made of reads as a person says it, and leaves nothing out that is approved."""

from __future__ import annotations

import pytest

from shared.portal.blocks import content, sentences, subject, why
from shared.portal.words import address, figure, money, plain, words

CONTENT = {
    "customer": "101",
    "currency": "CAD",
    "total": "907.96",
    "lines": [{"id": "1", "item": "<b>", "net": "907.96"}],
}


def test_values_read_as_a_person_says_them():
    """Codes become words, money has its separators, what is not known says so."""
    assert (words("notapplicable"), words("no_signoff"), words(None)) == ("not applicable", "no signoff", "—")
    assert money({"amount": "1234567.5", "currency": "CAD"}) == "1,234,567.50 CAD"
    assert (figure(None), figure(1.8633), figure({"amount": "2", "currency": "USD"})) == ("unknown", "1.86", "2.00 USD")
    assert plain({"name": "Monthly", "start": "2026-12-01", "end": "2026-12-31"}) == "Monthly, 2026-12-01 to 2026-12-31"
    assert (plain(None), plain(False), plain([1, {"a": None}])) == ("—", "no", "1, a: —")
    assert sentences("Release 907.96 CAD. It is held.") == ("Release 907.96 CAD", "It is held.")
    assert subject({"subject": {"kind": "recurring_invoice", "id": "-21"}}) == "Recurring invoice -21"


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", " https://x", "https://a b", "//x", None, 3]
)
def test_only_web_addresses_become_links(text):
    """Nothing from data can make a link that a browser would run."""
    assert not address(text)
    assert address("https://documents.example.test/604/scope")


def test_everything_that_is_approved_is_shown():
    """Each value once, lists of rows as tables of their own, and nothing left out but what is empty everywhere."""
    single, lines = content({"content": CONTENT})
    assert {row["what"] for row in single["rows"]} == {"Customer", "Currency", "Total"}
    assert [name for name, _, _ in lines["columns"]] == ["id", "item", "net"]


def test_the_most_telling_reason_is_told_first():
    """That nobody signed yet stands on every hold; what else is wrong says more."""
    unsigned = {"code": "no_signoff", "text": "Finance has not signed this invoice."}
    moved = {"code": "price_moved", "text": "The price moved."}
    assert why([unsigned, moved]) == "The price moved. (and 1 more)"
    assert (why([unsigned]), why([])) == ("Finance has not signed this invoice.", "—")
