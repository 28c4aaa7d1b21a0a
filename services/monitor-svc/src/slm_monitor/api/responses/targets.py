"""Answers about targets: their terms, and the state of their present window."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.record_marks import OnRecordAnswer
from slm_chassis.http.response_models import ABSENT, Answer
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
    """The terms of a target, as the agreement writes them."""

    aggregation: str | Document
    """How the figure is computed: a name such as `availability`, or a name with its parameters"""
    objective: Document
    """What is promised, such as `at_least` 99.9 `unit` percent, or `within` a time for a ticket's clock"""
    window: Document
    """`calendar` with a unit, `rolling` with a length, or `per` ticket"""
    service_hours: str | list[str] | None
    """Names of the service hours within which the target is evaluated; `24x7` means at any time"""
    weight: str | None
    """Weight of the target in a composite and in credits, exact"""
    responsible: RiskResponsible | None
    """Who acts if the target is at risk, and the agreed plan"""
    applies_to: Document | None
    """For a clock: the tickets to which it applies; null for others"""
    warn_at: Document | None
    """The warnings that were agreed; see the reference of terms"""


class TimeLeft(Answer):
    """Time left until the window ends, and until the projected breach."""

    window_seconds: int
    """Seconds until the window ends"""
    projected_breach_at: Instant | None
    """When the objective will be missed at the present pace; null if never"""
    projected_breach_seconds: int | None
    """Seconds until the projected breach, 0 if it has passed; null if it is never reached"""


class PresentWindow(Answer):
    """The window of a target that is open now. If none is open, the last window that has begun."""

    window_id: str
    """`2026-11` for a calendar window, `PT1H` for a rolling one"""
    version: int
    """Version of the agreement whose terms apply"""
    start_at: Instant
    """Start of the window"""
    end_at: Instant
    """End of the window; of a rolling window an instant in the year 9999"""
    verdict: Verdict | Literal["unjudgeable"]
    """Verdict so far; `unjudgeable` if the target cannot be evaluated now, so that the figure is an old one"""
    good: int
    """Numerator of the figure: microseconds up, good events or tickets met"""
    total: int
    """Denominator of the figure: all microseconds, events or tickets that are included in the figure"""
    figure: Exact | None
    """The figure so far, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    detail: WindowSums
    """The sums behind the figure"""
    closed_at: Instant | None
    """When the window was closed; null while it is open"""
    revision: int
    """How often the window was restated after its closing"""
    as_of: Instant
    """Instant up to which facts were evaluated"""
    budget: Budget | None
    """The error budget and how much of it is used; null if there is no budget"""
    time_left: TimeLeft | None
    """Time left to act; null for a closed window"""


class NoDataNotice(Answer):
    """The notice that the indicator of a target has no data."""

    since_at: Instant | None
    """Since when the indicator has had no data; null if the target has no window yet"""
    never_measured: bool
    """Whether no measurement ever arrived"""


class UnjudgeableNotice(Answer):
    """The notice that a target cannot be evaluated, with the reason."""

    reason: str
    """Why the target cannot be evaluated"""
    since_at: Instant
    """Since when the target cannot be evaluated"""


class TicketCounts(Answer):
    """The number of tickets of a per-ticket target, by outcome, and the number of their clocks, by state."""

    judged: int
    """Tickets whose clock has stopped or missed its deadline"""
    met: int
    """Tickets whose clock stopped at or before its deadline"""
    inconsistent: int
    """Tickets that are not evaluated, because their events contradict each other"""
    states: dict[str, int]
    """State of a clock → number of clocks in that state"""


class TargetAnswer(Answer):
    """A service level target: its terms, and its present state."""

    on_record: OnRecordAnswer = ABSENT
    """Only of an agreement on record: who recorded it, and who has not confirmed it"""
    target_id: str
    """Id of the target"""
    agreement_id: str
    """Id of the agreement"""
    version: int
    """The version of the agreement that is in force"""
    key: str
    """Key of the target in the agreement; of an instance with its labels, such as `orders[north]`"""
    title: str
    """Title of the target in the agreement"""
    service_id: str
    """Id of the service"""
    instance_of: str | None
    """Id of the grouped target of which this is the instance for some label values; null for others"""
    labels: dict[str, str]
    """For an instance of a grouped target: the label values for which it is evaluated"""
    provider_party_id: str
    """Id of the party that provides the service"""
    customer_party_id: str
    """Id of the party that receives the service"""
    indicator: IndicatorReference | None
    """Indicator of the target; null for clocks and derived targets"""
    terms: TargetTermsAnswer
    """The terms of the target"""
    no_data: NoDataNotice | None
    """Present if the target's indicator has no data; null otherwise"""
    window: PresentWindow | None
    """Present window of the target; null for clocks, and before the first window"""
    unjudgeable: UnjudgeableNotice | None
    """Present if the target cannot be evaluated now; null otherwise"""
    importing: bool
    """Whether a part of the target's past is not evaluated before an import ends"""
    tickets: TicketCounts | None
    """For a clock: the number of tickets by outcome; null for others"""
