"""Response models of an agreement's document: the terms as they are signed, with every default written out."""

from __future__ import annotations

from typing import Any, Literal

from slm_agreement.api.responses.credit_terms import CreditScheduleResponse, PeriodChargeResponse
from slm_agreement.api.responses.critical_periods import CriticalPeriodResponse
from slm_agreement.api.responses.hours import ServiceHoursResponse
from slm_chassis.http.response_models import ABSENT, Answer, Instant

Period = Literal["day", "week", "month", "quarter", "year"]
WindowWeekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class AgreementTermResponse(Answer):
    """The term of the agreement: when it takes effect and ends, and the notice period."""

    effective_at: Instant | None
    """When it takes effect; null in a draft that does not name an instant yet"""
    expires_at: Instant | None
    """When it ends, excluded; null: open-ended"""
    notice: str | None
    """The time before the end by which one side must give notice (ISO 8601 duration); null: no notice is needed"""


class IndicatorResponse(Answer):
    """The stream of measurements from which a target is evaluated."""

    owner_party_id: str
    """Id of the party that owns the indicator"""
    key: str | None
    """Key of the indicator, unique for its owner"""
    kind: Literal["availability", "ratio", "value", "count", "rating", "recovery"]
    """Kind of its measurements"""
    unit: str | None
    """Unit of the values, such as `ms`; null if they have none"""


class ObjectiveResponse(Answer):
    """A limit for the target's figure, equality included. It has either `at_least` or `at_most`."""

    at_least: str = ABSENT
    """The figure must not be lower (exact decimal as text)"""
    at_most: str = ABSENT
    """The figure must not be higher (exact decimal as text)"""
    unit: str
    """Unit of the limit: `percent`, `count`, `minutes`, `points`, or that of the indicator"""


class WindowResponse(Answer):
    """The window over which a target is evaluated. It has either `calendar`, `rolling` or `occurrences_of`."""

    calendar: Period = ABSENT
    """Calendar periods in the agreement's time zone"""
    begin: int | WindowWeekday = ABSENT
    """The day on which calendar periods begin, if it is not Monday or the first: a weekday for weeks, a day of the
    month for months, quarters and years"""
    at: str = ABSENT
    """The local time at which calendar periods begin, if it is not midnight, such as `12:00`"""
    rolling: str = ABSENT
    """The most recent time of this length, evaluated every minute (ISO 8601 duration)"""
    occurrences_of: str = ABSENT
    """Key of a critical period of the agreement: the target is evaluated once for each of its occurrences"""


class BurnRatePairResponse(Answer):
    """A warning that is raised while the error budget burns too fast in a long and a short window at once."""

    long: str
    """Length of the long window (ISO 8601 duration)"""
    short: str
    """Length of the short window (ISO 8601 duration)"""
    factor: str
    """Burn rate from which to warn: 1 spends exactly the budget (exact decimal as text)"""


class BudgetDropResponse(Answer):
    """A warning that is raised when a part of the error budget is spent within a given time."""

    by: str
    """Percent of the budget (exact decimal as text)"""
    within: str
    """The time within which the percent `by` of the budget is spent (ISO 8601 duration)"""


class FigureWarningsResponse(Answer):
    """When a figure target is reported as at risk."""

    budget_consumed: list[str] = ABSENT
    """Percents of the error budget at which to warn (exact decimals as text)"""
    burn_rate: Literal["default"] | list[BurnRatePairResponse] | None = ABSENT
    """Pairs of windows with a factor; `default`: the pairs for the length of the window; null: none"""
    projected: bool
    """Whether to warn while the figure projected from the window so far misses the objective"""
    budget_drop: list[BudgetDropResponse] = ABSENT
    """Drops of the budget at which to warn"""
    time_to_exhaustion: list[str] = ABSENT
    """Warn if the budget will be spent within one of these times at the present rate (ISO 8601 durations)"""
    min_events: int
    """No warning is raised with fewer events than this"""


class ClockWarningsResponse(Answer):
    """When a ticket's clock is reported as at risk."""

    elapsed: list[str]
    """Percents of the clock's time at which to warn (exact decimals as text)"""


class PlanStepResponse(Answer):
    """A step to take when a target is at risk."""

    step: str
    """The step: an instruction to whoever carries out the plan"""
    owner: str
    """Who does it"""


class RiskResponsibilityResponse(Answer):
    """The person or team that acts when a target is at risk, and the agreed steps."""

    owner: str
    """Who is responsible; empty: nobody is named"""
    plan: list[PlanStepResponse]
    """The agreed steps in their order"""


