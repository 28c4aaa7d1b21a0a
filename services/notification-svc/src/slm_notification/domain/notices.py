"""Notices: the text by which people are told of an event, with its kind and severity, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from slm_events import agreement, breach_life, exclusions, monitor, record_marks, report, review
from slm_events.catalogue import PUBLISHED

Kind = Literal["breach", "risk", "recovered", "signature", "agreement", "decision", "review", "report", "data"]
MailKind = Literal[Kind, "week"]
"""The kind of a delivery: that of its notice, or ``week`` for a Monday mail, which is about no event."""
Severity = Literal["high", "normal"]
FINDINGS: tuple[Kind, ...] = ("breach", "risk", "recovered")
"""Kinds of which one cause may bring many at the same time. Notices of these kinds about one cause become one mail."""
_SOON_SECONDS = 3_600
_SYMBOLS = {"percent": " %", "milliseconds": " ms", "seconds": " s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The text by which people are told of an event, with its kind and severity."""

    kind: Kind
    severity: Severity = "normal"
    headline: str
    lines: Sequence[tuple[str, str]] = ()
    """Label and text of each further line; a text that is an instant is written in the reader's time zone."""
    path: str
    """The page of the console that shows more, from ``/`` on."""
    not_for: Sequence[str | None] = ()
    """Ids of parties whose people are not told although they may see the event, such as the party that acted."""
    finding_id: str | None = None
    """Id of the breach or risk, if the notice is about one."""
    service_id: str | None = None


def notice_of(event: Any) -> Notice | None:
    """Return the notice by which people are told of an event; None if nobody is told of it.

    Nobody is told of an event that comes from an import of history, or from the first evaluation of the time before an
    agreement was signed. Such events are about old facts, and there may be very many of them.
    """
    tell = _TELL.get(type(event))
    if tell is None or getattr(event, "importing", False):
        return None
    if getattr(event, "import_id", None) or getattr(event, "catch_up", None) is not None:
        return None
    return tell(event)


def parties_told(event: Any, notice: Notice) -> list[str]:
    """Return the ids of the parties whose people are told: those who may see the event, except those in
    ``notice.not_for``.
    """
    row = PUBLISHED[type(event)]
    named: Mapping[str, Any] = {name: getattr(event, name, None) for name in (*row.parties, "hidden_from_party_id")}
    return [each for each in dict.fromkeys(row.parties_who_see(named)) if each not in notice.not_for]


def objective_in_words(objective: Mapping[str, Any]) -> str:
    """Return an objective as text, such as ``at least 99.9 %``; empty if it has neither ``at_least`` nor
    ``at_most``.
    """
    unit = str(objective.get("unit", ""))
    for name in ("at_least", "at_most"):
        if isinstance(objective.get(name), str):
            return f"{name.replace('_', ' ')} {objective[name]}{_SYMBOLS.get(unit, f' {unit}' if unit else '')}"
    return ""


def _figure(event: Any) -> list[tuple[str, str]]:
    unit = _SYMBOLS.get(str(getattr(event, "objective", {}).get("unit", "")), "")
    lines = [("Figure", f"{event.figure_display}{unit}")] if event.figure_display else []
    agreed = objective_in_words(getattr(event, "objective", {}))
    return [*lines, ("Agreed", agreed)] if agreed else lines


def _breached(event: monitor.TargetBreached) -> Notice:
    ticket = [("Ticket", str(event.ticket["number"]))] if event.ticket and event.ticket.get("number") else []
    return Notice(
        kind="breach",
        severity="high" if event.level == "unacceptable" else "normal",
        headline=f"Breached: {event.target_title}",
        lines=[*_figure(event), *ticket, ("Certain since", event.certain_at)],
        path=f"/breaches/{event.breach_id}",
        finding_id=event.breach_id,
        service_id=event.service_id,
    )


def _at_risk(event: monitor.TargetAtRisk) -> Notice | None:
    if event.revision and not isinstance(event, monitor.RiskDisclosed):
        return None  # The same risk, raised again soon after it was cleared.
    left, at = event.time_left_seconds, event.projected_breach_at
    # The action plan is left out: a customer may see only a part of it, and finds that part on the page.
    return Notice(
        kind="risk",
        severity="high" if left is not None and left <= _SOON_SECONDS else "normal",
        headline=f"At risk: {event.target_title}",
        lines=[*_figure(event), *([("Breached at this rate", at)] if at else [])],
        path=f"/targets/{event.target_id}",
        # The provider was told when the risk was raised. Only the customer learns of it by the disclosure.
        not_for=[event.provider_party_id] if isinstance(event, monitor.RiskDisclosed) else [],
        finding_id=event.risk_id,
        service_id=event.service_id,
    )


