"""Error budgets in words: what a promise allows and what is left, in minutes, errors or tickets instead of percent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_console.views import instants
from slm_console.views.explained.sums import hours_in_words
from slm_console.views.reader import HOUR, MINUTE, SECOND, Reader

CALM = ("on-track", "met")
"""State marks that say all is well: beside them, a budget is not called overspent."""
_ROUGH_FROM = 10 * MINUTE
"""From this size on, a time budget may be shown in whole minutes or hours; in microseconds."""
_HOURS_FROM = 48 * HOUR
_EXACT_WITHIN = 5 * MINUTE
"""Below this, the remaining time is shown to the second; in microseconds."""


LEAST_PACE_DIVISOR = 12
"""Until a twelfth of a window has passed, the API's forecast computes the pace over a whole twelfth of it."""
SLOW = "slow"
"""Unit of a budget of answers that may take longer than promised; the API counts them as ``events``."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """An error budget in words."""

    used: str
    """The used part in words: ``41 of 43 min used``."""
    left: str
    """The rest in words: ``2 min left``, ``17 min over``; empty if it would contradict the state shown beside it."""
    share: Fraction | None
    """The used share, where 1 is the whole budget; None if it is not known."""
    is_over: bool

    @property
    def percent(self) -> int:
        """The used share in percent, from 0 to 100, for the length of a bar; 100 if it is not known."""
        return 100 if self.share is None else max(0, min(100, int(self.share * 100)))

    @property
    def sentence(self) -> str:
        """One sentence that says what was used and what is left: ``41 of 43 min used, 2 min left``."""
        return f"{self.used}, {self.left}" if self.left else self.used


def allowance_of(reader: Reader, budget: Mapping[str, Any] | None, mark: str = "") -> Allowance | None:
    """Return an error budget in words, None if there is none.

    ``mark`` is the state mark shown beside the budget. A customer who is not shown warnings sees the mark "on track"
    until the breach. If more than the budget is used but the mark is one of CALM, the words say only how much was used.
    """
    if not budget:
        return None
    whole, used = Fraction(budget["whole"]), Fraction(budget["consumed"])
    if used > whole and mark in CALM:
        return Allowance(used_so_far(reader, used, str(budget["unit"])), "", None, False)
    share = Fraction(budget["consumed_share"]) if budget.get("consumed_share") else None
    words = _time if budget["unit"] == "microseconds" else _of_number
    said, left = words(reader, whole, used, str(budget["unit"]))
    return Allowance(said, left, share, used > whole)


def counts_slow_answers(terms: Mapping[str, Any]) -> bool:
    """Whether the bad events of a target are answers that took too long. Bad events of other targets are called
    errors.
    """
    aggregation = terms["aggregation"]
    return isinstance(aggregation, Mapping) and not {"share_at_most", "quantile"}.isdisjoint(aggregation)


def budget_of(terms: Mapping[str, Any], window: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return the error budget of a window for ``allowance_of``, None if it has none."""
    budget: Mapping[str, Any] | None = (window or {}).get("budget")
    if budget and budget["unit"] == "events" and counts_slow_answers(terms):
        return {**budget, "unit": SLOW}
    return budget


