"""Earn-back of a credit by later windows, and the right to terminate after chronic failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slm_credits.credit_lines import CREDIT, CreditLine
from slm_credits.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Reversal:
    """A credit that is earned back: an adjustment of its amount, due at the close of the window ``earned_by[-1]``."""

    line: CreditLine
    earned_by: tuple[str, ...]
    amount: int


@dataclass(frozen=True, slots=True)
class RightToTerminate:
    """The right to end the agreement after a chronic failure. ``windows``: the breached windows that give it, in order.

    ``lasts``: for how many microseconds the party has the right, from the close of the last of these windows.
    """

    windows: tuple[str, ...]
    lasts: int


def earned_back(defined: Schedule, lines: Sequence[CreditLine]) -> list[Reversal]:
    """Return the credits of one target that its later windows have earned back. ``lines`` are its windows in order.

    A credit is earned back if the next ``earn_back`` windows all have a figure and meet the objective. A window without
    a verdict earns nothing back.
    """
    count = defined.earn_back
    if count is None:
        return []
    found: list[Reversal] = []
    for place, line in enumerate(lines):
        following = lines[place + 1 : place + 1 + count]
        all_met = len(following) == count and all(each.window.is_met is True for each in following)
        if line.kind == CREDIT and line.amount and all_met:
            found.append(Reversal(line, tuple(each.window.window for each in following), -line.amount))
    return found


def chronic_failures(defined: Schedule, lines: Sequence[CreditLine]) -> list[RightToTerminate]:
    """Return the rights to terminate that arise from the windows of one target, in order. ``lines`` are its windows in
    order.

    The right arises when a window is breached and, with this window, enough of the last windows are breached.
    """
    failure = defined.chronic_failure
    if failure is None:
        return []
    found: list[RightToTerminate] = []
    for place, line in enumerate(lines):
        latest = lines[max(0, place + 1 - failure.of) : place + 1]
        breached = tuple(each.window.window for each in latest if each.window.is_met is False)
        if line.window.is_met is False and len(breached) >= failure.breached:
            found.append(RightToTerminate(breached, failure.lasts))
    return found
