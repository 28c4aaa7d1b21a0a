"""The terms a target is judged by, as parsed from a finalized agreement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from slm_calendar import durations, service_hours
from slm_calendar.service_hours import ServiceHours
from slm_calendar.windows import KINDS
from slm_events import instants
from slm_monitor.domain.terms import clock_terms, objectives, warning_terms
from slm_monitor.domain.terms.clock_terms import ClockTerms
from slm_monitor.domain.terms.objectives import Objective
from slm_monitor.domain.terms.warning_terms import WarningTerms

FOREVER = 253_402_300_800_000_000
"""10000-01-01: the end of an agreement without one."""


SHARES = frozenset(
    {
        "availability",
        "ratio",
        "share_at_most",
        "share_at_least",
        "quantile",
        "compliance",
        "time_slices",
        "composite",
        "recovered_within",
    }
)
"""The aggregations whose figure is a share of one."""
COUNTED = frozenset(
    {"ratio", "share_at_most", "share_at_least", "quantile", "mean", "max", "min", "count", "time_slices", "nps"}
)
"""Those that are summed by the minute."""
EVENTS = frozenset({"ratio", "share_at_most", "share_at_least", "quantile"})
"""Those of them whose figure is a share of events."""
RECOVERED = frozenset({"recovery_time", "recovery_point", "recovered_within"})
"""Those of an indicator's recoveries."""
STATED = frozenset({"availability", "outages"}) | RECOVERED
"""Those of facts that are kept one by one: an indicator's states, or its recoveries."""
DERIVED = frozenset({"compliance", "composite"})
"""Those of other targets."""
JUDGED = SHARES | COUNTED | STATED | {"clock"}
KEPT = COUNTED | STATED | DERIVED | {"clock"}
"""Those that the judge keeps figures of; previews work out all of them."""

_UNITS = {"count": "count", "outages": "count", "nps": "points"} | dict.fromkeys(
    ("recovery_time", "recovery_point"), "minutes"
)
_PARAMETERS = {
    "share_at_most": True,
    "quantile": True,
    "outages": True,
    "compliance": True,
    "time_slices": True,
    "composite": True,
    "count": None,
    "share_at_least": True,
    "nps": None,
    "recovered_within": True,
}
"""Whether an aggregation is written with what it needs, as ``{name: parameters}``; None: either way."""


SLA = "sla"
"""The kind of an agreement with a customer; ``ola`` and ``uc`` are with teams and suppliers."""


class NotJudgeable(ValueError):
    """Terms that this version cannot judge; says which and what it can."""


