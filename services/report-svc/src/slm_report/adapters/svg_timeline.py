"""The chart of a report's period: when each target was breached or at risk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

from markupsafe import Markup

from slm_events import instants, wording
from slm_report.adapters import report_words, svg
from slm_report.adapters.local_dates import LocalDates
from slm_report.adapters.svg import Layout

ROW, TOP = 36, 30
WIDE = Layout(width=1040, plot_x=300, plot_width=720, drop=0)
NARROW = Layout(width=344, plot_x=8, plot_width=328, drop=24)
_TICKS = {WIDE: 6, NARROW: 3}


class Axis:
    """The mapping of instants of the period to pixels."""

    def __init__(self, layout: Layout, period: Mapping[str, str]) -> None:
        self.layout = layout
        self.start = instants.from_text(period["start_at"])
        self.end = instants.from_text(period["end_at"])

    def x(self, at: str) -> float:
        """Return the pixel position of an instant, within the chart."""
        return self.layout.at((instants.from_text(at) - self.start) / (self.end - self.start))


def draw_timeline(report: Mapping[str, Any], layout: Layout = WIDE) -> Markup:
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
    row = ROW + layout.drop
    bottom = TOP + row * len(targets)
    root = svg.new_drawing(layout.width, bottom + 30, "Breaches and warnings over the period", summary)
    axis, dates = Axis(layout, report["period"]), LocalDates(report["period"]["timezone"])
    _scale(root, axis, dates, bottom)
    for index, (key, title) in enumerate(targets):
        y = TOP + row * index
        svg.add_label(root, 0, y + 17, title, longest=42)
        y += layout.drop
        svg.add_element(root, "line", x1=layout.at(0), x2=layout.at(1), y1=y + 13, y2=y + 13, stroke=svg.LINE)
        for risk in (risk for risk in report["risks"] if risk["target_key"] == key):
            _draw_risk(root, axis, dates, y, risk)
        for breach in (breach for breach in breaches if breach["target_key"] == key):
            _draw_breach(root, axis, dates, y, breach)
    return svg.to_markup(root)


def _scale(root: Element, axis: Axis, dates: LocalDates, bottom: float) -> None:
    ticks = _TICKS[axis.layout]
    for tick in range(ticks + 1):
        at = axis.start + (axis.end - axis.start) * tick // ticks
        x = axis.layout.at(tick / ticks)
        anchor = "start" if tick == 0 else "end" if tick == ticks else "middle"
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
