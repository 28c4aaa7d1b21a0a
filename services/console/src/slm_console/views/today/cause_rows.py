"""Rows of the Today page about causes: one outage with all breaches and risks that it led to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_console.views import instants
from slm_console.views.clocks import time_since
from slm_console.views.directory import Directory
from slm_console.views.judgement.cause_subjects import (
    is_of_tickets,
    keys_of_cause,
    name_cause,
    say_acknowledged,
    things_of_cause,
)
from slm_console.views.reader import Reader
from slm_console.views.today.rows import AT_RISK, BREACHED, BUCKETS, OUTAGE, TICKET_DUE, RowAct, UrgentRow

Item = Mapping[str, Any]
CAUSE_BUCKETS = {"now": "now", "unacknowledged": "today", "at_risk": "this_week", "unexplained": "later"}
"""Urgency of a cause in the API → bucket of its row. For causes of other urgencies, nobody has to do anything."""


@dataclass(frozen=True, slots=True)
class CauseDetails:
    """What the Today page needs to know about a cause beyond the API's answer for the cause."""

    parts: Sequence[UrgentRow]
    """The rows of the cause's risks and tickets"""
    projected: Sequence[str | None]
    """The instants at which the cause's risks become breaches at the present pace"""
    promises: Sequence[str]
    """The titles of the targets that the cause breached or puts at risk, as far as they are known"""
    is_down: bool
    """Whether a service of the cause is down now; a cause that has not ended may also be slowness or wrong answers"""


def cause_row(reader: Reader, directory: Directory, cause: Item, details: CauseDetails) -> UrgentRow:
    """Return the row of a cause."""
    start, end = instants.read(cause["start_at"]), instants.read(cause["end_at"])
    lasts = end is None and start is not None
    # An answer that was cached before an update may not tell whether it was downtime.
    is_down, was_down = details.is_down and lasts, bool(cause.get("is_downtime"))
    subject = name_cause(reader, directory, cause)
    companies = [directory.company(each) for each in cause["customer_party_ids"]]
    promises = [each for each in details.promises if each != subject]
    why = [
        say_since(reader, cause["start_at"]) if end is None else "",
        # The end is known only for downtime. Other figures are sums: their causes end at the instant of the breach.
        reader.gettext("lasted %(length)s", length=reader.length(end - start)) if end and start and was_down else "",
        say_acknowledged(reader, cause),
        _first_breach(reader, details.projected) if lasts and not cause["breaches"] else "",
        # A service may have several causes at once: the names of companies or things tell their rows apart.
        list_shortened(reader, companies if len(companies) > 1 else promises or things_of_cause(cause)),
    ]
    what, word, clock = subject, "", None
    if lasts and start is not None and is_down:
        what, word = reader.gettext("%(what)s: down", what=subject), reader.gettext("down")
        clock = time_since(reader, start, lambda length: reader.gettext("down for %(length)s", length=length))
    elif lasts and start is not None:
        what, word = reader.gettext("%(what)s: degraded", what=subject), reader.gettext("degraded")
        clock = time_since(reader, start, lambda length: reader.gettext("%(length)s so far", length=length))
    elif end is not None:
        what, word = say_what_was(reader, cause, subject), reader.gettext("over")
    act = _act(reader, directory, cause)
    return UrgentRow(
        key=f"cause/{cause['cause_id']}",
        bucket=CAUSE_BUCKETS[cause["urgency"]],
        # An outage is marked as breached at once, even before it breaches a promise.
        mark="breached" if is_down or cause["breaches"] else "at-risk",
        what=what,
        path=f"/causes/{cause['cause_id']}",
        why=" · ".join(part for part in why if part),
        left=clock.text if clock else "",
        extent=_extent(reader, cause, details.parts),
        act=act,
        order=_order(cause, lasts=lasts, is_waiting=act.posts),
        can_be_selected=act.posts,
        tip=", ".join(keys_of_cause(cause)),
        item=f"cause/{cause['cause_id']}",
        parts=frozenset(f"{kind}/{each}" for kind in ("breach", "risk") for each in cause[f"{kind}_ids"]),
        word=word,
        clock=clock,
        counted=_counted(cause, is_down=is_down),
    )


def _order(cause: Item, *, lasts: bool, is_waiting: bool) -> tuple[int, int]:
    """Return the place of a cause among the causes of the same urgency, as a sort key.

    Causes that last come first, those with the most breaches on top. Then come the causes that are over: first the
    ones that wait for the reader, then the ones that only another company can answer. In both, the newest is on top.
    """
    if lasts:
        return (0, -int(cause["breaches"]))
    return (1 if is_waiting else 2, -(instants.read(cause["start_at"]) or 0))


