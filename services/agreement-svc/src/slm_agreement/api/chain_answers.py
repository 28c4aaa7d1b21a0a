"""Response models of chain previews: the combined effect of supporting promises."""

from __future__ import annotations

from slm_chassis.http.response_models import ABSENT, Answer, Instant


class AvailabilityChain(Answer):
    """The availability that the supports achieve together."""

    achievable_percent: str
    """Availability that they achieve, in percent (exact fraction as text, such as `9989/100`)"""
    holds: bool
    """Whether it is at least what is promised"""
    needed: dict[str, str | None] = ABSENT
    """If it does not hold: support → percent that it alone would have to promise, the others unchanged (exact fraction
    as text; above 100 no promise of it suffices); null: no single support can make up for it
    """


class DurationChain(Answer):
    """The sum of the supporting durations along the path."""

    sum: str
    """Their sum (ISO 8601 duration)"""
    holds: bool
    """Whether it is at most what is promised"""
    short_by: str = ABSENT
    """If it does not hold: by how much it is longer (ISO 8601 duration)"""


class NormalWeekGap(Answer):
    """Required hours that the support lacks in a week without holidays and other exceptions."""

    uncovered_seconds: int
    """Length of all gaps of the week, in seconds"""
    uncovered: dict[str, list[list[str]]]
    """Weekdays such as `mon-fri` → gaps as pairs of local times (`HH:MM`) of the required hours"""


class HoursChain(Answer):
    """Whether the support's service hours cover the required ones."""

    contained: bool
    """Whether there is no gap"""
    uncovered_seconds: int
    """Length of all gaps, in seconds"""
    normal_week: NormalWeekGap
    """The gaps of a normal week"""
    uncovered: list[list[Instant]]
    """The first 1,000 gaps as pairs of instants, the second excluded"""


class TermChain(Answer):
    """Whether supporting agreements cover the term."""

    covers: bool
    """Whether every day is covered"""
    first_uncovered_day: str | None
    """The first day that no support covers (`YYYY-MM-DD`); null: all are covered"""


class RecoveryChain(Answer):
    """The recovery time and recovery point of all supports together."""

    rto: str
    """Time until all is restored (ISO 8601 duration)"""
    rto_holds: bool
    """Whether it is at most the recovery time that is promised"""
    rpo: str
    """The most data that is lost, as time (ISO 8601 duration)"""
    rpo_holds: bool
    """Whether it is at most the recovery point that is promised"""


class ChainPreviewAnswer(Answer):
    """An answer to each question that was asked."""

    availability: AvailabilityChain = ABSENT
    """Availability over a structure of supports"""
    durations: DurationChain = ABSENT
    """Durations along a path"""
    hours: HoursChain = ABSENT
    """Service hours"""
    term: TermChain = ABSENT
    """First and last days"""
    recovery: RecoveryChain = ABSENT
    """Recovery times and points"""
