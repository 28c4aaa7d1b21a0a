"""Back-tests of the revisions of agreements: each target is evaluated over the last windows of stored measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import structlog

from slm_calendar.errors import CalendarError
from slm_chassis.faults import is_infrastructure_fault
from slm_events.aggregations import KINDS, MEMBERS, TICKETS, read_name
from slm_events.backtests import TargetBacktested
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.history.draft_history import (
    CUSTOMER_MUST_BE_NAMED,
    FactHistoryUnderDraftTerms,
    PagedTicketHistory,
)
from slm_monitor.application.preview import backtest_prices, backtests, open_readings
from slm_monitor.application.preview.backtest_question import BacktestQuestion
from slm_monitor.application.preview.backtests import STANDARD
from slm_monitor.application.preview.preview_terms import PreviewRejected
from slm_monitor.domain.facts.facts import Fact
from slm_monitor.domain.terms.terms import TermsNotEvaluable
from slm_monitor.domain.windows import compliance

WEEK = 7 * 86_400_000_000
DONE, FAILED = "done", "failed"
_NOT_EVALUABLE = "the terms cannot be evaluated over the stored measurements"
_logger = structlog.get_logger(__name__)


class MeasuredHistory(PagedTicketHistory, Protocol):
    """The record of facts, with the instants at which it begins."""

    async def first_at(self, subject: str) -> UtcMicroseconds | None:
        """Return the instant of an indicator's first fact; None if it has no facts."""
        ...

    async def first_ticket(self, owner_party_id: str) -> UtcMicroseconds | None:
        """Return the instant at which a party's first ticket was opened; None if the party has no tickets."""
        ...


@dataclass(frozen=True, slots=True)
class RevisionBacktest:
    """The back-test of a revision as it is stored: the request, and the keys of the targets still to be tested.

    ``request`` is a ``BacktestRequested`` as JSON. ``has_other_customers``: the provider is related to other parties,
    so a ticket that names no customer may be theirs.
    """

    request: Mapping[str, Any]
    waiting: Sequence[str]
    has_other_customers: bool


@dataclass(frozen=True, slots=True)
class RecentMeasurements:
    """The measurements of the 7 days before an instant: how many, the latest (µs), and whether they are samples.

    ``is_silent``: an indicator was measured before these 7 days, and not since then.
    """

    count: int = 0
    last_at: UtcMicroseconds | None = None
    is_sampled: bool = False
    is_silent: bool = False

    def document(self) -> dict[str, Any]:
        """Return them as ``TargetBacktested`` has them."""
        last = None if self.last_at is None else to_text(self.last_at)
        return {
            "last_at": last,
            "in_7_days": self.count,
            "is_sampled": self.is_sampled,
            "is_silent": self.is_silent,
        }


def build_revision_question(backtest: RevisionBacktest, key: str) -> BacktestQuestion:
    """Return the question about one target of a revision. Raises KeyError if the revision has no such target.

    The document of a revision has every default written. A policy at its default is therefore left out, so that the
    back-test tells whether another reading would have made a difference.
    """
    request = backtest.request
    by_key = {target["key"]: open_readings.without_defaults(target) for target in request["targets"]}
    terms = by_key[key]
    named = terms.get("indicator")
    schedule = _schedule(request, terms)
    return BacktestQuestion(
        terms,
        f"{named['owner_party_id']}/{named['key']}" if named else "",
        timezone=request["timezone"],
        members=[by_key[name] for name in dict.fromkeys(_members(terms, by_key, (key,)))],
        owner=request["provider_party_id"],
        credit_schedule=schedule,
        period_charge=(request.get("period_charge") or None) if schedule is not None else None,
        agreement={**request, CUSTOMER_MUST_BE_NAMED: backtest.has_other_customers},
    )


