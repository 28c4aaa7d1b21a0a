"""View models of customers and suppliers: the list, and the page of one company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from slm_console.views.agreements.listing import Group, groups_of
from slm_console.views.agreements.standing import OPEN, standing_of, zone_of
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.judgement.figures import beside_figure, exact, figure_in_words
from slm_console.views.marks import MARKS, mark_of
from slm_console.views.reader import DAY, Reader
from slm_console.views.tables import Column

_WORST_FIRST = ("breached", "at-risk", "no-data", "on-track", "met")
_SOON = 120 * DAY
_NOT_JUDGED: Mapping[str, int] = {"targets": 0, "breached": 0, "at_risk": 0, "no_data": 0}


@dataclass(frozen=True, slots=True)
class CompanyLine:
    """A row of the list of customers or suppliers."""

    party_id: str
    name: str
    agreements: int
    mark: str
    """The worst present state mark of the company's promises; ``no-data`` if no promise is evaluated."""
    breached: int
    at_risk: int
    needs: str
    """How many agreements wait for the reader's company, in words; empty if none does."""


@dataclass(frozen=True)
class CompanyPage:
    """The page of a customer or supplier: agreements, promises, dates to come."""

    party_id: str
    name: str
    groups: list[Group]
    promises: list[PromiseLine]
    ahead: list[ComingDate] = field(default_factory=list)
    """Meetings and ends of agreements to come, the earliest first."""


@dataclass(frozen=True, slots=True)
class ComingDate:
    """A date to come: a review meeting, or the end of an agreement."""

    at: int
    when: str
    title: str
    review_id: str = ""
    """The meeting's id; empty for the end of an agreement."""


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """A promise with its present figure and state mark."""

    target_id: str
    title: str
    figure: str
    mark: str
    beside: str
    """What qualifies the figure, such as ``so far, only 12.4 % known``; else empty."""


def company_columns(reader: Reader) -> list[Column[CompanyLine]]:
    """Return the columns of the list of customers or suppliers."""
    return [
        Column("select", reader.gettext("Select")),
        Column("company", reader.gettext("Company"), lambda line: line.name),
        Column(
            "now",
            reader.gettext("Now"),
            lambda line: _now(reader, line),
            order=lambda line: (-line.breached, -line.at_risk, line.mark),
        ),
        Column(
            "agreements",
            reader.gettext("Agreements in force"),
            lambda line: reader.whole(line.agreements),
            order=lambda line: line.agreements,
            is_number=True,
        ),
        Column("needs", reader.gettext("Needs you"), lambda line: line.needs),
    ]


def _now(reader: Reader, line: CompanyLine) -> str:
    said = []
    if line.breached:
        said.append(reader.ngettext("%(count)s breached", "%(count)s breached", line.breached))
    if line.at_risk:
        said.append(reader.ngettext("%(count)s at risk", "%(count)s at risk", line.at_risk))
    return ", ".join(said) or MARKS[line.mark].word(reader)


def relatives(directory: Directory, agreements: Sequence[Mapping[str, Any]], side: str) -> list[str]:
    """Return the ids of the companies that have agreements with the reader's company, sorted by name.

    ``side`` is the side of the reader's company: for ``provider``, return its customers; for ``customer``, return its
    suppliers.
    """
    found = {directory.other(each) for each in agreements if directory.side(each) == side}
    return sorted(found, key=lambda party_id: directory.company(party_id).casefold())


def lines_of(
    reader: Reader,
    directory: Directory,
    side: str,
    agreements: Sequence[dict[str, Any]],
    target_counts: Sequence[Mapping[str, Any]],
) -> list[CompanyLine]:
    """Return the rows for customers or suppliers, the company with the most breaches first.

    - ``side``: the side of the reader's company. ``provider`` returns its customers, ``customer`` its suppliers.
    - ``target_counts``: the API's numbers of targets by state, one item for each pair of provider and customer.
    """
    with_company: dict[str, list[dict[str, Any]]] = {}
    for each in agreements:
        if directory.side(each) == side:
            with_company.setdefault(directory.other(each), []).append(each)
    counted = {directory.other(each): each for each in target_counts if directory.side(each) == side}
    lines = [
        _line(reader, directory, party_id, with_company[party_id], counted.get(party_id, _NOT_JUDGED))
        for party_id in relatives(directory, agreements, side)
    ]
    return sorted(lines, key=lambda line: (-line.breached, -line.at_risk))


