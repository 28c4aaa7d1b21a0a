"""The versions of an agreement over time: which was in force when, and the windows of their targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from slm_calendar import critical_periods, window_schedules
from slm_calendar.window_schedules import WindowSchedule
from slm_calendar.windows import Kind
from slm_calendar.windows import Window as WholeWindow
from slm_events import instants
from slm_events.agreement import AgreementLifeEvent, AgreementSuperseded, AgreementTerms
from slm_events.instants import UtcMicroseconds
from slm_report.domain import periods
from slm_report.domain.errors import NoSuchPeriod
from slm_report.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Term:
    """A version of an agreement and the interval ``[start, end)`` in which it is in force.

    ``end`` is None if no end is known.
    """

    terms: AgreementTerms
    start: UtcMicroseconds
    end: UtcMicroseconds | None
    superseded: bool
    """Whether the version ended because the next one came into force. If so, windows that began earlier are evaluated
    by this version to their end.
    """

    def has(self, target_id: str) -> bool:
        """Whether the version has a target with this id."""
        return any(target["target_id"] == target_id for target in self.terms.targets)

    def holds(self, start: UtcMicroseconds, end: UtcMicroseconds) -> bool:
        """Whether the version was in force at some instant of ``[start, end)``."""
        return self.start < end and (self.end is None or self.end > start)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a target at fixed instants, with the version by which it is evaluated.

    The window is of the calendar or an occurrence of a critical period, clipped to the agreement's term.
    """

    term: Term
    target: dict[str, Any]
    id: str
    start: UtcMicroseconds
    end: UtcMicroseconds

    @property
    def key(self) -> tuple[str, str]:
        """The target's id and the window's id."""
        return self.target["target_id"], self.id


def build_terms_history(versions: Sequence[AgreementTerms], turns: Sequence[AgreementLifeEvent]) -> list[Term]:
    """Return the intervals in which the versions are in force, in order. Versions that never came into force are left
    out.

    ``turns`` are the events that ended versions.
    """
    ordered = sorted(versions, key=lambda version: version.version)
    terms: list[Term] = []
    for index, version in enumerate(ordered):
        start = instants.from_text(version.effective_at)
        later = min((instants.from_text(each.effective_at) for each in ordered[index + 1 :]), default=None)
        end, superseded = _end(version, [turn for turn in turns if turn.version == version.version], later)
        if end is None or end > start:
            terms.append(Term(version, start, end, superseded))
    return terms


def _end(
    version: AgreementTerms, turns: Sequence[AgreementLifeEvent], later: UtcMicroseconds | None
) -> tuple[int | None, bool]:
    ends = [(instants.from_text(turn.at), isinstance(turn, AgreementSuperseded)) for turn in turns]
    if version.expires_at is not None:
        ends.append((instants.from_text(version.expires_at), False))
    if later is not None:
        ends.append((later, True))
    return min(ends, default=(None, False), key=lambda end: end[0] if end[0] is not None else 0)


def term_at(terms: Sequence[Term], instant: UtcMicroseconds) -> Term | None:
    """Return the version that is in force at an instant; None if there is none."""
    return next((term for term in terms if term.holds(instant, instant + 1)), None)


def agreement_term(terms: Sequence[Term]) -> tuple[int, int | None]:
    """Return the start of the first version's term and the end of the last version's term (None if it has no end).

    Needs at least one version.
    """
    return terms[0].start, terms[-1].end


def period_at(terms: Sequence[Term], instant: UtcMicroseconds) -> Period:
    """Return the reporting period that contains an instant.

    The version in force at the instant decides. If none is in force, the first version decides before its start, and
    the last version at any other time.
    """
    term = term_at(terms, instant) or (terms[0] if instant < terms[0].start else terms[-1])
    return periods.period_containing(instant, period_kind(term), term.terms.timezone)


def period_named(terms: Sequence[Term], text: str) -> Period:
    """Return the reporting period with the name ``text``, such as ``2026-11``.

    The newest version whose reporting cadence has such a period decides. Raises NoSuchPeriod if no version has one.
    """
    for term in reversed(terms[1:]):
        try:
            return periods.parse_period(text, period_kind(term), term.terms.timezone)
        except NoSuchPeriod:
            continue
    return periods.parse_period(text, period_kind(terms[0]), terms[0].terms.timezone)


