"""The policy document: defaults, overrides, refusals by name, digests."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.errors import Unacceptable
from shared.policy import document
from shared.policy.document import UNCONFIRMED, merge, policy_digest, read_policy, shipped_policy


def test_an_empty_document_is_the_shipped_policy():
    """Nothing said means the defaults, which have a digest."""
    assert policy_digest(read_policy("")) == policy_digest(shipped_policy())


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("[billing]\nwindow_dayz = 3\n", "billing.window_dayz"),
        ("[nonsense]\nx = 1\n", "nonsense"),
        ("[billing]\nwindow_days = 'ten'\n", "billing.window_days"),
        ("[billing]\nmargin_floor = 1.5\n", "billing.margin_floor"),
        ('[billing]\nquantity_tolerance = "-0.10"\n', "billing.quantity_tolerance"),
        ("[override.customer.12.billing]\nhold = 'sometimes'\n", "billing.hold"),
        ('[service]\ntime_zone = "Canada/Narnia"\n', "service.time_zone"),
        ("this is not toml", "not TOML"),
    ],
)
def test_a_fault_is_refused_by_name(text, names):
    """The error names the key, so that somebody can mend it."""
    with pytest.raises(Unacceptable) as fault:
        read_policy(text)
    assert names in fault.value.message
    assert fault.value.code == "policy_invalid"


def test_a_tolerance_written_as_a_float_is_exact():
    """0.1 in TOML means one tenth, not its binary neighbour."""
    assert read_policy("[billing]\nprice_tolerance = 0.1\n").billing.price_tolerance == Decimal("0.1")


def test_the_customers_override_wins_over_the_practices():
    """Overrides apply in the order practice, then customer; others are untouched."""
    policy = read_policy(
        "[billing]\nwindow_days = 10\n"
        "[override.practice.msp.billing]\nwindow_days = 7\n"
        '[override.customer."12".billing]\nwindow_days = 3\n'
    )

    assert policy.scoped("msp", "12").billing.window_days == 3
    assert policy.scoped("msp", "13").billing.window_days == 7
    assert policy.scoped("ps", "13").billing.window_days == 10


def test_later_documents_are_merged_over_earlier_ones():
    """Tables merge, values and lists replace."""
    assert merge({"a": {"x": 1, "y": [1, 2]}, "b": 1}, {"a": {"y": [3]}}) == {"a": {"x": 1, "y": [3]}, "b": 1}
    assert read_policy("[billing]\nwindow_days = 4\n", "[handoff]\nproject_type = 7\n").billing.window_days == 4


def test_a_number_is_unconfirmed_until_a_decision_names_it():
    """The list shrinks only by a confirmation."""
    assert set(shipped_policy().unconfirmed()) == set(UNCONFIRMED)
    confirmed = read_policy('[confirmed.keys]\n"billing.materiality" = "d-1"\n')
    assert "billing.materiality" not in confirmed.unconfirmed()


def test_every_unconfirmed_key_exists():
    """A name in the list leads to a value in the document."""
    document = shipped_policy().model_dump()
    for key in UNCONFIRMED:
        section, name = key.split(".")
        assert name in document[section]


def test_practice_is_told_by_type_first_then_by_team():
    """A ticket type that a practice claims wins over the team's practice."""
    policy = read_policy('[practices.mssp]\nteams = ["Blue"]\nticket_types = [25]\n')
    assert policy.practice_of(25, "anyone") == "mssp"
    assert policy.practice_of(999, "Blue") == "mssp"
    assert policy.practice_of(999, "Unheard of") is None


def test_a_table_by_name_keeps_what_is_shipped_beside_what_is_given():
    """Another supplier does not take the shipped one away, nor another deciding role all the others."""
    given = """
[billing.usage.giacom]
customer = "Customer"
item = "Code"
quantity = "Units"
[approvals.roles]
invoice_release = ["Finance", "SteeringMember"]
"""
    policy = read_policy(given)
    assert set(policy.billing.usage) == {"giacom", "pax8"}
    assert policy.approvals.deciding("handoff_signoff") == read_policy("").approvals.deciding("handoff_signoff") != ()
    assert [role.value for role in policy.approvals.deciding("invoice_release")] == ["Finance", "SteeringMember"]


def test_a_scoped_policy_is_answered_although_another_thread_empties_what_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was just made is answered, not looked up again."""

    class Emptied(dict):  # type: ignore[type-arg]
        def __setitem__(self, key: object, value: object) -> None:
            """Gone at once."""

    monkeypatch.setattr(document, "_SCOPED", Emptied())
    policy = read_policy('[override.customer.12.billing]\nmargin_floor = "0.31"\n')
    assert str(policy.scoped(None, "12").billing.margin_floor) == "0.31"
