"""Requests to a Prometheus for the samples of an expression, and the reading of its answers. Each request covers one
piece of time. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.pulls.dialects import ToolAnswer, ToolRequest, UnreadableAnswer
from slm_monitor.domain.pulls.pulls import ToolTrouble
from slm_monitor.domain.pulls.queries import SampleQuery

DIALECT = "promql"
"""The name of this language in recipes."""
MOST_POINTS = 1_000
"""The most instants in one request; Prometheus allows 11,000."""
MOST_SAMPLES = 50_000
"""The most samples in one answer: they are stored in one transaction."""
MOST_SERIES = 5_000
SOURCE_LABEL = "slm_source"
"""The label of every pulled series. Its value is the source of the pull, so that series of two pulls always differ."""
_NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Piece:
    """Instants that one request names: from ``start`` to ``end``, both inclusive, in seconds since 1970."""

    start: int
    end: int
    step: int

    @property
    def points(self) -> int:
        """Return the number of instants."""
        return (self.end - self.start) // self.step + 1

    @property
    def following(self) -> UtcMicroseconds:
        """Return the instant after the piece, from which reading continues."""
        return (self.end + self.step) * SECOND


@dataclass(slots=True)
class AskedSeries:
    """A series in an answer. ``samples`` are (instant in ms, value)."""

    labels: dict[str, str]
    samples: list[tuple[int, float]] = field(default_factory=list)


def next_piece(query: SampleQuery, since: UtcMicroseconds, now: UtcMicroseconds, width: int) -> Piece | None:
    """Return the next instants from ``since`` on, ``width`` at most; None if no instant has complete samples yet.

    Instants are multiples of the step, wherever reading begins. So samples that are read again have the same instants.
    """
    step = query.step_seconds
    first = -(-since // (step * SECOND)) * step
    last = (now - query.lag_seconds * SECOND) // (step * SECOND) * step
    return None if last < first else Piece(first, min(last, first + (width - 1) * step), step)


def request_of(path: str, query: SampleQuery, piece: Piece) -> ToolRequest:
    """Return the request for the samples of a piece of time."""
    parameters = {
        "query": query.expression,
        "start": str(piece.start),
        "end": str(piece.end),
        "step": str(piece.step),
        # Thanos otherwise leaves out what a store does not answer, and the gap would stay. Others do not know this.
        "partial_response": "false",
    }
    return ToolRequest(path, parameters)


def complete_part(answer: ToolAnswer, query: SampleQuery, piece: Piece) -> Piece | None:
    """Return the instants of the piece that have complete samples by the server's clock; None if no instant has.

    If the server's clock is behind our clock, the request may name instants that the server has not reached yet. If the
    answer does not say when the server sent it, the whole piece is returned.
    """
    theirs = _sent_at(answer)
    if theirs is None:
        return piece
    last = (theirs - query.lag_seconds * SECOND) // (piece.step * SECOND) * piece.step
    return None if last < piece.start else Piece(piece.start, min(piece.end, last), piece.step)


def read_answer(answer: ToolAnswer, query: SampleQuery, source: str, piece: Piece) -> list[AskedSeries]:
    """Return the series of an answer, with their samples of one piece of time.

    The query determines the name and the labels of each series.

    Raises UnreadableAnswer, and ToolTrouble if there are more samples than may be stored at once.
    """
    document = answer.document if isinstance(answer.document, dict) else {}
    data = document.get("data")
    data = data if isinstance(data, dict) else {}
    result = data.get("result")
    if document.get("status") != "success" or data.get("resultType") != "matrix" or not isinstance(result, list):
        raise UnreadableAnswer("The answer is no matrix of samples: is it the `query_range` of a Prometheus?")
    if document.get("isPartial") is True:
        raise UnreadableAnswer("The answer is only partial: a store of the server does not answer.")
    if len(result) > MOST_SERIES:
        raise UnreadableAnswer(
            f"The expression has {len(result):,} series, more than {MOST_SERIES:,}: aggregate, or ask in several pulls."
        )
    found: list[AskedSeries] = []
    known: set[frozenset[tuple[str, str]]] = set()
    count = 0
    for each in result:
        series = _named_series(each, query, source, piece)
        key = frozenset(series.labels.items())
        if key in known:
            raise UnreadableAnswer(
                "Two series of the answer have the same name and labels: aggregate them, or leave `record` out."
            )
        known.add(key)
        count += len(series.samples)
        if count > MOST_SAMPLES:
            raise ToolTrouble(f"The answer has more than {MOST_SAMPLES:,} samples.", is_too_much=True)
        found.append(series)
    return found


def _named_series(given: Any, query: SampleQuery, source: str, piece: Piece) -> AskedSeries:
    metric = given.get("metric") if isinstance(given, dict) else None
    values = given.get("values", []) if isinstance(given, dict) else None
    if not isinstance(metric, dict) or not isinstance(values, list):
        raise UnreadableAnswer("A series of the answer has no `metric`, or no list of values.")
    if given.get("histograms"):
        raise UnreadableAnswer("The expression gives native histograms: ask for numbers, as histogram_fraction does.")
    labels = {str(name): str(value) for name, value in metric.items() if value != ""}
    named = {_NAME: query.record} if query.record else {}
    labels = {**labels, **query.labels, **named, SOURCE_LABEL: source}
    series = AskedSeries(labels)
    for pair in values:
        at, value = _pair_of(pair)
        if at % (piece.step * 1000) or at < piece.start * 1000:
            raise UnreadableAnswer("The answer has samples of instants that were not asked for.")
        if at <= piece.end * 1000:
            series.samples.append((at, value))
    return series


def _pair_of(pair: Any) -> tuple[int, float]:
    try:
        at, value = pair
        if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(value, str):
            raise TypeError
        return round(at * 1000), float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UnreadableAnswer("A value of the answer is no pair of an instant and a number as text.") from error


def _sent_at(answer: ToolAnswer) -> UtcMicroseconds | None:
    """Return the instant at which the server sent its answer, by its own clock; None if the answer has no date."""
    try:
        found = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    # The second has begun, and may have gone on until its end.
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() + 1) * SECOND
