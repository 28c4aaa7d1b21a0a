"""The lines of a report: per target and window, agreed against actual against baseline, as the judge established."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from slm_events import instants
from slm_events.clocks import ClockStopped
from slm_events.monitor import WindowClosed
from slm_report.domain import figures
from slm_report.domain.facts import Breach, Facts, Risk, restatement
from slm_report.domain.periods import Period
from slm_report.domain.terms_line import Term, Window

TREND_WINDOWS = 6
"""How many closed windows with a figure a trend is the mean of, at most; the one reported on is the last of them."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is (``numerator/denominator``; None: there is none) and as people read it."""

    exact: str | None
    display: str


NOTHING = Figure(None, "–")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One target in one window, or over the period where it has no calendar windows."""

    target_id: str
    target_key: str
    title: str
    agreement_version: int
    basis: str
    """``window`` | ``rolling`` | ``tickets``."""
    aggregation: str
    window_id: str
    window_start_at: str
    window_end_at: str
    closed: bool
    verdict: str
    """``met`` | ``breached`` | ``no_data`` | ``not_applicable``; of what is still open ``open`` | ``at_risk`` |
    ``breached``; of a rolling target without a breach ``no_breach``."""
    objective: dict[str, Any]
    agreed: str
    unit: str
    service_hours: str
    weight: str
    actual: Figure = NOTHING
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
    tickets: dict[str, int] | None = None
    """``{"judged", "met", "breached"}`` of a per-ticket target."""
    revision: int | None = None
    restated: dict[str, Any] | None = None
    breach_ids: list[str] = field(default_factory=list)
    risk_ids: list[str] = field(default_factory=list)


def closed_line(window: WindowClosed, term: Term | None, target: Mapping[str, Any], facts: Facts) -> Line:
    """A line of a closed window: every figure is the one the window was closed or restated with."""
    figure = figures.parse(window.figure)
    difference = figures.variance(figure, window.objective)
    trend, count = _trend(facts, window)
    return Line(
        **_head(window.target_id, term, target, "window", window.objective),
        agreement_version=window.agreement_version,
        window_id=window.window_id,
        window_start_at=window.window_start_at or "",
        window_end_at=window.window_end_at or "",
        closed=True,
        verdict=window.verdict,
        actual=_figure(figure, window.objective),
        raw=_figure(figures.parse(window.raw_figure), window.objective),
        baseline=_baseline(term, target, window.objective),
        trend=_figure(trend, window.objective),
        trend_windows=count,
        variance=Figure(figures.to_text(difference), figures.display_variance(difference)),
        budget_consumed_percent=_figure(figures.parse(window.budget_consumed_percent), {"at_most": "100"}),
        good=window.good,
        total=window.total,
        downtime_seconds=window.downtime_seconds,
        excluded_seconds=window.excluded_seconds,
        unknown_seconds=window.unknown_seconds,
        revision=window.revision,
        restated=restatement(window),
        **_findings(facts.breaches_of(*_key(window)), facts.risks_of(*_key(window))),
    )


def open_line(window: Window, facts: Facts, as_of: int) -> Line:
    """A line of a window that has not closed: the latest known risk or breach, no figure of our own."""
    objective = window.target["objective"]
    breaches, risks = facts.breaches_of(*window.key), facts.risks_of(*window.key)
    return Line(
        **_head(window.target["target_id"], window.term, window.target, "window", objective),
        agreement_version=window.term.terms.version,
        window_id=window.id,
        window_start_at=instants.to_text(window.start),
        window_end_at=instants.to_text(window.end),
        closed=False,
        verdict=_state(breaches, risks, as_of, "open"),
        baseline=_baseline(window.term, window.target, objective),
        **_latest(breaches, risks, objective),
        **_findings(breaches, risks),
    )


def rolling_line(term: Term, target: dict[str, Any], facts: Facts, period: Period, as_of: int) -> Line:
    """A line of a rolling target: whether it was breached at any time of the period, by the findings heard."""
    breaches = [
        breach
        for breach in facts.breaches_of(target["target_id"])
        if breach.recovered_at is None or breach.recovered_at > period.start
    ]
    risks = facts.risks_of(target["target_id"])
    closed = as_of >= period.end
    return Line(
        **_head(target["target_id"], term, target, "rolling", target["objective"]),
        **_whole(term, period, str(target["window"].get("rolling", "")), closed),
        verdict=_state(breaches, [] if closed else risks, as_of, "no_breach"),
        baseline=_baseline(term, target, target["objective"]),
        **_findings(breaches, risks),
    )


def ticket_line(term: Term, target: dict[str, Any], facts: Facts, period: Period, as_of: int) -> Line:
    """A line of a per-ticket target: the tickets whose clock ended in the period, stopped in time or breached."""
    breaches = [breach for breach in facts.breaches_of(target["target_id"]) if breach.counted_at >= period.start]
    missed, met = _judged_tickets(
        breaches, [clock for clock in facts.clocks if clock.target_id == target["target_id"]], period
    )
    verdict = "breached" if missed else "met" if met else "no_data"
    judged = len(met) + len(missed)
    return Line(
        **_head(target["target_id"], term, target, "tickets", target["objective"]),
        **_whole(term, period, period.id, as_of >= period.end),
        verdict=verdict,
        actual=Figure(None, f"{len(met)} of {judged} in time") if judged else NOTHING,
        baseline=_baseline(term, target, target["objective"]),
        tickets={"judged": judged, "met": len(met), "breached": len(missed)},
        **_findings(breaches, facts.risks_of(target["target_id"])),
    )


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
    return Figure(figures.to_text(figure), figures.display(figure, objective))


def _baseline(term: Term | None, target: Mapping[str, Any], objective: Mapping[str, Any]) -> Figure:
    if term is None:
        return NOTHING
    attained = term.terms.baseline.get(target.get("key", ""))
    return NOTHING if attained is None else _figure(Fraction(str(attained)), objective)


def _trend(facts: Facts, window: WindowClosed) -> tuple[Fraction | None, int]:
    attained = [
        Fraction(each.figure)
        for each in facts.windows
        if each.target_id == window.target_id
        and each.figure is not None
        and (each.window_end_at or "") <= (window.window_end_at or "")
    ][-TREND_WINDOWS:]
    return figures.mean(attained), len(attained)


def _state(breaches: Sequence[Breach], risks: Sequence[Risk], as_of: int, otherwise: str) -> str:
    if any(breach.stands for breach in breaches):
        return "breached"
    return "at_risk" if any(risk.outcome_at(as_of) == "open" for risk in risks) else otherwise


def _latest(breaches: Sequence[Breach], risks: Sequence[Risk], objective: Mapping[str, Any]) -> dict[str, Any]:
    """Figure and budget as the newest finding named them: what is known of an open window."""
    known = [(breach.certain_at, breach.breached.figure, None) for breach in breaches if breach.stands]
    consumed = [(risk.raised_at, risk.raised.figure, risk.raised.budget_consumed_percent) for risk in risks]
    if not known and not consumed:
        return {}
    # A breach does not say how far its budget is overdrawn, and what an earlier warning said of it is past.
    _, figure, budget = max([*consumed, *known], key=lambda finding: finding[0])
    return {
        "actual": _figure(figures.parse(figure), objective),
        "budget_consumed_percent": _figure(figures.parse(budget), {"at_most": "100"}),
    }


def _findings(breaches: Sequence[Breach], risks: Sequence[Risk]) -> dict[str, Any]:
    return {
        "breach_ids": [breach.breached.breach_id for breach in breaches],
        "risk_ids": [risk.raised.risk_id for risk in risks],
    }


def _judged_tickets(
    breaches: Sequence[Breach], stopped: Sequence[ClockStopped], period: Period
) -> tuple[set[str], set[str]]:
    """Tickets missed and met. Breaches decide; a clock told late whose breach was withdrawn was in time after all."""
    missed = {breach.breached.window_id for breach in breaches if breach.stands}
    undone = {breach.breached.window_id for breach in breaches} - missed
    late = {_ticket(clock) for clock in stopped if clock.state == "completed_late"}
    missed |= {_ticket(clock) for clock in stopped if _ticket(clock) in late - undone and _due(clock) >= period.start}
    in_time = {_ticket(clock) for clock in stopped if clock.state == "met"}
    return missed, (in_time | late & undone) - missed


def _due(clock: ClockStopped) -> int:
    """The instant a late clock counts at: its deadline, as its breach does."""
    return instants.from_text(clock.deadline_at or clock.at)


def _ticket(clock: ClockStopped) -> str:
    """A ticket's name as its window's id."""
    return f"{clock.source}/{clock.ticket}"


def _hours(named: Any) -> str:
    """The names of the service hours; a clock may have several."""
    return named if isinstance(named, str) else ", ".join(map(str, named))
