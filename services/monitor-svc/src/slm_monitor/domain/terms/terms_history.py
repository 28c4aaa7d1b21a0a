"""The line of a target's terms through time: which version holds at an instant, and where it all begins and ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from slm_calendar import windows
from slm_events import instants
from slm_monitor.domain.terms.terms import ServiceLevelTarget, parse_targets

SPLIT = "split"
ALL = "*"
"""In the place of a target's id: all of an agreement's targets."""


class TermsHistory:
    """Versions of one target that are judged in the same way: by the same indicator, aggregation and kind of window.

    A calendar window is judged wholly by the terms of its start; a rolling one by those of the instant of judging.
    """

    def __init__(
        self, versions: Sequence[ServiceLevelTarget], ended_at: int | None = None, begins_at: int | None = None
    ) -> None:
        self.versions = sorted(versions, key=lambda terms: (terms.effective_at, terms.version))
        self._starts = [terms.effective_at for terms in self.versions]
        self._ended_at = ended_at
        self.begins_at = self._starts[0] if begins_at is None else begins_at
        self.continues = begins_at is not None
        """Whether another line of the target came before it, judged in another way."""

    @property
    def latest(self) -> ServiceLevelTarget:
        return self.versions[-1]

    @property
    def target_id(self) -> str:
        return self.latest.target_id

    @property
    def key(self) -> tuple[str, int]:
        """Which line of the target it is: another begins where an amendment has it judged in another way."""
        return (self.target_id, self.versions[0].version)

    @property
    def fingerprint(self) -> str:
        """Tells lines apart by which facts are counted in what way: what was counted by another is counted again."""
        versions = ",".join(str(terms.version) for terms in self.versions)
        return f"{versions} {self.begins_at}-{self.ends_at}"

    @property
    def ends_at(self) -> int:
        """The end of the last version's term, or the earlier instant at which it was terminated."""
        last = self.versions[-1].ends_at
        return last if self._ended_at is None else min(last, self._ended_at)

    def at(self, instant: int) -> ServiceLevelTarget | None:
        """The terms in force at an instant; None before the first, from the end on, and between two terms."""
        position = bisect_right(self._starts, instant) - 1
        if position < 0 or not self.begins_at <= instant < self.ends_at:
            return None
        terms = self.versions[position]
        return terms if instant < terms.ends_at else None

    def cut_after(self, instant: int) -> int | None:
        """The next instant at which an amendment cuts the window that is open then."""
        return next(
            (
                terms.effective_at
                for terms in self.versions[1:]
                if terms.effective_at > instant and terms.on_amendment == SPLIT
            ),
            None,
        )

    def begins_after(self, instant: int) -> int | None:
        """The next instant at which a version takes effect."""
        return next((start for start in self._starts if start > instant), None)

    def unbroken_until(self, instant: int) -> int:
        """The first instant from this one on at which no terms are in force."""
        position = max(bisect_right(self._starts, instant) - 1, 0)
        end = self.versions[position].ends_at
        for terms in self.versions[position + 1 :]:
            if terms.effective_at > end:
                break
            end = terms.ends_at
        return min(end, self.ends_at)

    def with_versions(self, versions: Sequence[ServiceLevelTarget]) -> TermsHistory:
        """A line of the same stretch with other terms."""
        return TermsHistory(versions, self._ended_at, self.begins_at)

    def of_version(self, version: int) -> ServiceLevelTarget:
        """The terms of a version; the latest where that version is not of this line."""
        return next((terms for terms in self.versions if terms.version == version), self.latest)


def lines_of(versions: Sequence[Mapping[str, Any]], ended_at: int | None) -> list[TermsHistory]:
    """The terms lines of an agreement's targets. A target that a later version leaves out ends as that takes effect.

    One whose terms cannot be read in some version has none: by the others it would be judged in another way than was
    signed.
    """
    by_target: dict[str, list[ServiceLevelTarget]] = {}
    unread = unread_of(versions)
    parsed = (
        []
        if ALL in unread
        else [(instants.from_text(version["effective_at"]), _readable(version, unread)) for version in versions]
    )
    for _, targets in parsed:
        for terms in targets:
            by_target.setdefault(terms.target_id, []).append(terms)
    lines = []
    for target_id, terms_versions in by_target.items():
        last = terms_versions[-1].effective_at
        dropped = [
            effective
            for effective, targets in parsed
            if effective > last and all(terms.target_id != target_id for terms in targets)
        ]
        ends = [end for end in (ended_at, min(dropped, default=None)) if end is not None]
        lines += _split(terms_versions, min(ends, default=None))
    return lines


def unread_of(versions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Target → why its signed terms cannot be read; ``ALL``: why none of the agreement's can."""
    found: dict[str, str] = {}
    for version in versions:
        try:
            instants.from_text(version["effective_at"])
            parse_targets(version)
        except Exception as error:
            found |= _unread(version) or {ALL: _because(error)}
    return found


def _unread(version: Mapping[str, Any]) -> dict[str, str]:
    """Those of a version's targets that cannot be read; none where something else of it is what cannot be."""
    found = {}
    for target in version.get("targets") or ():
        try:
            parse_targets({**version, "targets": [target]})
        except Exception as error:
            found[str(target["target_id"])] = _because(error)
    return {} if len(found) == len(version.get("targets") or ()) > 1 else found


def _because(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _readable(version: Mapping[str, Any], unread: Collection[str]) -> list[ServiceLevelTarget]:
    if not unread:
        return parse_targets(version)
    # A target's place is its rank among those that match a ticket: it stays what was signed.
    return [
        replace(terms, place=place)
        for place, target in enumerate(version["targets"])
        if target["target_id"] not in unread
        for terms in parse_targets({**version, "targets": [target]})
    ]


def _split(versions: Sequence[ServiceLevelTarget], ended_at: int | None) -> list[TermsHistory]:
    """A line for each stretch of versions that are judged in the same way."""
    ordered = sorted(versions, key=lambda terms: (terms.effective_at, terms.version))
    groups = [[ordered[0]]]
    for before, terms in pairwise(ordered):
        if _way(terms) == _way(before):
            groups[-1].append(terms)
        else:
            groups.append([terms])
    lines = []
    begins: int | None = None
    for number, group in enumerate(groups):
        ends = ended_at
        following: int | None = None
        if number + 1 < len(groups):
            cut = groups[number + 1][0].effective_at
            is_cut = groups[number + 1][0].on_amendment == SPLIT
            ends = cut if is_cut else _end_of_last_window(group[-1], cut)
            following = ends if groups[number + 1][0].window_kind == "calendar" else cut
            ends = ends if ended_at is None else min(ends, ended_at)
        lines.append(TermsHistory(group, ends, begins))
        begins = following
    return lines


def _way(terms: ServiceLevelTarget) -> tuple[str | None, ...]:
    return (
        terms.indicator,
        terms.aggregation,
        terms.window_kind,
        terms.window if terms.window_kind == "rolling" else "",
    )


def _end_of_last_window(terms: ServiceLevelTarget, cut: int) -> int:
    """A calendar window begun before the amendment is judged to its end by the terms of its start."""
    if terms.window_kind != "calendar" or terms.effective_at >= cut:
        return cut
    return windows.window_at(terms.window, terms.zone, cut - 1).end  # type: ignore[arg-type]
