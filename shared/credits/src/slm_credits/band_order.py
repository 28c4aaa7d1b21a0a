"""The order of bands: a schedule has exactly one band for every value, without gap or overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from slm_credits.cuts import BEFORE, common_span, end_cut, start_cut, value_between
from slm_credits.errors import CreditError, refusal
from slm_credits.exact_numbers import number_to_text
from slm_credits.schedule import Band, Scale


def arrange_bands(written: Sequence[Band], scale: Scale) -> tuple[Band, ...]:
    """Return the bands in ascending order. A band without an end gets the start of the next band as its end.

    Raises CreditError with a value that is in no band, in two bands, or outside the scale.
    """
    lowest = scale.least
    if lowest is None:
        # On a scale without a lower end, the band without a start lies below all others.
        lowest = min([Fraction(0), *(band.start for band in written if band.start is not None)]) - 1
    bands = sorted(
        (replace(band, start=lowest if band.start is None else band.start) for band in written), key=start_cut
    )
    _check_first(bands[0], scale)
    _check_last(bands[-1], scale)
    ends = [band.start for band in bands[1:]] + [scale.most]
    bands = [replace(band, end=end if band.end is None else band.end) for band, end in zip(bands, ends, strict=True)]
    for lower, upper in pairwise(bands):
        _check_neighbours(lower, upper)
    if scale.least is None:
        bands[0] = replace(bands[0], start=None)
    return tuple(bands)


def _check_first(first: Band, scale: Scale) -> None:
    least = Fraction(0) if scale.least is None else scale.least
    if first.start is not None and first.start > least:
        raise _gap(least, f"to below {number_to_text(first.start)}")


def _check_last(last: Band, scale: Scale) -> None:
    if scale.most is None:
        if last.end is not None:
            raise _gap(last.end, "upwards")
        return
    most, start = number_to_text(scale.most), last.start
    if start is not None and (start > scale.most or (start == scale.most and last.is_right_closed)):
        remedy = f"no figure can be in this band: the scale ends at {most}"
        raise refusal("bands", number_to_text(start), remedy)
    if last.end is not None and last.end < scale.most:
        raise _gap(last.end, f"to {most}")
    if last.end is not None and last.end > scale.most:
        raise refusal("bands", number_to_text(last.end), f'write {most}, where the scale ends, or leave "to" out')


def _check_neighbours(lower: Band, upper: Band) -> None:
    begins, ends = start_cut(upper), end_cut(lower)
    if ends < begins:
        value = value_between((ends, begins))
        raise _gap(value, f"to {'below ' if begins[1] == BEFORE else ''}{number_to_text(begins[0])}")
    shared = common_span((start_cut(lower), ends), (begins, None if upper.end is None else end_cut(upper)))
    if ends > begins and shared is not None:
        raise _overlap(value_between(shared))
    if start_cut(lower) >= ends:
        raise _overlap(begins[0])


def _gap(value: Fraction, upto: str) -> CreditError:
    text = number_to_text(value)
    remedy = f'no band contains {text}: write one for figures from {text} {upto}, such as {{"nothing": true}}'
    return refusal("bands", text, remedy)


def _overlap(value: Fraction) -> CreditError:
    text = number_to_text(value)
    remedy = f'bands overlap: {text} is in two of them; a band holds its "from", or with "closed": "right" its "to"'
    return refusal("bands", text, remedy)
