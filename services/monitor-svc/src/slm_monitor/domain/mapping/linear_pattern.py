"""Regular expressions that match in a time proportional to the length of the text. Each is compiled to a finite
automaton, as RE2 does.

The syntax is the part of RE2's syntax whose automata have a limited size: literals, ``.``, classes, groups,
alternatives and repetitions. Python's own ``re`` backtracks: one expression that a party writes could stop the whole
process.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from slm_monitor.domain.mapping.pattern_syntax import (
    Alternatives,
    CharacterSet,
    Concatenation,
    InvalidPattern,
    Node,
    Repetition,
    parse_pattern,
)

MOST_POSITIONS = 2_000
"""The most states of the nondeterministic automaton. A repetition such as ``a{500}`` is written out in its states."""
MOST_CELLS = 20_000
"""The most entries in the table of one expression; an entry has two bytes."""
_MOST_WORK = 300_000
"""The most steps that compiling one expression may need; so many steps take about a tenth of a second."""
_NOWHERE = -1


@dataclass(slots=True)
class _Positions:
    """A nondeterministic automaton.

    ``free[n]``: the states that follow state n without reading a character. ``steps[n]``: the characters that state n
    can read, and the state that follows then; None if it reads no character.
    """

    free: list[list[int]] = field(default_factory=list)
    steps: list[tuple[CharacterSet, int] | None] = field(default_factory=list)
    added: int = 0

    def new(self) -> int:
        self.free.append([])
        self.steps.append(None)
        return len(self.free) - 1

    def add(self, node: Node, start: int) -> int:
        """Add the states of a part of the expression after ``start``; return the state at its end."""
        # Empty groups add no state, and yet their repetitions within repetitions take time.
        self.added += 1
        if max(len(self.free), self.added // 4) >= MOST_POSITIONS:
            raise InvalidPattern("the expression is too long when its repetitions are written out; write a shorter one")
        if isinstance(node, CharacterSet):
            end = self.new()
            own = self.new()
            self.free[start].append(own)
            self.steps[own] = (node, end)
            return end
        if isinstance(node, Concatenation):
            for part in node.parts:
                start = self.add(part, start)
            return start
        if isinstance(node, Alternatives):
            end = self.new()
            for part in node.parts:
                self.free[self.add(part, start)].append(end)
            return end
        return self._add_repetition(node, start)

    def _add_repetition(self, node: Repetition, start: int) -> int:
        for _ in range(node.least):
            start = self.add(node.part, start)
        if node.most is None:
            again = self.new()
            self.free[start].append(again)
            self.free[self.add(node.part, again)].append(again)
            return again
        end = self.new()
        for _ in range(node.most - node.least):
            self.free[start].append(end)
            start = self.add(node.part, start)
        self.free[start].append(end)
        return end

    def closed(self, states: Iterable[int]) -> frozenset[int]:
        """Return these states and all states that can be reached from them without reading a character."""
        found = set(states)
        waiting = list(found)
        while waiting:
            for state in self.free[waiting.pop()]:
                if state not in found:
                    found.add(state)
                    waiting.append(state)
        return frozenset(found)


class LinearPattern:
    """A regular expression that has to match a whole text.

    Raises InvalidPattern if the expression cannot be read or needs too large an automaton.
    """

    def __init__(self, written: str) -> None:
        positions = _Positions()
        first = positions.new()
        last = positions.add(parse_pattern(written), first)
        sets = {step[0] for step in positions.steps if step is not None}
        self._edges = sorted({edge for each in sets for low, high in each.ranges for edge in (low, high + 1)})
        width = len(self._edges) + 1
        classes = {each: self._classes_of(each) for each in sets}
        known = {positions.closed([first]): 0}
        order = list(known)
        self._table = array("h")
        work = 0
        for states in order:
            reached: dict[int, set[int]] = {}
            if work > _MOST_WORK or len(order) * width > MOST_CELLS:
                raise InvalidPattern("the expression needs too many states; write a simpler one, or several rules")
            for state in states:
                step = positions.steps[state]
                if step is not None:
                    work += len(classes[step[0]])
                    for kind in classes[step[0]]:
                        reached.setdefault(kind, set()).add(step[1])
            row = [_NOWHERE] * width
            merged: dict[frozenset[int], frozenset[int]] = {}
            for kind, targets in reached.items():
                key = frozenset(targets)
                if key not in merged:
                    merged[key] = positions.closed(key)
                    work += len(merged[key])
                following = merged[key]
                if following not in known:
                    known[following] = len(order)
                    order.append(following)
                row[kind] = known[following]
            self._table.extend(row)
        self._width = width
        self._accepting = [last in states for states in order]
        self._class_of = {chr(code): bisect_right(self._edges, code) for code in range(128)}

    @property
    def cells(self) -> int:
        """The number of entries in the automaton's table."""
        return len(self._table)

    def matches(self, text: str) -> bool:
        """Whether the expression matches the whole text. Each character costs one step in the table."""
        state, width, table, class_of = 0, self._width, self._table, self._class_of
        for character in text:
            kind = class_of.get(character)
            if kind is None:
                kind = bisect_right(self._edges, ord(character))
            state = table[state * width + kind]
            if state < 0:
                return False
        return self._accepting[state]

    def _classes_of(self, given: CharacterSet) -> Sequence[int]:
        """Return the numbers of the character classes that together make up a set of characters.

        The edges, sorted code points, separate the classes: class n has the characters from edge n − 1 up to, but not
        including, edge n.
        """
        return [
            kind
            for low, high in given.ranges
            for kind in range(bisect_right(self._edges, low), bisect_right(self._edges, high) + 1)
        ]
