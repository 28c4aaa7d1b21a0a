"""Prices of a back-test: the credits that would have been due under draft terms, and under other objectives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from slm_calendar import windows
from slm_calendar.window_schedules import OCCURRENCES_OF
from slm_credits import price_tables
from slm_credits.credit_lines import ClosedWindow
from slm_credits.errors import CreditError
from slm_credits.exact_numbers import money_to_text
from slm_credits.objectives import AT_LEAST, AT_MOST, Objective, find_paid_success, parse_objective
from slm_credits.price_tables import Price
from slm_credits.schedule import Schedule
from slm_credits.schedule_document import parse_schedule
from slm_credits.settlements import Period
from slm_events.instants import from_text
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.preview_terms import PreviewRejected, build_preview_rejection

MOST_CANDIDATES = 30
_DECIMALS = 10_000


def check_backtest_money(question: BacktestQuestion) -> None:
    """Check the credit schedule and the charge of a back-test. Raises PreviewRejected that names the wrong field."""
    defined = _schedule(question)
    if defined is None:
        return
    objective = parse_objective(question.terms["objective"])
    window = question.terms.get("window", {"calendar": ""})
    if not {"calendar", OCCURRENCES_OF} & window.keys() or objective is None:
        remedy = "leave it out: credits are paid for closed windows of a target with a figure"
        raise build_preview_rejection("credit_schedule", None, remedy)
    paid = find_paid_success(defined, objective)
    if paid is not None:
        raise PreviewRejected([{**paid, "field": f"credit_schedule.{paid['field']}"}])
    charge = question.period_charge
    if charge is not None and charge["currency"] != defined.currency:
        remedy = f"write {defined.currency}, the currency of the schedule: amounts are never converted"
        raise build_preview_rejection("period_charge.currency", charge["currency"], remedy)


def _schedule(question: BacktestQuestion) -> Schedule | None:
    if question.credit_schedule is None:
        return None
    try:
        return parse_schedule(question.credit_schedule, question.timezone)
    except CreditError as error:
        named = [
            {**each, "field": f"credit_schedule.{each['field'].removeprefix('schedule.')}"} for each in error.errors
        ]
        raise PreviewRejected(named) from error


def build_price_table(
    question: BacktestQuestion, judged: Sequence[Mapping[str, Any]], suggested: Mapping[str, str] | None
) -> dict[str, Any] | None:
    """Return a table of candidate objectives: how many windows would have met each, and the credits due.

    Candidates are the draft's objective, the suggested objective, and objectives equal to figures of the windows, of
    which at most ``MOST_CANDIDATES`` are taken. The strictest objective comes first. Return None if the draft has no
    objective with a number, or no window has a figure.
    """
    objective, defined = parse_objective(question.terms["objective"]), _schedule(question)
    figures = [Fraction(each["attained"]) for each in judged if each["attained"] is not None]
    if objective is None or not figures:
        return None
    side = AT_LEAST if objective.is_at_least else AT_MOST
    marked = Fraction(suggested[side]) if suggested is not None and side in suggested else None
    limits = sorted({_rounded(each, objective) for each in figures})
    step = -(-len(limits) // MOST_CANDIDATES)
    candidates = {*limits[::step], *([] if marked is None else [marked])}
    prices = price_tables.price_table(defined, objective, candidates, list_periods(question, judged))
    return {
        "currency": None if defined is None else defined.currency,
        "rows": [
            {
                "objective": each.objective.document(),
                "met": each.met,
                "missed": each.missed,
                "credits": _money(defined, each.credits),
                "is_draft": each.objective == objective,
                "is_suggested": each.objective.limit == marked,
            }
            for each in prices
        ],
        "credits_unknown": next((each.unknown for each in prices if each.unknown), None),
    }


def price_windows(question: BacktestQuestion, judged: Sequence[Mapping[str, Any]]) -> tuple[Price, Schedule] | None:
    """Return the price of the draft's objective over these windows, and its schedule; None if either is missing."""
    objective, defined = parse_objective(question.terms["objective"]), _schedule(question)
    if objective is None or defined is None:
        return None
    periods = list_periods(question, judged)
    return price_tables.price_of_objective(defined, objective, objective, periods), defined


def list_periods(question: BacktestQuestion, judged: Sequence[Mapping[str, Any]]) -> list[Period]:
    """Group the windows by the charge period in which each of them ends; return the periods in order of time."""
    charge = question.period_charge
    per = "month" if charge is None else str(charge["per"])
    objective = parse_objective(question.terms["objective"])
    found: dict[str, list[ClosedWindow]] = {}
    years: dict[str, int] = {}
    for row in judged:
        last = from_text(row["to"]) - 1
        period = windows.window_at(per, question.timezone, last).id
        years.setdefault(period, int(windows.window_at("year", question.timezone, last).id))
        found.setdefault(period, []).append(_closed_window(question, row, objective))
    amount = None if charge is None else Fraction(str(charge["amount"]))
    return [Period(years[period], amount, tuple(closed)) for period, closed in found.items()]


def _closed_window(question: BacktestQuestion, row: Mapping[str, Any], objective: Objective | None) -> ClosedWindow:
    tickets, attained = row.get("tickets"), row["attained"]
    return ClosedWindow(
        target=str(question.terms.get("key") or ""),
        window=str(row["window_id"]),
        figure=None if attained is None or row["verdict"] == "no_data" else Fraction(attained),
        objective=objective,
        missed_units=None if tickets is None else Fraction(tickets["judged"] - tickets["met"]),
    )


def _rounded(figure: Fraction, objective: Objective) -> Fraction:
    """Round a figure to four decimals, downwards for ``at_least`` and upwards for ``at_most``.

    The window that attained this figure then still meets an objective equal to the rounded figure.
    """
    scaled = figure * _DECIMALS
    return Fraction(scaled.__floor__() if objective.is_at_least else scaled.__ceil__(), _DECIMALS)


def _money(defined: Schedule | None, units: int | None) -> str | None:
    return None if defined is None or units is None else money_to_text(units, defined.places)
