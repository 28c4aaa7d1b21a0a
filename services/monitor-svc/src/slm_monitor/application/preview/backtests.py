"""Back-tests of draft terms over stored history: how many windows would have met them, and which objective is
realistic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol

from slm_calendar import windows
from slm_calendar.window_schedules import WindowSchedule
from slm_chassis.identity import NAMESPACE, named_id
from slm_events.aggregations import KINDS, MEMBERS, TICKETS, is_of_clock, read_name
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.explain import explanation, explanation_dispatch
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.draft_history import FactHistoryUnderDraftTerms, PagedTicketHistory
from slm_monitor.application.history.fact_history import FactHistoryStore
from slm_monitor.application.preview import backtest_prices, open_readings
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.preview_terms import (
    LONG_AGO,
    build_draft_agreement,
    build_preview_rejection,
    parse_draft_targets,
)
from slm_monitor.domain.explanations.window_result import KnownWindowFacts
from slm_monitor.domain.facts.facts import MINUTE
from slm_monitor.domain.terms import composite_terms, figures, terms
from slm_monitor.domain.terms.objectives import AT_LEAST, AT_MOST, PERCENT
from slm_monitor.domain.terms.terms import FOREVER, ClockTarget, FigureTarget, ServiceLevelTarget, TermsNotEvaluable
from slm_monitor.domain.terms.terms_history import build_terms_histories, list_figure_histories
from slm_monitor.domain.windows import compliance

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STANDARD = 12
MOST_WINDOWS = 400
_DECIMALS = 10_000
_DRAFT = named_id(NAMESPACE, "draft")


@dataclass(frozen=True, slots=True)
class BacktestWindow:
    """One window that a back-test evaluates."""

    window_id: str
    start: UtcMicroseconds
    end: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class BacktestJob:
    """A back-test as it is stored.

    ``spans`` are the windows to evaluate. ``judged`` has one result for each window evaluated so far, in the same
    order, as ``evaluate_backtest_window`` returns it.
    """

    backtest_id: str
    owner_party_id: str
    question: BacktestQuestion
    spans: Sequence[BacktestWindow]
    state: str
    judged: Sequence[Mapping[str, Any]]
    requested_at: UtcMicroseconds
    failure: str | None = None
    ended_at: UtcMicroseconds | None = None


class BacktestJobStore(Protocol):
    """The store of back-test jobs."""

    async def claim(self, token: str) -> BacktestJob | None:
        """Lease a job that has a window to evaluate and that no worker holds; None if there is none.

        Jobs with the fewest evaluated windows come first.
        """
        ...

    async def renew(self, job: BacktestJob, token: str) -> bool: ...

    async def judged(self, job: BacktestJob, token: str, row: Mapping[str, Any]) -> bool:
        """Store a window's outcome; return False if the lease was lost or the job was cancelled."""
        ...

    async def failed(self, job: BacktestJob, token: str, reason: str) -> None: ...


def parse_backtest_target(question: BacktestQuestion) -> ServiceLevelTarget:
    """Parse the draft terms to a target. Raises PreviewRejected that names the invalid field."""
    target, *_ = _parse_targets(question)
    return replace(target, indicator=question.indicator) if target.kind.is_measured else target


def build_backtest_draft(question: BacktestQuestion) -> dict[str, Any]:
    """Return an agreement with the draft terms, in the form of AgreementFinalized. Raises PreviewRejected."""
    if question.agreement is not None:
        return {
            **question.agreement,
            "targets": [question.terms, *question.members],
            "effective_at": LONG_AGO,
            "expires_at": None,
        }
    window = {"per": "ticket"} if is_of_clock(question.terms.get("aggregation")) else {"calendar": question.per}
    written = [{"window": window, **question.terms}, *question.members]
    draft = build_draft_agreement(written, question.service_hours, timezone=question.timezone, owner=question.owner)
    draft["critical_periods"] = question.critical_periods
    draft["agreement_id"] = _DRAFT
    for target, given in zip(draft["targets"], written, strict=True):
        named = given.get("indicator")
        kind = KINDS.get(read_name(target.get("aggregation")))
        if kind is not None and not kind.is_measured:
            target["indicator"] = None
        elif named is not None:
            meant = named if isinstance(named, Mapping) else {"key": named}
            owner = meant.get("owner_party_id") or question.owner
            target["indicator"] = {**target["indicator"], "owner_party_id": owner, "key": meant.get("key")}
    return draft


