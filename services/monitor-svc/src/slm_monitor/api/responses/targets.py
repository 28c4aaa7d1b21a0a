"""Answers about targets: their terms, and the state of their present window."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer
from slm_monitor.api.responses.findings import RiskResponsible
from slm_monitor.api.responses.shapes import (
    Budget,
    Document,
    Exact,
    IndicatorReference,
    Instant,
    Verdict,
)
from slm_monitor.api.responses.windows import WindowSums


class TargetTermsAnswer(Answer):
    """The terms by which a target is judged, as the agreement writes them."""

    aggregation: str | Document
    """How the figure is computed: a name such as `availability`, or a name with its parameters"""
    objective: Document
    """What is promised, such as `at_least` 99.9 `unit` percent, or `within` a time for a ticket's clock"""
    window: Document
    """`calendar` with a unit, `rolling` with a length, or `per` ticket"""
    service_hours: str | list[str] | None
    """Names of the service hours that count; `24x7` is always"""
    weight: str | None
    """Its weight in a composite and in credits, exact"""
    responsible: RiskResponsible | None
    """Who acts when it is at risk, and how"""
    applies_to: Document | None
    """For a clock: the tickets that it applies to; null for others"""
    warn_at: Document | None
    """The warnings that were agreed; see the reference of terms"""


class TimeLeft(Answer):
    """How much time there is to act."""

    window_seconds: int
    """Seconds until the window ends"""
    projected_breach_at: Instant | None
    """When the objective will be missed at the present pace; null if never"""
    projected_breach_seconds: int | None
    """Seconds until then, 0 if it has passed; null if never"""


class PresentWindow(Answer):
    """The window of a target that is open now, or the last one begun."""

    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    version: int
    """The version of the agreement by which it is judged"""
    start_at: Instant
    """Where it begins"""
    end_at: Instant
    """Where it ends; of a rolling window the end of all time"""
    verdict: Verdict | Literal["unjudgeable"]
    """Its verdict so far; `unjudgeable` where the target cannot be judged now and the figure is an old one"""
    good: int
    """Numerator of the figure: microseconds up, good events or tickets met"""
    total: int
    """Denominator of the figure: microseconds, events or tickets that count"""
    figure: Exact | None
    """The figure so far, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    detail: WindowSums
    """The sums behind the figure"""
    closed_at: Instant | None
    """When it was closed; null while it is open"""
    revision: int
    """How often it was restated since it was closed"""
    as_of: Instant
    """Instant up to which it is judged"""
    budget: Budget | None
    """The error budget and how much of it is used; null if there is no budget"""
    time_left: TimeLeft | None
    """How much time there is to act; null for a closed window"""


class NoDataNotice(Answer):
    """The indicator of a target has no data."""

    since_at: Instant | None
    """Since when it has had no data; null if it has no window yet"""
    never_measured: bool
    """Whether nothing was ever measured"""


class UnjudgeableNotice(Answer):
    """The reason why a target cannot be judged."""

    reason: str
    """Why it cannot be judged"""
    since_at: Instant
    """Since when it cannot be judged"""


class TicketCounts(Answer):
    """The tickets that a clock's target was applied to."""

    judged: int
    """Tickets whose clock has stopped or missed its deadline"""
    met: int
    """Tickets whose clock stopped at or before its deadline"""
    inconsistent: int
    """Tickets that are not judged, as their events contradict each other"""
    states: dict[str, int]
    """How many clocks are in which state"""


class TargetAnswer(Answer):
    """A service level target: its terms, and its present state."""

    target_id: str
    """Id of the target"""
    agreement_id: str
    """Id of the agreement"""
    version: int
    """The version of the agreement that is in force"""
    key: str
    """Its key in the agreement; of an instance with its labels, such as `orders[north]`"""
    title: str
    """Its title in the agreement"""
    service_id: str
    """Id of the service"""
    instance_of: str | None
    """Id of the target that it is an instance of, by its labels; null for others"""
    labels: dict[str, str]
    """For an instance: the labels that it is judged for"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    indicator: IndicatorReference | None
    """Its indicator; null for clocks and derived targets"""
    terms: TargetTermsAnswer
    """The terms by which it is judged"""
    no_data: NoDataNotice | None
    """Present if its indicator has no data; null otherwise"""
    window: PresentWindow | None
    """Its present window; null for clocks, and before the first one"""
    unjudgeable: UnjudgeableNotice | None
    """Present if it cannot be judged now; null otherwise"""
    importing: bool
    """Whether an import holds back a part of its past"""
    tickets: TicketCounts | None
    """For a clock: the tickets it was applied to; null for others"""
