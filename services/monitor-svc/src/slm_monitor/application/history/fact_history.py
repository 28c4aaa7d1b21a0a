"""Reading of the record of facts: what is known of a target's window, now or as of an earlier instant."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from slm_calendar import intervals, windows
from slm_calendar.intervals import Interval
from slm_calendar.windows import Window
from slm_events.aggregations import RECOVERIES
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.evaluators.schedule.calendar_windows import find_next_window_start, find_window_at
from slm_monitor.application.history.closed_tickets import ClosedTicket
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, EffectiveExclusion
from slm_monitor.domain.explanations.window_result import KnownWindowFacts
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import MINUTE, Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.series.measured_time import convert_to_age
from slm_monitor.domain.states.recovery import read_recovery_from_fact
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.terms import FigureTarget, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import (
    FigureHistory,
    TargetTermsHistory,
    build_terms_histories,
    list_figure_histories,
)

NOTHING = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


class FactHistoryStore(Protocol):
    """The record of all facts. ``known_at``: the record as it was at that instant; None: as it is now."""

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def indicator(self, subject: str) -> Indicator | None: ...

    async def single(self, subject: str, span: Interval | None, known_at: UtcMicroseconds | None) -> Sequence[Fact]:
        """Return the facts of an indicator or ticket that are stored one by one, not as rows. ``span``: only facts
        within this interval; None: all.
        """
        ...

    async def readings(
        self, stream: str, first: UtcMicroseconds, last: UtcMicroseconds, known_at: UtcMicroseconds | None
    ) -> Sequence[Fact]:
        """Return a stream's counter readings from ``first`` to ``last`` (µs), the last reading before them, and the
        first reading after them.
        """
        ...

    async def values(self, subject: str, span: Interval, known_at: UtcMicroseconds | None) -> MeasuredValues:
        """Return an indicator's rows in the order of their instants, whatever the order of their arrival."""
        ...

    async def exclusions(self, agreement_id: str, known_at: UtcMicroseconds | None) -> Sequence[ApprovedExclusion]:
        """Return the approved exclusions of an agreement."""
        ...

    async def begins_at(self, subject: str) -> UtcMicroseconds | None:
        """Return the instant before which facts of an indicator have been deleted; None: no facts have been deleted."""
        ...

    async def overturned(self, breach_ids: Collection[str], known_at: UtcMicroseconds | None) -> Collection[str]:
        """Return the ids of the given breaches that a dispute overturned by ``known_at``; if this is None, by now."""
        ...

    async def overturned_runs(
        self, target_id: str, window_id: str, minute: int, known_at: UtcMicroseconds | None
    ) -> Collection[str]:
        """Return the levels at which a dispute overturned a run of missed minutes that contains ``minute``."""
        ...

    async def accepted_at(self, target_id: str, window_id: str) -> UtcMicroseconds | None:
        """Return the instant at which the parties accepted a window; None if they have not both accepted it."""
        ...

    async def tickets_ended(
        self, target_ids: Sequence[str], span: Interval, as_of: UtcMicroseconds
    ) -> Sequence[ClosedTicket]:
        """Return the tickets whose clocks of these targets ended in a span, in order of name."""
        ...

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]:
        """Return all agreements whose terms may apply to a party's tickets."""
        ...

    async def tickets_left_out(self, target_ids: Sequence[str], span: Interval) -> tuple[int, int]:
        """Return how many tickets these targets leave out in a span: (inconsistent tickets, unjudgeable tickets)."""
        ...

    async def tickets_changed(self, owner_party_id: str, known_at: UtcMicroseconds) -> Mapping[str, Sequence[Fact]]:
        """Return ticket → its facts as known at ``known_at``, for a party's tickets that have facts received after
        ``known_at``.
        """
        ...


class FactsNoLongerStored(ValueError):
    """Facts of a window have been deleted. Its published figure remains, but cannot be calculated again."""

    def __init__(self, begins_at: UtcMicroseconds) -> None:
        super().__init__(f"the record of facts reaches back to {to_text(begins_at)}")
        self.begins_at = begins_at


async def check_facts_are_stored(record: FactHistoryStore, subject: str, span: Interval) -> None:
    """Raise FactsNoLongerStored if a window begins before the instant up to which an indicator's facts are deleted."""
    begins_at = await record.begins_at(subject)
    if begins_at is not None and span[0] < begins_at:
        raise FactsNoLongerStored(begins_at)


