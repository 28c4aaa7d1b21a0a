"""Response models of an agreement's document: the terms as they are signed, with every default written out."""

from __future__ import annotations

from typing import Any, Literal

from slm_agreement.api.hours_answers import ServiceHoursAnswer
from slm_chassis.http.response_models import ABSENT, Answer, Instant

Period = Literal["day", "week", "month", "quarter", "year"]


class TermAnswer(Answer):
    """When the agreement is in force."""

    effective_at: Instant | None
    """When it takes effect; null in a draft that does not say yet"""
    expires_at: Instant | None
    """When it ends, excluded; null: open-ended"""
    notice: str | None
    """How long before its end one side must give notice (ISO 8601 duration); null: no notice is needed"""


class IndicatorAnswer(Answer):
    """The stream of measurements from which a target is judged."""

    owner_party_id: str
    """Id of the party that owns the indicator"""
    key: str | None
    """Key of the indicator within its owner's"""
    kind: Literal["availability", "ratio", "value", "count", "rating", "recovery"]
    """What its measurements are"""
    unit: str | None
    """Unit of its values, such as `ms`; null where values have none"""


class ObjectiveAnswer(Answer):
    """A limit of a figure, equality included. Exactly one of `at_least` and `at_most` is there."""

    at_least: str = ABSENT
    """The figure must not be lower (exact decimal as text)"""
    at_most: str = ABSENT
    """The figure must not be higher (exact decimal as text)"""
    unit: str
    """Unit of the limit: `percent`, `count`, `minutes`, `points`, or that of the indicator"""


class WindowAnswer(Answer):
    """The time over which a target is judged. Exactly one field is there."""

    calendar: Period = ABSENT
    """Calendar periods in the agreement's time zone"""
    rolling: str = ABSENT
    """The latest time of this length, minute by minute (ISO 8601 duration)"""


class BurnRatePairAnswer(Answer):
    """A warning while the error budget is spent too fast over two windows at once."""

    long: str
    """Length of the long window (ISO 8601 duration)"""
    short: str
    """Length of the short window (ISO 8601 duration)"""
    factor: str
    """How many times as fast as the budget allows (exact decimal as text)"""


class BudgetDropAnswer(Answer):
    """A warning when a part of the error budget is used within a given time."""

    by: str
    """Percent of the budget (exact decimal as text)"""
    within: str
    """The time within which it went (ISO 8601 duration)"""


class FigureWarningsAnswer(Answer):
    """When a target that is judged by a figure is announced as at risk."""

    budget_consumed: list[str] = ABSENT
    """Percents of the error budget at which to warn (exact decimals as text)"""
    burn_rate: Literal["default"] | list[BurnRatePairAnswer] | None = ABSENT
    """Pairs of windows with a factor; `default`: the pairs for the length of the window; null: none"""
    projected: bool
    """Whether to warn while the course so far would miss the objective"""
    budget_drop: list[BudgetDropAnswer] = ABSENT
    """Drops of the budget at which to warn"""
    time_to_exhaustion: list[str] = ABSENT
    """Warn when the budget would be gone within this time at the present pace (ISO 8601 durations)"""
    min_events: int
    """Fewer events than these never warn"""


class ClockWarningsAnswer(Answer):
    """When a ticket's clock is announced as at risk."""

    elapsed: list[str]
    """Percents of the clock's time at which to warn (exact decimals as text)"""


class PlanStepAnswer(Answer):
    """A step that is taken when a target is at risk."""

    step: str
    """What to do"""
    owner: str
    """Who does it"""


class ResponsibleAnswer(Answer):
    """Who acts when a target is at risk, and the agreed steps."""

    owner: str
    """Who is responsible; empty: nobody is named"""
    plan: list[PlanStepAnswer]
    """The agreed steps in their order"""


class EscalationAnswer(Answer):
    """Who is called, and when."""

    at: dict[str, str | int]
    """Offset from the deadline, before it where negative, such as `{"service_time": "-PT30M"}`"""
    level: Literal["functional", "hierarchical"]
    """Whether further knowledge or further authority is called upon"""
    to: str | None
    """Who is called upon; null: nobody is named"""


class ClockObjectiveAnswer(Answer):
    """Within which time a ticket's clock must stop."""

    within: dict[str, str | int]
    """The time, by what counts: `service_time`, `calendar` (ISO 8601 durations), `business_days`, `business_days_end`
    (whole days) or `due_at` (a field of the ticket)"""


class ClockWindowAnswer(Answer):
    """The window of a clock: each ticket by itself."""

    per: Literal["ticket"]
    """Each ticket is judged by itself"""


Condition = str | dict[str, list[str]]


class CommonTermsAnswer(Answer):
    """The terms that every target has."""

    target_id: str
    """Id of the target, the same in every version of the agreement"""
    key: str
    """Key of the target within the agreement"""
    title: str
    """Title for people"""
    service_id: str
    """Id of the service that it is about"""
    unknown: Literal["removed", "up", "down"]
    """How time of unknown state counts"""
    degraded: Literal["up", "down", "removed"] | dict[str, str]
    """How degraded time counts; `{"weight": "0.5"}`: half of it counts as up"""
    planned_downtime: Literal["removed", "excused"]
    """Whether excluded time is taken out or counted as up"""
    no_data: Literal["ignore", "good", "bad"]
    """How a slice without data counts"""
    weight: str
    """Importance, for roll-up (exact decimal as text)"""
    responsible: ResponsibleAnswer
    """Who acts when the target is at risk"""
    assets: list[str]
    """The configuration items that it is about, by their ids in other systems"""
    credit: None
    """Always null: service credits are described in the clause `charges`"""


