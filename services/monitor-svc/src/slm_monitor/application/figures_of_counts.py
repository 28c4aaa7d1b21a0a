"""A window's figure from what was counted or measured in it, summed by the minute."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from slm_calendar import intervals
from slm_calendar.errors import CalendarError, refusal
from slm_calendar.intervals import Interval
from slm_events.instants import to_text
from slm_monitor.application.window_seen import Facts, Seen, due, status
from slm_monitor.domain import burn_rate, counted_findings, figures, measures, slices, tallies
from slm_monitor.domain.facts import HOUR, MINUTE, Values, labels_of
from slm_monitor.domain.series import rows_of
from slm_monitor.domain.slices import Counted
from slm_monitor.domain.terms import ServiceLevelTarget

DAY = 24 * HOUR
_MOST_BUCKETS = 1500

Integers = npt.NDArray[np.int64]


class Rows(NamedTuple):
    """Facts as columns: when, and how much of it was good among how much."""

    at: Integers
    good: Integers
    total: Integers


def of_share(target: ServiceLevelTarget, facts: Facts, *, brief: bool = False) -> Seen:
    """Good ÷ all: of counts, and of values at most a threshold. ``brief``: without the intervals."""
    assert target.promise is not None
    rows, outside, excluded = _judged(target, facts, _rows(target, facts))
    good, total = int(rows.good.sum()), int(rows.total.sum())
    finding = counted_findings.of_share(good, total, target, facts.span[1], facts.as_of)
    budget, spent = target.promise.allowed * total, Fraction(target.promise.bad(good, total))
    return Seen(
        target, status(target, finding, facts), finding.figure, "events", budget, spent,
        {"good": good, "bad": total - good, "total": total, "outside_service_hours": outside, "excluded": excluded},
        due(finding, facts.as_of),
        burn_rate.of(target.promise.bad(good, total), total, 1 - target.promise.allowed),
        () if brief else buckets(rows, facts.span),
        _quantile(target, facts),
        arithmetic=[
            f"figure = good ÷ total = {good} ÷ {total}" if total else "figure: nothing was counted",
            f"budget = {target.promise.allowed} × {total} = {budget} events; left = {budget} − {spent}"
            f" = {budget - spent}",
        ],
    )  # fmt: skip


def _rows(target: ServiceLevelTarget, facts: Facts) -> Rows:
    """The rows that the target counts, with how much of each is good, and how much it is in all."""
    wanted, measure = tallies.wanted_labels(target), measures.of(target)
    values = facts.values if facts.is_distinct else distinct(facts.values)
    fits = np.array([_fits(labels_of(subject), wanted) for subject in values.subjects], dtype=np.bool_)
    values = values.taken(fits[values.slot]) if len(values) else values
    single = [row for fact in facts.single if _fits(fact.body.get("labels") or {}, wanted) for row in rows_of(fact)[1]]
    at = np.concatenate([values.at, np.array([row.at for row in single], dtype=np.int64)])
    value = np.concatenate([values.value, np.array([row.value for row in single], dtype=np.float64)])
    of = np.concatenate(
        [
            np.full(len(values), np.nan) if values.of is None else values.of,
            np.array([np.nan if row.of is None else row.of for row in single], dtype=np.float64),
        ]
    )
    order = np.argsort(at, kind="stable")
    good, total = measure.counted(value[order], of[order])
    return Rows(at[order], good, total)


def _fits(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(labels.get(name) == value for name, value in wanted.items())


def _quantile(target: ServiceLevelTarget, facts: Facts) -> dict[str, str | None]:
    """Of a quantile also the value it has: the least that as many of the values as promised are at most."""
    if target.aggregation != "quantile" or target.promise is None:
        return {}
    values = facts.values if facts.is_distinct else distinct(facts.values)
    ordered = np.sort(values.value[_placed(target, facts, values.at).counts(target)])
    if not len(ordered):
        return {"quantile": None}
    place = -(-target.promise.value.numerator * len(ordered) // target.promise.value.denominator) - 1
    return {"quantile": figures.exact(Fraction(repr(float(ordered[place]))))}


def distinct(values: Values) -> Values:
    """Each row once: it is known by its indicator with its labels, its instant and its content."""
    seen: set[object] = set()
    kept = []
    of = values.of.tolist() if values.of is not None else [math.nan] * len(values)
    for row, name in enumerate(zip(values.slot.tolist(), values.at.tolist(), values.value.tolist(), of, strict=True)):
        identity = name[:3] if math.isnan(name[3]) else name
        if identity not in seen:
            seen.add(identity)
            kept.append(row)
    return values.taken(np.array(kept, dtype=np.int64))


def _judged(target: ServiceLevelTarget, facts: Facts, rows: Rows) -> tuple[Rows, int, int]:
    """The rows that count, and how many of the window's lie outside service hours, and in exclusions."""
    place = _placed(target, facts, rows.at)
    excused = target.planned_downtime == "excused"
    good = np.where(place.excluded, rows.total, rows.good) if excused else rows.good
    counts = place.counts(target)
    outside, excluded = place.inside & ~place.serving, place.inside & place.serving & place.excluded
    kept = Rows(rows.at[counts], good[counts], rows.total[counts])
    return kept, int(rows.total[outside].sum()), int(rows.total[excluded].sum())


