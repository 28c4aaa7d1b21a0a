"""View model of a cause: one outage with all breaches it led to that the reader's company may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slm_console.views import instants
from slm_console.views.directory import Directory
from slm_console.views.judgement.breaches import BreachPage, breach_page_of
from slm_console.views.reader import Reader

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CausePage:
    """A cause, as its page shows it."""

    cause_id: str
    title: str
    since: str
    lasted: str
    is_over: bool
    subjects: Sequence[str]
    companies: Sequence[str]
    breaches: Sequence[BreachPage]
    may_acknowledge: bool
    may_explain: bool
    is_replaced: bool
    replaced_by: Sequence[str]


def cause_page_of(reader: Reader, directory: Directory, cause: Answer, breaches: Sequence[Answer]) -> CausePage:
    """Return the view model of a cause with its breaches."""
    start, end = instants.read(cause["start_at"]), instants.read(cause["end_at"])
    assert start is not None
    services = [directory.outcome(each) for each in cause["service_ids"]]
    subjects = [str(each["name"]).rpartition("/")[2] for each in cause["about"] if each["kind"] != "target"]
    title = services[0] if len(services) == 1 else (subjects or services or [""])[0]
    is_mine = directory.own in cause["responsible_party_ids"]
    states = cause["breach_states"]
    return CausePage(
        cause_id=cause["cause_id"],
        title=title,
        since=reader.gettext("since %(moment)s", moment=reader.moment(start)),
        lasted=reader.length(max(0, (end if end is not None else reader.now) - start)),
        is_over=end is not None,
        subjects=subjects,
        companies=[directory.company(each) for each in cause["customer_party_ids"]],
        breaches=[breach_page_of(reader, directory, each) for each in breaches],
        may_acknowledge=is_mine and bool(states["open"]),
        may_explain=is_mine and bool(states["acknowledged"]),
        is_replaced=cause["state"] != "current",
        replaced_by=cause["replaced_by"],
    )
