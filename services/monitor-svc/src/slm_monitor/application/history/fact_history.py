"""The record of facts, read back: what is known of a target's window, now or as of an earlier instant."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from slm_calendar import intervals, windows
from slm_calendar.intervals import Interval
from slm_calendar.windows import Window
from slm_events.instants import to_text
from slm_monitor.application.evaluators.schedule.calendar_windows import span_at
from slm_monitor.application.history.closed_tickets import ClosedTicket
from slm_monitor.application.history.window_result import KnownFacts
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.exclusions.maintenance_rules import EffectiveExclusion, Exclusion
from slm_monitor.domain.facts import counters
from slm_monitor.domain.facts.facts import MINUTE, Fact, MeasuredValues
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.states.recovery import recovery_of
from slm_monitor.domain.terms import instances
from slm_monitor.domain.terms.composite_terms import STATES
from slm_monitor.domain.terms.terms import RECOVERED, STATED, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory, lines_of

NOTHING = MeasuredValues([], np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.float64))


class History(Protocol):
    """The store of all facts. ``known_at``: the record as it was at that instant; None: as it is now."""

    async def agreement(self, agreement_id: str) -> AgreementTerms: ...

    async def indicator(self, subject: str) -> Indicator | None: ...

    async def single(self, subject: str, span: Interval | None, known_at: int | None) -> Sequence[Fact]:
        """Facts that are kept one by one: those of a span, or all."""
        ...

    async def readings(self, stream: str, first: int, last: int, known_at: int | None) -> Sequence[Fact]:
        """The counter readings of a stream from ``first`` to ``last``, with the one before and the one after."""
        ...

    async def values(self, subject: str, span: Interval, known_at: int | None) -> MeasuredValues:
        """Rows in the order of their instants, whatever the order of their arrival."""
        ...

    async def exclusions(self, agreement_id: str, known_at: int | None) -> Sequence[Exclusion]:
        """The approved exclusions of an agreement."""
        ...

    async def begins_at(self, subject: str) -> int | None:
        """The instant from which on the record of an indicator is complete; None: from the first fact on."""
        ...

    async def overturned(self, breach_ids: Collection[str], known_at: int | None) -> Collection[str]:
        """Those of these breaches that a dispute overturned."""
        ...

    async def overturned_runs(
        self, target_id: str, window_id: str, minute: int, known_at: int | None
    ) -> Collection[str]:
        """The levels of a rolling target of which a dispute overturned the missed run that contains this minute."""
        ...

    async def accepted_at(self, target_id: str, window_id: str) -> int | None:
        """The instant at which both parties accepted a window; None if they have not."""
        ...

    async def tickets_ended(self, target_ids: Sequence[str], span: Interval, as_of: int) -> Sequence[ClosedTicket]:
        """The tickets whose clocks of these targets ended in a span, by name."""
        ...

    async def agreements_of(self, owner_party_id: str) -> Sequence[AgreementTerms]:
        """All agreements by which a party's tickets may be evaluated."""
        ...

    async def tickets_inconsistent(self, target_ids: Sequence[str], span: Interval) -> int: ...

    async def tickets_changed(self, owner_party_id: str, known_at: int) -> Mapping[str, Sequence[Fact]]:
        """The party's tickets of which something was received after an instant, each with the facts known at that
        instant."""
        ...


class NotInRecord(ValueError):
    """Facts of a window have been deleted: its published figure remains, and cannot be computed again."""

    def __init__(self, begins_at: int) -> None:
        super().__init__(f"the record of facts reaches back to {to_text(begins_at)}")
        self.begins_at = begins_at


async def check_is_recorded(record: History, subject: str, span: Interval) -> None:
    """Raise NotInRecord if a window begins before the record of an indicator is complete."""
    begins_at = await record.begins_at(subject)
    if begins_at is not None and span[0] < begins_at:
        raise NotInRecord(begins_at)


