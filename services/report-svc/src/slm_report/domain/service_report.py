"""The building of a period's service report: a pure function of the received facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from slm_events import instants
from slm_events.instants import UtcMicroseconds
from slm_events.monitor import WindowClosed
from slm_events.record_marks import mark_of_terms
from slm_report.domain import findings, lines, terms_history, ticket_lines
from slm_report.domain import to_date as to_dates
from slm_report.domain.facts import Facts, belongs_to_period
from slm_report.domain.lines import ReportLine, ReportScope
from slm_report.domain.periods import Period
from slm_report.domain.terms_history import Term, Window
from slm_report.domain.to_date import FiguresToDate

_WORST_FIRST = ("breached", "at_risk", "no_data", "met")
INTERIM = "interim"
PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport:
    """The content of a service report. All of it follows from the facts up to ``as_of``."""

    state: str
    """``interim`` while a window of the period is open, else ``published``."""
    verdict: str
    """The worst verdict of the lines, in this order: ``breached``, ``at_risk``, ``no_data``, ``met``."""
    as_of: str
    agreement: dict[str, Any]
    provider: dict[str, str]
    customer: dict[str, str]
    service: dict[str, str]
    period: dict[str, str]
    lines: list[ReportLine]
    breaches: list[dict[str, Any]]
    breach_count: int
    """The number of valid breaches that belong to this period."""
    breaches_going_on: int
    """The number of breaches of earlier periods that had not recovered when this period began."""
    risks: list[dict[str, Any]]
    plans_averted: int
    plans_ended: int
    actions: list[dict[str, Any]]
    figures: dict[str, Any] | None
    """The reference of an interim report to monitor-svc's answer with its figures: the answer's instant, log position
    and digest. None for a published report.
    """

    def document(self) -> dict[str, Any]:
        """Return the report as JSON.

        A line has ``no_data_reason`` only if there is one, so that reports from before this field was added keep their
        digest and get no new revision.
        """
        document = asdict(self)
        for line in document["lines"]:
            if line["no_data_reason"] is None:
                del line["no_data_reason"]
        return document


def missing_windows(terms: Sequence[Term], facts: Facts, period: Period) -> list[str]:
    """Return the windows that end in the period and are not closed yet, each as text such as ``availability 2026-11``.

    Empty if all are closed.
    """
    closed = facts.closed()
    ending = terms_history.windows_ending_in(terms_history.calendar_windows(terms, period), period)
    return [f"{window.target['key']} {window.id}" for window in ending if not _is_closed(window, closed)]


def _is_closed(window: Window, closed: Mapping[tuple[str, str], WindowClosed]) -> bool:
    """Whether the window is closed.

    A target with ``group_by`` has no window of its own. Its window counts as closed if the target has no instances, or
    if one of the instances has closed this window.
    """
    if not window.target.get("group_by"):
        return window.key in closed
    mine = [each for each in closed.values() if each.target_key.startswith(f"{window.target['key']}[")]
    # The values of a label are not known in advance. Without an instance there is nothing to wait for.
    return not mine or any(each.window_id == window.id for each in mine)


def build_service_report(
    terms: Sequence[Term],
    facts: Facts,
    period: Period,
    *,
    state: str,
    as_of: UtcMicroseconds,
    to_date: FiguresToDate | None = None,
) -> ServiceReport:
    """Return the report of a period. ``terms`` are all versions of the agreement; facts after ``as_of`` are ignored.

    ``to_date`` has the figures, breaches and warnings of open windows for an interim report; it is None for a published
    report. Breaches and warnings of ``to_date`` replace those of the facts, except withdrawn breaches.
    """
    if to_date is not None:
        facts = _with_findings(facts, to_date)
    facts = facts.until(min(as_of, period.end - 1))
    report_lines = _lines(terms, ReportScope(facts, period, as_of, _names(terms)), to_date)
    shown_breaches = {breach_id for line in report_lines for breach_id in line.breach_ids}
    shown_risks = {risk_id for line in report_lines for risk_id in line.risk_ids}
    breaches = [breach for breach in facts.breaches if breach.breached.breach_id in shown_breaches]
    plans = [plan for plan in facts.plans if plan.opened.risk_id in shown_risks and plan.opened_at <= as_of]
    risks = [findings.risk_entry(risk, plans, as_of) for risk in facts.risks if risk.raised.risk_id in shown_risks]
    outcomes = [plan["outcome"] for risk in risks for plan in risk["plans"]]
    clocks = {(clock.target_id, ticket_lines.ticket_name(clock)): clock for clock in facts.clocks}
    going_on = [each for each in breaches if each.is_standing and not belongs_to_period(each, period)]
    return ServiceReport(
        state=state,
        verdict=_verdict(report_lines, facts),
        as_of=instants.to_text(as_of),
        **_about(terms, period),
        lines=report_lines,
        breaches=[findings.breach_entry(breach, period, as_of, clocks) for breach in breaches],
        breach_count=sum(breach.is_standing and belongs_to_period(breach, period) for breach in breaches),
        breaches_going_on=sum(each.counted_at < period.start for each in going_on),
        risks=risks,
        plans_averted=outcomes.count("averted"),
        plans_ended=len(outcomes) - outcomes.count("open"),
        actions=[findings.action_entry(action.opened) for action in facts.actions if action.is_open_at(as_of)],
        figures=None if to_date is None else to_date.reference(),
    )


def _with_findings(facts: Facts, to_date: FiguresToDate) -> Facts:
    """Return the facts with the breaches and risks replaced by those of monitor-svc's answer.

    Withdrawn breaches, which the answer lacks, are kept.
    """
    answer = {breach.breached.breach_id for breach in to_date.breaches}
    undone = [each for each in facts.breaches if not each.is_standing and each.breached.breach_id not in answer]
    breaches = sorted([*to_date.breaches, *undone], key=lambda each: (each.certain_at, each.breached.breach_id))
    return replace(facts, breaches=breaches, risks=to_date.risks)


def _lines(terms: Sequence[Term], scope: ReportScope, to_date: FiguresToDate | None) -> list[ReportLine]:
    """Return all lines of the report in the order of the terms' targets, each target's windows oldest first."""
    closed, period = scope.facts.closed(), scope.period
    answer = to_date or FiguresToDate(b"", scope.as_of, {})
    found: list[tuple[int, str, ReportLine]] = []
    known = terms_history.calendar_windows(terms, period)
    for window in known:
        closing = closed.get(window.key)
        order = _order(terms, window.target["target_id"])
        if closing is not None and instants.from_text(closing.window_end_at or closing.closed_at) <= period.start:
            continue
        if closing is not None:
            line = lines.closed_line(closing, window.term, window.target, scope)
        elif window.start < scope.as_of and not window.target.get("group_by"):
            line = lines.open_line(window, answer.of(*window.key), scope)
        else:
            continue
        found.append((order, line.window_start_at, line))
    for term, target in terms_history.targets_without_calendar(terms, period):
        line = _line_without_calendar(term, target, answer, scope)
        found.append((_order(terms, line.target_id), line.window_start_at, line))
    found += _unforeseen(terms, scope, {window.key for window in known})
    found += _open_instances(known, answer, terms, scope)
    return [line for _, _, line in sorted(found, key=lambda each: each[:2])]


def _line_without_calendar(term: Term, target: dict[str, Any], answer: FiguresToDate, scope: ReportScope) -> ReportLine:
    """Return the line of a rolling target or a ticket target, which have no calendar windows."""
    if "rolling" in target["window"]:
        figure = answer.of(target["target_id"], str(target["window"]["rolling"]))
        return lines.rolling_line(term, target, figure, scope)
    return lines.ticket_line(term, target, answer.of(target["target_id"], to_dates.TICKETS), scope)


def _open_instances(
    known: Sequence[Window], answer: FiguresToDate, terms: Sequence[Term], scope: ReportScope
) -> list[tuple[int, str, ReportLine]]:
    """Return a line for each open window of an instance of a target with ``group_by``.

    Each returned tuple is (index of the target in the terms, start of the window, line).
    """
    rows, closed = [], scope.facts.closed()
    for window in known:
        if not window.target.get("group_by"):
            continue
        for figure in answer.instances_of(window.target["key"]):
            if figure["window_id"] != window.id or (figure["target_id"], window.id) in closed:
                continue
            instance = replace(window, target={**window.target, **_instance(window.target, figure)})
            line = lines.open_line(instance, figure, scope)
            rows.append((_order(terms, window.target["target_id"]), line.window_start_at, line))
    return rows


def _instance(target: Mapping[str, Any], figure: Mapping[str, Any]) -> dict[str, Any]:
    """Return id, key and title of a target's instance. The title is the same as in events about the instance."""
    key = figure["target_key"]
    values = key[len(target["key"]) + 1 : -1]
    title = f"{target['title']} ({values})" if target.get("title") else key
    return {"target_id": figure["target_id"], "key": key, "title": title}


