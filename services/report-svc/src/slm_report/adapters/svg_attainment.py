"""The charts of a report's lines: attained against agreed figures on one scale, and the error budget that is spent."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from markupsafe import Markup

from slm_report.adapters import report_words, svg
from slm_report.adapters.svg import Layout
from slm_report.domain import figures

ROW, TOP = 58, 34
WIDE = Layout(width=1040, plot_x=300, plot_width=380, drop=0)
NARROW = Layout(width=344, plot_x=0, plot_width=344, drop=40)
"""The layout for phones. It has no bars of the error budget, because the table of figures shows the budget, too."""
_AXIS, _TICKS = 20, 4
_BUDGET_X, _BUDGET_WIDTH, _BUDGET_FULL = 760, 240, 160
"""Measures of the bars of the error budget, in pixels: their left edge, the width of the longest bar, and the width of
a bar for exactly one budget.
"""


class Scale(NamedTuple):
    """The range of figures that a chart shows. Only drawing uses floats; no figure is computed from a pixel."""

    low: Fraction
    high: Fraction

    def share(self, figure: Fraction) -> float:
        """Return where a figure is between the ends of the range: 0 at the low end, 1 at the high one."""
        return float((figure - self.low) / (self.high - self.low))


def draw_attainment_charts(report: Mapping[str, Any], layout: Layout = WIDE) -> list[Markup]:
    """Return a chart for the lines that have the same unit and comparison, and one for the lines without a number.

    All lines of a chart share the scale that its axis shows. A ticket target is drawn as the share of its tickets that
    met their deadline.
    """
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for line in report["lines"]:
        groups.setdefault(_group(line), []).append(line)
    return [_chart(layout, unit, comparison, lines) for (unit, comparison), lines in groups.items()]


def _group(line: Mapping[str, Any]) -> tuple[str, str]:
    if line["tickets"]:
        return "percent", "tickets"
    bound = figures.bound_of(line["objective"])
    if bound is None or figures.parse_figure(line["attained"]["exact"]) is None:
        return "", ""
    return str(line["unit"]), bound[0]


def _chart(layout: Layout, unit: str, comparison: str, lines: list[Mapping[str, Any]]) -> Markup:
    scale = _scale(unit, comparison, lines)
    row = ROW + layout.drop
    bottom = TOP + row * len(lines)
    root = svg.new_drawing(
        layout.width, bottom + (_AXIS if scale else 8), "Figure against promise", _description(lines)
    )
    named = {"tickets": "Tickets in time"}.get(comparison, "Figure against promise")
    heads = [(layout.plot_x, f"{named}, {figures.unit_sign(unit)}" if unit else named)]
    if layout is WIDE:
        heads += [(0, "Target"), (_BUDGET_X, "Used of what is allowed")]
    for x, text in heads:
        svg.add_label(root, x, 14, text, fill=svg.MUTED, font_size=12)
    if scale is not None:
        _axis(root, layout, scale, bottom)
    for index, line in enumerate(lines):
        _row(root, layout, TOP + row * index, line, scale)
    return svg.to_markup(root)


def _axis(root: Element, layout: Layout, scale: Scale, bottom: float) -> None:
    """Draw the chart's scale with marks at both ends and between."""
    for tick in range(_TICKS + 1):
        figure = scale.low + (scale.high - scale.low) * tick / _TICKS
        x = layout.at(tick / _TICKS)
        anchor = "start" if tick == 0 else "end" if tick == _TICKS else "middle"
        svg.add_element(root, "line", x1=x, x2=x, y1=TOP - 8, y2=bottom, stroke=svg.LINE, stroke_dasharray="2 3")
        svg.add_label(root, x, bottom + 12, _mark_of(figure), font_size=11, text_anchor=anchor, fill=svg.MUTED)


def _mark_of(figure: Fraction) -> str:
    text = figures.display_figure(figure)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _row(root: Element, layout: Layout, y: float, line: Mapping[str, Any], scale: Scale | None) -> None:
    svg.add_element(root, "line", x1=0, x2=layout.width, y1=y - 8, y2=y - 8, stroke=svg.LINE)
    svg.add_label(root, 0, y + 14, line["title"], longest=36, font_weight="600")
    svg.add_label(
        root,
        0,
        y + 32,
        f"{report_words.period_in_words(line['window_id'])} · promised {line['agreed']}",
        longest=46,
        fill=svg.MUTED,
        font_size=12,
    )
    if line["tickets"]:
        _tickets(root, layout, y + layout.drop, line)
    else:
        _figure(root, layout, y + layout.drop, line, scale)
    if layout is WIDE:
        _budget(root, y, line)


def _figure(root: Element, layout: Layout, y: float, line: Mapping[str, Any], scale: Scale | None) -> None:
    bound, actual = figures.bound_of(line["objective"]), figures.parse_figure(line["attained"]["exact"])
    if bound is None or actual is None or scale is None:
        svg.add_label(root, layout.plot_x, y + 22, _nothing(line), fill=svg.MUTED, font_style="italic")
        return
    comparison, limit = bound
    _ground(root, layout, y, comparison, layout.at(scale.share(limit)))
    for name in ("baseline", "trend"):
        figure = figures.parse_figure(line[name]["exact"])
        if figure is not None:
            hint = f"{name} {line[name]['display']} {figures.unit_sign(line['unit'])}"
            _mark(root, name, layout.at(scale.share(figure)), y + 13, hint)
    colour = {"met": svg.GOOD, "breached": svg.BAD, "at_risk": svg.WARN}.get(line["verdict"], svg.ACCENT)
    shown = f"{line['attained']['display']} {figures.unit_sign(line['unit'])}".strip()
    x = layout.at(scale.share(actual))
    svg.add_element(root, "circle", f"figure {shown}", cx=x, cy=y + 13, r=6, fill=colour, stroke=svg.PAPER)
    svg.add_label(root, layout.plot_x, y + 38, f"figure {shown}", fill=colour, font_size=12, font_weight="600")
    svg.add_label(root, layout.at(1), y + 38, f"promised {line['agreed']}", font_size=12, text_anchor="end")


