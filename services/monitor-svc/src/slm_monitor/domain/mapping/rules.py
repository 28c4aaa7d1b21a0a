"""Rules by which time series become measurements: the first rule whose selector matches names the indicator."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slm_monitor.domain.mapping.selectors import NAME, InvalidSelector, MatchBudget, Selector, parse_selector

READINGS = ("value", "state", "counter", "good", "bad")
"""What the samples of a series are: values; 1 for up and 0 for down; a counter's readings; a counter of the good or of
the bad events of a ratio.
"""
INDICATOR_LABEL, PART_LABEL = "slm_indicator", "slm_part"
"""Labels that a sender sets itself: the key of the indicator, and good or bad, for series that no rule matches."""
MOST_RULES = 200
MOST_CELLS = 200_000
"""Most entries of the tables of all regular expressions of a party, two bytes each."""
_PLACE = re.compile(r"\{([^{}]*+)\}")
_RESERVED = (NAME, INDICATOR_LABEL, PART_LABEL)


class InvalidRule(ValueError):
    """A rule that cannot be kept. ``field`` is its wrong field; the message says what to write."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field


class LabelMissing(ValueError):
    """A series lacks a label that the rule's template names. ``args`` has the label."""


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """A rule: the series it is for, the indicator's key with ``{label}`` in it, labels to keep, and what samples are.

    ``reading`` is one of READINGS, or None: what the kind of the indicator takes.
    """

    selector: Selector
    indicator: str
    labels: tuple[str, ...]
    reading: str | None

    def name_indicator(self, labels: Mapping[str, str]) -> str:
        """Return the key of the indicator for a series with these labels. Raises LabelMissing."""

        def value(place: re.Match[str]) -> str:
            found = labels.get(place[1])
            if not found:
                raise LabelMissing(place[1])
            return found

        return _PLACE.sub(value, self.indicator)


@dataclass(frozen=True, slots=True)
class MappedSeries:
    """What a series measures: the indicator's key, the labels of its measurements, what its samples are (None: what the
    indicator's kind takes), and the number of the rule from 0 (None: named by the sender's label).
    """

    indicator: str
    labels: Mapping[str, str]
    reading: str | None
    rule: int | None


def parse_rule(match: str, indicator: str, labels: Sequence[str], reading: str | None) -> SeriesRule:
    """Parse a rule. Raises InvalidRule."""
    try:
        selector = parse_selector(match)
    except InvalidSelector as error:
        raise InvalidRule("match", str(error)) from error
    rest = _PLACE.sub("", indicator)
    if not indicator or "{" in rest or "}" in rest or not all(_PLACE.findall(indicator) or [True]):
        raise InvalidRule("indicator", "write the key of an indicator; {label} stands for the value of a label")
    if wrong := next((each for each in labels if not each or each in _RESERVED), None):
        raise InvalidRule("labels", f"{wrong} cannot be kept as a label")
    return SeriesRule(selector, indicator, tuple(dict.fromkeys(labels)), reading)


class SeriesRules:
    """The rules of one party, in order. Raises InvalidRule if their regular expressions together are too large."""

    def __init__(self, rules: Sequence[SeriesRule]) -> None:
        self._rules = list(enumerate(rules))
        if sum(rule.selector.cells for rule in rules) > MOST_CELLS:
            raise InvalidRule("match", "all regular expressions together need too many states; write simpler ones")

    def map_series(self, labels: Mapping[str, str], budget: MatchBudget) -> MappedSeries | None:
        """Return what a series measures; None if no rule matches and the series names no indicator itself.

        Raises LabelMissing and MatchingTooCostly.
        """
        for number, rule in self._rules:
            if rule.selector.matches(labels, budget):
                kept = {name: labels[name] for name in rule.labels if name in labels}
                return MappedSeries(rule.name_indicator(labels), kept, rule.reading, number)
        named = labels.get(INDICATOR_LABEL)
        if named is None:
            return None
        kept = {name: value for name, value in labels.items() if name not in _RESERVED}
        return MappedSeries(named, kept, labels.get(PART_LABEL), None)
