"""Reports: built on request, published when their period is complete, and revised when new facts arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.database import Transaction
from slm_chassis.faults import is_infrastructure_fault
from slm_chassis.lag import ConsumerPosition as Lagging
from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_report.application.ports import Agenda, Desk, ReceivedFacts, Reports, StoredReport
from slm_report.domain import lines, publication, service_report, terms_history
from slm_report.domain.errors import OutsideTerm, UnknownAgreement
from slm_report.domain.periods import Period
from slm_report.domain.publication import INTERIM_REVISION
from slm_report.domain.service_report import INTERIM, PUBLISHED, ServiceReport
from slm_report.domain.terms_history import Term
from slm_report.domain.to_date import FiguresToDate

PERIODS_A_TURN = 12
"""The most periods that are reported in one transaction. An agreement that is received years after its beginning needs
several.
"""


class ReportFailure(Exception):
    """The reports of one agreement could not be built; ``__cause__`` is the error. Reports of other agreements are not
    affected.
    """

    def __init__(self, agreement_id: str) -> None:
        super().__init__(f"reports of agreement {agreement_id} could not be made")
        self.agreement_id = agreement_id


@dataclass(frozen=True, slots=True)
class _OpenDesk:
    """The stores of facts and reports within one transaction."""

    transaction: Transaction
    heard: ReceivedFacts
    reports: Reports


def _open_desk(desk: Desk, transaction: Transaction) -> _OpenDesk:
    return _OpenDesk(transaction, desk.heard(transaction), desk.reports(transaction))


async def build_report_now(
    desk: Desk, caller: Principal, key: str, agreement_id: str, period_id: str | None
) -> tuple[StoredReport, bool]:
    """Build a period's report: a published one if the period is complete, else an interim one with the present figures.

    If ``period_id`` is None, build the report of the current period. ``key`` is the caller's API key, which is used to
    read the present figures.
    Returns the report and whether this call made it. Raises UnknownAgreement, NoSuchPeriod, OutsideTerm,
    FiguresUnavailable and FiguresForbidden.
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
    desk: Desk, caller: Principal, agreement_id: str, period_id: str | None, lag: Lagging, to_date: FiguresToDate | None
) -> tuple[StoredReport, bool] | Period:
    """Try to build and store the report in one transaction.

    Return the report and whether this call made it. If the report needs present figures and ``to_date`` is None, return
    the period for which they must be fetched.
    """
    async with desk.database.begin() as transaction:
        opened = _open_desk(desk, transaction)
        terms = await _terms(opened.heard, agreement_id)
        if not terms or not caller.may_see(terms[-1].terms.provider_party_id, terms[-1].terms.customer_party_id):
            raise UnknownAgreement(agreement_id)
        period = _asked_for(terms, period_id, transaction.now)
        agenda = await opened.reports.lock_agenda(agreement_id, lag, desk.quiet_seconds)
        is_settled = agenda.quiet and not agenda.importing
        until = lag.until_at if is_settled else None
        return await _write(opened, terms, period, until=until, to_date=to_date) or period


async def settle_next_agenda(desk: Desk) -> bool:
    """Publish or revise the due and stale reports of one agreement; return False if no agreement has any.

    Raises ReportFailure.
    """
    lag = await desk.lag()
    if lag.until_at is None:
        return False
    async with desk.database.begin() as transaction:
        opened = _open_desk(desk, transaction)
        agenda = await opened.reports.next_agenda(lag, desk.quiet_seconds)
        if agenda is None:
            return False
        try:
            settled = await _settle(opened, agenda, lag.until_at)
            await opened.reports.settle_agenda(settled)
        except Exception as error:
            if is_infrastructure_fault(error):
                raise
            raise ReportFailure(agenda.agreement_id) from error
        return True


async def postpone_agreement(desk: Desk, agreement_id: str, seconds: float) -> None:
    """Do not build an agreement's reports for some seconds, so that reports of other agreements are built meanwhile."""
    async with desk.database.begin() as transaction:
        await desk.reports(transaction).postpone(agreement_id, seconds)


async def _settle(opened: _OpenDesk, agenda: Agenda, until: UtcMicroseconds) -> Agenda:
    """Write reports of the agenda's periods, at most PERIODS_A_TURN; return the agenda with what is left to do.

    ``until``: everything that was in the log at this instant has been received.
    """
    terms = await _terms(opened.heard, agenda.agreement_id)
    if not terms:
        return Agenda(agenda.agreement_id, None, None, None)
    first, end = terms_history.agreement_term(terms)
    period = terms_history.period_at(terms, _since(agenda, first, end))
    for _ in range(PERIODS_A_TURN):
        if period.start >= (end or period.end) or terms_history.report_due_at(terms, period) > until:
            stale_from = None
            break
        await _write(opened, terms, period, until=until)
        period = terms_history.period_at(terms, period.end)
    else:
        stale_from = period.start
    due_at = None if period.start >= (end or period.end) else terms_history.report_due_at(terms, period)
    return Agenda(agenda.agreement_id, stale_from, max(period.start, agenda.settled_until or period.start), due_at)


