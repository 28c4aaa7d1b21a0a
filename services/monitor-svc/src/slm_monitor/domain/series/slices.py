"""Time slices: a window is cut into equal slices, and each slice is evaluated by itself.

With budget ``slices`` each slice is good or bad, and the figure is good ÷ evaluated slices. With budget ``ratio`` each
slice has its share of good events, and the figure is the mean of these shares.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from slm_calendar import durations, intervals
from slm_calendar.errors import refusal
from slm_calendar.service_hours import ServiceHours
from slm_events.instants import UtcMicroseconds

MINUTE = 60_000_000
MOST_SLICES = 1_000_000


class InstantEventCounts(NamedTuple):
    """The numbers of good events and of all events at one instant (microseconds)."""

    at: UtcMicroseconds
    good: int
    total: int


@dataclass(frozen=True, slots=True)
class TimeSliceTerms:
    """The terms of time slices. ``width`` is in microseconds.

    A slice is good if the share of good events in it is at least ``good_if``.
    ``budget`` is ``slices`` (each slice counts as good or bad) or ``ratio`` (each slice counts with its share).
    """

    width: int
    good_if: Fraction
    budget: str = "slices"


def parse_time_slice_terms(document: Mapping[str, Any]) -> TimeSliceTerms:
    """Parse ``{"width": "PT5M", "good_if": "0.95", "budget": "slices"}``. Raises CalendarError, ValueError."""
    width = durations.from_iso(document["width"], "width")
    if width <= 0:
        raise refusal("width", document["width"], "a slice has a length, such as PT1M")
    budget = document.get("budget", "slices")
    if budget not in ("slices", "ratio"):
        raise refusal("budget", budget, "slices or ratio")
    return TimeSliceTerms(width, Fraction(str(document.get("good_if", "1"))), budget)


@dataclass(frozen=True, slots=True)
class SliceWindowFigure:
    """The numbers of slices of one window.

    ``scheduled`` is the number of slices that start in service hours; ``judged`` is how many of these were evaluated so
    far. ``good`` is how many of the evaluated slices are good. If the terms have the budget ``ratio``, ``good`` is the
    sum of the evaluated slices' shares of good events.
    """

    scheduled: int
    judged: int
    good: Fraction
    budget: Fraction
    """How many slices may be bad. In a calendar window this is (1 − objective) × the number of scheduled slices that
    are not removed. In a rolling window it is (1 − objective) × the number of evaluated slices.
    """

    @property
    def figure(self) -> Fraction | None:
        return self.good / self.judged if self.judged else None

    @property
    def bad(self) -> Fraction:
        return self.judged - self.good

    @property
    def consumed(self) -> Fraction | None:
        return self.bad / self.budget if self.budget else None


def evaluate_time_slices(
    counted: Iterable[InstantEventCounts],
    terms: TimeSliceTerms,
    hours: ServiceHours,
    span: tuple[int, int],
    as_of: UtcMicroseconds,
    objective: Fraction,
    *,
    rolling: bool = False,
    no_data: str = "ignore",
) -> SliceWindowFigure:
    """Evaluate the slices of ``span`` that are over at ``as_of``, from the counts of single instants.

    Slices that start outside service hours are left out. Raises CalendarError for a window with too many slices.
    """
    start, end = span
    if (end - start) // terms.width > MOST_SLICES:
        raise refusal("width", durations.to_iso(terms.width), f"a window has at most {MOST_SLICES} slices")
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for each in counted:
        if start <= each.at < end:
            held = sums[(each.at - start) // terms.width]
            held[0] += each.good
            held[1] += each.total
    scheduled = judged = removed = 0
    good = Fraction(0)
    for number, begins in enumerate(range(start, end, terms.width)):
        if not hours.is_open(begins):
            continue
        scheduled += 1
        is_over = begins + terms.width <= as_of
        share = _share(sums.get(number), no_data) if is_over else None
        removed += is_over and share is None
        if share is not None:
            judged += 1
            good += share if terms.budget == "ratio" else int(share >= terms.good_if)
    # A slice that is over and has no data is removed. When the window closes, the budget is that of the judged slices.
    return SliceWindowFigure(scheduled, judged, good, (1 - objective) * (judged if rolling else scheduled - removed))


class SliceBudgetExhaustion(NamedTuple):
    """The point in a window at which the budget of slices is exceeded.

    ``at`` is the end of the slice that exceeds the budget. ``judged`` is how many slices were evaluated up to this
    point, ``good`` how many of them were good.
    """

    at: UtcMicroseconds
    judged: int
    good: Fraction

    @property
    def figure(self) -> Fraction | None:
        return self.good / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class SliceProgress:
    """The slices of a window up to an instant.

    ``removed`` counts the slices that are over and have no data. ``scheduled`` counts all slices of the window that are
    not removed. ``judged`` counts the evaluated slices. An evaluated slice counts as good with a share from 0 to 1;
    ``good`` is the sum of these shares. ``course`` lists the evaluated slices in order: (end, number of slices removed
    before it, share).
    """

    scheduled: int
    judged: int
    good: Fraction
    removed: int
    course: Sequence[tuple[int, int, Fraction]]
    end_of: Callable[[int], int]
    """The end (microseconds) of the slice with this index among the scheduled slices."""

    @property
    def bad_slices(self) -> list[int]:
        """The end (microseconds) of each evaluated slice that does not count wholly as good, in order."""
        return [end for end, _, worth in self.course if worth < 1]

    def exhausted(self, allowed: Fraction) -> SliceBudgetExhaustion | None:
        """Return the point at which the number of bad slices exceeds ``allowed`` × the number of slices that are not
        removed; None if it does not.

        A slice without data is removed and reduces the budget, so the budget can become exceeded without a bad slice.
        """
        whole = self.scheduled + self.removed
        judged, good, bad = 0, Fraction(0), Fraction(0)
        for end, removed, worth in (*self.course, (0, self.removed, None)):
            # The least number of removed slices at which the slices before this one exceed the budget.
            least = 0 if not bad else whole + 1 if not allowed else (whole - bad / allowed).__floor__() + 1
            if bad and least <= removed:
                return SliceBudgetExhaustion(self.end_of(judged + max(least, 1) - 1), judged, good)
            if worth is None:
                break
            judged, good, bad = judged + 1, good + worth, bad + 1 - worth
            if bad > allowed * (whole - removed):
                return SliceBudgetExhaustion(end, judged, good)
        return None

    @property
    def figure(self) -> Fraction | None:
        return self.good / self.judged if self.judged else None


def evaluate_slices_from_sums(
    sums: Mapping[int, Sequence[int]],
    terms: TimeSliceTerms,
    hours: ServiceHours,
    span: tuple[int, int],
    as_of: UtcMicroseconds,
    no_data: str = "ignore",
    excluded: Sequence[tuple[int, int]] = (),
) -> SliceProgress:
    """Evaluate the slices of ``span`` (microseconds UTC) that are over at ``as_of``.

    ``sums`` maps the number of a slice, counted from 0 at the start of ``span``, to [good events, all events]. A slice
    is scheduled if its start lies in service hours and outside the exclusions.
    """
    start, end = span
    opened = intervals.subtract(hours.intervals(start, end), intervals.union(excluded))
    ranges = [(-(-(begins - start) // terms.width), -(-(ends - start) // terms.width)) for begins, ends in opened]
    over = (min(as_of, end) - start) // terms.width
    course: list[tuple[int, int, Fraction]] = []
    good, places = Fraction(0), 0
    for first, last in ranges:
        for number in _to_judge(sums, first, min(last, over), no_data):
            share = _share(sums.get(number), no_data)
            if share is None:
                continue
            worth = share if terms.budget == "ratio" else Fraction(share >= terms.good_if)
            removed = places + number - first - len(course)
            course.append((start + (number + 1) * terms.width, removed, worth))
            good += worth
        places += max(0, min(last, over) - first)
    judged, removed = len(course), places - len(course)
    scheduled = sum(max(0, last - first) for first, last in ranges)

    def end_of(place: int) -> int:
        for first, last in ranges:
            if place < max(0, last - first):
                return start + (first + place + 1) * terms.width
            place -= max(0, last - first)
        return end

    return SliceProgress(scheduled - removed, judged, good, removed, course, end_of)


def _to_judge(sums: Mapping[int, Sequence[int]], first: int, last: int, no_data: str) -> Iterable[int]:
    if no_data != "ignore":
        return range(first, last)
    return sorted(number for number in sums if first <= number < last)


def _share(sums: Sequence[int] | None, no_data: str) -> Fraction | None:
    if sums is not None and sums[1]:
        return Fraction(sums[0], sums[1])
    return {"good": Fraction(1), "bad": Fraction(0)}.get(no_data)
