"""Back-tests of revisions: monitor-svc is asked for them by an event, and its results become part of the check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from slm_agreement.application import document_names
from slm_agreement.application.ledger import Ledger, LedgerFactory
from slm_agreement.domain.checks import offered_measurements, revision_backtest
from slm_agreement.domain.checks.revision_backtest import RevisionBacktest
from slm_agreement.domain.documents.document import closing_delay_seconds
from slm_agreement.domain.errors import Finding
from slm_agreement.domain.versions.agreement import Version
from slm_chassis.identity import new_id
from slm_events import instants
from slm_events.backtests import BacktestRequested, TargetBacktested


async def request_backtest(ledger: Ledger, version: Version, others: Sequence[Version]) -> RevisionBacktest:
    """Publish the request for a back-test of a version's current revision, and forget the results of an earlier one.

    ``others`` are the agreement's other versions. No target is tested whose measurements a reader of the result may
    not see.
    """
    identity, document = version.identity, version.current.document
    names = await document_names.read_names_at_signing(ledger, identity)
    withheld = offered_measurements.find_withheld_targets(version, others)
    both = (identity.provider_party_id, identity.customer_party_id)
    hidden_from = next((party for party in both if not version.visible_to(party)), None)
    backtest = RevisionBacktest(
        version.current.hash, identity.agreement_id, version.number, new_id(), ledger.now, withheld
    )
    await ledger.backtests.put(backtest)
    ledger.publish(
        BacktestRequested(
            backtest_id=backtest.backtest_id,
            agreement_id=identity.agreement_id,
            version=version.number,
            kind=identity.kind,
            revision_hash=backtest.revision_hash,
            provider_party_id=identity.provider_party_id,
            customer_party_id=identity.customer_party_id,
            hidden_from_party_id=hidden_from,
            service_id=identity.service_id,
            service_key=names.service_key,
            service_external_refs=[dict(each) for each in names.service_refs],
            customer_key=names.customer_key,
            customer_external_refs=[dict(each) for each in names.customer_refs],
            timezone=document["timezone"],
            closing_delay_seconds=closing_delay_seconds(document),
            expires_at=document["term"]["expires_at"],
            service_hours=document["service_hours"],
            targets=document["targets"],
            credits=[{"key": key, **terms} for key, terms in document.get("credit_schedules", {}).items()],
            period_charge=document.get("period_charge", {}),
            critical_periods=document.get("critical_periods", []),
            targets_to_test=[target["key"] for target in document["targets"] if target["key"] not in withheld],
            requested_at=instants.to_text(ledger.now),
        )
    )
    return backtest


async def keep_backtest_result(ledger: Ledger, event: TargetBacktested) -> None:
    """Store the result of one target, unless a newer back-test of the revision was asked for."""
    await ledger.lock(event.agreement_id)
    known = await ledger.backtests.get(event.revision_hash)
    if known is not None and revision_backtest.is_answer_to(known, event):
        await ledger.backtests.put(revision_backtest.add_result(known, asdict(event)))


async def find_backtest_findings(ledger: Ledger, version: Version) -> list[Finding]:
    """Return the findings about measurements of a version's current revision."""
    known = await ledger.backtests.get(version.current.hash)
    return revision_backtest.find_backtest_findings(version, known)


async def read_backtest(ledgers: LedgerFactory, version: Version) -> RevisionBacktest | None:
    """Read the newest back-test of a version's current revision; None if nobody has asked for it."""
    async with ledgers.begin() as ledger:
        return await ledger.backtests.get(version.current.hash)
