"""``slm breaches``: broken promises, the latest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.names import SHORT, Names
from slm.reading.screen import Cell, Screen, TableColumn
from slm_console.views import durations
from slm_console.views.instants import read
from slm_console.views.judgement.breaches import breach_page_of
from slm_console.views.judgement.figures import exact, figure_in_words
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader
from slm_events.instants import from_text, to_text

Breach = Mapping[str, Any]
OPEN_STATES = ("open", "acknowledged", "root_cause_given", "disputed", "confirmed")
"""States of the handling of a breach that is not closed yet."""
HEADINGS = (
    TableColumn("State"),
    TableColumn("Promise broken"),
    TableColumn("Service"),
    TableColumn("Promise"),
    TableColumn("With", from_width=120),
    TableColumn("Period", from_width=100),
    TableColumn("Promised", from_width=140),
    TableColumn("Figure", is_number=True),
    TableColumn("Handling", from_width=110),
    TableColumn("Id"),
)


@dataclass(frozen=True, slots=True)
class BreachList:
    """The breaches to show, the latest first. ``has_more``: earlier breaches are left out, because of the limit."""

    breaches: Sequence[Breach]
    has_more: bool


def read_breaches(api: ApiReader, *, everything: bool, since: int | None, most: int) -> BreachList:
    """Read the open breaches or, with ``everything``, also the closed and withdrawn breaches; the latest come first.

    - ``since``: only breaches that became certain at or after this instant, in microseconds since 1970.
    - ``most``: how many breaches to return at most; 0: all.

    Raises NoAnswer.
    """
    span = {} if since is None else {"from": to_text(since)}
    wanted = most + 1 if most else None
    if everything:
        found = list(islice(api.items("/api/v1/breaches", span), wanted))
    else:
        found = [
            each
            for state in OPEN_STATES
            for each in islice(api.items("/api/v1/breaches", {**span, "state": state, "standing": "true"}), wanted)
        ]
        found.sort(key=lambda each: (read(each["certain_at"]) or 0, each["breach_id"]), reverse=True)
    return BreachList(found[:most] if most else found, bool(most) and len(found) > most)


def since_of(reader: Reader, text: str | None) -> int | None:
    """Return the instant that a person typed, in microseconds since 1970; None if ``text`` is None. Raises NoAnswer.

    - ``2026-11-01T08:00:00Z``: this instant.
    - ``2026-11-01``: the beginning of this day in the reader's time zone.
    - ``7 d``: this length of time before now.
    """
    if text is None:
        return None
    length = durations.written(text)
    if length and (ago := durations.microseconds(length)):
        return reader.now - ago
    try:
        if len(text.strip()) == len("2026-11-01"):
            midnight = from_text(f"{text.strip()}T00:00:00Z")
            offset = reader.local(midnight).utcoffset()
            assert offset is not None
            return midnight - int(offset.total_seconds()) * 1_000_000
        return from_text(text.strip())
    except ValueError:
        remedy = "write a day like 2026-11-01, an instant like 2026-11-01T08:00:00Z, or a length like 7d"
        raise NoAnswer(f"--since {text!r} cannot be read: {remedy}") from None


def show_breaches(screen: Screen, reader: Reader, names: Names, listed: BreachList, *, everything: bool) -> None:
    """Print breaches as a table."""
    if not listed.breaches:
        screen.line("No promise was broken." if everything else "No breach is open.", "met")
        return
    screen.table(HEADINGS, [list(_cells(reader, names, each)) for each in listed.breaches])
    if listed.has_more and screen.is_terminal:
        screen.line()
        screen.line("There are earlier ones: --limit 0 shows all.")


def documents_of(reader: Reader, names: Names, listed: BreachList) -> list[dict[str, Any]]:
    """Return breaches as JSON. Each is the API's answer, to which names and values in words are added."""
    return [
        {
            **each,
            "service": names.directory.service(each["service_id"]),
            "agreement": names.agreement(each["agreement_id"]),
            "other_party": names.other(each),
            "standing_in_words": breach_page_of(reader, names.directory, each).standing,
            "figure_in_words": _figure(reader, each),
            "objective_in_words": objective_in_words(reader, each["objective"]),
        }
        for each in listed.breaches
    ]


def _cells(reader: Reader, names: Names, breach: Breach) -> Iterator[Cell]:
    page = breach_page_of(reader, names.directory, breach)
    yield Cell(page.standing, "withdrawn" if page.is_withdrawn else "breached", has_sign=True)
    yield Cell(reader.moment(page.certain))
    yield Cell(names.directory.service(breach["service_id"]))
    for text in (page.title, names.other(breach), page.period):
        yield Cell(text)
    yield Cell(objective_in_words(reader, breach["objective"]))
    yield Cell(_figure(reader, breach))
    yield Cell(page.state)
    yield Cell(page.breach_id[-SHORT:])


def _figure(reader: Reader, breach: Breach) -> str:
    return figure_in_words(reader, exact(breach["figure"]), breach["objective"])
