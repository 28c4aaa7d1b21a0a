"""What may be sent, item by item, and the indicators it is sent of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

COUNTED_KINDS = frozenset({"value", "ratio", "count", "rating"})
"""Kinds of indicators that are added up; the others have states."""


@dataclass(slots=True)
class CounterReading:
    """Counters as they stand: total with good or bad, or a count. ``since``: when they were last at zero, if known."""

    good: int | None = None
    bad: int | None = None
    total: int | None = None
    count: int | None = None
    since: datetime | None = None


@dataclass(slots=True)
class Measurement:
    """A measurement as it is sent. Exactly one of state, ok, outage, value, values, failed (a probe that got no value),
    total (with good or bad), category or count, ``cumulative``, histogram, score, recovery, and ``retract`` (the id of
    a fact to be removed) says what was measured."""

    indicator: str
    at: datetime | None = None
    state: str | None = None
    previous: str | None = None
    ok: bool | None = None
    outage: dict[str, datetime] | None = None
    value: float | None = None
    values: list[float] | None = None
    failed: bool | None = None
    good: int | None = None
    bad: int | None = None
    total: int | None = None
    count: int | None = None
    cumulative: CounterReading | None = None
    histogram: dict[str, Any] | None = None
    score: float | None = None
    touch_point: str | None = None
    respondent: str | None = None
    recovery: dict[str, datetime] | None = None
    test: bool = False
    category: str | None = None
    retract: str | None = None
    unit: str | None = None
    id: str | None = None
    source: str | None = None
    revision: int = 0
    recorded_at: datetime | None = None
    labels: dict[str, str] | None = None
    owner: str | None = None


NAMED = ("type", "priority", "team", "assignee", "service", "customer", "category")
"""The attributes of a ticket that have a field of their own, at every door by the same name."""


@dataclass(slots=True)
class TicketMessage:
    """A ticket event as it is sent; what only its tool knows of the ticket is in ``attributes``."""

    source: str
    ticket: str
    event: str
    at: datetime
    id: str | None = None
    sequence: int | None = None
    type: str | None = None
    priority: str | None = None
    state: str | None = None
    team: str | None = None
    assignee: str | None = None
    service: str | None = None
    customer: str | None = None
    category: str | None = None
    attributes: dict[str, Any] | None = None
    revision: int = 0
    recorded_at: datetime | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Indicator:
    """A named stream about one service. ``subject`` is ``<owner party>/<key>``."""

    subject: str
    owner_party_id: str
    key: str
    kind: str
    unit: str | None = None
    initial_state: str = "unknown"
    service_id: str | None = None
    stale_after: int | None = None
    """So long after its last measurement it is silent, and its state unknown; microseconds, None: never."""
    lowest: str | None = None
    highest: str | None = None
    """The scale of ratings."""
    limits: frozenset[tuple[str, float]] = frozenset()
    """What its targets compare each value with: ``at_most`` or ``at_least`` so much."""


def own_key(item: Measurement | TicketMessage) -> str | None:
    """The identity that the sender has given: the source's id."""
    return None if item.id is None else f"{item.source or ''}\x1f{item.id}"