def used_so_far(reader: Reader, used: Fraction, unit: str) -> str:
    """Return the used amount without comparing it with the budget: ``41 min 3 s used so far``."""
    amount = reader.length(used) if unit == "microseconds" else reader.whole(-(-used // 1))
    return reader.gettext("%(amount)s used so far", amount=amount)


def _time(reader: Reader, whole: Fraction, used: Fraction, unit: str) -> tuple[str, str]:
    """Return a time budget in words: the used part with the whole budget, and what is left or over.

    The shown parts add up to the shown budget. The budget and what is left are rounded down, so that nobody expects
    more time than there is.
    """
    one, is_over = _unit_of(whole, used), used > whole
    whole_shown = int(whole // one)
    rest = int(used // one) - whole_shown if is_over else int((whole - used) // one)
    used_shown = whole_shown + rest if is_over else whole_shown - rest
    texts = {"used": reader.whole(used_shown), "whole": reader.whole(whole_shown)}
    count = reader.whole(rest)
    if one == HOUR:
        said = reader.gettext("%(used)s of %(whole)s h used", **texts)
        return said, _remainder(reader, reader.gettext("%(count)s h", count=count), is_over)
    if one == MINUTE and whole < _HOURS_FROM:
        said = reader.gettext("%(used)s of %(whole)s min used", **texts)
        return said, _remainder(reader, reader.gettext("%(count)s min", count=count), is_over)
    lengths = {"used": hours_in_words(reader, used_shown * one), "whole": hours_in_words(reader, whole_shown * one)}
    said = reader.gettext("%(used)s of %(whole)s used", **lengths)
    return said, _remainder(reader, hours_in_words(reader, rest * one), is_over)


def _unit_of(whole: Fraction, used: Fraction) -> int:
    """Return the unit in which a time budget is shown: an hour, a minute or a second, in microseconds.

    From 48 hours on, a budget is shown in hours, and a smaller one in minutes. If the rounded parts would not add up,
    the next smaller unit is used. A budget below ten minutes is shown in seconds. So is a budget of which less than
    five minutes are left or over.
    """
    larger, smaller = max(whole, used), min(whole, used)
    apart = larger - smaller
    if whole < _ROUGH_FROM or apart < _EXACT_WITHIN:
        return SECOND
    units = (HOUR, MINUTE) if whole >= _HOURS_FROM else (MINUTE, SECOND)
    return units[0] if smaller // units[0] + apart // units[0] == larger // units[0] else units[1]


def _of_number(reader: Reader, whole: Fraction, used: Fraction, unit: str) -> tuple[str, str]:
    allowed, spent = whole // 1, -(-used // 1)
    texts = {"used": reader.whole(spent), "whole": reader.whole(allowed)}
    said = {
        SLOW: reader.gettext("%(used)s of %(whole)s slow answers used", **texts),
        "tickets": reader.gettext("%(used)s of %(whole)s late tickets used", **texts),
        "outages": reader.gettext("%(used)s of %(whole)s outages used", **texts),
        "slices": reader.gettext("%(used)s of %(whole)s bad intervals used", **texts),
        "occurrences": reader.gettext("%(used)s of %(whole)s used", **texts),
    }.get(unit) or reader.gettext("%(used)s of %(whole)s errors used", **texts)
    return said, _remainder(reader, reader.whole(abs(allowed - spent)), spent > allowed)


def _remainder(reader: Reader, amount: str, is_over: bool) -> str:
    return (
        reader.gettext("%(amount)s over", amount=amount)
        if is_over
        else reader.gettext("%(amount)s left", amount=amount)
    )


def downtime_left(reader: Reader, left: int, whole: int) -> str:
    """Return the remaining allowed downtime in words: ``2 of 43 min of allowed downtime left``.

    ``left`` and ``whole`` are in microseconds; ``left`` is negative if more than allowed is used. Both are rounded down
    as in ``allowance_of``, so that nobody expects more time than there is.
    """
    if left < 0:
        return reader.gettext("%(length)s over the allowed downtime", length=reader.length(-left))
    one = HOUR if whole >= _HOURS_FROM and left >= HOUR else MINUTE
    if left < MINUTE or (one == MINUTE and whole >= _HOURS_FROM) or whole < _ROUGH_FROM:
        texts = {"left": reader.running(left), "whole": reader.length(whole // MINUTE * MINUTE or whole)}
        return reader.gettext("%(left)s of %(whole)s of allowed downtime left", **texts)
    texts = {"left": reader.whole(left // one), "whole": reader.whole(whole // one)}
    if one == HOUR:
        return reader.gettext("%(left)s of %(whole)s h of allowed downtime left", **texts)
    return reader.gettext("%(left)s of %(whole)s min of allowed downtime left", **texts)


def whole_minutes(lost: int) -> int:
    """Return lost time (in microseconds) in whole minutes, rounded down; at least 1 if any was lost."""
    return max(lost // MINUTE, 1 if lost else 0)


def share_used(reader: Reader, percent: str | None) -> str:
    """Return the used share of a budget that is not an amount of time: ``95 % of what is allowed is used``.

    Empty if it is not known.
    """
    if percent is None:
        return ""
    return reader.gettext("%(percent)s %% of what is allowed is used", percent=reader.whole(int(Fraction(percent))))


def pace_of(reader: Reader, window: Mapping[str, Any] | None) -> str:
    """Return how fast the error budget of a window is used: ``6 times too fast: used up by Thu 14:00``.

    Empty if the instant at which the budget will be used up is not known or has passed.
    """
    known = window or {}
    projected_at = (known.get("time_left") or {}).get("projected_breach_at")
    start, end = instants.read(known.get("start")), instants.read(known.get("end"))
    if start is not None and end is not None and reader.now - start < (end - start) / LEAST_PACE_DIVISOR:
        # The forecast takes the pace over a twelfth of the window, the burn rate over what has passed: they disagree.
        return pace_in_words(reader, None, projected_at)
    return pace_in_words(reader, (known.get("detail") or {}).get("burn_rate"), projected_at)


def pace_in_words(reader: Reader, burn_rate: str | None, projected_at: str | None) -> str:
    """Return in words when the error budget is expected to be used up.

    If ``burn_rate`` is above 1, the words also say how many times too fast the budget is used. Empty if
    ``projected_at``, the instant at which the budget will be used up, is not known or has passed.
    """
    when = instants.read(projected_at)
    if when is None or when <= reader.now:
        return ""
    moment = reader.moment(when)
    rate = Fraction(burn_rate) if burn_rate else None
    if rate is None or rate <= 1:
        return reader.gettext("expected to be used up %(moment)s", moment=moment)
    times = reader.decimal(rate, 0 if rate >= 3 else 1)
    return reader.gettext("%(times)s times too fast: used up by %(moment)s", times=times, moment=moment)
