"""A target over a rolling window: its runs of missed minutes are its breaches, judged at each change and minute."""

from __future__ import annotations

from fractions import Fraction

from slm_monitor.domain import births, burn_rate, figures, findings, rolling, settling
from slm_monitor.domain.facts import MINUTE
from slm_monitor.domain.findings import Finding, RiskFinding
from slm_monitor.domain.rolling import Run
from slm_monitor.domain.series import Series
from slm_monitor.domain.settling import Moment, Standing
from slm_monitor.domain.standing import OPEN_ENDED, Breach, Changes, Window
from slm_monitor.domain.terms import ServiceLevelTarget

_NO_SPAN = (None, None)


def reach(terms: ServiceLevelTarget) -> int:
    """How many minutes back from the present a judgement looks: the window, or a longer burn rate window."""
    return max([terms.rolling_microseconds, *(pair.long for pair in terms.burn_rate_pairs)]) // MINUTE


def ranges(
    window: Window, terms: ServiceLevelTarget, touched: tuple[int, int] | None, present: int
) -> list[tuple[int, int]]:
    """The minutes (first, last) to judge anew: those that facts in the minutes ``touched`` reach, and those since the
    last judgement."""
    assert window.judged_to is not None
    begins, ends = terms.effective_at // MINUTE, (terms.ends_at - 1) // MINUTE
    length = terms.rolling_microseconds // MINUTE
    last = min(present, ends)
    found = []
    if touched is not None:
        first, until = max(touched[0], begins), min(touched[1] + length - 1, window.judged_to, last)
        if first <= until:
            found.append((first, until))
    if window.judged_to < last:
        found.append((max(window.judged_to + 1, begins), last))
    return found


def judge(
    standing: Standing,
    window: Window,
    terms: ServiceLevelTarget,
    series: Series,
    minutes: list[tuple[int, int]],
    moment: Moment,
    changes: Changes,
) -> int | None:
    """Judge the ranges of minutes, publish what turned; returns the instant at which time alone may turn it again."""
    before = runs_of(standing, window)
    runs = before
    for first, last in minutes:
        runs = rolling.spliced(runs, first, last, _missed(series, terms, first, last))
        window.judged_to = max(window.judged_to or 0, last)
    assert window.judged_to is not None
    figure, bad, total = _figure(series, terms, window.judged_to)
    _settle_runs(standing, window, terms, series, runs, moment, changes)
    is_breached = bool(runs) and runs[-1].last >= window.judged_to
    finding = Finding(
        figure, total - bad, total, not is_breached, None, figure, evidence={"good": total - bad, "total": total}
    )
    found = _risks(series, terms, window.judged_to, bad, total)
    risks = found if not is_breached else []
    outcome = "breached" if is_breached else "averted"
    settling.settle_risks(standing, window.window_id, terms, finding, risks, outcome, _NO_SPAN, moment, changes)
    _take_figures(window, terms, finding, bad, moment)
    window.status = "breached" if is_breached else "no_data" if not total else "at_risk" if risks else "met"
    changes.windows[window.target_id, window.window_id] = window
    busy = bad or is_breached or risks or standing.standing_risks(window.window_id)
    return (window.judged_to + 1) * MINUTE if busy and window.judged_to < (terms.ends_at - 1) // MINUTE else None