def _cleared(event: monitor.RiskCleared) -> Notice | None:
    if event.outcome != "averted":
        return None
    return Notice(
        kind="recovered",
        headline=f"No longer at risk: {event.target_title}",
        lines=[("Since", event.at)],
        path=f"/targets/{event.target_id}",
        finding_id=event.risk_id,
        service_id=event.service_id,
    )


def _recovered(event: monitor.TargetRecovered) -> Notice:
    return Notice(
        kind="recovered",
        severity="high",
        headline=f"Recovered: {event.target_title}",
        lines=[*_figure(event), ("Since", event.recovered_at)],
        path=f"/breaches/{event.breach_id}",
        finding_id=event.breach_id,
        service_id=event.service_id,
    )


def _breach_withdrawn(event: monitor.BreachWithdrawn) -> Notice:
    return Notice(
        kind="recovered",
        severity="high",
        headline=f"Breach withdrawn: {event.target_title}",
        lines=_figure(event),
        path=f"/breaches/{event.breach_id}",
        finding_id=event.breach_id,
        service_id=event.service_id,
    )


def _version_page(agreement_id: str, version: int) -> str:
    """Return the path of the page of one version; without the number, the page would show the signed version."""
    return f"/agreements/{agreement_id}" + (f"?version={version}" if version > 1 else "")


def _proposed(event: agreement.AgreementProposed | agreement.AgreementCountered) -> Notice:
    word = "proposed" if isinstance(event, agreement.AgreementProposed) else "answered with changes or refusals"
    return Notice(
        kind="decision",
        headline=f"The other side {word}, now you answer: {event.title}",
        lines=[("Answer by", event.answer_by)] if event.answer_by else [],
        path=_version_page(event.agreement_id, event.version),
        not_for=[event.by_party_id],
    )


def _answer_missed(event: agreement.AgreementAnswerMissed) -> Notice:
    return Notice(
        kind="decision",
        severity="high",
        headline=f"The answer is overdue: {event.title}",
        lines=[("Was due", event.answer_by)],
        path=_version_page(event.agreement_id, event.version),
    )


def _agreed(event: agreement.AgreementAgreed) -> Notice:
    return Notice(
        kind="signature",
        headline=f"Agreed, signatures are awaited: {event.title}",
        path=_version_page(event.agreement_id, event.version),
    )


def _signed(event: agreement.AgreementFinalized) -> Notice:
    return Notice(
        kind="agreement",
        headline=f"Signed by both: {event.title}",
        lines=[("In force from", event.effective_at)],
        path=_version_page(event.agreement_id, event.version),
    )


def _recorded(event: agreement.AgreementRecorded) -> Notice:
    mark = record_marks.build_mark(event.recorded_by_party_id, event.recorded_by_name, event.not_confirmed_by)
    return Notice(
        kind="agreement",
        headline=f"Put on record: {event.title}",
        lines=[("On record", mark["says"]), ("Signed here", "by nobody"), ("In force from", event.effective_at)],
        path=_version_page(event.agreement_id, event.version),
    )


def _withdrawn(event: agreement.AgreementWithdrawn) -> Notice:
    return Notice(
        kind="agreement",
        headline=f"Negotiation ended without an agreement: {event.title}",
        lines=[("Reason", event.reason)] if event.reason else [],
        path=_version_page(event.agreement_id, event.version),
        not_for=[event.by_party_id],
    )


def _ended(event: agreement.AgreementExpired | agreement.AgreementTerminated) -> Notice:
    is_early = isinstance(event, agreement.AgreementTerminated)
    reason = [("Reason", event.reason)] if isinstance(event, agreement.AgreementTerminated) and event.reason else []
    return Notice(
        kind="agreement",
        severity="high" if is_early else "normal",
        headline="Agreement ended early" if is_early else "Agreement expired",
        lines=[("On", event.at), *reason],
        path=f"/agreements/{event.agreement_id}",
    )


def _commented(event: agreement.AgreementCommented) -> Notice:
    return Notice(
        kind="agreement",
        headline=f"Comment by {event.by}",
        lines=[("About", event.target or event.clause or "the whole")],
        path=_version_page(event.agreement_id, event.version),
        not_for=[event.by_party_id],
    )


def _exclusion_requested(event: exclusions.ExclusionRequested) -> Notice:
    by = [("Decide by", event.decide_by_at)] if event.decide_by_at else []
    silent = [("If nobody decides", event.if_silent)] if event.if_silent and event.decide_by_at else []
    return Notice(
        kind="decision",
        headline="Time that does not count: your decision is awaited",
        lines=[("Reason", event.text), *by, *silent],
        path=f"/maintenance/{event.exclusion_id}",
        not_for=[event.requested_by_party_id],
    )


