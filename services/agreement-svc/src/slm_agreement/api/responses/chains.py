"""Response models of chain previews: the combined effect of supporting promises."""

from __future__ import annotations

from slm_chassis.http.response_models import ABSENT, Answer, Instant


class AvailabilityChainResponse(Answer):
    """Whether the supporting agreements together achieve the promised availability."""

    achievable_percent: str
    """Availability that the supporting agreements achieve together, in percent (exact fraction as text, such as
    `9989/100`)
    """
    holds: bool
    """Whether this availability is at least the promised one"""
    needed: dict[str, str | None] = ABSENT
    """If `holds` is false: supporting agreement → percent that it would have to promise if the others stay unchanged
    (exact fraction as text). Above 100, this agreement alone cannot be enough. Null: its promise makes no difference,
    or it occurs several times in the structure
    """


class DurationChainResponse(Answer):
    """Whether the sum of the supporting agreements' durations, along the path in the request, is short enough."""

    sum: str
    """Sum of the durations along the path (ISO 8601 duration)"""
    holds: bool
    """Whether the sum is at most the promised duration"""
    short_by: str = ABSENT
    """If `holds` is false: by how much the sum is longer than the promised duration (ISO 8601 duration)"""


class NormalWeekGap(Answer):
    """Required service hours that the supporting hours lack in a week without holidays and other exceptions."""

    uncovered_seconds: int
    """Length of all gaps of the week, in seconds"""
    uncovered: dict[str, list[list[str]]]
    """Weekdays such as `mon-fri` → gaps as pairs of local times (`HH:MM`) of the required hours"""


class HoursChainResponse(Answer):
    """Whether the supporting service hours cover the required ones."""

    contained: bool
    """Whether the required hours are covered without a gap"""
    uncovered_seconds: int
    """Length of all gaps, in seconds"""
    normal_week: NormalWeekGap
    """The gaps of a normal week"""
    uncovered: list[list[Instant]]
    """The first 1,000 gaps as pairs of instants, the second excluded"""


class TermChainResponse(Answer):
    """Whether the supporting agreements cover every day of the term."""

    covers: bool
    """Whether every day is covered"""
    first_uncovered_day: str | None
    """The first day that no supporting agreement covers (`YYYY-MM-DD`); null: all are covered"""


class RecoveryChainResponse(Answer):
    """Whether the supporting agreements together keep the promised recovery time and recovery point."""

    rto: str
    """Time until everything is restored (ISO 8601 duration)"""
    rto_holds: bool
    """Whether `rto` is at most the promised recovery time"""
    rpo: str
    """The largest data loss, as time (ISO 8601 duration)"""
    rpo_holds: bool
    """Whether `rpo` is at most the promised recovery point"""


class ChainPreviewResponse(Answer):
    """Response of a chain preview: the result of each question that was asked."""

    availability: AvailabilityChainResponse = ABSENT
    """Result for the availability"""
    durations: DurationChainResponse = ABSENT
    """Result for the durations along a path"""
    hours: HoursChainResponse = ABSENT
    """Result for the service hours"""
    term: TermChainResponse = ABSENT
    """Result for the term"""
    recovery: RecoveryChainResponse = ABSENT
    """Result for recovery time and recovery point"""
