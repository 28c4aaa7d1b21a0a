"""Dialects: how requests to a tool's REST API are written, and how its answers are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.pulls import Position

WIDEST = 10_000
"""The most tickets in one answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """What all requests of a pull have in common.

    - ``path``: path of the tool's tickets. ``fields``: the fields of a ticket that are needed.
    - ``filter``: the pull's condition for all tickets, in the tool's language; empty without a condition.
    - ``open``: the condition for open tickets.
    - ``size``: the most tickets in one answer. ``now``: the present instant of the real clock.
    """

    path: str
    fields: tuple[str, ...]
    filter: str
    open: str
    size: int
    now: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A request to a tool: GET with ``parameters``, or POST with ``body`` as JSON. ``headers`` are sent with either."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """The answer of a tool: its JSON, and its headers with names in lower case.

    ``is_unchanged``: the tool has not sent the document again, because the document still has the ETag that the request
    named.
    """

    document: Any
    headers: Mapping[str, str]
    is_unchanged: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in an answer: its number, when it last changed (None if that cannot be read), and its JSON."""

    number: str
    updated_at: UtcMicroseconds | None
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """The tickets of one answer, in the requested order.

    ``more``: whether the tool has further tickets. ``after``: where the next request continues, in the tool's own form.
    """

    rows: Sequence[Row]
    more: bool
    after: str


class UnreadableAnswer(ValueError):
    """An answer is not what the tool's API documents. The text says what is missing."""


class Dialect(Protocol):
    """The form of one tool's requests and answers. No request may change anything in the tool, whatever characters a
    ticket number contains.
    """

    @property
    def unit(self) -> int:
        """The precision, in microseconds, with which a request can name a time."""
        ...

    @property
    def stays_inside(self) -> bool:
        """Whether a request with ``Position.after`` asks only for changes within one ``unit``, not for later ones."""
        ...

    def changed(self, question: Question, position: Position) -> ToolRequest:
        """Return the request for tickets that changed since the position, the earliest change first."""
        ...

    def open(self, question: Question, after: str, extra: int) -> ToolRequest:
        """Return the request for the tool's next open tickets. ``after``: the last answer's ``Page.after``; empty at
        first.
        """
        ...

    def named(self, question: Question, numbers: Sequence[str]) -> ToolRequest:
        """Return the request for the tickets with these numbers, of which there are at most ``question.size``."""
        ...

    def read(self, answer: ToolAnswer, question: Question, position: Position) -> Page:
        """Return the tickets of an answer. ``position``: the position of the request. Raises UnreadableAnswer."""
        ...

    def page(self, records: Sequence[Mapping[str, Any]]) -> Any:
        """Return these tickets in the form of an answer of the tool, for the mapping."""
        ...


def wider(extra: int, size: int) -> int:
    """Return how many tickets beyond ``size`` the next request asks for, after an answer that showed no ticket.

    The next request asks for twice as many tickets as the last one. Raises UnreadableAnswer if the last one already
    asked for ``WIDEST`` tickets.
    """
    if size + extra >= WIDEST:
        raise UnreadableAnswer(f"The account may not see any of {WIDEST:,} tickets: give the pull a filter.")
    return min(2 * (size + extra), WIDEST) - size


def advance(dialect: Dialect, question: Question, position: Position, page: Page) -> Position | None:
    """Return the position after an answer; None if the tool has no further changes.

    A ticket that changes while others are read moves to another place in the order. The next request therefore begins
    at a time or after an id and not at a row number, so that no ticket is skipped. Raises UnreadableAnswer if the tool
    counts many tickets but shows none.
    """
    here = position.since - position.since % dialect.unit
    is_inside = bool(position.after) and dialect.stays_inside
    if not page.more:
        return Position(here + dialect.unit) if is_inside else None
    last = max((row.updated_at for row in page.rows if row.updated_at is not None), default=None)
    if last is None:
        return replace(position, extra=wider(position.extra, question.size))
    last -= last % dialect.unit
    if last > here and not is_inside:
        return Position(last)
    return Position(here, page.after)
