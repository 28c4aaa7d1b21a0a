"""The syntax of regular expressions that can be matched in linear time, parsed to a tree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

LONGEST_PATTERN = 1_000
"""The most characters of an expression."""
_DEEPEST = 20
"""The most levels to which groups may be nested."""
_MOST_REPEATED = 1_000
_LAST = 0x10FFFF
_DIGITS = ((0x30, 0x39),)
_WORDS = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACES = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_NAMED = {"d": _DIGITS, "w": _WORDS, "s": _SPACES}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_SPECIAL = frozenset("*+?{")


class InvalidPattern(ValueError):
    """The expression cannot be read, or cannot be matched in bounded time. The message says what to write."""


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """A part that matches one character of a set. ``ranges``: ascending ranges of code points that do not touch."""

    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Parts that must match one after another."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Parts of which one must match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """A part that is repeated ``least`` to ``most`` times. ``most`` is None if there is no upper limit."""

    part: Node
    least: int
    most: int | None


Node = CharacterSet | Concatenation | Alternatives | Repetition


def parse_pattern(written: str) -> Node:
    """Parse an expression that has to match a whole text, with or without ``^`` and ``$``. Raises InvalidPattern."""
    if len(written) > LONGEST_PATTERN:
        raise InvalidPattern(f"write at most {LONGEST_PATTERN} characters")
    # The whole text is matched anyway; people write the anchors all the same.
    text = written.removeprefix("^")
    ends = text.endswith("$") and (len(text) - len(text[:-1].rstrip("\\"))) % 2 == 1
    reader = _PatternReader(text[:-1] if ends else text)
    node = reader.alternatives(0)
    if not reader.is_at_end:
        reader.refuse("a ) closes no group; write \\) for the character itself")
    return node


class _PatternReader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at >= len(self._text)

    def refuse(self, remedy: str) -> NoReturn:
        raise InvalidPattern(f"at character {self._at + 1} of the expression: {remedy}")

    def alternatives(self, depth: int) -> Node:
        if depth > _DEEPEST:
            self.refuse(f"nest at most {_DEEPEST} groups")
        parts = [self._sequence(depth)]
        while self._take("|"):
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else Alternatives(tuple(parts))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while not self.is_at_end and self._peek() not in "|)":
            part = self._one(depth)
            while not self.is_at_end and self._peek() in _SPECIAL:
                part = self._repeated(part)
            parts.append(part)
        return Concatenation(tuple(parts))

    def _one(self, depth: int) -> Node:
        character = self._next()
        if character == "(":
            if self._take("?") and not self._take(":"):
                self.refuse("of the groups with (? only (?:…) is read")
            node = self.alternatives(depth + 1)
            if not self._take(")"):
                self.refuse("close the group with )")
            return node
        if character == "[":
            return self._class()
        if character == ".":
            return CharacterSet(((0, _LAST),))
        if character == "\\":
            return CharacterSet(self._escaped())
        if character in _SPECIAL:
            self.refuse(f"{character} repeats nothing; write \\{character} for the character itself")
        if character in "^$":
            self.refuse(f"the whole text is matched anyway: leave out {character}, or write \\{character}")
        return CharacterSet(((ord(character), ord(character)),))

    def _repeated(self, part: Node) -> Node:
        character = self._next()
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(character, (0, 0))
        if character == "{":
            least, most = self._bounds()
        self._take("?")  # A lazy repetition matches the same texts.
        return Repetition(part, least, most)

    def _bounds(self) -> tuple[int, int | None]:
        inside, closed, _ = self._text[self._at :].partition("}")
        low, comma, high = inside.partition(",")
        numbers = [each for each in (low, high) if each or each is low]
        if not closed or not all(each.isascii() and each.isdigit() and len(each) <= 4 for each in numbers):
            self.refuse("write a repetition as {2}, {2,} or {2,5}; write \\{ for the character itself")
        least = int(low)
        most = least if not comma else int(high) if high else None
        if max(least, most or 0) > _MOST_REPEATED or (most is not None and most < least):
            self.refuse(f"repeat at most {_MOST_REPEATED} times, the lower number first")
        self._at += len(inside) + 1
        return least, most

    def _class(self) -> CharacterSet:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        is_first = True
        while is_first or self._peek_or_refuse() != "]":
            is_first = False
            low = self._in_class()
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._in_class()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] < low[0][0]:
                    self.refuse("write a range from the lower to the higher character")
                ranges.append((low[0][0], high[0][1]))
            else:
                ranges += low
        self._at += 1
        return CharacterSet(_inverted(_merged(ranges)) if negated else _merged(ranges))

    def _in_class(self) -> tuple[tuple[int, int], ...]:
        character = self._next()
        if character == "\\":
            return self._escaped()
        if character == "[" and self._text[self._at : self._at + 1] == ":":
            self.refuse("named classes such as [:alpha:] are not read; write [A-Za-z]")
        return ((ord(character), ord(character)),)

    def _escaped(self) -> tuple[tuple[int, int], ...]:
        character = self._next()
        if character in _NAMED:
            return _NAMED[character]
        if character.lower() in _NAMED:
            return _inverted(_NAMED[character.lower()])
        code = ord(_CONTROLS.get(character, character))
        if character.isalnum() and character not in _CONTROLS:
            self.refuse(f"\\{character} is not read here; write the characters themselves")
        return ((code, code),)

    def _peek(self) -> str:
        return self._text[self._at]

    def _peek_or_refuse(self) -> str:
        if self.is_at_end:
            self.refuse("close the class with ]")
        return self._peek()

    def _next(self) -> str:
        if self.is_at_end:
            self.refuse("something is missing here")
        self._at += 1
        return self._text[self._at - 1]

    def _take(self, wanted: str) -> bool:
        found = self._text[self._at : self._at + 1] == wanted
        self._at += found
        return found


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _inverted(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    edges = [(-1, -1), *ranges, (_LAST + 1, _LAST + 1)]
    return tuple((before[1] + 1, after[0] - 1) for before, after in pairwise(edges) if before[1] + 1 < after[0])
