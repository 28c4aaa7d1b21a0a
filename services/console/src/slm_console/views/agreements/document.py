"""View model of an agreement's document: summary, promises with their present figures, clauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from slm_console.views import durations
from slm_console.views.agreements import changes
from slm_console.views.agreements.backtests import BacktestSummary, backtest_in_words, revision_backtest_in_words
from slm_console.views.agreements.changes import Change, Changes
from slm_console.views.agreements.clauses import Clause, clauses_of, price
from slm_console.views.agreements.credits import credits_in_words
from slm_console.views.agreements.critical_periods import periods_of
from slm_console.views.agreements.hours import hours_of
from slm_console.views.agreements.shown_terms import warnings_in_words
from slm_console.views.agreements.standing import OPEN
from slm_console.views.directory import Directory
from slm_console.views.instants import read
from slm_console.views.judgement.allowances import CALM, used_so_far
from slm_console.views.judgement.figures import beside_figure, exact, figure_in_words
from slm_console.views.marks import mark_of
from slm_console.views.promises import Promise, promise_of
from slm_console.views.reader import Reader

NO_NEED = "relevant.no-requirement"
"""Code of the finding that an agreement names no requirement of the customer."""
MISSED = ("realistic.missed", "realistic.little-history")
"""Codes of the findings that too few past windows met an objective."""
MARKS_OF_FINDINGS = {"error": "breached", "slip": "at-risk", "warning": "at-risk", "information": "no-data"}
"""Severity of a finding → its state mark."""


@dataclass(frozen=True, slots=True)
class Live:
    """The present figure of a promise: state mark, figure, and what is left of the error budget."""

    mark: str
    figure: str
    note: str
    target_id: str
    beside: str = ""
    """What qualifies the figure, such as ``so far, only 12.4 % known``; else empty."""
    word: str = ""
    """The state in words, if they differ from those of the mark: ``not breached`` for a customer who is not warned."""


@dataclass(frozen=True, slots=True)
class Word:
    """A side's answer to a promise in the negotiation: ``accepted``, ``refused`` or ``changed``."""

    answer: str
    reason: str
    by: str

    @property
    def accepts(self) -> bool:
        """Whether the side agrees to the present terms of the promise: it accepted or proposed them."""
        return self.answer in ("accepted", "changed")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on a promise or clause."""

    by: str
    company: str
    at: str
    text: str
    comment_id: str = ""
    is_internal: bool = False
    is_resolved: bool = False
    resolved_by: str = ""


@dataclass(frozen=True)
class PromiseRow:
    """A promise with its present figure, change, answers of both sides, findings, back-test and comments."""

    promise: Promise
    live: Live | None = None
    change: Change | None = None
    own: Word | None = None
    theirs: Word | None = None
    findings: list[tuple[str, str]] = field(default_factory=list)
    """State mark and sentence of each finding about the promise."""
    backtest: BacktestSummary | None = None
    remarks: list[Remark] = field(default_factory=list)
    costs: list[str] = field(default_factory=list)
    """What a missed window costs, in sentences."""


@dataclass(frozen=True)
class ClauseRow:
    """A clause with its change and its comments."""

    clause: Clause
    change: Change | None = None
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class Page:
    """Everything that the page of an agreement's document shows."""

    summary: str
    facts: list[tuple[str, str]]
    promises: list[PromiseRow]
    clauses: list[ClauseRow]
    changes: Changes
    gone: list[str]
    """Title and sentence of each promise that the newest revision leaves out."""

    @property
    def has_open_promises(self) -> bool:
        """Whether at least one of the present promises still lacks the acceptance of the reader's side."""
        return any(row.own is None or not row.own.accepts for row in self.promises)


@dataclass(frozen=True)
class Sources:
    """The API's answers that the document's page is made of. A field is empty if its service did not answer."""

    agreement: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    """The earlier document that the newest revision is compared with."""
    targets: Sequence[dict[str, Any]] = ()
    comments: Sequence[dict[str, Any]] = ()
    findings: Sequence[Mapping[str, Any]] = ()
    backtests: Sequence[dict[str, Any]] = ()
    revision_backtest: Mapping[str, Any] | None = None
    """The back-test of the shown revision, which is part of its check."""


