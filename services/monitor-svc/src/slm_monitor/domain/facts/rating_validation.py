"""Validation of ratings: a score on the indicator's scale, from a respondent, at a touch-point.

Each rating is stored as one fact.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_monitor.domain.facts import rejections
from slm_monitor.domain.facts.intake_items import Indicator, SentMeasurement
from slm_monitor.domain.facts.rejections import ItemRejected

TOUCH_POINTS = ("phone", "mail", "chat", "portal")
TOUCH_POINT = "touch_point"
"""The label that holds the touch-point of a rating."""
PROMOTERS, DETRACTORS = "9", "6"
"""Default limits of the net promoter score on a scale from 0 to 10. A promoter scores at least 9, a detractor at most
6. Terms may set other limits."""


def validate_rating(item: SentMeasurement, indicator: Indicator) -> tuple[float, dict[str, str], dict[str, Any]]:
    """Return (score, labels, other fields to store) of a rating. Raises ItemRejected."""
    score = item.score
    if score is None:
        raise ItemRejected("no_score", "score", None, f"say how indicator {indicator.key} was rated{_scale(indicator)}")
    if not math.isfinite(score):
        raise ItemRejected("not_a_number", "score", str(score), "send a finite number; leave out what was not rated")
    if not _is_on(Decimal(repr(score)), indicator):
        raise ItemRejected("off_scale", "score", score, f"rate indicator {indicator.key}{_scale(indicator)}")
    if item.touch_point is not None and item.touch_point not in TOUCH_POINTS:
        raise ItemRejected(
            "unsupported_touch_point", "touch_point", item.touch_point, f"one of {', '.join(TOUCH_POINTS)}"
        )
    rejections.check_storable_names(respondent=item.respondent)
    labels = {} if item.touch_point is None else {TOUCH_POINT: item.touch_point}
    return score, labels, {} if item.respondent is None else {"respondent": item.respondent}


def parse_rating_scale(lowest: str, highest: str) -> tuple[str, str]:
    """Return the two ends of a scale as plain decimal texts. Raises ValueError if they do not form a scale."""
    try:
        low, high = Decimal(lowest), Decimal(highest)
    except InvalidOperation as error:
        raise ValueError("write both ends as decimal numbers") from error
    if not (low.is_finite() and high.is_finite() and low < high):
        raise ValueError("the lowest score lies below the highest")
    return f"{low:f}", f"{high:f}"


def _is_on(score: Decimal, indicator: Indicator) -> bool:
    lowest, highest = indicator.lowest, indicator.highest
    return lowest is None or highest is None or Decimal(lowest) <= score <= Decimal(highest)


def _scale(indicator: Indicator) -> str:
    return "" if indicator.lowest is None else f" from {indicator.lowest} to {indicator.highest}"
