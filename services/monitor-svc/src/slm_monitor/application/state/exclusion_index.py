"""The approved exclusions of a partition's agreements: the excluded time of each target, and changes of that time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.exclusions.maintenance_rules import ApprovedExclusion, EffectiveExclusion
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TargetTermsHistory

_NOTHING = EffectiveExclusion(())
CAUSE = "exclusion"
"""The cause that a restatement names if it follows from an exclusion."""


class ExclusionIndex:
    """Approved exclusions by agreement.

    The same exclusions give the same excluded time in whatever order they arrived.
    """

    def __init__(self, agreements: Iterable[AgreementTerms] = (), approved: Iterable[ApprovedExclusion] = ()) -> None:
        by_agreement: dict[str, list[ApprovedExclusion]] = {}
        for each in approved:
            by_agreement.setdefault(each.agreement_id, []).append(each)
        self._counting: dict[str, list[tuple[ApprovedExclusion, EffectiveExclusion]]] = {}
        self._updated: set[str] = set()
        self._of_terms: dict[tuple[str, str, int], list[Interval]] = {}
        self._minutes: dict[tuple[str, str, int], list[Interval]] = {}
        self._named: dict[tuple[str, str, int, int, int], list[dict[str, Any]]] = {}
        for agreement in agreements:
            self._replace(agreement.agreement_id, agreement.versions, by_agreement.get(agreement.agreement_id, ()))

    def update(
        self,
        agreement_id: str,
        versions: Sequence[Mapping[str, Any]],
        approved: Sequence[ApprovedExclusion],
        since: UtcMicroseconds | None = None,
    ) -> ExclusionChange:
        """Replace the terms or exclusions of an agreement; return how the excluded time of its targets changes.

        ``since``: the earliest instant at which an exclusion changed, if known. Only the first message about an
        agreement after a restart needs it, because the partition may have loaded the new exclusions already. Then a
        comparison finds no change, although no window has been evaluated by the new exclusions.
        """
        before = self._counting.get(agreement_id, [])
        self._replace(agreement_id, versions, approved)
        after = self._counting[agreement_id]
        if since is None or agreement_id in self._updated:
            return ExclusionChange(agreement_id, before, after)
        self._updated.add(agreement_id)
        return ExclusionChange(agreement_id, before, after, since)

    def _replace(
        self, agreement_id: str, versions: Sequence[Mapping[str, Any]], approved: Sequence[ApprovedExclusion]
    ) -> None:
        counts = maintenance_rules.compute_effective_exclusions(approved, versions) if approved else {}
        self._counting[agreement_id] = [(each, counts[each.exclusion_id]) for each in approved]
        for key in [key for key in self._of_terms if key[0] == agreement_id]:
            del self._of_terms[key]
            self._minutes.pop(key, None)
        self._named.clear()

    def intervals_of(self, terms: ServiceLevelTarget) -> list[Interval]:
        """Return the excluded time of a target's terms: sorted, disjoint intervals ``[start, end)`` in µs."""
        key = (terms.agreement_id, terms.target_id, terms.version)
        found = self._of_terms.get(key)
        if found is None:
            counting = self._counting.get(terms.agreement_id, ())
            found = intervals.union(*(counts.intervals for each, counts in counting if each.scope.covers(terms)))
            self._of_terms[key] = found
        return found

    def named_in(self, terms: ServiceLevelTarget, start: UtcMicroseconds, end: UtcMicroseconds) -> list[dict[str, Any]]:
        """Return as JSON the exclusions with time in a target's window. Each has its excluded seconds, and the parts of
        its time that do not count as excluded, with the reasons.

        If exclusions overlap, each has its full seconds, so that their sum may exceed the excluded time.
        """
        if not self._counting.get(terms.agreement_id):
            return []
        key = (terms.agreement_id, terms.target_id, terms.version, start, end)
        known = self._named.get(key)
        if known is None:
            known = self._named[key] = self._names(terms, start, end)
        return known

    def _names(self, terms: ServiceLevelTarget, start: UtcMicroseconds, end: UtcMicroseconds) -> list[dict[str, Any]]:
        covering = [pair for pair in self._counting.get(terms.agreement_id, ()) if pair[0].scope.covers(terms)]
        return list_exclusions_in_window(covering, start, end)

    def minutes_of(self, terms: ServiceLevelTarget) -> list[Interval]:
        """Return the excluded time of a target's terms in minutes since 1970, as intervals ``[first, after the last)``.

        A minute is excluded if its first instant is excluded, because rows are summed by the minute.
        """
        key = (terms.agreement_id, terms.target_id, terms.version)
        found = self._minutes.get(key)
        if found is None:
            found = self._minutes[key] = [
                (first, last)
                for start, end in self.intervals_of(terms)
                if (first := -(-start // MINUTE)) < (last := -(-end // MINUTE))
            ]
        return found

    def fingerprint_of(self, line: TargetTermsHistory) -> str:
        """Return a text that is the same if and only if the excluded minutes of a target are the same.

        Sums that were made with another fingerprint must be made again.
        """
        return " ".join(f"{start}-{end}" for terms in line.versions for start, end in self.minutes_of(terms))


def list_exclusions_in_window(
    counting: Iterable[tuple[ApprovedExclusion, EffectiveExclusion]], start: UtcMicroseconds, end: UtcMicroseconds
) -> list[dict[str, Any]]:
    """Return as JSON the exclusions with time in a window, sorted by id. Each has its excluded seconds, and the parts
    of its time that do not count as excluded, with the reasons.
    """
    found = [
        {
            "exclusion_id": exclusion.exclusion_id,
            "kind": exclusion.kind,
            "seconds": intervals.total_length(intervals.clip(counts.intervals, start, end)) // 1_000_000,
            "uncounted": [each.document() for each in counts.uncounted if intervals.clip([each.interval], start, end)],
        }
        for exclusion, counts in counting
        if intervals.clip(exclusion.intervals, start, end)
    ]
    return sorted(found, key=lambda each: str(each["exclusion_id"]))


class ExclusionChange:
    """The difference that a change of an agreement's exclusions makes to its targets.

    A figure also names each exclusion in its window, and the part of the exclusion's time that does not count as
    excluded. A change of such an exclusion or part is a difference, even if the total excluded time stays the same.
    """

    def __init__(
        self,
        agreement_id: str,
        before: Iterable[tuple[ApprovedExclusion, EffectiveExclusion]],
        after: Iterable[tuple[ApprovedExclusion, EffectiveExclusion]],
        since: UtcMicroseconds | None = None,
    ) -> None:
        self.agreement_id = agreement_id
        self._at_the_earliest = since
        earlier, later = (
            {(each.exclusion_id, each.scope): counts for each, counts in held} for held in (before, after)
        )
        moved = {
            name: _first(earlier.get(name, _NOTHING), later.get(name, _NOTHING))
            for name in earlier.keys() | later.keys()
        }
        self._firsts = [(scope, at) for (_, scope), at in moved.items() if at is not None]

    def since(self, line: TargetTermsHistory) -> UtcMicroseconds | None:
        """Return the first instant (µs) from which the excluded time of a target differs; None if nothing differs."""
        if line.latest.agreement_id != self.agreement_id:
            return None
        found = [at for scope, at in self._firsts if any(scope.covers(terms) for terms in line.versions)]
        if self._at_the_earliest is not None:
            found.append(self._at_the_earliest)
        return min(found, default=None)


def _first(before: EffectiveExclusion, after: EffectiveExclusion) -> UtcMicroseconds | None:
    """Return the first instant at which the two differ; None if they do not.

    They differ where only one of them excludes the time, or where they give different reasons not to exclude it.
    """
    differing = intervals.subtract(before.intervals, after.intervals)
    differing += intervals.subtract(after.intervals, before.intervals)
    differing += [each.interval for each in set(before.uncounted) ^ set(after.uncounted)]
    return min((start for start, _ in differing), default=None)
