"""How a figure is worked out from counts: answers, errors, values, ratings, tickets, or members of a composite."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slm_console.views.explained.sums import Line, Sum
from slm_console.views.judgement.figures import exact, places_for
from slm_console.views.reader import Reader

Sums = Mapping[str, Any]


def sum_of(reader: Reader, explanation: Mapping[str, Any], period: str, figure: str, is_open: bool) -> Sum:
    """Return how a figure is worked out from counts, in sentences and as a sum. ``figure`` is the figure in words."""
    sums: Sums = explanation["derivation"]["sums"]
    lines = list(_lines(reader, explanation, sums, figure))
    sentences = [
        reader.gettext("%(period)s so far:", period=period) if is_open else f"{period}:",
        _sentence(reader, explanation, sums, figure),
    ]
    left_out = [
        (int(sums.get("outside_service_hours", 0)), reader.gettext("outside service hours")),
        (int(sums.get("excluded", 0)), reader.gettext("in time that does not count")),
    ]
    for number, where in left_out:
        if number:
            sentences.append(reader.gettext("%(count)s more were %(where)s.", count=reader.whole(number), where=where))
    return Sum([" ".join(sentences[:2]), *sentences[2:]], lines)


def _sentence(reader: Reader, explanation: Mapping[str, Any], sums: Sums, figure: str) -> str:
    whole = reader.whole
    if "promoters" in sums:
        return reader.gettext(
            "%(good)s of %(all)s would recommend it, %(bad)s would not: %(figure)s.",
            good=whole(sums["promoters"]), all=whole(sums["number"]), bad=whole(sums["detractors"]), figure=figure,
        )  # fmt: skip
    if "judged" in sums and "met" in sums:
        return reader.gettext(
            "%(good)s of %(all)s tickets were in time: %(figure)s.",
            good=whole(sums["met"]), all=whole(sums["judged"]), figure=figure,
        )  # fmt: skip
    if "good" in sums and "total" in sums:
        return reader.gettext(
            "%(good)s of %(all)s were good: %(figure)s.",
            good=_count(reader, sums["good"]), all=_count(reader, sums["total"]), figure=figure,
        )  # fmt: skip
    if "counted" in sums:
        return reader.ngettext(
            "%(count)s interruption was long enough to count.",
            "%(count)s interruptions were long enough to count.",
            sums["counted"],
        )
    if "sum" in sums:
        return reader.gettext("%(count)s values, on average %(figure)s.", count=whole(sums["number"]), figure=figure)
    if "number" in sums:
        return reader.gettext("%(count)s were counted.", count=whole(sums["number"]))
    return reader.gettext("It is %(figure)s.", figure=figure)


def _lines(reader: Reader, explanation: Mapping[str, Any], sums: Sums, figure: str) -> Iterator[Line]:
    if "judged" in sums and "met" in sums:
        yield Line(reader.gettext("tickets judged"), _count(reader, sums["judged"]))
        yield Line(reader.gettext("late"), _count(reader, sums["missed"]), "−", "breached" if sums["missed"] else "")
        yield Line(reader.gettext("in time"), _count(reader, sums["met"]), "=")
        yield Line(reader.gettext("in time ÷ judged"), figure, "=")
    elif "good" in sums and "total" in sums:
        yield Line(reader.gettext("all that count"), _count(reader, sums["total"]))
        yield Line(
            reader.gettext("bad"), _count(reader, sums.get("bad", 0)), "−", "breached" if sums.get("bad") else ""
        )
        yield Line(reader.gettext("good"), _count(reader, sums["good"]), "=")
        yield Line(reader.gettext("good ÷ all"), figure, "=")
    elif "promoters" in sums:
        yield Line(reader.gettext("would recommend it"), _count(reader, sums["promoters"]))
        yield Line(reader.gettext("would not"), _count(reader, sums["detractors"]), "−")
        yield Line(reader.gettext("all answers"), _count(reader, sums["number"]), "÷")
        yield Line(reader.gettext("times 100"), figure, "=")
    elif "sum" in sums:
        yield Line(reader.gettext("sum of all values"), _count(reader, sums["sum"]))
        yield Line(reader.gettext("number of values"), _count(reader, sums["number"]), "÷")
        yield Line(reader.gettext("average"), figure, "=")
    else:
        for member in explanation.get("members") or ():
            share = exact(member["figure"])
            objective = explanation["terms"]["objective"]
            shown = reader.decimal(share, places_for(share, objective)) if share is not None else "–"
            yield Line(str(member["target_key"]), shown)
        yield Line(reader.gettext("in all"), figure, "=")


def _count(reader: Reader, value: Any) -> str:
    number = exact(str(value))
    assert number is not None
    return reader.whole(int(number)) if number.denominator == 1 else reader.decimal(number, 2)