def runs_of(standing: Standing, window: Window) -> list[Run]:
    """The runs of missed minutes that stand; one that has not recovered lasts to the last minute judged."""
    open_last = window.judged_to if window.judged_to is not None else -1
    return sorted(
        Run(breach.ordinal, max(breach.ordinal, open_last) if breach.until is None else breach.until // MINUTE - 1)
        for breach in standing.breaches.values()
        if breach.standing
    )


def _missed(series: Series, terms: ServiceLevelTarget, first: int, last: int) -> list[Run]:
    assert terms.objective is not None
    length = terms.rolling_microseconds // MINUTE
    good, total = findings.counted(series, terms, first - length + 1, last)
    clipped = terms.effective_at // MINUTE - (first - length + 1)
    if clipped > 0:
        good, total = good.copy(), total.copy()
        good[:clipped] = total[:clipped] = 0
    return rolling.runs_of(
        rolling.missed(rolling.sums(good, length), rolling.sums(total, length), terms.objective), first
    )


def _figure(series: Series, terms: ServiceLevelTarget, minute: int) -> tuple[Fraction | None, int, int]:
    length = terms.rolling_microseconds // MINUTE
    first = max(minute - length + 1, terms.effective_at // MINUTE)
    good, total = findings.counted(series, terms, first, minute)
    all_good, all_total = int(good.sum()), int(total.sum())
    return (Fraction(all_good, all_total) if all_total else None), all_total - all_good, all_total


def _risks(series: Series, terms: ServiceLevelTarget, minute: int, bad: int, total: int) -> list[RiskFinding]:
    assert terms.objective is not None
    found = findings.burning(series, terms, minute)
    if not bad:
        return found
    consumed = burn_rate.of(bad, total, terms.objective)
    found += [
        RiskFinding("budget_consumed", f"{float(share * 100):g}", minute * MINUTE, consumed, consumed)
        for share in terms.warn_at_consumed
        if consumed >= share
    ]
    return found


def _take_figures(window: Window, terms: ServiceLevelTarget, finding: Finding, bad: int, moment: Moment) -> None:
    assert terms.objective is not None
    percent = figures.percent(finding.figure)
    consumed = burn_rate.of(bad, finding.total, terms.objective)
    window.version = terms.version
    window.good, window.total = finding.good, finding.total
    window.figure = figures.exact(percent)
    window.display = figures.display(percent, terms.promised_percent)
    window.detail = {"consumed_percent": figures.exact(figures.percent(consumed)), "bad": bad}
    window.as_of = moment.as_of


def _settle_runs(
    standing: Standing,
    window: Window,
    terms: ServiceLevelTarget,
    series: Series,
    runs: list[Run],
    moment: Moment,
    changes: Changes,
) -> None:
    assert window.judged_to is not None
    wanted = {run.first: run for run in runs}
    held = {breach.ordinal: breach for breach in standing.breaches.values() if breach.standing}
    for first in sorted(held.keys() - wanted.keys()):
        _withdraw(held[first], terms, series, moment, changes)
    for first, run in sorted(wanted.items()):
        breach = held.get(first) or _breach(standing, window, terms, series, run, moment, changes)
        _end(breach, terms, series, run, window.judged_to, moment, changes)


def _breach(
    standing: Standing,
    window: Window,
    terms: ServiceLevelTarget,
    series: Series,
    run: Run,
    moment: Moment,
    changes: Changes,
) -> Breach:
    identity = births.breach_id(terms, window.window_id, births.OBJECTIVE, run.first)
    at = run.first * MINUTE
    breach = settling.stand(
        standing.breaches, terms, identity, window.window_id, run.first, at, terms.indicator or "", moment.now
    )
    figure, bad, total = _figure(series, terms, run.first)
    span = (at + MINUTE - terms.rolling_microseconds, at + MINUTE)
    evidence = {"good": total - bad, "total": total}
    event = births.target_breached(terms, breach, figure=figure, span=span, evidence=evidence, now=moment.now)
    settling.publish_breach(breach, event, moment.now, changes)
    return breach


def _withdraw(breach: Breach, terms: ServiceLevelTarget, series: Series, moment: Moment, changes: Changes) -> None:
    breach.standing = False
    figure, _, _ = _figure(series, terms, breach.ordinal)
    event = births.breach_withdrawn(terms, breach, figure=figure, span=_NO_SPAN, cause=moment.cause, now=moment.now)
    changes.publish(event, moment.now, births.event_id(breach.breach_id, "breach-withdrawn", breach.revision))
    changes.breaches[breach.breach_id] = breach


def _end(
    breach: Breach,
    terms: ServiceLevelTarget,
    series: Series,
    run: Run,
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
        figure, _, _ = _figure(series, terms, run.last + 1)
        event = births.target_recovered(terms, breach, figure=figure, at=until, now=moment.now)
        identity = births.event_id(breach.breach_id, "target-recovered", breach.revision * OPEN_ENDED + until)
        changes.publish(event, until, identity)
