"""Answers about back-tests: draft terms tried on stored history, window by window."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from slm_chassis.http.response_models import ABSENT, Answer
from slm_monitor.api.responses.shapes import Document, Exact, Instant, Verdict


class BacktestProgress(Answer):
    """The progress of a back-test."""

    windows: int
    """How many windows it tries"""
    judged: int
    """How many of them are done"""
    percent: int
    """Done windows, percent, rounded down"""


class BacktestQuestionAnswer(Answer):
    """What a back-test tries."""

    terms: Document
    """The target as an agreement would write it"""
    indicator: str
    """The indicator, by its party's id and its key joined by `/`; empty for tickets and derived targets"""
    service_hours: str | Document
    """The service hours that count: `24x7`, or a document"""
    timezone: str
    """IANA zone in which windows begin and end"""
    members: list[Document]
    """Drafts of its member targets"""
    owner: str
    """Id of the party whose facts it is tried on"""
    per: Literal["day", "week", "month", "quarter", "year"]
    """For a target per ticket: the windows in which its clocks ended"""


class TriedTickets(Answer):
    """The tickets whose clock ended in a window."""

    judged: int
    """How many there are"""
    met: int
    """How many met their deadline"""


class TriedWindow(Answer):
    """A window under draft terms."""

    window_id: str
    """The window, such as `2026-11`"""
    start: Instant = Field(alias="from")
    """Where it begins"""
    end: Instant = Field(alias="to")
    """Where it ends"""
    figure: Exact | None
    """The figure, exact, in the objective's unit; null without one"""
    figure_display: str
    """The figure for people; – without one"""
    attained: Exact | None
    """What an objective is compared with, exact; of a quantile its value; null without one"""
    verdict: Verdict
    """The verdict"""
    budget_consumed_share: Exact | None
    """The share of the budget that is used, exact; null if there is none"""
    tickets: TriedTickets | None = ABSENT
    """For clocks and compliance: the tickets; null or left out for others"""


class SuggestedObjective(Answer):
    """An objective that eleven of twelve windows would have met."""

    at_least: Exact = ABSENT
    """The objective, rounded to four decimals, where more is better"""
    at_most: Exact = ABSENT
    """The objective, rounded to four decimals, where less is better"""
    unit: str
    """Its unit"""
    exact: Exact
    """The same without rounding"""


class BacktestResult(Answer):
    """The result of a back-test."""

    windows: int
    """How many windows are done"""
    judged: int
    """How many of them have a figure"""
    met: int
    """How many would have met the terms"""
    missed: int
    """How many would have missed them"""
    attained_share: Exact | None
    """The share that would have met them, exact; null without a figure"""
    realistic: Literal["ok", "warning", "error"] | None
    """`warning` where fewer than 90 percent met them, `error` where fewer than half did; null without a figure"""
    worst: TriedWindow | None
    """The window furthest from the objective; null without a figure"""
    suggested_objective: SuggestedObjective | None
    """An objective that eleven of twelve windows would have met; null if there is none"""


class BacktestAnswer(Answer):
    """Draft terms tried on stored history."""

    backtest_id: str
    """Id of the back-test"""
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    """Its state"""
    requested_at: Instant
    """When it was asked for"""
    ended_at: Instant | None
    """When it ended; null until then"""
    progress: BacktestProgress
    """Its progress, in windows"""
    failure: str | None
    """Why it failed; null if it has not"""
    question: BacktestQuestionAnswer
    """What it tries"""
    windows: list[TriedWindow]
    """The windows that are done, in their order"""
    result: BacktestResult | None
    """The result so far; null while no window is done"""
