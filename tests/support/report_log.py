"""Events appended to the log that report-svc reads, as their publishers append them."""

from __future__ import annotations

from typing import Any

from slm_chassis.identity import named_id
from slm_chassis.log.port import EventLog, Record
from slm_events.agreement import AgreementTerms
from slm_events.catalogue import PUBLISHED
from slm_events.envelope import Envelope, to_headers, to_json
from slm_events.monitor import AgreementCaughtUp
from tests.support.report import AGREEMENT


def caught_up(event: AgreementTerms, breach_events: int = 0) -> AgreementCaughtUp:
    """Return monitor-svc's event that it has evaluated the recorded past by these terms."""
    return AgreementCaughtUp(
        agreement_id=event.agreement_id,
        agreement_version=event.version,
        provider_party_id=event.provider_party_id,
        customer_party_id=event.customer_party_id,
        breach_events=breach_events,
        caught_up_at=event.effective_at,
    )


async def tell(log: EventLog, *events: Any, twice: bool = False, catch_up: bool = True) -> None:
    """Append events to their topics as their publishers would. ``twice``: append each a second time.

    ``catch_up``: after signed terms also append monitor-svc's event that it has evaluated the past.
    """
    with_marks = [
        each
        for event in events
        for each in ([event, caught_up(event)] if catch_up and isinstance(event, AgreementTerms) else [event])
    ]
    for event in with_marks:
        row = PUBLISHED[type(event)]
        envelope = Envelope(
            id=named_id(AGREEMENT, row.type, repr(event)),
            source="/slm/test/monitor",
            type=row.type,
            subject=str(getattr(event, row.subject_field)),
            time="",
            recorded_at="",
            data=event,
        )
        record = Record(str(getattr(event, row.key_field)), to_json(event), to_headers(envelope))
        await log.append(row.topic.name, [record] * (2 if twice else 1))
