"""The credits of a period: caps are used up line by line, and credits that are too small to be paid are carried
over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from slm_credits.credit_lines import CHARGE_MISSING, CREDIT, REWARD, ClosedWindow, CreditLine, credit_of_window
from slm_credits.exact_numbers import whole_units
from slm_credits.schedule import Schedule

CAP_PER_PERIOD, CAP_PER_YEAR = "cap_per_period", "cap_per_year"


@dataclass(frozen=True, slots=True)
class Account:
    """What earlier periods leave for the next period, in the currency's minor unit.

    ``credited`` are the credits of the year so far: the cap of the year limits them. ``carried`` are credits that were
    too small to be paid out.
    """

    credited: int = 0
    carried: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """The credits and rewards of a period under one schedule, in the currency's minor unit.

    ``payout`` is the sum of the period's credits and of the credits carried over from earlier periods. If this sum is
    below the minimum, ``payout`` is 0, and the sum is carried to the next period as ``after.carried``.
    """

    schedule: Schedule
    lines: tuple[CreditLine, ...]
    credits: int
    rewards: int
    payout: int
    after: Account

    @property
    def is_below_minimum(self) -> bool:
        """Whether there are credits that are too small to be paid out."""
        return self.after.carried > 0


@dataclass(frozen=True, slots=True)
class Period:
    """A period of an agreement: its year, its charge, and the windows that end in it, in order.

    ``charge`` None: the charge is not known.
    """

    year: int
    charge: Fraction | None
    windows: tuple[ClosedWindow, ...]


def settle_period(
    defined: Schedule, windows: Sequence[ClosedWindow], charge: Fraction | None, before: Account | None = None
) -> Settlement:
    """Return the credits and rewards of a period. Caps are used up in the order of the windows.

    Raises CreditError if a window lacks a value that the schedule needs.
    """
    before = before or Account()
    caps = {CAP_PER_PERIOD: _cap_units(defined, CAP_PER_PERIOD, charge, 0)}
    caps[CAP_PER_YEAR] = _cap_units(defined, CAP_PER_YEAR, charge, before.credited)
    lines: list[CreditLine] = []
    credited = 0
    for place, window in enumerate(windows):
        line = _capped(credit_of_window(defined, window, charge, f"figures[{place}]"), caps, credited)
        credited += line.amount or 0 if line.kind == CREDIT else 0
        lines.append(line)
    rewards = sum(line.amount or 0 for line in lines if line.kind == REWARD)
    due = before.carried + credited
    payout = due if Fraction(due, 10**defined.places) >= defined.least else 0
    return Settlement(
        defined, tuple(lines), credited, rewards, payout, Account(before.credited + credited, due - payout)
    )


def settle_periods(defined: Schedule, periods: Sequence[Period]) -> list[Settlement]:
    """Return the settlement of each period in order. Small credits are carried on, and the cap of a year begins anew
    with each year.
    """
    settled: list[Settlement] = []
    account, year = Account(), None
    for period in periods:
        if period.year != year:
            account, year = replace(account, credited=0), period.year
        settled.append(settle_period(defined, period.windows, period.charge, account))
        account = settled[-1].after
    return settled


_NO_CAP, _UNKNOWN = None, -1


def _cap_units(defined: Schedule, name: str, charge: Fraction | None, used: int) -> int | None:
    """Return how many minor units a cap still allows.

    None: there is no cap. -1: the cap is a share of the charge, and the charge is not known.
    """
    cap = defined.cap_per_period if name == CAP_PER_PERIOD else defined.cap_per_year
    if cap is None:
        return _NO_CAP
    amount = cap.of(charge)
    return _UNKNOWN if amount is None else max(0, whole_units(amount, defined.places) - used)


def _capped(line: CreditLine, caps: dict[str, int | None], credited: int) -> CreditLine:
    """Return the line with the amount that the caps leave. A reward is not capped."""
    if line.kind != CREDIT or line.amount is None:
        return line
    if _UNKNOWN in caps.values():
        reckoning = f"{line.reckoning}, up to a cap of a charge that is missing"
        return replace(line, kind=CHARGE_MISSING, exact=None, amount=None, reckoning=reckoning)
    for name, cap in caps.items():
        if cap is not None and line.amount is not None and line.amount > max(0, cap - credited):
            line = replace(line, amount=max(0, cap - credited), capped_by=name)
    return line
