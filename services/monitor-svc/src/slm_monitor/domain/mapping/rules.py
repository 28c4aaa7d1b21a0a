"""Rules by which time series become measurements. The first rule whose selector matches names the indicator."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slm_monitor.domain.mapping.selectors import NAME, InvalidSelector, MatchBudget, Selector, parse_selector

READINGS = ("value", "state", "counter", "good", "bad")
"""What each sample of a series can be: a value; a state (1 is up, 0 is down); or the reading of a counter, of a counter
of a ratio's good events, or of a counter of a ratio's bad events.
"""
INDICATOR_LABEL, PART_LABEL = "slm_indicator", "slm_part"
"""Labels by which a sender can say what a series measures if no rule matches it.

``slm_indicator`` is the key of the indicator. ``slm_part`` is one of READINGS, mostly ``good`` or ``bad``.
"""
MOST_RULES = 200
MOST_CELLS = 200_000
"""The most entries in the tables of all regular expressions of one party together; an entry has two bytes."""
_PLACE = re.compile(r"\{([^{}]*+)\}")
PULLED_LABEL = "slm_source"
"""The label of a pulled series whose value is the pull's source. Selectors can name it; measurements do not keep it."""
_RESERVED = (NAME, INDICATOR_LABEL, PART_LABEL, PULLED_LABEL)


class InvalidRule(ValueError):
    """A rule that is not valid. ``field`` is the field that is wrong; the message says what to write."""

    def __init__(self, field: str, remedy: str) -> None:
        super().__init__(remedy)
        self.field = field


class LabelMissing(ValueError):
    """A series lacks a label that is part of the rule's indicator key. ``args[0]`` is the label's name."""


@dataclass(frozen=True, slots=True)
class SeriesRule:
    """A rule that maps the series that ``selector`` matches to an indicator.

    - ``indicator``: key of the indicator, in which ``{label}`` stands for the value of that label.
    - ``labels``: names of the series' labels that the measurements keep.
    - ``reading``: the kind of the samples, one of READINGS. None: the indicator's kind decides it.
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
    """What a series measures.

    - ``indicator``, ``labels``: key of the indicator, and labels of the measurements.
    - ``reading``: the kind of the samples, one of READINGS. None: the indicator's kind decides it.
    - ``rule``: number of the rule that matched, from 0. None: the sender's label named the indicator.
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
    """The rules of one party, in order. Raises InvalidRule if all their regular expressions together are too large."""

    def __init__(self, rules: Sequence[SeriesRule]) -> None:
        self._rules = list(enumerate(rules))
        if sum(rule.selector.cells for rule in rules) > MOST_CELLS:
            raise InvalidRule("match", "all regular expressions together need too many states; write simpler ones")

    def map_series(self, labels: Mapping[str, str], budget: MatchBudget) -> MappedSeries | None:
        """Return what a series with these labels measures.

        None if no rule matches and the series has no label ``slm_indicator``. Raises LabelMissing and
        MatchingTooCostly.
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
