"""The lines of a report: for each target and window the agreed, actual and baseline figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import WindowClosed
from slm_report.domain import figures, measured, ticket_lines
from slm_report.domain.facts import Breach, Exclusion, Facts, Risk, restatement_entry
from slm_report.domain.periods import Period
from slm_report.domain.terms_history import Term, Window

TREND_WINDOWS = 6
"""The most windows in a trend. A trend is the mean of the last closed windows with a figure, up to the reported one."""


PartyNames = Mapping[str, str]
"""Party id → the party's name."""


@dataclass(frozen=True, slots=True)
class ReportScope:
    """The input of all lines of one report: its facts, its period, and the instant that it describes."""

    facts: Facts
    period: Period
    as_of: UtcMicroseconds
    names: PartyNames


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as an exact fraction (``numerator/denominator``; None if there is none) and as text for people."""

    exact: str | None
    display: str


NOTHING = Figure(None, "–")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A line of a report: one target in one window, or over the whole period if the target has no calendar windows."""

    target_id: str
    target_key: str
    title: str
    agreement_version: int
    basis: str
    """The kind of the line: ``window`` | ``rolling`` | ``tickets``."""
    aggregation: str
    window_id: str
    window_start_at: str
    window_end_at: str
    closed: bool
    verdict: str
    """The verdict: ``met`` | ``at_risk`` | ``breached`` | ``no_data`` | ``not_applicable``, for an open window as of
    ``as_of``. ``open`` if it is unknown; ``no_breach`` for a rolling target without a breach.
    """
    objective: dict[str, Any]
    agreed: str
    unit: str
    service_hours: str
    weight: str
    attained: Figure = NOTHING
    raw: Figure = NOTHING
    baseline: Figure = NOTHING
    trend: Figure = NOTHING
    trend_windows: int = 0
    variance: Figure = NOTHING
    budget_consumed_percent: Figure = NOTHING
    good: str | None = None
    total: str | None = None
    downtime_seconds: int | None = None
    excluded_seconds: int | None = None
    unknown_seconds: int | None = None
    measured: str = ""
    """The amounts that the figure is made from, in words."""
    exclusions: list[dict[str, Any]] = field(default_factory=list)
    """The exclusions within the window, each with the reason, who asked, who approved, and how long."""
    coverage_percent: str | None = None
    """The exact percentage of the window in which the state is known; None if it was not determined."""
    no_data_reason: str | None = None
    """Why a window with a figure has no verdict: ``insufficient_coverage``. None for any other window."""
    as_of: str | None = None
    """The instant of an open window's figure; None for the figure of a closed window."""
    tickets: dict[str, Any] | None = None
    """The tickets of a ticket target: ``{"judged", "met", "breached", "share", "share_display", "took", "late"}``; None
    for other targets.
    """
    revision: int | None = None
    restated: dict[str, Any] | None = None
    breach_ids: list[str] = field(default_factory=list)
    risk_ids: list[str] = field(default_factory=list)


def closed_line(window: WindowClosed, term: Term | None, target: Mapping[str, Any], scope: ReportScope) -> ReportLine:
    """Return the line of a closed window, with the figures that were published when it closed or was last restated."""
    figure = figures.parse_figure(window.figure)
    difference = figures.variance(figure, window.objective)
    facts = scope.facts
    trend, count = _trend(facts, window.target_id, window.window_end_at or "")
    return ReportLine(
        **_head(window.target_id, term, target, "window", window.objective),
        agreement_version=window.agreement_version,
        window_id=window.window_id,
        window_start_at=window.window_start_at or "",
        window_end_at=window.window_end_at or "",
        closed=True,
        verdict=window.verdict,
        attained=_figure(figure, window.objective),
        raw=_figure(figures.parse_figure(window.raw_figure), window.objective),
        baseline=_baseline(term, target, window.objective),
        trend=_figure(trend, window.objective),
        trend_windows=count,
        variance=Figure(figures.figure_to_text(difference), figures.display_variance(difference)),
        budget_consumed_percent=_figure(figures.parse_figure(window.budget_consumed_percent), {"at_most": "100"}),
        good=window.good,
        total=window.total,
        measured=measured.amounts_in_words(window.aggregation, window.good, window.total, window.downtime_seconds),
        downtime_seconds=window.downtime_seconds,
        excluded_seconds=window.excluded_seconds,
        exclusions=_exclusions(window.exclusions, scope),
        unknown_seconds=window.unknown_seconds,
        coverage_percent=window.coverage_percent,
        no_data_reason=window.no_data_reason,
        revision=window.revision,
        restated=restatement_entry(window),
        **_findings(facts.breaches_of(*_key(window)), facts.risks_of(*_key(window))),
    )