class Placed(NamedTuple):
    """Of each row: whether it is of the window, of service time, and of an exclusion."""

    inside: npt.NDArray[np.bool_]
    serving: npt.NDArray[np.bool_]
    excluded: npt.NDArray[np.bool_]

    def counts(self, target: ServiceLevelTarget) -> npt.NDArray[np.bool_]:
        """Removed time counts nowhere; excused time does."""
        served = self.inside & self.serving
        return served if target.planned_downtime == "excused" else served & ~self.excluded


def _placed(target: ServiceLevelTarget, facts: Facts, at: Integers) -> Placed:
    """A row belongs to the window, to service time and to an exclusion by the start of its minute."""
    minute = at // MINUTE * MINUTE
    inside = (minute >= facts.span[0]) & (minute < facts.span[1])
    if facts.until is not None:
        inside &= at <= facts.until
    serving = lies_in(minute, target.hours.intervals(facts.span[0], facts.span[1] + MINUTE))
    return Placed(inside, serving, lies_in(minute, intervals.union(facts.excluded)))


def lies_in(instants: Integers, pairs: Sequence[Interval]) -> npt.NDArray[np.bool_]:
    """Which of the instants lie in the sorted, disjoint intervals."""
    if not pairs:
        return np.zeros(len(instants), dtype=np.bool_)
    starts, ends = np.array(pairs, dtype=np.int64).T
    number = np.searchsorted(starts, instants, side="right") - 1
    found: npt.NDArray[np.bool_] = (number >= 0) & (instants < ends[np.maximum(number, 0)])
    return found


def buckets(rows: Rows, span: Interval) -> list[dict[str, Any]]:
    """The sums by minute, hour or day (UTC), whichever first gives a list that can be read; empty ones are left out."""
    width = next((each for each in (MINUTE, HOUR, DAY) if (span[1] - span[0]) // each <= _MOST_BUCKETS), DAY)
    numbers, where = np.unique(rows.at // width, return_inverse=True)
    good, total, facts = np.zeros((3, len(numbers)), dtype=np.int64)
    for sums, added in ((good, rows.good), (total, rows.total), (facts, 1)):
        np.add.at(sums, where, added)
    return [
        {"from": to_text(int(number) * width), "to": to_text((int(number) + 1) * width), "good": int(good[place]),
         "total": int(total[place]), "facts": int(facts[place])}
        for place, number in enumerate(numbers)
    ]  # fmt: skip


def of_slices(target: ServiceLevelTarget, facts: Facts) -> Seen:
    """A window cut into equal slices, each good or bad by itself."""
    assert target.objective is not None
    terms = _slice_terms(target)
    rows = _rows(target, facts)
    counted = [Counted(*row) for row in zip(*(column.tolist() for column in rows), strict=True)]
    found = slices.measure(
        counted, terms, target.hours, facts.span, facts.as_of, target.objective,
        rolling=target.window_kind == "rolling", no_data=target.no_data,
    )  # fmt: skip
    over = facts.span[1] + target.closing_delay <= facts.as_of
    spent = found.bad > found.budget
    verdict = "breached" if spent else "no_data" if not found.judged else "met"
    if not found.scheduled:
        verdict = "not_applicable"
    share = None if found.figure is None else 1 - found.figure
    good = figures.exact(found.good)
    return Seen(
        target, verdict, found.figure, "slices", found.budget, found.bad,
        {"scheduled": found.scheduled, "judged": found.judged, "good": good, "over": over},
        burn=None if share is None or target.objective == 1 else share / (1 - target.objective),
        arithmetic=[f"figure = good slices ÷ judged ones = {good} ÷ {found.judged}"],
    )  # fmt: skip


def _slice_terms(target: ServiceLevelTarget) -> slices.SliceTerms:
    try:
        return slices.parse(target.parameters)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, CalendarError):
            raise
        remedy = 'write {"time_slices": {"width": "PT1M", "good_if": "0.95", "budget": "slices"}}'
        raise refusal("terms.aggregation.time_slices", target.parameters, remedy) from error
