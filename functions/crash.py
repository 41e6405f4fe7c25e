"""A function that fails tells the host its kind and place, never its words: those may quote a record, a name or a token."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.errors import AttestError
from shared.log import Event, frames, log


class Crashed(Exception):
    """What rises to the host, which logs it and has a queue's message tried again."""


@contextmanager
def told_plainly(function: str, passing: type[Exception] | tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Log what fails within as ``function.crashed`` and raise Crashed in its place; what is ``passing`` rises as it is."""
    try:
        yield
    except passing:
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, its words stay here
        kind = fault.code if isinstance(fault, AttestError) else type(fault).__name__
        places = frames(fault)
        log(Event.FUNCTION_CRASHED, function=function, code=kind, frames=places)
        raise Crashed(f"{kind} at {places[0]}") from None
