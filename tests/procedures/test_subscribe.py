"""Callback addresses: https to the internet, loopback on one machine, never into a private network."""

from __future__ import annotations

import pytest

from shared.errors import NotFound, Unacceptable
from shared.model import Person, Role
from shared.procedures.subscribe import checked_address, subscribe, unsubscribe
from tests.harness.services import FakeServices

FLOW = Person("flow", "A flow", frozenset({Role.AUTOMATION}), customers=frozenset({"12"}))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://10.0.0.8/hook",
        "https://192.168.1.1/hook",
        "https://172.16.0.1/x",
        "https://169.254.169.254/metadata",
        "https://[fe80::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://0x7f000001/x",
        "https://2130706433/x",
        "https://127.1/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://user:secret@example.com/",
        "ftp://example.com/x",
        "https:///x",
        "https://exa mple.com/x",
        "https://example.com:notaport/x",
        "",
        None,
        7,
        "https://example.com/" + "a" * 5000,
    ],
)
def test_in_azure_an_address_that_leads_inside_is_refused(url):
    """Nobody uses us to knock at doors behind the firewall."""
    with pytest.raises(Unacceptable) as fault:
        checked_address(url, local=False)
    assert fault.value.code == "callback_invalid"


def test_on_one_machine_loopback_is_allowed():
    """Tests and demos listen there."""
    assert checked_address("http://127.0.0.1:9/x", local=True) == "http://127.0.0.1:9/x"


def test_a_subscription_is_taken_back_once_and_only_by_its_owner():
    """The second DELETE and somebody else's find nothing."""
    services = FakeServices()
    row = subscribe(services, FLOW, "hold_placed", "http://127.0.0.1:9/x")
    with pytest.raises(NotFound):
        unsubscribe(services, Person("other", "", frozenset({Role.AUTOMATION})), row["id"])
    unsubscribe(services, FLOW, row["id"])
    with pytest.raises(NotFound):
        unsubscribe(services, FLOW, row["id"])


def test_the_record_does_not_hold_the_secret_address():
    """The address is a bearer secret; evidence names its host."""
    services = FakeServices()
    subscribe(services, FLOW, "hold_placed", "http://127.0.0.1:9/secret-path?sig=abc")
    assert b"secret-path" not in services.ledger.of_type("subscription.made")[0].payload
