"""Answers about breaches and risks: the published event, and its state since then."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

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
    """Occurrences within one minute."""

    start: Instant = Field(alias="from")
    """The minute's first instant"""
    number: int
    """Occurrences in it"""


class EvidentOutage(Answer):
    """An outage that counts."""

    start: Instant = Field(alias="from")
    """When it began"""
    reached_at: Instant
    """When it had lasted so long that it counts"""


class RecoveryTimes(TimeInterval):
    """A recovery: from the outage to the restored service."""

    recovery_time: Length
    """How long it took, in service time"""
    recovery_point: Length | None
    """How much data was lost, as time; null if unknown"""
    kept: bool
    """Whether it kept the agreed limits"""
    test: bool
    """Whether it was an exercise"""


class FindingEvidence(Answer):
    """The facts that prove it. Which members there are depends on the target's aggregation."""

    good: int = ABSENT
    """Good events of the window so far, for shares of events or tickets"""
    total: int = ABSENT
    """All events of the window so far, for shares of events or tickets"""
    bad: int = ABSENT
    """Bad events, more than the expected volume of events allows"""
    expected_volume: int = ABSENT
    """Events that the agreement expects in the window"""
    down: list[TimeInterval] = ABSENT
    """The last intervals of downtime, for availability"""
    budget_microseconds: Exact | None = ABSENT
    """The budget of downtime that they used up, in microseconds; null for an objective of 100 percent"""
    number: int = ABSENT
    """How many values, ratings or occurrences there were"""
    figure: Exact | None = ABSENT
    """The figure that misses the objective, exact, in its unit"""
    net: int = ABSENT
    """Promoters less detractors, for a net promoter score"""
    minutes: list[MinuteCount] = ABSENT
    """The last minutes with occurrences, for counts"""
    bad_slices: list[Instant] = ABSENT
    """Where the last bad slices begin, for time slices"""
    outages: list[EvidentOutage] = ABSENT
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
    """Who held the ticket for how long until its deadline"""


class PublishedBreach(Answer):
    """A breach of a target: its published event, and whether it is still valid."""

    breach_id: str
    """Id of the breach; the same facts give the same id"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int
    """The version of the agreement by which it was judged"""
    version: int
    """The version of the agreement by which it was judged"""
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
    """Where the window begins"""
    window_end_at: Instant | None
    """Where the window ends"""
    level: Level
    """Which limit was missed: the objective, or the limit of what is unacceptable"""
    ordinal: int
    """Counts breaches of one target in one window; of a rolling window, the minute it began"""
    revision: int
    """0 at first; one more for each change by later facts"""
    objective: Document
    """The limit as the agreement writes it, such as `at_least` 99.9 `unit` percent, or `within` four hours"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null for a ticket's deadline"""
    figure_display: str
    """The figure for people, rounded to four decimals; – without one"""
    shortfall: Exact | None
    """How far figure and limit lie apart, exact, in the objective's unit"""
    certain_at: Instant
    """First instant at which no later fact could prevent it"""
    published_at: Instant
    """When the breach was published, in its present revision"""
    late: bool
    """Whether a late fact showed it, after its window had closed"""
    ticket: TicketName | None
    """The ticket whose deadline was missed; null for other targets"""
    evidence: FindingEvidence
    """The facts that prove it"""
    assets: list[str]
    """The assets that the agreement names for the target"""
    credits_at_stake: list[Document]
    """Credits that the breach may lead to"""
    importing: bool
    """Whether an import of history was still loading when it was judged"""
    import_id: str | None
    """Id of the import whose history showed it; null for live facts"""
    catch_up: int | None = ABSENT
    """The version that catches up with facts recorded before it was signed; null or left out otherwise"""
    standing: bool
    """False if later facts caused its withdrawal"""
    recovered_at: Instant | None
    """When a rolling target was back within its limit; null until then"""


class BreachAnswer(PublishedBreach):
    """A breach of a target, and the state of its handling."""

    state: BreachStateName
    """State of its handling"""


class LinkedProblemAnswer(Answer):
    """The problem record in the system that keeps it."""

    system: str
    """Name of the system"""
    id: str
    """Id of the record there"""
    url: str = ABSENT
    """Address of the record; missing if nobody gave one"""


class BreachStepAnswer(Answer):
    """A step in which a breach was handled."""

    revision: int
    """The breach's revision that the step is about"""
    step: Literal["acknowledge", "root-cause", "close", "dispute", "confirm"]
    """What was done"""
    at: Instant
    """When it was done"""
    by_party_id: str | None
    """Id of the party that did it; null: an operator"""
    by_principal_id: str | None
    """Id of the principal that did it"""
    by_name: str | None
    """Name of the principal that did it"""
    note: str = ABSENT
    """Note"""
    root_cause: str = ABSENT
    """For a root cause: why it happened"""
    corrective_action: str = ABSENT
    """For a root cause: what is done about it"""
    linked_problem: LinkedProblemAnswer = ABSENT
    """For a root cause: the problem record"""
    dispute_id: str = ABSENT
    """For a dispute and its decision: its id"""
    reason: str = ABSENT
    """For a dispute and its decision: the reason"""


