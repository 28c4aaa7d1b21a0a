"""Minutes with values in histograms whose buckets do not show whether the values are good."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from slm_monitor.domain.series.classifiers import RowClassifier


class UnclassifiedValueCounts:
    """The number of unclassified values by classifier and minute (numbered since 1970).

    All values of a histogram are unclassified if the classifier's limit lies inside one of its buckets, or if exact
    values are needed and the histogram has no sum, minimum and maximum. There are few such values: intake rejects a
    histogram that no target of its indicator can classify.
    """

    def __init__(self) -> None:
        self._minutes: dict[RowClassifier, dict[int, int]] = {}

    def note(self, measure: RowClassifier, minute: int, number: int) -> None:
        """Add ``number`` unclassified values to a minute; a negative number removes values."""
        if number:
            held = self._minutes.setdefault(measure, {})
            held[minute] = held.get(minute, 0) + number
            if not held[minute]:
                del held[minute]

    def forget(self, minutes: Collection[int]) -> None:
        """Drop the counts of these minutes, because the caller will count them again."""
        for held in self._minutes.values():
            for minute in held.keys() & set(minutes):
                del held[minute]

    def between(self, measure: RowClassifier, first: int, last: int) -> list[int]:
        """Return the minutes from ``first`` to ``last`` inclusive that have unclassified values for this classifier."""
        return [minute for minute in self._minutes.get(measure, ()) if first <= minute <= last]

    def minutes_of_hour(self, hour: int) -> set[int]:
        """Return the minutes (0 to 59) of an hour that have unclassified values for any classifier."""
        return {minute % 60 for held in self._minutes.values() for minute in held if minute // 60 == hour}

    def numbers_at(self, measures: Sequence[RowClassifier], minute: int) -> Sequence[int]:
        """Return the number of unclassified values of a minute for each of ``measures``, in their order.

        The result is empty if no minute has unclassified values, which is the usual case.
        """
        if not self._minutes:
            return ()
        return [self._minutes.get(measure, {}).get(minute, 0) for measure in measures]
