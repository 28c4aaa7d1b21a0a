"""Current figures: every open window of an agreement as of one instant, computed from the record of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import from_text, to_text
from slm_monitor.application.explain import explanation
from slm_monitor.application.explain.explanation import EXPLAINED
from slm_monitor.application.history import closed_tickets
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import History, NotInRecord, ParsedTerms
from slm_monitor.application.history.window_result import verdict_with_warning
from slm_monitor.application.state import exclusion_index
from slm_monitor.domain.states import excluded_time
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import TermsHistory

_SECOND = 1_000_000
MOST_WINDOWS = 400
"""Most windows in one answer: enough for some hundred targets with one or two open windows each."""


class TooManyWindows(ValueError):
    """More windows are open than one answer may hold."""


@dataclass(frozen=True, slots=True)
class FiguresQuestion:
    """The question for current figures. Windows that end before ``since`` or begin at or after ``until`` are left out;
    tickets count if they ended between the two; a rolling window is taken at ``until`` if that has passed.

    ``closed``: (target, window) → when it closed. Windows that closed before ``closed_after`` are left out.
    """

    as_of: int
    since: int
    until: int
    closed: Mapping[tuple[str, str], int]
    closed_after: int

    @property
    def last(self) -> int:
        """The last instant for which figures are given, µs."""
        return min(self.as_of, self.until - 1)


async def current_figures_of(
    record: History, parsed: ParsedTerms, targets: Sequence[Mapping[str, Any]], asked: FiguresQuestion
) -> list[dict[str, Any]]:
    """One document for each open window of these targets, and one for each target of tickets or of a rolling window.

    All are computed by the facts that had been received by ``as_of``, and by nothing later. Raises TooManyWindows.
    """
    found: list[dict[str, Any]] = []
    for row in targets:
        target = records.target_row(row)
        agreement = await record.agreement(target.agreement_id)
        lines = parsed.lines(agreement, target)
        if any(line.latest.group_by for line in lines):
            # A grouped target is evaluated for each label value, and those instances are targets of their own.
            continue
        for line in lines:
            for terms, name, span in _windows(line, asked):
                if len(found) >= MOST_WINDOWS:
                    raise TooManyWindows(f"more than {MOST_WINDOWS} windows are open")
                found.append(await _figure(record, lines, terms, name, span, asked))
    return found


def beside_warnings(
    found: Sequence[Mapping[str, Any]], risks: Sequence[Mapping[str, Any]], as_of: int
) -> list[dict[str, Any]]:
    """The figures with the verdict that ``GET /targets`` shows: a warning in force at ``as_of`` puts a target at risk.

    ``risks``: documents ``{"target_id", "window_id", "opened_at", "cleared_at"}`` as the API answers them.
    """
    stood = {
        (each["target_id"], each["window_id"])
        for each in risks
        if from_text(each["opened_at"]) <= as_of
        and (each["cleared_at"] is None or from_text(each["cleared_at"]) > as_of)
    }
    return [
        {**each, "verdict": verdict_with_warning(each["verdict"], (each["target_id"], each["window_id"]) in stood)}
        for each in found
    ]


def _windows(line: TermsHistory, asked: FiguresQuestion) -> Iterator[tuple[ServiceLevelTarget, str, Interval]]:
    """The windows of a terms history that the question covers, each with the terms by which it is evaluated."""
    present = line.at(asked.last)
    kind = (present or line.latest).window_kind
    if kind == "calendar":
        for terms, window in records.calendar_windows(line, asked.since, asked.last + 1, begun_before=True):
            closed_at = asked.closed.get((terms.target_id, window.id))
            if window.start <= asked.last and (closed_at is None or closed_at > asked.closed_after):
                yield terms, window.id, (window.start, window.end)
    elif present is not None and kind == "rolling":
        yield present, present.window, records.rolling_span(line, present, asked.last)
    elif present is not None:
        yield present, "tickets", (max(asked.since, line.begins_at), min(asked.last + 1, line.ends_at))


async def _figure(
    record: History,
    lines: Sequence[TermsHistory],
    terms: ServiceLevelTarget,
    name: str,
    span: Interval,
    asked: FiguresQuestion,
) -> dict[str, Any]:
    head = {
        "target_id": terms.target_id,
        "target_key": terms.key,
        "agreement_version": terms.version,
        "window_id": name,
        "window_start_at": to_text(span[0]),
        "window_end_at": to_text(span[1]),
        "aggregation": terms.aggregation,
        "objective": dict(terms.objective_document),
        "closed": (terms.target_id, name) in asked.closed,
    }
    if terms.aggregation == "clock":
        return {**head, "verdict": None, **await _tickets(record, terms, span, asked)}
    if terms.aggregation not in EXPLAINED:
        return {**head, "verdict": None, "figure": None, "figure_display": "–", "reason": "not judged by figures"}
    try:
        at = asked.last if terms.window_kind == "rolling" else asked.as_of
        judged = await explanation.evaluate_window(record, terms, name, span, at, asked.as_of)
    except NotInRecord as error:
        return {**head, "verdict": None, "figure": None, "figure_display": "–", "reason": str(error)}
    seen, facts = judged.seen, judged.facts
    document = seen.document()
    sums = dict(seen.sums)
    good, total = _parts(sums)
    return {
        **head,
        "verdict": seen.verdict,
        "figure": figures.exact(terms.shown(seen.figure)),
        "figure_display": terms.display(seen.figure),
        "raw_figure": sums.get("raw_figure") or seen.extra.get("raw_figure") or figures.exact(terms.shown(seen.figure)),
        "good": good,
        "total": total,
        "sums": sums,
        "budget": document["budget"],
        "budget_consumed_percent": _percent(document["budget"]),
        "burn_rate": document["burn_rate"],
        "breached_at": document["breached_at"],
        "excluded_seconds": excluded_time.excluded_service_time(terms.hours.intervals(*span), facts.excluded)
        // _SECOND,
        "exclusions": exclusion_index.exclusions_in_window(facts.exclusions, *span),
        "unknown_seconds": _seconds(sums.get("unknown")),
        "downtime_seconds": _seconds(sums.get("down")),
        "coverage_percent": sums.get("coverage_percent"),
        "reliability": seen.extra.get("reliability"),
    }


async def _tickets(
    record: History, terms: ServiceLevelTarget, span: Interval, asked: FiguresQuestion
) -> dict[str, Any]:
    """Tickets whose clock of this target ended in the span: how many met it, and which were late."""
    ended = await closed_tickets.ended_tickets(record, terms, [terms.target_id], span, asked.as_of, asked.as_of)
    late = [each for each in ended if not each.is_met]
    return {
        "figure": None,
        "figure_display": "–",
        "tickets": {
            "judged": len(ended),
            "met": len(ended) - len(late),
            "late": [{"ticket": each.ticket, "ended_at": to_text(each.ended_at)} for each in late],
        },
    }


def _parts(sums: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Numerator and denominator of a figure that is a share: of uptime, events, slices or tickets. (None, None)
    otherwise."""
    if "up" in sums:
        return str(sums["up"]), str(sums["up"] + sums["down"])
    if "met" in sums and "judged" in sums:
        return str(sums["met"]), str(sums["judged"])
    if "good" in sums:
        return str(sums["good"]), str(sums.get("total", sums.get("judged")))
    return None, None


def _percent(budget: Mapping[str, Any] | None) -> str | None:
    share = None if budget is None else budget["consumed_share"]
    return None if share is None else figures.exact(Fraction(share) * 100)


def _seconds(microseconds: Any) -> int | None:
    return microseconds // _SECOND if isinstance(microseconds, int) else None
