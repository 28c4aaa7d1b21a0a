"""Six sentence forms for targets: available, answers within, tickets answered, tickets resolved, at most N errors,
rated at least.

All other targets are edited as YAML text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views.promises import PERIODS
from slm_console.views.reader import Reader
from slm_console.views.sentences import blanks
from slm_console.views.sentences.blanks import ALWAYS, Blank, Terms
from slm_console.views.sentences.typed import Misread

_MONTH = {"calendar": "month"}


@dataclass(frozen=True)
class SentenceForm:
    """A sentence for one kind of target: its text, its blanks, which targets it fits, and the terms of a new target."""

    name: str
    text: Callable[[Reader], str]
    """Function that returns the sentence, with ``%(name)s`` for each blank."""
    title: Callable[[Reader], str]
    """Function that returns the label of the button that adds a target of this kind."""
    blanks: Sequence[Blank]
    says: Callable[[Terms], bool]
    new: Callable[[Reader, str], dict[str, Any]]
    """Function that returns the terms of a new target, given the service's name; their key may still change."""


def form_of(terms: object) -> SentenceForm | None:
    """Return the sentence form that expresses all of a target's terms, None if none does."""
    if not isinstance(terms, Mapping):
        return None
    try:
        return next((form for form in FORMS if form.says(terms)), None)
    except (TypeError, KeyError, AttributeError, ValueError):
        return None


def pieces_of(reader: Reader, form: SentenceForm) -> list[str | Blank]:
    """Return a sentence as a sequence of plain texts and blanks."""
    known = {blank.name: blank for blank in form.blanks}
    parts = re.split(r"%\((\w+)\)s", form.text(reader))
    return [known[part] if index % 2 else part.replace("%%", "%") for index, part in enumerate(parts)]