class EscalationResponse(Answer):
    """An escalation of a ticket: who is called upon, and when."""

    at: dict[str, str | int]
    """Offset from the deadline, such as `{"service_time": "-PT30M"}`; a negative one lies before the deadline"""
    level: Literal["functional", "hierarchical"]
    """Whether further knowledge (`functional`) or further authority (`hierarchical`) is called upon"""
    to: str | None
    """Who is called upon; null: nobody is named"""


class ClockObjectiveResponse(Answer):
    """The time within which a ticket's clock must stop."""

    within: dict[str, str | int]
    """The time limit, under the name of the way in which it is measured: `service_time`, `calendar` (ISO 8601
    durations), `business_days`, `business_days_end` (whole days) or `due_at` (a field of the ticket)
    """


class ClockWindowResponse(Answer):
    """The window of a clock target: each ticket is evaluated by itself."""

    per: Literal["ticket"]
    """Each ticket is judged by itself"""


Condition = str | dict[str, list[str]]


class CommonTermsResponse(Answer):
    """The terms that figure targets and clock targets have in common."""

    target_id: str
    """Id of the target, the same in every version of the agreement"""
    key: str
    """Key of the target within the agreement"""
    title: str
    """Title for people"""
    service_id: str
    """Id of the service that it is about"""
    unknown: Literal["removed", "up", "down"]
    """How time with an unknown state counts"""
    degraded: Literal["up", "down", "removed"] | dict[str, str]
    """How degraded time counts; `{"weight": "0.5"}`: half of it counts as up"""
    planned_downtime: Literal["removed", "excused"]
    """Whether excluded time is left out of the figure or counts as up"""
    no_data: Literal["ignore", "good", "bad"]
    """How a time slice without data counts"""
    weight: str
    """Weight of the target when results of several targets are combined (exact decimal as text)"""
    responsible: RiskResponsibilityResponse
    """Who acts when the target is at risk"""
    assets: list[str]
    """The configuration items that the target is about, by their ids in other systems"""
    credit: str | None
    """Name of the credit schedule that says what a missed window costs; null: nothing is due"""


class FigureTargetResponse(CommonTermsResponse):
    """A target that is evaluated by a figure: of an indicator, or of other targets."""

    aggregation: str | dict[str, Any]
    """How the figure is computed: a name such as `availability`, or a name with parameters such as
    `{"share_at_most": "300"}`"""
    indicator: IndicatorResponse | None
    """What is measured; null if the target is computed from other targets"""
    objective: ObjectiveResponse
    """What is promised"""
    unacceptable: ObjectiveResponse | None
    """A second limit, looser than the objective; null: there is none"""
    window: WindowResponse
    """The window over which the figure is computed"""
    warn_at: FigureWarningsResponse
    """When a risk is announced"""
    warn_again_after: str
    """If a warning returns within this time after it was cleared, it is the same risk (ISO 8601 duration)"""
    group_by: list[str]
    """Labels of measurements: the target is evaluated once for each combination of their values"""
    expected_volume: int | None
    """How many events a calendar window has at most; null: unknown"""
    on_amendment: Literal["next_window", "split"]
    """Whether a window in which an amendment takes effect keeps the terms of its start, or is split at that instant"""
    min_coverage: str = ABSENT
    """A closed window of which less than this percentage is known has no verdict; left out: any share will do"""
    ignore_outages_shorter_than: str = ABSENT
    """Availability: downtime counts only if it lasts at least this long without a break, in time that counts (ISO 8601
    duration); left out: all downtime counts"""
    short_outages: Literal["whole", "excess"] = ABSENT
    """Whether an outage of at least that length counts whole (`whole`, if left out) or only beyond it (`excess`)"""
    service_hours: str
    """Name of the service hours within which it is evaluated"""


class ClockTargetResponse(CommonTermsResponse):
    """A target that is evaluated ticket by ticket."""

    aggregation: Literal["clock"]
    """Each ticket has a clock"""
    indicator: None
    """Always null: a clock is evaluated by ticket events"""
    objective: ClockObjectiveResponse
    """What is promised"""
    window: ClockWindowResponse
    """Each ticket is evaluated by itself"""
    warn_at: ClockWarningsResponse | None
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
    """`assignment`: every assignment to a team starts a clock of its own; null: one clock for each ticket"""
    pause: str | list[Condition]
    """States of the ticket in which the clock does not run"""
    reset: str | list[Condition]
    """Events after which the clock is replaced by a new one"""
    cancel: str | list[Condition]
    """Events after which the clock is dropped"""
    on_priority_change: Literal["carry_elapsed", "restart", "from_opening"]
    """What happens to a running clock when the ticket's priority changes"""
    on_reopen: Literal["resume", "resume_counting_gap", "new_clock"]
    """What happens to a clock that was stopped by the end of its ticket, if the ticket is reopened"""
    on_terms_change: Literal["keep", "from_opening", "carry_elapsed"]
    """What happens to a running clock when amended terms apply"""
    carry_pauses: bool
    """With `from_opening`: whether the pauses so far are also pauses of the new clock"""
    after_first_response: bool
    """For an update clock: whether it ignores what happens before the first response, which has a clock of its own"""
    notify_past_due: bool
    """Whether a clock that is past its deadline when it begins to apply to a ticket is published as a breach"""
    escalations: list[EscalationResponse]
    """Whom to call upon, and when"""
    service_hours: str | list[str]
    """Name of the service hours in which the clock runs; of several, the earliest deadline and the longest elapsed time
    count
    """