def page_of(reader: Reader, directory: Directory, sources: Sources) -> Page:
    """Return the view model of the document's page."""
    document = sources.agreement["document"]
    changed = changes.between(reader, sources.before, document) if sources.before else changes.NOTHING
    is_warned = not warnings_in_words(reader, directory, sources.agreement)
    live = {
        str(each["target_id"]): live_of(reader, each, is_warned=is_warned)
        for each in sources.targets
        if not each.get("instance_of")
    }
    words = _words(directory, sources.agreement)
    missed = {each["field"]: each for each in sources.findings if each.get("code") in MISSED}
    found = [missed.get(f"targets[{index}].objective") for index in range(len(document["targets"]))]
    tested = [
        revision_backtest_in_words(reader, target, sources.revision_backtest, finding)
        for target, finding in zip(document["targets"], found, strict=True)
    ]
    # The summary of the back-test says it in the reader's words.
    told = [finding for past, finding in zip(tested, found, strict=True) if past and finding]
    promises = [
        PromiseRow(
            promise=promise_of(reader, target),
            live=live.get(str(target.get("target_id"))),
            change=changed.targets.get(str(target["key"])),
            own=words.get((str(target["key"]), "own")),
            theirs=words.get((str(target["key"]), "theirs")),
            findings=_findings_of(reader, [each for each in sources.findings if each not in told], index),
            backtest=past or backtest_in_words(reader, document, target, sources.backtests),
            remarks=_remarks(reader, directory, sources.comments, "target", str(target["key"])),
            costs=credits_in_words(reader, document, target),
        )
        for index, (target, past) in enumerate(zip(document["targets"], tested, strict=True))
    ]
    clauses = [
        ClauseRow(
            clause,
            changed.clauses.get(clause.key),
            _remarks(reader, directory, sources.comments, "clause", clause.key),
        )
        for clause in clauses_of(reader, document)
    ]
    return Page(
        summary=summary(reader, directory, sources.agreement),
        facts=_facts(reader, document),
        promises=promises,
        clauses=clauses,
        changes=changed,
        gone=[f"{each.title}: {each.before}" for each in changed.targets.values() if each.kind == "gone"],
    )


def summary(reader: Reader, directory: Directory, agreement: Mapping[str, Any]) -> str:
    """Return a summary of the agreement in one or two sentences."""
    targets = agreement["document"]["targets"]
    first = reader.ngettext(
        "%(provider)s makes %(customer)s one promise about %(service)s.",
        "%(provider)s makes %(customer)s %(count)s promises about %(service)s.",
        len(targets),
        provider=directory.company(agreement["provider_party_id"]),
        customer=directory.company(agreement["customer_party_id"]),
        service=directory.service(agreement["service_id"]),
    )
    outcome = directory.outcome(agreement["service_id"])
    if outcome == directory.service(agreement["service_id"]):
        return first
    return f"{first} {reader.gettext('What it is for: %(outcome)s.', outcome=outcome.rstrip('.'))}"


