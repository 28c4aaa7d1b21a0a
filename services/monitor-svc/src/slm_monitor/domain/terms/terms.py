"""The terms of one target in one version of an agreement, and their parser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar import critical_periods, durations, service_hours
from slm_calendar.critical_periods import CriticalPeriod
from slm_calendar.errors import CalendarError
from slm_calendar.service_hours import ServiceHours
from slm_calendar.window_schedules import WindowSchedule
from slm_events import aggregations as vocabulary
from slm_events import instants
from slm_events.aggregations import AggregationKind
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.terms import clock_terms, customer_view, objectives, warning_terms, window_terms
from slm_monitor.domain.terms.clock_terms import TicketClockTerms
from slm_monitor.domain.terms.customer_view import CustomerView
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.warning_terms import WarningTerms
from slm_monitor.domain.terms.window_terms import WindowTerms

FOREVER = 253_402_300_800_000_000
"""10000-01-01: the end of an agreement that has no expiry."""


SLA = "sla"
"""The kind of an agreement with a customer. An ``ola`` is with an internal team, a ``uc`` with a supplier."""

WHOLE, EXCESS = "whole", "excess"
"""How an outage counts that is not shorter than ``ignore_outages_shorter_than``: all of it, or what exceeds that."""


class TermsNotEvaluable(ValueError):
    """Terms that this version of the software cannot evaluate; the message names the target and the supported terms."""


@dataclass(frozen=True, kw_only=True)
class TargetTerms:
    """The terms that a target has whether the agreement limits a figure or the time that a ticket takes."""

    target_id: str
    key: str
    title: str
    agreement_id: str
    version: int
    service_id: str
    provider_party_id: str
    customer_party_id: str
    zone: str
    kind: AggregationKind
    """The aggregation by which the figure is computed, without its parameters."""
    objective_document: Mapping[str, Any]
    window_kind: str
    """``calendar`` (windows at fixed instants: of the calendar, or occurrences of a critical period) | ``rolling`` |
    ``ticket``."""
    window: str
    """The cycle of calendar windows, such as ``month`` or, from the 15th on, ``month@15``; the key of a critical
    period, such as ``election-night``; the length of a rolling window, such as ``PT1H``; ``ticket`` if each ticket is
    evaluated by itself."""
    rolling_microseconds: int
    schedule: WindowSchedule | None = None
    """The sequence of the target's windows at fixed instants; None for rolling windows and tickets."""
    hours: ServiceHours
    warn_at: WarningTerms
    weight: str
    responsible: Mapping[str, Any]
    effective_at: UtcMicroseconds
    ends_at: UtcMicroseconds
    """The agreement's expiry. Earlier ends (termination, supersession) are kept in the terms history."""
    closing_delay: int
    indicator: str | None = None
    """``<owner party>/<key>``; None for a clock and for a target that is derived from other targets."""
    indicator_kind: str | None = None
    """The kind of the indicator, if the terms name it."""
    place: int = 0
    """The target's position in the agreement. If several targets match a ticket, the first of them applies."""
    planned_downtime: str = "removed"
    """How excluded time counts: ``removed`` (not part of service time) | ``excused`` (up, whatever the state)."""
    parameters: Any = None
    """The parameters in the aggregation's document."""
    group_by: tuple[str, ...] = ()
    group: tuple[tuple[str, str], ...] = ()
    """The (name, value) labels of an instance of a target with ``group_by``; empty for other targets."""
    instance_of: str | None = None
    """The id of the target with ``group_by`` that an instance belongs to."""
    on_amendment: str = "next_window"
    """``next_window``: the terms at a window's start apply to all of it; ``split``: an amendment cuts the window."""
    assets: tuple[str, ...] = ()
    agreement_kind: str = ""
    """``sla`` | ``ola`` | ``uc``; empty for the terms of a preview."""
    service_names: frozenset[str] = frozenset()
    """The names by which tickets may refer to the agreement's service: its id, its key, its external references."""
    customer_names: frozenset[str] = frozenset()
    """The names by which tickets may refer to the agreement's customer: id, key and external references."""
    recorded_by_party_id: str | None = None
    """The party that put the agreement on record; None for an agreement that both parties signed."""
    customer_view: CustomerView = customer_view.DEFAULT
    """Which warnings, live figures and plans the customer is shown."""

    @property
    def aggregation(self) -> str:
        """The name of the aggregation."""
        return self.kind.name

    @property
    def is_support(self) -> bool:
        """Whether the agreement is a support agreement: with an internal team (OLA) or a supplier (UC)."""
        return self.agreement_kind not in ("", SLA)

    @property
    def ticket_owners(self) -> frozenset[str]:
        """The parties whose tickets this target applies to: the provider; under an OLA or UC, both parties; and of an
        agreement on record the recorder, because the other party sends nothing.
        """
        if self.recorded_by_party_id is not None:
            return frozenset({self.recorded_by_party_id})
        both = {self.provider_party_id, self.customer_party_id}
        return frozenset(both if self.is_support else {self.provider_party_id})

    @property
    def owner_party_id(self) -> str:
        """The party whose facts this target is evaluated from."""
        return (
            self.indicator.split("/", 1)[0] if self.indicator else self.recorded_by_party_id or self.provider_party_id
        )