@dataclass(frozen=True)
class ServiceLevelTarget:
    """One target as one version of an agreement promises it.

    ``objectives`` is None for a clock, whose promise is ``within``. ``threshold`` is the X of ``share_at_most: X``, or
    the objective of a quantile, in the indicator's unit.
    """

    target_id: str
    key: str
    title: str
    agreement_id: str
    version: int
    service_id: str
    provider_party_id: str
    customer_party_id: str
    zone: str
    aggregation: str
    """One of JUDGED."""
    indicator: str | None
    """``<owner party>/<key>``; None for a clock and what is made of other targets."""
    promise: Objective | None
    unacceptable: Objective | None
    """The second level: the threshold of unacceptable service."""
    objective_document: Mapping[str, Any]
    threshold: float | None
    window_kind: str
    """``calendar`` | ``rolling`` | ``ticket``."""
    window: str
    """``month`` of a calendar window, ``PT1H`` of a rolling one."""
    rolling_microseconds: int
    hours: ServiceHours
    unknown: str
    degraded: str
    """``up`` | ``down`` | ``removed``, or the weight of degraded time as a share that counts up: ``1/2``."""
    no_data: str
    warn_at: WarningTerms
    weight: str
    responsible: Mapping[str, Any]
    clock: ClockTerms | None
    effective_at: int
    ends_at: int
    """The agreement's expiry; earlier ends (termination, supersession) belong to the terms line."""
    closing_delay: int
    indicator_kind: str | None = None
    """The kind of the indicator, where the terms say it."""
    place: int = 0
    """Its place in the agreement: of several targets that match a ticket the first one applies."""
    planned_downtime: str = "removed"
    """``removed`` (leaves both sides) | ``excused`` (counts as up whatever the state)."""
    parameters: Any = None
    """What the aggregation's document says beside its name."""
    group_by: tuple[str, ...] = ()
    group: tuple[tuple[str, str], ...] = ()
    """Of an instance that ``group_by`` makes: the labels it is judged for."""
    instance_of: str | None = None
    """The target that the instance belongs to."""
    on_amendment: str = "next_window"
    """``next_window``: a window is judged wholly by the terms of its start; ``split``: cut at the amendment."""
    expected_volume: int | None = None
    """Events that the agreement expects of a window: with them a miss can be certain before the window closes."""
    assets: tuple[str, ...] = ()
    agreement_kind: str = ""
    """``sla`` | ``ola`` | ``uc``; empty for terms that are only tried."""
    service_names: frozenset[str] = frozenset()
    """What tickets call the agreement's service: its id, its key, and how other systems name it."""
    customer_names: frozenset[str] = frozenset()
    """What tickets call the agreement's customer."""

    @property
    def is_support(self) -> bool:
        """Whether its agreement is with a team or a supplier."""
        return self.agreement_kind not in ("", SLA)

    @property
    def ticket_owners(self) -> frozenset[str]:
        """The parties whose tickets it judges: the provider's, of a support those of both sides."""
        both = {self.provider_party_id, self.customer_party_id}
        return frozenset(both if self.is_support else {self.provider_party_id})

    @property
    def owner_party_id(self) -> str:
        """Whose facts it is judged by."""
        return self.indicator.split("/", 1)[0] if self.indicator else self.provider_party_id

    @property
    def objective(self) -> Fraction | None:
        """The promised value; None for a clock."""
        return None if self.promise is None else self.promise.value

    @property
    def levels(self) -> list[tuple[str, Objective]]:
        """The promises that can be breached, by level."""
        named = [("objective", self.promise), ("unacceptable", self.unacceptable)]
        return [(level, promised) for level, promised in named if promised is not None]

    def shown(self, figure: Fraction | None) -> Fraction | None:
        """A figure in the objective's unit."""
        return figure if self.promise is None else self.promise.shown(figure)

    def display(self, figure: Fraction | None) -> str:
        """Likewise for people."""
        return "–" if self.promise is None else self.promise.display(figure)


def parse_targets(finalized: Mapping[str, Any], known: Collection[str] = KEPT) -> list[ServiceLevelTarget]:
    """The targets of an ``AgreementFinalized`` (as its JSON object). Raises NotJudgeable naming target and term.

    ``known``: the aggregations allowed.
    """
    hours = {name: _hours(document) for name, document in finalized["service_hours"].items()}
    hours.setdefault("24x7", service_hours.ALWAYS)
    return [_target(finalized, target, hours, place, known) for place, target in enumerate(finalized["targets"])]


def _hours(document: Any) -> ServiceHours:
    return service_hours.ALWAYS if document == "24x7" else service_hours.parse(document)


def _target(
    agreement: Mapping[str, Any],
    target: Mapping[str, Any],
    hours: Mapping[str, ServiceHours],
    place: int,
    known: Collection[str],
) -> ServiceLevelTarget:
    name = target["key"]
    aggregation, parameters = _aggregation(name, target["aggregation"], known)
    window_kind, window, rolling = _window_terms(name, target["window"])
    promised, unacceptable = _promises(name, aggregation, parameters, target)
    indicator = target.get("indicator")
    expires = agreement.get("expires_at")
    volume = target.get("expected_volume")
    named = target.get("service_hours") or "24x7"
    first, *others = [named] if isinstance(named, str) else named
    return ServiceLevelTarget(
        target_id=target["target_id"],
        key=name,
        title=target.get("title") or name,
        agreement_id=agreement["agreement_id"],
        version=agreement["version"],
        service_id=target.get("service_id") or agreement["service_id"],
        provider_party_id=agreement["provider_party_id"],
        customer_party_id=agreement["customer_party_id"],
        zone=agreement["timezone"],
        aggregation=aggregation,
        indicator=f"{indicator['owner_party_id']}/{indicator['key']}" if indicator else None,
        promise=promised,
        unacceptable=unacceptable,
        objective_document=target["objective"],
        threshold=_threshold(aggregation, parameters, target["objective"]),
        window_kind=window_kind,
        window=window,
        rolling_microseconds=rolling,
        hours=hours[first],
        unknown=target.get("unknown") or "removed",
        degraded=_degraded(target.get("degraded")),
        no_data=target.get("no_data") or "ignore",
        warn_at=replace(
            warning_terms.parse_warnings(target.get("warn_at") or {}, promised, window_kind, window, rolling),
            again_after=warning_terms.reopens_within(target.get("warn_again_after"), rolling),
        ),
        weight=str(target.get("weight") or "1"),
        responsible=target.get("responsible") or {},
        clock=clock_terms.parse_clock(target, [hours[other] for other in others]) if aggregation == "clock" else None,
        effective_at=instants.from_text(agreement["effective_at"]),
        ends_at=instants.from_text(expires) if expires else FOREVER,
        closing_delay=int(agreement["closing_delay_seconds"]) * 1_000_000,
        indicator_kind=indicator.get("kind") if indicator else None,
        place=place,
        planned_downtime=target.get("planned_downtime") or "removed",
        parameters=parameters,
        group_by=tuple(sorted(target.get("group_by") or ())),
        on_amendment=target.get("on_amendment") or agreement.get("on_amendment") or "next_window",
        expected_volume=None if volume is None else int(volume),
        assets=tuple(target.get("assets") or ()),
        agreement_kind=agreement.get("kind") or "",
        service_names=_names(agreement, "service", agreement["service_id"]),
        customer_names=_names(agreement, "customer", agreement["customer_party_id"]),
    )