async def read_known_facts(
    record: FactHistoryStore,
    terms: ServiceLevelTarget,
    span: Interval,
    as_of: UtcMicroseconds,
    known_at: UtcMicroseconds | None = None,
) -> KnownWindowFacts:
    """Read all known facts of a window, and the exclusions. The window's target must have an indicator.

    ``known_at``: the record as it was at that instant; None: as it is now.
    """
    assert terms.indicator is not None
    if terms.kind.is_of_single_facts:
        indicator = await record.indicator(terms.indicator)
        found = await record.single(terms.indicator, None, known_at)
        mine = found if not terms.group else [fact for fact in found if _is_of(fact, terms)]
        out, named = await read_excluded_time(record, terms, _reaching_back(mine, terms, span), known_at)
        initial, stale = (indicator.initial_state, indicator.stale_after) if indicator else ("unknown", None)
        return KnownWindowFacts(
            span, as_of, NOTHING, mine, out, initial, is_distinct=True, stale_after=stale, exclusions=named
        )
    out, named = await read_excluded_time(record, terms, span, known_at)
    indicator = await record.indicator(terms.indicator)
    stale = None if indicator is None else indicator.stale_after
    # A measurement shortly before the window covers its first minutes.
    begins = span[0] // MINUTE - convert_to_age(stale)
    whole = (begins * MINUTE, -(-span[1] // MINUTE) * MINUTE)
    single = await _counted(record, await record.single(terms.indicator, whole, known_at), known_at)
    values = await record.values(terms.indicator, whole, known_at)
    return KnownWindowFacts(
        span, as_of, values, single, out, "unknown", is_distinct=True, stale_after=stale, exclusions=named
    )


def _reaching_back(mine: Sequence[Fact], terms: ServiceLevelTarget, span: Interval) -> Interval:
    """Return the span in which excluded time matters for a window.

    For recoveries the span begins earlier than the window. A recovery counts in the window in which it ended, but it
    may have begun, and lost data, before that window.
    """
    if terms.kind.source != RECOVERIES:
        return span
    ended = [
        each
        for fact in mine
        if (each := read_recovery_from_fact(fact)) is not None and span[0] <= each.restored < span[1]
    ]
    return min([span[0], *(min(each.began, each.data_to or each.began) for each in ended)]), span[1]


def _is_of(fact: Fact, terms: ServiceLevelTarget) -> bool:
    """Return whether a fact has the labels of the evaluated instance of a grouped target."""
    labels = fact.body.get("labels") or {}
    return all(labels.get(name) == value for name, value in terms.group)


async def _counted(
    record: FactHistoryStore, single: Sequence[Fact], known_at: UtcMicroseconds | None
) -> Sequence[Fact]:
    """Return singly stored facts, with each counter reading replaced by its increase since the reading before."""
    around: list[Fact] = []
    for stream, (first, last) in counters.find_reading_spans_by_stream(single).items():
        around += await record.readings(stream, first, last, known_at)
    return counters.replace_readings_by_counts(single, around) if around else single


async def read_excluded_time(
    record: FactHistoryStore, terms: ServiceLevelTarget, span: Interval, known_at: UtcMicroseconds | None
) -> tuple[list[Interval], list[tuple[ApprovedExclusion, EffectiveExclusion]]]:
    """Return the excluded time of a target in a window, and the exclusions that it comes from.

    ``known_at``: the record as it was at that instant; None: as it is now.
    """
    named = await _exclusions(record, terms, known_at)
    return intervals.clip(intervals.union(*(counted.intervals for _, counted in named)), *span), named


async def _exclusions(
    record: FactHistoryStore, terms: ServiceLevelTarget, known_at: UtcMicroseconds | None
) -> list[tuple[ApprovedExclusion, EffectiveExclusion]]:
    """Return the exclusions that cover a target, each with the time that it effectively excludes.

    All exclusions of the agreement are computed together, because they may share a cap.
    """
    approved = await record.exclusions(terms.agreement_id, known_at)
    if not approved:
        return []
    counts = maintenance_rules.compute_effective_exclusions(
        approved, (await record.agreement(terms.agreement_id)).versions
    )
    about = sorted((each for each in approved if each.scope.covers(terms)), key=lambda each: each.exclusion_id)
    return [(each, counts[each.exclusion_id]) for each in about]


@dataclass(frozen=True, slots=True)
class TargetIdentity:
    """The identity of a target. An instance of a grouped target has ``instance_of`` and ``labels``."""

    agreement_id: str
    target_id: str
    instance_of: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed_id(self) -> str:
        """The target's id in the signed agreement; for an instance of a grouped target, the grouped target's id."""
        return self.instance_of or self.target_id


def read_target_identity(row: Mapping[str, Any]) -> TargetIdentity:
    """Return the identity of a target from a row of the store."""
    return TargetIdentity(row["agreement_id"], row["target_id"], row.get("instance_of"), row.get("labels") or {})


def select_terms_histories(agreement: AgreementTerms, target: TargetIdentity) -> list[TargetTermsHistory]:
    """Return the terms histories of one target, the earliest first."""
    return _of_instance(build_terms_histories(agreement.versions, agreement.ended_at, target.signed_id), target)


def _of_instance(found: list[TargetTermsHistory], target: TargetIdentity) -> list[TargetTermsHistory]:
    if target.instance_of is not None:
        grouped = list_figure_histories(found)
        groups = [tuple((name, target.labels[name]) for name in line.latest.group_by) for line in grouped]
        found = [instances.derive_instance_terms(line, group) for line, group in zip(grouped, groups, strict=True)]
    return sorted(found, key=lambda line: line.begins_at)


class ParsedTermsCache:
    """A cache of parsed terms histories, by agreement and target.

    Signed terms do not change, so the histories depend only on the number of an agreement's versions and on its early
    end. Without the cache, a list of targets would parse the terms of the same agreement many times.
    """

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._found: OrderedDict[tuple[str, int, int | None, str], dict[str, list[TargetTermsHistory]]] = OrderedDict()

    def lines(self, agreement: AgreementTerms, target: TargetIdentity) -> list[TargetTermsHistory]:
        """Return the terms histories of one target, as ``select_terms_histories`` does."""
        return _of_instance(self.histories_by_target(agreement).get(target.signed_id, []), target)

    def histories_by_target(self, agreement: AgreementTerms) -> Mapping[str, list[TargetTermsHistory]]:
        """Return target id → terms histories, for all targets of an agreement."""
        # The names of service and customer in other systems may change while the versions do not.
        names = str([agreement.versions[-1].get(name) for name in ("service_external_refs", "customer_external_refs")])
        key = (agreement.agreement_id, len(agreement.versions), agreement.ended_at, names)
        if key not in self._found:
            by_target: dict[str, list[TargetTermsHistory]] = {}
            for line in build_terms_histories(agreement.versions, agreement.ended_at):
                by_target.setdefault(line.target_id, []).append(line)
            self._found[key] = by_target
        self._found.move_to_end(key)
        while len(self._found) > self._most:
            self._found.popitem(last=False)
        return self._found[key]


def find_calendar_window(lines: Sequence[FigureHistory], window_id: str) -> tuple[FigureTarget, Window] | None:
    """Return (terms in force at the window's start, window) for a window id; None if the target has no such window.

    The window is cut to the term of the agreement. The later parts of a window that an amendment has cut are named
    after their versions: ``2026-11.v2``. Raises CalendarError for an id that no window can have.
    """
    whole_id, _, _ = window_id.partition(".v")
    schedules = [terms.schedule for line in lines for terms in line.versions if terms.schedule is not None]
    if all(each.period is None for each in schedules):
        windows.cycle_of_id(whole_id)
    for line in lines:
        for terms in line.versions:
            whole = None if terms.schedule is None else terms.schedule.named(whole_id)
            if whole is None:
                continue
            for evaluated, span in list_calendar_windows(line, whole.start, whole.end, begun_before=True):
                if span.id == window_id:
                    return evaluated, span
    return None


def compute_rolling_span(line: FigureHistory, terms: FigureTarget, at: UtcMicroseconds) -> Interval:
    """Return the interval that a rolling figure covers at an instant, within the term of the agreement.

    If the target is evaluated from states or slices, the interval ends at the start of the minute that contains the
    instant. If it is evaluated from sums by the minute, the interval ends at the end of that minute.
    """
    minute = at // MINUTE * MINUTE
    if registry.is_before_its_minute(terms):
        return max(line.begins_at, minute - terms.rolling_microseconds), minute
    begins = -(-line.begins_at // MINUTE) * MINUTE
    return max(begins, minute + MINUTE - terms.rolling_microseconds), minute + MINUTE


def compute_evaluation_minute(terms: FigureTarget, span: Interval) -> int:
    """Return the minute since 1970 at which a rolling window with this span is evaluated."""
    return span[1] // MINUTE - (0 if registry.is_before_its_minute(terms) else 1)


def list_calendar_windows(
    line: FigureHistory, start: UtcMicroseconds, end: UtcMicroseconds, *, begun_before: bool = False
) -> Iterator[tuple[FigureTarget, Window]]:
    """Yield the windows that begin in ``[start, end)``, in order, each with the terms that apply to it.

    ``begun_before``: if True, the window that contains ``start`` is included even if it begins earlier.
    """
    at: UtcMicroseconds | None = max(start, line.begins_at)
    while at is not None and at < min(end, line.ends_at):
        span, terms = find_window_at(line, at), line.at(at)
        if span is None or terms is None:
            at = find_next_window_start(line, at)
            continue
        if begun_before or span.start >= start:
            yield line.at(span.start) or terms, span
        at = span.end
