"""Automatic changes of agreements: they come into force, expire or end, or the deadline of an answer passes."""

from __future__ import annotations

from typing import Any

from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.domain.contracting import deadlines
from slm_agreement.domain.versions import term


async def apply_due_changes(ledgers: LedgerFactory) -> int:
    """Apply all automatic changes that are due, each agreement in its own transaction; return how many changes were
    applied.

    Several replicas may call this at the same time: each change is applied once.
    """
    turns = 0
    for agreement_id in await ledgers.due():
        async with ledgers.begin() as ledger:
            await ledger.lock(agreement_id)
            versions = await ledger.agreements.versions(agreement_id)
            turned: list[tuple[int, Any]] = term.apply_due_state_changes(versions, ledger.now)
            missed = deadlines.mark_missed_answers(versions, ledger.now)
            for version in versions:
                await ledger.agreements.save(version)
            for at, event in turned:
                ledger.publish(event, at=at)
                detail = {"version": event.version, "event": type(event).__name__}
                await ledger.note(None, "agreement.turn", agreement_id, detail)
            for answer in missed:
                ledger.publish(answer, event_id=deadlines.missed_answer_event_id(answer))
                detail = {"version": answer.version, "event": type(answer).__name__}
                await ledger.note(None, "agreement.turn", agreement_id, detail)
            turns += len(turned) + len(missed)
    return turns
