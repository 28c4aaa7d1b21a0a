"""Current figures: every open window of an agreement as of one instant, computed from the record of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_calendar.intervals import Interval
from slm_events.instants import UtcMicroseconds, from_text, to_text
from slm_monitor.application.explain import explanation
from slm_monitor.application.history import closed_tickets
from slm_monitor.application.history import fact_history as records
from slm_monitor.application.history.fact_history import FactHistoryStore, FactsNoLongerStored, ParsedTermsCache
from slm_monitor.application.state import exclusion_index
from slm_monitor.domain.explanations.window_result import combine_verdict_with_warning
from slm_monitor.domain.states import excluded_time
from slm_monitor.domain.terms import figures
from slm_monitor.domain.terms.terms import ClockTarget, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import ClockHistory, TargetTermsHistory

_SECOND = 1_000_000
MOST_WINDOWS = 400
"""Most windows in one answer: enough for some hundred targets with one or two open windows each."""


class TooManyOpenWindows(ValueError):
    """More windows are open than one answer may contain."""


@dataclass(frozen=True, slots=True)
class CurrentFiguresQuestion:
    """A question for current figures. Facts count up to the instant ``as_of``.

    Windows that end by ``since`` or begin at or after ``until`` are left out. Tickets count if their clock ended
    between these two instants. Rolling windows are evaluated just before ``until`` or, if ``as_of`` is earlier, at
    ``as_of``. ``closed``: (target, window) → when the window closed. Windows that closed before ``closed_after`` are
    left out.
    """

    as_of: UtcMicroseconds
    since: UtcMicroseconds
    until: UtcMicroseconds
    closed: Mapping[tuple[str, str], int]
    closed_after: int

    @property
    def last(self) -> UtcMicroseconds:
        """The last instant for which figures are calculated, µs."""
        return min(self.as_of, self.until - 1)


async def build_current_figures(
    record: FactHistoryStore,
    parsed: ParsedTermsCache,
    targets: Sequence[Mapping[str, Any]],
    asked: CurrentFiguresQuestion,
) -> list[dict[str, Any]]:
    """Return one JSON object for each open window of these targets, and one for each ticket target or rolling target.

    All are calculated from the facts that had been received by ``as_of``, and from nothing later. Raises
    TooManyOpenWindows.
    """
    found: list[dict[str, Any]] = []
    for row in targets:
        target = records.read_target_identity(row)
        agreement = await record.agreement(target.agreement_id)
        lines = parsed.lines(agreement, target)
        if any(line.latest.group_by for line in lines):
            # A grouped target is evaluated for each label value, and those instances are targets of their own.
            continue
        for line in lines:
            for terms, name, span in _windows(line, asked):
                if len(found) >= MOST_WINDOWS:
                    raise TooManyOpenWindows(f"more than {MOST_WINDOWS} windows are open")
                found.append(await _figure(record, terms, name, span, asked))
    return found


def apply_warnings_to_verdicts(
    found: Sequence[Mapping[str, Any]], risks: Sequence[Mapping[str, Any]], as_of: UtcMicroseconds
) -> list[dict[str, Any]]:
    """Return the figures with the verdicts that ``GET /targets`` shows: a warning in force at ``as_of`` puts a target
    at risk.

    ``risks``: documents ``{"target_id", "window_id", "opened_at", "cleared_at"}`` in the form of the API.
    """
    stood = {
        (each["target_id"], each["window_id"])
        for each in risks
        if from_text(each["opened_at"]) <= as_of
        and (each["cleared_at"] is None or from_text(each["cleared_at"]) > as_of)
    }
    return [
        {
            **each,
            "verdict": combine_verdict_with_warning(each["verdict"], (each["target_id"], each["window_id"]) in stood),
        }
        for each in found
    ]


def _windows(
    line: TargetTermsHistory, asked: CurrentFiguresQuestion
) -> Iterator[tuple[ServiceLevelTarget, str, Interval]]:
    """Yield (terms, window id, interval) of the windows of a terms history that the question covers."""
    if isinstance(line, ClockHistory):
        clock = line.at(asked.last)
        if clock is not None:
            yield clock, "tickets", (max(asked.since, line.begins_at), min(asked.last + 1, line.ends_at))
        return
    present = line.at(asked.last)
    kind = (present or line.latest).window_kind
    if kind == "calendar":
        for terms, window in records.list_calendar_windows(line, asked.since, asked.last + 1, begun_before=True):
            closed_at = asked.closed.get((terms.target_id, window.id))
            if window.start <= asked.last and (closed_at is None or closed_at > asked.closed_after):
                yield terms, window.id, (window.start, window.end)
    elif present is not None:
        yield present, present.window, records.compute_rolling_span(line, present, asked.last)


async def _figure(
    record: FactHistoryStore,
    terms: ServiceLevelTarget,
    name: str,
    span: Interval,
    asked: CurrentFiguresQuestion,
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
    if isinstance(terms, ClockTarget):
        return {**head, "verdict": None, **await _tickets(record, terms, span, asked)}
    try:
        at = asked.last if terms.window_kind == "rolling" else asked.as_of
        judged = await explanation.evaluate_window(record, terms, name, span, at, asked.as_of)
    except FactsNoLongerStored as error:
        return {**head, "verdict": None, "figure": None, "figure_display": "–", "reason": str(error)}
    seen, facts = judged.seen, judged.facts
    document = seen.document()
    sums = dict(seen.sums)
    good, total = _parts(sums)
    return {
        **head,
        "verdict": seen.verdict,
        "figure": figures.format_exact_fraction(terms.shown(seen.figure)),
        "figure_display": terms.display(seen.figure),
        "raw_figure": sums.get("raw_figure")
        or seen.extra.get("raw_figure")
        or figures.format_exact_fraction(terms.shown(seen.figure)),
        "good": good,
        "total": total,
        "sums": sums,
        "budget": document["budget"],
        "budget_consumed_percent": _percent(document["budget"]),
        "burn_rate": document["burn_rate"],
        "breached_at": document["breached_at"],
        "excluded_seconds": excluded_time.measure_excluded_service_time(terms.hours.intervals(*span), facts.excluded)
        // _SECOND,
        "exclusions": exclusion_index.list_exclusions_in_window(facts.exclusions, *span),
        "unknown_seconds": _seconds(sums.get("unknown")),
        "downtime_seconds": _seconds(sums.get("down")),
        "coverage_percent": sums.get("coverage_percent"),
        "no_data_reason": sums.get("no_data_reason"),
        "reliability": seen.extra.get("reliability"),
    }


async def _tickets(
    record: FactHistoryStore, terms: ClockTarget, span: Interval, asked: CurrentFiguresQuestion
) -> dict[str, Any]:
    """Count the tickets whose clock of this target ended in ``span``, and how many of these tickets met the target.

    The tickets that missed the target are listed.
    """
    ended = await closed_tickets.find_tickets_ended_in_span(
        record, terms, [terms.target_id], span, asked.as_of, asked.as_of
    )
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
    """Return numerator and denominator of a figure that is a share of uptime, events, slices or tickets; else (None,
    None).
    """
    if "up" in sums:
        return str(sums["up"]), str(sums["up"] + sums["down"])
    if "met" in sums and "judged" in sums:
        return str(sums["met"]), str(sums["judged"])
    if "good" in sums:
        return str(sums["good"]), str(sums.get("total", sums.get("judged")))
    return None, None


def _percent(budget: Mapping[str, Any] | None) -> str | None:
    share = None if budget is None else budget["consumed_share"]
    return None if share is None else figures.format_exact_fraction(Fraction(share) * 100)


def _seconds(microseconds: Any) -> int | None:
    return microseconds // _SECOND if isinstance(microseconds, int) else None
