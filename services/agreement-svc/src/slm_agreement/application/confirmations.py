"""Confirmations: the signed agreements that replace a contract on record."""

from __future__ import annotations

from slm_agreement.application.ledger import Ledger
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import Version


async def end_confirmed_record(ledger: Ledger, version: Version) -> None:
    """Let the record that a finalized version confirms end when the version takes effect.

    For an agreement that confirms no record, and for an amendment, this does nothing.
    """
    record_id = version.identity.confirms_agreement_id
    if record_id is None or version.effective_at is None or version.number > 1:
        return
    await ledger.lock(record_id)
    versions = await ledger.agreements.versions(record_id)
    reason = f"Confirmed and signed as agreement {version.identity.agreement_id}"
    if not term.end_record(versions, version.effective_at, reason):
        return
    for each in versions:
        await ledger.agreements.save(each)
    detail = {"agreement_id": version.identity.agreement_id, "at": version.effective_at}
    # Not in the name of the signatory, whose party does not know of the record.
    await ledger.note(None, "agreement.confirm", record_id, detail)
