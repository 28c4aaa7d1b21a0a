"""View model of a breach: what happened, since when, by how much, who held the ticket, and what was done about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from slm_console.views import durations, instants
from slm_console.views.directory import Directory
from slm_console.views.explained.sums import hours_in_words
from slm_console.views.judgement.figures import (
    MORE_DECIMALS,
    exact,
    figure_in_words,
    is_kept,
    limit_of,
    period_name,
    places_for,
    unit_in_words,
)
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A step by which somebody handled the breach, such as acknowledging it."""

    what: str
    who: str
    when: str
    note: str


@dataclass(frozen=True, slots=True)
class BreachPage:
    """A breach, as its page and its row in a list show it."""

    breach_id: str
    title: str
    period: str
    standing: str
    """``open`` in words, or that the breach was withdrawn or corrected."""
    is_withdrawn: bool
    broken: str
    """When the promise was broken: ``promise broken 9 Nov 10:57``."""
    certain: int
    """When the promise was broken, in microseconds since 1970."""
    zone: str
    """IANA name of the agreement's time zone, empty if it is not known here."""
    elsewhere: str
    """The instant ``certain`` in the agreement's time zone, as reports write it; empty if the reader's time of day is
    the same.
    """
    lines: Sequence[tuple[str, str]]
    """Facts about the breach, as pairs of name and value."""
    explain: str
    target_id: str
    agreement_id: str
    service_id: str
    service: str
    customer: str
    provider: str
    state: str
    acknowledged: str
    """Who acknowledged the breach, and when; empty if nobody has, and in a list."""
    allowed: frozenset[str]
    is_mine: bool
    steps: Sequence[Step]
    down: Sequence[tuple[str, str]]
    """The outages or recoveries that prove the breach, the latest first: when each began and how long it lasted."""


def breach_page_of(
    reader: Reader, directory: Directory, breach: Answer, explanation: Answer | None = None
) -> BreachPage:
    """Return the view model of a breach. ``explanation`` explains the figure of its period; None if not available."""
    life = breach.get("life") or {"allowed": (), "steps": ()}
    ticket = breach.get("ticket")
    certain = instants.read(breach["certain_at"])
    assert certain is not None
    zone = str(explanation["window"]["timezone"]) if explanation else ""
    explain = f"/targets/{breach['target_id']}/worked-out?period={breach['window_id']}"
    if ticket:
        explain = f"/tickets/{ticket['source']}/{ticket['number']}"
    return BreachPage(
        breach_id=breach["breach_id"],
        title=str(breach["target_title"]),
        period=f"{ticket['number']}" if ticket else period_name(reader, breach["window_id"]),
        standing=_standing(reader, breach),
        is_withdrawn=not breach["standing"],
        broken=reader.gettext("promise broken %(moment)s", moment=reader.moment(certain)),
        certain=certain,
        zone=zone,
        elsewhere=_elsewhere(reader, certain, zone),
        lines=_lines(reader, breach, explanation),
        explain=explain,
        target_id=breach["target_id"],
        agreement_id=breach["agreement_id"],
        service_id=breach["service_id"],
        service=directory.outcome(breach["service_id"]),
        customer=directory.company(breach["customer_party_id"]),
        provider=directory.company(breach["provider_party_id"]),
        state=state_in_words(reader, breach["state"]),
        acknowledged=_acknowledged(reader, life["steps"]),
        allowed=frozenset(life["allowed"]),
        is_mine=directory.own == breach["responsible_party_id"],
        steps=[_step(reader, directory, each) for each in life["steps"]],
        down=_down(reader, breach["evidence"]),
    )


def _acknowledged(reader: Reader, steps: Sequence[Answer]) -> str:
    for step in steps:
        when = instants.read(step["at"])
        if step["step"] == "acknowledge" and step.get("by_name") and when is not None:
            name, moment = str(step["by_name"]), reader.moment(when)
            return reader.gettext("acknowledged by %(name)s %(moment)s", name=name, moment=moment)
    return ""


def _elsewhere(reader: Reader, instant: int, zone: str) -> str:
    there = replace(reader, zone=ZoneInfo(zone)) if zone else reader
    if there.local(instant).utcoffset() == reader.local(instant).utcoffset():
        return ""
    return reader.gettext(
        "%(moment)s by the agreement's time zone, %(city)s", moment=there.moment(instant), city=there.city
    )


def _standing(reader: Reader, breach: Answer) -> str:
    if not breach["standing"]:
        return reader.gettext("withdrawn, it did not happen")
    if breach.get("revision"):
        published = instants.read(breach["published_at"])
        return reader.gettext("corrected on %(day)s", day=reader.day(published or 0))
    return reader.gettext("open")


