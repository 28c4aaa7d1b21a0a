"""A target over a rolling window: its runs of missed minutes are its breaches, judged at each change and minute."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np

from slm_calendar.intervals import Interval
from slm_events.monitor import TargetBreached
from slm_monitor.domain import births, burn_rate, counted, counted_findings, figures, rolling, settling
from slm_monitor.domain.counted import Counted, Sums
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import Finding, RiskFinding
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.rolling import Counts, Run
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import OPEN_ENDED, Breach, Changes, Window
from slm_monitor.domain.terms import ServiceLevelTarget

_NO_SPAN = (None, None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes judged anew: the sums of the window that ends with each of them and with the one after the last."""

    first: int
    last: int
    good: Counts
    total: Counts
    runs: Sequence[Run]

    def counts(self, minute: int) -> tuple[int, int]:
        """(good, total) of the window that ends with a minute."""
        return int(self.good[minute - self.first]), int(self.total[minute - self.first])


def reach(line: TermsLine) -> int:
    """How many minutes back from the present a judgement looks: the window, or a longer burn rate window."""
    lengths = [
        length
        for terms in line.versions
        for length in (terms.rolling_microseconds, *(pair.long for pair in terms.warn_at.pairs))
    ]
    return max(lengths) // MINUTE


def first_minute(line: TermsLine) -> int:
    """A minute belongs to the term by its start."""
    return -(-line.begins_at // MINUTE)


def last_minute(line: TermsLine) -> int:
    return (line.ends_at - 1) // MINUTE


def ranges(
    window: Window, line: TermsLine, touched: tuple[int, int] | None, since: int | None, present: int
) -> list[tuple[int, int]]:
    """The minutes (first, last) to judge anew: those that facts in the minutes ``touched`` reach, those since the last
    judgement, and all from ``since`` on."""
    assert window.judged_to is not None
    begins, last = first_minute(line), min(present, last_minute(line))
    length = line.latest.rolling_microseconds // MINUTE
    known = min(window.judged_to, last)
    found = []
    if since is not None:
        first = since // MINUTE if touched is None else min(since // MINUTE, touched[0])
        found.append((max(first, begins), known))
    elif touched is not None:
        found.append((max(touched[0], begins), min(touched[1] + length - 1, known)))
    found.append((max(window.judged_to + 1, begins), last))
    return [(first, until) for first, until in found if first <= until]


class Excluding(Protocol):
    """Who knows which minutes do not count for a target."""

    def minutes_of(self, terms: ServiceLevelTarget) -> Sequence[Interval]: ...


def look(line: TermsLine, sums: Sums, excluding: Excluding, first: int, last: int) -> Stretch:
    """Judge minutes, each by the terms in force at it; their hours and those of the window before must be in memory."""
    good = np.zeros(last - first + 2, dtype=np.int64)
    total, flags = good.copy(), np.zeros(last - first + 1, dtype=np.bool_)
    for terms, start, end in _by_version(line, first, last + 1):
        goods, totals = _sums(line, Counted(sums, terms, excluding.minutes_of(terms)), start, end)
        good[start - first : end - first + 1], total[start - first : end - first + 1] = goods, totals
        assert terms.promise is not None
        missed = rolling.missed(goods, totals, terms.promise)
        flags[start - first : end - first + 1] = missed[: last - start + 1]
    return Stretch(first, last, good, total, rolling.runs_of(flags, first))


def _by_version(line: TermsLine, first: int, last: int) -> Iterator[tuple[ServiceLevelTarget, int, int]]:
    """The stretches of minutes (first and last) that one version holds for."""
    at = first
    while at <= last:
        terms = line.at(at * MINUTE)
        following = line.begins_after(at * MINUTE)
        ends = [last] if following is None else [last, (following - 1) // MINUTE]
        if terms is not None:
            ends.append((min(terms.ends_at, line.ends_at) - 1) // MINUTE)
            yield terms, at, min(ends)
        at = min(ends) + 1


def _sums(line: TermsLine, by: Counted, first: int, last: int) -> tuple[Counts, Counts]:
    length = by.terms.rolling_microseconds // MINUTE
    good, total = by.minutes(first - length + 1, last, line.begins_at)
    return rolling.sums(good, length), rolling.sums(total, length)


def judge(
    standing: Standing,
    window: Window,
    sums: Sums,
    excluding: Excluding,
    stretches: Sequence[Stretch],
    moment: Moment,
    changes: Changes,
) -> int | None:
    """Take the stretches in, publish what turned; returns the instant at which time alone may turn it again.

    The hours of the present and the reach before it must be in memory.
    """
    line = standing.line
    lowest = min((stretch.first for stretch in stretches), default=None)
    if lowest is not None:
        held = {run.first: run for run in runs_of(standing, window) if run.last >= lowest - 1}
        runs: list[Run] = sorted(held.values())
        for stretch in stretches:
            runs = rolling.spliced(runs, stretch.first, stretch.last, stretch.runs)
            window.judged_to = max(window.judged_to or stretch.last, stretch.last)
        # An end that was heard of late takes back what was judged beyond it.
        end = last_minute(line)
        runs = [Run(run.first, min(run.last, end)) for run in runs if run.first <= end]
        window.judged_to = min(window.judged_to or end, end)
        _settle_runs(standing, window, held.keys(), runs, stretches, moment, changes)
    assert window.judged_to is not None
    return _settle_present(standing, window, line, sums, excluding, moment, changes)


def _settle_present(
    standing: Standing,
    window: Window,
    line: TermsLine,
    sums: Sums,
    excluding: Excluding,
    moment: Moment,
    changes: Changes,
) -> int | None:
    assert window.judged_to is not None
    minute = window.judged_to
    terms = line.at(minute * MINUTE) or line.latest
    by = Counted(sums, terms, excluding.minutes_of(terms))
    has_ended = moment.now >= line.ends_at and minute >= last_minute(line)
    is_breached = any(
        breach.standing and breach.until is None and breach.window_id == window.window_id
        for breach in standing.breaches.values()
    )
    finding, totals = _present(line, by, minute, not is_breached)
    risks = [] if is_breached or has_ended else _risks(line, by, minute, finding)
    outcome = "breached" if is_breached else "window_closed" if has_ended else "averted"
    settling.settle_risks(standing, window.window_id, terms, finding, risks, outcome, _NO_SPAN, moment, changes)
    _take_figures(window, terms, finding, moment)
    is_empty = finding.figure is None
    window.status = "breached" if is_breached else "no_data" if is_empty else "at_risk" if risks else "met"
    changes.windows[window.target_id, window.window_id] = window
    if has_ended:
        return None
    if is_breached or risks or _is_moved_by_time(terms):
        return min((minute + 1) * MINUTE, line.ends_at)
    turns = _turns_at(line, by, minute, finding, totals)
    return None if turns is None else min(turns * MINUTE, line.ends_at)


def _present(line: TermsLine, by: Counted, minute: int, met: bool) -> tuple[Finding, Counts]:
    """What the window that ends with a minute comes to, and the totals of its minutes."""
    length = by.terms.rolling_microseconds // MINUTE
    goods, totals = by.minutes(minute - length + 1, minute, line.begins_at)
    good, total = int(goods.sum()), int(totals.sum())
    figure = _figure(by.terms, (good, total))
    return Finding(figure, good, total, met, evidence={"good": good, "total": total}), totals


def refresh(line: TermsLine, window: Window, sums: Sums, excluding: Excluding, minute: int, moment: Moment) -> None:
    """Bring the figures of the window that ends with a minute up to date, and nothing else."""
    terms = line.at(minute * MINUTE) or line.latest
    by = Counted(sums, terms, excluding.minutes_of(terms))
    goods, totals = by.minutes(minute - terms.rolling_microseconds // MINUTE + 1, minute, line.begins_at)
    total = int(totals.sum())
    if total:
        counted_findings.refresh(window, terms, int(goods.sum()), total, moment.as_of)


def quiet(standing: Standing, window: Window) -> tuple[int, int]:
    """The instants in which good events change no more than figures: whatever stands ended before them."""
    line = standing.line
    is_plain = all(
        terms.promise is not None and terms.promise.comparison == "at_least" and terms.promise.unit == "percent"
        and not terms.warn_at.min_events
        for terms in line.versions
    )  # fmt: skip
    if not is_plain or window.status != "met" or standing.standing_risks(window.window_id):
        return (0, 0)
    ended = [breach.until or OPEN_ENDED for breach in standing.breaches.values() if breach.standing]
    return (max([line.begins_at, *ended]), line.ends_at)


def _is_moved_by_time(terms: ServiceLevelTarget) -> bool:
    """Whether every minute that passes may break the promise: a count of at least so many."""
    return terms.aggregation == "count" and terms.promise is not None and terms.promise.comparison == "at_least"


def _turns_at(line: TermsLine, by: Counted, minute: int, finding: Finding, totals: Counts) -> int | None:
    """The first minute at which, by time alone, the promise may be missed or a warning hold; None where none can."""
    promised = by.terms.promise
    assert promised is not None
    found = [counted.Burning(by, line.begins_at, minute).may_rise_at()]
    bad = promised.bad(finding.good, finding.total)
    if bad and by.terms.aggregation != "count":
        shares = [Fraction(1), *by.terms.warn_at.budget_consumed]
        # A warning holds at its share, the promise is missed beyond it: a little less than either is soon enough.
        nearest = min(shares) * promised.allowed
        found.append(minute + max(1, counted.leaves_at(np.cumsum(totals), finding.total, bad + 1, nearest)))
    return min((each for each in found if each is not None), default=None)


def runs_of(standing: Standing, window: Window) -> Iterable[Run]:
    """The runs of missed minutes that stand; one that has not recovered lasts to the last minute judged."""
    open_last = window.judged_to if window.judged_to is not None else -1
    return (
        Run(breach.ordinal, max(breach.ordinal, open_last) if breach.until is None else breach.until // MINUTE - 1)
        for breach in standing.breaches.values()
        if breach.standing
    )


def _risks(line: TermsLine, by: Counted, minute: int, finding: Finding) -> list[RiskFinding]:
    terms = by.terms
    found = counted.Burning(by, line.begins_at, minute).found()
    consumed = _consumed(terms, finding)
    if not consumed or finding.total < terms.warn_at.min_events:
        return found
    found += [
        RiskFinding("budget_consumed", f"{float(share * 100):g}", minute * MINUTE, consumed, consumed)
        for share in terms.warn_at.budget_consumed
        if consumed >= share
    ]
    return found


def _consumed(terms: ServiceLevelTarget, finding: Finding) -> Fraction:
    """The share of the budget that the window's events have spent; of a count, of what it may come to."""
    assert terms.promise is not None
    if terms.aggregation == "count":
        is_limit = terms.promise.comparison == "at_most" and terms.promise.value
        return Fraction(finding.total) / terms.promise.value if is_limit else Fraction(0)
    bad = terms.promise.bad(finding.good, finding.total)
    return burn_rate.of(bad, finding.total, 1 - terms.promise.allowed)


def _take_figures(window: Window, terms: ServiceLevelTarget, finding: Finding, moment: Moment) -> None:
    settling.take_figures(window, terms, finding, moment)
    consumed = figures.percent(_consumed(terms, finding))
    window.detail = {"consumed_percent": figures.exact(consumed), "bad": finding.total - finding.good}


def _settle_runs(
    standing: Standing,
    window: Window,
    held: Iterable[int],
    runs: Sequence[Run],
    stretches: Sequence[Stretch],
    moment: Moment,
    changes: Changes,
) -> None:
    """``held``: the first minutes of the runs that stood, as far as the stretches can have changed them."""
    assert window.judged_to is not None
    wanted = {run.first: run for run in runs}
    breaches = {breach.ordinal: breach for breach in standing.breaches.values() if breach.standing}
    for first in sorted(set(held) - wanted.keys()):
        _withdraw(standing, breaches[first], stretches, moment, changes)
    for first, run in sorted(wanted.items()):
        counts = _counts(stretches, first)
        breach = breaches.get(first)
        if breach is None:
            assert counts is not None
            breach = _breach(standing, window, run, counts, moment, changes)
        elif counts is not None:
            _refigure(standing, breach, counts, changes)
        _end(standing, breach, run, stretches, window.judged_to, moment, changes)


def _counts(stretches: Sequence[Stretch], minute: int) -> tuple[int, int] | None:
    for stretch in reversed(stretches):
        if stretch.first <= minute <= stretch.last + 1:
            return stretch.counts(minute)
    return None


def _figure(terms: ServiceLevelTarget, counts: tuple[int, int] | None) -> Fraction | None:
    if counts is None:
        return None
    if terms.aggregation == "count":
        return Fraction(counts[1])
    return Fraction(*counts) if counts[1] else None


def _breach(
    standing: Standing, window: Window, run: Run, counts: tuple[int, int], moment: Moment, changes: Changes
) -> Breach:
    terms = standing.line.at(run.first * MINUTE) or standing.line.latest
    identity = births.breach_id(terms, window.window_id, births.OBJECTIVE, run.first)
    at = run.first * MINUTE
    breach = settling.stand(
        standing.breaches, terms, identity, window.window_id, run.first, at, terms.indicator or "", moment.now
    )
    settling.publish_breach(breach, _event(terms, breach, counts, moment.now), moment.now, changes)
    return breach


def _event(terms: ServiceLevelTarget, breach: Breach, counts: tuple[int, int], now: int) -> TargetBreached:
    at = breach.certain_at
    return births.target_breached(
        terms,
        breach,
        promised=terms.promise,
        figure=_figure(terms, counts),
        span=(at + MINUTE - terms.rolling_microseconds, at + MINUTE),
        evidence={"good": counts[0], "total": counts[1]},
        now=now,
    )


def _refigure(standing: Standing, breach: Breach, counts: tuple[int, int], changes: Changes) -> None:
    """More facts of its first minute: the breach stands as published, its figure is what all facts give."""
    terms = standing.line.of_version(breach.version)
    document = asdict(_event(terms, breach, counts, breach.published_at))
    if document != breach.document:
        breach.document = document
        changes.breaches[breach.breach_id] = breach


def _withdraw(
    standing: Standing, breach: Breach, stretches: Sequence[Stretch], moment: Moment, changes: Changes
) -> None:
    breach.standing = False
    terms = standing.line.of_version(breach.version)
    figure = _figure(terms, _counts(stretches, breach.ordinal))
    event = births.breach_withdrawn(terms, breach, figure=figure, span=_NO_SPAN, cause=moment.cause, now=moment.now)
    changes.publish(event, moment.now, births.event_id(breach.breach_id, "breach-withdrawn", breach.revision))
    changes.breaches[breach.breach_id] = breach


def _end(
    standing: Standing,
    breach: Breach,
    run: Run,
    stretches: Sequence[Stretch],
    judged_to: int,
    moment: Moment,
    changes: Changes,
) -> None:
    """A run whose last minute was followed by one that met the objective has recovered there."""
    until = (run.last + 1) * MINUTE if run.last < judged_to else None
    if until == breach.until:
        return
    breach.until = until
    changes.breaches[breach.breach_id] = breach
    if until is not None:
        terms = standing.line.of_version(breach.version)
        figure = _figure(terms, _counts(stretches, run.last + 1))
        event = births.target_recovered(terms, breach, figure=figure, at=until, now=moment.now)
        identity = births.event_id(breach.breach_id, "target-recovered", breach.revision * OPEN_ENDED + until)
        changes.publish(event, until, identity)
