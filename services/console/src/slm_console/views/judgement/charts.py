"""Step chart of a target's remaining error budget with its forecast, or of its figure, as coordinates for SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from slm_console.views import instants
from slm_console.views.judgement.allowances import allowance_of, budget_of
from slm_console.views.judgement.figures import exact, figure_in_words, limit_of
from slm_console.views.reader import DAY, Reader

WIDTH, HEIGHT = 720, 160
_RIGHT = 120
_MARGIN = 8
"""Space in pixels above and below a figure's line. ``_RIGHT`` is the space on the right for labels, in pixels."""
_LINE = 14
"""Height of a label in pixels."""


@dataclass(frozen=True, slots=True)
class ChartRow:
    """A row of the table that shows the chart's data as text."""

    moment: str
    sentence: str


@dataclass(frozen=True, slots=True)
class StepChart:
    """A drawing of WIDTH × HEIGHT pixels. Paths are SVG path data; ``zero`` is the y coordinate of the limit.

    ``limit`` is the text at the line of the limit. ``label`` is the text at the last point: its value in words.
    """

    line: str
    forecast: str
    zero: str
    limit: str
    now_x: str
    now_y: str
    label: str
    label_y: str
    over: str
    """The rectangle of the overspent part as ``x y width height``; empty if nothing is overspent."""
    ticks: Sequence[tuple[str, str]]
    """The x coordinate and the label of each tick on the time axis."""
    rows: Sequence[ChartRow]
    title: str
    measure: str
    """Heading of the values in the table with the chart's data."""


def chart_of(
    reader: Reader, target: Mapping[str, Any], points: Sequence[Mapping[str, Any]], zone: str = ""
) -> StepChart | None:
    """Return the chart of a target's present period: of its error budget or, if it has none, of its figure.

    ``zone`` is the agreement's time zone, in which the period's days begin. If it is empty, the reader's time zone is
    used.
    """
    axis = replace(reader, zone=ZoneInfo(zone)) if zone else reader
    return step_chart_of(reader, target, points, axis) or figure_chart_of(reader, target, points, axis)


def figure_chart_of(
    reader: Reader, target: Mapping[str, Any], points: Sequence[Mapping[str, Any]], axis: Reader
) -> StepChart | None:
    """Return the chart of a figure without an error budget, such as a slowest answer, with the objective as a line.

    None if there is no known figure, no limit, or the window is rolling.
    """
    window, objective = target["window"], target["terms"]["objective"]
    promised = limit_of(objective)
    known = [(_at(each), found) for each in points if (found := exact(each["figure"])) is not None]
    if not window or not known or promised is None or window["window_id"].startswith("P"):
        return None
    start, end = instants.read(window["start_at"]), instants.read(window["end_at"])
    assert start is not None and end is not None
    bound = Fraction(promised[1])
    low, high = min(bound, *(each for _, each in known)), max(bound, *(each for _, each in known))
    reach = (high - low) or Fraction(1)

    def x(instant: int) -> Fraction:
        return Fraction(max(0, min(instant, end) - start), end - start) * (WIDTH - _RIGHT)

    def y(figure: Fraction) -> Fraction:
        return (high - figure) / reach * (HEIGHT - 2 * _MARGIN) + _MARGIN

    path = f"M{_n(x(known[0][0]))} {_n(y(known[0][1]))}"
    path += "".join(f"H{_n(x(instant))}V{_n(y(figure))}" for instant, figure in known[1:])
    last_at, last = known[-1]
    return StepChart(
        line=path,
        forecast="",
        zero=_n(y(bound)),
        limit=figure_in_words(reader, bound, objective),
        now_x=_n(x(last_at)),
        now_y=_n(y(last)),
        label=figure_in_words(reader, last, objective),
        label_y=_n(_label_y(y(last), y(bound))),
        over="",
        ticks=_ticks(axis, start, end, x),
        rows=[ChartRow(reader.moment(at), figure_in_words(reader, figure, objective)) for at, figure in known],
        title=reader.gettext("The figure so far, and what was promised"),
        measure=reader.gettext("Figure"),
    )


