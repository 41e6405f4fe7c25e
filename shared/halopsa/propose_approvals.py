"""Which numbers of an approval mean what, read off rows whose other fields leave no doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from shared.halopsa.records.wire import date_or_none
from shared.model import JsonObject


@dataclass(frozen=True, slots=True)
class Found:
    """Numbers that mean one thing without contradiction, the grounds, and numbers that might."""

    numbers: list[int]
    because: str
    candidates: tuple[str, ...]


def invoice_votes(rows: Iterable[JsonObject]) -> dict[str, Found]:
    """An invoice that was approved by somebody and then posted was approved; one that waits has no such person."""
    votes: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        number = row.get("approval_status")
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            continue
        decided = date_or_none(row.get("approvaldatetime")) is not None and bool(row.get("approvalagentid"))
        left = row.get("posted") is True or date_or_none(row.get("datesent")) is not None
        if decided and left:
            votes[number]["approved"] += 1
        elif not decided and not left and row.get("requires_approval") is True:
            votes[number]["requested"] += 1
        else:
            votes[number]["doubtful"] += 1
    return _found(votes, ("requested", "approved", "rejected"))


def quotation_votes(rows: Iterable[JsonObject]) -> dict[str, Found]:
    """A quotation with name, time and signature was accepted; one with none of them waits."""
    votes: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        number = row.get("approvalstate")
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            continue
        signs = [
            bool(row.get("approvalname")),
            date_or_none(row.get("approvaldatetime")) is not None,
            bool(row.get("signature")),
        ]
        meaning = "accepted" if all(signs) else "doubtful" if any(signs) else "sent"
        votes[number][meaning] += 1
    return _found(votes, ("sent", "accepted", "rejected"))


def _found(votes: dict[int, dict[str, int]], meanings: tuple[str, ...]) -> dict[str, Found]:
    out: dict[str, Found] = {}
    clear: dict[int, str] = {}
    for number, said in votes.items():
        sure = [word for word in said if word != "doubtful"]
        if len(sure) == 1:  # a doubtful row says nothing against the others
            clear[number] = sure[0]
    rest = tuple(
        f"{number} ({', '.join(f'{word} on {count}' for word, count in sorted(said.items()))})"
        for number, said in sorted(votes.items())
        if number not in clear
    )
    for meaning in meanings:
        numbers = sorted(number for number, said in clear.items() if said == meaning)
        sure_rows = sum(votes[number][meaning] for number in numbers)
        all_rows = sum(sum(votes[number].values()) for number in numbers)
        because = (
            f"plainly so on {sure_rows} of {all_rows} rows with the number, otherwise on none"
            if numbers
            else "no row looked at leaves no doubt"
        )
        out[meaning] = Found(numbers, because, rest)
    return out
