"""Rows for the facts behind a figure: when, what, how long, and from which source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from slm_console.views import durations, instants
from slm_console.views.explained.sums import exact_hours, hours_in_words
from slm_console.views.explained.time_sums import kinds_in_words
from slm_console.views.reader import Reader
from slm_events.instants import to_text

MOST_FACTS = 200
"""How many facts the page shows at most; the download has all of them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A row for one fact: an interval with a state, the values of an interval, an exclusion, or a ticket."""

    at: int
    """Beginning of the fact, in microseconds since 1970."""
    until: int | None
    what: str
    mark: str
    lasted: str
    source: str
    path: str = ""
    """Path of the page of the exclusion or ticket; empty for any other fact."""
    exact: str = ""
    """The duration to the microsecond, if ``lasted`` is rounded; else empty."""

    @property
    def as_query(self) -> str:
        """The fact's interval as the parameters ``from`` and ``to`` of an address; ``to`` is missing if the interval
        has not ended.
        """
        ends = {"to": to_text(self.until)} if self.until is not None else {}
        return urlencode({"from": to_text(self.at), **ends})


def facts_of(reader: Reader, explanation: Mapping[str, Any]) -> list[Fact]:
    """Return the facts of an explanation in order of time, at most MOST_FACTS. Time in state ``up`` is left out."""
    found = [*_intervals(reader, explanation), *_exclusions(reader, explanation), *_tickets(reader, explanation)]
    return sorted(found, key=lambda fact: fact.at)[:MOST_FACTS]


def _intervals(reader: Reader, explanation: Mapping[str, Any]) -> Iterator[Fact]:
    words = {
        "down": ("breached", reader.gettext("down")),
        "degraded": ("at-risk", reader.gettext("slow")),
        "unknown": ("no-data", reader.gettext("no data")),
    }
    for interval in explanation["derivation"]["intervals"]:
        start, end = instants.read(interval["from"]), instants.read(interval.get("to"))
        assert start is not None
        state = interval.get("state")
        if state == "up" or interval.get("counts_as") == "excluded":
            continue
        if state in words:
            mark, what = words[state]
            lasted, precise = _length(reader, interval.get("service_time"))
            yield Fact(start, end, what, mark, lasted, _source(reader, interval), exact=precise)
        elif "total" in interval:
            what = reader.gettext(
                "%(good)s of %(all)s good", good=reader.whole(interval["good"]), all=reader.whole(interval["total"])
            )
            all_good = interval["good"] == interval["total"]
            yield Fact(start, end, what, "met" if all_good else "at-risk", "", _number_of_facts(reader, interval))
        elif "counted_at" in interval:
            counts = interval["counted_at"] is not None
            what = reader.gettext("interruption") if counts else reader.gettext("interruption, too short to count")
            lasted, precise = _length(reader, interval["service_time"])
            yield Fact(start, end, what, "breached" if counts else "no-data", lasted, "", exact=precise)
        elif "recovery_time" in interval:
            mark = "met" if interval.get("kept") else "breached"
            lasted, precise = _length(reader, interval["recovery_time"])
            yield Fact(start, end, reader.gettext("recovery"), mark, lasted, "", exact=precise)


def _length(reader: Reader, duration: str | None) -> tuple[str, str]:
    """Return a duration in words twice: rounded to whole seconds, and exact.

    The exact text is empty if rounding changed nothing. Both texts are empty if there is no duration.
    """
    if not duration:
        return "", ""
    length = durations.microseconds(duration)
    return hours_in_words(reader, length), exact_hours(reader, length)


def _source(reader: Reader, interval: Mapping[str, Any]) -> str:
    cause = str(interval.get("cause") or "")
    # A fact that its sender did not number is named by a hash of its content; the first characters are enough.
    _, named, number = cause.partition("fact ")
    if named and number:
        shown = number[1:9] if number.startswith("#") else number
        return reader.gettext("measurement %(number)s", number=shown)
    if "silence" in cause:
        return reader.gettext("the source was silent")
    return ""


def _number_of_facts(reader: Reader, interval: Mapping[str, Any]) -> str:
    facts = interval.get("facts")
    if not isinstance(facts, int):
        return ""
    return reader.ngettext("%(count)s measurement", "%(count)s measurements", facts)


def _exclusions(reader: Reader, explanation: Mapping[str, Any]) -> Iterator[Fact]:
    names = kinds_in_words(reader)
    for exclusion in explanation["exclusions"]:
        for interval in exclusion["counted"]:
            start, end = instants.read(interval["from"]), instants.read(interval["to"])
            assert start is not None and end is not None
            kind = names.get(exclusion["kind"], exclusion["kind"])
            what = reader.gettext("does not count: %(reason)s", reason=kind)
            path = f"/maintenance/{exclusion['exclusion_id']}"
            yield Fact(start, end, what, "not-counted", reader.length(end - start), reader.gettext("agreed"), path)


def _tickets(reader: Reader, explanation: Mapping[str, Any]) -> Iterator[Fact]:
    for ticket in explanation.get("tickets") or ():
        ended = instants.read(ticket["ended_at"])
        assert ended is not None
        _, _, name = str(ticket["ticket"]).partition("/")
        what = reader.gettext("in time") if ticket["met"] else reader.gettext("late")
        mark = "met" if ticket["met"] else "breached"
        yield Fact(ended, None, what, mark, "", name.rpartition("/")[2], f"/tickets/{name}")
