"""The terms of a composite target: its members, and the rule that combines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_events.aggregations import COMPOSITE_RULES, MEMBERS
from slm_monitor.domain.terms.terms import ServiceLevelTarget, TermsNotEvaluable

KINDS = tuple(COMPOSITE_RULES)
STATES, FIGURES, VERDICTS = KINDS
_OF_FIGURES = COMPOSITE_RULES[FIGURES]
_ALL = COMPOSITE_RULES[STATES] + COMPOSITE_RULES[VERDICTS]


@dataclass(frozen=True, slots=True)
class IndicatorMember:
    """A member of a composite of states: the subject of its indicator, and its weight."""

    subject: str
    weight: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class TargetMember:
    """A member of a composite of figures or verdicts: the id of a target of the agreement, and its weight."""

    target_id: str
    weight: Fraction = Fraction(1)


CompositeMember = IndicatorMember | TargetMember


@dataclass(frozen=True, slots=True)
class CompositeTerms:
    """The members of a composite target, and the rule that combines them.

    ``of`` says what is combined: states, figures or verdicts. ``needed`` is how many members must be up (states) or met
    (verdicts); 0 for figures. ``rule`` names the rule, such as ``serial`` or ``weighted_mean``.
    """

    of: str
    rule: str
    needed: int
    members: tuple[CompositeMember, ...]

    @property
    def subjects(self) -> frozenset[str]:
        return frozenset(member.subject for member in self.indicators)

    @property
    def target_ids(self) -> tuple[str, ...]:
        return tuple(member.target_id for member in self.targets)

    @property
    def indicators(self) -> tuple[IndicatorMember, ...]:
        """The members of a composite of states, in the order of the terms; empty for other composites."""
        return tuple(member for member in self.members if isinstance(member, IndicatorMember))

    @property
    def targets(self) -> tuple[TargetMember, ...]:
        """The members of a composite of figures or verdicts, in the order of the terms; empty for other composites."""
        return tuple(member for member in self.members if isinstance(member, TargetMember))


def parse_composite_terms(terms: ServiceLevelTarget, of_agreement: Iterable[ServiceLevelTarget]) -> CompositeTerms:
    """Parse the terms of a composite. Raises TermsNotEvaluable, which names the target and says what to write."""
    written = terms.parameters if isinstance(terms.parameters, Mapping) else {}
    of, members = written.get("of"), written.get("members")
    if of not in KINDS:
        raise _wrong(terms, f"of {of!r}; write states, figures or verdicts")
    if not isinstance(members, Sequence) or not members:
        raise _wrong(terms, 'members; list {"indicator": …} or {"target": "<key>"}')
    if terms.window_kind == "ticket" or (of == FIGURES and terms.window_kind != "calendar"):
        raise _wrong(terms, f"window {terms.window}; a composite of {of} is judged by calendar windows")
    by_key = {each.key: each for each in of_agreement}
    parts = tuple(_member(terms, of, each, by_key) for each in members)
    rule = written.get("rule")
    try:
        return parse_combination_rule(of, rule, parts)
    except ValueError as wrong:
        raise _wrong(terms, f"rule {rule!r}; write {wrong}") from wrong


def parse_combination_rule(of: str, rule: Any, members: Sequence[CompositeMember]) -> CompositeTerms:
    """Parse the rule that combines members. Raises ValueError, whose text says what to write instead."""
    if of == FIGURES:
        if rule not in _OF_FIGURES:
            raise ValueError(" or ".join(_OF_FIGURES))
        return CompositeTerms(of, str(rule), 0, tuple(members))
    needed = rule.get("k_of_n") if isinstance(rule, Mapping) else len(members) if rule in _ALL else None
    if not isinstance(needed, int) or isinstance(needed, bool) or not 1 <= needed <= len(members):
        raise ValueError(f'serial, all_of or {{"k_of_n": k}} with k from 1 to {len(members)}')
    return CompositeTerms(of, str(rule), needed, tuple(members))


def _member(
    terms: ServiceLevelTarget, of: str, written: Any, by_key: Mapping[str, ServiceLevelTarget]
) -> CompositeMember:
    """Parse one member of a composite.

    In a composite of states a member that names a target stands for the indicator of that target. Raises
    TermsNotEvaluable.
    """
    weight = Fraction(str(written.get("weight", 1))) if isinstance(written, Mapping) else Fraction(0)
    if not isinstance(written, Mapping) or weight <= 0:
        raise _wrong(terms, f"member {written!r}; give a target or an indicator, and a weight above zero")
    indicator = written.get("indicator")
    if of == STATES and isinstance(indicator, Mapping):
        return IndicatorMember(f"{indicator['owner_party_id']}/{indicator['key']}", weight)
    named = by_key.get(str(written.get("target")))
    if named is None or named.key == terms.key:
        raise _wrong(terms, f"member {dict(written)!r}; name another target of the agreement by its key")
    if of == STATES:
        if named.indicator is None:
            raise _wrong(terms, f"member {named.key}; only a target of an indicator has states")
        return IndicatorMember(named.indicator, weight)
    theirs, ours = ((each.window_kind, each.window, each.schedule) for each in (named, terms))
    if theirs != ours:
        raise _wrong(terms, f"member {named.key}; it needs the same window, {terms.window}")
    return TargetMember(named.target_id, weight)


def check_composite_terms(targets: Sequence[ServiceLevelTarget]) -> None:
    """Raise TermsNotEvaluable for a composite target whose terms are not valid, or that contains itself, directly or
    through other composites.
    """
    made_of = {
        terms.target_id: parse_composite_terms(terms, targets).target_ids
        for terms in targets
        if terms.kind.source == MEMBERS
    }
    for terms in targets:
        seen: set[str] = set()
        ahead = list(made_of.get(terms.target_id, ()))
        while ahead:
            target_id = ahead.pop()
            if target_id == terms.target_id:
                raise _wrong(terms, "members; it is one of them itself, in the end")
            if target_id not in seen:
                seen.add(target_id)
                ahead += made_of.get(target_id, ())


def _wrong(terms: ServiceLevelTarget, what: str) -> TermsNotEvaluable:
    return TermsNotEvaluable(f"target {terms.key}: composite of {what}")