class SignatoriesResponse(Answer):
    """Ids of the people who must sign for each side; empty: any one person of that side with a mandate."""

    provider: list[str]
    """Ids of people of the provider"""
    customer: list[str]
    """Ids of people of the customer"""


class SupportingAgreementResponse(Answer):
    """An agreement that supports this one, under an opaque id.

    Only the party that named the supporting agreement sees its real id.
    """

    support_id: str
    """Id by which the document names it"""
    side: Literal["provider", "customer"]
    """The side that named it"""
    disclose: Literal["nothing", "terms"]
    """What the other party may read: only that there is a support, or also its title and numbers"""
    agreement_id: str = ABSENT
    """Id of the supporting agreement, for the party that named it"""


class ReportingTermsResponse(Answer):
    """How often service reports are made."""

    period: Period
    """The period of a report"""


class ReviewTermsResponse(Answer):
    """When reviews are held, and when a higher objective is proposed."""

    cadence: Period | None
    """How often a review is scheduled; null: only after breaches"""
    on_breach: bool
    """Whether a breach schedules a review"""
    after_met_windows: int
    """Number of consecutive windows that met the objective, after which a higher objective is proposed"""


class MaintenanceCapResponse(Answer):
    """How much planned maintenance is excluded in a period at most."""

    hours: str
    """Hours (exact decimal as text)"""
    per: Period
    """The calendar period for which the hours apply"""


class PlannedMaintenanceResponse(Answer):
    """Which planned maintenance is excluded from the figures."""

    notice: str = ABSENT
    """How long before its beginning the maintenance must be announced (ISO 8601 duration)"""
    cap: MaintenanceCapResponse = ABSENT
    """How much of it is excluded at most"""


class RiskDelayResponse(Answer):
    """A delay after which the customer is shown a risk."""

    after: str
    """How much later than the provider the customer is shown the risk (ISO 8601 duration)"""


class CustomerSeesResponse(Answer):
    """What the customer may see of risks, of figures of open windows, and of action plans."""

    risks: Literal["at_once", "at_breach", "never"] | RiskDelayResponse
    """When the customer is shown that a target is at risk; `at_breach`: only once it is breached"""
    live_figure: Literal["yes", "at_close"]
    """Whether the figure of an open window is shown, or only when the window has closed"""
    plans: Literal["none", "titles", "full"]
    """How much of the action plans is shown"""


class AgreementDocumentResponse(Answer):
    """The terms of an agreement, with every default, as signed. The reference of terms explains every field."""

    title: str
    """Title of the agreement"""
    timezone: str
    """IANA time zone in which days, weeks and months begin"""
    term: AgreementTermResponse
    """When the agreement is in force"""
    closing_delay: str
    """The time from the end of a window until it is closed (ISO 8601 duration); measurements that arrive later are late
    """
    service_hours: dict[str, Literal["24x7"] | ServiceHoursResponse]
    """Name → service hours; `24x7` is always open"""
    targets: list[FigureTargetResponse | ClockTargetResponse]
    """The service level targets in the order of the document"""
    clauses: dict[str, dict[str, Any]]
    """Name of a clause → its `text`, and other data that the author wrote with the text"""
    signatories: SignatoriesResponse
    """Who has to sign"""
    requirements: list[str]
    """Ids of the customer's requirements that the agreement answers"""
    supports: list[SupportingAgreementResponse]
    """The supporting agreements"""
    reporting: ReportingTermsResponse
    """How often reports are made"""
    review: ReviewTermsResponse
    """When reviews are held"""
    customer_sees: CustomerSeesResponse = ABSENT
    """What the customer is shown, and when. Missing in old revisions, which do not have this term: the customer is then
    shown risks at the breach, and no plans
    """
    planned_maintenance: PlannedMaintenanceResponse = ABSENT
    """Which planned maintenance is excluded; missing: all that the other party approves"""
    critical_periods: list[CriticalPeriodResponse] = ABSENT
    """Times in which more is promised than usual; missing: there are none"""
    period_charge: PeriodChargeResponse = ABSENT
    """What the service costs in a period; missing: none is agreed"""
    credit_schedules: dict[str, CreditScheduleResponse] = ABSENT
    """Name → credit schedule: what a missed target costs; missing: there are none"""
