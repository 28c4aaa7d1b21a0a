"""Error budgets in words: what a promise allows and what is left, in minutes, errors or tickets instead of percent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_console.views import instants
from slm_console.views.reader import HOUR, MINUTE, Reader

CALM = ("on-track", "met")
"""State marks that say all is well: beside them, a budget is not called overspent."""
_ROUGH_FROM = 10 * MINUTE
"""From this size on, a time budget is rounded to minutes or hours; in microseconds."""
_HOURS_FROM = 48 * HOUR
_EXACT_WITHIN = 5 * MINUTE
"""Below this, the remaining time is shown to the second; in microseconds."""


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
        """Used part and rest in one sentence: ``41 of 43 min used, 2 min left``."""
        return f"{self.used}, {self.left}" if self.left else self.used


def allowance_of(reader: Reader, budget: Mapping[str, Any] | None, mark: str = "") -> Allowance | None:
    """Return an error budget in words, None if there is none.

    ``mark`` is the state mark shown beside it. A customer from whom risks are hidden sees "on track" until the breach;
    beside that mark, an overspent budget only says how much was used.
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
    """Whether the bad events of a target are answers that took too long; those of other targets are called errors."""
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
    left = whole - used
    if whole < _ROUGH_FROM:
        said = reader.gettext("%(used)s of %(whole)s used", used=reader.length(used), whole=reader.length(whole))
        return said, _remainder(reader, reader.length(abs(left)), left < 0)
    one = HOUR if whole >= _HOURS_FROM else MINUTE
    used_shown, all_shown = round(used / one), round(whole / one)
    texts = {"used": reader.whole(used_shown), "whole": reader.whole(all_shown)}
    count = reader.whole(abs(all_shown - used_shown))
    if one == HOUR:
        said = reader.gettext("%(used)s of %(whole)s h used", **texts)
        rest = reader.gettext("%(count)s h", count=count)
    else:
        said = reader.gettext("%(used)s of %(whole)s min used", **texts)
        rest = reader.gettext("%(count)s min", count=count)
    # Near the limit the seconds matter; further away the three rounded figures add up.
    return said, _remainder(reader, reader.length(abs(left)) if abs(left) < _EXACT_WITHIN else rest, left < 0)


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

    ``left`` and ``whole`` are in microseconds; ``left`` is negative if more than allowed is used. ``left`` is rounded
    as in ``allowance_of``; when little is left it is rounded down, so that nobody counts on more.
    """
    if left < 0:
        return reader.gettext("%(length)s over the allowed downtime", length=reader.length(-left))
    one = HOUR if whole >= _HOURS_FROM and left >= HOUR else MINUTE
    if left < MINUTE or (one == MINUTE and whole >= _HOURS_FROM) or whole < _ROUGH_FROM:
        texts = {"left": reader.running(left), "whole": reader.length(whole // MINUTE * MINUTE or whole)}
        return reader.gettext("%(left)s of %(whole)s of allowed downtime left", **texts)
    all_shown = round(Fraction(whole, one))
    shown = left // one if left < _EXACT_WITHIN else all_shown - round(Fraction(whole - left, one))
    texts = {"left": reader.whole(shown), "whole": reader.whole(all_shown)}
    if one == HOUR:
        return reader.gettext("%(left)s of %(whole)s h of allowed downtime left", **texts)
    return reader.gettext("%(left)s of %(whole)s min of allowed downtime left", **texts)


def whole_minutes(lost: int) -> int:
    """Return lost time (in microseconds) in whole minutes, rounded as the used part of a budget; at least 1 if any was
    lost.
    """
    return max(round(Fraction(lost, MINUTE)), 1 if lost else 0)


def share_used(reader: Reader, percent: str | None) -> str:
    """Return the used share of a budget that is not an amount of time: ``95 % of what is allowed is used``.

    Empty if it is not known.
    """
    if percent is None:
        return ""
    return reader.gettext("%(percent)s %% of what is allowed is used", percent=reader.whole(int(Fraction(percent))))


def pace_in_words(reader: Reader, burn_rate: str | None, projected_at: str | None) -> str:
    """Return how fast the error budget is used: ``6 times too fast: used up by Thu 14:00``.

    Empty if ``projected_at``, the instant at which the budget will be used up, is not known or has passed.
    """
    when = instants.read(projected_at)
    if when is None or when <= reader.now:
        return ""
    moment = reader.moment(when)
    rate = Fraction(burn_rate) if burn_rate else None
    if rate is None or rate <= 1:
        return reader.gettext("at this pace used up %(moment)s", moment=moment)
    times = reader.decimal(rate, 0 if rate >= 3 else 1)
    return reader.gettext("%(times)s times too fast: used up by %(moment)s", times=times, moment=moment)
