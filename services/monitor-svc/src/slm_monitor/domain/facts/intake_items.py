"""Items that producers may send (measurements, ticket events), and the indicators that measurements belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

COUNTED_KINDS = frozenset({"value", "ratio", "count", "rating"})
"""Kinds of indicators whose values are summed by the minute. Indicators of other kinds have states or recoveries."""


@dataclass(slots=True)
class CounterReading:
    """One reading of cumulative counters: ``total`` with ``good`` or ``bad``, or one ``count``.

    ``since`` is the instant at which the counters were last zero, if the source knows it.
    """

    good: int | None = None
    bad: int | None = None
    total: int | None = None
    count: int | None = None
    since: datetime | None = None


@dataclass(slots=True)
class SentMeasurement:
    """A measurement as the producer sends it.

    Exactly one of these fields or groups of fields gives the measured content: state; ok; outage; value; values; failed
    (a probe that got no value); total (with good or bad); category or count; cumulative; histogram; score; recovery;
    retract (the id of a fact to remove).
    """

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


TICKET_FIELD_ATTRIBUTES = ("type", "priority", "team", "assignee", "service", "customer", "category")
"""The attributes of a ticket that have a field of their own; other attributes are sent under ``attributes``."""


@dataclass(slots=True)
class SentTicketEvent:
    """A ticket event as the producer sends it. ``attributes`` holds the fields that only the ticket tool knows."""

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
    """A named stream of measurements of one service. ``subject`` is ``<owner party>/<key>``."""

    subject: str
    owner_party_id: str
    key: str
    kind: str
    unit: str | None = None
    initial_state: str = "unknown"
    service_id: str | None = None
    stale_after: int | None = None
    """The indicator is stale, and its state unknown, this many microseconds after its last measurement; None:
    never."""
    lowest: str | None = None
    highest: str | None = None
    """The highest score of a rating, a decimal number; ``lowest`` is the lowest score. Both are None if any score is
    valid.
    """
    limits: frozenset[tuple[str, float]] = frozenset()
    """The (comparison, limit) pairs of the indicator's targets; the comparison is ``at_most``, ``at_least`` or
    ``exact``."""


def build_fact_key_from_source_id(item: SentMeasurement | SentTicketEvent) -> str | None:
    """Return the fact key made of the sender's source and id; None if the sender gave no id."""
    return None if item.id is None else f"{item.source or ''}\x1f{item.id}"
