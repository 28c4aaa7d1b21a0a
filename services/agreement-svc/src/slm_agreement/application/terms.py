"""The changes of signed agreements that time brings about: they come into force, are superseded, expire or end."""

from __future__ import annotations

from slm_agreement.application.ledger import Desk
from slm_agreement.domain.versions import term


async def turn_due(desk: Desk) -> int:
    """Apply all changes that are due, each agreement in its own transaction; return the number of changes.

    Several replicas may call it: the second finds that nothing is due.
    """
    turns = 0
    for agreement_id in await desk.due():
        async with desk.begin() as ledger:
            await ledger.lock(agreement_id)
            versions = await ledger.agreements.versions(agreement_id)
            turned = term.turn_due(versions, ledger.now)
            for version in versions:
                await ledger.agreements.save(version)
            for at, event in turned:
                ledger.publish(event, at=at)
                detail = {"version": event.version, "event": type(event).__name__}
                await ledger.note(None, "agreement.turn", agreement_id, detail)
            turns += len(turned)
    return turns