def check_backtest_question(question: BacktestQuestion) -> ServiceLevelTarget:
    """Parse the terms, and check that they can be back-tested with their members; return the target.

    Raises PreviewRejected, and CalendarError for an unknown time zone.
    """
    target, *members = _parse_targets(question)
    windows.window_at("month", target.zone, 0)
    keys = [each.key for each in (target, *members)]
    if len(set(keys)) < len(keys):
        raise build_preview_rejection("members", keys, "give each target a key of its own")
    try:
        if target.kind.source == TICKETS:
            key = compliance.read_compliance_target_key(target.parameters)
            if not any(each.key == key and isinstance(each, ClockTarget) for each in members):
                raise build_preview_rejection("members", key, "give the per-ticket target that it is the share of")
        composite_terms.check_composite_terms([target, *members])
    except TermsNotEvaluable as error:
        raise build_preview_rejection("terms.aggregation", question.terms.get("aggregation"), str(error)) from error
    backtest_prices.check_backtest_money(question)
    return parse_backtest_target(question)


def list_backtest_subjects(question: BacktestQuestion) -> set[str]:
    """Return the subjects of the indicators from whose facts the terms are evaluated."""
    if question.indicator:
        return {question.indicator}
    target, *members = _parse_targets(question)
    found = {each.indicator for each in members if each.indicator is not None}
    if target.kind.source == MEMBERS:
        found |= composite_terms.parse_composite_terms(target, [target, *members]).subjects
    return found


def is_backtest_about_tickets(question: BacktestQuestion) -> bool:
    """Return whether the terms are evaluated from tickets."""
    return any(isinstance(each, ClockTarget) for each in _parse_targets(question))


def _parse_targets(question: BacktestQuestion) -> list[ServiceLevelTarget]:
    """Parse the target and its members. Fields of an agreement's targets were checked by agreement-svc."""
    draft = build_backtest_draft(question)
    return parse_draft_targets(draft) if question.agreement is None else terms.parse_targets(draft)


def list_backtest_windows(
    target: ServiceLevelTarget,
    now: UtcMicroseconds,
    first: int | None,
    last: int,
    between: tuple[int, int] | None,
    per: str = "month",
) -> list[BacktestWindow]:
    """Return the ended windows to evaluate: the windows that begin within ``between``. If ``between`` is None, return
    the latest ended windows, at most ``last``.

    * ``first`` is the instant of the first fact: windows that end before it are left out. None: there is no fact, so
      there is no window.
    * A rolling target is evaluated on consecutive intervals of its length, up to now or to the end of ``between``.
    * A per-ticket target is evaluated on calendar windows of the kind ``per``.
    """
    if first is None:
        return []
    schedule = target.schedule or WindowSchedule(per, target.zone)
    begins, ends = between or (max(first, now - _longest(target, schedule) * (last + 1)), now)
    if target.window_kind == "rolling":
        length, end = target.rolling_microseconds, min(ends, now) // MINUTE * MINUTE
        found = [BacktestWindow(to_text(at), at - length, at) for at in range(end, first, -length)[:MOST_WINDOWS]]
        found = [span for span in reversed(found) if between is None or span.start >= begins]
    else:
        found = [
            BacktestWindow(each.id, each.start, each.end)
            for each in schedule.touching(max(begins, first), ends)
            if each.end <= now and (between is None or each.start >= begins)
        ]
    return found[-MOST_WINDOWS:] if between is not None else found[-last:]


