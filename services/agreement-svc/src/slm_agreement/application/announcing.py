"""Publishing once what was recorded before there was an event for it."""

from __future__ import annotations

from slm_agreement.application.ledger import LedgerFactory

_PEOPLE = "people published"


async def publish_known_people(ledgers: LedgerFactory) -> None:
    """Publish all people, and all principals that have ended, unless that was done before.

    Earlier events have no people, and do not say that a principal has ended: somebody who left long ago would get
    mails.
    """
    async with ledgers.begin() as ledger:
        if not await ledger.is_first_time(_PEOPLE):
            return
        for person in await ledger.people.find():
            ledger.publish(person.recorded())
        for principal in await ledger.principals.find():
            if principal.ends_at is not None:
                ledger.publish(principal.enrolled())
