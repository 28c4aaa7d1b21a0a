"""Which target applies to a ticket: the rules of one kind of clock in their order, of which the first match wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slm_monitor.domain import tickets
from slm_monitor.domain.lines import TermsLine
from slm_monitor.domain.terms import ServiceLevelTarget

Attributes = Mapping[str, Any]
Passed = tuple[tuple[str, str], ...]


class Rules:
    """Targets of one kind of clock, through their amendments."""

    is_fixed = False

    def __init__(self, lines: Sequence[TermsLine]) -> None:
        self._lines = lines
        self._moving = sorted({
            terms.effective_at for line in lines for terms in line.versions if _moves_running(terms)
        })  # fmt: skip

    def changes(self, after: int, until: int) -> list[int]:
        """The instants in (after, until] at which clocks that run come under other terms."""
        return [at for at in self._moving if after < at <= until] if self._moving else []

    def first_match(self, opened_at: int, amended_to: int, attributes: Attributes) -> ServiceLevelTarget | None:
        """The target for a ticket opened then, with the amendments up to ``amended_to`` that concern what runs."""
        for line in self._lines:
            target = self._terms(line, opened_at, amended_to)
            if target is not None and target.clock is not None and tickets.applies(target.clock.applies_to, attributes):
                return target
        return None

    def passed_over(
        self, chosen: ServiceLevelTarget, opened_at: int, amended_to: int, attributes: Attributes
    ) -> Passed:
        """The rules before the one that was chosen, each with why it does not apply."""
        found = []
        for line in self._lines:
            if line.target_id == chosen.target_id:
                break
            found.append((line.latest.key, _why_not(self._terms(line, opened_at, amended_to), attributes)))
        return tuple(found)

    def _terms(self, line: TermsLine, opened_at: int, amended_to: int) -> ServiceLevelTarget | None:
        terms = line.at(opened_at)
        if self._moving:
            for later in line.versions:
                if opened_at < later.effective_at <= amended_to and _moves_running(later):
                    terms = later
        return terms


class Only:
    """One target, whatever the ticket is like."""

    is_fixed = True

    def __init__(self, target: ServiceLevelTarget) -> None:
        self._target = target

    def changes(self, after: int, until: int) -> list[int]:
        return []

    def first_match(self, opened_at: int, amended_to: int, attributes: Attributes) -> ServiceLevelTarget | None:
        return self._target

    def passed_over(
        self, chosen: ServiceLevelTarget, opened_at: int, amended_to: int, attributes: Attributes
    ) -> Passed:
        return ()


def next_change(lines: Sequence[TermsLine], after: int) -> int | None:
    """The next instant at which terms take effect that change clocks that run."""
    moving = (terms.effective_at for line in lines for terms in line.versions if _moves_running(terms))
    return min((at for at in moving if at > after), default=None)


def _moves_running(terms: ServiceLevelTarget) -> bool:
    return terms.clock is not None and terms.clock.on_terms_change != "keep"


def _why_not(terms: ServiceLevelTarget | None, attributes: Attributes) -> str:
    if terms is None or terms.clock is None:
        return "not in force when the ticket was opened"
    for name, values in terms.clock.applies_to.items():
        if not tickets.has(attributes.get(name), values):
            return f"{name} is {attributes.get(name)}, not {' or '.join(sorted(values))}"
    return "applies"
