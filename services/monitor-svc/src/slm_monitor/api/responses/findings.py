"""Answers about breaches and risks: what was published about each of them, and its present state."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import (
    Document,
    Exact,
    HolderTimeAnswer,
    Instant,
    Length,
    Level,
    TicketName,
    TimeInterval,
)

BreachStateName = Literal["open", "acknowledged", "root_cause_given", "closed", "withdrawn", "disputed", "confirmed"]

RiskCause = Literal[
    "budget_consumed", "budget_drop", "burn_rate", "projection", "time_to_exhaustion", "below_objective", "elapsed"
]


class MinuteCount(Answer):
    """The number of occurrences within one minute. Part of a breach's evidence."""

    start: Instant = Field(alias="from")
    """First instant of the minute"""
    number: int
    """Occurrences in the minute"""


class CountedOutage(Answer):
    """An outage that lasted long enough to count. Part of a breach's evidence."""

    start: Instant = Field(alias="from")
    """Start of the outage"""
    reached_at: Instant
    """When the outage had lasted long enough to count"""


class RecoveryTimes(TimeInterval):
    """A recovery, from the start of the outage to the restored service. Part of a breach's evidence."""

    recovery_time: Length
    """Length of the recovery, in service time"""
    recovery_point: Length | None
    """How much data was lost, as time; null if unknown"""
    kept: bool
    """Whether the recovery kept the agreed limits"""
    test: bool
    """Whether the recovery was an exercise"""


class FindingEvidence(Answer):
    """The facts that prove a breach or a risk. Which members are present depends on the target's aggregation."""

    good: int = ABSENT
    """Good events of the window so far, for shares of events or tickets"""
    total: int = ABSENT
    """All events of the window so far, for shares of events or tickets"""
    bad: int = ABSENT
    """Bad events; more than are allowed among the expected number of events"""
    expected_volume: int = ABSENT
    """Events that the agreement expects in the window"""
    down: list[TimeInterval] = ABSENT
    """The last intervals of downtime, for availability"""
    budget_microseconds: Exact | None = ABSENT
    """The budget of downtime that was used up, in microseconds; null for an objective of 100 percent"""
    number: int = ABSENT
    """How many values, ratings or occurrences there were"""
    figure: Exact | None = ABSENT
    """The figure that misses the objective, exact, in its unit"""
    net: int = ABSENT
    """Promoters less detractors, for a net promoter score"""
    minutes: list[MinuteCount] = ABSENT
    """The last minutes with occurrences, for counts"""
    bad_slices: list[Instant] = ABSENT
    """Starts of the last bad slices, for time slices"""
    outages: list[CountedOutage] = ABSENT
    """The last outages that count"""
    recoveries: list[RecoveryTimes] = ABSENT
    """The last recoveries that count"""
    members: int | list[str | None] = ABSENT
    """For a composite: how many members it has, or their verdicts or figures in the agreed order"""
    needed: int = ABSENT
    """For a composite of verdicts: how many members have to be met"""
    kept: int = ABSENT
    """For a rolling composite of verdicts: how many members are met"""
    ticket: TicketName = ABSENT
    """The ticket, for a clock that may miss its deadline"""
    started_at: Instant = ABSENT
    """When the ticket's clock started"""
    deadline_at: Instant = ABSENT
    """When the ticket's clock had to be stopped"""
    stopped_at: Instant | None = ABSENT
    """When the ticket's clock stopped; null while it runs"""
    pauses: list[TimeInterval] = ABSENT
    """When the ticket's clock was paused"""
    held_by: str | None = ABSENT
    """Who held the ticket at its deadline"""
    held: list[HolderTimeAnswer] = ABSENT
    """How long each person or team held the ticket until its deadline"""


