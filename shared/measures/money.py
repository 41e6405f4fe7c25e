"""Money arithmetic: half up to the minor unit, exact decimals as text, sums by currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

from shared.model import Money

_NO_MINOR = frozenset(
    {"JPY", "KRW", "CLP", "VND", "ISK", "XAF", "XOF", "XPF", "PYG", "UGX", "RWF", "KMF", "DJF", "GNF", "BIF", "VUV"}
)
_THREE = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})

ZERO = Decimal(0)
WIDE = Context(prec=5000)
"""Amounts that no invoice has must still be told, not stop the check."""


def minor_unit(currency: str) -> Decimal:
    """The smallest amount of a currency (ISO 4217): a cent for most, one for the yen, a thousandth for the dinar."""
    if currency in _NO_MINOR:
        return Decimal(1)
    return Decimal("0.001") if currency in _THREE else Decimal("0.01")


def half_up(amount: Decimal, currency: str) -> Decimal:
    """Rounded half up (away from zero) to the currency's minor unit."""
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP, WIDE)


def text_of(amount: Decimal | None) -> str | None:
    """The exact decimal as text, the same for 10, 10.0 and 1E+1, so that it can be hashed."""
    if amount is None:
        return None
    return "0" if amount == 0 else f"{amount.normalize():f}"


def shown(amount: Decimal, currency: str) -> str:
    """For sentences: ``1,234.50 CAD``."""
    return f"{half_up(amount, currency):,f} {currency}"


def by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """Sums per currency, in order of the currency's code; currencies are never added up."""
    sums: dict[str, Decimal] = {}
    for one in amounts:
        sums[one.currency] = sums.get(one.currency, ZERO) + one.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(sums.items()))