def _longest(target: ServiceLevelTarget, schedule: WindowSchedule) -> int:
    """Return the longest time, in microseconds, from the start of one window to the start of the next."""
    if schedule.period is not None:
        return max((later - start for start, later in pairwise(schedule.period.starts)), default=0) or FOREVER
    days = {"day": 2, "week": 8, "month": 32, "quarter": 93, "year": 367}[windows.cycle_named(schedule.name).kind]
    return target.rolling_microseconds or days * 86_400_000_000


async def evaluate_backtest_window(
    history: PagedTicketHistory, question: BacktestQuestion, span: BacktestWindow, present: UtcMicroseconds
) -> dict[str, Any]:
    """Evaluate one window under the draft, by the facts known at ``present``; return its result as JSON.

    If the draft leaves a policy at its default, the window is also evaluated under each other value of that policy.
    Each of these other values is called a reading. ``readings`` in the result: name of the reading → the fields of the
    result that differ under it. The computation runs in a thread.
    """
    others = open_readings.list_other_readings(question)
    record: FactHistoryStore = history
    facts: KnownWindowFacts | None = None
    rows = []
    for each in (question, *(other.apply(question) for other in others)):
        target = parse_backtest_target(each)
        if isinstance(target, FigureTarget) and target.kind.is_measured:
            if facts is None:
                as_of = span.end + target.closing_delay
                facts = await records.read_known_facts(record, target, (span.start, span.end), as_of)
            rows.append(await _measured_window(target, facts, span))
        else:
            draft = FactHistoryUnderDraftTerms(history, build_backtest_draft(each), present)
            rows.append(await _derived_window(draft, target, span))
    first = rows[0]
    changed = {
        other.name: {field: value for field, value in row.items() if value != first[field]}
        for other, row in zip(others, rows[1:], strict=True)
        if row != first
    }
    return {**first, "readings": changed} if changed else first


async def _measured_window(target: FigureTarget, facts: KnownWindowFacts, span: BacktestWindow) -> dict[str, Any]:
    """Evaluate a window of a target by the facts of its indicator."""
    seen = await asyncio.to_thread(explanation_dispatch.explain_window_figure, target, facts, brief=True)
    # For a quantile the attained value is the quantile itself; there is none if too many probes failed.
    is_quantile = target.kind.is_limit_of_values
    attained = seen.extra.get("quantile") if is_quantile else figures.format_exact_fraction(target.shown(seen.figure))
    return {
        "window_id": span.window_id,
        "from": to_text(span.start),
        "to": to_text(span.end),
        "figure": figures.format_exact_fraction(target.shown(seen.figure)),
        "figure_display": target.display(seen.figure),
        "attained": attained,
        "verdict": seen.verdict,
        "budget_consumed_share": (seen.budget_document() or {}).get("consumed_share"),
    }


async def _derived_window(
    draft: FactHistoryUnderDraftTerms, target: ServiceLevelTarget, span: BacktestWindow
) -> dict[str, Any]:
    """Evaluate a window of a derived or per-ticket target. A clock counts in the window in which it ended."""
    bounds, as_of = (span.start, span.end), span.end + target.closing_delay
    row = {"window_id": span.window_id, "from": to_text(span.start), "to": to_text(span.end)}
    if isinstance(target, ClockTarget):
        ended = await draft.tickets_ended([target.target_id], bounds, as_of)
        met = sum(each.is_met for each in ended)
        share = Fraction(100 * met, len(ended)) if ended else None
        verdict = "no_data" if share is None else "met" if met == len(ended) else "breached"
        exact = figures.format_exact_fraction(share)
        return {
            **row,
            "figure": exact,
            "figure_display": "–" if share is None else figures.format_rounded_figure(share),
            "attained": exact,
            "verdict": verdict,
            "budget_consumed_share": None,
            "tickets": {"judged": len(ended), "met": met},
            "late": sorted(each.ticket for each in ended if not each.is_met),
        }
    histories = build_terms_histories((await draft.agreement(target.agreement_id)).versions, None)
    line = list_figure_histories(histories)[0]
    judged = await explanation.evaluate_window(draft, line.latest, span.window_id, bounds, as_of, None)
    seen, exact = judged.seen, figures.format_exact_fraction(target.shown(judged.seen.figure))
    tickets = {"judged": seen.sums["judged"], "met": seen.sums["met"]} if target.kind.source == TICKETS else None
    return {
        **row,
        "figure": exact,
        "figure_display": target.display(seen.figure),
        "attained": exact,
        "verdict": seen.verdict,
        "budget_consumed_share": (seen.budget_document() or {}).get("consumed_share"),
        "tickets": tickets,
    }


