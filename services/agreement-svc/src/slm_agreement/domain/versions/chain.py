"""The arithmetic of supporting agreements: the value that they reach together, and the value that each one needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

MOST_DEEP = 20
MOST_SUPPORTS = 50
"""The most supporting agreements in a structure; one that occurs several times counts each time. There is a limit
because the exact fractions become longer with each of them.
"""


class InvalidSupportStructure(ValueError):
    """The value does not describe a structure of supporting agreements. The message says what to write."""


@dataclass(frozen=True, slots=True)
class SupportGroup:
    """A group of parts of which at least ``needed`` must work. A part is the name of a supporting agreement, or a
    group.
    """

    needed: int
    parts: tuple[str | SupportGroup, ...]

    @property
    def is_serial(self) -> bool:
        """Whether every part must work."""
        return self.needed == len(self.parts)


def parse_support_structure(written: Any, depth: int = MOST_DEEP) -> str | SupportGroup:
    """Parse a structure of supporting agreements, nested at most ``depth`` levels.

    A structure is ``"app"``, ``{"serial": ["app", "db"]}`` or ``{"k_of_n": {"k": 1, "members": ["a", "b"]}}``, where a
    member may be a structure, too. Raises InvalidSupportStructure.
    """
    structure = _parsed(written, depth)
    if sum(1 for _ in support_names(structure)) > MOST_SUPPORTS:
        raise InvalidSupportStructure(f"write a structure of {MOST_SUPPORTS} supports at most")
    return structure


def _parsed(written: Any, depth: int) -> str | SupportGroup:
    if isinstance(written, str) and written:
        return written
    if isinstance(written, Mapping) and len(written) == 1 and depth > 0:
        ((kind, inside),) = written.items()
        members: Any = None
        needed: Any = None
        if kind == "serial" and isinstance(inside, list):
            members, needed = inside, len(inside)
        elif kind == "k_of_n" and isinstance(inside, Mapping) and inside.keys() == {"k", "members"}:
            members, needed = inside["members"], inside["k"]
        is_count = isinstance(needed, int) and not isinstance(needed, bool)
        if isinstance(members, list) and is_count and 1 <= needed <= len(members) <= MOST_SUPPORTS:
            return SupportGroup(needed, tuple(_parsed(member, depth - 1) for member in members))
    raise InvalidSupportStructure('write a support\'s name, {"serial": […]} or {"k_of_n": {"k": 1, "members": […]}}')


def structure_document(structure: str | SupportGroup, names: Mapping[str, str]) -> Any:
    """Return the structure as a document that ``parse_support_structure`` can read.

    ``names``: name in the structure → name in the document.
    """
    if isinstance(structure, str):
        return names[structure]
    members = [structure_document(part, names) for part in structure.parts]
    return {"serial": members} if structure.is_serial else {"k_of_n": {"k": structure.needed, "members": members}}


def support_names(structure: str | SupportGroup) -> Iterator[str]:
    """Yield the name of each supporting agreement in the structure, as often as it occurs there."""
    if isinstance(structure, str):
        yield structure
    else:
        for part in structure.parts:
            yield from support_names(part)


def combined_availability(structure: str | SupportGroup, shares: Mapping[str, Fraction]) -> Fraction:
    """Return the share of time, from 0 to 1, in which enough parts of the structure work, if they fail independently.

    ``shares`` are the shares of the single supporting agreements. For serial parts the result is the product of their
    shares, for k of n the probability that at least k of them work.
    """
    if isinstance(structure, str):
        return shares[structure]
    working = _working_counts([combined_availability(part, shares) for part in structure.parts])[-1]
    return sum(working[structure.needed :], Fraction(0))


def needed_shares(
    structure: str | SupportGroup, shares: Mapping[str, Fraction], objective: Fraction
) -> dict[str, Fraction | None]:
    """Return for each supporting agreement the share with which the structure reaches the objective.

    The shares of all other supporting agreements stay unchanged. A result above 1 means that a higher share of this
    agreement alone cannot be enough. None means that the agreement's share makes no difference, or that the agreement
    occurs several times in the structure, so that the equation is not linear.
    """
    places = list(support_names(structure))
    reached = combined_availability(structure, shares)
    gains = dict(_gains(structure, shares, Fraction(1)))
    # The availability is linear in each share, so one division gives the share exactly.
    return {
        name: shares[name] + (objective - reached) / gains[name] if gains[name] and places.count(name) == 1 else None
        for name in dict.fromkeys(places)
    }


def _gains(
    structure: str | SupportGroup, shares: Mapping[str, Fraction], weight: Fraction
) -> Iterator[tuple[str, Fraction]]:
    """Yield for each supporting agreement its gain: how much the availability of the outermost structure rises if the
    agreement's share rises from 0 to 1.

    ``weight`` is the gain of ``structure``. A part of a group of which k parts are needed matters if exactly k − 1 of
    the other parts work. The probabilities for the parts before and after a place are computed for all places
    together: with fifty parts, a computation for each place would take seconds.
    """
    if isinstance(structure, str):
        yield structure, weight
        return
    parts = [combined_availability(part, shares) for part in structure.parts]
    before, after = _working_counts(parts), _working_counts(parts[::-1])[::-1]
    for place, part in enumerate(structure.parts):
        first, rest = before[place], after[place + 1]
        decisive = sum(
            (
                first[count] * rest[structure.needed - 1 - count]
                for count in range(structure.needed)
                if count < len(first) and structure.needed - 1 - count < len(rest)
            ),
            Fraction(0),
        )
        yield from _gains(part, shares, weight * decisive)


def _working_counts(parts: Sequence[Fraction]) -> list[list[Fraction]]:
    """Return a list whose item ``n`` has the probabilities that exactly 0, 1, 2 … of the first ``n`` parts work."""
    counts = [[Fraction(1)]]
    for share in parts:
        last = counts[-1]
        counts.append(
            [
                down * (1 - share) + up * share
                for down, up in zip([*last, Fraction(0)], [Fraction(0), *last], strict=True)
            ]
        )
    return counts


def combined_recovery_time(structure: str | SupportGroup, times: Mapping[str, int], side_by_side: bool = False) -> int:
    """Return the time until the whole structure is restored, in the unit of ``times``.

    Serial parts are restored one after the other, so their times are added. With ``side_by_side`` they are restored at
    the same time, so the longest time counts. If k of n parts are needed, the k-th shortest time counts.
    """
    if isinstance(structure, str):
        return times[structure]
    parts = [combined_recovery_time(part, times, side_by_side) for part in structure.parts]
    return sum(parts) if structure.is_serial and not side_by_side else sorted(parts)[structure.needed - 1]


def worst_data_loss(structure: str | SupportGroup, losses: Mapping[str, int]) -> int:
    """Return the largest data loss of any supporting agreement in the structure, in the unit of ``losses``."""
    return max(losses[name] for name in support_names(structure))


def first_uncovered_day(required: tuple[date, date], supported: Sequence[tuple[date, date]]) -> date | None:
    """Return the first day of the required term that no supporting term covers; None if every day is covered.

    Terms are pairs of their first and last day, both included.
    """
    day, last = required
    for begins, ends in sorted(supported):
        if begins > day:
            break
        if ends >= last:
            return None
        day = max(day, ends + timedelta(days=1))
    return day if day <= last else None