def _names(terms: Sequence[Term]) -> dict[str, str]:
    last = terms[-1].terms
    return {last.provider_party_id: last.provider_name, last.customer_party_id: last.customer_name}


def _unforeseen(
    terms: Sequence[Term], scope: ReportScope, known: set[tuple[str, str]]
) -> list[tuple[int, str, ReportLine]]:
    """Return a line for each closed window that ends in the period but is not among the ``known`` windows of the terms.

    An example is a window of an instance of a target with ``group_by``. Without these lines, results would be missing.
    Each returned tuple is (index of the target in the terms, start of the window, line).
    """
    period = scope.period
    without_calendar = {target["target_id"] for _, target in terms_history.targets_without_calendar(terms, period)}
    rows = []
    for key, window in scope.facts.closed().items():
        end = window.window_end_at and instants.from_text(window.window_end_at)
        if key in known or window.target_id in without_calendar or not end or not period.start < end <= period.end:
            continue
        term = next((each for each in terms if each.terms.version == window.agreement_version), None)
        target = {"key": window.target_key, "title": window.target_title, "aggregation": window.aggregation}
        line = lines.closed_line(window, term, {**target, "weight": window.weight}, scope)
        rows.append((_order(terms, window.target_id), line.window_start_at, line))
    return rows


def _order(terms: Sequence[Term], target_id: str) -> int:
    ids = [target["target_id"] for term in reversed(terms) for target in term.terms.targets]
    return ids.index(target_id) if target_id in ids else len(ids)


