"""The intake of events for mails: stores people, titles and causes, and a delivery to each person who is told of an
event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slm_chassis.clock import real_now
from slm_events.agreement import AgreementTerms, NegotiationEvent, PersonRecorded, PrincipalEnrolled
from slm_events.causes import CauseRevised
from slm_events.envelope import Envelope
from slm_events.instants import from_text
from slm_events.record_marks import mark_of_terms
from slm_notification.application.mail_ports import MailLedger, NewMailDelivery
from slm_notification.domain.notices import Notice, notice_of, parties_told
from slm_notification.domain.readers import Reader, next_digest


async def keep_mails(ledger: MailLedger, envelopes: Sequence[Envelope], oldest_age: int | None) -> None:
    """Store people, titles and causes, and a delivery to each person who is told of one of these events.

    ``oldest_age``: nobody is told of events that were recorded more than this many microseconds ago, because the
    service may read years of events after a long stop. If ``oldest_age`` is None, this installation sends no mails.
    """
    await _learn(ledger, [each.data for each in envelopes])
    if oldest_age is None:
        return
    told = [
        (each, notice, parties)
        for each in envelopes
        if (notice := notice_of(each.data)) is not None
        and (not each.recorded_at or from_text(each.recorded_at) >= ledger.now - oldest_age)
        and (parties := parties_told(each.data, notice))
    ]
    if not told:
        return
    readers: dict[str, list[Reader]] = {}
    for reader in await ledger.readers_of({party_id for _, _, parties in told for party_id in parties}):
        readers.setdefault(reader.party_id, []).append(reader)
    deliveries = [
        delivery
        for envelope, notice, parties in told
        for party_id in parties
        for reader in readers.get(party_id, ())
        if (delivery := _delivery(ledger, envelope, notice, reader)) is not None
    ]
    await ledger.add_mail_deliveries(deliveries)


def _delivery(ledger: MailLedger, envelope: Envelope, notice: Notice, reader: Reader) -> NewMailDelivery | None:
    when = reader.when(notice)
    if when == "never":
        return None
    wait = next_digest(ledger.now, reader.time_zone) - ledger.now if when == "digest" else 0
    return NewMailDelivery(
        reader=reader,
        event_id=envelope.id,
        event_type=envelope.type,
        agreement_id=getattr(envelope.data, "agreement_id", None),
        notice=notice,
        is_digest=when == "digest",
        due_at=real_now() + wait,
    )


def _title(event: NegotiationEvent | AgreementTerms) -> str:
    """Return the title of an agreement; that of an agreement on record contains the mark, for every mail about it."""
    mark = mark_of_terms(event) if isinstance(event, AgreementTerms) else None
    return event.title if mark is None else f"{event.title} ({mark['says']})"


async def _learn(ledger: MailLedger, events: Sequence[Any]) -> None:
    people = {each.person_id: each for each in events if isinstance(each, PersonRecorded)}
    await ledger.put_people(
        [
            {"person_id": each.person_id, "party_id": each.party_id, "name": each.name, "email": each.email}
            for each in people.values()
        ]
    )
    principals = {each.principal_id: each for each in events if isinstance(each, PrincipalEnrolled) and each.person_id}
    await ledger.put_principals(
        [
            {
                "principal_id": each.principal_id,
                "person_id": each.person_id,
                "roles": list(each.roles),
                "ends_at": from_text(each.ends_at) if each.ends_at else None,
            }
            for each in principals.values()
        ]
    )
    titled = [each for each in events if isinstance(each, NegotiationEvent | AgreementTerms)]
    await ledger.put_titles({each.agreement_id: _title(each) for each in titled})
    await ledger.put_causes(
        {
            (each.party_id, finding_id): each.cause_id
            for each in events
            if isinstance(each, CauseRevised)
            for finding_id in (*each.breach_ids, *each.risk_ids)
        }
    )
