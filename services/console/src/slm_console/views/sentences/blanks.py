"""Blanks (input fields) of sentences: how each is read from a target's terms and written back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views import durations
from slm_console.views.promises import PERIODS, period_in_words
from slm_console.views.reader import Reader
from slm_console.views.sentences import typed
from slm_console.views.sentences.typed import Misread

Terms = Mapping[str, Any]
ALWAYS = "24x7"
_LONGEST_TITLE = 200
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_OF_BUDGETS = ("budget_consumed", "burn_rate", "budget_drop", "time_to_exhaustion")
_DAY_AND_NIGHT, _IN_HOURS = "day-and-night", "hours:"


@dataclass(frozen=True)
class Surroundings:
    """What the blanks of a target can offer: names of the document's service hours, and known indicators."""

    hours: Sequence[str] = (ALWAYS,)
    measurements: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Kind of indicator → keys of the known ones."""


@dataclass(frozen=True)
class Blank:
    """A blank of a sentence.

    ``shown`` returns the blank's text for a target's terms. ``write`` returns the terms with a typed text put in, or
    raises Misread. If there are ``options``, the value is chosen from a list.
    """

    name: str
    shown: Callable[[Reader, Terms], str]
    write: Callable[[Reader, Terms, str], dict[str, Any]]
    label: Callable[[Reader], str]
    size: int = 8
    options: Callable[[Reader, Terms, Surroundings], list[tuple[str, str]]] | None = None
    kind: str = ""
    """Kind of the indicators that the blank suggests, empty for none."""

    def changed(self, reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        """Return the terms with the typed text, or unchanged if the blank already showed this text; raises Misread."""
        return dict(terms) if text.strip() == self.shown(reader, terms).strip() else self.write(reader, terms, text)


def percent_blank() -> Blank:
    """Return the blank for the promised share, in percent."""

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        return _with_objective(terms, "at_least", typed.percent(reader, text), has_budget=lambda n: float(n) < 100)

    label = lambda reader: reader.gettext("At least, in percent")  # noqa: E731
    return Blank("limit", lambda _, terms: str(terms["objective"]["at_least"]), write, label, size=6)


def most_errors_blank() -> Blank:
    """Return the blank for the number of errors that are allowed."""

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        return _with_objective(terms, "at_most", typed.whole(reader, text), has_budget=lambda n: int(n) > 0)

    label = lambda reader: reader.gettext("At most, how many")  # noqa: E731
    return Blank("limit", lambda _, terms: str(terms["objective"]["at_most"]), write, label, size=6)


def rating_blank() -> Blank:
    """Return the blank for the promised mean rating."""

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        value = typed.number(reader, text, "4.2")
        if value < 0:
            raise Misread(reader.gettext("Write the rating as a number from 0 on, such as 4.2."))
        return {**terms, "objective": {**terms["objective"], "at_least": typed.plain(value)}}

    label = lambda reader: reader.gettext("Rated at least")  # noqa: E731
    return Blank("limit", lambda _, terms: str(terms["objective"]["at_least"]), write, label, size=6)


def _with_objective(terms: Terms, comparison: str, value: str, *, has_budget: Callable[[str], bool]) -> dict[str, Any]:
    """Return the terms with another limit.

    If the limit leaves no error budget, warnings about the budget are removed, because the API refuses them.
    """
    changed = {**terms, "objective": {**terms["objective"], comparison: value}}
    warnings = terms.get("warn_at")
    if isinstance(warnings, Mapping) and not has_budget(value):
        changed["warn_at"] = {name: each for name, each in warnings.items() if name not in _OF_BUDGETS}
    return changed


def answer_time_blank() -> Blank:
    """Return the blank for the time within which an answer counts as good."""

    def unit_of(terms: Terms) -> str:
        measured = terms.get("indicator")
        return str(measured.get("unit") or "") if isinstance(measured, Mapping) else ""

    def shown(_: Reader, terms: Terms) -> str:
        return f"{terms['aggregation']['share_at_most']} {unit_of(terms)}".strip()

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        number, unit = typed.quantity(reader, text, unit_of(terms))
        measured = terms["indicator"]
        changed = {**terms, "aggregation": {"share_at_most": number}}
        if not unit_of(terms):
            changed["indicator"] = {**(measured if isinstance(measured, Mapping) else {"key": measured}), "unit": unit}
        return changed

    return Blank("most", shown, write, lambda reader: reader.gettext("Within what time"))


def measurement_blank(kind: str) -> Blank:
    """Return the blank for the indicator that measures the target; it suggests indicators of ``kind``."""

    def shown(_: Reader, terms: Terms) -> str:
        measured = terms["indicator"]
        return str(measured["key"] if isinstance(measured, Mapping) else measured)

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        key, measured = text.strip(), terms["indicator"]
        if not _KEY.fullmatch(key):
            raise Misread(
                reader.gettext(
                    "“%(text)s” is no name of a measurement. Write letters, digits, dots and dashes: shop.checkout.",
                    text=text,
                )
            )
        return {**terms, "indicator": {**measured, "key": key} if isinstance(measured, Mapping) else key}

    return Blank("measurement", shown, write, lambda reader: reader.gettext("Measured by"), size=18, kind=kind)


def _is_usual(window: Mapping[str, Any]) -> bool:
    """Whether a window is a calendar period that begins as usual, such as a month from the first."""
    return [*window] == ["calendar"]


def period_blank() -> Blank:
    """Return the blank for the calendar period.

    The target's present window may be rolling or begin at an unusual time. This window is then one more option.
    """

    def value_of(window: Mapping[str, Any]) -> str:
        return str(window["calendar"]) if _is_usual(window) else json.dumps(dict(window))

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        if text not in PERIODS:
            raise Misread(reader.gettext("Choose one of the periods."))
        return {**terms, "window": {"calendar": text}}

    def options(reader: Reader, terms: Terms, _: Surroundings) -> list[tuple[str, str]]:
        windows: list[Mapping[str, Any]] = [{"calendar": each} for each in PERIODS]
        own = [] if _is_usual(terms["window"]) else [terms["window"]]
        return [(value_of(each), period_in_words(reader, each)) for each in [*windows, *own]]

    label = lambda reader: reader.gettext("In which period")  # noqa: E731
    return Blank("period", lambda _, terms: value_of(terms["window"]), write, label, options=options)


def hours_in_words(reader: Reader, name: str) -> str:
    """Return service hours, given their name in the document, in the words for a sentence: ``24x7`` → ``all hours``."""
    return reader.gettext("all hours") if name == ALWAYS else reader.gettext("the hours “%(name)s”", name=name)


def hours_blank() -> Blank:
    """Return the blank for the service hours in which the target is measured."""

    def options(reader: Reader, terms: Terms, around: Surroundings) -> list[tuple[str, str]]:
        names = dict.fromkeys([ALWAYS, *around.hours, str(terms.get("service_hours") or ALWAYS)])
        return [(each, hours_in_words(reader, each)) for each in names]

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        return {**terms, "service_hours": text}

    label = lambda reader: reader.gettext("Of which hours")  # noqa: E731
    return Blank("hours", lambda _, terms: str(terms.get("service_hours") or ALWAYS), write, label, options=options)


def counted_blank() -> Blank:
    """Return the blank that says when a ticket's clock runs: day and night, or only in service hours."""

    def shown(_: Reader, terms: Terms) -> str:
        if "calendar" in terms["objective"]["within"]:
            return _DAY_AND_NIGHT
        return f"{_IN_HOURS}{terms.get('service_hours') or ALWAYS}"

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        within = terms["objective"]["within"]
        is_length = "calendar" in within or "service_time" in within
        [value] = within.values()
        if text == _DAY_AND_NIGHT:
            if not is_length:
                raise Misread(reader.gettext("Working days are counted in service hours. Choose the hours."))
            return {**terms, "objective": {**terms["objective"], "within": {"calendar": value}}}
        changed = {**terms, "service_hours": text.removeprefix(_IN_HOURS)}
        if is_length:
            changed["objective"] = {**terms["objective"], "within": {"service_time": value}}
        return changed

    def options(reader: Reader, terms: Terms, around: Surroundings) -> list[tuple[str, str]]:
        names = dict.fromkeys([*around.hours, str(terms.get("service_hours") or ALWAYS)])
        inside = [
            (f"{_IN_HOURS}{each}", reader.gettext("in %(hours)s", hours=hours_in_words(reader, each))) for each in names
        ]
        return [(_DAY_AND_NIGHT, reader.gettext("day and night")), *inside]

    return Blank("counted", shown, write, lambda reader: reader.gettext("Counted when"), options=options)


