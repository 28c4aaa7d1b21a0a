"""``slm status``: the present state of every target, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm.reading.api_reader import ApiReader
from slm.reading.names import SHORT, Names, choose_agreement, choose_customer, choose_service
from slm.reading.screen import Cell, Screen, TableColumn, state_cell
from slm_console.views.judgement.allowances import allowance_of, budget_of, pace_of
from slm_console.views.judgement.figures import NO_FIGURE, beside_figure, exact, figure_in_words, period_name
from slm_console.views.marks import MARKS, mark_of
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader

Target = Mapping[str, Any]
ORDER = ("breached", "at-risk", "no-data", "on-track", "met")
"""State marks, the worst first."""
HEADINGS = (
    TableColumn("State"),
    TableColumn("Service"),
    TableColumn("Agreement", from_width=140),
    TableColumn("Promise"),
    TableColumn("With", from_width=120),
    TableColumn("Promised"),
    TableColumn("Figure", is_number=True),
    TableColumn("Left"),
    TableColumn("Id", from_width=100),
)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """The present state of one target: its state mark, and the columns of ``slm status`` in words."""

    mark: str
    service: str
    agreement: str
    target: str
    other: str
    period: str
    objective: str
    figure: str
    left: str
    used: Fraction
    """The used share of the error budget; -1 if it is not known."""
    source: Target
    """The target as the API answers it."""

    def document(self) -> dict[str, Any]:
        """Return the row as JSON: the ids and exact values from the API's answer, and the same values in words."""
        window, terms = self.source["window"] or {}, self.source["terms"]
        ids = ("target_id", "agreement_id", "service_id", "provider_party_id", "customer_party_id", "key", "labels")
        return {
            **{name: self.source[name] for name in ids},
            "state": self.mark.replace("-", "_"),
            "service": self.service,
            "agreement": self.agreement,
            "target": self.target,
            "other_party": self.other,
            "window_id": window.get("window_id"),
            "period_in_words": self.period,
            "objective": terms["objective"],
            "objective_in_words": self.objective,
            "verdict": window.get("verdict"),
            "figure": window.get("figure"),
            "figure_in_words": self.figure,
            "budget": window.get("budget"),
            "left_in_words": self.left,
            "tickets": self.source["tickets"],
            "as_of": window.get("as_of"),
        }


@dataclass(frozen=True, slots=True)
class StatusFilter:
    """The agreement, service and customer whose targets are shown, as a person typed them. None does not filter."""

    agreement: str | None = None
    service: str | None = None
    customer: str | None = None


def read_status(api: ApiReader, reader: Reader, names: Names, wanted: StatusFilter) -> list[StatusRow]:
    """Return a row for each wanted target that the key's owner may see, the worst first. Raises NoAnswer."""
    parameters = {}
    if wanted.agreement is not None:
        parameters["agreement_id"] = choose_agreement(names, wanted.agreement)
    if wanted.service is not None:
        parameters["service_id"] = choose_service(names, wanted.service)
    if wanted.customer is not None:
        parameters["party_id"] = choose_customer(names, wanted.customer)
    targets = list(api.items("/api/v1/targets", parameters))
    if wanted.customer is not None:
        # The API's parameter also finds what the company provides.
        targets = [each for each in targets if each["customer_party_id"] == parameters["party_id"]]
    warned = _warned(api) if any(each["tickets"] for each in targets) else frozenset()
    return rows_of(reader, names, targets, warned)


def rows_of(reader: Reader, names: Names, targets: Sequence[Target], warned: Collection[str] = ()) -> list[StatusRow]:
    """Return the rows for targets, the worst first. ``warned``: ids of targets with a ticket at risk."""
    divided = {each["instance_of"] for each in targets if each["instance_of"]}
    # A target that is judged for each label value has no figure of its own.
    rows = [_row(reader, names, each, warned) for each in targets if each["target_id"] not in divided]
    return sorted(rows, key=lambda row: (ORDER.index(row.mark), -row.used, row.service, row.target, row.other))


def is_any_breached(rows: Sequence[StatusRow]) -> bool:
    """Whether a promise in these rows is broken."""
    return any(row.mark == "breached" for row in rows)


