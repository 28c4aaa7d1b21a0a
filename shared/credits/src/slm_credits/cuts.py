"""Cuts: places just before or just after a value.

A band lies between two cuts. The cuts say whether the values at the two ends of the band belong to it.
"""

from __future__ import annotations

from fractions import Fraction

from slm_credits.schedule import Band, Scale

Cut = tuple[Fraction, int]
"""A place between values: (v, BEFORE) lies just before the value v, (v, AFTER) just after it."""
Span = tuple[Cut | None, Cut | None]
"""All values between two cuts. A cut that is None is no limit."""
BEFORE, AFTER = 0, 1


def start_cut(band: Band) -> Cut:
    """Return the cut at which a band begins: before its start or, if the band leaves its start out, after it."""
    assert band.start is not None
    return (band.start, AFTER if band.is_right_closed else BEFORE)


def end_cut(band: Band) -> Cut:
    """Return the cut at which a band ends."""
    assert band.end is not None
    return (band.end, AFTER if band.is_right_closed else BEFORE)


def span_of(band: Band, scale: Scale) -> Span:
    """Return the values that a band of a complete schedule holds. The ends of the scale belong to the first and the
    last band.
    """
    start = None if band.start is None else start_cut(band)
    end = None if band.end is None else end_cut(band)
    if scale.least is not None and band.start == scale.least:
        start = (scale.least, BEFORE)
    if scale.most is not None and band.end == scale.most:
        end = (scale.most, AFTER)
    return start, end


def common_span(one: Span, other: Span) -> Span | None:
    """Return the values that two spans share; None if there are none."""
    starts = [start for start, _ in (one, other) if start is not None]
    ends = [end for _, end in (one, other) if end is not None]
    start, end = max(starts, default=None), min(ends, default=None)
    return (start, end) if start is None or end is None or start < end else None


def value_between(span: Span) -> Fraction:
    """Return a value of the span: its lowest value if it has one, else its highest, else a value between."""
    start, end = span
    if start is not None and start[1] == BEFORE:
        return start[0]
    if end is not None and end[1] == AFTER:
        return end[0]
    if start is not None and end is not None:
        return (start[0] + end[0]) / 2
    return start[0] + 1 if start is not None else end[0] - 1 if end is not None else Fraction(0)
