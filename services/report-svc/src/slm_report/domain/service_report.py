"""A period's service report: a pure function of what was heard, so that the same facts give the same report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from slm_events import instants
from slm_report.domain import findings, lines, terms_line
from slm_report.domain.facts import Facts, counts_in
from slm_report.domain.lines import Line
from slm_report.domain.periods import Period
from slm_report.domain.terms_line import Term

INTERIM = "interim"
PUBLISHED = "published"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceReport:
    """What a report says; everything in it follows from the facts up to ``as_of``."""

    state: str
    """``interim`` while a window of the period is open, else ``published``."""
    verdict: str
    """``breached`` if a line is; else ``met`` if a line is; else ``no_data``."""
    as_of: str
    agreement: dict[str, Any]
    provider: dict[str, str]
    customer: dict[str, str]
    service: dict[str, str]
    period: dict[str, str]
    lines: list[Line]
    breaches: list[dict[str, Any]]
    breach_count: int
    """Breaches that stand and belong to this period and no other."""
    risks: list[dict[str, Any]]
    plans_averted: int
    plans_ended: int
    actions: list[dict[str, Any]]

    def document(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def missing_windows(terms: Sequence[Term], facts: Facts, period: Period) -> list[str]:
    """Windows that end in the period and have not been heard closed, as ``target key window``; empty: complete."""
    closed = facts.closed()
    ending = terms_line.ending(terms_line.windows(terms, period), period)
    return [f"{window.target['key']} {window.id}" for window in ending if window.key not in closed]


def build(terms: Sequence[Term], facts: Facts, period: Period, *, state: str, as_of: int) -> ServiceReport:
    """The report of a period. ``terms`` are the agreement's whole line; facts after ``as_of`` do not count."""
    facts = facts.until(min(as_of, period.end - 1))
    report_lines = _lines(terms, facts, period, as_of)
    shown_breaches = {breach_id for line in report_lines for breach_id in line.breach_ids}
    shown_risks = {risk_id for line in report_lines for risk_id in line.risk_ids}
    breaches = [breach for breach in facts.breaches if breach.breached.breach_id in shown_breaches]
    plans = [plan for plan in facts.plans if plan.opened.risk_id in shown_risks and plan.opened_at <= as_of]
    risks = [findings.risk_entry(risk, plans, as_of) for risk in facts.risks if risk.raised.risk_id in shown_risks]
    outcomes = [plan["outcome"] for risk in risks for plan in risk["plans"]]
    return ServiceReport(
        state=state,
        verdict=_verdict(report_lines),
        as_of=instants.to_text(as_of),
        **_about(terms, period),
        lines=report_lines,
        breaches=[findings.breach_entry(breach, period, as_of) for breach in breaches],
        breach_count=sum(breach.stands and counts_in(breach, period) for breach in breaches),
        risks=risks,
        plans_averted=outcomes.count("averted"),
        plans_ended=len(outcomes) - outcomes.count("open"),
        actions=[
            findings.action_entry(action) for action in facts.actions if instants.from_text(action.opened_at) <= as_of
        ],
    )


def _lines(terms: Sequence[Term], facts: Facts, period: Period, as_of: int) -> list[Line]:
    """Lines in the order of the terms' targets, each target's windows oldest first, whoever was heard first."""
    closed = facts.closed()
    found: list[tuple[int, str, Line]] = []
    known = terms_line.windows(terms, period)
    for window in known:
        heard = closed.get(window.key)
        order = _order(terms, window.target["target_id"])
        if heard is not None and instants.from_text(heard.window_end_at or heard.closed_at) <= period.start:
            continue
        if heard is not None:
            line = lines.closed_line(heard, window.term, window.target, facts)
        elif window.start < as_of:
            line = lines.open_line(window, facts, as_of)
        else:
            continue
        found.append((order, line.window_start_at, line))
    for term, target in terms_line.standing_targets(terms, period):
        make = lines.rolling_line if "rolling" in target["window"] else lines.ticket_line
        line = make(term, target, facts, period, as_of)
        found.append((_order(terms, line.target_id), line.window_start_at, line))
    found += _unforeseen(terms, facts, period, {window.key for window in known})
    return [line for _, _, line in sorted(found, key=lambda each: each[:2])]


def _unforeseen(
    terms: Sequence[Term], facts: Facts, period: Period, known: set[tuple[str, str]]
) -> list[tuple[int, str, Line]]:
    """Windows closed in the period that the terms do not let expect: what was established is shown, never dropped."""
    standing = {target["target_id"] for _, target in terms_line.standing_targets(terms, period)}
    rows = []
    for key, window in facts.closed().items():
        end = window.window_end_at and instants.from_text(window.window_end_at)
        if key in known or window.target_id in standing or not end or not period.start < end <= period.end:
            continue
        term = next((each for each in terms if each.terms.version == window.agreement_version), None)
        target = {"key": window.target_key, "title": window.target_title, "aggregation": window.aggregation}
        line = lines.closed_line(window, term, {**target, "weight": window.weight}, facts)
        rows.append((_order(terms, window.target_id), line.window_start_at, line))
    return rows


def _order(terms: Sequence[Term], target_id: str) -> int:
    ids = [target["target_id"] for term in reversed(terms) for target in term.terms.targets]
    return ids.index(target_id) if target_id in ids else len(ids)


def _verdict(report_lines: Sequence[Line]) -> str:
    verdicts = {line.verdict for line in report_lines}
    return "breached" if "breached" in verdicts else "met" if "met" in verdicts else "no_data"


def _about(terms: Sequence[Term], period: Period) -> dict[str, Any]:
    judging = terms_line.in_force(terms, period) or [terms[-1]]
    last = judging[-1].terms
    return {
        "agreement": {
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
            "kind": period.kind,
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
