"""Answers about the summary: what is down, at risk, breached or waiting, and the state of the services."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer, list_of
from slm_monitor.api.responses.causes import AssignmentAnswer, CauseAnswer
from slm_monitor.api.responses.findings import RiskResponsible
from slm_monitor.api.responses.shapes import (
    Document,
    Exact,
    IndicatorReference,
    Instant,
    Level,
    TicketName,
    Verdict,
)

Urgency = Literal["now", "today", "this_week", "later"]
IndicatorState = Literal["up", "down", "degraded", "unknown"]


class UrgencyCounts(Answer):
    """The number of items in the summary's lists, by urgency."""

    now: int
    """Items that are down, or whose deadline is at most four hours away"""
    today: int
    """Items that are due before the end of the reader's day"""
    this_week: int
    """Items that are due before the end of the reader's week"""
    later: int
    """All other items"""


class SummaryCounts(Answer):
    """Totals of the summary. They also count items that the lists of the summary leave out."""

    targets: int
    """Targets that the caller may see"""
    agreements: int
    """Agreements that the caller may see"""
    services: int
    """Services of the agreements that the caller may see"""
    down: int
    """Indicators that are down now"""
    services_down: int
    """Services with an indicator that is down now"""
    breaches_unacknowledged: int
    """Breaches in force that nobody has acknowledged"""
    breaches_not_closed: int
    """Breaches in force whose handling is not closed"""
    risks: int
    """Windows at risk, each counted once even if it has several warnings"""
    exclusions_to_decide: int
    """Exclusions that wait for the caller's decision"""
    stale: int
    """Indicators of the caller that have stopped sending"""
    tickets_due_in_4_h: int
    """Tickets with a running clock whose deadline is at most four hours away"""
    tickets_due_today: int
    """Tickets with a running clock whose deadline is before the end of the reader's day"""
    urgency: UrgencyCounts
    """Items of the summary's lists, by urgency"""


class AffectedAgreement(Answer):
    """An agreement that an indicator's downtime affects."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    agreement_id: str
    """Id of the agreement"""
    agreement_title: str | None
    """Title of the agreement"""
    provider_name: str | None
    """Name of the party that provides the service"""
    customer_name: str | None
    """Name of the party that receives the service"""


class DownItem(Answer):
    """An indicator that is down now, and one service that it affects."""

    indicator: IndicatorReference
    """The indicator"""
    labels: dict[str, str]
    """The label values that are down, for targets that are evaluated for each label value; empty for others"""
    service_id: str
    """Id of the service"""
    service_name: str | None
    """Name of the service"""
    since_at: Instant | None
    """Since when the indicator has been down; null if it was never measured"""
    seconds: int | None
    """Length of the downtime so far, in seconds of wall-clock time"""
    targets: int
    """How many targets with an open window use the indicator, among those that the caller may see"""
    agreements: int
    """To how many agreements these targets belong"""
    affected: list[AffectedAgreement]
    """The first twenty of these agreements"""
    target_ids: list[str]
    """Ids of the first twenty of these targets"""
    deadline_at: Instant | None
    """Always null: an indicator that is down is urgent now"""
    urgency: Urgency
    """Always `now`"""


class _AboutAgreement(Answer):
    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    agreement_id: str
    """Id of the agreement"""
    agreement_title: str | None
    """Title of the agreement"""
    service_id: str | None
    """Id of the service"""
    service_name: str | None
    """Name of the service; null if the terms do not name the service"""
    provider_party_id: str
    """Id of the party that provides the service"""
    provider_name: str | None
    """Name of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    customer_name: str | None
    """Name of the party that receives the service"""
    urgency: Urgency
    """How soon somebody must act"""


class BreachItem(_AboutAgreement):
    """A breach in force that nobody has acknowledged."""

    breach_id: str
    """Id of the breach"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    window_id: str
    """The window, such as `2026-11`; `source/number` for a ticket"""
    level: Level
    """Which limit was missed: `objective`, or the limit beyond which the figure is unacceptable"""
    figure_display: str
    """The figure as text for people"""
    ticket: Document | None
    """For a ticket: its source and number; null for others"""
    responsible_party_id: str
    """Id of the party that has to handle the breach"""
    certain_at: Instant
    """When the breach became certain"""
    recovered_at: Instant | None
    """When a rolling window recovered; null if it has not"""
    is_down: bool
    """Whether the target's indicator is down now; the breach is then urgent now, otherwise today"""
    deadline_at: Instant | None
    """Always null: no deadline is agreed for acknowledging"""


class RiskItem(_AboutAgreement):
    """A window of a target that is at risk, with the earliest of its warnings in force."""

    risk_id: str
    """Id of the earliest warning"""
    target_id: str
    """Id of the target"""
    target_key: str
    """The target's key in the agreement"""
    target_title: str
    """The target's title in the agreement"""
    window_id: str
    """The window, such as `2026-11`; `source/number` for a ticket"""
    cause: str
    """Kind of the warning, such as `budget_consumed` or `burn_rate`"""
    threshold: str
    """The threshold that was reached"""
    ticket: TicketName | None
    """For a ticket: its source and number; null for others"""
    opened_at: Instant
    """When the warning was raised"""
    figure_display: str
    """The figure as text for people, as last calculated"""
    budget_consumed_percent: Exact | None
    """Used share of the error budget, percent, exact; null if there is no budget"""
    budget_seconds: int | None
    """The downtime that the objective allows in the window, seconds; null if the budget is not an amount of time"""
    budget_left_seconds: int | None
    """Remaining allowed downtime, seconds; below zero if overspent, null if the budget is not an amount of time"""
    projected_breach_at: Instant | None
    """When the objective will be missed at the present pace; null if never"""
    time_left_seconds: int | None
    """Seconds until the projected breach; null if it is never reached"""
    window_ends_at: Instant | None
    """When the window ends; null for a rolling one"""
    responsible: RiskResponsible
    """Who acts, and the agreed plan"""
    deadline_at: Instant | None
    """The instant of the projected breach, or else the end of the window"""


