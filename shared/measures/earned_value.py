"""Earned value by its textbook definitions (PMI Practice Standard for EVM, EIA-748 signs): negative is bad.

A quotient whose divisor is zero, or which needs a figure that is not known, is None: never zero, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class EarnedValue:
    """One status date's figures."""

    bac: Decimal | None
    pv: Decimal | None
    ev: Decimal | None
    ac: Decimal | None

    @property
    def sv(self) -> Decimal | None:
        """Schedule variance in money: EV − PV."""
        return _minus(self.ev, self.pv)

    @property
    def cv(self) -> Decimal | None:
        """Cost variance: EV − AC."""
        return _minus(self.ev, self.ac)

    @property
    def spi(self) -> Decimal | None:
        """Schedule performance index: EV / PV."""
        return _over(self.ev, self.pv)

    @property
    def cpi(self) -> Decimal | None:
        """Cost performance index: EV / AC."""
        return _over(self.ev, self.ac)

    @property
    def eac(self) -> Decimal | None:
        """Estimate at completion: BAC / CPI."""
        # As one quotient, so that 1/3 is not rounded on the way.
        if self.bac is None or self.ac is None or self.cpi is None or not self.ev:
            return None
        return self.bac * self.ac / self.ev

    @property
    def etc(self) -> Decimal | None:
        """Estimate to complete: EAC − AC."""
        return _minus(self.eac, self.ac)

    @property
    def vac(self) -> Decimal | None:
        """Variance at completion: BAC − EAC."""
        return _minus(self.bac, self.eac)

    @property
    def tcpi(self) -> Decimal | None:
        """To-complete performance index against the budget: (BAC − EV) / (BAC − AC)."""
        return _over(_minus(self.bac, self.ev), _minus(self.bac, self.ac))


@dataclass(frozen=True, slots=True)
class Cone:
    """How far an estimate at completion may lie apart, by the textbook ways of reading performance."""

    optimistic: Decimal | None
    """The lowest of the methods."""
    likely: Decimal | None
    """The rest goes as it went."""
    pessimistic: Decimal | None
    """The highest of the methods."""
    methods: tuple[tuple[str, Decimal | None], ...]

    @classmethod
    def of(cls, likely: Decimal | None, *methods: tuple[str, Decimal | None]) -> Cone:
        """From each method's estimate."""
        known = [amount for _, amount in methods if amount is not None]
        return cls(min(known, default=None), likely, max(known, default=None), methods)


def cone(figures: EarnedValue) -> Cone:
    """Of cost: ``at_budget`` AC + (BAC − EV), ``cpi`` BAC / CPI, ``cpi_spi`` AC + (BAC − EV) / (CPI × SPI).

    A project that is ahead finishes dearest when the rest goes by the budget.
    """
    rest = _minus(figures.bac, figures.ev)
    planned = None if figures.ac is None or rest is None else figures.ac + rest
    pressed = None
    if figures.cpi is not None and figures.spi is not None and rest is not None and figures.ac is not None:
        factor = figures.cpi * figures.spi
        pressed = figures.ac + rest / factor if factor else None
    return Cone.of(figures.eac, ("at_budget", planned), ("cpi", figures.eac), ("cpi_spi", pressed))


def _minus(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None else left - right


def _over(left: Decimal | None, right: Decimal | None) -> Decimal | None:
    return None if left is None or right is None or right == 0 else left / right