class FigureTargetAnswer(CommonTermsAnswer):
    """A target that is judged by a figure: of an indicator, or of other targets."""

    aggregation: str | dict[str, Any]
    """How the figure is computed: a name such as `availability`, or a name with parameters such as
    `{"share_at_most": "300"}`"""
    indicator: IndicatorAnswer | None
    """What is measured; null where the target is judged by other targets"""
    objective: ObjectiveAnswer
    """What is promised"""
    unacceptable: ObjectiveAnswer | None
    """A second limit, looser than the objective; null: none"""
    window: WindowAnswer
    """The time over which the figure is judged"""
    warn_at: FigureWarningsAnswer
    """When a risk is announced"""
    warn_again_after: str
    """A warning that comes back so soon after it cleared is the same risk (ISO 8601 duration)"""
    group_by: list[str]
    """Labels of measurements: the target is judged once for each combination of their values"""
    expected_volume: int | None
    """How many events a calendar window has at most; null: unknown"""
    on_amendment: Literal["next_window", "split"]
    """Whether a window that an amendment meets keeps the terms of its start, or is cut there"""
    service_hours: str
    """Name of the service hours in which it is judged"""


class ClockTargetAnswer(CommonTermsAnswer):
    """A target that is judged ticket by ticket."""

    aggregation: Literal["clock"]
    """Each ticket has a clock"""
    indicator: None
    """Always null: a clock is judged by ticket events"""
    objective: ClockObjectiveAnswer
    """What is promised"""
    window: ClockWindowAnswer
    """Each ticket by itself"""
    warn_at: ClockWarningsAnswer | None
    """When a risk is announced; null: never"""
    clock: Literal["response", "resolution", "update", "ownership", "closure"]
    """What is timed"""
    applies_to: dict[str, str | list[str]]
    """Attribute of tickets → its allowed values; a ticket must match every attribute"""
    start: str | list[Condition]
    """Events that start the clock; an object names an event and attributes"""
    stop: str | list[Condition]
    """Events that stop the clock; an object names an event and attributes"""
    each: Literal["assignment"] | None
    """`assignment`: every assignment to a team has a clock of its own; null: one clock a ticket"""
    pause: str | list[Condition]
    """States of the ticket in which the clock does not run"""
    reset: str | list[Condition]
    """Events after which another clock begins"""
    cancel: str | list[Condition]
    """Events after which no clock is left"""
    on_priority_change: Literal["carry_elapsed", "restart", "from_opening"]
    """What a changed priority does to a running clock"""
    on_reopen: Literal["resume", "resume_counting_gap", "new_clock"]
    """What reopening the ticket does to a clock that its end had stopped"""
    on_terms_change: Literal["keep", "from_opening", "carry_elapsed"]
    """What amended terms do to a running clock"""
    carry_pauses: bool
    """With `from_opening`: whether what paused the clock before pauses the new one too"""
    after_first_response: bool
    """Of an update clock: whether exchanges before the first response are left to the response clock"""
    notify_past_due: bool
    """Whether a clock that is past due when it is attached is published as a breach"""
    escalations: list[EscalationAnswer]
    """Who is called upon, and when"""
    service_hours: str | list[str]
    """Names of the service hours that may match a ticket"""


class SignatoriesAnswer(Answer):
    """Ids of the people who have to sign for each side; empty: any one person of that side with a mandate."""

    provider: list[str]
    """Ids of people of the provider"""
    customer: list[str]
    """Ids of people of the customer"""


class SupportAnswer(Answer):
    """An agreement that supports this one."""

    agreement_id: str
    """Id of the supporting agreement"""


class ReportingAnswer(Answer):
    """How often reports are made."""

    period: Period
    """The period of a report"""


class ReviewTermsAnswer(Answer):
    """When reviews are held, and when a higher objective is proposed."""

    cadence: Period | None
    """How often a review is scheduled; null: only after breaches"""
    on_breach: bool
    """Whether a breach schedules a review"""
    after_met_windows: int
    """After how many windows met in a row a higher objective is proposed"""


class MaintenanceCapAnswer(Answer):
    """How much planned time is excluded at most."""

    hours: str
    """Hours (exact decimal as text)"""
    per: Period
    """The calendar period in which they count"""


class MaintenanceAnswer(Answer):
    """Which planned maintenance is excluded."""

    notice: str = ABSENT
    """How long ahead it must be announced (ISO 8601 duration)"""
    cap: MaintenanceCapAnswer = ABSENT
    """How much of it is excluded at most"""


class DocumentAnswer(Answer):
    """The terms of an agreement as they are signed and judged. The reference of terms explains every field."""

    title: str
    """Title of the agreement"""
    timezone: str
    """IANA time zone in which days, weeks and months begin"""
    term: TermAnswer
    """When the agreement is in force"""
    closing_delay: str
    """How long after its end a window is closed (ISO 8601 duration): measurements that come later are late"""
    service_hours: dict[str, Literal["24x7"] | ServiceHoursAnswer]
    """Name → service hours; `24x7` is always open"""
    targets: list[FigureTargetAnswer | ClockTargetAnswer]
    """The service level targets in the order of the document"""
    clauses: dict[str, dict[str, Any]]
    """Name of a clause → its `text`, and data beside it as the author wrote it"""
    signatories: SignatoriesAnswer
    """Who has to sign"""
    requirements: list[str]
    """Ids of the customer's requirements that the agreement answers"""
    supports: list[SupportAnswer]
    """The supporting agreements"""
    reporting: ReportingAnswer
    """How often reports are made"""
    review: ReviewTermsAnswer
    """When reviews are held"""
    planned_maintenance: MaintenanceAnswer = ABSENT
    """Which planned maintenance is excluded; where this is missing, all that the other party approves"""
