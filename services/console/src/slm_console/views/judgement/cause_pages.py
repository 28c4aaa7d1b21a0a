"""View model of a cause: one outage, and the breaches and risks from it that the reader's company may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views import instants
from slm_console.views.clocks import RunningClock, time_since
from slm_console.views.directory import Directory
from slm_console.views.judgement.allowances import pace_in_words
from slm_console.views.judgement.breaches import BreachPage, breach_page_of
from slm_console.views.judgement.cause_subjects import is_of_tickets, name_cause, say_acknowledged, things_of_cause
from slm_console.views.judgement.figures import period_name
from slm_console.views.marks import MARKS
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PromiseAtRisk:
    """A promise that an outage has put at risk and not breached, for one period or ticket."""

    key: str
    title: str
    path: str
    customer: str
    since: str
    forecast: str


@dataclass(frozen=True, slots=True)
class CausePage:
    """A cause, as its page shows it."""

    cause_id: str
    title: str
    mark: str
    state: str
    """The cause's state in words.

    While it lasts: down or degraded. Afterwards: how many promises are broken, at risk, or that nothing is breached.
    """
    when: str
    clock: RunningClock | None
    """The clock whose present text is ``when``; None once the outage is over."""
    is_over: bool
    acknowledged: str
    """Who last acknowledged a breach of the cause, and when; empty while a breach still waits for that."""
    nothing_to_acknowledge: str
    """Why the reader cannot acknowledge anything yet: another company has to, or no promise is broken. Else empty."""
    subjects: Sequence[str]
    breaches: Sequence[BreachPage]
    risks: Sequence[PromiseAtRisk]
    may_acknowledge: bool
    may_explain: bool
    is_replaced: bool
    replaced_by: Sequence[str]


def cause_page_of(
    reader: Reader, directory: Directory, cause: Answer, breaches: Sequence[Answer], risks: Sequence[Answer]
) -> CausePage:
    """Return the view model of a cause with its breaches, and with its risks that are still in force."""
    start, end = instants.read(cause["start_at"]), instants.read(cause["end_at"])
    assert start is not None
    is_mine = directory.own in cause["responsible_party_ids"]
    states = cause["breach_states"]
    at_risk = _at_risk(reader, directory, breaches, risks)
    mark, state, clock = "met", reader.gettext("over, and nothing is breached"), None
    if end is None:
        clock = time_since(
            reader,
            start,
            lambda length: reader.gettext(
                "since %(moment)s, %(length)s so far", moment=reader.moment(start), length=length
            ),
        )
        mark, state = "breached", reader.gettext("down") if cause.get("is_downtime") else reader.gettext("degraded")
    elif cause["breaches"]:
        count = cause["breaches"]
        mark, state = "breached", reader.ngettext("%(count)s promise broken", "%(count)s promises broken", count)
    elif at_risk:
        mark, state = "at-risk", MARKS["at-risk"].word(reader)
    when = _when_over(reader, cause, start, end) if end is not None else ""
    return CausePage(
        cause_id=cause["cause_id"],
        title=name_cause(reader, directory, cause),
        mark=mark,
        state=state,
        when=clock.text if clock else when,
        clock=clock,
        is_over=end is not None,
        acknowledged=say_acknowledged(reader, cause),
        nothing_to_acknowledge=_nothing_to_acknowledge(reader, directory, cause),
        subjects=[] if is_of_tickets(cause) else things_of_cause(cause),
        breaches=[breach_page_of(reader, directory, each) for each in breaches],
        risks=at_risk,
        may_acknowledge=is_mine and bool(states["open"]),
        may_explain=is_mine and bool(states["acknowledged"]),
        is_replaced=cause["state"] != "current",
        replaced_by=cause["replaced_by"],
    )


def _nothing_to_acknowledge(reader: Reader, directory: Directory, cause: Answer) -> str:
    if directory.own not in cause["responsible_party_ids"]:
        companies = ", ".join(directory.company(each) for each in cause["responsible_party_ids"])
        waits = cause["breach_states"]["open"] and companies
        return reader.gettext("%(company)s acknowledges it.", company=companies) if waits else ""
    if cause["breaches"] or cause["state"] != "current":
        return ""
    return reader.gettext("Nothing is broken yet. It can be acknowledged as soon as a promise breaks.")


def _when_over(reader: Reader, cause: Answer, start: int, end: int) -> str:
    """Return, for a cause that is over, when it happened: ``down 9 Nov 10:14–11:06, lasted 52 min``.

    For a cause without downtime, the length is left out: such a cause ends when a promise broke, which may be before
    the trouble was over. For a cause about tickets alone, return ``not done by …`` with the ticket's deadline; empty if
    no promise was breached.
    """
    if is_of_tickets(cause):
        moment = reader.moment(end)
        return reader.gettext("not done by %(moment)s", moment=moment) if cause["breaches"] else ""
    span = reader.span(start, end)
    if not cause.get("is_downtime"):
        return span
    return reader.gettext("down %(span)s, lasted %(length)s", span=span, length=reader.length(max(0, end - start)))


def _at_risk(
    reader: Reader, directory: Directory, breaches: Sequence[Answer], risks: Sequence[Answer]
) -> list[PromiseAtRisk]:
    """Return the promises that are at risk and not breached. A promise with several warnings is returned once."""
    breached = {(each["target_id"], each["window_id"]) for each in breaches if each["standing"]}
    earliest: dict[tuple[str, str], Answer] = {}
    for each in sorted((each for each in risks if each["standing"]), key=lambda each: str(each["opened_at"])):
        earliest.setdefault((each["target_id"], each["window_id"]), each)
    return [_promise(reader, directory, each) for promise, each in earliest.items() if promise not in breached]


def _promise(reader: Reader, directory: Directory, risk: Answer) -> PromiseAtRisk:
    opened = instants.read(risk["opened_at"])
    ticket = (risk.get("evidence") or {}).get("ticket")
    path = f"/tickets/{ticket['source']}/{ticket['number']}" if ticket else f"/targets/{risk['target_id']}"
    return PromiseAtRisk(
        key=f"risk/{risk['risk_id']}",
        title=f"{risk.get('target_title') or ''}, {period_name(reader, risk['window_id'])}",
        path=path,
        customer=directory.company(risk["customer_party_id"]),
        since=reader.gettext("since %(moment)s", moment=reader.moment(opened)) if opened is not None else "",
        forecast=pace_in_words(reader, None, risk.get("projected_breach_at")),
    )
