"""The events of monitor-svc about targets, windows, breaches, imports and indicators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetResultEvent:
    """The fields that all events about a target's results have: the target, its parties, the terms and the window."""

    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    target_title: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    window_id: str
    """The window: ``2026-11`` or ``2026-Q4`` for a calendar window, ``PT1H`` for a rolling one, ``<source>/<number>``
    for a ticket.
    """
    window_start_at: str | None
    window_end_at: str | None
    importing: bool = False
    """Whether an import was still loading history of the target's facts. Facts that are not loaded yet may change the
    result.
    """
    import_id: str | None = None
    """The id of the import whose history caused the event; null without one. ``ImportJudged`` follows when everything
    that the import affected is published.
    """
    catch_up: int | None = None
    """The agreement version that caused the event: its past was being evaluated after its signing; null for other
    events. ``AgreementCaughtUp`` follows when the past is evaluated.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAtRisk(TargetResultEvent):
    """A target will probably be missed if nobody acts within ``time_left_seconds``.

    If a warning that was cleared is raised again soon, it is the same risk: the risk keeps its id and gets the next
    ``revision``.
    """

    risk_id: str
    revision: int = 0
    cause: str
    """Why the target is at risk: ``budget_consumed`` | ``burn_rate`` | ``projection`` | ``below_objective`` |
    ``elapsed``.
    """
    threshold: str
    """The warning that fired: ``75`` percent of the budget, ``1h/5m@14.4`` of a burn rate pair."""
    figure: str | None
    figure_display: str
    objective: dict[str, Any]
    budget_consumed_percent: str | None
    burn_rate: str | None
    projected_breach_at: str | None
    time_left_seconds: int | None
    responsible: dict[str, Any] = field(default_factory=dict)
    """Who acts on a risk of the target, as agreed: ``{"owner": ..., "plan": [{"step", "owner"}]}``."""
    evidence: dict[str, Any] = field(default_factory=dict)
    at: str
    published_at: str
    hidden_from_party_id: str | None = None
    """The customer, if the agreement's `customer_sees` hides this event from it; null if both parties may see the
    event.
    """
    customer_sees_plan: str = "none"
    """How much the customer may see of the plan once it may see the risk: ``none`` | ``titles`` | ``full``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskDisclosed(TargetAtRisk):
    """The customer may see a warning from now on, because it has lasted as long as the agreement's `customer_sees`
    demands.

    The event repeats the latest ``TargetAtRisk`` of the risk, which was hidden from the customer.
    """

    disclosed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCleared(TargetResultEvent):
    """A warning no longer applies: the measured value is a tenth below the warning's threshold, or the window has
    ended.
    """

    risk_id: str
    revision: int = 0
    """The revision of the ``TargetAtRisk`` that this event clears."""
    cause: str
    threshold: str
    outcome: str
    """How the risk ended: ``averted`` | ``breached`` | ``window_closed``."""
    at: str
    published_at: str
    hidden_from_party_id: str | None = None
    """The customer, if the agreement's `customer_sees` hides this event from it; null if both parties may see the
    event.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBreached(TargetResultEvent):
    """A service level target is certainly breached. The event carries the evidence.

    ``breach_id`` is the UUIDv5 of agreement, version, target, window, level and ordinal, so the same facts give the
    same id.
    """

    breach_id: str
    revision: int
    """The revision of the breach: 0 at first. It rises by one when facts change the breach, and when the breach is
    published again after a withdrawal.
    """
    level: str
    """The level that was missed: ``objective`` | ``unacceptable``."""
    ordinal: int
    objective: dict[str, Any]
    figure: str | None
    """The exact figure as ``numerator/denominator`` in the objective's unit; None if a ticket missed its deadline."""
    figure_display: str
    shortfall: str | None
    """The exact distance between figure and objective, in the objective's unit."""
    certain_at: str
    """The first instant, in event time, at which no later fact could have prevented the breach."""
    published_at: str
    late: bool = False
    """Whether a late fact caused the breach after its window had closed."""
    ticket: dict[str, Any] | None = None
    sent_by: str | None = None
    """Whose source sent the ticket, as in the events of its clock; null without a ticket."""
    responsible_party_id: str
    evidence: dict[str, Any] = field(default_factory=dict)
    assets: list[str] = field(default_factory=list)
    credits_at_stake: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRevised(TargetBreached):
    """Facts changed a published breach: its instant, its figure or its evidence.

    The event carries the breach as it is now; ``before`` holds the values that no longer apply.
    """

    cause: str
    """What changed it: ``fact`` | ``exclusion`` | ``dispute`` | ``terms``."""
    before: dict[str, Any]
    """The values of the breach as published before: ``{"revision", "certain_at", "figure", "figure_display",
    "shortfall", "evidence"}``.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecovered(TargetResultEvent):
    """A rolling target meets its objective again. If late facts change ``recovered_at``, the event is published again
    and the latest one applies.
    """

    breach_id: str
    figure: str | None
    figure_display: str
    recovered_at: str
    published_at: str
    revision: int = 0
    """The revision of the breach that recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachWithdrawn(TargetResultEvent):
    """Facts showed that a published breach was wrong. The breach no longer counts."""

    breach_id: str
    revision: int
    level: str
    cause: str
    figure: str | None
    figure_display: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed(TargetResultEvent):
    """The result of a window, published after the window's end and the closing delay."""

    verdict: str
    """The verdict on the window: ``met`` | ``breached`` | ``no_data`` | ``not_applicable``."""
    revision: int
    objective: dict[str, Any]
    aggregation: str
    unit: str
    figure: str | None
    figure_display: str
    raw_figure: str | None
    """The exact figure as it would be without exclusions."""
    good: str
    """The exact numerator of the figure: microseconds up, good events, or tickets met."""
    total: str
    excluded_seconds: int
    exclusions: list[dict[str, Any]] = field(default_factory=list)
    """The exclusions within the window: ``{"exclusion_id", "kind", "seconds", "uncounted"}``. ``seconds`` are excluded;
    ``uncounted`` lists approved time that is not excluded, each with the reason.
    """
    unknown_seconds: int
    downtime_seconds: int
    inconsistent_tickets: int = 0
    """The number of the window's tickets that are not in the figure because their events contradict each other."""
    budget_consumed_percent: str | None
    weight: str
    coverage_percent: str | None = None
    """The exact share in percent of the window that is known, without excluded time: of the time in which the state is
    known, of the minutes near a measurement, of the slices or of the tickets that are judged. Null for recoveries, and
    if nothing was scheduled.
    """
    no_data_reason: str | None = None
    """Why a window with a figure has no verdict: ``insufficient_coverage``. Null for any other window."""
    closed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRestated(WindowClosed):
    """Late facts changed a closed window: its verdict, its figure, or the counts and times behind the figure."""

    cause: str
    before: dict[str, Any]
    """The values published before: ``{"verdict", "figure", "figure_display", "revision", "good", "total"}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAdjusted(TargetResultEvent):
    """Later facts would give an accepted window another result. The result of the accepted window does not change.

    The difference belongs to the current period.
    """

    revision: int
    """The revision of the window that the parties accepted."""
    number: int
    """The number of this adjustment among those of the window, from 1."""
    booked_in_window_id: str | None
    """The target's window that was open when the adjustment was published; None if there was none."""
    verdict: str
    """The verdict that the window would have by the facts known now. The fields from ``figure`` to ``total`` are as of
    now, too.
    """
    figure: str | None
    figure_display: str
    good: str
    total: str
    difference: str | None
    """The change of the figure since ``before``, in the figure's unit. The sum of the differences of all adjustments of
    a window is their total effect.
    """
    cause: str
    before: dict[str, Any]
    """``{"verdict", "figure"}`` of the accepted result, or of the previous adjustment."""
    accepted_at: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJudged:
    """Everything that an import of history affected in an agreement is evaluated and published. The agreement's figures
    are final again.

    There is one event for each agreement that the import affected. The events caused by the import carry its
    ``import_id``.
    """

    import_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    owner_party_id: str
    """The party whose history was imported."""
    through_at: str
    """Until the import ended, it held back the evaluation of everything before this instant."""
    ended_as: str
    """How the import ended: ``completed`` | ``ended`` | ``expired``."""
    windows_closed: int
    """The number of windows that closed because of the import."""
    windows_restated: int
    """The number of windows that had closed before the import and were restated because of it."""
    clocks_ended: int
    """The number of ticket clocks that the imported history ended."""
    breach_events: int
    """The number of events on the topic ``slm.breaches`` that carry this ``import_id``. A consumer of both topics waits
    until it has received as many.
    """
    judged_at: str
    """The instant, by the installation's clock, from which on the agreement's results include the whole import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCaughtUp:
    """A signed version has been evaluated over everything recorded before it was signed. Its figures are final from now
    on.

    There is one event for each version, even if nothing was recorded before. The events that the evaluation caused
    carry the version as ``catch_up``.
    """

    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    breach_events: int
    """The number of events on the topic ``slm.breaches`` that carry the version as ``catch_up``. A consumer of both
    topics waits until it has received as many.
    """
    caught_up_at: str
    """The instant, by the installation's clock, from which on the agreement's results include its whole past."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetJudgeable:
    """A target that could not be evaluated is evaluated again, with its whole past."""

    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetUnjudgeable(TargetJudgeable):
    """A target cannot be evaluated. It keeps its last figure, and its facts are kept; all other targets are evaluated
    as usual.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuarantined:
    """A fact was put into quarantine: it is kept and can be read with the reason, but it is not evaluated."""

    quarantine_id: str
    owner_party_id: str | None
    subject: str
    """The key of the indicator or ticket that the fact is about."""
    reason: str
    fact: dict[str, Any]
    received_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorStale:
    """An indicator has had no measurement for so long that its state is unknown from now on."""

    indicator: str
    """The indicator as ``<owner party>/<key>``."""
    owner_party_id: str
    key: str
    kind: str
    service_id: str | None
    last_measured_at: str
    stale_since_at: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorResumed(IndicatorStale):
    """A stale indicator has a measurement again. ``last_measured_at`` is the instant of that measurement."""
