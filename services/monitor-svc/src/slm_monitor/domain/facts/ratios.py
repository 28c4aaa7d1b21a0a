"""Validation of counts of good events out of all events, the measurements of an indicator of kind ``ratio``."""

from __future__ import annotations


class InvalidEventCounts(Exception):
    """The sent numbers of good, bad and all events contradict each other. ``parts`` are the reason, the field, its
    value and the remedy.
    """

    def __init__(self, reason: str, field: str, value: int | None, remedy: str) -> None:
        super().__init__(reason)
        self.parts = (reason, field, value, remedy)


def validate_event_counts(good: int | None, bad: int | None, total: int | None) -> dict[str, int]:
    """Return ``{"good": …, "total": …}``, from the number of all events and the number of either good or bad events.

    Raises InvalidEventCounts.
    """
    if total is None:
        raise InvalidEventCounts("no_total", "total", None, "say how many events there were in all")
    if (good is None) == (bad is None):
        raise InvalidEventCounts("no_good", "good", good, "say either how many events were good, or how many were bad")
    if total < 0:
        raise InvalidEventCounts("negative_count", "total", total, "a count is not negative")
    name, given = ("good", good) if good is not None else ("bad", bad)
    assert given is not None
    if not 0 <= given <= total:
        raise InvalidEventCounts(f"impossible_{name}", name, given, f"at least 0 and at most the total of {total}")
    return {"good": total - given if name == "bad" else given, "total": total}
