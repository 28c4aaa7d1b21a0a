"""The chain check: whether the supporting agreements that one side named carry the promises of an agreement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from slm_agreement.domain.checks import chain_arithmetic, promises
from slm_agreement.domain.checks.chain_arithmetic import Structure
from slm_agreement.domain.checks.chain_findings import ChainFinding, amount_text
from slm_agreement.domain.checks.chain_structure import CombinedSupports
from slm_agreement.domain.checks.hours_gaps import LONGEST, HoursGap, find_hours_gap
from slm_agreement.domain.checks.promises import AVAILABILITY, PlacedPromise, Promise
from slm_agreement.domain.documents import supports
from slm_agreement.domain.errors import Finding
from slm_agreement.domain.terms import target_windows
from slm_agreement.domain.versions import chain
from slm_calendar.local_time import DAY, local_date, zone_named
from slm_events.instants import UtcMicroseconds, from_text

_OPEN_ENDED = date.max


@dataclass(frozen=True, slots=True)
class TermsInForce:
    """Signed terms of a supporting agreement, and when they apply: from ``starts_at`` until before ``ends_at``."""

    document: Mapping[str, Any]
    starts_at: UtcMicroseconds
    ends_at: UtcMicroseconds | None


@dataclass(frozen=True, slots=True)
class Support:
    """A supporting agreement that one side named, with all terms that were signed."""

    support_id: str
    agreement_id: str
    place: str
    """Where the document names it, such as ``supports[0]``."""
    title: str
    kind: str
    service_id: str
    """The service that the supporting agreement is about."""
    disclose: str
    signed: Sequence[TermsInForce]


@dataclass(frozen=True, slots=True)
class SupportPart:
    """The amount that one support promises, and the amount that it needs to promise."""

    support_id: str
    amount: Fraction
    needed_alone: Fraction | None
    """The amount with which the promise would be carried if no other support changed. An availability above 1
    means that a change of this support alone cannot be enough; None: no change of it alone is known to be enough.
    """
    needed: Fraction | None
    """The amount that this support is asked to promise; None if it is not asked to change."""
    gap: HoursGap | None


@dataclass(frozen=True, slots=True)
class CarriedPromise:
    """One promise of the agreement, and what the supports reach together for it."""

    place: PlacedPromise
    objective: Fraction
    reached: Fraction
    arithmetic: str
    """The arithmetic in words."""
    is_enough: bool
    """Whether ``reached`` meets the objective. Service hours and terms are checked separately."""
    parts: Sequence[SupportPart]


@dataclass(frozen=True, slots=True)
class SideChain:
    """The result of the chain check for the supports of one side."""

    side: str
    supports: Sequence[Support] = ()
    promised: Sequence[CarriedPromise] = ()
    """The promises about which at least one support promises something."""
    findings: Sequence[ChainFinding] = ()
    combined: CombinedSupports = field(default_factory=lambda: CombinedSupports(None))
    """The ids of the supports in the structure of the service's dependencies."""

    @property
    def holds(self) -> bool:
        """Whether the check of this side's supports found no error."""
        return not self.findings

    def carries(self, key: str) -> bool | None:
        """Return whether the supports carry a target; None if none of them promises anything about it."""
        about = [each for each in self.promised if each.place.key == key]
        if not about:
            return None
        used = {part.support_id for each in about for part in each.parts}
        return not any(
            finding.target == key or (finding.target is None and finding.support_id in used)
            for finding in self.findings
        )


def check_chain(
    document: Mapping[str, Any], side: str, named: Sequence[Support], combined: CombinedSupports, now: int
) -> SideChain:
    """Check whether the supports of one side carry the promises of a document.

    ``combined`` has the structure in which the supports work together. If the document does not say when it takes
    effect, it is checked from ``now`` on (microseconds UTC).
    """
    term = _Term.of(document, now)
    in_force = {each.support_id: term.overlapping(each) for each in named}
    findings = [finding for each in named for finding in _about_the_term(each, in_force[each.support_id], term)]
    promised = []
    for place in promises.promises_in(document):
        carried = _carried(place, combined.structure, in_force, term)
        if carried is not None:
            promised.append(carried)
            findings += _shortfalls(carried, {each.support_id: each for each in named})
    return SideChain(side, named, promised, findings, combined)


