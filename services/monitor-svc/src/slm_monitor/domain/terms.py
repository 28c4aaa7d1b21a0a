"""The terms a target is judged by, as parsed from a finalized agreement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from slm_calendar import durations, service_hours
from slm_calendar.service_hours import ServiceHours
from slm_events import instants
from slm_monitor.domain import burn_rate

FOREVER = 253_402_300_800_000_000
"""10000-01-01: the end of an agreement without one."""


JUDGED = frozenset({"availability", "share_at_most", "clock"})
"""The aggregations that the judge keeps figures of."""
PREVIEWED = JUDGED | {"ratio", "outages", "time_slices"}
"""Those that a preview can work out of the facts it is given."""


_WITH_PARAMETERS = frozenset({"share_at_most", "outages", "time_slices"})


class NotJudgeable(ValueError):
    """Terms that this version cannot judge; says which and what it can."""


@dataclass(frozen=True)
class ServiceLevelTarget:
    """One target as one version of an agreement promises it.

    ``objective`` is a share in [0, 1] for ``availability`` and ``share_at_most``; None for a clock, whose promise is
    ``within``. ``threshold`` is the X of ``share_at_most: X`` in the indicator's unit.
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
    """``availability`` | ``share_at_most`` | ``clock``, of a preview also ``ratio`` | ``outages`` | ``time_slices``."""
    indicator: str | None
    """``<owner party>/<key>``; None for a clock."""
    objective: Fraction | None
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
    no_data: str
    warn_at_consumed: tuple[Fraction, ...]
    burn_rate_pairs: tuple[burn_rate.Pair, ...]
    weight: str
    responsible: Mapping[str, Any]
    clock: ClockTerms | None
    effective_at: int
    ends_at: int
    """The agreement's expiry; earlier ends (termination, supersession) belong to the terms line."""
    closing_delay: int
    place: int = 0
    """Its place in the agreement: of several targets that match a ticket the first one applies."""
    planned_downtime: str = "removed"
    """``removed`` (leaves both sides) | ``excused`` (counts as up whatever the state)."""
    parameters: Any = None
    """What the aggregation's document says beside its name."""
    assets: tuple[str, ...] = ()

    @property
    def owner_party_id(self) -> str:
        """Whose facts it is judged by."""
        return self.indicator.split("/", 1)[0] if self.indicator else self.provider_party_id

    @cached_property
    def promised_percent(self) -> Fraction:
        """The objective in percent."""
        return (self.objective or Fraction(0)) * 100


@dataclass(frozen=True)
class ClockTerms:
    """What starts, stops and pauses a ticket's clock, and to which tickets it applies."""

    clock: str
    within: durations.Duration
    applies_to: Mapping[str, frozenset[str]]
    start: str
    stop: str
    pause: frozenset[str]
    on_priority_change: str
    on_reopen: str
    carry_pauses: bool = True
    """With ``from_opening``: whether what paused the clock of the target before pauses this one's too."""
    after_first_response: bool = False
    """Of an ``update`` clock: whether the exchanges before the first response are left to the response clock."""


def parse_targets(finalized: Mapping[str, Any], known: Collection[str] = JUDGED) -> list[ServiceLevelTarget]:
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
    aggregation, threshold = _aggregation(name, target["aggregation"], known)
    window_kind, window, rolling = _window(name, target["window"])
    objective = None if aggregation in ("clock", "outages") else _share(name, target["objective"])
    indicator = target.get("indicator")
    warn = target.get("warn_at") or {}
    expires = agreement.get("expires_at")
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
        objective=objective,
        objective_document=target["objective"],
        threshold=threshold,
        window_kind=window_kind,
        window=window,
        rolling_microseconds=rolling,
        hours=hours[target.get("service_hours") or "24x7"],
        unknown=target.get("unknown") or "removed",
        degraded=target.get("degraded") or "up",
        no_data=target.get("no_data") or "ignore",
        warn_at_consumed=tuple(Fraction(str(share)) / 100 for share in warn.get("budget_consumed") or ()),
        burn_rate_pairs=_pairs(name, warn.get("burn_rate"), objective, window_kind, window, rolling),
        weight=str(target.get("weight") or "1"),
        responsible=target.get("responsible") or {},
        clock=_clock(target) if aggregation == "clock" else None,
        effective_at=instants.from_text(agreement["effective_at"]),
        ends_at=instants.from_text(expires) if expires else FOREVER,
        closing_delay=int(agreement["closing_delay_seconds"]) * 1_000_000,
        place=place,
        planned_downtime=target.get("planned_downtime") or "removed",
        parameters=target["aggregation"][aggregation] if aggregation in _WITH_PARAMETERS else None,
        assets=tuple(target.get("assets") or ()),
    )


def _aggregation(name: str, aggregation: Any, known: Collection[str]) -> tuple[str, float | None]:
    kind = next(iter(aggregation), "") if isinstance(aggregation, Mapping) else str(aggregation)
    if kind not in known or isinstance(aggregation, Mapping) != (kind in _WITH_PARAMETERS):
        raise NotJudgeable(f"target {name}: aggregation {aggregation!r}; judged are {', '.join(sorted(known))}")
    if kind == "share_at_most":
        # The nearest double of the written decimal: a measurement written with the same digits is the same double.
        return kind, float(str(aggregation[kind]))
    return kind, None


def _window(name: str, window: Mapping[str, Any]) -> tuple[str, str, int]:
    if "calendar" in window:
        return "calendar", window["calendar"], 0
    if "rolling" in window:
        length = durations.from_iso(window["rolling"])
        if length <= 0 or length % 60_000_000:
            raise NotJudgeable(f"target {name}: rolling window {window['rolling']}; write a number of whole minutes")
        return "rolling", window["rolling"], length
    if window.get("per") == "ticket":
        return "ticket", "ticket", 0
    raise NotJudgeable(f"target {name}: window {dict(window)!r}; judged are calendar, rolling and per ticket")


def _share(name: str, objective: Mapping[str, Any]) -> Fraction:
    if "at_least" not in objective or objective.get("unit", "percent") != "percent":
        raise NotJudgeable(f"target {name}: objective {dict(objective)!r}; judged is at_least in percent")
    share = Fraction(str(objective["at_least"])) / 100
    if not 0 <= share <= 1:
        raise NotJudgeable(f"target {name}: objective {objective['at_least']} percent lies outside 0 to 100")
    return share


def _pairs(
    name: str, written: Any, objective: Fraction | None, kind: str, window: str, rolling: int
) -> tuple[burn_rate.Pair, ...]:
    if not written or objective is None:
        return ()
    if written == "default":
        period = rolling if kind == "rolling" else burn_rate.NOMINAL.get(window, 0)
        return burn_rate.default_pairs(objective, period)
    return tuple(burn_rate.parse_pair(pair) for pair in written)


def _clock(target: Mapping[str, Any]) -> ClockTerms:
    applies = {
        field: frozenset([wanted] if isinstance(wanted, str) else wanted)
        for field, wanted in (target.get("applies_to") or {}).items()
    }
    return ClockTerms(
        clock=target.get("clock") or "resolution",
        within=durations.parse(target["objective"]["within"]),
        applies_to=applies,
        start=target.get("start") or "opened",
        stop=target.get("stop") or "resolved",
        pause=frozenset(target.get("pause") or ()),
        on_priority_change=target.get("on_priority_change") or "carry_elapsed",
        on_reopen=target.get("on_reopen") or "resume",
        carry_pauses=target.get("carry_pauses") is not False,
        after_first_response=target.get("after_first_response") is True,
    )
