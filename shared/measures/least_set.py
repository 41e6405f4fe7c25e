"""The least set of permissions: of all sets that cover every call, the one that opens the fewest calls, exactly.

Ties are broken by the number of permissions, then by name. The search is branch and bound over bit sets:
calls that every remaining choice must open are counted at once, and a branch is left as soon as it cannot win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Cover = frozenset[str]
"""Permissions that together open a call; most calls need one."""

_Rank = tuple[int, int, tuple[str, ...]]


def least_set(calls: Sequence[Sequence[Cover]], opens: Mapping[str, int]) -> tuple[str, ...] | None:
    """The least set by name. ``calls`` holds for each observed call every way to cover it; None when one has none.

    ``opens`` is what each permission opens, as a bit set over all (method, path) pairs.
    """
    needs = {frozenset(_minimal(ways)) for ways in calls}
    if frozenset() in needs:
        return None
    chosen: Cover = frozenset().union(*(way for need in needs if len(need) == 1 for way in need))
    open_needs = [[way - chosen for way in need] for need in needs if not any(way <= chosen for way in need)]
    pruned = _without_implied({frozenset(_minimal(ways)) for ways in open_needs})
    floor = _union(chosen, opens)
    for need in pruned:
        floor |= _common(need, opens)
    # What is opened whatever we choose is counted already; needs that share nothing beyond it are separate questions.
    for group in _components(pruned, opens, floor):
        search = _Search(opens, floor)
        search.best = search.rank(_greedy(group, opens, floor))
        search.visit(frozenset(), floor, group)
        chosen |= frozenset(search.best[2])
    return tuple(sorted(chosen))


def removable(held: Sequence[str], least: Sequence[str], opens: Mapping[str, int]) -> list[tuple[str, int]]:
    """Held permissions the least set does without, widest reach first, then by name."""
    spare = [(value, opens.get(value, 0).bit_count()) for value in sorted(set(held) - set(least))]
    return sorted(spare, key=lambda one: (-one[1], one[0]))


def _minimal(ways: Sequence[Cover]) -> list[Cover]:
    kept = set(ways)
    return [way for way in kept if not any(other < way for other in kept)]


def _without_implied(needs: set[frozenset[Cover]]) -> list[frozenset[Cover]]:
    """A need is implied by another all of whose ways satisfy it."""
    kept = [
        need for need in needs if not any(other < need or (other != need and _implies(other, need)) for other in needs)
    ]
    if not kept and needs:  # two needs that imply each other through pairs: keep them all
        kept = list(needs)
    return sorted(kept, key=lambda need: (len(need), sorted(map(sorted, need))))


def _implies(other: frozenset[Cover], need: frozenset[Cover]) -> bool:
    return all(any(way <= more for way in need) for more in other) and not all(
        any(way <= more for way in other) for more in need
    )


def _components(
    needs: Sequence[frozenset[Cover]], opens: Mapping[str, int], floor: int
) -> list[list[frozenset[Cover]]]:
    """Groups of needs that share a permission or could open the same further calls."""
    groups: list[tuple[set[str], int, list[frozenset[Cover]]]] = []
    for need in needs:
        values = set().union(*need)
        bits = _union(frozenset(values), opens) & ~floor
        members = [need]
        apart = []
        for group in groups:
            if group[1] & bits or not values.isdisjoint(group[0]):
                values |= group[0]
                bits |= group[1]
                members += group[2]
            else:
                apart.append(group)
        groups = [*apart, (values, bits, members)]
    return [members for _, _, members in groups]


def _common(need: frozenset[Cover], opens: Mapping[str, int]) -> int:
    bits = -1
    for way in need:
        bits &= _union(way, opens)
    return bits


def _greedy(needs: Sequence[frozenset[Cover]], opens: Mapping[str, int], base: int) -> Cover:
    chosen: Cover = frozenset()
    for need in needs:
        if any(way <= chosen for way in need):
            continue
        best = min(need, key=lambda way: ((_union(way, opens) | base).bit_count(), len(way), sorted(way)))
        chosen |= best
        base |= _union(best, opens)
    return chosen


def _union(way: Cover, opens: Mapping[str, int]) -> int:
    bits = 0
    for value in way:
        bits |= opens.get(value, 0)
    return bits


@dataclass(slots=True)
class _Search:
    opens: Mapping[str, int]
    start: int
    best: _Rank = (0, 0, ())
    _unions: dict[Cover, int] = field(default_factory=dict)
    _seen: set[Cover] = field(default_factory=set)

    def rank(self, chosen: Cover) -> _Rank:
        return (self.union(chosen) | self.start).bit_count(), len(chosen), tuple(sorted(chosen))

    def union(self, way: Cover) -> int:
        bits = self._unions.get(way)
        if bits is None:
            bits = self._unions[way] = _union(way, self.opens)
        return bits

    def visit(self, chosen: Cover, base: int, needs: Sequence[frozenset[Cover]]) -> None:
        """Look below one choice; ``needs`` are those that stood open above it."""
        if chosen in self._seen:
            return
        self._seen.add(chosen)
        still = [need for need in needs if not any(way <= chosen for way in need)]
        if not still:
            self.best = min(self.best, self.rank(chosen))
            return
        floor = base
        for need in still:
            floor |= self._common(need)
        bound = floor.bit_count() + max(self._cheapest(need, floor) for need in still)
        # With the pairs tied, at least one more permission is needed; a name can still decide.
        if (bound, len(chosen) + 1) > self.best[:2]:
            return
        need = max(still, key=lambda one: (self._cheapest(one, floor), -len(one), sorted(map(sorted, one))))
        for way in sorted(need, key=lambda one: ((self.union(one) | base).bit_count(), len(one), sorted(one))):
            self.visit(chosen | way, base | self.union(way), still)

    def _common(self, need: frozenset[Cover]) -> int:
        """Pairs opened whichever way is taken."""
        bits = -1
        for way in need:
            bits &= self.union(way)
        return bits

    def _cheapest(self, need: frozenset[Cover], floor: int) -> int:
        return min((self.union(way) & ~floor).bit_count() for way in need)
