"""Back-tests that a party asks for: of its own draft, or of a proposed revision once more."""

from __future__ import annotations

from slm_agreement.application import agreements, backtests, callers
from slm_agreement.application.ledger import LedgerFactory
from slm_agreement.domain.checks import revision_backtest
from slm_agreement.domain.checks.revision_backtest import RUNNING, RevisionBacktest
from slm_agreement.domain.errors import WrongState
from slm_agreement.domain.versions.agreement import OPEN, Version
from slm_chassis.access import Principal


async def start_backtest(
    ledgers: LedgerFactory, caller: Principal, agreement_id: str, number: int | None
) -> tuple[Version, RevisionBacktest]:
    """Ask for a back-test of the current revision of a version; return both.

    ``number`` None: the version being negotiated. While a back-test of the revision is running, that one is returned.
    Raises WrongState if the version is signed or withdrawn, and NotAllowed unless the caller is a manager of a party.
    """
    callers.require_manager(caller)
    async with ledgers.begin() as ledger:
        versions = await agreements.lock_visible_versions(ledger, caller, agreement_id)
        versions[0].identity.side_of(caller.party_id)
        version = agreements.choose_negotiated_version(versions, number)
        if version.state not in OPEN:
            raise WrongState(f"Version {version.number} is {version.state}: only terms that are not signed are tested.")
        known = await ledger.backtests.get(version.current.hash)
        document = revision_backtest.backtest_document(version, known)
        if known is not None and document is not None and document["state"] == RUNNING:
            return version, known
        others = [each for each in await ledger.agreements.versions(agreement_id) if each.number != version.number]
        return version, await backtests.request_backtest(ledger, version, others)
