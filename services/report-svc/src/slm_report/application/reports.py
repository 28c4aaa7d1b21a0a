"""Reports: built on request, published when their period is complete, revised when something new is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.database import Transaction
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.lag import ConsumerPosition as Lagging
from slm_events import instants
from slm_report.application.ports import Agenda, Desk, ReceivedFacts, Reports, StoredReport
from slm_report.domain import lines, publication, service_report, terms_line
from slm_report.domain.errors import OutsideTerm, UnknownAgreement
from slm_report.domain.periods import Period
from slm_report.domain.publication import INTERIM_REVISION
from slm_report.domain.service_report import INTERIM, PUBLISHED
from slm_report.domain.terms_line import Term
from slm_report.domain.to_date import ToDate

PERIODS_A_TURN = 12
"""Periods settled in one transaction; an agreement heard years after it began takes several."""


class ReportFailure(Exception):
    """An agreement's reports could not be made; the cause is beside it. The others are not to wait for it."""

    def __init__(self, agreement_id: str) -> None:
        super().__init__(f"reports of agreement {agreement_id} could not be made")
        self.agreement_id = agreement_id


async def build_now(
    desk: Desk, caller: Principal, key: str, agreement_id: str, period_id: str | None
) -> tuple[StoredReport, bool]:
    """Build a period's report: published if the period is complete, else interim, with the figures as of now.

    Without ``period_id`` the period of the present instant; ``key`` is the caller's, whose rights the figures are
    read with. Returns the report and whether this call made it. Raises UnknownAgreement, NoSuchPeriod, OutsideTerm,
    FiguresUnavailable, FiguresForbidden.
    """
    lag = await desk.lag()
    made = await _build(desk, caller, agreement_id, period_id, lag, None)
    if not isinstance(made, Period):
        return made
    to_date = await desk.figures.to_date(key, agreement_id, made, lag.until_at)
    built = await _build(desk, caller, agreement_id, made.id, lag, to_date)
    assert not isinstance(built, Period)
    return built


async def _build(
    desk: Desk, caller: Principal, agreement_id: str, period_id: str | None, lag: Lagging, to_date: ToDate | None
) -> tuple[StoredReport, bool] | Period:
    """One try in one transaction; the period where its report needs figures to date that were not given."""
    async with desk.database.begin() as transaction:
        heard, reports = desk.heard(transaction), desk.reports(transaction)
        terms = await _terms(heard, agreement_id)
        if not terms or not caller.may_see(terms[-1].terms.provider_party_id, terms[-1].terms.customer_party_id):
            raise UnknownAgreement(agreement_id)
        period = _asked_for(terms, period_id, transaction.now)
        agenda = await reports.lock_agenda(agreement_id, lag, desk.quiet_seconds)
        is_settled = agenda.quiet and not agenda.importing
        until = lag.until_at if is_settled else None
        return await _write(transaction, heard, reports, terms, period, until=until, to_date=to_date) or period


async def settle_next(desk: Desk) -> bool:
    """Publish or revise what is due or stale of one agreement; False where none waits. Raises ReportFailure."""
    lag = await desk.lag()
    if lag.until_at is None:
        return False
    async with desk.database.begin() as transaction:
        reports = desk.reports(transaction)
        agenda = await reports.next_agenda(lag, desk.quiet_seconds)
        if agenda is None:
            return False
        try:
            settled = await _settle(transaction, desk.heard(transaction), reports, agenda, lag.until_at)
            await reports.settle_agenda(settled)
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            raise ReportFailure(agenda.agreement_id) from error
        return True


async def postpone(desk: Desk, agreement_id: str, seconds: float) -> None:
    """Leave an agreement alone for a while, so that the others are settled."""
    async with desk.database.begin() as transaction:
        await desk.reports(transaction).postpone(agreement_id, seconds)