def open_line(window: Window, figure: Mapping[str, Any], scope: ReportScope) -> ReportLine:
    """Return the line of an open window, with the present figure from monitor-svc.

    ``figure`` is empty in a published report, which is made from events alone. Then no figure is shown, and breaches
    and warnings decide the verdict of a window that is longer than the period.
    """
    objective = window.target["objective"]
    facts, as_of = scope.facts, scope.as_of
    breaches, risks = facts.breaches_of(*window.key), facts.risks_of(*window.key)
    return ReportLine(
        **_head(window.target["target_id"], window.term, window.target, "window", objective),
        agreement_version=window.term.terms.version,
        window_id=window.id,
        window_start_at=instants.to_text(window.start),
        window_end_at=instants.to_text(window.end),
        closed=False,
        verdict=figure.get("verdict") or _state(breaches, risks, as_of, "open"),
        baseline=_baseline(window.term, window.target, objective),
        as_of=instants.to_text(as_of),
        **_to_date(figure, objective, window.target["target_id"], scope),
        **_findings(breaches, risks),
    )


def rolling_line(term: Term, target: dict[str, Any], figure: Mapping[str, Any], scope: ReportScope) -> ReportLine:
    """Return the line of a rolling target: whether the target was breached within the period, and its present
    figure.
    """
    facts, period, as_of = scope.facts, scope.period, scope.as_of
    breaches = [
        breach
        for breach in facts.breaches_of(target["target_id"])
        if breach.recovered_at is None or breach.recovered_at > period.start
    ]
    risks = facts.risks_of(target["target_id"])
    closed = as_of >= period.end
    verdict = figure.get("verdict")
    otherwise = verdict if verdict in ("no_data", "at_risk", "breached") and not closed else "no_breach"
    return ReportLine(
        **_head(target["target_id"], term, target, "rolling", target["objective"]),
        **_whole(term, period, str(target["window"].get("rolling", "")), closed),
        verdict=_state(breaches, [] if closed else risks, as_of, otherwise),
        baseline=_baseline(term, target, target["objective"]),
        as_of=None if not figure else instants.to_text(min(as_of, period.end)),
        **_to_date(figure, target["objective"], target["target_id"], scope),
        **_findings(breaches, risks),
    )


def ticket_line(term: Term, target: dict[str, Any], figure: Mapping[str, Any], scope: ReportScope) -> ReportLine:
    """Return the line of a ticket target: the tickets that met or missed their deadline in the period."""
    facts, period, as_of = scope.facts, scope.period, scope.as_of
    breaches = [breach for breach in facts.breaches_of(target["target_id"]) if breach.counted_at >= period.start]
    stopped = [clock for clock in facts.clocks if clock.target_id == target["target_id"]]
    counted = figure.get("tickets")
    if counted is None:
        missed, in_time = ticket_lines.sort_tickets_by_outcome(breaches, stopped, period)
        met = len(in_time)
    else:
        met, missed = counted["met"], {each["ticket"].split("/", 1)[1] for each in counted["late"]}
    measure = ticket_lines.duration_measure(target["objective"])
    tickets = ticket_lines.ticket_summary(met, sorted(missed), stopped, breaches, measure, min(as_of, period.end))
    judged = tickets["judged"]
    return ReportLine(
        **_head(target["target_id"], term, target, "tickets", target["objective"]),
        **_whole(term, period, period.id, as_of >= period.end),
        verdict="breached" if missed else "met" if met else "no_data",
        attained=Figure(None, f"{met:,} of {judged:,} in time") if judged else NOTHING,
        baseline=_baseline(term, target, target["objective"]),
        tickets=tickets,
        as_of=None if counted is None else instants.to_text(min(as_of, period.end)),
        **_findings(breaches, facts.risks_of(target["target_id"])),
    )


