"""Arithmetic of the chain check for one promise of an agreement, which supporting agreements must carry.

It computes the value that these supports reach together, and the value that a support needs to meet the objective.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from slm_agreement.domain.checks.chain_findings import amount_text
from slm_agreement.domain.checks.promises import AVAILABILITY, RECOVERY_POINT, RECOVERY_TIME
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import SupportGroup

Structure = str | SupportGroup
_MOST_PLACES = 12


def restrict_structure(structure: Structure, promising: Mapping[str, Fraction]) -> Structure | None:
    """Return the structure with only those supports that promise something; None if nothing is left.

    A k-of-n group works if at least k of its n members work. Members without a promise count as never working. If fewer
    than k members have a promise, the result does not contain the group.
    """
    if isinstance(structure, str):
        return structure if structure in promising else None
    parts = [part for each in structure.parts if (part := restrict_structure(each, promising)) is not None]
    if structure.is_serial:
        return SupportGroup(len(parts), tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
    return SupportGroup(structure.needed, tuple(parts)) if len(parts) >= structure.needed else None


def combine(question: str, structure: Structure, amounts: Mapping[str, Fraction]) -> Fraction:
    """Return the value that the supports reach together. ``question`` is the kind of promise.

    - Availability: the product of serial parts; for a k-of-n group, the probability that at least k members work.
    - Recovery time: the sum of serial parts; for a k-of-n group, the k-th shortest time.
    - Recovery point: the largest value of all supports.
    - Time to act: the sum of serial parts; for a k-of-n group, the longest time, as any member may have the ticket.
    """
    if question == AVAILABILITY:
        return chain.combined_availability(structure, amounts)
    if question == RECOVERY_POINT:
        return max(amounts[name] for name in chain.support_names(structure))
    if isinstance(structure, str):
        return amounts[structure]
    parts = [combine(question, part, amounts) for part in structure.parts]
    if structure.is_serial:
        return sum(parts, Fraction(0))
    return sorted(parts)[structure.needed - 1] if question == RECOVERY_TIME else max(parts)


def is_enough(question: str, reached: Fraction, objective: Fraction) -> bool:
    """Return whether ``reached`` meets the objective. A value equal to the objective meets it."""
    return reached >= objective if question == AVAILABILITY else reached <= objective


def needed_alone(
    question: str, structure: Structure, amounts: Mapping[str, Fraction], objective: Fraction
) -> dict[str, Fraction | None]:
    """Return, for each support, the amount with which the objective would be met if no other support changed.

    An availability above 1 means that a change of this support alone cannot be enough. None means that no change of
    this support alone is known to be enough.
    """
    if question == AVAILABILITY:
        return chain.needed_shares(structure, amounts, objective)
    return {name: _longest(question, structure, amounts, objective, name) for name in chain.support_names(structure)}


def _longest(
    question: str, structure: Structure, amounts: Mapping[str, Fraction], objective: Fraction, name: str
) -> Fraction | None:
    """Return the longest time of one support with which the objective is met; None if a time of zero is too long."""
    enough, too_long = -1, int(amounts[name]) + 1
    while too_long - enough > 1:
        tried = (enough + too_long) // 2
        if combine(question, structure, {**amounts, name: Fraction(tried)}) <= objective:
            enough = tried
        else:
            too_long = tried
    return None if enough < 0 else Fraction(enough)


def needed_of_each(structure: Structure, shares: Mapping[str, Fraction], objective: Fraction) -> Fraction:
    """Return the smallest availability that meets the objective if no support promises less than this availability.

    Supports that promise more keep their own availability. The result is rounded up to two decimals of a percent, or to
    more decimals if two would give 100 percent.
    """
    for places in range(2, _MOST_PLACES):
        share = _rounded_up(structure, shares, objective, 10 ** (places + 2))
        if share < 1:
            return share
    return Fraction(1)


def _rounded_up(structure: Structure, shares: Mapping[str, Fraction], objective: Fraction, grid: int) -> Fraction:
    """Return the smallest multiple of 1 / ``grid`` that meets the objective as in ``needed_of_each``; 1 meets it."""
    short, enough = -1, grid
    while enough - short > 1:
        tried = (short + enough) // 2
        floor = Fraction(tried, grid)
        raised = {name: max(share, floor) for name, share in shares.items()}
        if chain.combined_availability(structure, raised) >= objective:
            enough = tried
        else:
            short = tried
    return Fraction(enough, grid)


def arithmetic_text(question: str, structure: Structure, amounts: Mapping[str, Fraction]) -> str:
    """Return the arithmetic in words, such as ``99.5 % × 99 % = 98.505 %``."""
    written = _expression(question, structure, amounts)
    reached = amount_text(question, combine(question, structure, amounts))
    return reached if isinstance(structure, str) else f"{written} = {reached}"


def _expression(question: str, structure: Structure, amounts: Mapping[str, Fraction]) -> str:
    if isinstance(structure, str):
        return amount_text(question, amounts[structure])
    parts = [_expression(question, part, amounts) for part in structure.parts]
    if question == RECOVERY_POINT:
        return f"the largest of {', '.join(parts)}"
    if structure.is_serial:
        sign = " × " if question == AVAILABILITY else " + "
        return sign.join(parts)
    return f"({structure.needed} of {len(parts)}: {', '.join(parts)})"