def _schedule(request: Mapping[str, Any], terms: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the credit schedule that a target names; None without one, or if its windows are not settled."""
    if "calendar" not in terms["window"] or not terms.get("objective"):
        return None
    return next(
        (
            {name: value for name, value in each.items() if name != "key"}
            for each in request.get("credits") or ()
            if each["key"] == terms.get("credit")
        ),
        None,
    )


def _members(terms: Mapping[str, Any], by_key: Mapping[str, Any], seen: tuple[str, ...]) -> Iterator[str]:
    """Yield the keys of the targets from which a target is evaluated, and of those that these are evaluated from."""
    name = read_name(terms["aggregation"])
    source = KINDS[name].source
    named: Sequence[str] = ()
    if source == TICKETS:
        named = [compliance.read_compliance_target_key(terms["aggregation"][name])]
    elif source == MEMBERS:
        named = [each["target"] for each in terms["aggregation"][name]["members"] if "target" in each]
    for key in named:
        if key in by_key and key not in seen:
            yield key
            yield from _members(by_key[key], by_key, (*seen, key))


async def backtest_target(
    history: MeasuredHistory, backtest: RevisionBacktest, key: str, now: UtcMicroseconds
) -> TargetBacktested:
    """Evaluate one target of a revision over its last twelve windows that ended before ``now``.

    Raises infrastructure faults. Terms that cannot be evaluated are reported in the event.
    """
    event = _unfinished_event(backtest, key, now)
    try:
        question = build_revision_question(backtest, key)
        measured = await read_recent_measurements(history, question, now)
        event = replace(event, measured=measured.document())
        try:
            backtest_prices.check_backtest_money(question)
        except PreviewRejected:
            # Money that cannot be computed is told by the check of the credit terms.
            question = question.without_money()
        windows = await _judge(history, question, now)
        result = backtests.summarize_backtest(question, windows) if windows else None
        shown = [backtests.show_window(each) for each in windows]
        return replace(event, state=DONE, reason=None, windows=shown, result=result)
    except (PreviewRejected, TermsNotEvaluable, CalendarError) as error:
        return replace(event, reason=str(error)[:500])
    except Exception as error:
        if is_infrastructure_fault(error):
            raise
        _logger.warning("back-test of a target failed", target=key, exc_info=error)
        return event


async def _judge(history: MeasuredHistory, question: BacktestQuestion, now: UtcMicroseconds) -> list[dict[str, Any]]:
    target = backtests.check_backtest_question(question)
    first = await _first_instant(history, question)
    spans = backtests.list_backtest_windows(target, now, first, STANDARD, None, question.per)
    found = [await backtests.evaluate_backtest_window(history, question, span, now) for span in spans]
    # Windows before the first ticket of this customer say nothing.
    while found and found[0]["attained"] is None and backtests.is_backtest_about_tickets(question):
        del found[0]
    return found


async def _first_instant(history: MeasuredHistory, question: BacktestQuestion) -> UtcMicroseconds | None:
    found = []
    for subject in sorted(backtests.list_backtest_subjects(question)):
        first, begins_at = await history.first_at(subject), await history.begins_at(subject)
        found.append(first if first is None or begins_at is None else max(first, begins_at))
    if backtests.is_backtest_about_tickets(question):
        found.append(await history.first_ticket(question.owner))
    return min((each for each in found if each is not None), default=None)


async def read_recent_measurements(
    history: MeasuredHistory, question: BacktestQuestion, now: UtcMicroseconds
) -> RecentMeasurements:
    """Read how a target was measured in the 7 days before ``now``; of tickets, how many of the customer were opened."""
    span = (now - WEEK, now)
    parts = [await _recent(history, subject, span) for subject in sorted(backtests.list_backtest_subjects(question))]
    if backtests.is_backtest_about_tickets(question):
        draft = FactHistoryUnderDraftTerms(history, backtests.build_backtest_draft(question), now)
        opened = await draft.tickets_opened(span)
        parts.append(RecentMeasurements(len(opened), max(opened, default=None)))
    if len(parts) == 1:
        return parts[0]
    lasts = [each.last_at for each in parts if each.last_at is not None]
    return RecentMeasurements(
        sum(each.count for each in parts), max(lasts, default=None), is_silent=any(each.is_silent for each in parts)
    )


async def _recent(history: MeasuredHistory, subject: str, span: tuple[int, int]) -> RecentMeasurements:
    facts = await history.single(subject, span, None)
    values = await history.values(subject, span, None)
    count, last = len(facts), max((fact.at for fact in facts), default=None)
    if len(values):
        events = np.ones(len(values)) if values.out_of is None else np.nan_to_num(values.out_of, nan=1.0)
        count += int(events.sum())
        last = max(int(values.at.max()), last or 0)
    is_silent = last is None and await history.first_at(subject) is not None
    return RecentMeasurements(count, last, len(values) > 0 or _are_probes(facts), is_silent)


def _are_probes(facts: Sequence[Fact]) -> bool:
    """Return whether states are those of probes: half of them or more repeat the state before. Changes of state do not
    repeat it.
    """
    states = [fact.body.get("state") for fact in facts]
    repeated = sum(before == after for before, after in pairwise(states))
    return len(states) > 2 and 2 * repeated >= len(states) - 1


def _unfinished_event(backtest: RevisionBacktest, key: str, now: UtcMicroseconds) -> TargetBacktested:
    """Return the event about a target whose terms could not be evaluated."""
    request = backtest.request
    same = ("backtest_id", "agreement_id", "version", "revision_hash", "provider_party_id", "customer_party_id")
    return TargetBacktested(
        **{name: request[name] for name in same},
        hidden_from_party_id=request["hidden_from_party_id"],
        target=key,
        state=FAILED,
        reason=_NOT_EVALUABLE,
        as_of=to_text(now),
        windows=[],
        result=None,
        measured=RecentMeasurements().document(),
    )
