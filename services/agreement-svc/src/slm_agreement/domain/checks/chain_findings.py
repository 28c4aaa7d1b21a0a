"""The findings of the chain check, and functions that write an exact number as text in a finding."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_agreement.domain.checks.promises import AVAILABILITY
from slm_agreement.domain.errors import Finding
from slm_calendar import iso_durations

_PLACES = 6
_MOST_PLACES = 21


@dataclass(frozen=True, slots=True)
class ChainFinding(Finding):
    """A supporting agreement that promises too little: the value that it promises, and the value that is needed."""

    support_id: str = ""
    agreement_id: str = ""
    title: str = ""
    """The title of the supporting agreement."""
    number: str = ""
    needed: str = ""
    target: str | None = None
    """The key of the target that is not carried; None if the shortfall concerns all targets."""
    gap: dict[str, Any] | None = None
    """The service hours that the support leaves uncovered."""


def amount_text(question: str, amount: Fraction, *, up: bool = False) -> str:
    """Return an amount for people: a percent or an ISO 8601 duration.

    A percent with too many decimals is rounded: up if ``up``, as for the value that is needed, otherwise down.
    """
    return f"{percent_text(amount, up=up)} %" if question == AVAILABILITY else iso_durations.to_iso(int(amount))


def exact_text(question: str, amount: Fraction) -> str:
    """Return an amount exactly: percents as a whole number or fraction, times as an ISO 8601 duration."""
    return str(amount * 100) if question == AVAILABILITY else iso_durations.to_iso(int(amount))


def percent_text(share: Fraction, *, up: bool = False) -> str:
    """Return a share of time as a percent: exact if that needs at most 20 decimals, otherwise rounded to six decimals.

    A rounded percent is rounded up if ``up``, otherwise down.
    """
    percent = share * 100
    places = next((places for places in range(_MOST_PLACES) if not percent * 10**places % 1), _PLACES)
    scaled = percent * 10**places
    whole, rest = divmod(-(-scaled // 1) if up else scaled // 1, 10**places)
    tail = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{whole}.{tail}" if tail else str(whole)
