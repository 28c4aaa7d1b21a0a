"""Agenda of a review meeting: one line for each target and period, in three groups, the newest period first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_console.views.instants import read
from slm_console.views.judgement.figures import figure_in_words, period_name
from slm_console.views.marks import mark_of
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader

Item = Mapping[str, Any]
_FIGURES = ("window", "restatement")


@dataclass(frozen=True, slots=True)
class AgendaLine:
    """A line of a meeting's agenda."""

    mark: str
    title: str
    note: str
    link: str


@dataclass(frozen=True, slots=True)
class AgendaGroup:
    """A heading of the agenda with its lines: breaches, figures, or proposals and actions."""

    key: str
    title: str
    lines: list[AgendaLine]


def agenda_groups(reader: Reader, items: Sequence[Item]) -> list[AgendaGroup]:
    """Return the agenda's items as groups of lines; empty groups are left out.

    A target that was breached in a period has only one line for the period. This line is among the breaches and shows
    the last figure.
    """
    newest = sorted(items, key=lambda each: (_period_of(each), read(each["at"]) or 0), reverse=True)
    figures = _first_of(each for each in newest if each["kind"] in _FIGURES)
    breaches = _first_of(each for each in newest if each["kind"] == "breach")
    standing = {key for key, each in breaches.items() if each["state"] != "withdrawn"}
    titles = {
        "breaches": reader.gettext("Breaches"),
        "figures": reader.gettext("Figures"),
        "proposals": reader.gettext("Proposals and actions"),
    }
    lines = {
        "breaches": [_breach_line(reader, each, figures.get(key)) for key, each in breaches.items()],
        "figures": [_figure_line(reader, each) for key, each in figures.items() if key not in standing]
        + [_report_line(reader, each) for each in newest if each["kind"] == "report"],
        "proposals": [
            line
            for each in newest
            if each["kind"] in ("proposal", "action")
            for line in (_proposal_lines(reader, each) if each["kind"] == "proposal" else [_action_line(reader, each)])
        ],
    }
    return [AgendaGroup(key, titles[key], lines[key]) for key in titles if lines[key]]


def _first_of(items: Any) -> dict[tuple[str, str, str], Item]:
    """Return (target, window, ticket) → the first item about them. The caller passes the newest items first."""
    found: dict[tuple[str, str, str], Item] = {}
    for each in items:
        detail = each["detail"]
        ticket = detail.get("ticket") or {}
        key = (str(detail.get("target_id")), str(detail.get("window_id")), str(ticket.get("number") or ""))
        found.setdefault(key, each)
    return found


def _breach_line(reader: Reader, item: Item, figure: Item | None) -> AgendaLine:
    ticket = item["detail"].get("ticket")
    mark, note = "breached", _day_of_item(reader, item)
    if item["state"] == "withdrawn":
        mark, note = "withdrawn", reader.gettext("withdrawn: it did not happen")
    if ticket:
        title = f"{ticket['number']}: {_name_of(item)}"
        return AgendaLine(mark, title, note, f"/tickets/{ticket['source']}/{ticket['number']}")
    return AgendaLine(mark, _told(reader, item, figure or item), note, f"/breaches/{item['ref_id']}")


def _figure_line(reader: Reader, item: Item) -> AgendaLine:
    detail = item["detail"]
    link = f"/targets/{detail['target_id']}" if detail.get("target_id") else ""
    # No note by default: the title names the period, and a meeting need not know when the figure was published.
    note = ""
    if item["kind"] == "restatement":
        note = reader.gettext("corrected on %(day)s", day=_day_of_item(reader, item))
    return AgendaLine(mark_of(detail.get("verdict"), is_open=False), _told(reader, item, item), note, link)


def _report_line(reader: Reader, item: Item) -> AgendaLine:
    detail = item["detail"]
    title = reader.gettext("Report of %(period)s", period=period_name(reader, str(detail.get("period") or "")))
    link = f"/reviews/reports/{item['ref_id']}"
    return AgendaLine(mark_of(detail.get("verdict"), is_open=False), title, "", link)


def _proposal_lines(reader: Reader, item: Item) -> list[AgendaLine]:
    """Return a line for each target of a proposal: what is promised now, what is proposed instead, and why."""
    return [
        AgendaLine(
            "on-track",
            reader.gettext(
                "New target proposed for %(title)s: %(proposed)s instead of %(present)s",
                title=each["target_title"],
                proposed=objective_in_words(reader, each["objective"]),
                present=objective_in_words(reader, each["present_objective"]),
            ),
            " · ".join(part for part in (_day_of_item(reader, item), str(each.get("reason") or "")) if part),
            f"/targets/{each['target_id']}",
        )
        for each in item["detail"].get("targets") or ()
    ]


def _action_line(reader: Reader, item: Item) -> AgendaLine:
    detail = item["detail"]
    owner, due = str(detail.get("owner") or ""), read(detail.get("due_at"))
    text = str(detail.get("text") or item["title"]).removeprefix(f"Open action of {owner}: ")
    title = reader.gettext("%(owner)s: %(text)s", owner=owner, text=text) if owner else text
    note = reader.gettext("until %(day)s", day=reader.day(due)) if due is not None else _day_of_item(reader, item)
    return AgendaLine("on-track", title, note, "/reviews/actions")


def _day_of_item(reader: Reader, item: Item) -> str:
    return reader.day(read(item["at"]) or reader.now)


def _period_of(item: Item) -> str:
    """Return a text to sort an item by time: the calendar period that the item is about, or else the item's instant."""
    period = str(item["detail"].get("window_id") or item["detail"].get("period") or "")
    return period if period[:4].isdecimal() else str(item["at"])


def _told(reader: Reader, item: Item, figure: Item) -> str:
    """Return target, period, figure and objective as text:
    ``Checkout, November 2026: 99.836 %, promised at least 99.9 %``.
    """
    detail, objective = figure["detail"], item["detail"].get("objective") or {}
    period = period_name(reader, str(item["detail"].get("window_id") or ""))
    return reader.gettext(
        "%(title)s, %(period)s: %(figure)s, promised %(promised)s",
        title=_name_of(item),
        period=period,
        figure=figure_in_words(reader, _figure_in(detail), objective),
        promised=objective_in_words(reader, objective),
    )


def _name_of(item: Item) -> str:
    """Return the title of the item's target.

    Old items have no ``target_title``. In them, the title of the target is the part of the item's title before the last
    colon.
    """
    return str(item["detail"].get("target_title") or str(item["title"]).rpartition(": ")[0] or item["title"])


def _figure_in(detail: Item) -> Fraction | None:
    """Return an item's exact figure or, if it has none, the figure in the API's display form; None if it has neither.

    Breaches, and windows that were stored by older versions, have only the display form.
    """
    try:
        return Fraction(str(detail.get("figure") or detail.get("figure_display") or ""))
    except ValueError:
        return None