@dataclass(frozen=True, kw_only=True)
class FigureTarget(TargetTerms):
    """A target that limits the figure of a window, as one version of an agreement defines it.

    ``threshold``: the value with which each measurement is compared, in the indicator's unit. This is X of
    ``share_at_most: X`` or ``share_at_least: X``, or the agreed value of a quantile.
    """

    promise: Objective
    unacceptable: Objective | None
    """A second objective, looser than ``promise``: a figure that misses it is unacceptable service."""
    threshold: float | None
    unknown: str
    degraded: str
    """``up`` | ``down`` | ``removed``, or the share of degraded time that counts as up, such as ``1/2``."""
    no_data: str
    expected_volume: int | None = None
    """The number of events that the agreement expects in a window. With this number, a miss can be certain before the
    window closes."""
    min_coverage: Fraction | None = None
    """The least share of a window, from 0 to 1, that must be known for a verdict; None: every share is enough."""
    ignore_outages_shorter_than: int | None = None
    """The counted time in microseconds that downtime must last without a break to count; None: all downtime counts."""
    short_outages: str = WHOLE
    """How downtime of at least that length counts: ``whole`` | ``excess`` (only what lies beyond that length)."""

    @property
    def objective(self) -> Fraction:
        """The value of the objective."""
        return self.promise.value

    @property
    def levels(self) -> list[tuple[str, Objective]]:
        """The levels that can be breached, as (name, limit): ``objective`` and ``unacceptable``, if agreed."""
        named = [("objective", self.promise), ("unacceptable", self.unacceptable)]
        return [(level, promised) for level, promised in named if promised is not None]

    def shown(self, figure: Fraction | None) -> Fraction | None:
        """Convert a figure to the objective's unit."""
        return self.promise.shown(figure)

    def display(self, figure: Fraction | None) -> str:
        """Return a figure in the objective's unit as text for people."""
        return self.promise.display(figure)


@dataclass(frozen=True, kw_only=True)
class ClockTarget(TargetTerms):
    """A target that limits the time that a ticket takes, as one version of an agreement defines it."""

    clock: TicketClockTerms

    def shown(self, figure: Fraction | None) -> Fraction | None:
        """Return the figure as it is, because a clock has no objective with a unit."""
        return figure

    def display(self, figure: Fraction | None) -> str:
        """Return a dash, because a clock has no figure to show."""
        return "–"


ServiceLevelTarget = FigureTarget | ClockTarget
"""One target as one version of an agreement defines it."""


def parse_targets(finalized: Mapping[str, Any], only: str | None = None) -> list[ServiceLevelTarget]:
    """Parse the targets of an ``AgreementFinalized`` event, given as its JSON object.

    With ``only``, the id of a target, the other targets are left out. Raises
    TermsNotEvaluable, which names the target and the term.
    """
    hours = {name: _hours(document) for name, document in finalized["service_hours"].items()}
    hours.setdefault("24x7", service_hours.ALWAYS)
    ends_at = finalized.get("expires_at")
    periods = critical_periods.parse_critical_periods(
        finalized.get("critical_periods") or (),
        finalized["timezone"],
        instants.from_text(ends_at) if ends_at else None,
    )
    return [
        _target(finalized, target, hours, periods, place)
        for place, target in enumerate(finalized["targets"])
        if only is None or target["target_id"] == only
    ]


