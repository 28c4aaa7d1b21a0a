"""The chart of a target: what is left of its allowance, or its figure where it has none."""

from __future__ import annotations

from typing import Any

from slm_console.views.judgement.charts import HEIGHT, chart_of, step_chart_of
from slm_console.views.reader import Reader
from tests.unit.console import alder_answers as alder
from tests.unit.console.stub_api import StubApi, StubClock, browser_of

READER = Reader(StubClock().at)
SLOWEST = {"at_most": "300", "unit": "ms"}


def values(objective: dict[str, str]) -> dict[str, Any]:
    """A target of values, which has no budget."""
    target = alder.target("t-slow", "The slowest answer")
    return {
        **target,
        "terms": {**target["terms"], "aggregation": "max", "objective": objective},
        "window": {**target["window"], "figure": "450/1", "figure_display": "450", "budget": None},
    }


def points(*figures: str | None) -> list[dict[str, Any]]:
    return [
        {"at": f"2026-11-{day:02}T23:00:00Z", "figure": figure, "figure_display": "", "budget": None, "burn_rate": None}
        for day, figure in enumerate(figures, 1)
    ]


def test_a_figure_without_an_allowance_is_drawn_against_what_was_promised() -> None:
    chart = chart_of(READER, values(SLOWEST), points(None, "120/1", "120/1", "450/1"))
    assert chart is not None and chart.measure == "Figure"
    assert (chart.zero, chart.now_y) == (f"{8 + (450 - 300) * (HEIGHT - 16) / 330:.1f}", "8"), "the worst is on top"
    assert [row.sentence for row in chart.rows] == ["120\xa0ms", "120\xa0ms", "450\xa0ms"]
    assert chart.label == "450\xa0ms"


def test_a_figure_that_never_moves_is_a_line() -> None:
    chart = chart_of(READER, values(SLOWEST), points("300/1", "300/1"))
    assert chart is not None and chart.zero == chart.now_y


def test_what_nobody_measured_has_no_chart() -> None:
    assert chart_of(READER, values(SLOWEST), points(None, None)) is None
    assert chart_of(READER, values(SLOWEST), []) is None
    assert chart_of(READER, values({"within": "PT4H"}), points("1/1")) is None


def test_an_allowance_is_drawn_before_a_figure() -> None:
    target = alder.target("t-checkout", "Checkout is available")
    chart = chart_of(READER, target, alder.SERIES["points"])
    assert chart == step_chart_of(READER, target, alder.SERIES["points"], READER) and chart is not None
    assert chart.measure == "Allowed" and chart.forecast


async def test_the_page_has_the_chart_with_its_table() -> None:
    series = {**alder.SERIES, "points": points("120/1", "450/1")}
    path = "/api/v1/targets/t-checkout"
    known = {**alder.answers(), path: {**values(SLOWEST), "target_id": "t-checkout"}, f"{path}/budget": series}
    async with browser_of(StubApi(known)) as browser:
        page = (await browser.get("/targets/t-checkout")).text
    assert "The figure so far, and what was promised" in page and "The same as a table" in page
    assert page.count("450\xa0ms") >= 3


async def test_a_page_says_what_is_left_as_the_api_writes_it() -> None:
    """The API has budget and time left in the window."""
    async with browser_of(StubApi(alder.answers())) as browser:
        for path in ("/targets/t-checkout", "/services/checkout"):
            page = (await browser.get(path)).text
            assert "1 min 58 s left" in page, path


def test_the_axis_of_a_month_begins_on_its_first_day_in_the_agreements_zone() -> None:
    target = alder.target("t-checkout", "Checkout is available")
    october = {"window_id": "2026-10", "start_at": "2026-09-30T22:00:00Z", "end_at": "2026-10-31T23:00:00Z"}
    target["window"] = {**target["window"], **october}
    chart = chart_of(READER, target, alder.SERIES["points"], "Europe/Zurich")
    assert chart is not None
    # The clocks change on 25 October, after which the days begin an hour later in UTC.
    assert [name for _, name in chart.ticks] == ["Thu 1 Oct", "Thu 8 Oct", "Thu 15 Oct", "Thu 22 Oct", "Thu 29 Oct"]


def test_the_line_of_the_limit_is_named_and_no_label_crosses_it() -> None:
    chart = chart_of(READER, values(SLOWEST), points("120/1", "310/1"))
    assert chart is not None and chart.limit == "300\xa0ms"
    for last in ("299/1", "300/1", "301/1", "450/1", "120/1"):
        drawn = chart_of(READER, values(SLOWEST), points("120/1", "450/1", last))
        assert drawn is not None
        top, bottom = float(drawn.label_y) - 9, float(drawn.label_y) + 3
        assert not top < float(drawn.zero) < bottom, last
    left = chart_of(READER, alder.target("t-checkout", "Checkout is available"), alder.SERIES["points"])
    assert left is not None and left.limit == "used up"