def _to_date(
    figure: Mapping[str, Any], objective: Mapping[str, Any], target_id: str, scope: ReportScope
) -> dict[str, Any]:
    """Return the numbers of an open window; empty if there is no figure.

    ``figure`` is the window's entry in monitor-svc's answer.
    """
    if not figure or "figure" not in figure:
        return {}
    actual = figures.parse_figure(figure["figure"])
    difference = figures.variance(actual, objective)
    trend, count = _trend(scope.facts, target_id, None)
    return {
        "attained": _figure(actual, objective),
        "raw": _figure(figures.parse_figure(figure.get("raw_figure")), objective),
        "trend": _figure(trend, objective),
        "trend_windows": count,
        "variance": Figure(figures.figure_to_text(difference), figures.display_variance(difference)),
        "budget_consumed_percent": _figure(
            figures.parse_figure(figure.get("budget_consumed_percent")), {"at_most": "100"}
        ),
        "good": figure.get("good"),
        "total": figure.get("total"),
        "measured": measured.amounts_in_words(
            figure["aggregation"], figure.get("good"), figure.get("total"), figure.get("downtime_seconds")
        ),
        "downtime_seconds": figure.get("downtime_seconds"),
        "excluded_seconds": figure.get("excluded_seconds"),
        "exclusions": _exclusions(figure.get("exclusions") or [], scope),
        "unknown_seconds": figure.get("unknown_seconds"),
        "coverage_percent": figure.get("coverage_percent"),
        "no_data_reason": figure.get("no_data_reason"),
    }


def _exclusions(counted: Sequence[Mapping[str, Any]], scope: ReportScope) -> list[dict[str, Any]]:
    found = []
    for each in counted:
        known = scope.facts.exclusions.get(each["exclusion_id"], Exclusion(None))
        found.append(measured.exclusion_entry(each, known.decided, scope.names, known.revoked))
    return found


def _head(
    target_id: str, term: Term | None, target: Mapping[str, Any], basis: str, objective: dict[str, Any]
) -> dict[str, Any]:
    aggregation = target.get("aggregation", "")
    return {
        "target_id": target_id,
        "target_key": target.get("key", target_id),
        "title": target.get("title") or target.get("key", target_id),
        "basis": basis,
        "aggregation": aggregation if isinstance(aggregation, str) else next(iter(aggregation)),
        "objective": objective,
        "agreed": figures.display_objective(objective),
        "unit": str(objective.get("unit") or ""),
        "service_hours": _hours(target.get("service_hours", "24x7")),
        "weight": str(target.get("weight", "1")),
    }


def _whole(term: Term, period: Period, window_id: str, closed: bool) -> dict[str, Any]:
    return {
        "agreement_version": term.terms.version,
        "window_id": window_id,
        "window_start_at": instants.to_text(max(period.start, term.start)),
        "window_end_at": instants.to_text(period.end),
        "closed": closed,
    }


def _key(window: WindowClosed) -> tuple[str, str]:
    return window.target_id, window.window_id


def _figure(figure: Fraction | None, objective: Mapping[str, Any]) -> Figure:
    return Figure(figures.figure_to_text(figure), figures.display_figure(figure, objective))


def _baseline(term: Term | None, target: Mapping[str, Any], objective: Mapping[str, Any]) -> Figure:
    if term is None:
        return NOTHING
    attained = term.terms.baseline.get(target.get("key", ""))
    return NOTHING if attained is None else _figure(Fraction(str(attained)), objective)


def _trend(facts: Facts, target_id: str, until_at: str | None) -> tuple[Fraction | None, int]:
    """Return the mean figure of a target's last closed windows, and their number. Without windows, the mean is None.

    Only windows that ended by ``until_at`` are used. None means all.
    """
    attained = [
        Fraction(each.figure)
        for each in facts.windows
        if each.target_id == target_id
        and each.figure is not None
        and (until_at is None or (each.window_end_at or "") <= until_at)
    ][-TREND_WINDOWS:]
    return figures.mean_figure(attained), len(attained)


def _state(breaches: Sequence[Breach], risks: Sequence[Risk], as_of: UtcMicroseconds, otherwise: str) -> str:
    if any(breach.is_standing for breach in breaches):
        return "breached"
    return "at_risk" if any(risk.outcome_at(as_of) == "open" for risk in risks) else otherwise


def _findings(breaches: Sequence[Breach], risks: Sequence[Risk]) -> dict[str, Any]:
    return {
        "breach_ids": [breach.breached.breach_id for breach in breaches],
        "risk_ids": [risk.raised.risk_id for risk in risks],
    }


def _hours(named: Any) -> str:
    """Return the names of a target's service hours as text. ``named``: one name, or several in a list."""
    return named if isinstance(named, str) else ", ".join(map(str, named))
