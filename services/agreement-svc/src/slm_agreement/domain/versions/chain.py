"""The arithmetic of supporting agreements: what they deliver together, and what each of them would have to promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

MOST_DEEP = 20
MOST_SUPPORTS = 50
"""Places of supports in a structure at most, because the exact fractions grow with each."""


class NoStructure(ValueError):
    """The value is not a structure of supports; the message says what to write."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of parts of which at least ``needed`` must work. A part is a support's name or a group."""

    needed: int
    parts: tuple[str | Group, ...]

    @property
    def is_serial(self) -> bool:
        """Whether all parts are needed."""
        return self.needed == len(self.parts)


def parse(written: Any, depth: int = MOST_DEEP) -> str | Group:
    """Parse a structure of supports; raises NoStructure.

    It is ``"app"``, ``{"serial": ["app", "db"]}`` or ``{"k_of_n": {"k": 1, "members": ["a", "b"]}}``, also nested.
    """
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
    """Yield the name of each support, once for each place that it has."""
    if isinstance(structure, str):
        yield structure
    else:
        for part in structure.parts:
            yield from names(part)


def availability(structure: str | Group, shares: Mapping[str, Fraction]) -> Fraction:
    """Return the share of time in which enough parts work, if they fail independently.

    For serial parts it is the product of their shares, for k of n the probability that at least k of them work.
    """
    if isinstance(structure, str):
        return shares[structure]
    working = [Fraction(1)]
    for part in structure.parts:
        share = availability(part, shares)
        # working[n] is the probability that exactly n of the parts so far work.
        working = [
            down * (1 - share) + up * share
            for down, up in zip([*working, Fraction(0)], [Fraction(0), *working], strict=True)
        ]
    return sum(working[structure.needed :], Fraction(0))


def needed(structure: str | Group, shares: Mapping[str, Fraction], objective: Fraction) -> dict[str, Fraction | None]:
    """Return for each support the share that it alone would have to promise, if the others stay as they are.

    Above 1 the objective cannot be reached there. None if the support makes no difference, or has several places, so
    that the equation is not linear.
    """
    places = list(names(structure))
    found: dict[str, Fraction | None] = {}
    for name in dict.fromkeys(places):
        without, whole = (availability(structure, {**shares, name: Fraction(share)}) for share in (0, 1))
        gained = whole - without
        found[name] = (objective - without) / gained if gained and places.count(name) == 1 else None
    return found


def recovered_after(structure: str | Group, times: Mapping[str, int], side_by_side: bool = False) -> int:
    """Return the time until everything is restored: the sum over serial parts, the k-th shortest of k of n.

    With ``side_by_side`` all parts are restored at the same time, so the longest of serial parts counts.
    """
    if isinstance(structure, str):
        return times[structure]
    parts = [recovered_after(part, times, side_by_side) for part in structure.parts]
    return sum(parts) if structure.is_serial and not side_by_side else sorted(parts)[structure.needed - 1]


def worst(structure: str | Group, losses: Mapping[str, int]) -> int:
    """Return the largest data loss that any member may have."""
    return max(losses[name] for name in names(structure))


def first_uncovered(required: tuple[date, date], supported: Sequence[tuple[date, date]]) -> date | None:
    """Return the first day of a term, whose last day is included, that no supporting term covers; None if all are
    covered.
    """
    day, last = required
    for begins, ends in sorted(supported):
        if begins > day:
            break
        if ends >= last:
            return None
        day = max(day, ends + timedelta(days=1))
    return day if day <= last else None
