"""Service reports as they are published: something to talk about."""

from __future__ import annotations

from slm_events.report import ReportPublished
from slm_review.application import agenda
from slm_review.application.ledger import Ledger
from slm_review.domain import findings


async def keep_report(ledger: Ledger, event: ReportPublished) -> None:
    """A period's report; of its revisions the highest counts."""
    await ledger.lock(event.agreement_id)
    report = findings.reported(event)
    known = await ledger.reports.get(report.report_id)
    if known is not None and known.revision >= report.revision:
        return
    await ledger.reports.put(report)
    await agenda.add_report(ledger, report)
