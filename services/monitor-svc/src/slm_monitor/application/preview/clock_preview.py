"""Preview of a ticket's clocks under draft terms: the evaluator's replay of the given events, with an explanation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_calendar import durations
from slm_calendar.durations import Duration
from slm_calendar.errors import CalendarError
from slm_events.instants import UtcMicroseconds, to_text
from slm_monitor.application.preview.preview_terms import (
    LONGEST_PREVIEW_MICROSECONDS,
    PreviewRejected,
    build_icalendar_report,
    build_preview_rejection,
    parse_preview_targets,
    resolve_holidays_to_dates,
)
from slm_monitor.domain.clocks import clock_derivation, clock_replay, clock_warnings
from slm_monitor.domain.clocks.clock_derivation import ClockSegment
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.facts import ticket_events
from slm_monitor.domain.facts.intake_items import SentTicketEvent
from slm_monitor.domain.facts.ticket_events import TicketEvent
from slm_monitor.domain.intake import validation
from slm_monitor.domain.terms import clock_terms
from slm_monitor.domain.terms.terms import FOREVER, ClockTarget, ServiceLevelTarget
from slm_monitor.domain.terms.terms_history import ClockHistory
from slm_monitor.domain.tickets import ticket_target

_VERDICTS = {clock_replay.MET: "met", clock_replay.BREACHED: "breached", clock_replay.COMPLETED_LATE: "breached"}


@dataclass(frozen=True)
class ClockPreviewQuestion:
    """A question for a preview: which clocks does a ticket get under draft terms? Instants are µs since 1970.

    ``service_hours``: a document, or several that apply at the same time. ``window``: an interval; the answer then also
    says how much of each clock's time lies in this interval.
    """

    targets: Sequence[Mapping[str, Any]]
    events: Sequence[SentTicketEvent]
    service_hours: Sequence[Any] = ("24x7",)
    as_of: UtcMicroseconds | None = None
    window: tuple[int, int] | None = None
    escalations: Sequence[Duration] = ()
    warn_at: Sequence[int] = ()


def preview_clocks(asked: ClockPreviewQuestion) -> dict[str, Any]:
    """Return ``{"clocks": [...]}`` with one entry for each clock that the ticket has had by ``as_of`` (default: its
    last event), and ``findings`` about targets whose clock can never run.

    Raises PreviewRejected that names the invalid field.
    """
    events = _events(asked)
    as_of = asked.as_of if asked.as_of is not None else max((event.at for event in events), default=0)
    if events and as_of - events[0].at > LONGEST_PREVIEW_MICROSECONDS:
        raise build_preview_rejection("as_of", to_text(as_of), "a preview looks at ten years of a ticket at most")
    heard = [event for event in events if event.at <= as_of]
    # Deadlines lie after the last event, so service hours are resolved for ten more years.
    first = events[0].at if events else as_of
    hours = [
        resolve_holidays_to_dates(each, first, as_of + LONGEST_PREVIEW_MICROSECONDS) for each in asked.service_hours
    ]
    found = [_clocks(asked, each, heard, as_of) for each in hours]
    documents = [_strictest(same, heard, as_of, asked) for same in zip(*found, strict=True)]
    accounts = [account for each in hours for account in build_icalendar_report(each).get("calendars", ())]
    contradicting = ticket_events.explain_ticket_contradiction(heard)
    answer = {
        "as_of": to_text(as_of),
        "clocks": documents if contradicting is None else [],
        "inconsistent": contradicting,
        "exchanges": _exchanges(found[0]),
        "findings": _findings(parse_preview_targets(asked.targets, hours[0])),
    }
    return answer | ({"calendars": accounts} if accounts else {})


def _findings(targets: Sequence[ServiceLevelTarget]) -> list[dict[str, str]]:
    """Return findings about likely mistakes, in the form that the check of a draft agreement uses."""
    return [
        {
            "field": f"targets[{place}].start",
            "value": event,
            "code": "slip.start-implies-stop",
            "severity": "slip",
            "remedy": "this stops the clock as well, so that it never runs: write another start, or another stop",
        }
        for place, target in enumerate(targets)
        if isinstance(target, ClockTarget)
        for event in clock_terms.find_events_that_start_and_stop(target.clock)
    ]


def _events(asked: ClockPreviewQuestion) -> list[TicketEvent]:
    facts, refused = validation.validate_ticket_events(enumerate(asked.events), "preview", FOREVER, True)
    if refused:
        raise PreviewRejected(
            [{"field": f"events[{r.index}].{r.field}", "value": r.value, "remedy": r.remedy} for r in refused]
        )
    return ticket_target.convert_facts_to_ticket_events(facts)


def _clocks(
    asked: ClockPreviewQuestion, hours: Any, events: Sequence[TicketEvent], as_of: UtcMicroseconds
) -> list[TicketClockState]:
    lines = []
    for target in parse_preview_targets(asked.targets, hours):
        if not isinstance(target, ClockTarget):
            raise build_preview_rejection(
                "targets", target.key, 'a target of tickets has {"per": "ticket"} as its window'
            )
        lines.append(ClockHistory([target]))
    try:
        return [clock.as_of(as_of) for clock in clock_replay.replay_ticket_clocks(events, lines, as_of)]
    except CalendarError as error:
        raise PreviewRejected(error.errors) from error


def _strictest(
    same: Sequence[TicketClockState], events: Sequence[TicketEvent], as_of: UtcMicroseconds, asked: ClockPreviewQuestion
) -> dict[str, Any]:
    """Return one clock under several service hours as JSON: the earliest deadline and the longest elapsed time."""
    strictest = min(same, key=lambda clock: clock.shown_deadline(as_of))
    elapsed = [clock.elapsed_by(_end(clock, as_of)) for clock in same]
    longest = (max(calendar for calendar, _ in elapsed), max(service for _, service in elapsed))
    return _document(strictest, longest, events, as_of, asked)


def _end(clock: TicketClockState, as_of: UtcMicroseconds) -> UtcMicroseconds:
    return clock.changed_at if clock.state in clock_replay.ENDED else as_of


def _document(
    clock: TicketClockState,
    elapsed: tuple[int, int],
    events: Sequence[TicketEvent],
    as_of: UtcMicroseconds,
    asked: ClockPreviewQuestion,
) -> dict[str, Any]:
    terms = clock.target.clock
    until = _end(clock, as_of)
    # A running clock is explained up to its deadline, so that the deadline can be redone by hand.
    ahead = clock.deadline_at if clock.state == clock_replay.RUNNING and asked.as_of is None else until
    segments = clock_derivation.derive_clock_segments(clock, events, max(until, ahead))
    deadline = clock.shown_deadline(as_of)
    return {
        "target": clock.target.key,
        "clock": terms.clock,
        "ordinal": clock.ordinal,
        "within": terms.within.to_document(),
        "state": clock.state,
        "verdict": _VERDICTS.get(clock.state, "cancelled" if clock.state == clock_replay.CANCELLED else "open"),
        "started_at": to_text(clock.started_at),
        "original_deadline_at": to_text(clock.original_deadline_at),
        "deadline_at": to_text(deadline),
        "stopped_at": _instant_or_none(clock.stopped_at),
        "breached_at": _instant_or_none(
            clock.breached_at if clock.state in (clock_replay.BREACHED, clock_replay.COMPLETED_LATE) else None
        ),
        "elapsed": _measures(*elapsed),
        "net": _measures(*clock.net_by(until)),
        "paused": _paused(clock, until),
        "left": durations.to_iso(clock.left_by(until)),
        "carried": _measures(*clock.carried),
        "warnings": [
            {"percent": n, "at": to_text(clock_warnings.find_instant_of_elapsed_share(clock, n))} for n in asked.warn_at
        ],
        "escalations": [_escalation(clock, offset, deadline) for offset in asked.escalations],
        "derivation": _derived(segments),
        "window": _windowed(clock, clock_derivation.derive_clock_segments(clock, events, until), asked.window),
    }


def _paused(clock: TicketClockState, until: UtcMicroseconds) -> dict[str, str]:
    pauses = clock.pauses_by(until)
    hours = clock.target.hours
    return _measures(sum(end - start for start, end in pauses), sum(hours.open_time(*pause) for pause in pauses))


def _escalation(clock: TicketClockState, offset: Duration, deadline: UtcMicroseconds) -> dict[str, Any]:
    at = clock_warnings.compute_offset_from_deadline(clock, offset, deadline)
    return {"offset": offset.to_document(), "at": to_text(at)}


def _exchanges(found: Iterable[TicketClockState]) -> dict[str, Any] | None:
    """Summarize the answered messages of an update clock: whether all were answered by their deadlines, and the mean
    and the longest time to an answer.

    The mean is in whole µs, rounded down. None if no message was answered.
    """
    answered = [clock for clock in found if _is_update(clock) and clock.stopped_at is not None]
    if not answered:
        return None
    lengths = [clock.elapsed_service for clock in answered]
    return {
        "answered": len(answered),
        "mean": durations.to_iso(sum(lengths) // len(lengths)),
        "longest": durations.to_iso(max(lengths)),
        "met": all(clock.state == clock_replay.MET for clock in answered),
    }


def _is_update(clock: TicketClockState) -> bool:
    return clock.target.clock.clock == "update"


def _derived(segments: Sequence[ClockSegment]) -> dict[str, Any]:
    sums = clock_derivation.sum_clock_segments(segments)
    return {
        "intervals": [
            {
                "from": to_text(each.start),
                "to": to_text(each.end),
                "kind": each.kind,
                "service_time": durations.to_iso(each.service),
                "cause": each.cause,
            }
            for each in segments
        ],
        "sums": {name: durations.to_iso(length) for name, length in sums._asdict().items()},
    }


def _windowed(
    clock: TicketClockState, segments: Sequence[ClockSegment], window: tuple[int, int] | None
) -> dict[str, Any] | None:
    """Return the part of the clock's time that lies in the requested window; None if no window was requested."""
    if window is None:
        return None
    inside = clock_derivation.clip_clock_segments_to_window(segments, *window, clock.target.hours)
    return {"from": to_text(window[0]), "to": to_text(window[1]), **_derived(inside)}


def _measures(calendar: int, service: int) -> dict[str, str]:
    return {"calendar": durations.to_iso(calendar), "service": durations.to_iso(service)}


def _instant_or_none(instant: UtcMicroseconds | None) -> str | None:
    return None if instant is None else to_text(instant)