class PublishedBreach(Answer):
    """A breach of a target as it was published, and whether it is still valid."""

    breach_id: str
    """Id of the breach; the same facts give the same id"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """Version of the agreement whose terms applied"""
    version: int
    """Version of the agreement whose terms applied"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    service_id: str
    """Id of the service"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    responsible_party_id: str
    """Id of the party that has to handle the breach"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one, `source/number` for a ticket"""
    window_start_at: Instant | None
    """Start of the window"""
    window_end_at: Instant | None
    """End of the window"""
    level: Level
    """Which limit was missed: `objective`, or the limit beyond which the figure is unacceptable"""
    ordinal: int
    """Counts the breaches of one target in one window; for a rolling window, the minute at which the breach began"""
    revision: int
    """0 at first; one more for each change by later facts"""
    objective: Document
    """The missed limit as the agreement writes it, such as `at_least` 99.9 `unit` percent, or `within` four hours"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null for a ticket's deadline"""
    figure_display: str
    """The figure as text for people, rounded to four decimals; – if there is none"""
    shortfall: Exact | None
    """Distance between figure and limit, exact, in the objective's unit"""
    certain_at: Instant
    """First instant at which no later fact could prevent the breach"""
    published_at: Instant
    """When the breach was published, in its present revision"""
    late: bool
    """Whether a late fact showed the breach after its window had closed"""
    ticket: TicketName | None
    """The ticket whose deadline was missed; null for other targets"""
    sent_by: Literal["provider", "customer"] | None = ABSENT
    """Whose source sent the ticket; null for other targets, left out of breaches published before events said so"""
    evidence: FindingEvidence
    """The facts that prove the breach"""
    assets: list[str]
    """The assets that the agreement names for the target"""
    credits_at_stake: list[Document]
    """Credits that the breach may lead to"""
    importing: bool
    """Whether the breach was found while an import of history was still loading"""
    import_id: str | None
    """Id of the import whose history showed the breach; null for live facts"""
    catch_up: int | None = ABSENT
    """If facts from before the signing of an agreement version showed the breach: this version; null or left out
    otherwise
    """
    standing: bool
    """False if later facts withdrew the breach"""
    recovered_at: Instant | None
    """When a rolling target was back within its limit; null until then"""


class BreachAnswer(PublishedBreach):
    """A breach of a target, and the state of its handling."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    state: BreachStateName
    """State of the breach's handling"""
    cause_id: str | None
    """Id of the breach's cause; null if the breach is withdrawn, and for about a second until its cause is found"""


class LinkedProblemAnswer(Answer):
    """A problem record in another system, to which a breach is linked."""

    system: str
    """Name of the system that keeps the record"""
    id: str
    """Id of the record in that system"""
    url: str = ABSENT
    """Address of the record; missing if nobody gave one"""


class BreachStepAnswer(Answer):
    """A step in the handling of a breach."""

    revision: int
    """Revision of the breach when the step was taken"""
    step: Literal["acknowledge", "root-cause", "problem-link", "close", "dispute", "confirm"]
    """Which step was taken"""
    at: Instant
    """When the step was taken"""
    by_party_id: str | None
    """Id of the party that took the step; null: an operator"""
    by_principal_id: str | None
    """Id of the principal that took the step"""
    by_name: str | None
    """Name of the principal that took the step"""
    note: str = ABSENT
    """Note of the person who took the step"""
    root_cause: str = ABSENT
    """For a root cause: why the breach happened"""
    corrective_action: str = ABSENT
    """For a root cause: the action taken against it"""
    linked_problem: LinkedProblemAnswer = ABSENT
    """For a root cause or a linked problem: the problem record"""
    dispute_id: str = ABSENT
    """For a dispute and its decision: id of the dispute"""
    reason: str = ABSENT
    """For a dispute and its decision: the reason that was given"""


class DisputeDecider(Answer):
    """A person who agreed to the decision of a dispute, for one of the two parties."""

    party_id: str
    """Id of the party for which the person decided"""
    principal_id: str
    """Id of the principal that decided"""
    name: str
    """Name of the principal that decided"""
    at: Instant
    """When the person decided"""


class BreachDispute(Answer):
    """A dispute about a breach, which the parties decide in a review."""

    dispute_id: str
    """Id of the dispute"""
    state: Literal["disputed", "upheld", "rejected"]
    """`disputed` until it is decided; `upheld` withdraws the breach, `rejected` keeps it"""
    reason: str | None
    """Why the breach is disputed"""
    by_party_id: str | None
    """Id of the party that disputes the breach"""
    disputed_at: Instant | None
    """Since when the breach is disputed"""
    decided_by: list[DisputeDecider] | None
    """The persons of both parties who decided the dispute; null until then"""
    decided_at: Instant | None
    """When the dispute was decided; null until then"""
    decision_reason: str | None
    """Reason for the decision; null until then"""


