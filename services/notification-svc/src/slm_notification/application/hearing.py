"""The intake of events: stores each event that a party with an endpoint may see, and its deliveries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from slm_chassis.clock import real_now
from slm_events.catalogue import PUBLISHED
from slm_events.envelope import Envelope, schema_uri, to_json
from slm_events.instants import from_text
from slm_notification.application.ports import NewDelivery, NotificationLedger
from slm_notification.domain import channels
from slm_notification.domain.endpoints import HeardEvent, party_ids_named


async def keep_heard_events(ledger: NotificationLedger, envelopes: Sequence[Envelope], keep_microseconds: int) -> None:
    """Store the events that a party with an endpoint may see, and a delivery for each endpoint that wants an event.

    An endpoint that is gone gets no deliveries, but its party's events are stored, so that a replay can send them when
    the endpoint is active again. An endpoint gets no event that was recorded before the endpoint was made. Events older
    than ``keep_microseconds`` are ignored, because after a long stop the service may read events of years.
    """
    seen_by = [PUBLISHED[type(each.data)].parties_who_see(_parties_in(each.data)) for each in envelopes]
    endpoints = await ledger.endpoints_of({party_id for each in seen_by for party_id in each})
    if not endpoints:
        return
    owners = {each.party_id for each in endpoints}
    # The bodies are made only now: that costs more than the checks above, and most installations have few endpoints.
    heard = [
        heard_event(each, ledger.now)
        for each, parties in zip(envelopes, seen_by, strict=True)
        if not owners.isdisjoint(parties)
    ]
    heard = [each for each in heard if each.recorded_at >= ledger.now - keep_microseconds]
    await ledger.keep_events(heard)
    deliveries = [
        NewDelivery(endpoint, event)
        for event in heard
        for endpoint in endpoints
        if endpoint.state != "gone" and event.recorded_at >= endpoint.created_at and channels.wants(endpoint, event)
    ]
    await ledger.add_deliveries(deliveries, real_now())


def heard_event(envelope: Envelope, now: int) -> HeardEvent:
    """Return an event with its text as it is sent (a CloudEvent as JSON) and the parties who may see the event.

    The catalogue of events decides who may see an event, here and in the live stream. If the event has no instant of
    recording, ``now`` is used.
    """
    event = envelope.data
    row = PUBLISHED[type(event)]
    named = _parties_in(event)
    return HeardEvent(
        event_id=envelope.id,
        event_type=envelope.type,
        agreement_id=getattr(event, "agreement_id", None),
        service_id=getattr(event, "service_id", None),
        party_ids=row.parties_who_see(named),
        named_party_ids=party_ids_named(named, row.parties),
        recorded_at=from_text(envelope.recorded_at) if envelope.recorded_at else now,
        body=cloud_event(envelope),
    )


def _parties_in(event: Any) -> dict[str, Any]:
    """Return the fields of an event that name parties, and the party from which it is hidden."""
    row = PUBLISHED[type(event)]
    return {name: getattr(event, name, None) for name in (*row.parties, "hidden_from_party_id")}


def cloud_event(envelope: Envelope) -> str:
    """Return an event as a CloudEvent in JSON (structured mode)."""
    attributes = {
        "specversion": "1.0",
        "id": envelope.id,
        "type": envelope.type,
        "source": envelope.source,
        "subject": envelope.subject,
        "time": envelope.time,
        "recordedtime": envelope.recorded_at,
        "correlationid": envelope.correlation_id,
        "datacontenttype": "application/json",
        "dataschema": schema_uri(envelope.type),
    }
    head = json.dumps({name: value for name, value in attributes.items() if value}, separators=(",", ":"))
    return f'{head[:-1]},"data":{to_json(envelope.data).decode()}}}'
