"""The chart of a report's period: when each target was breached or at risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from markupsafe import Markup

from slm_events import instants, wording
from slm_report.adapters import report_words, svg
from slm_report.adapters.local_dates import LocalDates

WIDTH, ROW, TOP = 1040, 36, 30
_PLOT_X, _PLOT_WIDTH = 300, 720
_TICKS = 6


class Axis:
    """The mapping of instants of the period to pixels."""

    def __init__(self, period: Mapping[str, str]) -> None:
        self.start = instants.from_text(period["start_at"])
        self.end = instants.from_text(period["end_at"])

    def x(self, at: str) -> float:
        """Return the pixel position of an instant, within the chart."""
        share = (instants.from_text(at) - self.start) / (self.end - self.start)
        return _PLOT_X + max(0.0, min(1.0, share)) * _PLOT_WIDTH


def draw_timeline(report: Mapping[str, Any]) -> Markup:
    """Return the chart of breaches and warnings over the period, with one row for each target.

    A breach is red from when it was certain until it recovered; warnings are amber.
    """
    targets = list({line["target_key"]: line["title"] for line in report["lines"]}.items())
    breaches = [breach for breach in report["breaches"] if breach["state"] != "withdrawn"]
    found = (
        wording.count_in_words(len(breaches), "breach", "breaches"),
        wording.count_in_words(len(report["risks"]), "warning"),
    )
    summary = f"{' and '.join(found)} between the ends of {report_words.period_in_words(report['period']['id'])}"
    root = svg.new_drawing(WIDTH, TOP + ROW * len(targets) + 30, "Breaches and warnings over the period", summary)
    axis, dates = Axis(report["period"]), LocalDates(report["period"]["timezone"])
    _scale(root, axis, dates, TOP + ROW * len(targets))
    for index, (key, title) in enumerate(targets):
        y = TOP + ROW * index
        svg.add_label(root, 0, y + 17, title, longest=42)
        svg.add_element(root, "line", x1=_PLOT_X, x2=_PLOT_X + _PLOT_WIDTH, y1=y + 13, y2=y + 13, stroke=svg.LINE)
        for risk in (risk for risk in report["risks"] if risk["target_key"] == key):
            _draw_risk(root, axis, dates, y, risk)
        for breach in (breach for breach in breaches if breach["target_key"] == key):
            _draw_breach(root, axis, dates, y, breach)
    return svg.to_markup(root)


def _scale(root: Element, axis: Axis, dates: LocalDates, bottom: float) -> None:
    for tick in range(_TICKS + 1):
        at = axis.start + (axis.end - axis.start) * tick // _TICKS
        x = _PLOT_X + _PLOT_WIDTH * tick / _TICKS
        anchor = "start" if tick == 0 else "end" if tick == _TICKS else "middle"
        svg.add_element(root, "line", x1=x, x2=x, y1=TOP - 8, y2=bottom, stroke=svg.LINE, stroke_dasharray="2 3")
        svg.add_label(
            root,
            x,
            bottom + 18,
            dates.tick(at, axis.end - axis.start),
            font_size=12,
            text_anchor=anchor,
            fill=svg.MUTED,
        )


def _draw_breach(root: Element, axis: Axis, dates: LocalDates, y: float, breach: Mapping[str, Any]) -> None:
    x = axis.x(breach["certain_at"])
    what = f"{report_words.period_in_words(breach['window_id'])} {breach['figure_display']}"
    hint = f"breached {dates.moment(breach['certain_at'])}: {what}"
    if breach["recovered_at"]:
        width = max(2.0, axis.x(breach["recovered_at"]) - x)
        hint += f", recovered {dates.moment(breach['recovered_at'])}"
        svg.add_element(root, "rect", hint, x=x, y=y + 9, width=width, height=8, fill=svg.BAD, opacity="0.55")
    link = svg.add_element(root, "a", href=f"#breach-{breach['breach_id']}")
    points = f"{x},{y + 4} {x + 8},{y + 21} {x - 8},{y + 21}"
    svg.add_element(link, "polygon", hint, points=points, fill=svg.BAD, stroke=svg.PAPER)


def _draw_risk(root: Element, axis: Axis, dates: LocalDates, y: float, risk: Mapping[str, Any]) -> None:
    x = axis.x(risk["raised_at"])
    cause = wording.warning_in_words(risk["cause"], risk["threshold"])
    hint = f"warned {dates.moment(risk['raised_at'])}: {cause}, {risk['outcome']}"
    if risk["ended_at"]:
        width = max(2.0, axis.x(risk["ended_at"]) - x)
        svg.add_element(root, "rect", hint, x=x, y=y + 11, width=width, height=4, fill=svg.WARN, opacity="0.5")
    svg.add_element(root, "circle", hint, cx=x, cy=y + 13, r=5, fill=svg.PAPER, stroke=svg.WARN, stroke_width=2.5)
