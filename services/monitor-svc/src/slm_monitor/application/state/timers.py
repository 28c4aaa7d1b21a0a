"""Timers: for each subject the instant at which its result may change without new data."""

from __future__ import annotations

import heapq

from slm_events.instants import UtcMicroseconds

STATE, COUNT, TICKET, DERIVED, SILENCE = "state", "count", "ticket", "derived", "silence"
"""The kinds of subjects, by the evaluator that their timers wake."""
Subject = tuple[str, str]
"""(evaluator, name): the name of an indicator, a ticket or a target."""


class TimerHeap:
    """A heap of (instant, subject) in which only the latest setting of each subject counts."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, Subject]] = []
        self._due: dict[Subject, int] = {}

    def set(self, subject: Subject, at: UtcMicroseconds | None) -> None:
        """Set the timer of a subject to an instant in µs; None removes it."""
        if at is None:
            self._due.pop(subject, None)
        elif self._due.get(subject) != at:
            self._due[subject] = at
            heapq.heappush(self._heap, (at, subject))

    def next_due(self) -> UtcMicroseconds | None:
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, instant: UtcMicroseconds, most: int | None = None) -> list[Subject]:
        """Remove and return the subjects that are due by an instant, the earliest first. ``most`` limits their number;
        the others stay due.
        """
        subjects: list[Subject] = []
        while (most is None or len(subjects) < most) and (at := self.next_due()) is not None and at <= instant:
            _, subject = heapq.heappop(self._heap)
            del self._due[subject]
            subjects.append(subject)
        return subjects
