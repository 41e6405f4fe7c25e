"""The one error tree. Untrusted input raises only from here; every class has a stable code.

::

    AttestError
    ├── Malformed               400  the request cannot be read
    ├── Unauthenticated         401  nobody we know is calling
    ├── Forbidden               403  known, but may not
    ├── NotFound                404  not there, or not yours to see
    ├── Conflict                409  it contradicts what is already recorded
    │   ├── RowExists                a create-only write met an existing row or blob
    │   └── RowStale                 a compare-and-swap lost its race
    ├── Gone                    410  it was open once
    ├── TooLarge                413
    ├── UnsupportedMedia        415
    ├── Unacceptable            422  readable, but must not be accepted
    ├── Busy                    429  come back later
    ├── Unavailable             503  something we stand on does not answer
    │   └── StorageUnavailable
    ├── Misconfigured           500  settings or policy cannot be used
    ├── LedgerError             500  what is stored does not prove what it must
    └── SourceError             502  HaloPSA, Entra, Graph or Azure answered something unusable
        ├── SourceDenied             401 or 403 after one token refresh
        ├── SourceRejected           400, 404, 409, 415, 422: our request was refused
        ├── SourceBusy               429 after all waiting was used up
        └── SourceDown               no answer, half an answer, 5xx
"""

from __future__ import annotations

from typing import ClassVar


class AttestError(Exception):
    """Base of all errors. ``message`` is a full sentence a person can act on."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.details = details


class Malformed(AttestError):
    """The request cannot be read: unknown parameter, broken JSON, wrong type."""

    status = 400
    default_code = "malformed_request"


class Unauthenticated(AttestError):
    """No valid token or credentials."""

    status = 401
    default_code = "unauthenticated"


class Forbidden(AttestError):
    """The caller is known and may not do this."""

    status = 403
    default_code = "forbidden"


class NotFound(AttestError):
    """It does not exist, or lies outside what the caller may see."""

    status = 404
    default_code = "not_found"


class MethodNotAllowed(AttestError):
    """The route exists for other methods."""

    status = 405
    default_code = "method_not_allowed"


class Conflict(AttestError):
    """It contradicts what is already recorded."""

    status = 409
    default_code = "conflict"


class RowExists(Conflict):
    """A create-only write met an existing row or blob."""

    default_code = "row_exists"


class RowStale(Conflict):
    """A compare-and-swap lost its race: re-read and decide again."""

    default_code = "row_stale"


class Gone(AttestError):
    """It was open once: expired or void."""

    status = 410
    default_code = "gone"


class LengthRequired(AttestError):
    """The body was sent in chunks, which the Functions host hands on empty."""

    status = 411
    default_code = "length_required"


class TooLarge(AttestError):
    """Over a stated limit."""

    status = 413
    default_code = "too_large"


class UnsupportedMedia(AttestError):
    """Not a content type we read."""

    status = 415
    default_code = "unsupported_media_type"


class Unacceptable(AttestError):
    """Well-formed, but must not be accepted."""

    status = 422
    default_code = "unacceptable"


class Busy(AttestError):
    """Too much at once. ``details['retry_after']`` is in seconds."""

    status = 429
    default_code = "busy"


class Unavailable(AttestError):
    """Something we stand on does not answer. ``details['retry_after']`` is in seconds."""

    status = 503
    default_code = "unavailable"


class StorageUnavailable(Unavailable):
    """Table, Blob or Queue storage does not answer."""

    default_code = "storage_unavailable"


class Misconfigured(AttestError):
    """Settings or policy cannot be used; the message names every fault at once."""

    default_code = "misconfigured"


class LedgerError(AttestError):
    """What is stored does not prove what it must; ``code`` is from the E_ list."""

    default_code = "ledger_error"


class SourceError(AttestError):
    """A source (HaloPSA, Entra, Graph, Azure) answered something unusable."""

    status = 502
    default_code = "source_error"


class SourceDenied(SourceError):
    """401 or 403 that stayed after one token refresh: a permission is missing."""

    default_code = "source_denied"


class SourceRejected(SourceError):
    """The source refused our request; ``details['field']`` where it named one."""

    default_code = "source_rejected"


class SourceBusy(SourceError):
    """429 after all the waiting we were given was used up."""

    default_code = "source_busy"


class SourceDown(SourceError):
    """No answer, half an answer, or a server error after all retries."""

    default_code = "source_down"
