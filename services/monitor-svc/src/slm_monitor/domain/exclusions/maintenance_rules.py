"""The rules of planned maintenance: approved time is excluded only with enough notice, and only up to the cap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar import durations, intervals, windows
from slm_calendar.intervals import Interval
from slm_events import instants
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.domain.terms.terms import ServiceLevelTarget

PLANNED = "planned"
KINDS = (PLANNED, "force_majeure", "customer_caused", "claim")
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class ExclusionScope:
    """The services, indicators and targets of an agreement that an exclusion applies to; the whole agreement if none is
    named. ``indicators`` holds the subjects of the indicators, ``<owner party>/<key>``.
    """

    services: frozenset[str] = frozenset()
    indicators: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    def covers(self, terms: ServiceLevelTarget) -> bool:
        """Whether the exclusion applies to a target with these terms."""
        if not (self.services or self.indicators or self.targets):
            return True
        return (
            terms.service_id in self.services
            or (terms.indicator is not None and terms.indicator in self.indicators)
            or terms.target_id in self.targets
            or (terms.instance_of is not None and terms.instance_of in self.targets)
        )


@dataclass(frozen=True, slots=True)
class ApprovedExclusion:
    """An approved exclusion with its recurrence resolved to intervals. ``announced_at`` decides whether planned
    maintenance had enough notice.
    """

    exclusion_id: str
    agreement_id: str
    kind: str
    intervals: tuple[Interval, ...]
    scope: ExclusionScope
    announced_at: UtcMicroseconds
    decided_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class PlannedMaintenanceRules:
    """The limits of planned maintenance in one version of an agreement, in microseconds; None: no limit.

    ``notice``: how long ahead maintenance must be announced. ``cap``: how much maintenance can be excluded in each
    calendar window of the kind ``per``, in the time zone ``zone``.
    """

    effective_at: UtcMicroseconds
    zone: str
    notice: int | None = None
    cap: int | None = None
    per: str = "month"


@dataclass(frozen=True, slots=True)
class UncountedExclusionTime:
    """An interval that was approved but is not excluded. ``cause`` is ``announced_late`` or ``past_cap``."""

    interval: Interval
    cause: str
    detail: str

    def document(self) -> dict[str, str]:
        return {
            "from": to_text(self.interval[0]),
            "to": to_text(self.interval[1]),
            "cause": self.cause,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class EffectiveExclusion:
    """The approved intervals of an exclusion: ``intervals`` are excluded, ``uncounted`` are not excluded."""

    intervals: tuple[Interval, ...]
    uncounted: tuple[UncountedExclusionTime, ...] = ()


def parse_maintenance_rules(finalized: Mapping[str, Any]) -> PlannedMaintenanceRules:
    """Parse ``planned_maintenance: {"notice": "P5D", "cap": {"hours": "8", "per": "month"}}`` of an
    AgreementFinalized.
    """
    written = finalized.get("planned_maintenance") or {}
    cap = written.get("cap")
    return PlannedMaintenanceRules(
        instants.from_text(finalized["effective_at"]),
        finalized["timezone"],
        durations.from_iso(written["notice"], "planned_maintenance.notice") if written.get("notice") else None,
        int(Fraction(str(cap["hours"])) * _HOUR) if cap else None,
        cap.get("per", "month") if cap else "month",
    )


def compute_effective_exclusions(
    approved: Iterable[ApprovedExclusion], versions: Sequence[Mapping[str, Any]]
) -> dict[str, EffectiveExclusion]:
    """Return, by exclusion id, the excluded intervals and the uncounted intervals of each approved exclusion.

    All exclusions are of one agreement. Only planned maintenance is limited. Its cap is spent in the order of approval.
    Each interval follows the rules of the version that is in force at the start of the interval.
    """
    rules = sorted((parse_maintenance_rules(version) for version in versions), key=lambda each: each.effective_at)
    used: dict[tuple[str, int], list[Interval]] = {}
    found: dict[str, EffectiveExclusion] = {}
    for exclusion in sorted(approved, key=lambda each: (each.decided_at, each.exclusion_id)):
        if exclusion.kind != PLANNED or not rules:
            found[exclusion.exclusion_id] = EffectiveExclusion(tuple(intervals.union(exclusion.intervals)))
            continue
        counts: list[Interval] = []
        uncounted: list[UncountedExclusionTime] = []
        for interval in exclusion.intervals:
            rule = next((each for each in reversed(rules) if each.effective_at <= interval[0]), rules[0])
            late = _late(interval, exclusion.announced_at, rule)
            if late is not None:
                uncounted.append(late)
                continue
            for window in windows.windows_between(rule.per, rule.zone, *interval):
                part = (max(interval[0], window.start), min(interval[1], window.end))
                within = _within(part, used.setdefault((rule.per, window.start), []), rule, counts)
                uncounted += _past(part, within, rule, window.id)
        found[exclusion.exclusion_id] = EffectiveExclusion(tuple(intervals.union(counts)), tuple(uncounted))
    return found


def _late(
    interval: Interval, announced_at: UtcMicroseconds, rule: PlannedMaintenanceRules
) -> UncountedExclusionTime | None:
    if rule.notice is None or interval[0] - announced_at >= rule.notice:
        return None
    ahead = durations.to_iso(interval[0] - announced_at)
    return UncountedExclusionTime(
        interval, "announced_late", f"announced {ahead} ahead, the agreement wants {durations.to_iso(rule.notice)}"
    )


def _within(
    part: Interval, used: list[Interval], rule: PlannedMaintenanceRules, counts: list[Interval]
) -> UtcMicroseconds:
    """Spend the remaining cap on this interval; return the instant at which the cap runs out, or the interval's end.

    Time that is already excluded is not charged twice.
    """
    if rule.cap is None:
        counts.append(part)
        return part[1]
    left, reached = rule.cap - intervals.total_length(used), part[1]
    for start, end in intervals.subtract([part], used):
        if end - start > left:
            reached = start + left
            break
        left -= end - start
    if reached > part[0]:
        counts.append((part[0], reached))
        used[:] = intervals.union(used, [(part[0], reached)])
    return reached


def _past(part: Interval, reached: int, rule: PlannedMaintenanceRules, window_id: str) -> list[UncountedExclusionTime]:
    if reached >= part[1] or rule.cap is None:
        return []
    allowed = durations.to_iso(rule.cap)
    return [
        UncountedExclusionTime(
            (reached, part[1]), "past_cap", f"the agreement allows {allowed} a {rule.per}: {window_id} is full"
        )
    ]