def _ground(root: Element, layout: Layout, y: float, comparison: str, limit_x: float) -> None:
    """Draw two areas in different colours: one where the objective is met, one where it is missed."""
    met_right = comparison == "at_least"
    left, right = (svg.BAD_TINT, svg.GOOD_TINT) if met_right else (svg.GOOD_TINT, svg.BAD_TINT)
    start, end = layout.at(0), layout.at(1)
    svg.add_element(root, "rect", x=start, y=y + 4, width=limit_x - start, height=18, fill=left)
    svg.add_element(root, "rect", x=limit_x, y=y + 4, width=end - limit_x, height=18, fill=right)
    svg.add_element(root, "line", "promised", x1=limit_x, x2=limit_x, y1=y, y2=y + 26, stroke=svg.INK, stroke_width=2)


def _mark(root: Element, name: str, x: float, y: float, hint: str) -> None:
    if name == "baseline":
        points = f"{x},{y - 6} {x + 6},{y} {x},{y + 6} {x - 6},{y}"
        svg.add_element(root, "polygon", hint, points=points, fill=svg.PAPER, stroke=svg.ACCENT, stroke_width=1.5)
    else:
        svg.add_element(
            root,
            "line",
            hint,
            x1=x,
            x2=x,
            y1=y - 9,
            y2=y + 9,
            stroke=svg.ACCENT,
            stroke_width=2,
            stroke_dasharray="3 2",
        )


def _scale(unit: str, comparison: str, lines: list[Mapping[str, Any]]) -> Scale | None:
    """Return a scale that contains all figures and objectives, with some room beyond them; None if the lines have no
    numbers.
    """
    if not comparison:
        return None
    if comparison == "tickets":
        return Scale(Fraction(0), Fraction(100))
    bounds = [bound[1] for line in lines if (bound := figures.bound_of(line["objective"])) is not None]
    names = ("attained", "baseline", "trend")
    found = [figures.parse_figure(line[name]["exact"]) for line in lines for name in names]
    shown = [figure for figure in found if figure is not None]
    if unit == "percent" and comparison == "at_least":
        lowest = min([*bounds, *shown])
        reach = max(100 - lowest, *(100 - bound for bound in bounds), Fraction(1, 1000)) * Fraction(9, 8)
        return Scale(max(Fraction(0), 100 - reach), Fraction(100))
    high = max([*(bound * 2 for bound in bounds), *shown]) * Fraction(9, 8) or Fraction(1)
    return Scale(min([Fraction(0), *shown]), high)


def _tickets(root: Element, layout: Layout, y: float, line: Mapping[str, Any]) -> None:
    tickets = line["tickets"]
    if not tickets["judged"]:
        svg.add_label(root, layout.plot_x, y + 22, "no ticket judged", fill=svg.MUTED, font_style="italic")
        return
    start, edge, end = layout.at(0), layout.at(tickets["met"] / tickets["judged"]), layout.at(1)
    svg.add_element(root, "rect", "in time", x=start, y=y + 4, width=edge - start, height=18, fill=svg.GOOD)
    if edge < end:
        svg.add_element(root, "rect", "breached", x=edge, y=y + 4, width=end - edge, height=18, fill=svg.BAD)
    colour = svg.BAD if tickets["breached"] else svg.GOOD
    svg.add_label(
        root, layout.plot_x, y + 38, line["attained"]["display"], fill=colour, font_size=12, font_weight="600"
    )


def _budget(root: Element, y: float, line: Mapping[str, Any]) -> None:
    spent = figures.parse_figure(line["budget_consumed_percent"]["exact"])
    if spent is None:
        svg.add_label(root, _BUDGET_X, y + 18, "–", fill=svg.MUTED)
        return
    over = spent > 100
    width = max(0.0, min(float(spent) / 100 * _BUDGET_FULL, float(_BUDGET_WIDTH)))
    shown = f"{line['budget_consumed_percent']['display']} % used"
    limit_x = _BUDGET_X + _BUDGET_FULL
    svg.add_element(root, "rect", x=_BUDGET_X, y=y + 4, width=_BUDGET_FULL, height=18, fill=svg.GOOD_TINT)
    svg.add_element(
        root, "rect", shown, x=_BUDGET_X, y=y + 4, width=width, height=18, fill=svg.BAD if over else svg.GOOD
    )
    svg.add_element(root, "line", "all of it", x1=limit_x, x2=limit_x, y1=y, y2=y + 26, stroke=svg.INK, stroke_width=2)
    svg.add_label(root, _BUDGET_X, y + 38, shown, font_size=12, fill=svg.BAD if over else svg.INK)


def _nothing(line: Mapping[str, Any]) -> str:
    texts = {
        "no_data": "no data in this period",
        "not_applicable": "not applicable: nothing was scheduled",
        "no_breach": "no breach in the period",
        "breached": "breached in the period",
    }
    return texts.get(line["verdict"], "no figure yet")


def _description(lines: list[Mapping[str, Any]]) -> str:
    return "; ".join(f"{line['title']}: {line['attained']['display']}, promised {line['agreed']}" for line in lines)
