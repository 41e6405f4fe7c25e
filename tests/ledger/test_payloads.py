"""Stored payloads read ahead: each beside its job, in order, in bounded memory."""

from __future__ import annotations

import hashlib

from shared.errors import NotFound
from shared.ledger.payloads import Payloads, measured


def _read(name, offset, length):
    if name.startswith("gone"):
        raise NotFound("There is no such payload.")
    return (name.encode() * 3)[offset : offset + length]


def _wanted(job):
    return None if job.startswith("none") else (job, 3 * len(job))


def test_each_job_comes_back_in_order_with_what_it_wants():
    """A payload is measured, one that is gone is said to be, and a job that wants none gets none."""
    jobs = [f"{kind}{number}" for number in range(40) for kind in ("one", "none", "gone")]
    payloads = Payloads(_read)
    given = list(payloads.along(iter(jobs), _wanted))
    payloads.close()
    assert [job for job, _ in given] == jobs
    for job, found in given:
        if job.startswith("one"):
            assert found == measured(job, job.encode() * 3)
            assert found.sha256 == hashlib.sha256(job.encode() * 3).hexdigest()
        else:
            assert isinstance(found, NotFound) if job.startswith("gone") else found is None


def test_few_are_asked_for_ahead():
    """Of jobs without end only so many are taken as fill the readers, fewer where payloads are large."""
    for size, most in ((10, 200), (1 << 19, 20)):
        taken = []
        payloads = Payloads(lambda _name, _offset, length: bytes(length))
        given = payloads.along(
            iter(lambda taken=taken: taken.append(1) or "job", None), lambda _, size=size: ("p", size)
        )
        assert next(given)[1].size == size
        assert len(taken) <= most
        payloads.close()