def _facts(reader: Reader, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    term = document.get("term") or {}
    begins, ends = read(term.get("effective_at")), read(term.get("expires_at"))
    zone = str(document.get("timezone") or "UTC")
    day = partial(reader.contract_day, zone=zone)
    facts = [(reader.gettext("From"), day(begins) if begins is not None else reader.gettext("its signature"))]
    facts.append(
        (reader.gettext("Until"), day(ends, is_end=True) if ends is not None else reader.gettext("notice is given"))
    )
    if term.get("notice"):
        facts.append((reader.gettext("Notice"), durations.in_words(reader, str(term["notice"]))))
    charges = (document.get("clauses") or {}).get("charges") or {}
    charge = document.get("period_charge") or charges
    if isinstance(charge, Mapping) and charge.get("amount"):
        facts.append((reader.gettext("Price"), price(reader, charge)))
    facts += [(reader.gettext("Hours “%(name)s”", name=name), hours) for name, hours in hours_of(reader, document)]
    facts += periods_of(reader, document)
    facts.append((reader.gettext("Time zone"), zone.rpartition("/")[2].replace("_", " ")))
    return facts


def live_of(reader: Reader, target: Mapping[str, Any], *, is_warned: bool = True) -> Live:
    """Return the present figure of a target, given the target as monitor-svc returns it.

    ``is_warned``: whether the agreement shows every warning at once to the reader's company.
    """
    target_id = str(target["target_id"])
    window = target.get("window")
    if not window:
        tickets = target.get("tickets")
        return Live("on-track" if tickets else "no-data", "", _tickets_note(reader, tickets), target_id)
    mark = mark_of(window.get("verdict"), is_open=window.get("closed_at") is None)
    figure = figure_in_words(reader, exact(window["figure"]), target["terms"]["objective"])
    word = reader.gettext("not breached") if mark == "on-track" and not is_warned else ""
    return Live(mark, figure, _left(reader, window.get("budget"), mark), target_id, beside_figure(reader, window), word)


def _tickets_note(reader: Reader, tickets: Mapping[str, Any] | None) -> str:
    if not tickets:
        return ""
    running = int(tickets["states"].get("running", 0))
    return reader.ngettext("%(count)s ticket running", "%(count)s tickets running", running) if running else ""


def _left(reader: Reader, budget: Mapping[str, Any] | None, mark: str) -> str:
    if not budget or budget.get("left") is None:
        return ""
    left, whole = Fraction(str(budget["left"])), Fraction(str(budget["whole"]))
    if left < 0 and mark in CALM:
        return used_so_far(reader, whole - left, str(budget["unit"]))
    if budget.get("unit") == "microseconds":
        if left < 0:
            return reader.gettext("%(length)s too much", length=reader.length(-left))
        return reader.gettext("%(left)s of %(whole)s left", left=reader.length(left), whole=reader.length(whole))
    if left < 0:
        return reader.gettext("%(count)s too many", count=reader.decimal(-left, 0))
    return reader.gettext("%(left)s of %(whole)s left", left=reader.decimal(left, 0), whole=reader.decimal(whole, 0))


def _words(directory: Directory, agreement: Mapping[str, Any]) -> dict[tuple[str, str], Word]:
    """Return (target key, ``own`` or ``theirs``) → the answer of that side that is still valid.

    If a side changed a target, the API records this as ``accepted`` with the reason for the change. So an acceptance
    with a reason becomes ``changed`` here.
    """
    own = directory.side(agreement)
    found: dict[tuple[str, str], Word] = {}
    for target in agreement.get("target_answers") or ():
        for side in ("provider", "customer"):
            word = target.get(side)
            if word and word.get("stands", True):
                whose = "own" if side == own else "theirs"
                reason = str(word.get("reason") or "")
                said = "changed" if reason and word["answer"] == "accepted" else str(word["answer"])
                answer = Word(said, reason, str(word.get("by") or ""))
                found[str(target["target"]), whose] = answer
    return found


def _findings_of(reader: Reader, findings: Sequence[Mapping[str, Any]], index: int) -> list[tuple[str, str]]:
    place = f"targets[{index}]"
    return [
        (MARKS_OF_FINDINGS.get(str(each.get("severity")), "at-risk"), finding_in_words(reader, each))
        for each in findings
        if str(each.get("field", "")).startswith(place)
    ]


def says_no_need(agreement: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the agreement is still negotiated and its terms name no need of the customer.

    Whoever signs such terms must give a reason.
    """
    return agreement["state"] in OPEN and any(each.get("code") == NO_NEED for each in findings)


def finding_in_words(reader: Reader, finding: Mapping[str, Any]) -> str:
    """Return a finding of the check as a sentence: a fixed text for a few findings, for all others the API's remedy."""
    known = {
        NO_NEED: reader.gettext("The promises are not linked to a need that the customer has put on record"),
        "time-bound.no-review": reader.gettext("Nothing says how often both sides meet about it"),
        "time-bound.no-effective-at": reader.gettext("Nothing says from when on it applies"),
    }
    remedy = str(finding.get("remedy") or "")
    return known.get(str(finding.get("code")), remedy[:1].upper() + remedy[1:])


def _remarks(
    reader: Reader, directory: Directory, comments: Sequence[Mapping[str, Any]], kind: str, key: str
) -> list[Remark]:
    found = []
    for each in comments:
        if each.get(kind) != key:
            continue
        at = read(each.get("at") or each.get("written_at")) or reader.now
        company = directory.company(str(each.get("party_id") or ""))
        found.append(
            Remark(
                str(each.get("by") or ""),
                company,
                reader.moment(at),
                str(each.get("text") or ""),
                str(each.get("comment_id") or ""),
                bool(each.get("internal")),
                bool(each.get("resolved")),
                str(each.get("resolved_by") or ""),
            )
        )
    return found
