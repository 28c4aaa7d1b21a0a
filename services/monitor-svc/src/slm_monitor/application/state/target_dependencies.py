"""The sources of derived targets (indicators, targets and clocks), and the messages that are sent when these change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slm_chassis.log.partitioner import partition_of
from slm_events.aggregations import TICKETS
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.partition_step import DependencyChangeMessage
from slm_monitor.application.state.state_store import BEFORE_ALL_WINDOWS
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.lifecycle.target_state import NO_MINUTE, EvaluationChanges, TargetWindow
from slm_monitor.domain.terms import composite_terms
from slm_monitor.domain.terms.terms import ServiceLevelTarget, TermsNotEvaluable
from slm_monitor.domain.terms.terms_history import ClockHistory, TargetTermsHistory
from slm_monitor.domain.windows import compliance


@dataclass(frozen=True, slots=True)
class DirectDependencies:
    """The direct sources of a derived target: ``subjects`` of indicators, ids of ``targets``, and ids of per-ticket
    targets (``clocks``).
    """

    subjects: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    clocks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TransitiveDependencies:
    """All sources of a derived target, direct or through members that are derived too.

    These are the ``subjects`` of indicators, and the parties whose tickets the target counts.
    """

    subjects: frozenset[str] = frozenset()
    ticket_owners: frozenset[str] = frozenset()


class DerivedTargetDependencies:
    """The dependencies of all derived targets.

    Every partition knows all of them, because the members may lie in any partition.
    """

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._sources: dict[str, DirectDependencies] = {}
        self._of_subject: dict[str, set[str]] = {}
        self._of_target: dict[str, set[str]] = {}
        self._notified: dict[tuple[str, str], tuple[object, ...]] = {}
        self._indicators: dict[str, str] = {}
        self._ticket_owners: dict[str, str] = {}
        self._reached: dict[str, TransitiveDependencies] = {}

    def attach(self, lines: Sequence[TargetTermsHistory]) -> None:
        """Add the dependencies of one agreement's targets."""
        self._reached.clear()
        for line in lines:
            if line.latest.indicator is not None:
                self._indicators[line.target_id] = line.latest.indicator
            if isinstance(line, ClockHistory):
                self._ticket_owners[line.target_id] = line.latest.owner_party_id
        terms = [version for line in lines for version in line.versions]
        for each in terms:
            if each.kind.is_derived:
                # The target may depend on one that has failed or cannot be read. It is then set aside when its own
                # terms are attached.
                with suppress(TermsNotEvaluable):
                    self._add_sources(each, [other for other in terms if other.version == each.version])

    def _add_sources(self, terms: ServiceLevelTarget, others: Sequence[ServiceLevelTarget]) -> None:
        found, before = (
            find_direct_dependencies(terms, others),
            self._sources.get(terms.target_id, DirectDependencies()),
        )
        self._sources[terms.target_id] = DirectDependencies(
            found.subjects | before.subjects, found.targets | before.targets, found.clocks | before.clocks
        )
        for subject in found.subjects:
            self._of_subject.setdefault(subject, set()).add(terms.target_id)
        for target_id in found.targets | found.clocks:
            self._of_target.setdefault(target_id, set()).add(terms.target_id)

    def sources(self, target_id: str) -> DirectDependencies:
        return self._sources.get(target_id, DirectDependencies())

    def has_composites(self, subject: str) -> bool:
        """Return whether a composite of states has this indicator as a member."""
        return bool(self._of_subject.get(subject))

    def reached(self, target_id: str) -> TransitiveDependencies:
        """Return all sources of a derived target, through derived members too.

        The recursion ends because no target contains itself.
        """
        if target_id not in self._reached:
            own, self._reached[target_id] = self.sources(target_id), TransitiveDependencies()
            subjects = set(own.subjects) | {self._indicators[each] for each in own.targets if each in self._indicators}
            owners = {self._ticket_owners[each] for each in own.clocks if each in self._ticket_owners}
            for each in own.targets & self._sources.keys():
                inner = self.reached(each)
                subjects |= inner.subjects
                owners |= inner.ticket_owners
            self._reached[target_id] = TransitiveDependencies(frozenset(subjects), frozenset(owners))
        return self._reached[target_id]

    def news(self, touched: Mapping[str, int], changes: EvaluationChanges) -> list[DependencyChangeMessage]:
        """Return the messages to derived targets whose sources a step changed.

        ``touched``: indicator → instant from which its states changed.
        """
        if not self._sources:
            return []
        found: dict[str, int] = {}
        for subject, since in touched.items():
            _note(found, self._of_subject.get(subject, ()), since)
        for entry in changes.clocks.values():
            _note(found, self._of_target.get(entry.clock.target.target_id, ()), entry.since)
        for ticket in changes.tickets.values():
            if ticket.inconsistent is not None:
                for target_id in ticket.inconsistent.targets:
                    _note(found, self._of_target.get(target_id, ()), ticket.inconsistent.at)
        for target_id, *_ in changes.dropped_clocks:
            _note(found, self._of_target.get(target_id, ()), BEFORE_ALL_WINDOWS)
        for target_id, _ in changes.dropped_windows:
            _note(found, self._of_target.get(target_id, ()), BEFORE_ALL_WINDOWS)
        for breach in changes.breaches.values():
            _note(found, self._of_target.get(breach.target_id, ()), breach.certain_at)
        self._of_windows(changes.windows.values(), found)
        return self._addressed(found)

    def news_of(self, windows: Iterable[TargetWindow]) -> list[DependencyChangeMessage]:
        """Return messages to the derived targets that are made from these windows, whose figures were just saved."""
        found: dict[str, int] = {}
        self._of_windows(windows, found)
        return self._addressed(found)

    def _of_windows(self, windows: Iterable[TargetWindow], found: dict[str, int]) -> None:
        for window in windows:
            derived = self._of_target.get(window.target_id)
            if derived is None:
                continue
            if window.judged_to != NO_MINUTE:
                # Changes of a rolling window before the current minute are breaches, which are reported by themselves.
                content: tuple[object, ...] = (window.verdict,)
                since = window.judged_to * MINUTE
            else:
                content = (window.verdict, window.figure, window.closed_at, window.start, window.end)
                since = window.start
            if self._notified.get((window.target_id, window.window_id)) != content:
                self._notified[window.target_id, window.window_id] = content
                _note(found, derived, since)

    def _addressed(self, found: Mapping[str, int]) -> list[DependencyChangeMessage]:
        return [
            DependencyChangeMessage(partition_of(target_id, self._partitions), target_id, since)
            for target_id, since in sorted(found.items())
        ]


def _note(found: dict[str, int], targets: Iterable[str], since: UtcMicroseconds) -> None:
    for target_id in targets:
        found[target_id] = min(found.get(target_id, since), since)


def find_direct_dependencies(terms: ServiceLevelTarget, others: Sequence[ServiceLevelTarget]) -> DirectDependencies:
    """Return the direct sources of a derived target, by its terms and the other targets of the same version."""
    if terms.kind.source == TICKETS:
        named = compliance.read_compliance_target_key(terms.parameters)
        return DirectDependencies(clocks=frozenset(each.target_id for each in others if each.key == named))
    made = composite_terms.parse_composite_terms(terms, others)
    return DirectDependencies(made.subjects, frozenset(made.target_ids))
