"""Answers about back-tests: draft terms evaluated over stored history, window by window."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import Document, Exact, Instant, Verdict


class BacktestProgress(Answer):
    """The progress of a back-test, in windows. Part of a back-test's answer."""

    windows: int
    """How many windows the back-test evaluates"""
    judged: int
    """How many windows are evaluated so far"""
    percent: int
    """Evaluated windows, percent, rounded down"""


class BacktestQuestionAnswer(Answer):
    """The terms, indicator, calendar and history that a back-test evaluates, as requested."""

    terms: Document
    """The target as an agreement would write it"""
    indicator: str
    """The indicator: its party's id and its key, joined by `/`; empty for tickets and derived targets"""
    service_hours: str | Document
    """The service hours within which the target is evaluated: `24x7`, or a document"""
    timezone: str
    """IANA zone in which windows begin and end"""
    members: list[Document]
    """Drafts of the targets from which a derived target is evaluated"""
    owner: str
    """Id of the party whose facts are used"""
    per: Literal["day", "week", "month", "quarter", "year"]
    """For a per-ticket target: the kind of calendar window by which its clocks are grouped; a clock belongs to the
    window in which it ended
    """


class BacktestedTickets(Answer):
    """The number of tickets whose clock ended in a window of a back-test."""

    judged: int
    """How many tickets have a clock that ended in the window"""
    met: int
    """How many of these tickets met their deadline"""


class BacktestedWindow(Answer):
    """The result of one window of a back-test."""

    window_id: str
    """The window, such as `2026-11`"""
    start: Instant = Field(alias="from")
    """Start of the window"""
    end: Instant = Field(alias="to")
    """End of the window; the instant itself is excluded"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null if there is none"""
    figure_display: str
    """The figure as text for people; – if there is none"""
    attained: Exact | None
    """The value that is compared with the objective, exact: of a quantile its value; null if there is none"""
    verdict: Verdict
    """Verdict of the window under the draft terms"""
    budget_consumed_share: Exact | None
    """Used share of the error budget, exact; null if there is no budget"""
    tickets: BacktestedTickets | None = ABSENT
    """For clocks and compliance: the tickets whose clock ended in the window; null or left out for others"""


class SuggestedObjective(Answer):
    """An objective that eleven of twelve windows of a back-test would have met."""

    at_least: Exact = ABSENT
    """The objective, rounded to four decimals, where more is better"""
    at_most: Exact = ABSENT
    """The objective, rounded to four decimals, where less is better"""
    unit: str
    """Unit of the objective"""
    exact: Exact
    """The same objective without rounding"""


class BacktestResult(Answer):
    """The result of a back-test over all windows that are evaluated so far."""

    windows: int
    """How many windows are evaluated"""
    judged: int
    """How many windows have a figure"""
    met: int
    """How many windows would have met the terms"""
    missed: int
    """How many windows would have missed the terms"""
    attained_share: Exact | None
    """Share of the windows that would have met the terms, exact; null if no window has a figure"""
    realistic: Literal["ok", "warning", "error"] | None
    """Rating of the objective: `warning` if fewer than 90 percent of the windows met it, `error` if fewer than half
    did; null if no window has a figure
    """
    worst: BacktestedWindow | None
    """The window furthest from the objective; null if no window has a figure"""
    suggested_objective: SuggestedObjective | None
    """An objective that eleven of twelve windows would have met; null if there is none"""


class BacktestAnswer(Answer):
    """A back-test: draft terms evaluated over stored history, with its progress and its result so far."""

    backtest_id: str
    """Id of the back-test"""
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    """State of the back-test"""
    requested_at: Instant
    """When the back-test was requested"""
    ended_at: Instant | None
    """When the back-test ended; null until then"""
    progress: BacktestProgress
    """Progress of the back-test, in windows"""
    failure: str | None
    """Why the back-test failed; null if it has not failed"""
    question: BacktestQuestionAnswer
    """The terms and the history that are evaluated"""
    windows: list[BacktestedWindow]
    """The windows evaluated so far, in order of time"""
    result: BacktestResult | None
    """The result so far; null while no window is evaluated"""