def period_kind(term: Term) -> Kind:
    """Return the agreed reporting cadence; ``month`` if the terms name no cadence, or a cadence that is not known."""
    return periods.parse_cadence(term.terms.reporting.get("period")) or "month"


def last_instant_of(terms: Sequence[Term], period: Period) -> UtcMicroseconds:
    """Return the end of the period or of the agreement, whichever is earlier."""
    _, end = agreement_term(terms)
    return period.end if end is None else min(period.end, end)


def report_due_at(terms: Sequence[Term], period: Period) -> UtcMicroseconds:
    """Return when a period's report can be published: the period's end plus the closing delay of the terms in force
    then.
    """
    end = last_instant_of(terms, period)
    term = term_at(terms, end - 1) or terms[-1]
    return end + term.terms.closing_delay_seconds * 1_000_000


def terms_in_force(terms: Sequence[Term], period: Period) -> list[Term]:
    """Return the versions that were in force at some time of the period."""
    return [term for term in terms if term.holds(period.start, period.end)]


def targets_without_calendar(terms: Sequence[Term], period: Period) -> list[tuple[Term, dict[str, Any]]]:
    """Return each rolling target and each ticket target of the period, with the last version that has the target."""
    found: dict[str, tuple[Term, dict[str, Any]]] = {}
    for term in terms_in_force(terms, period):
        for target in term.terms.targets:
            if _schedule(term, target) is None:
                found[target["target_id"]] = (term, target)
    return list(found.values())


def calendar_windows(terms: Sequence[Term], period: Period) -> list[Window]:
    """Return every calendar window that overlaps the period, in the order of the terms' targets."""
    found: dict[tuple[str, str], Window] = {}
    for term in terms:
        for target in term.terms.targets:
            for window in _windows(terms, term, target, period):
                found.setdefault(window.key, window)
    return list(found.values())


def windows_ending_in(all_windows: Sequence[Window], period: Period) -> list[Window]:
    """Return the windows that end in the period, because a window is reported in the period in which it ends."""
    return [window for window in all_windows if period.start < window.end <= period.end]


def _windows(terms: Sequence[Term], term: Term, target: dict[str, Any], period: Period) -> Iterator[Window]:
    schedule = _schedule(term, target)
    for interval in () if schedule is None else schedule.touching(period.start, period.end):
        judging = _judging(terms, target["target_id"], interval)
        if judging is not None and judging[0] is term:
            start, end = judging[1], min(interval.end, _end_of(target, terms, term) or interval.end)
            if start < end and end > period.start:
                yield Window(term, target, interval.id, start, end)


def _schedule(term: Term, target: Mapping[str, Any]) -> WindowSchedule | None:
    """Return the sequence of the target's windows; None for a rolling target or a ticket target."""
    terms = term.terms
    ends_at = None if terms.expires_at is None else instants.from_text(terms.expires_at)
    agreed = critical_periods.parse_critical_periods(terms.critical_periods, terms.timezone, ends_at)
    return window_schedules.schedule_of_terms(target["window"], terms.timezone, agreed)


def _judging(terms: Sequence[Term], target_id: str, interval: WholeWindow) -> tuple[Term, int] | None:
    """Return the version by which a window is evaluated, and the instant from which on this version applies.

    It is the first version that has the target and is in force during a part of the window. Return None if there is no
    such version.
    """
    for term in terms:
        if term.has(target_id) and term.holds(interval.start, interval.end):
            return term, max(term.start, interval.start)
    return None


def _end_of(target: Mapping[str, Any], terms: Sequence[Term], term: Term) -> UtcMicroseconds | None:
    """Return when the target ends: with the agreement, or when a version without it comes into force; None if it has no
    end.
    """
    position = terms.index(term)
    for this, later in zip_longest(terms[position:], terms[position + 1 :]):
        if later is None or not this.superseded or not later.has(target["target_id"]):
            return int(this.end) if this.end is not None else None
    return None