@dataclass(frozen=True, slots=True)
class _Term:
    """The term of the checked agreement, during which its supports must be in force."""

    starts_at: UtcMicroseconds
    ends_at: UtcMicroseconds | None
    timezone: str
    notice: str | None

    @staticmethod
    def of(document: Mapping[str, Any], now: UtcMicroseconds) -> _Term:
        written = document["term"]
        starts_at = _instant(written["effective_at"])
        begins = now if starts_at is None else starts_at
        return _Term(begins, _instant(written["expires_at"]), document["timezone"], written["notice"])

    def overlapping(self, support: Support) -> list[TermsInForce]:
        """Return the support's terms that are in force at some time of this term."""
        return [
            each
            for each in support.signed
            if (self.ends_at is None or each.starts_at < self.ends_at)
            and (each.ends_at is None or each.ends_at > self.starts_at)
        ]

    def days(self, starts_at: UtcMicroseconds, ends_at: UtcMicroseconds | None) -> tuple[date, date]:
        """Return the first and the last day of a term in this agreement's time zone."""
        zone = zone_named(self.timezone)
        last = _OPEN_ENDED if ends_at is None else local_date(zone, ends_at - 1)
        return local_date(zone, starts_at), last


def _instant(text: str | None) -> UtcMicroseconds | None:
    return None if text is None else from_text(text)


def _about_the_term(support: Support, in_force: Sequence[TermsInForce], term: _Term) -> Iterator[ChainFinding]:
    """Yield an error if the support is not signed, or not in force on every day of the term.

    Yield an error also if the support has a shorter notice period than the checked agreement.
    """
    required = term.days(term.starts_at, term.ends_at)
    through = "open-ended" if required[1] == _OPEN_ENDED else f"through {required[1]}"
    if not support.signed:
        needed = f"signed, in force from {required[0]}, {through}"
        yield _finding(support, "chain.not-signed", ("not signed", needed), f"have it signed: it must be {needed}")
        return
    missing = chain.first_uncovered_day(required, [term.days(each.starts_at, each.ends_at) for each in in_force])
    if missing is not None:
        number = _days_in_words([term.days(each.starts_at, each.ends_at) for each in support.signed])
        needed = f"from {required[0]}, {through}"
        remedy = f"it must be in force {needed}; {missing} is the first day without it: extend it or shorten the term"
        yield _finding(support, "chain.term", (number, needed), remedy)
    notice = target_windows.parse_duration(term.notice) or 0
    shorter = [each for each in in_force if _notice(each) < notice]
    if shorter:
        number = str(shorter[0].document["term"]["notice"] or "no notice period")
        remedy = f"it can be ended at shorter notice than this agreement: it needs a notice period of {term.notice}"
        yield _finding(support, "chain.notice", (number, str(term.notice)), remedy)


def _notice(terms: TermsInForce) -> int:
    return target_windows.parse_duration(terms.document["term"]["notice"]) or 0


def _days_in_words(terms: Sequence[tuple[date, date]]) -> str:
    return ", ".join(f"{first} to {'open-ended' if last == _OPEN_ENDED else last}" for first, last in terms)


def _carried(
    place: PlacedPromise,
    structure: Structure | None,
    in_force: Mapping[str, Sequence[TermsInForce]],
    term: _Term,
) -> CarriedPromise | None:
    """Return what the supports reach for one promise; None if too few of them promise anything about it."""
    promise, question = place.promise, place.promise.question
    found = {}
    for support_id, signed in in_force.items():
        worst = promises.worst_counterpart(promise, [each.document for each in signed])
        if worst is not None:
            found[support_id] = worst
    amounts, objective = _comparable(promise, found)
    used = None if structure is None else chain_arithmetic.restrict_structure(structure, amounts)
    if used is None:
        return None
    reached = chain_arithmetic.combine(question, used, amounts)
    enough = chain_arithmetic.is_enough(question, reached, objective)
    alone = chain_arithmetic.needed_alone(question, used, amounts, objective)
    used_amounts = {name: amounts[name] for name in chain.support_names(used)}
    needed = {} if enough else _needed(question, used, used_amounts, objective)
    parts = [
        SupportPart(name, amount, alone[name], needed.get(name), _gap(promise, found[name], in_force[name], term))
        for name, amount in used_amounts.items()
    ]
    arithmetic = chain_arithmetic.arithmetic_text(question, used, amounts)
    return CarriedPromise(place, objective, reached, arithmetic, enough, parts)


def _comparable(promise: Promise, found: Mapping[str, Promise]) -> tuple[dict[str, Fraction], Fraction]:
    """Return the amounts of the supports and the objective in one unit.

    If all of them are numbers of business days, these numbers are used. Otherwise all are times. A support's business
    days then count with the longest time that they can last; the business days of the objective with the shortest time.
    """
    if promise.days is not None and all(each.days is not None for each in found.values()):
        return {name: each.days * DAY for name, each in found.items() if each.days is not None}, promise.days * DAY
    return {name: each.most for name, each in found.items()}, promise.amount


