"""The approved exclusions of a partition's agreements: the excluded time of each target, and the changes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slm_calendar import intervals
from slm_calendar.intervals import Interval
from slm_monitor.application.state.loaded_partition import AgreementTerms
from slm_monitor.domain.exclusions import maintenance_rules
from slm_monitor.domain.exclusions.maintenance_rules import EffectiveExclusion, Exclusion
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory

_NOTHING = EffectiveExclusion(())
CAUSE = "exclusion"
"""The cause of a restatement that follows from an exclusion."""


class ExclusionIndex:
    """Approved exclusions by agreement. The same exclusions give the same excluded time in whatever order they
    arrived."""

    def __init__(self, agreements: Iterable[AgreementTerms] = (), approved: Iterable[Exclusion] = ()) -> None:
        by_agreement: dict[str, list[Exclusion]] = {}
        for each in approved:
            by_agreement.setdefault(each.agreement_id, []).append(each)
        self._counting: dict[str, list[tuple[Exclusion, EffectiveExclusion]]] = {}
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
        approved: Sequence[Exclusion],
        since: int | None = None,
    ) -> ExclusionChange:
        """Replace the terms or exclusions of an agreement; ``since`` is the earliest instant at which anything changed,
        if known.

        The first message about an agreement after a restart needs ``since``: the partition may have loaded the new
        exclusions already without having evaluated by them. The comparison with what it holds then finds no change, so
        ``since`` is taken as the instant of change.
        """
        before = self._counting.get(agreement_id, [])
        self._replace(agreement_id, versions, approved)
        after = self._counting[agreement_id]
        if since is None or agreement_id in self._updated:
            return ExclusionChange(agreement_id, before, after)
        self._updated.add(agreement_id)
        return ExclusionChange(agreement_id, before, after, since)

    def _replace(self, agreement_id: str, versions: Sequence[Mapping[str, Any]], approved: Sequence[Exclusion]) -> None:
        counts = maintenance_rules.effective_exclusions(approved, versions) if approved else {}
        self._counting[agreement_id] = [(each, counts[each.exclusion_id]) for each in approved]
        for key in [key for key in self._of_terms if key[0] == agreement_id]:
            del self._of_terms[key]
            self._minutes.pop(key, None)
        self._named.clear()

    def intervals_of(self, terms: ServiceLevelTarget) -> list[Interval]:
        """The excluded time of a target's terms: sorted, disjoint intervals ``[start, end)`` in µs."""
        key = (terms.agreement_id, terms.target_id, terms.version)
        found = self._of_terms.get(key)
        if found is None:
            counting = self._counting.get(terms.agreement_id, ())
            found = intervals.union(*(counts.intervals for each, counts in counting if each.scope.covers(terms)))
            self._of_terms[key] = found
        return found

    def named_in(self, terms: ServiceLevelTarget, start: int, end: int) -> list[dict[str, Any]]:
        """The exclusions in a window of a target, as documents: the seconds of each that count, and which parts do not
        and why.

        Where exclusions overlap, each has its full seconds, so that their sum may exceed the excluded time.
        """
        if not self._counting.get(terms.agreement_id):
            return []
        key = (terms.agreement_id, terms.target_id, terms.version, start, end)
        known = self._named.get(key)
        if known is None:
            known = self._named[key] = self._names(terms, start, end)
        return known

    def _names(self, terms: ServiceLevelTarget, start: int, end: int) -> list[dict[str, Any]]:
        covering = [pair for pair in self._counting.get(terms.agreement_id, ()) if pair[0].scope.covers(terms)]
        return exclusions_in_window(covering, start, end)

    def minutes_of(self, terms: ServiceLevelTarget) -> list[Interval]:
        """The excluded time of a target's terms in minutes since 1970, as ``[first, after the last)``. A minute is
        excluded if its start is, because rows are summed by the minute."""
        key = (terms.agreement_id, terms.target_id, terms.version)
        found = self._minutes.get(key)
        if found is None:
            found = self._minutes[key] = [
                (first, last)
                for start, end in self.intervals_of(terms)
                if (first := -(-start // MINUTE)) < (last := -(-end // MINUTE))
            ]
        return found

    def fingerprint_of(self, line: TermsHistory) -> str:
        """A text that is equal exactly if the excluded minutes of a target are. Sums made under another text are made
        again."""
        return " ".join(f"{start}-{end}" for terms in line.versions for start, end in self.minutes_of(terms))


def exclusions_in_window(
    counting: Iterable[tuple[Exclusion, EffectiveExclusion]], start: int, end: int
) -> list[dict[str, Any]]:
    """The exclusions in a window, as documents sorted by id: the seconds of each that count, and which parts do not and
    why."""
    found = [
        {
            "exclusion_id": exclusion.exclusion_id,
            "kind": exclusion.kind,
            "seconds": intervals.total(intervals.clip(counts.intervals, start, end)) // 1_000_000,
            "uncounted": [each.document() for each in counts.uncounted if intervals.clip([each.interval], start, end)],
        }
        for exclusion, counts in counting
        if intervals.clip(exclusion.intervals, start, end)
    ]
    return sorted(found, key=lambda each: str(each["exclusion_id"]))


class ExclusionChange:
    """The difference between two sets of exclusions of one agreement, as it affects targets.

    A figure also names the exclusions in its window and what of them does not count, so a difference in either
    affects it.
    """

    def __init__(
        self,
        agreement_id: str,
        before: Iterable[tuple[Exclusion, EffectiveExclusion]],
        after: Iterable[tuple[Exclusion, EffectiveExclusion]],
        since: int | None = None,
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

    def since(self, line: TermsHistory) -> int | None:
        """The first instant from which the excluded time of a target differs, in µs; None where nothing differs."""
        if line.latest.agreement_id != self.agreement_id:
            return None
        found = [at for scope, at in self._firsts if any(scope.covers(terms) for terms in line.versions)]
        if self._at_the_earliest is not None:
            found.append(self._at_the_earliest)
        return min(found, default=None)


def _first(before: EffectiveExclusion, after: EffectiveExclusion) -> int | None:
    """The first instant at which an exclusion counts on one side only, or does not count for another reason; None if
    equal."""
    differing = intervals.subtract(before.intervals, after.intervals)
    differing += intervals.subtract(after.intervals, before.intervals)
    differing += [each.interval for each in set(before.uncounted) ^ set(after.uncounted)]
    return min((start for start, _ in differing), default=None)