def filled(
    reader: Reader, form: SentenceForm, terms: Terms, texts: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the terms with the typed texts, and the errors by the blank's name.

    A blank that cannot be read, or that was not submitted, leaves the terms as they are.
    """
    changed, errors = dict(terms), {}
    for blank in (*form.blanks, TITLE):
        if blank.name in texts:
            try:
                changed = blank.changed(reader, changed, texts[blank.name])
            except Misread as misread:
                errors[blank.name] = str(misread)
    return changed, errors


def with_free_key(terms: Mapping[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """Return the terms of a new target with a key that is not in ``taken``, by adding a number if needed."""
    key, number = str(terms["key"]), 2
    while key in taken:
        key, number = f"{terms['key']}-{number}", number + 1
    return {**terms, "key": key}


def _has(terms: Terms, comparison: str, unit: str | None = None) -> bool:
    promised = terms["objective"]
    named = [name for name in promised if name != "unit"]
    return named == [comparison] and (unit is None or promised.get("unit", unit) == unit)


def _is_measured(terms: Terms) -> bool:
    """Whether the terms have an indicator, a period that a sentence can express, and one set of service hours."""
    window, measured = terms["window"], terms["indicator"]
    key = measured.get("key") if isinstance(measured, Mapping) else measured
    is_period = {*window} <= {"calendar", "begin", "at"} or [*window] == ["rolling"]
    return (
        isinstance(key, str)
        and is_period
        and (window.get("calendar") in PERIODS or "rolling" in window)
        and isinstance(terms.get("service_hours", ALWAYS), str)
    )


def _is_available(terms: Terms) -> bool:
    return terms["aggregation"] == "availability" and _is_measured(terms) and _has(terms, "at_least", "percent")


def _is_answer_time(terms: Terms) -> bool:
    written = terms["aggregation"]
    is_share = isinstance(written, Mapping) and list(written) == ["share_at_most"]
    return is_share and _is_measured(terms) and _has(terms, "at_least", "percent")


def _is_errors(terms: Terms) -> bool:
    written = terms["aggregation"]
    counted = written.get("count") if isinstance(written, Mapping) else None
    is_category = (
        isinstance(counted, Mapping) and list(counted) == ["category"] and isinstance(counted["category"], str)
    )
    is_count = written == "count" or (isinstance(written, Mapping) and len(written) == 1 and is_category)
    return is_count and _is_measured(terms) and _has(terms, "at_most", "count")


def _is_rating(terms: Terms) -> bool:
    measured = terms["indicator"]
    is_kind = isinstance(measured, Mapping) and measured.get("kind") == "rating"
    return terms["aggregation"] == "mean" and is_kind and _is_measured(terms) and _has(terms, "at_least")


def _is_ticket_time(clock: str) -> Callable[[Terms], bool]:
    def says(terms: Terms) -> bool:
        if terms["aggregation"] != "clock" or terms.get("clock", "resolution") != clock:
            return False
        within, about = terms["objective"]["within"], terms.get("applies_to") or {}
        [(kind, value)] = within.items()
        is_length = kind in ("calendar", "service_time") and isinstance(value, str)
        is_days = kind in ("business_days", "business_days_end") and isinstance(value, int)
        priorities = about.get("priority", [])
        return (
            (is_length or is_days)
            and list(terms["objective"]) == ["within"]
            and isinstance(about.get("type", "incident"), str)
            and isinstance(priorities, list)
            and not any(re.search(r"[,;\s]", str(each)) for each in priorities)
            and isinstance(terms.get("service_hours", ALWAYS), str)
        )

    return says


def _measured(
    key: str, aggregation: Any, objective: Mapping[str, str], kind: str
) -> Callable[[Reader, str], dict[str, Any]]:
    titles: Mapping[str, Callable[[Reader, str], str]] = {
        "availability": lambda reader, service: reader.gettext("%(service)s is available", service=service),
        "response-time": lambda reader, service: reader.gettext("%(service)s answers quickly", service=service),
        "errors": lambda reader, service: reader.gettext("%(service)s makes few errors", service=service),
        "rating": lambda reader, service: reader.gettext("People are content with %(service)s", service=service),
    }
    stems = {"availability": "", "response-time": "-latency", "errors": "-errors", "rating": "-rating"}

    def new(reader: Reader, service: str) -> dict[str, Any]:
        stem = re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-") or "service"
        return {
            "key": key,
            "title": titles[key](reader, service)[:200],
            "aggregation": aggregation,
            "indicator": {
                "key": f"{stem[:80]}{stems[key]}",
                "kind": kind,
                **({"unit": "ms"} if kind == "value" else {}),
            },
            "objective": dict(objective),
            "window": dict(_MONTH),
        }

    return new


def _ticket(clock: str, within: str) -> Callable[[Reader, str], dict[str, Any]]:
    def new(reader: Reader, _: str) -> dict[str, Any]:
        titles = {
            "response": reader.gettext("P1 incidents are answered"),
            "resolution": reader.gettext("P1 incidents are resolved"),
        }
        return {
            "key": f"p1-{clock}",
            "title": titles[clock],
            "aggregation": "clock",
            "clock": clock,
            "objective": {"within": {"calendar": within}},
            "applies_to": {"type": "incident", "priority": ["P1"]},
        }

    return new


TITLE = blanks.title_blank()
_TICKET_BLANKS = (blanks.priorities_blank(), blanks.tickets_blank(), blanks.within_blank(), blanks.counted_blank())
_PERIOD, _HOURS = blanks.period_blank(), blanks.hours_blank()
FORMS = (
    SentenceForm(
        "available",
        lambda reader: reader.gettext(
            "It is available at least %(limit)s %% of %(hours)s in %(period)s, as measured by %(measurement)s"
        ),
        lambda reader: reader.gettext("It is available"),
        (blanks.percent_blank(), _HOURS, _PERIOD, blanks.measurement_blank("availability")),
        _is_available,
        _measured("availability", "availability", {"at_least": "99.9", "unit": "percent"}, "availability"),
    ),
    SentenceForm(
        "answers",
        lambda reader: reader.gettext(
            "It answers within %(most)s in at least %(limit)s %% of cases, in %(hours)s of %(period)s, "
            "as measured by %(measurement)s"
        ),
        lambda reader: reader.gettext("It answers within"),
        (blanks.answer_time_blank(), blanks.percent_blank(), _HOURS, _PERIOD, blanks.measurement_blank("value")),
        _is_answer_time,
        _measured("response-time", {"share_at_most": "300"}, {"at_least": "95", "unit": "percent"}, "value"),
    ),
    SentenceForm(
        "answered",
        lambda reader: reader.gettext("%(priorities)s %(tickets)s get a first answer within %(within)s, %(counted)s"),
        lambda reader: reader.gettext("Tickets are answered within"),
        _TICKET_BLANKS,
        _is_ticket_time("response"),
        _ticket("response", "PT30M"),
    ),
    SentenceForm(
        "resolved",
        lambda reader: reader.gettext("%(priorities)s %(tickets)s are resolved within %(within)s, %(counted)s"),
        lambda reader: reader.gettext("Tickets are resolved within"),
        _TICKET_BLANKS,
        _is_ticket_time("resolution"),
        _ticket("resolution", "PT4H"),
    ),
    SentenceForm(
        "errors",
        lambda reader: reader.gettext(
            "There are at most %(limit)s errors of category %(category)s, in %(hours)s of %(period)s, "
            "as measured by %(measurement)s"
        ),
        lambda reader: reader.gettext("At most so many errors"),
        (blanks.most_errors_blank(), blanks.category_blank(), _HOURS, _PERIOD, blanks.measurement_blank("count")),
        _is_errors,
        _measured("errors", "count", {"at_most": "3", "unit": "count"}, "count"),
    ),
    SentenceForm(
        "rated",
        lambda reader: reader.gettext(
            "People rate it at least %(limit)s on average, in %(hours)s of %(period)s, as measured by %(measurement)s"
        ),
        lambda reader: reader.gettext("It is rated at least"),
        (blanks.rating_blank(), _HOURS, _PERIOD, blanks.measurement_blank("rating")),
        _is_rating,
        _measured("rating", "mean", {"at_least": "4", "unit": "points"}, "rating"),
    ),
)
"""All sentence forms, in the order of their buttons."""
BY_NAME = {form.name: form for form in FORMS}