def _verdict(report_lines: Sequence[ReportLine], facts: Facts) -> str:
    """Return the worst verdict of the lines. A line without data is ignored if its target never had a figure."""
    measured = {window.target_id for window in facts.windows if window.figure is not None}
    said = {line.verdict for line in report_lines if line.verdict != "no_data" or line.target_id in measured}
    return next((verdict for verdict in _WORST_FIRST if verdict in said), "no_data")


def _about(terms: Sequence[Term], period: Period) -> dict[str, Any]:
    judging = terms_history.terms_in_force(terms, period) or [terms[-1]]
    last = judging[-1].terms
    mark = mark_of_terms(last)
    return {
        "agreement": {
            **({} if mark is None else {"on_record": mark}),
            "agreement_id": last.agreement_id,
            "key": last.agreement_key,
            "kind": last.kind,
            "title": last.title,
            "version": last.version,
            "versions": [_version(term) for term in judging],
        },
        "provider": {"party_id": last.provider_party_id, "name": last.provider_name},
        "customer": {"party_id": last.customer_party_id, "name": last.customer_name},
        "service": {"service_id": last.service_id, "key": last.service_key, "name": last.service_name},
        "period": {
            "id": period.id,
            "kind": period.cycle,
            "timezone": period.zone,
            "start_at": instants.to_text(period.start),
            "end_at": instants.to_text(period.end),
        },
    }


def _version(term: Term) -> dict[str, Any]:
    return {
        "version": term.terms.version,
        "revision_hash": term.terms.revision_hash,
        "in_force_from": instants.to_text(term.start),
        "in_force_to": None if term.end is None else instants.to_text(term.end),
    }