async def _settle(
    transaction: Transaction, heard: ReceivedFacts, reports: Reports, agenda: Agenda, until: int
) -> Agenda:
    """``until``: everything that was in the log at this instant has been heard."""
    terms = await _terms(heard, agenda.agreement_id)
    if not terms:
        return Agenda(agenda.agreement_id, None, None, None)
    first, end = terms_line.life(terms)
    period = terms_line.period_at(terms, _since(agenda, first, end))
    for _ in range(PERIODS_A_TURN):
        if period.start >= (end or period.end) or terms_line.due_at(terms, period) > until:
            stale_from = None
            break
        await _write(transaction, heard, reports, terms, period, until=until)
        period = terms_line.period_at(terms, period.end)
    else:
        stale_from = period.start
    due_at = None if period.start >= (end or period.end) else terms_line.due_at(terms, period)
    return Agenda(agenda.agreement_id, stale_from, max(period.start, agenda.settled_until or period.start), due_at)


def _since(agenda: Agenda, first: int, end: int | None) -> int:
    """The earliest instant whose period has to be looked at, inside the agreement's life."""
    since = first if agenda.settled_until is None else agenda.settled_until
    if agenda.stale_from is not None:
        since = min(since, agenda.stale_from)
    return max(first, since if end is None else min(since, end - 1))


async def _write(
    transaction: Transaction,
    heard: ReceivedFacts,
    reports: Reports,
    terms: Sequence[Term],
    period: Period,
    *,
    until: int | None,
    to_date: ToDate | None = None,
) -> tuple[StoredReport, bool] | None:
    """Write the period's report if it says something new, and whether it did; None where it is not complete.

    Complete is what was due by ``until``, up to which everything has been heard, with all of its windows closed;
    until None: nothing is, as more is known to come. What is not complete is written as an interim report where
    ``to_date`` gives the figures of its open windows.
    """
    agreement_id = terms[-1].terms.agreement_id
    report_id = publication.report_id(agreement_id, period.id)
    facts = await heard.facts(agreement_id, period, lines.TREND_WINDOWS)
    due_at = terms_line.due_at(terms, period)
    complete = until is not None and until >= due_at and not service_report.missing_windows(terms, facts, period)
    before = await reports.newest(report_id, state=PUBLISHED)
    if not complete:
        if before is not None:
            return before, False
        if to_date is None:
            return None
    state, as_of = (PUBLISHED, due_at) if complete or to_date is None else (INTERIM, to_date.as_of)
    told = None if complete else to_date
    document = service_report.build(terms, facts, period, state=state, as_of=as_of, to_date=told).document()
    stored = StoredReport(
        report_id=report_id,
        revision=(before.revision if before else 0) + 1 if complete else INTERIM_REVISION,
        agreement_id=agreement_id,
        period=period.id,
        state=state,
        verdict=document["verdict"],
        digest=publication.digest(document),
        document=document,
        changes=_changes(before, document) if complete else [],
        built_at=transaction.now,
        figures=None if told is None else told.text,
    )
    if before is not None and before.digest == stored.digest:
        return before, False
    await reports.save(stored)
    if complete:
        told_at = instants.to_text(transaction.now)
        transaction.publish(publication.published(report_id, stored.revision, document, told_at))
    return stored, True


def _changes(before: StoredReport | None, document: dict[str, Any]) -> list[dict[str, Any]]:
    return [asdict(change) for change in publication.changes(before.document if before else None, document)]


async def _terms(heard: ReceivedFacts, agreement_id: str) -> list[Term]:
    return terms_line.line(await heard.versions(agreement_id), await heard.ends(agreement_id))


def _asked_for(terms: Sequence[Term], period_id: str | None, now: int) -> Period:
    first, end = terms_line.life(terms)
    period = terms_line.period_named(terms, period_id) if period_id else terms_line.period_at(terms, now)
    if period.end <= first or (end is not None and period.start >= end) or period.start > now:
        until = "open end" if end is None else instants.to_text(end)
        raise OutsideTerm(
            f"{period.id} is not a past or present period of its term, {instants.to_text(first)} – {until}"
        )
    return period