class DisputeDecider(Answer):
    """A person who agreed to the decision of a dispute."""

    party_id: str
    """Id of the party that was decided for"""
    principal_id: str
    """Id of the principal that decided"""
    name: str
    """Name of the principal that decided"""
    at: Instant
    """When it was decided for that party"""


class BreachDispute(Answer):
    """A dispute about a breach, in a review."""

    dispute_id: str
    """Id of the dispute"""
    state: Literal["disputed", "upheld", "rejected"]
    """`disputed` until it is decided; `upheld` withdraws the breach, `rejected` keeps it"""
    reason: str | None
    """Why it is disputed"""
    by_party_id: str | None
    """Id of the party that disputes it"""
    disputed_at: Instant | None
    """Since when it is disputed"""
    decided_by: list[DisputeDecider] | None
    """Who decided it, of both parties; null until then"""
    decided_at: Instant | None
    """When it was decided; null until then"""
    decision_reason: str | None
    """Why it was decided so; null until then"""


class BreachLife(Answer):
    """How a breach is handled."""

    state: BreachStateName
    """State of its handling"""
    allowed: list[str]
    """The steps that can be taken now"""
    steps: list[BreachStepAnswer]
    """The steps that were taken, the oldest first"""
    disputes: list[BreachDispute]
    """The disputes about it"""


class BreachWithLife(BreachAnswer):
    """A breach with all steps of its handling."""

    life: BreachLife
    """How it is handled"""


class RiskPlanStep(Answer):
    """A step of the agreed plan for a target at risk."""

    step: str
    """What to do"""
    owner: str = ABSENT
    """Who does it"""


class RiskResponsible(Answer):
    """Who acts on a target at risk, and what they do."""

    owner: str = ABSENT
    """Who is responsible, as the agreement says"""
    plan: list[RiskPlanStep] = ABSENT
    """What they do, as the agreement says"""


class RiskAnswer(Answer):
    """A warning that a target will probably be missed: its published event, and whether it is still valid.

    A warning that was cleared in the instant in which it was raised has only the required members.
    """

    risk_id: str
    """Id of the risk"""
    agreement_id: str
    """Id of the agreement"""
    agreement_version: int = ABSENT
    """The version of the agreement by which it was judged"""
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
    """Where the window begins; null for a rolling one"""
    window_end_at: Instant | None = ABSENT
    """Where the window ends; null for a rolling one"""
    cause: RiskCause
    """Which kind of warning it is"""
    threshold: str
    """Which warning: `75` percent of budget or time, `PT1H/PT5M@14.4` of a burn rate, or `objective`"""
    revision: int = ABSENT
    """0 at first; one more each time that the warning comes back"""
    objective: Document = ABSENT
    """The objective as the agreement writes it, such as `at_least` 99.9 `unit` percent"""
    figure: Exact | None = ABSENT
    """The figure, exact, in the objective's unit; null for a ticket's clock"""
    figure_display: str = ABSENT
    """The figure for people; – without one"""
    budget_consumed_percent: Exact | None = ABSENT
    """How much of the budget or time is used, percent, exact"""
    burn_rate: Exact | None = ABSENT
    """How many times faster than allowed the budget is used, exact; null if unknown"""
    projected_breach_at: Instant | None = ABSENT
    """When the objective will be missed at the present pace; null if unknown"""
    time_left_seconds: int | None = ABSENT
    """Seconds from its publication to the projected breach; null if unknown"""
    responsible: RiskResponsible = ABSENT
    """Who acts on it, as the agreement says"""
    evidence: FindingEvidence = ABSENT
    """The facts that prove it"""
    at: Instant = ABSENT
    """When the warning was due"""
    published_at: Instant = ABSENT
    """When it was published"""
    importing: bool = ABSENT
    """Whether an import of history was still loading when it was judged"""
    import_id: str | None = ABSENT
    """Id of the import whose history showed it; null for live facts"""
    catch_up: int | None = ABSENT
    """The version that catches up with facts recorded before it was signed; null or left out otherwise"""
    opened_at: Instant
    """Since when the warning holds"""
    standing: bool
    """False once it was cleared"""
    cleared_at: Instant | None
    """When it was cleared; null until then"""
    outcome: Literal["averted", "breached", "window_closed"] | None
    """Why it was cleared; null until then"""