def _hours(document: Any) -> ServiceHours:
    return service_hours.ALWAYS if document == "24x7" else service_hours.parse_service_hours(document)


def _target(
    agreement: Mapping[str, Any],
    target: Mapping[str, Any],
    hours: Mapping[str, ServiceHours],
    periods: Mapping[str, CriticalPeriod],
    place: int,
) -> ServiceLevelTarget:
    name = target["key"]
    kind, parameters = _aggregation(name, target["aggregation"])
    window = _window_terms(name, target["window"], agreement["timezone"], periods)
    rolling = window.rolling_microseconds
    promised, unacceptable = (
        (None, None) if kind.source == vocabulary.CLOCK else _promises(name, kind, parameters, target)
    )
    indicator = target.get("indicator")
    expires = agreement.get("expires_at")
    named = target.get("service_hours") or "24x7"
    first, *others = [named] if isinstance(named, str) else named
    common = TargetTerms(
        target_id=target["target_id"],
        key=name,
        title=target.get("title") or name,
        agreement_id=agreement["agreement_id"],
        version=agreement["version"],
        service_id=target.get("service_id") or agreement["service_id"],
        provider_party_id=agreement["provider_party_id"],
        customer_party_id=agreement["customer_party_id"],
        zone=agreement["timezone"],
        kind=kind,
        indicator=f"{indicator['owner_party_id']}/{indicator['key']}" if indicator else None,
        indicator_kind=indicator.get("kind") if indicator else None,
        objective_document=target["objective"],
        window_kind=window.kind,
        window=window.name,
        schedule=window.schedule,
        rolling_microseconds=rolling,
        hours=hours[first],
        warn_at=replace(
            warning_terms.parse_warning_terms(target.get("warn_at") or {}, promised, window),
            again_after=warning_terms.get_risk_reopening_time(target.get("warn_again_after"), rolling),
        ),
        weight=str(target.get("weight") or "1"),
        responsible=target.get("responsible") or {},
        effective_at=instants.from_text(agreement["effective_at"]),
        ends_at=instants.from_text(expires) if expires else FOREVER,
        closing_delay=int(agreement["closing_delay_seconds"]) * 1_000_000,
        place=place,
        planned_downtime=target.get("planned_downtime") or "removed",
        parameters=parameters,
        group_by=tuple(sorted(target.get("group_by") or ())),
        on_amendment=target.get("on_amendment") or agreement.get("on_amendment") or "next_window",
        assets=tuple(target.get("assets") or ()),
        agreement_kind=agreement.get("kind") or "",
        service_names=_names(agreement, "service", agreement["service_id"]),
        customer_names=_names(agreement, "customer", agreement["customer_party_id"]),
        recorded_by_party_id=agreement.get("recorded_by_party_id"),
        customer_view=customer_view.parse_customer_view(agreement.get("customer_sees")),
    )
    least, ignored = _min_coverage(name, target, window.kind), _ignored_outages(name, target)
    if promised is None:
        clock = clock_terms.parse_clock_terms(target, [hours[other] for other in others])
        return ClockTarget(clock=clock, **vars(common))
    volume = target.get("expected_volume")
    return FigureTarget(
        promise=promised,
        unacceptable=unacceptable,
        threshold=_threshold(kind, parameters, target["objective"]),
        unknown=target.get("unknown") or "removed",
        degraded=_degraded(target.get("degraded")),
        no_data=target.get("no_data") or "ignore",
        expected_volume=None if volume is None else int(volume),
        min_coverage=least,
        ignore_outages_shorter_than=ignored,
        short_outages=target.get("short_outages") or WHOLE,
        **vars(common),
    )


def _names(agreement: Mapping[str, Any], of: str, identity: str) -> frozenset[str]:
    """Return the id, the key and the external references of the agreement's service or customer."""
    refs = agreement.get(f"{of}_external_refs") or ()
    named = {identity, agreement.get(f"{of}_key") or identity, *(str(each["id"]) for each in refs)}
    return frozenset(named)


