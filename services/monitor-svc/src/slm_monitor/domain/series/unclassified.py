"""Where the values of histograms lie that do not tell how they are counted: minutes of an indicator's rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from slm_monitor.domain.series.classifiers import Classifier


class UnclassifiedValues:
    """By measure and minute, how many values. There are few: the door refuses what no target can be judged by."""

    def __init__(self) -> None:
        self._minutes: dict[Classifier, dict[int, int]] = {}

    def note(self, measure: Classifier, minute: int, number: int) -> None:
        """So many more; fewer, if below zero."""
        if number:
            held = self._minutes.setdefault(measure, {})
            held[minute] = held.get(minute, 0) + number
            if not held[minute]:
                del held[minute]

    def forget(self, minutes: Collection[int]) -> None:
        """They are counted anew."""
        for held in self._minutes.values():
            for minute in held.keys() & set(minutes):
                del held[minute]

    def between(self, measure: Classifier, first: int, last: int) -> list[int]:
        """The minutes of a stretch, inclusive, that have any."""
        return [minute for minute in self._minutes.get(measure, ()) if first <= minute <= last]

    def within(self, hour: int) -> set[int]:
        """The minutes of an hour, from 0 to 59, that have any by some measure."""
        return {minute % 60 for held in self._minutes.values() for minute in held if minute // 60 == hour}

    def of(self, measures: Sequence[Classifier], minute: int) -> Sequence[int]:
        """How many there are by each measure; nothing where there are none at all."""
        if not self._minutes:
            return ()
        return [self._minutes.get(measure, {}).get(minute, 0) for measure in measures]
