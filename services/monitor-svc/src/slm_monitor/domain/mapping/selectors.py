"""Selectors of time series as PromQL writes them, such as ``up{job="shop", instance=~"web-.*"}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from slm_monitor.domain.mapping.linear_pattern import LinearPattern
from slm_monitor.domain.mapping.pattern_syntax import InvalidPattern

NAME = "__name__"
LONGEST_SELECTOR = 4_000
MOST_MATCHERS = 20
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:.]*+")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_SPACE = re.compile(r"\s*+")
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}


class InvalidSelector(ValueError):
    """The selector cannot be read. The message says what to write."""


class MatchingTooCostly(Exception):
    """The label values of one request have more characters than the rules' regular expressions may read."""


class MatchBudget:
    """The number of characters that the regular expressions may still read for one request."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def spend(self, text: str) -> None:
        """Subtract the length of a text that is about to be read. Raises MatchingTooCostly if too little is left."""
        self.left -= len(text) + 1
        if self.left < 0:
            raise MatchingTooCostly


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition for one label. As in PromQL, a series that lacks the label is treated as if the label were empty."""

    label: str
    operator: str
    value: str
    pattern: LinearPattern | None = None

    def matches(self, labels: Mapping[str, str], budget: MatchBudget) -> bool:
        text = labels.get(self.label, "")
        if self.pattern is None:
            return (text == self.value) == (self.operator == "=")
        budget.spend(text)
        return self.pattern.matches(text) == (self.operator == "=~")


@dataclass(frozen=True, slots=True)
class Selector:
    """The conditions of one selector. A series has to meet all of them."""

    matchers: tuple[Matcher, ...]

    def matches(self, labels: Mapping[str, str], budget: MatchBudget) -> bool:
        return all(matcher.matches(labels, budget) for matcher in self.matchers)

    @property
    def cells(self) -> int:
        """The memory that the regular expressions take: the cells of their tables of states and characters."""
        return sum(each.pattern.cells for each in self.matchers if each.pattern is not None)


def parse_selector(written: str) -> Selector:
    """Parse a selector. Raises InvalidSelector if it cannot be read, is too long, or would match a series without
    labels.
    """
    if len(written) > LONGEST_SELECTOR:
        raise InvalidSelector(f"write at most {LONGEST_SELECTOR} characters")
    matchers = _SelectorReader(written).selector()
    if len(matchers) > MOST_MATCHERS:
        raise InvalidSelector(f"write at most {MOST_MATCHERS} conditions")
    if all(each.matches({}, MatchBudget(1)) for each in matchers):
        raise InvalidSelector("it selects series without any label, so everything: name the metric, or a label's value")
    return Selector(tuple(matchers))


class _SelectorReader:
    """Reads a selector from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def selector(self) -> list[Matcher]:
        found: list[Matcher] = []
        name = self._take(_NAME)
        if name:
            found.append(Matcher(NAME, "=", name))
        if self._take_text("{"):
            while not self._take_text("}"):
                found.append(self._matcher())
                if not self._take_text(","):
                    if not self._take_text("}"):
                        self._refuse("write a comma, or close the conditions with }")
                    break
        if self._at < len(self._text):
            self._refuse("a selector ends here: ranges, offsets and functions are not read")
        if not found:
            self._refuse('write a selector such as up{job="shop"}')
        return found

    def _matcher(self) -> Matcher:
        quoted = self._peek() in ("'", '"', "`")
        label = self._string() if quoted else self._take(_NAME)
        if not label:
            self._refuse("name a label")
        operator = self._take(_OPERATOR)
        if not operator:
            if quoted:  # Prometheus 3 writes the name of a metric with unusual characters like this.
                return Matcher(NAME, "=", label)
            self._refuse("write =, !=, =~ or !~ after the label")
        if self._peek() not in ("'", '"', "`"):
            self._refuse("write the value in quotes")
        value = self._string()
        if operator in ("=", "!="):
            return Matcher(label, operator, value)
        try:
            return Matcher(label, operator, value, LinearPattern(value))
        except InvalidPattern as error:
            raise InvalidSelector(f"{label}{operator}: {error}") from error

    def _string(self) -> str:
        quote = self._text[self._at]
        parts: list[str] = []
        self._at += 1
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == quote:
                self._take(_SPACE)
                return "".join(parts)
            if character == "\\" and quote != "`":
                following = self._text[self._at : self._at + 1]
                if following not in _ESCAPES:
                    self._refuse("write \\\\ for a backslash in quotes, as PromQL does")
                character = _ESCAPES[following]
                self._at += 1
            parts.append(character)
        self._refuse("close the quotes")

    def _peek(self) -> str:
        self._take(_SPACE)
        return self._text[self._at : self._at + 1]

    def _take(self, wanted: re.Pattern[str]) -> str:
        while wanted is not _SPACE and self._take(_SPACE):
            pass
        found = wanted.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        if wanted is not _SPACE:
            self._take(_SPACE)
        return found.group()

    def _take_text(self, wanted: str) -> bool:
        if self._peek() != wanted:
            return False
        self._at += 1
        self._take(_SPACE)
        return True

    def _refuse(self, remedy: str) -> NoReturn:
        raise InvalidSelector(f"at character {self._at + 1}: {remedy}")
