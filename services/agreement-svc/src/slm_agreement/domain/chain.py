"""The arithmetic of supporting promises: what supports can deliver together, and what each would have to promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

MOST_DEEP = 20
MOST_SUPPORTS = 50
"""Places of supports in a structure: exact products grow with each of them."""


class NoStructure(ValueError):
    """What was written is no structure of supports; says what to write."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of which ``needed`` have to work; all of them is serial. A part is a support's name or a group."""

    needed: int
    parts: tuple[str | Group, ...]

    @property
    def is_serial(self) -> bool:
        return self.needed == len(self.parts)


def parse(written: Any, depth: int = MOST_DEEP) -> str | Group:
    """``"app"``, ``{"serial": ["app", "db"]}`` or ``{"k_of_n": {"k": 1, "members": ["a", "b"]}}``. NoStructure."""
    structure = _parsed(written, depth)
    if sum(1 for _ in names(structure)) > MOST_SUPPORTS:
        raise NoStructure(f"write a structure of {MOST_SUPPORTS} supports at most")
    return structure


def _parsed(written: Any, depth: int) -> str | Group:
    if isinstance(written, str) and written:
        return written
    if isinstance(written, Mapping) and len(written) == 1 and depth > 0:
        ((kind, inside),) = written.items()
        is_group = kind == "k_of_n" and isinstance(inside, Mapping) and inside.keys() <= {"k", "members"}
        members = inside.get("members") if is_group else inside
        if kind in ("serial", "k_of_n") and isinstance(members, list) and 0 < len(members) <= MOST_SUPPORTS:
            needed = inside.get("k") if kind == "k_of_n" else len(members)
            if isinstance(needed, int) and not isinstance(needed, bool) and 1 <= needed <= len(members):
                return Group(needed, tuple(_parsed(member, depth - 1) for member in members))
    raise NoStructure('write a support\'s name, {"serial": […]} or {"k_of_n": {"k": 1, "members": […]}}')


def names(structure: str | Group) -> Iterator[str]:
    """Every support named, once for each place it has."""
    if isinstance(structure, str):
        yield structure
    else:
        for part in structure.parts:
            yield from names(part)


def availability(structure: str | Group, shares: Mapping[str, Fraction]) -> Fraction:
    """The share of time in which enough parts work, each for itself: product over serial, sum over k of n."""
    if isinstance(structure, str):
        return shares[structure]
    working = [Fraction(1)]
    for part in structure.parts:
        share = availability(part, shares)
        # working[n]: how likely it is that n of the parts so far work.
        working = [
            down * (1 - share) + up * share
            for down, up in zip([*working, Fraction(0)], [Fraction(0), *working], strict=True)
        ]
    return sum(working[structure.needed :], Fraction(0))


def needed(structure: str | Group, shares: Mapping[str, Fraction], objective: Fraction) -> dict[str, Fraction | None]:
    """What each support alone would have to promise, the others unchanged; above one it cannot be mended there. None
    where it makes no difference, or none in one step: a support with several places."""
    places = list(names(structure))
    found: dict[str, Fraction | None] = {}
    for name in dict.fromkeys(places):
        without, whole = (availability(structure, {**shares, name: Fraction(share)}) for share in (0, 1))
        gained = whole - without
        found[name] = (objective - without) / gained if gained and places.count(name) == 1 else None
    return found


def recovered_after(structure: str | Group, times: Mapping[str, int], side_by_side: bool = False) -> int:
    """The time until all is restored, one after the other where all are needed; of k of n the k-th that is back.

    ``side_by_side``: everything is worked on at once, so that also of those that are all needed the last one counts.
    """
    if isinstance(structure, str):
        return times[structure]
    parts = [recovered_after(part, times, side_by_side) for part in structure.parts]
    return sum(parts) if structure.is_serial and not side_by_side else sorted(parts)[structure.needed - 1]


def worst(structure: str | Group, losses: Mapping[str, int]) -> int:
    """The most data that any member may lose."""
    return max(losses[name] for name in names(structure))


def first_uncovered(required: tuple[date, date], supported: Sequence[tuple[date, date]]) -> date | None:
    """The first day of a term (its last day included) that no supporting term covers; None: all are covered."""
    day, last = required
    for begins, ends in sorted(supported):
        if begins > day:
            break
        if ends >= last:
            return None
        day = max(day, ends + timedelta(days=1))
    return day if day <= last else None