class ExclusionItem(_AboutAgreement):
    """An exclusion that waits for the caller's decision."""

    exclusion_id: str
    """Id of the exclusion"""
    kind: str
    """planned, force_majeure, customer_caused or claim"""
    text: str
    """Description by the party that requested the exclusion"""
    requested_by_party_id: str
    """Id of the party that requested the exclusion"""
    requested_at: Instant
    """When the exclusion was requested"""
    starts_at: Instant | None
    """Start of the first interval"""
    seconds: int
    """Total length of the intervals, seconds"""
    if_silent: str | None
    """The decision that takes effect if nobody decides until the deadline; null: none"""
    deadline_at: Instant | None
    """Last instant at which the caller may decide; null: no limit, and urgent this week"""


class StaleItem(Answer):
    """An indicator of the caller's party that has stopped sending."""

    indicator: IndicatorReference
    """The indicator"""
    service_id: str | None
    """Id of the indicator's service; null if it was registered without one"""
    since_at: Instant
    """Since when the indicator is stale"""
    seconds: int
    """How long the indicator has been stale, seconds"""
    deadline_at: Instant | None
    """Always null: a stale indicator is urgent today"""
    urgency: Urgency
    """Always `today`"""


class DueClockItem(_AboutAgreement):
    """A running clock of a ticket whose deadline is at most four hours away, or today."""

    source: str
    """Name of the tool that the ticket comes from"""
    number: str
    """Number of the ticket in its tool"""
    owner_party_id: str
    """Id of the party that sent the ticket"""
    target_id: str
    """Id of the target that runs the clock"""
    target_key: str
    """The target's key in the agreement"""
    clock: str
    """What the clock measures, such as `resolution`"""
    priority: str | None
    """Priority of the ticket"""
    state: str | None
    """State of the ticket"""
    held_by: str | None
    """Person or team that holds the ticket; only the team if the caller may not see the person; null: nobody"""
    time_left_seconds: int
    """Seconds of wall-clock time until the deadline"""
    started_at: Instant
    """When the clock started"""
    deadline_at: Instant
    """Deadline of the clock"""


class ServiceItem(Answer):
    """The state of a service, over all of its targets that the caller may see."""

    service_id: str
    """Id of the service"""
    service_name: str | None
    """Name of the service"""
    provider_party_ids: list[str]
    """Ids of the parties that provide the service"""
    customer_party_ids: list[str]
    """Ids of the parties that receive the service"""
    agreements: int
    """Number of agreements about the service"""
    targets: int
    """Number of targets of the service"""
    state: IndicatorState | None
    """The worst state of the service's indicators now; null if none of these has states"""
    state_since_at: Instant | None
    """Since when the service has this state; null while it is up"""
    verdict: Verdict | None
    """The worst verdict of the present month; null if nothing was evaluated in it"""
    lost_seconds: int | None
    """Seconds of downtime this month, without exclusions, of the availability target that has lost most; null if there
    is no such target. Of the services with an indicator down, at most ten have a number, the others have null
    """
    strip: list[Verdict | None]
    """The worst verdict of each month of `months`; null if nothing was evaluated in the month"""


class TargetCountsAnswer(Answer):
    """The number of targets between one provider and one customer, by the state of their latest window."""

    provider_party_id: str
    """Id of the party that provides"""
    customer_party_id: str
    """Id of the party that receives"""
    targets: int
    """Number of targets that the caller sees; of a target with `group_by`, its instances"""
    breached: int
    """How many missed what was promised in their latest window; targets of tickets are never among them"""
    at_risk: int
    """How many are at risk, as far as the caller is shown it"""
    no_data: int
    """How many have nothing to be judged by: no measurement in the latest window, or not a single ticket"""


class SummaryAnswer(Answer):
    """Everything that needs somebody to act, and the state of the services, as of one instant."""

    as_of: Instant
    """The instant of all figures in this answer"""
    today_ends_at: Instant
    """When the reader's day ends"""
    week_ends_at: Instant
    """When the reader's week ends"""
    counts: SummaryCounts
    """Totals, including items beyond those that the lists show"""
    next_deadline_at: Instant | None
    """The nearest deadline in this answer; null if there is none"""
    down: list[DownItem]
    """Indicators that are down now, the longest first"""
    breaches: list[BreachItem]
    """Breaches in force that nobody has acknowledged, the latest first"""
    risks: list[RiskItem]
    """Windows at risk, the nearest projected breach first"""
    exclusions: list[ExclusionItem]
    """Exclusions that wait for the caller's decision, the nearest deadline first"""
    stale: list[StaleItem]
    """Indicators of the caller's party that have stopped sending, the longest first"""
    tickets: list[DueClockItem]
    """Running clocks that are due within four hours or today, the nearest deadline first"""
    months: list[str]
    """The months for which each service's `strip` has a verdict, such as `2026-11`, the present one last"""
    services: list[ServiceItem]
    """Services, first those that are down, then by their verdict, the worst first"""
    causes: list_of(CauseAnswer) = ABSENT  # type: ignore[valid-type]
    """Only with `include=causes`: the first page of `GET /causes`, of `limit` items at most"""
    assignments: list_of(AssignmentAnswer) = ABSENT  # type: ignore[valid-type]
    """Only with `include=assignments`: assignments and snoozes of the breaches, risks and causes in this answer,
    and of the breaches and risks of causes with something left to do
    """