def show_window(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a window's result without ``readings`` and ``late``, which only ``find_open_readings`` needs."""
    return {name: value for name, value in row.items() if name not in ("readings", "late")}


def summarize_backtest(question: BacktestQuestion, judged: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the result over all windows: how many windows met the objective, the worst window, and the objective
    that 11 of 12 windows would have met.
    """
    target = parse_backtest_target(question)
    endless = [each for each in judged if each["attained"] is None and each["verdict"] == "breached"]
    measured = [each for each in judged if each["attained"] is not None]
    counted = [*measured, *endless]
    rises, unit = AT_LEAST, PERCENT
    if isinstance(target, FigureTarget):
        unit = target.promise.unit
        rises = AT_MOST if target.kind.is_limit_of_values else target.promise.comparison
    met = sum(each["verdict"] == "met" for each in counted)
    # The worst window first: the lowest figure of an ``at_least`` objective, the highest of an ``at_most`` one.
    ordered = [*endless, *sorted(measured, key=lambda each: Fraction(each["attained"]), reverse=rises == AT_MOST)]
    share = Fraction(met, len(counted)) if counted else None
    tickets = _sum_tickets(counted) if isinstance(target, ClockTarget) else None
    if tickets is not None:
        # The window of a target of single tickets is the ticket.
        share = Fraction(tickets["met"], tickets["judged"]) if tickets["judged"] else None
    suggested = _suggested(rises, ordered, unit)
    return {
        "windows": len(judged),
        "judged": len(counted),
        "met": met,
        "missed": len(counted) - met,
        "tickets": tickets,
        "attained_share": figures.format_exact_fraction(share),
        "realistic": _realistic(share),
        "worst": show_window(ordered[0]) if ordered else None,
        "suggested_objective": suggested,
        "prices": backtest_prices.build_price_table(question, judged, suggested),
        "open_readings": open_readings.find_open_readings(question, judged),
    }


def _sum_tickets(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(row["tickets"][name] for row in rows) for name in ("judged", "met")}


def _realistic(share: Fraction | None) -> str | None:
    """Rate the objective by the share of windows, or of tickets, that met it.

    The rating is ``warning`` below 90 %, ``error`` below half, else ``ok``.

    None if there are no windows.
    """
    if share is None:
        return None
    return "error" if share < Fraction(1, 2) else "warning" if share < Fraction(9, 10) else "ok"


def _suggested(rises: str, ordered: Sequence[Mapping[str, Any]], unit: str) -> dict[str, str] | None:
    """Return the strictest objective that 11 of 12 windows would have met; None if there is none.

    In the result, the number of the objective is rounded; ``exact`` is the number before rounding.
    """
    if not ordered:
        return None
    missed = len(ordered) - -(-11 * len(ordered) // 12)
    if ordered[missed]["attained"] is None:
        return None
    exact = Fraction(ordered[missed]["attained"])
    scaled = exact * _DECIMALS
    # Rounded towards the less strict side: otherwise the windows would not have met it.
    units = scaled.__floor__() if rises == AT_LEAST else scaled.__ceil__()
    return {
        rises: figures.format_rounded_figure(Fraction(units, _DECIMALS)),
        "unit": unit,
        "exact": figures.format_exact_fraction(exact) or "",
    }
