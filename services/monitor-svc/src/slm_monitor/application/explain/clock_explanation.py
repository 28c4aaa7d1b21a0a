"""Explanation of a ticket's clock: terms, every interval with its cause, and the sums, so that a reader can recalculate
the clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_calendar import durations
from slm_events.instants import to_text
from slm_monitor.application.explain import ticket_view
from slm_monitor.application.explain.ticket_view import TicketViewer, TicketWithClocks
from slm_monitor.domain.clocks import clock_derivation, clock_replay
from slm_monitor.domain.clocks.clock_derivation import ClockSegment
from slm_monitor.domain.clocks.clock_state import TicketClockState
from slm_monitor.domain.clocks.ticket_scope import WHOLE
from slm_monitor.domain.facts import ticket_events

_VERDICTS = {
    clock_replay.MET: "met",
    clock_replay.BREACHED: "breached",
    clock_replay.COMPLETED_LATE: "breached",
    clock_replay.CANCELLED: "cancelled",
}
_TERMS = (
    "clock",
    "objective",
    "applies_to",
    "start",
    "stop",
    "pause",
    "reset",
    "cancel",
    "service_hours",
    "warn_at",
    "escalations",
    "on_priority_change",
    "on_terms_change",
    "on_reopen",
    "carry_pauses",
    "each",
)


def explain_clock(
    clock: TicketClockState, ticket: TicketWithClocks, signed: Mapping[str, Any], viewer: TicketViewer
) -> dict[str, Any]:
    """Return the explanation of a clock as JSON. The same facts and terms give the same bytes.

    ``signed``: the target in the signed agreement. ``viewer``: the party that reads. The other party of an OLA or UC
    sees only part of the ticket. It therefore gets one general reason why other targets do not apply, because the true
    reasons would reveal attributes of the ticket.
    """
    until = clock.ended_at or ticket.as_of
    segments = clock_derivation.derive_clock_segments(clock, ticket.events, until)
    sums = clock_derivation.sum_clock_segments(segments)
    sees = viewer.sees
    own = ticket_view.build_clock_document(clock, ticket, viewer.party_id)
    return {
        "ticket": ticket.state.subject.split("/", 1)[1],
        "target_id": clock.target.target_id,
        "target_key": clock.target.key,
        "target_title": clock.target.title,
        "agreement_id": clock.target.agreement_id,
        "agreement_version": clock.target.version,
        "terms": {name: signed[name] for name in _TERMS if signed.get(name) not in (None, [], {})},
        "passed_over": [
            {"target_key": key, "cause": reason if sees == WHOLE else "does not apply to this ticket"}
            for key, reason in clock.passed_over
        ],
        "as_of": to_text(ticket.as_of),
        "state": clock.state,
        "verdict": _VERDICTS.get(clock.state, "open"),
        "intervals": [_interval(each, sees) for each in segments],
        "sums": {name: durations.to_iso(length) for name, length in sums._asdict().items()},
        "carried": {"calendar": durations.to_iso(clock.carried[0]), "service": durations.to_iso(clock.carried[1])},
        "measured_from": to_text(clock.measured_from),
        **{
            name: own[name]
            for name in (
                "clock",
                "ordinal",
                "started_at",
                "attached_at",
                "past_due",
                "original_deadline_at",
                "deadline_at",
                "stopped_at",
                "breached_at",
                "time_left_seconds",
                "elapsed_calendar_seconds",
                "elapsed_service_seconds",
                "net_calendar_seconds",
                "net_service_seconds",
                "warnings",
                "escalations",
                "held",
                "held_by_at_breach",
            )
        },
    }


def _interval(each: ClockSegment, sees: str) -> dict[str, Any]:
    return {
        "from": to_text(each.start),
        "to": to_text(each.end),
        "kind": each.kind,
        "length": durations.to_iso(each.end - each.start),
        "service_time": durations.to_iso(each.service),
        "cause": each.cause,
        "event_id": ticket_events.read_source_event_id(each.event.fact_key)
        if each.event is not None and sees == WHOLE
        else None,
    }


def format_clock_explanation(clock: Mapping[str, Any]) -> str:
    """Format the explanation of a clock as text for people, one line per interval."""
    within = clock["terms"]["objective"]["within"]
    ((meaning, length),) = within.items()
    lines = [
        f"{clock['ticket']}: {clock['target_title']} ({clock['target_key']}, version {clock['agreement_version']})",
        f"{clock['clock']} within {length} ({meaning.replace('_', ' ')}): {clock['verdict']}, {clock['state']}",
        "",
        *(f"passed over: {each['target_key']}: {each['cause']}" for each in clock["passed_over"]),
        f"started    {_short(clock['started_at'])}",
    ]
    if clock["attached_at"] != clock["started_at"]:
        late = ", past its deadline" if clock["past_due"] else ""
        lines.append(f"applies    {_short(clock['attached_at'])}{late}")
    if clock["carried"]["calendar"] != "PT0S":
        lines.append(f"carried    {clock['carried']['calendar']}, of service time {clock['carried']['service']}")
    lines += [*_table(clock["intervals"]), *_sums(clock)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _table(intervals: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        f"  {_short(each['from'])}  {_short(each['to'])}  {each['kind']:6}  {each['service_time']:>12}  "
        + each["cause"]
        + (f" [{each['event_id']}]" if each["event_id"] else "")
        for each in intervals
    ]
    return ["", *rows, ""] if rows else [""]


def _sums(clock: Mapping[str, Any]) -> list[str]:
    sums = clock["sums"]
    lines = [
        f"open {sums['open']}, closed {sums['closed']}, paused {sums['paused']}"
        f" (of service time {sums['paused_service']})",
        f"deadline   {_short(clock['original_deadline_at'])} and paused time: {_short(clock['deadline_at'])}",
    ]
    for name in ("stopped", "breached"):
        if clock[f"{name}_at"]:
            lines.append(f"{name:10} {_short(clock[f'{name}_at'])}")
    for each in clock["held"]:
        lines.append(f"held by    {each['by'] or 'nobody'}: {durations.to_iso(each['service_seconds'] * 1_000_000)}")
    if clock["breached_at"]:
        lines.append(f"at the breach held by {clock['held_by_at_breach'] or 'nobody'}")
    return lines


def _short(instant: str) -> str:
    return instant[:19].replace("T", " ")
