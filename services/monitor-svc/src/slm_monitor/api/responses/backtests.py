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
    """The terms, indicator, calendar, history and prices that a back-test evaluates, as requested."""

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
    credit_schedule: Document | None
    """The credit schedule under which credits are computed; null if none was given"""
    period_charge: ChargeOfBacktest | None
    """The charge to which the schedule's percents apply; null if none was given"""
    critical_periods: list[Document] = ABSENT
    """The critical periods of the draft agreement; left out if none was given"""


class ChargeOfBacktest(Answer):
    """The charge of one period, in a back-test. A credit schedule may pay a share of it."""

    amount: str
    """The amount, in the currency"""
    currency: str
    """ISO 4217 code"""
    per: Literal["day", "week", "month", "quarter", "year"]
    """The kind of calendar period for which the amount is charged"""


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
    """The strictest objective that at least eleven twelfths of a back-test's windows would have met."""

    at_least: Exact = ABSENT
    """The objective, rounded to four decimals, where more is better"""
    at_most: Exact = ABSENT
    """The objective, rounded to four decimals, where less is better"""
    unit: str
    """Unit of the objective"""
    exact: Exact
    """The same objective without rounding"""


class CandidateObjective(Answer):
    """A candidate objective of a back-test: a number, and whether figures must be at least or at most this number."""

    at_least: Exact = ABSENT
    """The objective, where more is better"""
    at_most: Exact = ABSENT
    """The objective, where less is better"""


class PriceRow(Answer):
    """A candidate objective of a back-test: the windows that would have met it, and the credits then due."""

    objective: CandidateObjective
    """The candidate objective, in the unit of the draft's objective"""
    met: int
    """How many windows would have met it"""
    missed: int
    """How many windows would have missed it"""
    credits: str | None
    """The credits that would have been due, after caps, in the currency; null without a schedule, or if they cannot be
    computed
    """
    is_draft: bool
    """Whether this is the objective of the draft"""
    is_suggested: bool
    """Whether this is the objective that eleven of twelve windows would have met"""


class PriceTable(Answer):
    """The price table of a back-test: how many windows would have met each candidate objective, and the credits due."""

    currency: str | None
    """Currency of the credits; null without a schedule"""
    rows: list[PriceRow]
    """The candidates, the strictest first"""
    credits_unknown: str | None
    """Why the credits cannot be computed; null if they are, or if there is no schedule"""


class CostsOfReading(Answer):
    """How much the results of a back-test change between the possible readings of one policy."""

    breaches: int
    """Highest minus lowest number of breaches among the readings; for a per-ticket target, of late tickets"""
    amount: str | None
    """Highest minus lowest credits among the readings; null without a credit schedule"""
    currency: str | None
    """Currency of the amount; null without a schedule"""


class PolicyReading(Answer):
    """One way to read a policy that draft terms leave open, and the results that it would have given."""

    settled_by: Document
    """The term that settles the policy in this way, such as `{"on_reopen": "new_clock"}`"""
    changed: int
    """How many verdicts, of windows or of tickets, differ from those under the default"""
    breaches: int
    """How many windows, or tickets of a per-ticket target, would have missed the objective"""
    credits: str | None
    """The credits that would have been due; null without a schedule, or if they cannot be computed"""


class OpenReading(Answer):
    """A policy about which draft terms say nothing, so that its default applies. With another choice, a verdict or an
    amount of money would have been different.
    """

    target: str | None
    """Key of the target that leaves it open: the draft, or one of its members; null if it has none"""
    policy: str
    """The term that would settle it, such as `on_reopen`"""
    default: str
    """How the terms are read as they stand"""
    changed: int
    """The most verdicts that another reading changes"""
    costs: CostsOfReading
    """By how much the readings differ"""
    readings: list[PolicyReading]
    """Every reading, the default first"""
    sentence: str
    """The same in one English sentence"""


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
    tickets: BacktestedTickets | None
    """For a target of single tickets: those whose clock ended in these windows; null for others"""
    attained_share: Exact | None
    """Share of the windows that would have met the terms, or of the tickets for a target of single tickets, exact; null
    if there are none
    """
    realistic: Literal["ok", "warning", "error"] | None
    """Rating of the objective: `warning` if fewer than 90 percent of the windows met it, `error` if fewer than half
    did; a target of single tickets is rated by its tickets; null if no window has a figure
    """
    worst: BacktestedWindow | None
    """The window furthest from the objective; null if no window has a figure"""
    suggested_objective: SuggestedObjective | None
    """An objective that eleven of twelve windows would have met; null if there is none"""
    prices: PriceTable | None
    """For each candidate objective the windows met and the credits due; null if no window has a figure, or for clocks
    """
    open_readings: list[OpenReading]
    """Policies that the terms leave at their default, and that would have changed a verdict or money"""


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
