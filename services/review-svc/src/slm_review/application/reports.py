"""The storing of published service reports, for the agendas of reviews."""

from __future__ import annotations

from slm_events.report import ReportPublished
from slm_review.application import agenda
from slm_review.application.ledger import Ledger
from slm_review.domain import findings


async def keep_report(ledger: Ledger, event: ReportPublished) -> None:
    """Store a period's report in its highest revision, and put it on agendas."""
    await ledger.lock(event.agreement_id)
    report = findings.published_report_of(event)
    known = await ledger.reports.get(report.report_id)
    if known is not None and known.revision >= report.revision:
        return
    await ledger.reports.put(report)
    await agenda.add_report(ledger, report)
