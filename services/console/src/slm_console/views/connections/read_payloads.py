"""What a mapping reads in a payload, for the preview beside the mapping: tickets, outages, or what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.connections.hooks import Fault, faults_of
from slm_console.views.connections.sources import moment_of
from slm_console.views.reader import Reader
from slm_console.views.ticket_pages import clock_standing, event_name
from slm_console.views.tickets import clock_in_words, why_not_judged


@dataclass(frozen=True, slots=True)
class ReadFact:
    """One fact about a ticket, as name and value.

    - ``name``: the name in the reader's language; empty if the mapping gave the name.
    - ``own_name``: the name that the mapping gave; else empty.
    - ``own_value``: the value, if it comes from the payload or the mapping; else empty.
    - ``said``: in the reader's language, the value or what ``own_value`` means; empty if nothing is to be said.
    """

    name: str = ""
    own_name: str = ""
    own_value: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class ReadClock:
    """A clock that a ticket would have: the promise, what is to be done, when it is due, and how it stands."""

    target_id: str
    promise: str
    to_do: str
    due: str
    mark: str
    said: str


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """A ticket as a mapping reads it.

    - ``clocks``: the clocks that the ticket would have.
    - ``why_none``: the reason why the ticket would have no clock; empty if it has one or the reason is not known.
    """

    number: str
    facts: Sequence[ReadFact]
    clocks: Sequence[ReadClock]
    why_none: str


@dataclass(frozen=True, slots=True)
class ReadOutage:
    """An outage or a state as a mapping reads it. ``until`` is empty for a state, and until the outage ends."""

    what: str
    state: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class ReadPayload:
    """What a mapping reads in a payload."""

    tickets: Sequence[ReadTicket]
    outages: Sequence[ReadOutage]
    notes: Sequence[str]
    faults: Sequence[Fault]

    @property
    def is_empty(self) -> bool:
        """Whether the mapping reads nothing in the payload, although nothing is wrong with it."""
        return not (self.tickets or self.outages or self.faults)


def read_payload(reader: Reader, preview: Mapping[str, Any], judged: Sequence[Mapping[str, Any]] = ()) -> ReadPayload:
    """Return the view model of a preview.

    ``judged``: for each of the preview's first tickets, in the preview's order, the API's answer about its clocks.
    """
    notes = [str(each) for each in preview["notes"]]
    if 0 < len(judged) < len(preview["tickets"]):
        notes.append(
            reader.gettext("Due dates are shown for the first %(number)s tickets.", number=reader.whole(len(judged)))
        )
    return ReadPayload(
        tickets=[
            _ticket_in_words(reader, each, judged[place] if place < len(judged) else None)
            for place, each in enumerate(preview["tickets"])
        ],
        outages=[_outage(reader, each) for each in preview["measurements"]],
        notes=notes,
        faults=faults_of(preview["errors"]),
    )


def wrong_mapping(faults: Sequence[Mapping[str, Any]]) -> ReadPayload:
    """Return the view model for a mapping that is itself not valid."""
    return ReadPayload((), (), (), faults_of(faults))


def _ticket_in_words(reader: Reader, ticket: Mapping[str, Any], judged: Mapping[str, Any] | None) -> ReadTicket:
    facts = [ReadFact(reader.gettext("As of"), said=moment_of(reader, ticket["updated_at"]))]
    if ticket["opened_at"]:
        facts.append(ReadFact(reader.gettext("Opened"), said=moment_of(reader, ticket["opened_at"])))
    if ticket["state"]:
        event = str(ticket["state_event"] or "")
        state, meant = str(ticket["state"]), "" if event in ("", "state_changed") else event_name(reader, event)
        facts.append(ReadFact(reader.gettext("State"), own_value=state, said="" if meant == state else meant))
    facts += [
        ReadFact(
            _begun_large(event_name(reader, name)), said=moment_of(reader, at) if at else reader.gettext("not yet")
        )
        for name, at in ticket["instants"].items()
    ]
    clocks = [_clock(reader, each) for each in judged["clocks"] if each["state"] != "cancelled"] if judged else []
    return ReadTicket(
        number=str(ticket["number"]),
        facts=facts + [_attribute(reader, *each) for each in ticket["attributes"].items()],
        clocks=clocks,
        why_none=why_not_judged(reader, judged) if judged and not clocks else "",
    )


def _begun_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _clock(reader: Reader, clock: Mapping[str, Any]) -> ReadClock:
    mark, said = clock_standing(reader, clock)
    return ReadClock(
        target_id=str(clock["target_id"]),
        promise=str(clock["target_title"]),
        to_do=clock_in_words(reader, str(clock["clock"])),
        due="–" if mark == "paused" else moment_of(reader, clock["deadline_at"]),
        mark=mark,
        said=said,
    )


def _attribute(reader: Reader, name: str, value: object) -> ReadFact:
    known = {
        "type": reader.gettext("Type"),
        "priority": reader.gettext("Priority"),
        "team": reader.gettext("Team"),
        "customer": reader.gettext("Customer"),
        "service": reader.gettext("Service"),
    }
    said = reader.gettext("none") if value is None else ""
    own = "" if value is None else str(value)
    return ReadFact(known.get(name, ""), "" if name in known else name, own, said)


def _outage(reader: Reader, measurement: Mapping[str, Any]) -> ReadOutage:
    outage, state = measurement.get("outage") or {}, str(measurement.get("state") or "down")
    states = {"up": reader.gettext("up"), "down": reader.gettext("down"), "unknown": reader.gettext("unknown")}
    return ReadOutage(
        what=str(measurement.get("indicator", "")),
        state=states.get(state, state),
        since=moment_of(reader, outage.get("from") or measurement.get("at")),
        until=moment_of(reader, outage["to"]) if outage.get("to") else "",
    )
