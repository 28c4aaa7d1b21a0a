"""The state of targets as gauges for Prometheus, each as of the same instant and as the caller may see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_chassis.exposition import GaugeTable
from slm_events.instants import UtcMicroseconds, from_text
from slm_monitor.application.reading import target_metric_catalogue as catalogue
from slm_monitor.domain.terms.objectives import AT_LEAST, PERCENT, Objective
from slm_monitor.domain.terms.terms import ClockTarget, FigureTarget, ServiceLevelTarget

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_MOST_WARNINGS = 20
"""Most pairs of cause and threshold that get a series for one target, since terms may have any number of pairs.

The warnings of all further pairs are added up in one series.
"""
_OTHER = "other"
_SECONDS = {
    "ns": Fraction(1, 10**9),
    "us": Fraction(1, 10**6),
    "µs": Fraction(1, 10**6),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "seconds": Fraction(1),
    "min": Fraction(60),
    "minutes": Fraction(60),
    "h": Fraction(3600),
    "hours": Fraction(3600),
    "d": Fraction(86_400),
    "days": Fraction(86_400),
}
"""Unit of time → its length in seconds."""


@dataclass(frozen=True, slots=True)
class OpenWarnings:
    """The number of a target's open warnings that have this cause and this threshold."""

    target_id: str
    cause: str
    threshold: str
    count: int


@dataclass(frozen=True, slots=True)
class TargetMetricRows:
    """The targets that get gauges, and the data that their gauges show besides the targets' states.

    - ``visible``: number of all targets that the caller sees, including those that get no gauges.
    - ``names``: agreement id → names and keys of the agreement, its service and its parties.
    - ``breaches``: target id → number of breaches that nobody has acknowledged.
    - ``deadlines``: target id → the next deadline of a running clock.
    """

    visible: int
    targets: Sequence[Mapping[str, Any]]
    names: Mapping[str, Mapping[str, Any]]
    breaches: Mapping[str, int] = field(default_factory=dict)
    deadlines: Mapping[str, int] = field(default_factory=dict)
    warnings: Sequence[OpenWarnings] = ()


@dataclass(frozen=True, slots=True)
class ShownTarget:
    """A target's state as the API shows it to the caller, and the terms of its present window (None if none apply)."""

    state: Mapping[str, Any]
    terms: ServiceLevelTarget | None
    names: Mapping[str, Any]
    recent: Mapping[str, Fraction] = field(default_factory=dict)
    """Name of a window that ends now → bad share in it; empty if it is not known, or the caller may not see it."""

    @property
    def window(self) -> Mapping[str, Any]:
        """The present window; empty if there is none."""
        return self.state["window"] or {}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of all series of the target."""
        is_of_agreement = self.state["service_id"] == self.names.get("service_id")
        service = self.names.get("service_key") if is_of_agreement else None
        return {
            "target_id": self.state["target_id"],
            "service": service or self.state["service_id"],
            "agreement": self.names.get("agreement_key") or self.state["agreement_id"],
            "target": self.state["key"],
        }

    @property
    def sloth_labels(self) -> dict[str, str]:
        """The labels of the series that are named as in Sloth, a generator of Prometheus rules for objectives.

        ``sloth_slo`` must be unique in a service, so the agreement's key is part of it.
        """
        own = self.labels
        return {
            "sloth_id": own["target_id"],
            "sloth_service": own["service"],
            "sloth_slo": f"{own['agreement']}/{own['target']}",
            "target_id": own["target_id"],
        }

    @property
    def figure(self) -> Fraction | None:
        """The exact figure of the present window, in the objective's unit; None if there is none."""
        written = self.window.get("figure")
        return None if written is None else Fraction(written)


