"""What time does to signed agreements: they take effect, are superseded, expire or end."""

from __future__ import annotations

from slm_agreement.application.ledger import Desk
from slm_agreement.domain import term


async def turn_due(desk: Desk) -> int:
    """Turns every agreement whose instant has come, each in its own transaction; gives how many turns there were.

    Any number of replicas may do this: whoever comes second finds nothing due any more.
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