def _since(agenda: Agenda, first: UtcMicroseconds, end: UtcMicroseconds | None) -> UtcMicroseconds:
    """Return an instant in the earliest period that must be reported, within the agreement's term from ``first`` to
    ``end`` (None: it has no end).
    """
    since = first if agenda.settled_until is None else agenda.settled_until
    if agenda.stale_from is not None:
        since = min(since, agenda.stale_from)
    return max(first, since if end is None else min(since, end - 1))


async def _write(
    opened: _OpenDesk,
    terms: Sequence[Term],
    period: Period,
    *,
    until: UtcMicroseconds | None,
    to_date: FiguresToDate | None = None,
) -> tuple[StoredReport, bool] | None:
    """Write the period's report if it changed; return the report and whether it changed.

    All events up to ``until`` have been received (None: more events are known to come). The period is complete if all
    its windows are closed and its report was due by ``until``.

    - Complete period: the report is published.
    - Incomplete, but published earlier: the published report is returned unchanged.
    - Incomplete and never published: an interim report with the figures of ``to_date`` is written. If ``to_date`` is
      None, nothing is written and None is returned.
    """
    agreement_id = terms[-1].terms.agreement_id
    facts = await opened.heard.facts(agreement_id, period, lines.TREND_WINDOWS)
    due_at = terms_history.report_due_at(terms, period)
    complete = until is not None and until >= due_at and not service_report.missing_windows(terms, facts, period)
    report_id = publication.report_id_of(agreement_id, period.id)
    before = await opened.reports.newest(report_id, state=PUBLISHED)
    if not complete:
        if before is not None:
            return before, False
        if to_date is None:
            return None
    if complete or to_date is None:
        report = service_report.build_service_report(terms, facts, period, state=PUBLISHED, as_of=due_at)
        stored = _published(report, opened.transaction.now, before)
    else:
        report = service_report.build_service_report(
            terms, facts, period, state=INTERIM, as_of=to_date.as_of, to_date=to_date
        )
        stored = replace(_stored(report, opened.transaction.now), figures=to_date.text)
    if before is not None and before.digest == stored.digest:
        return before, False
    await opened.reports.save(stored)
    if complete:
        published_at = instants.to_text(opened.transaction.now)
        opened.transaction.publish(
            publication.report_published_event(report_id, stored.revision, stored.document, published_at)
        )
    return stored, True


def _published(report: ServiceReport, now: UtcMicroseconds, before: StoredReport | None) -> StoredReport:
    """Return the next published revision of a report, with its differences from the previous revision ``before``.

    ``before`` is None for the first revision.
    """
    stored = _stored(report, now)
    return replace(stored, revision=(before.revision if before else 0) + 1, changes=_changes(before, stored.document))


def _stored(report: ServiceReport, now: UtcMicroseconds) -> StoredReport:
    """Return a report in the form that is stored, with the revision number of an interim report."""
    document = report.document()
    agreement_id, period_id = document["agreement"]["agreement_id"], document["period"]["id"]
    return StoredReport(
        report_id=publication.report_id_of(agreement_id, period_id),
        revision=INTERIM_REVISION,
        agreement_id=agreement_id,
        period=period_id,
        state=report.state,
        verdict=report.verdict,
        digest=publication.report_digest(document),
        document=document,
        changes=[],
        built_at=now,
    )


def _changes(before: StoredReport | None, document: dict[str, Any]) -> list[dict[str, Any]]:
    return [asdict(change) for change in publication.compare_revisions(before.document if before else None, document)]


async def _terms(heard: ReceivedFacts, agreement_id: str) -> list[Term]:
    return terms_history.build_terms_history(await heard.versions(agreement_id), await heard.ends(agreement_id))


def _asked_for(terms: Sequence[Term], period_id: str | None, now: UtcMicroseconds) -> Period:
    first, end = terms_history.agreement_term(terms)
    period = terms_history.period_named(terms, period_id) if period_id else terms_history.period_at(terms, now)
    if period.end <= first or (end is not None and period.start >= end) or period.start > now:
        until = "open end" if end is None else instants.to_text(end)
        raise OutsideTerm(
            f"{period.id} is not a past or present period of its term, {instants.to_text(first)} – {until}"
        )
    return period