class BreachHandling(Answer):
    """The handling of a breach: its state, the steps taken, the steps allowed, and its disputes."""

    state: BreachStateName
    """State of the breach's handling"""
    allowed: list[str]
    """The steps that can be taken now"""
    steps: list[BreachStepAnswer]
    """The steps that were taken, the oldest first"""
    disputes: list[BreachDispute]
    """The disputes about the breach"""


class BreachWithHandling(BreachAnswer):
    """A breach of a target, with all steps of its handling."""

    life: BreachHandling
    """The handling of the breach"""


class RiskPlanStep(Answer):
    """A step of the agreed action plan for a target at risk."""

    step: str
    """Description of the step"""
    owner: str = ABSENT
    """Who carries out the step"""


class RiskResponsible(Answer):
    """Who acts if a target is at risk, and the agreed plan."""

    owner: str = ABSENT
    """Who is responsible, as the agreement says"""
    plan: list[RiskPlanStep] = ABSENT
    """Steps of the plan, as the agreement says"""


class RiskAnswer(Answer):
    """A warning that a target will probably be missed: as it was published, and whether it is still in force.

    A warning that was cleared in the instant in which it was raised has only the required members.
    """

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    risk_id: str
    """Id of the risk"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int = ABSENT
    """Version of the agreement whose terms applied"""
    target_id: str
    """Id of the target"""
    target_key: str = ABSENT
    """The target's key in the agreement"""
    target_title: str = ABSENT
    """The target's title in the agreement"""
    service_id: str
    """Id of the service"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one, `source/number` for a ticket"""
    window_start_at: Instant | None = ABSENT
    """Start of the window; null for a rolling one"""
    window_end_at: Instant | None = ABSENT
    """End of the window; null for a rolling one"""
    cause: RiskCause
    """Kind of the warning"""
    threshold: str
    """The threshold that was reached: `75` percent of budget or time, `PT1H/PT5M@14.4` of a
    burn rate, or `objective`
    """
    revision: int = ABSENT
    """0 at first; one more each time that the warning is raised again"""
    objective: Document = ABSENT
    """The objective as the agreement writes it, such as `at_least` 99.9 `unit` percent"""
    figure: Exact | None = ABSENT
    """The figure, exact, in the objective's unit; null for a ticket's clock"""
    figure_display: str = ABSENT
    """The figure as text for people; – if there is none"""
    budget_consumed_percent: Exact | None = ABSENT
    """Used share of the budget or of the allowed time, percent, exact"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    projected_breach_at: Instant | None = ABSENT
    """When the objective will be missed at the present pace; null if unknown"""
    time_left_seconds: int | None = ABSENT
    """Seconds from the publication of the warning to the projected breach; null if unknown"""
    responsible: RiskResponsible = ABSENT
    """Who acts on the warning, as the agreement says"""
    evidence: FindingEvidence = ABSENT
    """The facts that prove the warning"""
    at: Instant = ABSENT
    """When the threshold was reached"""
    published_at: Instant = ABSENT
    """When the warning was published"""
    importing: bool = ABSENT
    """Whether the warning was found while an import of history was still loading"""
    import_id: str | None = ABSENT
    """Id of the import whose history showed the warning; null for live facts"""
    catch_up: int | None = ABSENT
    """If facts from before the signing of an agreement version showed the warning: this version; null or left out
    otherwise
    """
    opened_at: Instant
    """Since when the warning is in force"""
    standing: bool
    """False once the warning was cleared"""
    cleared_at: Instant | None
    """When the warning was cleared; null until then"""
    outcome: Literal["averted", "breached", "window_closed"] | None
    """Why the warning was cleared; null until then"""
    cause_id: str | None = ABSENT
    """Id of the warning's cause; null for about a second until its cause is found"""
