"""Questions for samples cover every instant of a step exactly once, and only answers to them are read."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from slm_chassis.clock import SECOND
from slm_monitor.domain.pulls import promql
from slm_monitor.domain.pulls.dialects import ToolAnswer, UnreadableAnswer
from slm_monitor.domain.pulls.promql import MOST_SAMPLES, MOST_SERIES, Piece
from slm_monitor.domain.pulls.pulls import ToolTrouble
from slm_monitor.domain.pulls.queries import SampleQuery

T0 = 1_793_865_600  # 2026-11-05T08:00:00Z
UP = SampleQuery("up", step_seconds=60, lag_seconds=30)
PIECE = Piece(T0, T0 + 120, 60)


def answer(*series: dict[str, Any], headers: dict[str, str] | None = None, **more: Any) -> ToolAnswer:
    document = {"status": "success", "data": {"resultType": "matrix", "result": list(series)}, **more}
    return ToolAnswer(document, headers or {})


def up(*values: Any, **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": "up", **labels}, "values": list(values)}


@pytest.mark.parametrize("seed", range(20))
def test_whenever_it_asks_and_however_far_it_gets_each_instant_is_asked_for_once(seed: int) -> None:
    chance = random.Random(seed)
    step = chance.choice([1, 7, 60, 3_600, 86_400])
    query = SampleQuery("up", step, chance.choice([0, 30, 3_600]))
    began = since = T0 * SECOND + chance.randrange(step * SECOND)
    now = since + query.lag_seconds * SECOND
    asked: list[int] = []
    for _ in range(50):
        now += chance.randrange(step * SECOND * 20)
        while (piece := promql.next_piece(query, since, now, chance.choice([1, 3, 1_000]))) is not None:
            assert piece.end <= now // SECOND - query.lag_seconds
            asked += range(piece.start, piece.end + 1, step)
            since = piece.following
    assert asked == list(range(-(-began // (step * SECOND)) * step, asked[-1] + 1, step))
    assert asked[-1] + step > now // SECOND - query.lag_seconds


def test_instants_are_the_same_from_wherever_reading_begins() -> None:
    first = promql.next_piece(UP, T0 * SECOND + 1, (T0 + 600) * SECOND, 1_000)
    assert first == Piece(T0 + 60, T0 + 540, 60)
    assert promql.request_of("/api/v1/query_range", UP, PIECE).parameters == {
        "query": "up",
        "start": str(T0),
        "end": str(T0 + 120),
        "step": "60",
        "partial_response": "false",
    }


def test_series_are_named_and_labelled_as_the_query_says() -> None:
    query = SampleQuery("up", record="shop:up", labels={"zone": "north"})
    given = answer(up([T0, "1"], [T0 + 60, "NaN"], job="a", zone="south"), up([T0 + 120, "0"], job="b"))
    first, second = promql.read_answer(given, query, "eu", PIECE)
    assert first.labels == {"__name__": "shop:up", "job": "a", "zone": "north", "slm_source": "eu"}
    assert first.samples[0] == (T0 * 1000, 1.0)
    assert math.isnan(first.samples[1][1])
    assert second.samples == [((T0 + 120) * 1000, 0.0)]
    [plain] = promql.read_answer(answer(up([T0, "1"])), UP, "eu", PIECE)
    assert plain.labels == {"__name__": "up", "slm_source": "eu"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (ToolAnswer([], {}), "no matrix"),
        (ToolAnswer({"status": "error", "error": "x"}, {}), "no matrix"),
        (ToolAnswer({"status": "success", "data": {"resultType": "vector", "result": []}}, {}), "no matrix"),
        (answer({"values": []}), "no `metric`"),
        (answer({"metric": {}, "values": None}), "no `metric`"),
        (answer(up([T0])), "no pair"),
        (answer(up([T0, 1])), "no pair"),
        (answer(up([True, "1"])), "no pair"),
        (answer(up([math.inf, "1"])), "no pair"),
        (answer(up([T0 + 1, "1"])), "not asked for"),
        (answer(up([T0 - 60, "1"])), "not asked for"),
        (answer(up([T0, "1"]), up([T0, "0"])), "same name and labels"),
        (answer(up([T0, "1"]), isPartial=True), "partial"),
        (answer({"metric": {}, "histograms": [[T0, {}]]}), "native histograms"),
        (answer(*[up(job=str(number)) for number in range(MOST_SERIES + 1)]), "more than 5,000"),
    ],
)
def test_what_is_no_answer_to_the_question_is_refused(wrong: ToolAnswer, said: str) -> None:
    with pytest.raises(UnreadableAnswer, match=said):
        promql.read_answer(wrong, UP, "eu", PIECE)


def test_more_samples_than_one_transaction_stores_are_asked_for_in_smaller_pieces() -> None:
    piece = Piece(0, (MOST_SAMPLES // 2) * 60, 60)
    values = [[at, "1"] for at in range(0, piece.end + 1, 60)]
    with pytest.raises(ToolTrouble) as refused:
        promql.read_answer(answer(up(*values, job="a"), up(*values, job="b")), UP, "eu", piece)
    assert refused.value.is_too_much


@pytest.mark.parametrize(
    ("theirs", "last"),
    [
        ("", T0 + 120),
        ("Thu, 05 Nov 2026 08:05:00 GMT", T0 + 120),
        ("Thu, 05 Nov 2026 08:01:30 GMT", T0 + 60),
        ("x", T0 + 120),
    ],
)
def test_what_a_server_whose_clock_is_behind_has_not_seen_is_asked_for_again(theirs: str, last: int) -> None:
    given = answer(up([T0, "1"], [T0 + 60, "1"], [T0 + 120, "1"]), headers={"date": theirs})
    part = promql.complete_part(given, UP, PIECE)
    assert part == Piece(T0, last, 60)
    [series] = promql.read_answer(given, UP, "eu", part)
    assert series.samples[-1][0] == last * 1000


def test_a_server_whose_clock_is_far_behind_has_seen_nothing() -> None:
    given = answer(headers={"date": "Thu, 05 Nov 2026 08:00:10 GMT"})
    assert promql.complete_part(given, UP, PIECE) is None
