"""``slm explain`` shows how a figure, breach or ticket's clock is worked out: a sentence, a sum, and the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.finding import NamedThing, find_thing
from slm.reading.names import Names
from slm.reading.screen import Cell, Screen, TableColumn, state_cell
from slm_console.views.explained.sums import Line
from slm_console.views.explained.worked_out import WorkedOut, worked_out_of
from slm_console.views.judgement.breaches import BreachPage, breach_page_of
from slm_console.views.marks import MARKS
from slm_console.views.reader import Reader
from slm_console.views.ticket_pages import ClockBar, clock_key_of, ticket_page

Item = Mapping[str, Any]
_TARGETS, _CLOCKS = "/api/v1/targets", "/api/v1/clocks"


@dataclass(frozen=True, slots=True)
class ExplainedThing:
    """The thing that a person asked about, with the answers of the API that explain it."""

    thing: NamedThing
    answers: Mapping[str, Any]
    """For a figure: ``explanation``, None if there is none.

    For a ticket: ``clocks``, the explanation of each of its clocks or None; ``targets``, target id → target; and
    ``ticket``, if the person asked about a breach or risk of the ticket.
    """
    reason: str = ""
    """Why there is no explanation of the figure; empty if there is one."""

    def document(self) -> dict[str, Any]:
        """Return the API's answers as JSON."""
        return {"kind": self.thing.kind, self.thing.kind: self.thing.item, **self.answers}


def read_explanation(api: ApiReader, named: str, period: str | None = None) -> ExplainedThing:
    """Find the thing that a person named, and read the API's explanation of it. Raises NoAnswer.

    ``period`` is a window such as ``2026-11``. None means the present window of a target, or the window in which a
    breach or risk arose. For a ticket, ``period`` has no effect.
    """
    thing = find_thing(api, named)
    if thing.kind == "ticket":
        return _of_ticket(api, thing)
    ticket = thing.item.get("ticket") or (thing.item.get("evidence") or {}).get("ticket")
    if ticket:
        of_ticket = _of_ticket(api, find_thing(api, f"{ticket['source']}/{ticket['number']}"))
        return ExplainedThing(thing, {"ticket": of_ticket.thing.item, **of_ticket.answers})
    window = str(thing.item.get("window_id") or "") if thing.kind != "target" else ""
    asked = {"window": period or window} if period or window else {}
    if window.startswith("P") and not period:
        # A rolling period ends when it is looked at: at the breach, not now.
        asked["at"] = str(thing.item.get("certain_at") or thing.item.get("opened_at"))
    explanation, reason = api.explained(f"{_TARGETS}/{thing.item['target_id']}/explain", format="json", **asked)
    if explanation is None and thing.kind == "target":
        raise NoAnswer(_without_figure(thing.item, reason))
    return ExplainedThing(thing, {"explanation": explanation}, reason)


def show_explanation(screen: Screen, reader: Reader, names: Names, found: ExplainedThing) -> None:
    """Print an explanation in the words in which the console shows it."""
    if found.thing.kind == "breach":
        page = breach_page_of(reader, names.directory, found.thing.item, found.answers.get("explanation"))
        _show_breach(screen, names, page)
    if "clocks" in found.answers:
        ticket = found.thing.item if found.thing.kind == "ticket" else found.answers["ticket"]
        _show_ticket(screen, reader, names, ticket, found.answers)
    elif found.answers.get("explanation"):
        _show_worked_out(screen, reader, worked_out_of(reader, found.answers["explanation"]))
    else:
        screen.line(found.reason)


def _without_figure(target: Item, reason: str) -> str:
    if target.get("tickets"):
        return f"{target['title']} is about single tickets: explain one of them, as in slm explain desk/INC-7"
    return reason


def _of_ticket(api: ApiReader, thing: NamedThing) -> ExplainedThing:
    ticket, clocks, targets = thing.item, [], {}
    for clock in ticket["clocks"]:
        about = {"source": ticket["source"], "number": ticket["number"], "target": clock["target_id"]}
        explained, _ = api.explained(f"{_CLOCKS}/explain", ordinal=str(clock["ordinal"]), format="json", **about)
        clocks.append(explained)
        target = api.find(f"{_TARGETS}/{clock['target_id']}") if clock["target_id"] not in targets else None
        if target is not None:
            targets[clock["target_id"]] = target
    return ExplainedThing(thing, {"clocks": clocks, "targets": targets})