def state_in_words(reader: Reader, state: str) -> str:
    """Return in words how far the responsible company has handled the breach."""
    return {
        "open": reader.gettext("nobody has acknowledged it"),
        "acknowledged": reader.gettext("acknowledged"),
        "root_cause_given": reader.gettext("cause given"),
        "closed": reader.gettext("closed"),
        "disputed": reader.gettext("disputed"),
        "confirmed": reader.gettext("confirmed"),
    }.get(state, state)


def _lines(reader: Reader, breach: Answer, explanation: Answer | None) -> list[tuple[str, str]]:
    objective = breach["objective"]
    lines = [(reader.gettext("Promised"), objective_in_words(reader, objective))]
    evidence = breach["evidence"]
    if evidence.get("budget_microseconds") and evidence.get("down"):
        allowed = Fraction(evidence["budget_microseconds"])
        lines.append((reader.gettext("Allowed"), reader.gettext("%(length)s down", length=reader.length(allowed))))
    lines += _reached(reader, breach, explanation)
    if "held" in evidence:
        deadline = instants.read(evidence["deadline_at"])
        lines.append((reader.gettext("Due"), reader.moment(deadline) if deadline is not None else "–"))
        for holder in evidence["held"]:
            name = holder["by"] or reader.gettext("nobody")
            length = reader.length(holder["service_seconds"] * 1_000_000)
            lines.append((reader.gettext("Held by %(name)s", name=name), length))
    if breach["level"] != "objective":
        lines.append((reader.gettext("Limit"), reader.gettext("what is unacceptable")))
    return lines


def _reached(reader: Reader, breach: Answer, explanation: Answer | None) -> Iterator[tuple[str, str]]:
    """Yield pairs of label and value: figure at the time of the breach, shortfall, and figure of the whole period."""
    objective, figure, shortfall = breach["objective"], exact(breach.get("figure")), exact(breach.get("shortfall"))
    broke = instants.read(breach["certain_at"])
    if figure is not None and broke is not None:
        label = reader.gettext("When it broke, %(moment)s", moment=reader.moment(broke))
        yield label, figure_in_words(reader, figure, objective)
    if shortfall is not None:
        yield reader.gettext("Short by"), _short_by(reader, shortfall, figure, objective)
    whole = exact(explanation.get("figure")) if explanation else None
    if explanation is None or whole is None or whole == figure:
        return
    period, closes = period_name(reader, breach["window_id"]), instants.read(explanation["window"]["closes_at"])
    is_open = closes is None or closes > reader.now
    label = (
        reader.gettext("%(period)s so far", period=period)
        if is_open
        else reader.gettext("%(period)s in the end", period=period)
    )
    shown, down = figure_in_words(reader, whole, objective), explanation["derivation"]["sums"].get("down")
    if down:
        length = hours_in_words(reader, int(down))
        shown = reader.gettext("%(figure)s, %(length)s down", figure=shown, length=length)
    yield label, shown
    limit = limit_of(objective)
    if not is_open and limit and not is_kept(whole, limit[0], Fraction(limit[1])):
        yield (
            reader.gettext("Short by in the end"),
            _short_by(reader, abs(Fraction(limit[1]) - whole), whole, objective),
        )


def _short_by(reader: Reader, shortfall: Fraction, figure: Fraction | None, objective: Answer) -> str:
    """Return a shortfall with its unit, with as many decimals as the figure: ``0.253 percentage points``."""
    unit = unit_in_words(str(objective.get("unit") or ""))
    points = reader.gettext("percentage points") if unit == "%" else unit
    places = MORE_DECIMALS if figure is None else places_for(figure, objective)
    return f"{reader.decimal(shortfall, places)} {points}".strip()


def _step(reader: Reader, directory: Directory, step: Answer) -> Step:
    names = {
        "acknowledge": reader.gettext("acknowledged"),
        "root-cause": reader.gettext("gave the cause"),
        "close": reader.gettext("closed it"),
        "problem-link": reader.gettext("linked a problem"),
    }
    when = instants.read(step["at"])
    note = "\n".join(str(step[name]) for name in ("root_cause", "corrective_action", "note") if step.get(name))
    return Step(
        what=names.get(step["step"], str(step["step"])),
        who=str(step.get("by_name") or directory.company(step["by_party_id"])),
        when=reader.moment(when) if when is not None else "",
        note=note,
    )


def _down(reader: Reader, evidence: Answer) -> list[tuple[str, str]]:
    found = []
    for each in evidence.get("down") or ():
        start, end = instants.read(each["from"]), instants.read(each["to"])
        if start is not None and end is not None:
            found.append((reader.moment(start), reader.length(end - start)))
    for each in evidence.get("recoveries") or ():
        start = instants.read(each["from"])
        if start is not None:
            found.append((reader.moment(start), durations.in_words(reader, each["recovery_time"])))
    return found[::-1]
