"""View model of how a figure is worked out: in sentences, as a sum that adds up, and by its facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from slm_console.views import instants
from slm_console.views.explained import counted_sums, time_sums
from slm_console.views.explained.facts import Fact, facts_of
from slm_console.views.explained.sums import Line, Sum
from slm_console.views.judgement.figures import beside_figure, exact, figure_in_words, period_name
from slm_console.views.marks import mark_of
from slm_console.views.promises import objective_in_words
from slm_console.views.reader import Reader


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """The explanation of one figure, as its page and its side panel show it."""

    target_id: str
    title: str
    period: str
    period_id: str
    promise: str
    figure: str
    mark: str
    broken: str
    sentences: Sequence[str]
    lines: Sequence[Line]
    facts: Sequence[Fact]
    beside: str
    """What qualifies the figure, such as ``so far, only 12.4 % known``; else empty."""
    exact: str
    """The exact figure as a fraction, such as ``237500 ÷ 6233``, if it has more than four decimals; else empty."""
    as_of: int | None
    zone: str
    """IANA name of the agreement's time zone."""


def worked_out_of(reader: Reader, explanation: Mapping[str, Any]) -> WorkedOut:
    """Return the view model of the API's explanation of a figure."""
    terms, window = explanation["terms"], explanation["window"]
    objective = terms["objective"]
    figure = exact(explanation.get("figure"))
    period = period_name(reader, window["id"])
    shown = figure_in_words(reader, figure, objective)
    closes = instants.read(window["closes_at"])
    is_open = closes is None or closes > reader.now
    kind = terms["aggregation"] if isinstance(terms["aggregation"], str) else next(iter(terms["aggregation"]))
    make = time_sums.sum_of if kind == "availability" else counted_sums.sum_of
    worked: Sum = make(reader, explanation, period, shown, is_open)
    breached = instants.read(explanation.get("breached_at"))
    return WorkedOut(
        target_id=explanation["target_id"],
        title=explanation["target_title"],
        period=period,
        period_id=window["id"],
        promise=objective_in_words(reader, objective),
        figure=shown,
        mark=mark_of(explanation["verdict"], is_open=is_open),
        broken=reader.gettext("promise broken %(moment)s", moment=reader.moment(breached))
        if breached is not None
        else "",
        sentences=worked.sentences,
        lines=worked.lines,
        facts=facts_of(reader, explanation),
        beside=beside_figure(
            reader,
            {
                "detail": explanation.get("sums"),
                "closed_at": None if is_open else window["closes_at"],
                "figure": explanation.get("figure"),
                "window_id": window["id"],
                "end_at": window["to"],
            },
        ),
        exact=_exact(figure),
        as_of=instants.read(explanation["as_of"]),
        zone=window["timezone"],
    )


def _exact(figure: Fraction | None) -> str:
    """Return a figure as a fraction if it has more than four decimals; else empty."""
    if figure is None or (figure * 10_000).denominator == 1:
        return ""
    return f"{figure.numerator} ÷ {figure.denominator}"
