"""Whether measurements come often enough to tell if an objective is met, with the arithmetic in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from slm_agreement.domain.errors import WARNING, Finding
from slm_agreement.domain.terms import objectives
from slm_events.aggregations import KINDS, SERIES, STATES, read_name
from slm_events.instants import from_text

CODE = "measurable.too-coarse"
_WEEK_SECONDS = 7 * 86_400
_MICROSECONDS = 1_000_000


def find_rate_findings(target: Mapping[str, Any], result: Mapping[str, Any], path: str) -> Iterator[Finding]:
    """Yield a warning if the target is measured too rarely for its objective.

    ``result`` is the target's back-test. The allowed bad time of an availability must be longer than the time between
    two probes: a shorter outage falls between them. Of a share of events, at least one event in a window must be
    allowed to be bad.
    """
    measured, windows = result["measured"], result["windows"]
    count, kind = measured["in_7_days"], KINDS[read_name(target["aggregation"])]
    share = objectives.allowed_bad_share(target["objective"]) if kind.source in (STATES, SERIES) else None
    if not share or not windows or not count:
        return
    seconds = Fraction(from_text(windows[-1]["to"]) - from_text(windows[-1]["from"]), _MICROSECONDS)
    percent = f"{_digits(100 * (1 - share))}%"
    if kind.source == STATES and measured.get("is_sampled"):
        between, allowed = Fraction(_WEEK_SECONDS, count), seconds * share
        if between > allowed:
            remedy = (
                f"{percent} of {_duration(seconds)} leaves {_duration(allowed)} of downtime, and {count} probes in 7 "
                f"days are {_duration(between)} apart: probe more often than every {_duration(allowed)}, lower the "
                "objective, or waive this with a reason"
            )
            yield Finding(f"{path}.indicator", f"one probe every {_duration(between)}", remedy, CODE, WARNING)
    elif kind.is_of_events:
        expected = count * seconds / _WEEK_SECONDS
        if expected * share < 1:
            remedy = (
                f"{percent} of {_digits(expected)} events in a period allows {_digits(expected * share)} bad ones, so "
                f"the first one is a breach: {_digits(1 / share)} events are needed; lower the objective, "
                "measure more, or waive this with a reason"
            )
            yield Finding(f"{path}.indicator", f"{count} events in 7 days", remedy, CODE, WARNING)


def _digits(number: Fraction) -> str:
    """Return a number with at most four decimals, rounded down."""
    whole, rest = divmod(int(number * 10_000), 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _duration(seconds: Fraction) -> str:
    """Return a duration in the two largest units that are not zero, rounded down to a second: ``4 min 19 s``."""
    left, parts = int(seconds), []
    for length, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "less than 1 s"
