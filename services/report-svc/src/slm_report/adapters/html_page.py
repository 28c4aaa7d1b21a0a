"""The HTML page of a report: readable and printable, without scripts or anything loaded from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from slm_events import wording
from slm_report.adapters import report_words, svg_attainment, svg_timeline
from slm_report.adapters.local_dates import LocalDates
from slm_report.domain import figures

SHOWN = 50
"""The most breaches, and the most warnings, that the page lists. The JSON has all of them."""

_JUDGED = ("met", "breached", "no_breach")
_VERDICTS = {
    "met": "Met",
    "breached": "Breached",
    "no_data": "No data",
    "not_applicable": "Not applicable",
    "open": "Still open",
    "at_risk": "At risk",
    "no_breach": "No breach",
}

_SHAPES = {
    **dict.fromkeys(("met", "no_breach", "averted", "recovered", "cleared"), "✓"),
    **dict.fromkeys(("no_data", "not_applicable"), "◇"),
    "breached": "■",
    "at_risk": "▲",
}
"""State → the shape beside its word, as in the console. A state that is missing here is open and gets a circle."""

_templates = Environment(
    loader=PackageLoader("slm_report.adapters"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["unit"] = figures.unit_sign
_templates.filters["lasting"] = figures.display_seconds
_templates.filters["words"] = lambda text: str(text).replace("_", " ")
_templates.filters["verdict"] = lambda verdict: _VERDICTS.get(verdict, verdict)
_templates.filters["period"] = report_words.period_in_words
_templates.filters["hours"] = report_words.hours_in_words
_templates.filters["city"] = report_words.city_in_words
_templates.filters["against"] = report_words.against_what_was_agreed
_templates.filters["shape"] = lambda state: _SHAPES.get(state, "○")
_templates.filters["counted"] = wording.count_in_words
_templates.filters["warning"] = lambda risk: wording.warning_in_words(risk["cause"], risk["threshold"])
_templates.filters["known"] = report_words.known_part


def render_report_page(report: Mapping[str, Any], back: tuple[str, str] | None = None) -> str:
    """Return the HTML page of a report's JSON document.

    ``back`` is the path and the text of a link above the report, which is not printed; None: there is no link.
    """
    dates = LocalDates(report["period"]["timezone"])
    return _templates.get_template("report.html").render(
        report=report,
        back=back,
        attainment=zip(
            svg_attainment.draw_attainment_charts(report),
            svg_attainment.draw_attainment_charts(report, svg_attainment.NARROW),
            strict=True,
        ),
        timeline=svg_timeline.draw_timeline(report),
        narrow_timeline=svg_timeline.draw_timeline(report, svg_timeline.NARROW),
        dates=dates,
        shown=SHOWN,
        counts=_counts(report),
    )


def _counts(report: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = [line["verdict"] for line in report["lines"]]
    others = Counter(verdict for verdict in verdicts if verdict not in _JUDGED)
    return {
        "judged": sum(verdict in _JUDGED for verdict in verdicts),
        "unjudged": [f"{count} {_VERDICTS.get(verdict, verdict).lower()}" for verdict, count in others.items()],
        "plans": _plans(report),
        "met": verdicts.count("met") + verdicts.count("no_breach"),
        "baselines": sum(line["baseline"]["exact"] is not None for line in report["lines"]),
        "exclusions": sum(len(line["exclusions"]) for line in report["lines"]),
    }


_ENDS = {
    "averted": "averted a breach that was in sight",
    "cleared": "ended with no breach in sight",
    "breached": "ended in a breach",
    "open": "open",
}


def _plans(report: Mapping[str, Any]) -> list[str]:
    """Return lines such as ``2 plans ended in a breach``, one for each outcome.

    A last line counts the warnings without a plan, so that the numbers add up.
    """
    outcomes = Counter(plan["outcome"] for risk in report["risks"] for plan in risk["plans"])
    lines = [
        f"{wording.count_in_words(outcomes[end], 'plan')} {words}"
        for end, words in _ENDS.items()
        if outcomes[end] or (outcomes and end == "averted")
    ]
    without = sum(not risk["plans"] for risk in report["risks"])
    return [*lines, f"{without} without a plan"] if without else lines
