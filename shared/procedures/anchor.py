"""Ask the management plane how the anchor is protected, and say what that proves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shared.errors import SourceDenied, SourceError
from shared.ledger.anchor import Anchor, Expected, judge, misplaced, unknown

if TYPE_CHECKING:
    from shared.procedures.services import Services
    from shared.settings import Settings

_DEVELOPMENT = "devstoreaccount1"


def expected_anchor(settings: Settings) -> Expected:
    """What the settings say the anchor must be."""
    return Expected(
        resource=settings.text("ATTEST_ANCHOR").rstrip("/"),
        account=_account(settings),
        days=settings.anchor_days(),
        locked=settings.text("ATTEST_ANCHOR_LOCKED").lower() != "false",
    )


def check_anchor(services: Services, expected: Expected) -> Anchor:
    """What is known of the container. A right that is missing is a fault; an outage leaves it unknown."""
    if misplaced(expected):
        return judge(expected, None)
    try:
        return judge(expected, services.management.container(expected.resource))
    except SourceDenied as fault:
        why = "The audit may not read how the anchor is protected."
        return Anchor("unknown", None, (why,), f"{why} {fault.message}")
    except SourceError as fault:
        return unknown(fault.message)


def _account(settings: Settings) -> str:
    """Name of the account that checkpoints are written to."""
    address = settings.text("ATTEST_STORAGE__blobServiceUri")
    if address:
        return (urlsplit(address).hostname or "").partition(".")[0]
    named = re.search(r"(?:^|;)AccountName=([^;]+)", settings.text("ATTEST_STORAGE"))
    return named[1] if named else _DEVELOPMENT