def _act(reader: Reader, directory: Directory, cause: Item) -> RowAct:
    path = f"/causes/{cause['cause_id']}"
    is_mine = directory.own in cause["responsible_party_ids"]
    waiting = cause["breach_states"]["open"]
    if is_mine and waiting:
        label = reader.gettext("Acknowledge") if waiting == 1 else reader.gettext("Acknowledge all")
        return RowAct(label, f"{path}/acknowledge", posts=True)
    if is_mine and cause["urgency"] == "unexplained":
        return RowAct(reader.gettext("Say the cause"), path)
    return RowAct(reader.gettext("Open"), path)


def _counted(cause: Item, *, is_down: bool) -> frozenset[str]:
    found = {OUTAGE} if is_down else set()
    if cause["breach_states"]["open"]:
        found.add(BREACHED)
    if not found and not cause["breaches"]:
        found.add(AT_RISK)
    return frozenset(found)


def with_parts(row: UrgentRow, parts: Sequence[UrgentRow]) -> UrgentRow:
    """Return ``row`` changed so that it also represents the rows ``parts``, the most urgent part first.

    The first part changes ``row``: ``row`` becomes at least as urgent as this part and gets the deadline of this part.
    If ``row`` has no clock, it also gets the clock of this part. A clock that ``row`` has says how long the cause has
    lasted.
    """
    if not parts:
        return row
    first = parts[0]
    found = replace(
        row,
        bucket=min(row.bucket, first.bucket, key=BUCKETS.index),
        deadline=first.deadline,
        parts=row.parts | {part.item for part in parts if part.item},
        counted=row.counted | (first.counted & {TICKET_DUE}),
    )
    return found if row.clock or not first.clock else replace(found, left=first.left, clock=first.clock)


def say_since(reader: Reader, instant: object) -> str:
    """Return ``since 10:02`` for the instant at which something began; empty if it is not known."""
    when = instants.read(instant)
    return "" if when is None else reader.gettext("since %(moment)s", moment=reader.moment(when))


def say_what_was(reader: Reader, cause: Item, subject: str) -> str:
    """Return what happened and when, for a cause that is over: ``Customers can pay online: down 9 Nov 10:14–11:06``.

    ``subject`` is what the cause is about. If there was no downtime, such as for slow answers, the word ``down`` is
    left out. For a cause about tickets alone, return ``not done by …`` with the ticket's deadline; if no promise was
    breached, return only ``subject``.
    """
    start, end = instants.read(cause["start_at"]), instants.read(cause["end_at"])
    if start is None or end is None:
        return subject
    texts = {"what": subject, "span": reader.span(start, end)}
    if is_of_tickets(cause):
        late = reader.gettext("%(what)s: not done by %(moment)s", what=subject, moment=reader.moment(end))
        return late if cause["breaches"] else subject
    if cause.get("is_downtime"):
        return reader.gettext("%(what)s: down %(span)s", **texts)
    return reader.gettext("%(what)s: %(span)s", **texts)


def list_shortened(reader: Reader, names: Sequence[str]) -> str:
    """Return the first three names and how many more there are: ``Corner Shop, Harbour Savings, Elmsted … 35 more``."""
    shown = ", ".join(names[:3])
    rest = len(names) - 3
    return f"{shown} … {reader.ngettext('%(count)s more', '%(count)s more', rest)}" if rest > 0 else shown


def _first_breach(reader: Reader, projected: Sequence[str | None]) -> str:
    found = [each for each in map(instants.read, projected) if each is not None and each > reader.now]
    if not found:
        return ""
    return reader.gettext("first promise breaks %(moment)s at this pace", moment=reader.moment(min(found)))


def _extent(reader: Reader, cause: Item, parts: Sequence[UrgentRow]) -> str:
    """Return how many promises the cause breached or put at risk, and in how many agreements.

    A promise at risk is counted once, however many warnings there are about it.
    """
    breaches, risks, agreements = cause["breaches"], len(parts), len(cause["agreement_ids"])
    said = reader.ngettext("%(count)s breached", "%(count)s breached", breaches)
    if not breaches:
        said = reader.ngettext("%(count)s at risk", "%(count)s at risk", risks) if risks else reader.gettext("at risk")
    if agreements < 2:
        return said
    return f"{said}, {reader.ngettext('%(count)s agreement', '%(count)s agreements', agreements)}"
