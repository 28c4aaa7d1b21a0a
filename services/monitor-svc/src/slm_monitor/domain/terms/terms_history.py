"""The history of a target's terms: which version is in force at an instant, and when the target begins and ends."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Generic, TypeVar

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.terms.terms import ClockTarget, FigureTarget, ServiceLevelTarget, TargetTerms, parse_targets

TermsT = TypeVar("TermsT", bound=TargetTerms)

SPLIT = "split"
ALL = "*"
"""A key that stands for all targets of an agreement, in place of a target's id."""


class TermsHistory(Generic[TermsT]):
    """Versions of one target that are evaluated in the same way: same indicator, aggregation and kind of window.

    A calendar window follows the terms in force at its start, for its whole length. A rolling window follows the terms
    in force at the instant of evaluation.
    """

    def __init__(
        self,
        versions: Sequence[TermsT],
        ended_at: UtcMicroseconds | None = None,
        begins_at: UtcMicroseconds | None = None,
    ) -> None:
        self.versions = sorted(versions, key=lambda terms: (terms.effective_at, terms.version))
        self._starts = [terms.effective_at for terms in self.versions]
        self._ended_at = ended_at
        self.begins_at = self._starts[0] if begins_at is None else begins_at
        self.continues = begins_at is not None
        """Whether an earlier history of the same target, which was evaluated in a different way, precedes this one."""

    @property
    def latest(self) -> TermsT:
        return self.versions[-1]

    @property
    def target_id(self) -> str:
        return self.latest.target_id

    @property
    def key(self) -> tuple[str, int]:
        """The key of the history: (target id, first version).

        An amendment that changes how the target is evaluated begins another history, with another key.
        """
        return (self.target_id, self.versions[0].version)

    @property
    def fingerprint(self) -> str:
        """A text made from the version numbers, the beginning and the end of the history.

        If this text changes, the facts of the target must be counted again.
        """
        versions = ",".join(str(terms.version) for terms in self.versions)
        return f"{versions} {self.begins_at}-{self.ends_at}"

    @property
    def ends_at(self) -> UtcMicroseconds:
        """The end of the last version's term, or the instant of termination if that is earlier."""
        last = self.versions[-1].ends_at
        return last if self._ended_at is None else min(last, self._ended_at)

    def at(self, instant: UtcMicroseconds) -> TermsT | None:
        """Return the terms in force at an instant; None before the first version, from the end on, and in gaps."""
        position = bisect_right(self._starts, instant) - 1
        if position < 0 or not self.begins_at <= instant < self.ends_at:
            return None
        terms = self.versions[position]
        return terms if instant < terms.ends_at else None

    def cut_after(self, instant: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the next instant after ``instant`` at which an amendment with ``on_amendment: split`` cuts the open
        window; None if there is none.
        """
        return next(
            (
                terms.effective_at
                for terms in self.versions[1:]
                if terms.effective_at > instant and terms.on_amendment == SPLIT
            ),
            None,
        )

    def begins_after(self, instant: UtcMicroseconds) -> UtcMicroseconds | None:
        """Return the next instant after ``instant`` at which a version takes effect; None if there is none."""
        return next((start for start in self._starts if start > instant), None)

    def unbroken_until(self, instant: UtcMicroseconds) -> UtcMicroseconds:
        """Return the first instant, at or after ``instant``, at which no terms are in force."""
        position = max(bisect_right(self._starts, instant) - 1, 0)
        end = self.versions[position].ends_at
        for terms in self.versions[position + 1 :]:
            if terms.effective_at > end:
                break
            end = terms.ends_at
        return min(end, self.ends_at)

    def of_version(self, version: int) -> TermsT:
        """Return the terms of a version; the latest terms if this history does not have that version."""
        return next((terms for terms in self.versions if terms.version == version), self.latest)


class FigureHistory(TermsHistory[FigureTarget]):
    """Versions of a target that limits a figure."""

    def with_versions(self, versions: Sequence[FigureTarget]) -> FigureHistory:
        """Return a history with the same beginning and end, and with other versions."""
        return FigureHistory(versions, self._ended_at, self.begins_at)


class ClockHistory(TermsHistory[ClockTarget]):
    """Versions of a target that limits the time that a ticket takes."""


TargetTermsHistory = FigureHistory | ClockHistory


def create_terms_history(
    versions: Sequence[ServiceLevelTarget],
    ended_at: UtcMicroseconds | None = None,
    begins_at: UtcMicroseconds | None = None,
) -> TargetTermsHistory:
    """Return the history of these versions, which are evaluated in the same way: all limit figures, or all limit the
    time that a ticket takes.
    """
    of_figures = [terms for terms in versions if isinstance(terms, FigureTarget)]
    if of_figures:
        return FigureHistory(of_figures, ended_at, begins_at)
    return ClockHistory([terms for terms in versions if isinstance(terms, ClockTarget)], ended_at, begins_at)


def list_figure_histories(lines: Iterable[TargetTermsHistory]) -> list[FigureHistory]:
    """Return the histories of targets that limit a figure, in the same order."""
    return [line for line in lines if isinstance(line, FigureHistory)]


def build_terms_histories(
    versions: Sequence[Mapping[str, Any]], ended_at: UtcMicroseconds | None, only: str | None = None
) -> list[TargetTermsHistory]:
    """Return the terms histories of all targets in the versions of one agreement; with ``only``, the id of a target,
    the histories of this target alone. ``ended_at`` is the instant of the agreement's termination; None: it was not
    terminated.

    A target that a later version leaves out ends when that version takes effect. A target whose terms cannot be read in
    one version has no history at all: evaluation by its other versions alone is not what the parties signed.
    """
    by_target: dict[str, list[ServiceLevelTarget]] = {}
    parsed = _parse(versions, only)
    for _, targets in parsed:
        for terms in targets:
            by_target.setdefault(terms.target_id, []).append(terms)
    lines: list[TargetTermsHistory] = []
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


def _parse(
    versions: Sequence[Mapping[str, Any]], only: str | None
) -> list[tuple[UtcMicroseconds, list[ServiceLevelTarget]]]:
    """Return, for each version, when it takes effect, and the terms of its targets.

    Targets whose terms cannot be read in some version are left out.
    """
    try:
        return [(instants.from_text(each["effective_at"]), parse_targets(each, only=only)) for each in versions]
    except Exception:
        # The unreadable targets are found by parsing again. That is rare: terms are checked before they are signed.
        unread = explain_unreadable_targets(versions)
    if ALL in unread:
        return []
    return [(instants.from_text(version["effective_at"]), _without(version, unread, only)) for version in versions]


def explain_unreadable_targets(versions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return target id → why the target's terms cannot be read. The key ``ALL`` has the reason if no target of the
    agreement can be read.
    """
    found: dict[str, str] = {}
    for version in versions:
        try:
            instants.from_text(version["effective_at"])
            parse_targets(version)
        except Exception as error:
            found |= _unread(version) or {ALL: _because(error)}
    return found


def _unread(version: Mapping[str, Any]) -> dict[str, str]:
    """Return target id → the reason, for the targets of a version whose terms cannot be read.

    The result is empty if all targets can be read. It is also empty if a version has several targets and none can be
    read: the reason then lies outside the targets.
    """
    found = {}
    for target in version.get("targets") or ():
        try:
            parse_targets({**version, "targets": [target]})
        except Exception as error:
            found[str(target["target_id"])] = _because(error)
    return {} if len(found) == len(version.get("targets") or ()) > 1 else found


def _because(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _without(version: Mapping[str, Any], unread: Collection[str], only: str | None) -> list[ServiceLevelTarget]:
    """Parse a version's targets, except those whose ids are in ``unread``. With ``only``, parse only this target."""
    # A target's place decides which of the targets that match a ticket applies, so it stays what was signed.
    return [
        replace(terms, place=place)
        for place, target in enumerate(version["targets"])
        if target["target_id"] not in unread and only in (None, target["target_id"])
        for terms in parse_targets({**version, "targets": [target]})
    ]


def _split(versions: Sequence[ServiceLevelTarget], ended_at: UtcMicroseconds | None) -> list[TargetTermsHistory]:
    """Split the versions of a target into histories of consecutive versions that are evaluated in the same way."""
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
        lines.append(create_terms_history(group, ends, begins))
        begins = following
    return lines


def _way(terms: ServiceLevelTarget) -> tuple[str | None, ...]:
    """Return a key that is equal for two versions if they are evaluated in the same way.

    Two calendar windows of different kinds, such as month and quarter, have the same key. Two rolling windows of
    different lengths have different keys.
    """
    return (
        terms.indicator,
        terms.aggregation,
        terms.window_kind,
        terms.window if terms.window_kind == "rolling" else "",
    )


def _end_of_last_window(terms: ServiceLevelTarget, cut: UtcMicroseconds) -> UtcMicroseconds:
    """Return the end of a history that an amendment at ``cut`` replaces by another history.

    A window at fixed instants that began before the amendment is evaluated to its end under the terms of its start.
    """
    if terms.schedule is None or terms.effective_at >= cut:
        return cut
    last = terms.schedule.at(cut - 1)
    return cut if last is None else last.end