def step_chart_of(
    reader: Reader, target: Mapping[str, Any], points: Sequence[Mapping[str, Any]], axis: Reader
) -> StepChart | None:
    """Return the chart of the remaining error budget in the present period.

    None if there is no budget, no known point, or the window is rolling.
    """
    window = target["window"]
    usable = [each for each in points if each["budget"] and Fraction(each["budget"]["whole"]) > 0]
    if not window or not usable or window["window_id"].startswith("P"):
        return None
    start, end = instants.read(window["start_at"]), instants.read(window["end_at"])
    assert start is not None and end is not None
    whole = Fraction(usable[-1]["budget"]["whole"])
    lefts = [(_at(each), Fraction(each["budget"]["left"]) / Fraction(each["budget"]["whole"])) for each in usable]
    low = min(Fraction(0), *(share for _, share in lefts))
    low = max(low, Fraction(-1))

    def x(instant: int) -> Fraction:
        return Fraction(max(0, min(instant, end) - start), end - start) * (WIDTH - _RIGHT)

    def y(share: Fraction) -> Fraction:
        return (1 - max(share, low)) / (1 - low) * HEIGHT

    path = [f"M{_n(x(start))} {_n(y(Fraction(1)))}"]
    for instant, share in lefts:
        path.append(f"H{_n(x(instant))}V{_n(y(share))}")
    last_at, last = lefts[-1]
    allowance = allowance_of(reader, usable[-1]["budget"])
    label = allowance.left if allowance else ""
    over = ""
    if low < 0:
        crossed = next(instant for instant, share in lefts if share < 0)
        over = f"{_n(x(crossed))} {_n(y(Fraction(0)))} {_n(x(last_at) - x(crossed))} {_n(y(last) - y(Fraction(0)))}"
    return StepChart(
        line="".join(path),
        forecast=_forecast(target, x, y, (last_at, last), end),
        zero=_n(y(Fraction(0))),
        limit=reader.gettext("used up"),
        now_x=_n(x(last_at)),
        now_y=_n(y(last)),
        label=label,
        label_y=_n(_label_y(y(last), y(Fraction(0)))),
        over=over,
        ticks=_ticks(axis, start, end, x),
        rows=[ChartRow(reader.moment(_at(each)), _sentence(reader, target, each)) for each in usable],
        title=reader.gettext("What is left of %(whole)s", whole=_whole(reader, usable[-1], whole)),
        measure=reader.gettext("Allowed"),
    )


def _label_y(last: Fraction, limit: Fraction) -> Fraction:
    """Return the y coordinate of the last point's label: next to the point, but never on the line of the limit."""
    if abs(last - limit) < _LINE:
        return limit - 8 if last <= limit else limit + 16
    return min(last + 4, Fraction(HEIGHT))


def _at(point: Mapping[str, Any]) -> int:
    found = instants.read(point["at"])
    assert found is not None
    return found


def _sentence(reader: Reader, target: Mapping[str, Any], point: Mapping[str, Any]) -> str:
    allowance = allowance_of(reader, budget_of(target["terms"], point))
    return allowance.sentence if allowance else ""


def _whole(reader: Reader, point: Mapping[str, Any], whole: Fraction) -> str:
    if point["budget"]["unit"] == "microseconds":
        return reader.length(whole)
    return reader.whole(int(whole))


def _forecast(target: Mapping[str, Any], x: Any, y: Any, last: tuple[int, Fraction], end: int) -> str:
    at, share = last
    when = instants.read((target["window"].get("time_left") or {}).get("projected_breach_at"))
    if share <= 0 or when is None or when <= at:
        return ""
    if when <= end:
        return f"M{_n(x(at))} {_n(y(share))}L{_n(x(when))} {_n(y(Fraction(0)))}"
    return f"M{_n(x(at))} {_n(y(share))}L{_n(x(end))} {_n(y(share * Fraction(when - end, when - at)))}"


def _ticks(axis: Reader, start: int, end: int, x: Any) -> list[tuple[str, str]]:
    """Return x coordinate and label for about five days of the period, each at its start in the zone of ``axis``."""
    days = max(1, (end - start) // DAY)
    step = max(1, -(-days // 5))
    first = axis.local(start)
    found = [start + _elapsed(first, first + timedelta(days=day)) for day in range(0, days, step)]
    return [(_n(x(instant)), axis.day(instant)) for instant in found]


def _elapsed(first: datetime, later: datetime) -> int:
    """Return the microseconds between two local times of one zone, where a day can have 23 or 25 hours."""
    return (later.astimezone(UTC) - first.astimezone(UTC)) // timedelta(microseconds=1)


def _n(value: Fraction) -> str:
    """Return a coordinate as text with at most one decimal."""
    return f"{float(value):.1f}".removesuffix(".0")