def within_blank() -> Blank:
    """Return the blank for the time within which a ticket is answered or resolved."""

    def shown(reader: Reader, terms: Terms) -> str:
        within = terms["objective"]["within"]
        return durations.limit_in_words(
            reader, {"calendar": within["service_time"]} if "service_time" in within else within
        )

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        within = typed.within(reader, text)
        if "calendar" in within and "service_time" in terms["objective"]["within"]:
            within = {"service_time": within["calendar"]}
        return {**terms, "objective": {**terms["objective"], "within": within}}

    return Blank("within", shown, write, lambda reader: reader.gettext("Within what time"), size=10)


def priorities_blank() -> Blank:
    """Return the blank for the priorities of the tickets that the target applies to."""

    def shown(_: Reader, terms: Terms) -> str:
        return ", ".join(map(str, (terms.get("applies_to") or {}).get("priority") or ()))

    def write(_: Reader, terms: Terms, text: str) -> dict[str, Any]:
        names = list(dict.fromkeys(each for each in re.split(r"[,;\s]+", text.strip()) if each))
        about = {name: value for name, value in (terms.get("applies_to") or {}).items() if name != "priority"}
        return {**terms, "applies_to": {**about, **({"priority": names} if names else {})}}

    return Blank("priorities", shown, write, lambda reader: reader.gettext("Priorities, such as P1, P2"), size=6)