def _aggregation(name: str, aggregation: Any) -> tuple[AggregationKind, Any]:
    kind = vocabulary.KINDS.get(vocabulary.read_name(aggregation))
    if kind is None or not kind.accepts_form(aggregation):
        known = ", ".join(sorted(vocabulary.KINDS))
        raise TermsNotEvaluable(f"target {name}: aggregation {aggregation!r}; judged are {known}")
    return kind, aggregation[kind.name] if isinstance(aggregation, Mapping) else None


def _threshold(kind: AggregationKind, parameters: Any, objective: Mapping[str, Any]) -> float | None:
    if kind.limit is None:
        return None
    # The nearest double of the written decimal: a measurement written with the same digits is the same double.
    return float(str(objective["at_most"] if kind.is_limit_of_values else parameters))


def _window_terms(
    name: str, window: Mapping[str, Any], zone: str, periods: Mapping[str, CriticalPeriod]
) -> WindowTerms:
    try:
        return window_terms.parse_window_terms(window, zone, periods)
    except CalendarError:
        raise
    except ValueError as wrong:
        raise TermsNotEvaluable(f"target {name}: {wrong}") from wrong


def _promises(
    name: str, kind: AggregationKind, parameters: Any, target: Mapping[str, Any]
) -> tuple[Objective, Objective | None]:
    """Return (objective, looser objective). A figure that misses the looser objective is unacceptable service.

    The looser objective is None for a quantile, and if the terms do not name it. A quantile becomes an objective for
    the share of values within its limit. Raises TermsNotEvaluable.
    """
    written, second = target["objective"], target.get("unacceptable")
    try:
        if kind.is_limit_of_values:
            # The q-th quantile is at most X exactly where at least the share q is at most X.
            share = Fraction(str(parameters))
            if "at_most" not in written or not 0 < share < 1:
                raise ValueError(
                    f"quantile {parameters} of {dict(written)!r}; write at_most, and a quantile within 0 to 1"
                )
            return Objective(objectives.AT_LEAST, share), None
        parsed = objectives.parse_objective(written, kind.unit or "value")
        if kind.is_share and parsed.unit != objectives.PERCENT:
            raise ValueError(f"objective in {parsed.unit}; a share is promised in percent")
        return parsed, objectives.parse_objective({"unit": parsed.unit, **second}) if second else None
    except ValueError as error:
        raise TermsNotEvaluable(f"target {name}: {error}") from error


def _min_coverage(name: str, target: Mapping[str, Any], window_kind: str) -> Fraction | None:
    """Return the least share of a window that must be known; None if the terms name none. Raises TermsNotEvaluable."""
    percent = target.get("min_coverage")
    if percent is None:
        return None
    remedy = vocabulary.explain_no_min_coverage(target["aggregation"], window_kind)
    if remedy is None and not 0 < Fraction(str(percent)) <= 100:
        remedy = "write a percentage above 0 and up to 100"
    if remedy is not None:
        raise TermsNotEvaluable(f"target {name}: min_coverage {percent!r}: {remedy}")
    return Fraction(str(percent)) / 100


def _ignored_outages(name: str, target: Mapping[str, Any]) -> int | None:
    """Return the length below which outages are ignored, in microseconds; None if the terms name none.

    Raises TermsNotEvaluable.
    """
    written, way = target.get("ignore_outages_shorter_than"), target.get("short_outages")
    if written is None:
        if way is not None:
            raise TermsNotEvaluable(f"target {name}: short_outages {way!r}: {vocabulary.SHORT_OUTAGES_OF_NOTHING}")
        return None
    remedy = vocabulary.explain_no_short_outages(target["aggregation"])
    if remedy is not None:
        raise TermsNotEvaluable(f"target {name}: ignore_outages_shorter_than {written!r}: {remedy}")
    if way not in (None, WHOLE, EXCESS):
        raise TermsNotEvaluable(f"target {name}: short_outages {way!r}: write {WHOLE} or {EXCESS}")
    try:
        length = durations.from_iso(written, "ignore_outages_shorter_than")
    except CalendarError as refused:
        raise TermsNotEvaluable(f"target {name}: {refused}") from refused
    if length <= 0:
        raise TermsNotEvaluable(f"target {name}: ignore_outages_shorter_than {written!r}: write PT5M, or leave it out")
    return length


def _degraded(written: Any) -> str:
    if isinstance(written, Mapping):
        return str(Fraction(str(written["weight"])))
    return written or "up"
