"""A task that runs once in the life of an installation: it publishes objects recorded before their event existed."""

from __future__ import annotations

from slm_agreement.application.ledger import LedgerFactory

_PEOPLE = "people published"


async def publish_known_people(ledgers: LedgerFactory) -> None:
    """Publish all people, and all principals that have ended, unless that was done before.

    Older versions of the product published no people, and their events do not say that a principal has ended. Without
    this task, other services would not know the people, and would send mails to somebody who left long ago.
    """
    async with ledgers.begin() as ledger:
        if not await ledger.is_first_time(_PEOPLE):
            return
        for person in await ledger.people.find():
            ledger.publish(person.recorded())
        for principal in await ledger.principals.find():
            if principal.ends_at is not None:
                ledger.publish(principal.enrolled())