def build_target_gauges(rows: TargetMetricRows, shown: Sequence[ShownTarget], now: UtcMicroseconds) -> GaugeTable:
    """Return the gauges of the targets ``shown``, which are ``rows.targets`` with their states as of ``now``."""
    table = GaugeTable(catalogue.CATALOGUE)
    table.add(catalogue.VISIBLE, {}, rows.visible)
    table.add(catalogue.LEFT_OUT, {}, rows.visible - len(rows.targets))
    table.add(catalogue.AS_OF, {}, now / _SECOND)
    warnings: dict[str, list[OpenWarnings]] = {}
    for each in rows.warnings:
        warnings.setdefault(each.target_id, []).append(each)
    for target in shown:
        target_id, labels = target.state["target_id"], target.labels
        table.add(catalogue.INFO, labels | _description(target))
        for name, value in _values(target, now):
            table.add(name, labels, value)
        _add_verdict(table, target)
        _add_clocks(table, target, rows.deadlines.get(target_id), now)
        _add_warnings(table, labels, warnings.get(target_id, ()))
        table.add(catalogue.BREACHES, labels, rows.breaches.get(target_id, 0))
        _add_sloth(table, target, now)
    return table


def _description(target: ShownTarget) -> dict[str, str]:
    terms, names = target.terms, target.names
    promised = terms.promise if isinstance(terms, FigureTarget) else None
    is_of_agreement = target.state["service_id"] == names.get("service_id")
    return {
        "title": target.state["title"],
        "agreement_title": names.get("title") or "",
        "service_name": (names.get("service_name") if is_of_agreement else None) or "",
        "provider": names.get("provider_name") or "",
        "customer": names.get("customer_name") or "",
        "aggregation": "" if terms is None else terms.aggregation,
        "comparison": "at_most" if promised is None else promised.comparison,
        "unit": _unit(terms),
        "window": "" if terms is None else terms.window,
    }


def _unit(terms: ServiceLevelTarget | None) -> str:
    if terms is None:
        return ""
    if isinstance(terms, ClockTarget) or terms.promise.unit in _SECONDS:
        return "seconds"
    return "ratio" if terms.promise.unit == PERCENT else terms.promise.unit


def _factor_of_unit(promised: Objective) -> Fraction:
    """Return the factor from the objective's unit, in which figures are shown, to the unit of the gauge."""
    return Fraction(1, 100) if promised.unit == PERCENT else _SECONDS.get(promised.unit, Fraction(1))


def _values(target: ShownTarget, now: UtcMicroseconds) -> Iterator[tuple[str, float]]:
    """Yield (gauge name, value) for each gauge that has only the target's labels."""
    terms, figure = target.terms, target.figure
    if isinstance(terms, FigureTarget):
        promised = terms.promise
        yield catalogue.OBJECTIVE, float((promised.shown(promised.value) or 0) * _factor_of_unit(promised))
        if figure is not None:
            yield catalogue.FIGURE, float(figure * _factor_of_unit(promised))
            covered = (target.window.get("detail") or {}).get("coverage_percent")
            if covered is not None:
                yield catalogue.COVERAGE, float(Fraction(covered) / 100)
            if (bad := _share_of_bad(promised, figure)) is not None:
                yield catalogue.ERROR_RATIO, float(bad)
    elif terms is not None and terms.clock.within.kind in ("calendar", "service_time"):
        yield catalogue.OBJECTIVE, int(terms.clock.within.amount) / _SECOND
    yield from _budget_values(target.window.get("budget"))
    left = target.window.get("time_left")
    if left is not None and terms is not None and terms.window_kind == "calendar":
        yield catalogue.WINDOW_LEFT, left["window_seconds"]
    if left is not None and left["projected_breach_seconds"] is not None:
        yield catalogue.TIME_TO_BREACH, left["projected_breach_seconds"]
    missing = target.state["no_data"]
    if missing is not None and missing["since_at"] is not None:
        yield catalogue.NO_DATA, max(0, now - from_text(missing["since_at"])) / _SECOND


def _budget_values(budget: Mapping[str, Any] | None) -> Iterator[tuple[str, float]]:
    if budget is None:
        return
    whole, left = Fraction(budget["whole"]), Fraction(budget["left"])
    if budget["unit"] == "microseconds":
        yield catalogue.BUDGET_SECONDS, float(whole / _SECOND)
        yield catalogue.BUDGET_LEFT_SECONDS, float(left / _SECOND)
    else:
        yield catalogue.BUDGET_EVENTS, float(whole)
        yield catalogue.BUDGET_LEFT_EVENTS, float(left)