def _exclusion_decided(event: exclusions.ExclusionDecided) -> Notice:
    return Notice(
        kind="review",
        headline=f"Time that does not count: {event.decision}",
        lines=[("Reason", event.reason)] if event.reason else [],
        path=f"/maintenance/{event.exclusion_id}",
        not_for=[event.decided_by_party_id] if event.decided_by_party_id else [],
    )


def _disputed(event: review.BreachDisputed) -> Notice:
    return Notice(
        kind="decision",
        headline=f"Breach disputed by {event.by_name}: {event.target_key}",
        lines=[("Reason", event.reason)],
        path=f"/breaches/{event.breach_id}",
        not_for=[event.by_party_id],
    )


def _dispute_decided(event: review.DisputeDecided) -> Notice:
    words = "the breach is withdrawn" if event.decision == "upheld" else "the breach remains"
    return Notice(
        kind="review", headline=f"Dispute decided: {words} ({event.target_key})", path=f"/breaches/{event.breach_id}"
    )


def _revision_proposed(event: review.TargetRevisionProposed) -> Notice:
    return Notice(
        kind="decision",
        headline=f"A new objective is proposed: {event.target_key}",
        lines=[("Proposed", objective_in_words(event.objective)), ("Reason", event.reason)],
        path=f"/agreements/{event.agreement_id}",
        not_for=[event.proposed_by_party_id] if event.proposed_by_party_id else [],
    )


def _review_opened(event: review.ReviewOpened) -> Notice:
    return Notice(
        kind="review",
        headline="A service review is due",
        lines=[("Period", event.period)] if event.period else [],
        path=f"/reviews/meetings/{event.review_id}",
    )


def _action_opened(event: review.ActionOpened) -> Notice:
    return Notice(
        kind="review",
        headline=f"Improvement action: {event.text}",
        lines=[("Owner", event.owner), ("Due", event.due_at)],
        path="/reviews/actions",
    )


def _acknowledged(event: breach_life.BreachAcknowledged) -> Notice:
    return Notice(
        kind="review",
        headline=f"Breach acknowledged: {event.target_title}",
        path=f"/breaches/{event.breach_id}",
        not_for=[event.by_party_id],
    )


def _reported(event: report.ReportPublished) -> Notice:
    word = "Report" if event.revision == 0 else "Corrected report"
    return Notice(
        kind="report",
        headline=f"{word} of {event.period}: {event.verdict.replace('_', ' ')}",
        lines=[("Breaches", str(event.breaches))],
        path=f"/reviews/reports/{event.report_id}",
    )


def _stale(event: monitor.IndicatorStale) -> Notice | None:
    if isinstance(event, monitor.IndicatorResumed):
        return None
    return Notice(
        kind="data",
        headline=f"No measurements: {event.key}",
        lines=[("Last one", event.last_measured_at)],
        path="/connections",
    )


def _unjudgeable(event: monitor.TargetUnjudgeable) -> Notice:
    return Notice(
        kind="data",
        severity="high",
        headline=f"A target cannot be judged: {event.target_key}",
        lines=[("Reason", event.reason)],
        path=f"/targets/{event.target_id}",
    )


_TELL: dict[type[Any], Callable[[Any], Notice | None]] = {
    monitor.TargetBreached: _breached,
    monitor.TargetAtRisk: _at_risk,
    monitor.RiskDisclosed: _at_risk,
    monitor.RiskCleared: _cleared,
    monitor.TargetRecovered: _recovered,
    monitor.BreachWithdrawn: _breach_withdrawn,
    monitor.IndicatorStale: _stale,
    monitor.TargetUnjudgeable: _unjudgeable,
    breach_life.BreachAcknowledged: _acknowledged,
    agreement.AgreementProposed: _proposed,
    agreement.AgreementCountered: _proposed,
    agreement.AgreementAnswerMissed: _answer_missed,
    agreement.AgreementAgreed: _agreed,
    agreement.AgreementFinalized: _signed,
    agreement.AgreementRecorded: _recorded,
    agreement.AgreementWithdrawn: _withdrawn,
    agreement.AgreementExpired: _ended,
    agreement.AgreementTerminated: _ended,
    agreement.AgreementCommented: _commented,
    exclusions.ExclusionRequested: _exclusion_requested,
    exclusions.ExclusionDecided: _exclusion_decided,
    review.BreachDisputed: _disputed,
    review.DisputeDecided: _dispute_decided,
    review.TargetRevisionProposed: _revision_proposed,
    review.ReviewOpened: _review_opened,
    review.ActionOpened: _action_opened,
    report.ReportPublished: _reported,
}
