"""What monitor-svc publishes: risks, breaches and windows, each with the terms it was judged by, and exclusions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetJudged:
    """What every finding about a target carries: whose it is, by which terms, in which window."""

    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    target_title: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    window_id: str
    """``2026-11``, ``2026-Q4``, ``PT1H`` for a rolling window, ``<source>/<number>`` for a ticket."""
    window_start_at: str | None
    window_end_at: str | None
    importing: bool = False
    """An import was still loading history of what this was judged by: it holds for the facts that had come."""
    import_id: str | None = None
    """The import whose history this tells of. ``ImportJudged`` follows once all that the import touched is told."""
    catch_up: int | None = None
    """The version of the agreement that catches up with what was recorded before it was signed. ``AgreementCaughtUp``
    follows once all of it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetAtRisk(TargetJudged):
    """A target will probably be missed if nobody acts; ``time_left_seconds`` says how long there is.

    A warning that comes back soon after it cleared is the same risk: its id, with the next ``revision``.
    """

    risk_id: str
    revision: int = 0
    cause: str
    """``budget_consumed`` | ``burn_rate`` | ``projection`` | ``below_objective`` | ``elapsed``."""
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
    """The target's agreed ``{"owner": ..., "plan": [{"step", "owner"}]}``."""
    evidence: dict[str, Any] = field(default_factory=dict)
    at: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCleared(TargetJudged):
    """The warning no longer holds: its measure is back behind the threshold by a tenth, or the window is over."""

    risk_id: str
    revision: int = 0
    """The one of the ``TargetAtRisk`` that it ends."""
    cause: str
    threshold: str
    outcome: str
    """``averted`` | ``breached`` | ``window_closed``."""
    at: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetBreached(TargetJudged):
    """A service level target is breached, for certain, with the evidence that shows it.

    ``breach_id`` is UUIDv5 over agreement, version, target, window, level and ordinal: the same facts give the same id.
    """

    breach_id: str
    revision: int
    """0 at first; one more each time a fact moves the breach, and each time it stands again after a withdrawal."""
    level: str
    """``objective`` | ``unacceptable``."""
    ordinal: int
    objective: dict[str, Any]
    figure: str | None
    """Exact, in the objective's unit, as ``numerator/denominator``; None where a ticket's deadline is the figure."""
    figure_display: str
    shortfall: str | None
    """Exact distance between figure and objective, in the objective's unit."""
    certain_at: str
    """Event time from which no later fact could have saved it."""
    published_at: str
    late: bool = False
    """Found by a late fact, after the window had closed."""
    ticket: dict[str, Any] | None = None
    responsible_party_id: str
    evidence: dict[str, Any] = field(default_factory=dict)
    assets: list[str] = field(default_factory=list)
    credits_at_stake: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachRevised(TargetBreached):
    """Facts moved a published breach that still stands: its instant, figure or evidence is another one.

    It carries the breach as it is now; ``before`` names what is refuted.
    """

    cause: str
    """What moved it: ``fact`` | ``exclusion`` | ``dispute`` | ``terms``."""
    before: dict[str, Any]
    """``{"revision", "certain_at", "figure", "figure_display", "shortfall", "evidence"}`` as last published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRecovered(TargetJudged):
    """A rolling target is back within its objective. Late facts may move the instant: the last event holds."""

    breach_id: str
    figure: str | None
    figure_display: str
    recovered_at: str
    published_at: str
    revision: int = 0
    """The revision of the breach that recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachWithdrawn(TargetJudged):
    """A fact undid a published breach: it does not stand."""

    breach_id: str
    revision: int
    level: str
    cause: str
    figure: str | None
    figure_display: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClosed(TargetJudged):
    """A window's verdict, established after its end and the closing delay."""

    verdict: str
    """``met`` | ``breached`` | ``no_data`` | ``not_applicable``."""
    revision: int
    objective: dict[str, Any]
    aggregation: str
    unit: str
    figure: str | None
    figure_display: str
    raw_figure: str | None
    """The same before exclusions."""
    good: str
    """Numerator of the figure: microseconds up, good events or tickets met."""
    total: str
    excluded_seconds: int
    exclusions: list[dict[str, Any]] = field(default_factory=list)
    """Those that lie in the window: ``{"exclusion_id", "kind", "seconds", "uncounted"}``; ``uncounted`` lists what was
    approved and does not count, with the reason."""
    unknown_seconds: int
    downtime_seconds: int
    inconsistent_tickets: int = 0
    """Tickets of the window that are in no figure, as their events contradict each other."""
    budget_consumed_percent: str | None
    weight: str
    coverage_percent: str | None = None
    """Exact share of the scheduled time that is known, exclusions apart: 0 where nothing was ever measured. None of
    what is counted, where nobody knows how much was missed."""
    closed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRestated(WindowClosed):
    """A late fact changed a closed window: its verdict, its figure, or the counts and times behind the figure."""

    cause: str
    before: dict[str, Any]
    """``{"verdict", "figure", "figure_display", "revision", "good", "total"}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowAdjusted(TargetJudged):
    """Later facts give a window that both parties accepted another outcome. It stays as it is: the difference belongs
    to the current period."""

    revision: int
    """The one that was accepted."""
    number: int
    """Of the window's adjustments, from 1."""
    booked_in_window_id: str | None
    """The target's window that was open then; None where it has none any more."""
    verdict: str
    """What the window would have come to, and below its figure."""
    figure: str | None
    figure_display: str
    good: str
    total: str
    difference: str | None
    """Of the figure, in its unit, from ``before``; the differences of all adjustments add up."""
    cause: str
    before: dict[str, Any]
    """``{"verdict", "figure"}`` as accepted, or by the adjustment before."""
    accepted_at: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportJudged:
    """All that an import of history touched of an agreement is judged and published: from now on its figures stand.

    One event for each agreement it touched. What was published for it carries its ``import_id``.
    """

    import_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    owner_party_id: str
    """The party whose history was imported."""
    through_at: str
    """The import held back what lies before this instant."""
    ended_as: str
    """``completed`` | ``ended`` | ``expired``."""
    windows_closed: int
    """How many windows closed, each of them once."""
    windows_restated: int
    """How many windows that had closed before were restated, each of them once."""
    clocks_ended: int
    """How many clocks of tickets ended by its history."""
    breach_events: int
    """How many events of the topic ``slm.breaches`` carry its ``import_id``: whoever reads both waits for them."""
    judged_at: str
    """Installation time: what is known of the agreement at this instant has all of the import in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementCaughtUp:
    """A signed version has been judged over all that was recorded before it was signed: from now on its figures stand.

    One event for each version, also where nothing had been recorded. What was published meanwhile carries the version
    as its ``catch_up``.
    """

    agreement_id: str
    agreement_version: int
    provider_party_id: str
    customer_party_id: str
    breach_events: int
    """How many events of the topic ``slm.breaches`` carry the version as ``catch_up``: whoever reads both topics waits
    for them."""
    caught_up_at: str
    """Installation time: what is known of the agreement at this instant has all of its past in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTakenUp:
    """A target that could not be judged is judged again, with all of its past."""

    agreement_id: str
    agreement_version: int
    target_id: str
    target_key: str
    service_id: str
    provider_party_id: str
    customer_party_id: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSetAside(TargetTakenUp):
    """A target cannot be judged: its figure stays what it was, its facts are kept, and all others are judged."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuarantined:
    """A fact was set aside instead of judged; it is kept and can be seen with its reason."""

    quarantine_id: str
    owner_party_id: str | None
    subject: str
    """The indicator's or ticket's key."""
    reason: str
    fact: dict[str, Any]
    received_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionMoved:
    """What every turn of an exclusion's life tells: what is excluded, why, and who asked for it."""

    exclusion_id: str
    agreement_id: str
    provider_party_id: str
    customer_party_id: str
    kind: str
    """``planned`` | ``force_majeure`` | ``customer_caused`` | ``claim``."""
    service_ids: list[str]
    """These, ``indicators`` and ``target_ids`` say what of the agreement is meant; all of it where all are empty."""
    indicators: list[str]
    """Each ``<owner party>/<key>``."""
    target_ids: list[str]
    intervals: list[dict[str, str]]
    """Each ``{"from", "to"}``; a recurrence is resolved."""
    recurrence: dict[str, Any] | None
    text: str
    evidence: list[dict[str, Any]]
    requested_by_party_id: str
    requested_at: str
    announced_at: str
    decide_by_at: str | None
    if_silent: str | None
    """``approved`` | ``rejected``: what silence until ``decide_by_at`` means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRequested(ExclusionMoved):
    """A party asks the other one to agree that some time does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionDecided(ExclusionMoved):
    """The other party, its delegate or its silence, decided; what was approved is out of the figures from now on."""

    decision: str
    """``approved`` | ``rejected``."""
    decided_by_party_id: str | None
    """None: by silence."""
    decided_for_party_id: str | None = None
    """The party in whose place its delegate decided; None where it decided itself."""
    decided_at: str
    reason: str
    uncounted: list[dict[str, str]]
    """Approved time that does not count all the same: ``{"from", "to", "because", "detail"}``, because of
    ``announced_late`` or ``past_cap``."""
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRevoked(ExclusionMoved):
    """An approved exclusion was taken back: the time counts again."""

    revoked_by_party_id: str | None
    revoked_at: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorSilent:
    """Nothing was heard of an indicator for so long that its state is unknown from now on."""

    indicator: str
    """``<owner party>/<key>``."""
    owner_party_id: str
    key: str
    kind: str
    service_id: str | None
    last_measured_at: str
    silent_since_at: str
    published_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorResumed(IndicatorSilent):
    """A silent indicator was heard again; ``last_measured_at`` is the measurement that ended the silence."""