def company_page(
    reader: Reader,
    directory: Directory,
    party_id: str,
    found: Mapping[str, Sequence[dict[str, Any]]],
) -> CompanyPage:
    """Return the page of one company. ``found`` holds the API's ``agreements``, ``targets`` and ``reviews``."""
    agreements = [each for each in found["agreements"] if directory.other(each) == party_id]
    targets = [each for each in found["targets"] if _is_between(each, directory.own, party_id)]
    promises = [_promise(reader, each) for each in targets if not each.get("instance_of")]
    meetings = [
        ComingDate(due, reader.moment(due), str(each["agreement_title"]), str(each["review_id"]))
        for each in found["reviews"]
        if each["state"] in ("open", "scheduled") and directory.other(each) == party_id
        if (due := read(each["due_at"])) is not None and due >= reader.now
    ]
    return CompanyPage(
        party_id=party_id,
        name=directory.company(party_id),
        groups=groups_of(reader, directory, agreements),
        promises=sorted(promises, key=lambda each: _WORST_FIRST.index(each.mark) if each.mark in _WORST_FIRST else 9),
        ahead=sorted([*meetings, *_ends(reader, agreements)], key=lambda each: (each.at, each.title)),
    )


def _is_between(thing: Mapping[str, Any], own: str, party_id: str) -> bool:
    return {thing["provider_party_id"], thing["customer_party_id"]} == {own, party_id}


def _line(
    reader: Reader,
    directory: Directory,
    party_id: str,
    agreements: Sequence[dict[str, Any]],
    standing: Mapping[str, int],
) -> CompanyLine:
    waiting = [each for each in agreements if standing_of(reader, directory, each).is_mine]
    needs = ""
    if waiting:
        needs = reader.ngettext("%(count)s agreement waits for you", "%(count)s agreements wait for you", len(waiting))
    return CompanyLine(
        party_id=party_id,
        name=directory.company(party_id),
        agreements=sum(each["state"] == "in_force" for each in agreements),
        mark=_worst_mark(standing),
        breached=standing["breached"],
        at_risk=standing["at_risk"],
        needs=needs,
    )


def _worst_mark(standing: Mapping[str, int]) -> str:
    if standing["breached"]:
        return "breached"
    if standing["at_risk"]:
        return "at-risk"
    return "no-data" if standing["no_data"] or not standing["targets"] else "on-track"


def _mark(target: Mapping[str, Any]) -> str:
    window = target.get("window")
    if not window:
        return "on-track" if target.get("tickets") else "no-data"
    return mark_of(window.get("verdict"), is_open=window.get("closed_at") is None)


def _promise(reader: Reader, target: Mapping[str, Any]) -> PromiseLine:
    window = target.get("window")
    figure = figure_in_words(reader, exact(window["figure"]), target["terms"]["objective"]) if window else ""
    beside = beside_figure(reader, window)
    return PromiseLine(str(target["target_id"]), str(target["title"]), figure, _mark(target), beside)


def _ends(reader: Reader, agreements: Sequence[Mapping[str, Any]]) -> list[ComingDate]:
    """Return the ends of signed agreements within the next 120 days."""
    return [
        ComingDate(
            end,
            reader.contract_day(end, zone_of(each), is_end=True),
            reader.gettext("%(title)s ends", title=each["title"]),
        )
        for each in agreements
        if each["state"] not in OPEN and (end := read(each.get("ends_at"))) is not None
        if reader.now <= end <= reader.now + _SOON
    ]
