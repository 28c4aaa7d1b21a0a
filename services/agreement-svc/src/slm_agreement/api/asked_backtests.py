"""``/api/v1/agreements/{id}/backtest``: ask for a back-test of a revision that is not signed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from slm_agreement.api.dependencies import TheLedgers
from slm_agreement.api.responses.backtests import RevisionBacktestResponse
from slm_agreement.application import asked_backtests
from slm_agreement.domain.checks import revision_backtest
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation

NegotiatedNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="By default the version negotiated now")]

router = APIRouter(prefix="/api/v1/agreements", tags=["agreements"])


@router.post(
    "/{agreement_id}/backtest",
    **operation(
        "Back-test a revision that is not signed",
        RevisionBacktestResponse,
        "not-allowed",
        "wrong-state",
        "invalid",
        status=202,
    ),
)
async def start_backtest(
    agreement_id: str, caller: Caller, ledgers: TheLedgers, version: NegotiatedNumber = None
) -> dict[str, Any] | None:
    """Start to evaluate the terms over the last twelve windows of stored measurements.

    Without `version`, the version being negotiated is tested. The result becomes part of the check within seconds. A
    proposed revision is tested without being asked for; ask again for newer measurements. While a back-test is running,
    that one is returned and none is started.
    """
    chosen, backtest = await asked_backtests.start_backtest(ledgers, caller, agreement_id, version)
    return revision_backtest.backtest_document(chosen, backtest)