def _names(agreement: Mapping[str, Any], of: str, identity: str) -> frozenset[str]:
    """The id, the key and the external references by which tickets mean the service or the customer."""
    refs = agreement.get(f"{of}_external_refs") or ()
    named = {identity, agreement.get(f"{of}_key") or identity, *(str(each["id"]) for each in refs)}
    return frozenset(named)


def _aggregation(name: str, aggregation: Any, known: Collection[str]) -> tuple[str, Any]:
    kind = next(iter(aggregation), "") if isinstance(aggregation, Mapping) else str(aggregation)
    wants = _PARAMETERS.get(kind, False)
    if kind not in known or (wants is not None and isinstance(aggregation, Mapping) != wants):
        raise NotJudgeable(f"target {name}: aggregation {aggregation!r}; judged are {', '.join(sorted(known))}")
    return kind, aggregation[kind] if isinstance(aggregation, Mapping) else None


def _threshold(aggregation: str, parameters: Any, objective: Mapping[str, Any]) -> float | None:
    # The nearest double of the written decimal: a measurement written with the same digits is the same double.
    if aggregation in ("share_at_most", "share_at_least"):
        return float(str(parameters))
    return float(str(objective["at_most"])) if aggregation == "quantile" else None


def _window_terms(name: str, window: Mapping[str, Any]) -> tuple[str, str, int]:
    if "calendar" in window:
        if window["calendar"] not in KINDS:
            raise NotJudgeable(f"target {name}: window {window['calendar']!r}; write one of {', '.join(KINDS)}")
        return "calendar", window["calendar"], 0
    if "rolling" in window:
        length = durations.from_iso(window["rolling"])
        if length <= 0 or length % 60_000_000:
            raise NotJudgeable(f"target {name}: rolling window {window['rolling']}; write a number of whole minutes")
        return "rolling", window["rolling"], length
    if window.get("per") == "ticket":
        return "ticket", "ticket", 0
    raise NotJudgeable(f"target {name}: window {dict(window)!r}; judged are calendar, rolling and per ticket")


def _promises(
    name: str, aggregation: str, parameters: Any, target: Mapping[str, Any]
) -> tuple[Objective | None, Objective | None]:
    if aggregation == "clock":
        return None, None
    written, second = target["objective"], target.get("unacceptable")
    try:
        if aggregation == "quantile":
            # The q-th quantile is at most X exactly where at least the share q is at most X.
            share = Fraction(str(parameters))
            if "at_most" not in written or not 0 < share < 1:
                raise ValueError(
                    f"quantile {parameters} of {dict(written)!r}; write at_most, and a quantile within 0 to 1"
                )
            return Objective(objectives.AT_LEAST, share), None
        unit = objectives.PERCENT if aggregation in SHARES else _UNITS.get(aggregation, "value")
        parsed = objectives.parse_objective(written, unit)
        if aggregation in SHARES and parsed.unit != objectives.PERCENT:
            raise ValueError(f"objective in {parsed.unit}; a share is promised in percent")
        return parsed, objectives.parse_objective({"unit": parsed.unit, **second}) if second else None
    except ValueError as error:
        raise NotJudgeable(f"target {name}: {error}") from error


def _degraded(written: Any) -> str:
    if isinstance(written, Mapping):
        return str(Fraction(str(written["weight"])))
    return written or "up"