def show_status(screen: Screen, reader: Reader, rows: Sequence[StatusRow]) -> None:
    """Print the rows as a table, and below it how many targets are in which state."""
    if not rows:
        screen.line("There is nothing to judge yet: no target is in force that this key may see.")
        return
    screen.table(HEADINGS, [list(_cells(reader, row)) for row in rows])
    counts = counts_of(rows)
    said = [f"{counts[mark]} {MARKS[mark].word(reader)}" for mark in ORDER if counts[mark]]
    if screen.is_terminal:
        screen.line()
        screen.line(" · ".join(said))


def counts_of(rows: Sequence[StatusRow]) -> Counter[str]:
    """Return state mark → number of rows."""
    return Counter(row.mark for row in rows)


def document_of(rows: Sequence[StatusRow]) -> dict[str, Any]:
    """Return the status as JSON: the number of targets in each state, and the rows."""
    counts = counts_of(rows)
    return {
        "counts": {mark.replace("-", "_"): counts[mark] for mark in ORDER},
        "targets": [row.document() for row in rows],
    }


def _warned(api: ApiReader) -> frozenset[str]:
    return frozenset(str(each["target_id"]) for each in api.items("/api/v1/tickets", {"at_risk": "true"}))


def _cells(reader: Reader, row: StatusRow) -> Iterator[Cell]:
    yield state_cell(reader, row.mark)
    for text in (row.service, row.agreement, row.target, row.other, row.objective, row.figure, row.left):
        yield Cell(text)
    yield Cell(row.source["target_id"][-SHORT:])


def _row(reader: Reader, names: Names, target: Target, warned: Collection[str]) -> StatusRow:
    window, terms = target["window"] or {}, target["terms"]
    tickets = target["tickets"]
    mark = _mark_of_tickets(target, warned) if tickets is not None else _mark_of_window(target)
    allowance = allowance_of(reader, budget_of(terms, window), mark)
    if tickets is not None:
        figure, left = _tickets_in_words(reader, tickets), _open_tickets(reader, tickets)
    else:
        shown = figure_in_words(reader, exact(window.get("figure")), terms["objective"])
        figure = f"{shown} {beside_figure(reader, target['window'])}".rstrip()
        pace = pace_of(reader, window)
        left = ", ".join(text for text in ((allowance.left or allowance.used) if allowance else "", pace) if text)
    return StatusRow(
        mark=mark,
        service=names.directory.service(target["service_id"]),
        agreement=names.agreement(target["agreement_id"]),
        target=_title(target),
        other=names.other(target),
        period=period_name(reader, window["window_id"]) if window else "",
        objective=objective_in_words(reader, terms["objective"]),
        figure=figure,
        left=left,
        used=allowance.share if allowance is not None and allowance.share is not None else Fraction(-1),
        source=target,
    )


def _title(target: Target) -> str:
    labels = ", ".join(str(each) for each in target["labels"].values())
    return f"{target['title']} [{labels}]" if labels else str(target["title"])


def _mark_of_window(target: Target) -> str:
    window = target["window"]
    if not window or target.get("no_data"):
        return "no-data"
    return mark_of(window["verdict"], is_open=window["closed_at"] is None)


def _mark_of_tickets(target: Target, warned: Collection[str]) -> str:
    """Return the state mark of a target about single tickets: ``breached`` while a ticket is late and not done."""
    if target["unjudgeable"]:
        return "no-data"
    if target["tickets"]["states"].get("breached"):
        return "breached"
    return "at-risk" if target["target_id"] in warned else "on-track"


def _tickets_in_words(reader: Reader, tickets: Mapping[str, Any]) -> str:
    if not tickets["judged"]:
        return NO_FIGURE
    return reader.gettext(
        "%(good)s of %(all)s in time", good=reader.whole(tickets["met"]), all=reader.whole(tickets["judged"])
    )


def _open_tickets(reader: Reader, tickets: Mapping[str, Any]) -> str:
    states = tickets["states"]
    late, going = int(states.get("breached", 0)), int(states.get("running", 0)) + int(states.get("paused", 0))
    said = [reader.ngettext("%(count)s ticket late", "%(count)s tickets late", late)] if late else []
    said += [reader.ngettext("%(count)s ticket open", "%(count)s tickets open", going)] if going else []
    return ", ".join(said)