async def known_facts(
    record: History, terms: ServiceLevelTarget, span: Interval, as_of: int, known_at: int | None = None
) -> KnownFacts:
    """Read everything that is known of a window of a target with an indicator."""
    assert terms.indicator is not None
    if terms.aggregation in STATED:
        indicator = await record.indicator(terms.indicator)
        found = await record.single(terms.indicator, None, known_at)
        mine = found if not terms.group else [fact for fact in found if _is_of(fact, terms)]
        out, named = await excluded_time(record, terms, _reaching_back(mine, terms, span), known_at)
        initial, stale = (indicator.initial_state, indicator.stale_after) if indicator else ("unknown", None)
        return KnownFacts(
            span, as_of, NOTHING, mine, out, initial, is_distinct=True, stale_after=stale, exclusions=named
        )
    out, named = await excluded_time(record, terms, span, known_at)
    whole = (span[0] // MINUTE * MINUTE, -(-span[1] // MINUTE) * MINUTE)
    single = await _counted(record, await record.single(terms.indicator, whole, known_at), known_at)
    values = await record.values(terms.indicator, whole, known_at)
    return KnownFacts(span, as_of, values, single, out, "unknown", is_distinct=True, exclusions=named)


def _reaching_back(mine: Sequence[Fact], terms: ServiceLevelTarget, span: Interval) -> Interval:
    """The span of excluded time that a window needs. A recovery may have begun, and lost data, before the window in
    which it ended."""
    if terms.aggregation not in RECOVERED:
        return span
    ended = [each for fact in mine if (each := recovery_of(fact)) is not None and span[0] <= each.restored < span[1]]
    return min([span[0], *(min(each.began, each.data_to or each.began) for each in ended)]), span[1]


def _is_of(fact: Fact, terms: ServiceLevelTarget) -> bool:
    """Whether a fact has the labels of the evaluated instance."""
    labels = fact.body.get("labels") or {}
    return all(labels.get(name) == value for name, value in terms.group)


async def _counted(record: History, single: Sequence[Fact], known_at: int | None) -> Sequence[Fact]:
    """Facts that are kept one by one, with each counter reading replaced by the count that it adds to the one
    before."""
    around: list[Fact] = []
    for stream, (first, last) in counters.reading_spans(single).items():
        around += await record.readings(stream, first, last, known_at)
    return counters.counts_from_readings(single, around) if around else single


async def excluded_time(
    record: History, terms: ServiceLevelTarget, span: Interval, known_at: int | None
) -> tuple[list[Interval], list[tuple[Exclusion, EffectiveExclusion]]]:
    """The excluded time of a target in a window, and the exclusions that it comes from."""
    named = await _exclusions(record, terms, known_at)
    return intervals.clip(intervals.union(*(counted.intervals for _, counted in named)), *span), named


async def _exclusions(
    record: History, terms: ServiceLevelTarget, known_at: int | None
) -> list[tuple[Exclusion, EffectiveExclusion]]:
    """The exclusions that cover a target, with the time of each that counts. All of the agreement's are computed
    together, as they may share a cap."""
    approved = await record.exclusions(terms.agreement_id, known_at)
    if not approved:
        return []
    counts = maintenance_rules.effective_exclusions(approved, (await record.agreement(terms.agreement_id)).versions)
    about = sorted((each for each in approved if each.scope.covers(terms)), key=lambda each: each.exclusion_id)
    return [(each, counts[each.exclusion_id]) for each in about]


@dataclass(frozen=True, slots=True)
class TargetRow:
    """The identity of a target. An instance of a grouped target has ``instance_of`` and ``labels``."""

    agreement_id: str
    target_id: str
    instance_of: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def signed_id(self) -> str:
        """The id of the target as it was signed."""
        return self.instance_of or self.target_id


def target_row(row: Mapping[str, Any]) -> TargetRow:
    """Make a TargetRow from a row of the store."""
    return TargetRow(row["agreement_id"], row["target_id"], row.get("instance_of"), row.get("labels") or {})


def lines_of_target(agreement: AgreementTerms, target: TargetRow) -> list[TermsHistory]:
    """The terms histories of one target, the earliest first."""
    found = [line for line in lines_of(agreement.versions, agreement.ended_at) if line.target_id == target.signed_id]
    return _of_instance(found, target)


def _of_instance(found: list[TermsHistory], target: TargetRow) -> list[TermsHistory]:
    if target.instance_of is not None:
        groups = [tuple((name, target.labels[name]) for name in line.latest.group_by) for line in found]
        found = [instances.instance_terms(line, group) for line, group in zip(found, groups, strict=True)]
    return sorted(found, key=lambda line: line.begins_at)


class ParsedTerms:
    """A cache of terms histories by agreement and target.

    Signed terms do not change, so they depend only on the number of an agreement's versions and on its early end. A
    list of targets asks for those of the same agreement many times.
    """

    def __init__(self, most: int = 500) -> None:
        self._most = most
        self._found: OrderedDict[tuple[str, int, int | None, str], dict[str, list[TermsHistory]]] = OrderedDict()

    def lines(self, agreement: AgreementTerms, target: TargetRow) -> list[TermsHistory]:
        """The terms histories of one target, as ``lines_of_target`` returns them."""
        return _of_instance(self.histories_by_target(agreement).get(target.signed_id, []), target)

    def histories_by_target(self, agreement: AgreementTerms) -> Mapping[str, list[TermsHistory]]:
        """Target id → terms histories, for all targets of an agreement."""
        # The names of service and customer in other systems may change while the versions do not.
        names = str([agreement.versions[-1].get(name) for name in ("service_external_refs", "customer_external_refs")])
        key = (agreement.agreement_id, len(agreement.versions), agreement.ended_at, names)
        if key not in self._found:
            by_target: dict[str, list[TermsHistory]] = {}
            for line in lines_of(agreement.versions, agreement.ended_at):
                by_target.setdefault(line.target_id, []).append(line)
            self._found[key] = by_target
        self._found.move_to_end(key)
        while len(self._found) > self._most:
            self._found.popitem(last=False)
        return self._found[key]


def calendar_window(lines: Sequence[TermsHistory], window_id: str) -> tuple[ServiceLevelTarget, Window] | None:
    """The window of this id, clipped to the term, with the terms in force at its start; None if the target has no such
    window.

    The later parts of a window that an amendment has cut are named after their versions: ``2026-11.v2``. Raises
    CalendarError if the id names no window.
    """
    whole_id, _, _ = window_id.partition(".v")
    kind = windows.kind_of_id(whole_id)
    for line in lines:
        for terms in line.versions:
            if terms.window_kind != "calendar" or terms.window != kind:
                continue
            whole = windows.window_of_id(whole_id, terms.zone)
            for evaluated, span in calendar_windows(line, whole.start, whole.end, begun_before=True):
                if span.id == window_id:
                    return evaluated, span
    return None


def rolling_span(line: TermsHistory, terms: ServiceLevelTarget, at: int) -> Interval:
    """The interval that a rolling figure covers at an instant, within the term. For states and slices it ends at the
    start of the instant's minute; for sums by the minute, at that minute's end."""
    minute = at // MINUTE * MINUTE
    if _is_before_its_minute(terms):
        return max(line.begins_at, minute - terms.rolling_microseconds), minute
    begins = -(-line.begins_at // MINUTE) * MINUTE
    return max(begins, minute + MINUTE - terms.rolling_microseconds), minute + MINUTE


def evaluation_minute_of(terms: ServiceLevelTarget, span: Interval) -> int:
    """The minute since 1970 at which a rolling window with this span is evaluated."""
    return span[1] // MINUTE - (0 if _is_before_its_minute(terms) else 1)


def _is_before_its_minute(terms: ServiceLevelTarget) -> bool:
    is_of_states = terms.aggregation == "composite" and terms.parameters["of"] == STATES
    return terms.aggregation in STATED or terms.aggregation == "time_slices" or is_of_states


def calendar_windows(
    line: TermsHistory, start: int, end: int, *, begun_before: bool = False
) -> Iterator[tuple[ServiceLevelTarget, Window]]:
    """The windows that begin in ``[start, end)``, in order, each with the terms by which it is evaluated.
    ``begun_before``: also the window in which ``start`` lies."""
    at: int | None = max(start, line.begins_at)
    while at is not None and at < min(end, line.ends_at):
        span, terms = span_at(line, at), line.at(at)
        if span is None or terms is None:
            at = line.begins_after(at)
            continue
        if begun_before or span.start >= start:
            yield line.at(span.start) or terms, span
        at = span.end
