"""Validation of measurements and ticket events. Each item becomes a fact, or is rejected with field and remedy."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.facts import rejections, ticket_events, units
from slm_monitor.domain.facts.facts import Fact, MeasuredValues, hash_fact_content
from slm_monitor.domain.facts.intake_items import (
    COUNTED_KINDS,
    TICKET_FIELD_ATTRIBUTES,
    Indicator,
    SentMeasurement,
    SentTicketEvent,
    build_fact_key_from_source_id,
)
from slm_monitor.domain.facts.rejections import (
    IntakeRejection,
    ItemRejected,
    check_instant_not_in_future,
    validate_instant,
)
from slm_monitor.domain.intake import decimals, recovery_validation, value_validation
from slm_monitor.domain.states.timeline import DOWN, STATES, UNOBSERVED, UP

FUTURE_LIMIT = 5 * 60 * 1_000_000
"""The limit in microseconds: five minutes. A fact further in the future is quarantined, because the sender's clock is
wrong.
"""


@dataclass(slots=True)
class ValidatedBatch:
    """The result of validating a batch: the rows and facts that were accepted, and the rejections, each with the index
    of its item.
    """

    values: MeasuredValues
    facts: list[Fact] = field(default_factory=list)
    refusals: list[IntakeRejection] = field(default_factory=list)


class _Rows:
    """Collects rows, and turns them into columns at the end."""

    def __init__(self) -> None:
        self.slots: dict[str, int] = {}
        self.slot: list[int] = []
        self.at: list[int] = []
        self.value: list[float] = []
        self.out_of: list[float] = []

    def add(self, subject: str, at: UtcMicroseconds, value: float, out_of: float = math.nan) -> None:
        self.slot.append(self.slots.setdefault(subject, len(self.slots)))
        self.at.append(at)
        self.value.append(value)
        self.out_of.append(out_of)

    def columns(self) -> MeasuredValues:
        out_of = np.array(self.out_of, dtype=np.float64)
        return MeasuredValues(
            list(self.slots),
            np.array(self.slot, dtype=np.int32),
            np.array(self.at, dtype=np.int64),
            np.array(self.value, dtype=np.float64),
            None if np.isnan(out_of).all() else out_of,
        )


Lookup = Callable[[str], Indicator | None]


def validate_measurements(
    items: Iterable[tuple[int, SentMeasurement]],
    owner: str | None,
    lookup: Lookup,
    now: UtcMicroseconds,
    may_name_owner: bool,
) -> ValidatedBatch:
    """Validate measurements one by one. ``items`` are pairs (index, item).

    ``owner`` is the party that owns the indicators of items that name no owner; None: every item must name one.
    ``may_name_owner`` is whether an item may name another party: items from an operator or a topic may, items from a
    party may not.
    """
    rows = _Rows()
    facts: list[Fact] = []
    refused: list[IntakeRejection] = []
    limit = now + FUTURE_LIMIT
    for index, item in items:
        try:
            party = item.owner or owner
            decimals.parse_decimal_texts_in_place(item)
            rejections.check_text_length_and_storability(indicator=item.indicator, unit=item.unit, owner=item.owner)
            if item.id is not None or item.source is not None:
                rejections.check_storable_names(id=item.id, source=item.source)
            indicator = _accessible_indicator(item, party, owner, lookup, may_name_owner)
            if item.retract is not None:
                facts.append(value_validation.build_retraction_fact(item, indicator))
            elif indicator.kind in COUNTED_KINDS:
                _take_counted(item, indicator, limit, now, rows, facts)
            elif indicator.kind == "recovery":
                facts.append(_recovery_fact(item, indicator, limit, now))
            else:
                facts.append(_state_fact(item, indicator, limit, now))
        except ItemRejected as refusal:
            refused.append(IntakeRejection(index, *refusal.parts))
    return ValidatedBatch(rows.columns(), facts, refused)


def _accessible_indicator(
    item: SentMeasurement, party: str | None, owner: str | None, lookup: Lookup, may_name: bool
) -> Indicator:
    if party is None:
        raise ItemRejected("no_owner", "owner", None, "name the party that owns the indicator")
    if party != owner and not may_name:
        raise ItemRejected(
            "foreign_party", "owner", item.owner, "send measurements of your own party's indicators only"
        )
    indicator = lookup(f"{party}/{item.indicator}")
    if indicator is None:
        raise ItemRejected(
            "unknown_indicator", "indicator", item.indicator, "register it first with POST /api/v1/indicators"
        )
    if item.unit is not None and not units.are_same_unit(item.unit, indicator.unit):
        registered = f"registered with {indicator.unit}" if indicator.unit else "registered without a unit"
        remedy = f"indicator {indicator.key} is {registered}, and {item.unit} came: convert before sending"
        raise ItemRejected("wrong_unit", "unit", item.unit, remedy)
    return indicator


def _at(item: SentMeasurement, limit: UtcMicroseconds) -> UtcMicroseconds:
    if item.at is None:
        raise ItemRejected("no_instant", "at", None, "say when it was measured, like 2026-11-22T10:00:00Z")
    at = validate_instant(item.at, "at")
    check_instant_not_in_future(at, "at", item.at, limit)
    return at


def _recorded(item: SentMeasurement | SentTicketEvent, now: UtcMicroseconds) -> UtcMicroseconds:
    """Return the instant that decides between two contents sent under one id: the later content is valid.

    * ``recorded_at`` of the item, if it has one;
    * otherwise, for an item with an id, the instant of its receipt (``now``);
    * otherwise 0.
    """
    if item.recorded_at is not None:
        return validate_instant(item.recorded_at, "recorded_at")
    return now if item.id is not None else 0


def _take_counted(
    item: SentMeasurement,
    indicator: Indicator,
    limit: UtcMicroseconds,
    now: UtcMicroseconds,
    rows: _Rows,
    facts: list[Fact],
) -> None:
    at = _at(item, limit)
    counted = value_validation.validate_measured_value(item, indicator, at, _recorded(item, now))
    if isinstance(counted, Fact):
        facts.append(counted)
    else:
        subject, value, out_of = counted
        rows.add(subject, at, value, math.nan if out_of is None else out_of)


def _state_fact(item: SentMeasurement, indicator: Indicator, limit: UtcMicroseconds, now: UtcMicroseconds) -> Fact:
    if indicator.kind != "availability":
        raise ItemRejected(
            "unsupported_kind", "indicator", indicator.key, "indicators of this kind take no measurements yet"
        )
    wrong = next((name for name in ("value", "values", "failed") if getattr(item, name) is not None), None)
    if wrong is not None:
        remedy = f"indicator {indicator.key} takes a state, ok or an outage"
        raise ItemRejected("wrong_kind", wrong, getattr(item, wrong), remedy)
    body: dict[str, Any]
    if item.outage is not None:
        at, body = _outage(item.outage, limit)
    else:
        at = _at(item, limit)
        body = {"state": _state(item)}
        if item.previous is not None:
            body["previous"] = _known_state(item.previous, "previous", STATES | {UNOBSERVED})
    if labels := value_validation.read_measurement_labels(item):
        body["labels"] = labels
    rejections.check_revision_range(item.revision)
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, "source": item.source, **body})
    return Fact(indicator.subject, own, at, body, item.revision, _recorded(item, now))


def _recovery_fact(item: SentMeasurement, indicator: Indicator, limit: UtcMicroseconds, now: UtcMicroseconds) -> Fact:
    at, body = recovery_validation.validate_recovery_measurement(item, indicator)
    check_instant_not_in_future(at, "recovery.service_restored", (item.recovery or {}).get("service_restored"), limit)
    rejections.check_revision_range(item.revision)
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, "source": item.source, **body})
    return Fact(indicator.subject, own, at, body, item.revision, _recorded(item, now))


def _state(item: SentMeasurement) -> str:
    if item.ok is not None and item.state is None:
        return UP if item.ok else DOWN
    if item.state is None:
        raise ItemRejected("no_state", "state", None, f"send a state of {', '.join(sorted(STATES))}, ok, or an outage")
    return _known_state(item.state, "state", STATES)


def _known_state(state: str, name: str, states: Iterable[str]) -> str:
    if state not in states:
        raise ItemRejected("unsupported_state", name, state, f"use one of {', '.join(sorted(states))}")
    return state


def _outage(outage: Mapping[str, datetime], limit: UtcMicroseconds) -> tuple[int, dict[str, Any]]:
    if outage.keys() != {"from", "to"}:
        raise ItemRejected("no_interval", "outage", sorted(outage), "give the outage's from and to")
    start, end = (validate_instant(outage[name], f"outage.{name}") for name in ("from", "to"))
    if end < start:
        raise ItemRejected("reversed_interval", "outage.to", str(outage["to"]), "an outage ends at or after its start")
    check_instant_not_in_future(end, "outage.to", outage["to"], limit)
    return start, {"from": start, "to": end}


def validate_ticket_events(
    items: Iterable[tuple[int, SentTicketEvent]], owner: str | None, now: UtcMicroseconds, may_name_owner: bool
) -> tuple[list[Fact], list[IntakeRejection]]:
    """Validate ticket events one by one. ``items`` are pairs (index, item). Return the facts, and the rejections, each
    with the index of its item.

    ``owner`` is the party that owns the tickets of items that name no owner; None: every item must name one.
    """
    facts: list[Fact] = []
    refused: list[IntakeRejection] = []
    for index, item in items:
        try:
            facts.append(_ticket_fact(item, owner, now, may_name_owner))
        except ItemRejected as refusal:
            refused.append(IntakeRejection(index, *refusal.parts))
    return facts, refused


def _ticket_fact(item: SentTicketEvent, owner: str | None, now: UtcMicroseconds, may_name: bool) -> Fact:
    party = item.owner or owner
    if party is None:
        raise ItemRejected("no_owner", "owner", None, "name the party that owns the ticket")
    if party != owner and not may_name:
        raise ItemRejected("foreign_party", "owner", item.owner, "send tickets of your own party only")
    if party != owner:
        rejections.check_party_id(party, "owner")
    rejections.check_storable_names(source=item.source, ticket=item.ticket, id=item.id)
    rejections.check_text_length_and_storability(rejections.LONGEST_NAME, event=item.event)
    if "/" in item.source:
        raise ItemRejected("bad_name", "source", item.source, "a source has no slash")
    rejections.check_revision_range(item.revision)
    if item.sequence is not None and abs(item.sequence) >= 2**63:
        raise ItemRejected("bad_sequence", "sequence", item.sequence, "number events within 64 bits")
    given = {name: getattr(item, name) for name in TICKET_FIELD_ATTRIBUTES}
    named = {name: value for name, value in given.items() if value is not None}
    rejections.check_text_length_and_storability(rejections.LONGEST_NAME, state=item.state, **named)
    rejections.check_ticket_attributes(item.attributes)
    if item.event not in ticket_events.EVENTS:
        raise ItemRejected(
            "unsupported_event", "event", item.event, f"use one of {', '.join(sorted(ticket_events.EVENTS))}"
        )
    at = validate_instant(item.at, "at")
    check_instant_not_in_future(at, "at", item.at, now + FUTURE_LIMIT)
    attributes = {**(item.attributes or {}), **named}
    attributes.setdefault("source", item.source)
    body: dict[str, Any] = {
        "event": item.event,
        "state": item.state,
        "sequence": item.sequence,
        "attributes": attributes,
    }
    own = build_fact_key_from_source_id(item) or hash_fact_content({"at": at, **body})
    return Fact(f"{party}/{item.source}/{item.ticket}", own, at, body, item.revision, _recorded(item, now))