def _share_of_bad(promised: Objective, figure: Fraction) -> Fraction | None:
    """Return the bad part of a figure that is a share; None for other figures."""
    if promised.unit != PERCENT:
        return None
    share = figure / 100
    return 1 - share if promised.comparison == AT_LEAST else share


def _add_verdict(table: GaugeTable, target: ShownTarget) -> None:
    """Add the verdict of a target that has windows. A target of tickets has none, as each clock is judged alone."""
    if target.state["tickets"] is not None:
        return
    verdict = target.window.get("verdict")
    if verdict is None and target.state["unjudgeable"] is not None:
        verdict = "unjudgeable"
    elif verdict is None and target.state["no_data"] is not None:
        verdict = "no_data"
    for each in catalogue.VERDICTS:
        table.add(catalogue.VERDICT, {**target.labels, "verdict": each}, each == verdict)


def _add_clocks(table: GaugeTable, target: ShownTarget, deadline: int | None, now: UtcMicroseconds) -> None:
    tickets = target.state["tickets"]
    if tickets is None:
        return
    counts = {**tickets["states"], "inconsistent": tickets["inconsistent"]}
    for state in catalogue.CLOCK_STATES:
        table.add(catalogue.CLOCKS, {**target.labels, "state": state}, counts.get(state, 0))
    if deadline is not None:
        table.add(catalogue.TIME_TO_DEADLINE, target.labels, (deadline - now) / _SECOND)


def _add_warnings(table: GaugeTable, labels: Mapping[str, str], warnings: Sequence[OpenWarnings]) -> None:
    counts = {(each.cause, each.threshold): each.count for each in warnings[:_MOST_WARNINGS]}
    if rest := sum(each.count for each in warnings[_MOST_WARNINGS:]):
        counts[_OTHER, _OTHER] = rest
    for (cause, threshold), count in counts.items():
        table.add(catalogue.WARNINGS, {**labels, "cause": cause, "threshold": threshold}, count)


def _add_sloth(table: GaugeTable, target: ShownTarget, now: UtcMicroseconds) -> None:
    """Add the series with names of Sloth (a generator of Prometheus rules) for a target whose figure is a share."""
    terms = target.terms
    if not isinstance(terms, FigureTarget) or terms.promise.unit != PERCENT:
        return
    allowed, labels = terms.promise.allowed, target.sloth_labels
    promised = {"sloth_mode": "slm", "sloth_spec": "slm", "sloth_version": "slm"}
    table.add(catalogue.SLOTH_INFO, {**labels, **promised, "sloth_objective": f"{float((1 - allowed) * 100):g}"})
    table.add(catalogue.SLO_OBJECTIVE, labels, float(1 - allowed))
    table.add(catalogue.SLO_BUDGET, labels, float(allowed))
    if (length := _window_length(target, terms)) is not None:
        table.add(catalogue.SLO_PERIOD, labels, length / _DAY)
    figure, budget = target.figure, target.window.get("budget")
    bad = None if figure is None else _share_of_bad(terms.promise, figure)
    if bad is not None and allowed:
        table.add(catalogue.SLO_PERIOD_BURN_RATE, labels, float(bad / allowed))
    for window, share in target.recent.items():
        table.add(catalogue.SLO_ERRORS[window], {**labels, "sloth_window": window}, float(share))
    if allowed and "5m" in target.recent:
        table.add(catalogue.SLO_CURRENT_BURN_RATE, labels, float(target.recent["5m"] / allowed))
    if budget is not None and budget["consumed_share"] is not None:
        table.add(catalogue.SLO_BUDGET_LEFT, labels, float(1 - Fraction(budget["consumed_share"])))


def _window_length(target: ShownTarget, terms: FigureTarget) -> int | None:
    """Return the length of the present window in microseconds; None if a calendar target has no window yet."""
    if terms.window_kind == "rolling":
        return terms.rolling_microseconds
    window = target.window
    return from_text(window["end_at"]) - from_text(window["start_at"]) if window else None