def tickets_blank() -> Blank:
    """Return the blank for the type of ticket: incidents, requests, problems or changes."""

    def options(reader: Reader, terms: Terms, _: Surroundings) -> list[tuple[str, str]]:
        return [
            ("incident", reader.gettext("incidents")),
            ("service_request", reader.gettext("requests")),
            ("problem", reader.gettext("problems")),
            ("change", reader.gettext("changes")),
        ]

    def write(_: Reader, terms: Terms, text: str) -> dict[str, Any]:
        return {**terms, "applies_to": {**(terms.get("applies_to") or {}), "type": text}}

    def shown(_: Reader, terms: Terms) -> str:
        return str((terms.get("applies_to") or {}).get("type") or "incident")

    return Blank("tickets", shown, write, lambda reader: reader.gettext("Which tickets"), options=options)


def category_blank() -> Blank:
    """Return the blank for the category of the counted errors; empty means all."""

    def shown(_: Reader, terms: Terms) -> str:
        written = terms["aggregation"]
        return str(written["count"]["category"]) if isinstance(written, Mapping) else ""

    def write(_: Reader, terms: Terms, text: str) -> dict[str, Any]:
        return {**terms, "aggregation": {"count": {"category": text.strip()}} if text.strip() else "count"}

    return Blank("category", shown, write, lambda reader: reader.gettext("Category of errors, empty for all"), size=4)


def title_blank() -> Blank:
    """Return the blank for the target's title."""

    def write(reader: Reader, terms: Terms, text: str) -> dict[str, Any]:
        if not text.strip() or len(text.strip()) > _LONGEST_TITLE:
            raise Misread(reader.gettext("Write a name of 1 to 200 characters."))
        return {**terms, "title": text.strip()}

    def shown(_: Reader, terms: Terms) -> str:
        return str(terms.get("title") or terms.get("key") or "")

    return Blank("title", shown, write, lambda reader: reader.gettext("Name of the promise"), size=32)