def _needed(
    question: str, structure: Structure, amounts: Mapping[str, Fraction], objective: Fraction
) -> dict[str, Fraction]:
    """Return support id → the amount that this support is asked to promise, so that the objective is met.

    For availability, all supports that promise too little are asked for the same availability. For times, each support
    is asked for the time that meets the objective if no other support changes. If no such time exists for any support,
    all times are shortened by the same factor.
    """
    if question == AVAILABILITY:
        each = chain_arithmetic.needed_of_each(structure, amounts, objective)
        return {name: each for name, amount in amounts.items() if amount < each}
    alone = chain_arithmetic.needed_alone(question, structure, amounts, objective)
    mending = {name: most for name, most in alone.items() if most is not None}
    reached = chain_arithmetic.combine(question, structure, amounts)
    return mending or {name: Fraction(amounts[name] * objective // reached) for name in alone if amounts[name]}


def _gap(promise: Promise, support: Promise, signed: Sequence[TermsInForce], term: _Term) -> HoursGap | None:
    """Return the hours that the support leaves uncovered while it and the checked agreement are in force."""
    starts_at = max(term.starts_at, min(each.starts_at for each in signed))
    ends = [each.ends_at for each in signed if each.ends_at is not None]
    last = max(ends) if len(ends) == len(signed) else None
    ends_at = min((each for each in (term.ends_at, last) if each is not None), default=starts_at + LONGEST)
    return find_hours_gap(promise.calendars, support.calendars, starts_at, ends_at)


def _shortfalls(carried: CarriedPromise, named: Mapping[str, Support]) -> Iterator[ChainFinding]:
    place, question = carried.place, carried.place.promise.question
    for part in carried.parts:
        support = named[part.support_id]
        if part.needed is not None:
            numbers = amount_text(question, part.amount), amount_text(question, part.needed, up=True)
            yield _finding(support, f"chain.{question.replace('_', '-')}", numbers, _remedy(part, carried), place)
        if part.gap is not None:
            remedy = (
                f"its service hours leave open: {part.gap.words()}; extend them to {part.gap.required}, or promise "
                "this only in hours that it covers"
            )
            numbers = part.gap.provided, part.gap.required
            yield _finding(support, "chain.hours", numbers, remedy, place, part.gap.document())


def _remedy(part: SupportPart, carried: CarriedPromise) -> str:
    """Return in words how the supports' amounts add up to too little, and which amount the support needs to promise."""
    question = carried.place.promise.question
    wanted, needed = (
        amount_text(question, carried.objective),
        amount_text(question, part.needed or Fraction(0), up=True),
    )
    said = f"{question.replace('_', ' ')}: {carried.arithmetic}, but {wanted} is promised"
    if len(carried.parts) == 1:
        return f"{said}; it needs {needed}"
    if question != AVAILABILITY:
        alone = "the others unchanged" if part.needed == part.needed_alone else "as all of them must be shortened"
        return f"{said}; it needs {needed} at most, {alone}"
    remedy = f"{said}; each agreement that promises less needs {needed}"
    if part.needed_alone is None:
        return remedy
    alone = f"{amount_text(question, part.needed_alone, up=True)}, the others unchanged"
    return (
        f"{remedy}, or this one {alone}" if part.needed_alone <= 1 else f"{remedy}; this one alone would need {alone}"
    )


def _finding(
    support: Support,
    code: str,
    numbers: tuple[str, str],
    remedy: str,
    place: PlacedPromise | None = None,
    gap: dict[str, Any] | None = None,
) -> ChainFinding:
    """Return a finding about a support; ``numbers`` are the value that it promises and the value that is needed."""
    return ChainFinding(
        support.place if place is None else place.field,
        numbers[0],
        f"{support.title}: {remedy}",
        code,
        support_id=support.support_id,
        agreement_id=support.agreement_id,
        title=support.title,
        number=numbers[0],
        needed=numbers[1],
        target=None if place is None else place.key,
        gap=gap,
    )


def errors_for(chains: Mapping[str, SideChain], own_side: str) -> list[Finding]:
    """Return the errors of both sides' chain checks, for a person of ``own_side`` who signs.

    The errors of the other side do not show its supporting agreements: they name only the targets that these agreements
    do not carry.
    """
    found: list[Finding] = []
    for side, chain_of_side in chains.items():
        found += chain_of_side.findings if side == own_side else _errors_of_other_side(chain_of_side)
    return found


def _errors_of_other_side(other: SideChain) -> Iterator[Finding]:
    remedy = f"the agreements that the {other.side} named do not carry this: it must name others, or promise less"
    places = {each.place.key: each.place.field for each in other.promised if other.carries(each.place.key) is False}
    for key, place in places.items():
        yield Finding(place, f"{key}: not carried", remedy, "chain.other-side")
    if not other.holds and not places:
        yield Finding(supports.NAME, "not carried", remedy, "chain.other-side")
