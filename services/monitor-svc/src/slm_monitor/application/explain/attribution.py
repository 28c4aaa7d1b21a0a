"""Attribution of a window's downtime to the supporting agreements that caused it, from the record of facts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from slm_calendar.intervals import Interval
from slm_events.aggregations import ROLLING, STATES
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import ExplanationQuestion
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import FactHistoryStore, ParsedTermsCache, TargetIdentity
from slm_monitor.application.history.state_timelines import StateTimelines, is_composite_of_states
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.causes.attribution import (
    DowntimeAttribution,
    DowntimePiece,
    SupportGroup,
    attribute_downtime,
    join_target_states,
)
from slm_monitor.domain.states import availability, excluded_time, timeline
from slm_monitor.domain.states.availability import StateCountingPolicy
from slm_monitor.domain.states.short_outages import StretchedStates
from slm_monitor.domain.states.timeline import DOWN, UNKNOWN, UP, StateProvider, StateSegment
from slm_monitor.domain.terms.composite_terms import parse_composite_terms
from slm_monitor.domain.terms.terms import FigureTarget, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import FigureHistory, list_figure_histories

_UNCOUNTED = ("up", "removed")


class NotAttributed(ValueError):
    """The target is not about availability, so it has no downtime that supporting agreements could have caused."""


@dataclass(frozen=True, slots=True)
class NamedSupport:
    """A supporting agreement that one party of a signed version named.

    ``side``: which party, the provider or the customer. ``support_id``: the id by which the version refers to the
    supporting agreement.
    """

    support_id: str
    side: str
    agreement_id: str


@dataclass(frozen=True, slots=True)
class SignedChain:
    """The supporting agreements that one party of a signed version named, and how these agreements are combined."""

    supports: Sequence[NamedSupport]
    structure: SupportGroup


class SignedChainStore(Protocol):
    """The store of the supporting agreements of signed versions."""

    async def of_version(self, agreement_id: str, version: int) -> Sequence[SignedChain]:
        """Return one chain for each party of the version that named supporting agreements; the provider's chain comes
        first.
        """
        ...


@dataclass(frozen=True, slots=True)
class AttributedSupport:
    """A supporting agreement with its part of a downtime. ``terms``: None if monitor-svc does not have them."""

    named: NamedSupport
    terms: Mapping[str, Any] | None
    microseconds: Fraction
    unknown_microseconds: Fraction


@dataclass(frozen=True, slots=True)
class AttributedWindow:
    """The downtime of a window, split among the provider and the supporting agreements.

    ``is_chained``: whether the agreement's version that applies to the window names any supporting agreement.
    """

    terms: FigureTarget
    window_id: str
    span: Interval
    as_of: UtcMicroseconds
    own_microseconds: Fraction
    supports: Sequence[AttributedSupport] = field(default_factory=tuple)
    is_chained: bool = False
    disclosed: frozenset[str] = frozenset()
    """Ids of the supports whose terms the side that named them discloses to the other side."""

    @property
    def microseconds(self) -> Fraction:
        return self.own_microseconds + sum((each.microseconds for each in self.supports), Fraction(0))

    def find_largest_part(self) -> tuple[str | None, AttributedSupport | None]:
        """Return the party with the largest part of the downtime, and its supporting agreement with the largest part.

        The parts of all supporting agreements of one party are added up. If no party's part exceeds the part of the
        provider itself, the result is (provider, None). Party None stands for all suppliers that are not known.
        """
        provider = self.terms.provider_party_id
        totals: dict[str | None, Fraction] = {provider: self.own_microseconds}
        for each in self.supports:
            party = None if each.terms is None else str(each.terms["provider_party_id"])
            totals[party] = totals.get(party, Fraction(0)) + each.microseconds
        largest = max(totals, key=lambda party: (totals[party], party == provider, str(party)))
        if largest == provider:
            return provider, None
        mine = [each for each in self.supports if each.terms and each.terms["provider_party_id"] == largest]
        return largest, max(mine or self.supports, key=lambda each: (each.microseconds, each.named.support_id))


class DowntimeAttributor:
    """Attributes the downtime of windows. It reads each indicator once."""

    def __init__(
        self,
        record: FactHistoryStore,
        parsed: ParsedTermsCache,
        chains: SignedChainStore,
        known_at: UtcMicroseconds | None = None,
    ) -> None:
        self._record = record
        self._parsed = parsed
        self._chains = chains
        self._known_at = known_at
        self._timelines = StateTimelines(record, known_at)

    async def attribute_window(
        self, target: TargetIdentity, window: str | None, at: UtcMicroseconds | None, now: UtcMicroseconds
    ) -> AttributedWindow:
        """Split the downtime of a window, up to the present, among the provider and the supporting agreements.

        ``window`` and ``at`` name the window as in ``ExplanationQuestion``. Raises NoSuchWindow, CalendarError,
        NotAttributed and FactsNoLongerStored.
        """
        agreement = await self._record.agreement(target.agreement_id)
        lines = self._parsed.lines(agreement, target)
        present = now if self._known_at is None else min(now, self._known_at)
        asked = ExplanationQuestion(window, at, self._known_at)
        terms, span = explanation.find_window_of_question(lines, asked, present)
        others = self._targets_of_version(agreement, terms.version)
        if not _is_availability(terms):
            raise NotAttributed("only availability has downtime that supporting agreements can cause")
        for subject in _subjects(terms, others):
            await records.check_facts_are_stored(self._record, subject, span)
        states = await self._timelines.of_target(terms, others)
        excluded, _ = await records.read_excluded_time(self._record, terms, span, self._known_at)
        as_of = min(present, span[1])
        chains = await self._chains.of_version(terms.agreement_id, terms.version)
        named = [each for chain in chains for each in chain.supports]
        supporting = {each.support_id: await self._record.agreement(each.agreement_id) for each in named}
        stated = {name: await self._states_of_support(each, (span[0], as_of)) for name, each in supporting.items()}
        # A rolling window counts an outage that was long enough by its end, a calendar window one that is by now.
        known_at = as_of if terms.window_kind == ROLLING else present
        pieces = [] if states is None else list_downtime(terms, states, (span[0], as_of), excluded, known_at)
        found: DowntimeAttribution = await asyncio.to_thread(
            attribute_downtime, pieces, [each.structure for each in chains], stated
        )
        supports = tuple(
            AttributedSupport(
                each,
                next(reversed(supporting[each.support_id].versions), None),
                found.by_support.get(each.support_id, Fraction(0)),
                found.unknown.get(each.support_id, Fraction(0)),
            )
            for each in named
        )
        signed = next(each for each in agreement.versions if each["version"] == terms.version)
        disclosed = frozenset(
            str(each["support_id"]) for each in signed.get("supports") or () if each.get("disclose") == "terms"
        )
        window_id = window or explanation.name_window(lines, terms, span)
        return AttributedWindow(terms, window_id, span, as_of, found.own, supports, bool(chains), disclosed)

    async def _states_of_support(self, agreement: AgreementTerms, span: Interval) -> list[StateSegment]:
        """Return the states of a supporting agreement: the joined states of its availability targets without group_by.

        Its service hours and exclusions are ignored. A supporting agreement that is down at night, outside its service
        hours, is down.
        """
        if not agreement.versions:
            return []
        stated = []
        for histories in self._parsed.histories_by_target(agreement).values():
            for history in list_figure_histories(histories):
                if not history.latest.group_by:
                    stated.append(await self._states_of_history(agreement, history, span))
        return join_target_states(stated)

    async def _states_of_history(
        self, agreement: AgreementTerms, history: FigureHistory, span: Interval
    ) -> list[StateSegment]:
        found: list[StateSegment] = []
        starts = [max(history.begins_at, terms.effective_at) for terms in history.versions]
        for terms, begins, ends in zip(history.versions, starts, [*starts[1:], history.ends_at], strict=True):
            start, end = max(begins, span[0]), min(ends, terms.ends_at, history.ends_at, span[1])
            if start >= end or not _is_availability(terms):
                continue
            states = await self._timelines.of_target(terms, self._targets_of_version(agreement, terms.version))
            policy = StateCountingPolicy(terms.unknown, terms.degraded)
            if states is not None:
                found += [each._replace(state=_as_support(each, policy)) for each in states.segments(start, end)]
        return found

    def _targets_of_version(self, agreement: AgreementTerms, version: int) -> list[ServiceLevelTarget]:
        return [
            terms
            for histories in self._parsed.histories_by_target(agreement).values()
            for each in histories
            for terms in each.versions
            if terms.version == version
        ]


def list_downtime(
    terms: FigureTarget,
    states: StateProvider,
    span: Interval,
    excluded: Sequence[Interval],
    as_of: UtcMicroseconds,
) -> list[DowntimePiece]:
    """Return the time within ``span`` that counts as downtime in the target's figure.

    Only service time that is not excluded counts. Degraded time counts in part, as the terms say. An outage that the
    terms ignore while it is short counts if it is long enough by ``as_of``.
    """
    if span[0] >= span[1]:
        return []
    policy = StateCountingPolicy(terms.unknown, terms.degraded)
    segments, hours = excluded_time.apply_exclusions_to_states(
        StretchedStates(states, terms, excluded).label(*span).as_of(as_of),
        terms.hours.intervals(*span),
        excluded,
        terms,
    )
    return [
        DowntimePiece(each.start, each.end, Fraction(1) if counts == DOWN else 1 - Fraction(counts))
        for each in availability.clip_segments_to_service_hours(segments, hours)
        if (counts := policy.counts_as(each.state)) not in _UNCOUNTED
    ]


def _as_support(each: StateSegment, policy: StateCountingPolicy) -> str:
    """Return how a state of a supporting agreement counts when downtime is attributed: up, down or unknown.

    ``policy``: how the supporting agreement's own terms count unknown and degraded time. If they count degraded time
    as downtime, wholly or in part, it is down here; if not, it is up.
    """
    counts = policy.counts_as(each.state)
    if counts not in _UNCOUNTED:
        return DOWN
    return UNKNOWN if counts == "removed" and each.state == timeline.UNKNOWN else UP


def _is_availability(terms: ServiceLevelTarget) -> bool:
    return (terms.kind.source == STATES and not terms.kind.is_number) or is_composite_of_states(terms)


def _subjects(terms: ServiceLevelTarget, others: Sequence[ServiceLevelTarget]) -> Sequence[str]:
    """Return the indicators from whose states a target is evaluated."""
    if terms.indicator is not None:
        return [terms.indicator]
    return sorted(parse_composite_terms(terms, others).subjects)