def _show_worked_out(screen: Screen, reader: Reader, worked: WorkedOut) -> None:
    screen.line(f"{worked.title}, {worked.period}", style="bold")
    state = state_cell(reader, worked.mark)
    figure = f"{worked.figure} {worked.beside}".rstrip()
    parts = [figure, state.whole, worked.broken, reader.gettext("promised: %(promise)s", promise=worked.promise)]
    screen.line("   ".join(part for part in parts if part), worked.mark)
    _section(screen, reader.gettext("In a sentence"))
    screen.line(" ".join(worked.sentences))
    _section(screen, reader.gettext("The sum"))
    _show_sum(screen, worked.lines)
    if worked.exact:
        screen.line(f"{reader.gettext('The exact figure')}: {worked.exact}", style="dim")
    _section(screen, reader.gettext("The facts"))
    facts = [
        [Cell(reader.moment(each.at)), Cell(each.what, each.mark, has_sign=True), Cell(each.lasted), Cell(each.source)]
        for each in worked.facts
    ]
    if facts:
        screen.table(
            [TableColumn("When"), TableColumn("What"), TableColumn("How long", is_number=True), TableColumn("From")],
            facts,
        )
    else:
        screen.line(reader.gettext("Nothing was down, and nothing was left out."))
    if worked.as_of is not None:
        screen.line()
        judged = reader.gettext(
            "Judged up to %(moment)s %(city)s.", moment=reader.moment(worked.as_of), city=reader.city
        )
        screen.line(judged, style="dim")


def _show_sum(screen: Screen, lines: Sequence[Line]) -> None:
    """Print the lines of a sum, with the amounts aligned below each other."""
    widest, longest = max(len(each.label) for each in lines), max(len(each.amount) for each in lines)
    for each in lines:
        exact = f"   ({each.exact})" if each.exact else ""
        screen.line(f"{each.sign or ' '} {each.label:<{widest}}  {each.amount:>{longest}}{exact}", each.mark)


def _section(screen: Screen, title: str) -> None:
    screen.line()
    screen.line(title, style="bold" if screen.is_terminal else "")


def _show_breach(screen: Screen, names: Names, page: BreachPage) -> None:
    screen.line(f"{page.title}, {page.period}", style="bold")
    mark = "withdrawn" if page.is_withdrawn else "breached"
    state = Cell(page.standing, mark, has_sign=True).whole
    parts = [state, page.broken, page.elsewhere, page.state, page.acknowledged]
    screen.line("   ".join(part for part in parts if part), mark)
    about = [names.directory.service(page.service_id), f"{page.provider} → {page.customer}"]
    screen.line(" · ".join(about))
    screen.line()
    _show_pairs(screen, [*page.lines, *((f"Down {when}", length) for when, length in page.down)])
    for step in page.steps:
        screen.line(f"{step.when}  {step.what}, {step.who}" + (f": {' '.join(step.note.split())}" if step.note else ""))
    screen.line()


def _show_ticket(screen: Screen, reader: Reader, names: Names, ticket: Item, answers: Mapping[str, Any]) -> None:
    explained = {
        clock_key_of(clock): each for clock, each in zip(ticket["clocks"], answers["clocks"], strict=True) if each
    }
    page = ticket_page(reader, names.directory, ticket, explained, answers["targets"])
    screen.line(f"{page.source}/{page.number}", style="bold")
    _show_pairs(screen, page.facts)
    if page.problem:
        screen.line(page.problem)
    for bar in page.bars:
        _show_clock(screen, reader, bar)
    if page.events:
        _section(screen, reader.gettext("The facts"))
        for _, moment, what in page.events:
            screen.line(f"{moment}  {what}")


def _show_clock(screen: Screen, reader: Reader, bar: ClockBar) -> None:
    _section(screen, bar.title)
    state = f"{Cell(MARKS[bar.mark].word(reader), bar.mark, has_sign=True).whole}"
    due = reader.gettext("within %(length)s", length=bar.limit)
    parts = [state, bar.state or bar.left, due, f"{reader.gettext('Due')} {bar.deadline}", bar.about]
    screen.line("   ".join(part for part in parts if part), bar.mark)
    if bar.why:
        screen.line(bar.why)
    if bar.segments:
        rows = [[Cell(each.span), Cell(each.length), Cell(each.why)] for each in bar.segments]
        screen.table([TableColumn("When"), TableColumn("How long", is_number=True), TableColumn("Why")], rows)
    for name, length in bar.held:
        screen.line(reader.gettext("Held by %(name)s", name=name) + f"  {length}")


def _show_pairs(screen: Screen, pairs: Sequence[tuple[str, str]]) -> None:
    widest = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        screen.line(f"{name:<{widest}}  {value}")
