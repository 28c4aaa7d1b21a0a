"""The reader of live figures: what it asks, what it calculates, what it sends and what it leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.log.memory import MemoryEventLog
from slm_monitor.application.stream.event_stream import EventStream, StreamClient, StreamFilter
from slm_monitor.application.stream.figure_stream import FigureStream, FigureStreamClient


class Figures:
    """Targets whose figures a test sets, as a source of marks and as a reader."""

    def __init__(self, **shown: str) -> None:
        self.shown = shown
        self.evaluations = 0
        self.questions = 0
        self.read: list[list[str]] = []

    async def marks(self, target_ids: Sequence[str]) -> Mapping[str, str]:
        self.questions += 1
        return dict.fromkeys(target_ids, f"{self.evaluations}")

    async def samples(self, target_ids: Sequence[str]) -> list[dict[str, Any]]:
        self.read.append(list(target_ids))
        figure = f"{self.questions}/1"
        return [
            {"target_id": each, "as_of": figure, "figure": figure, "shown": self.shown[each]} for each in target_ids
        ]


class Streams:
    """A stream of figures with the clients that a test opens."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures
        self.stream = FigureStream(figures, EventStream(MemoryEventLog()))

    async def open(self, *target_ids: str, audience: str = "a") -> FigureStreamClient:
        wanted = StreamFilter(Principal("p", "party", "P", frozenset()), nothing=True)
        watcher = FigureStreamClient(StreamClient(wanted), frozenset(target_ids), audience, self.figures.samples)
        await anext(self.stream.lines(watcher))
        return watcher


def sent(watcher: FigureStreamClient) -> list[str]:
    found = []
    while not watcher.client.queue.empty():
        data = watcher.client.queue.get_nowait().decode().split("data: ")[1]
        found.append(json.loads(data)["shown"])
    return found


async def test_each_target_is_sent_once_and_then_where_it_is_shown_differently() -> None:
    streams = Streams(Figures(one="99.9", other="98.0"))
    watcher = await streams.open("one", "other")
    await streams.stream.turn(0.0)
    assert sorted(sent(watcher)) == ["98.0", "99.9"]
    streams.figures.evaluations += 1
    await streams.stream.turn(2.0)
    assert sent(watcher) == [], "evaluated, with the same figure to show"
    streams.figures.shown["one"] = "99.8"
    streams.figures.evaluations += 1
    await streams.stream.turn(4.0)
    assert sent(watcher) == ["99.8"]


async def test_a_target_is_calculated_once_a_second_at_most() -> None:
    streams = Streams(Figures(one="1"))
    watcher = await streams.open("one")
    for quarter in range(9):
        streams.figures.shown["one"] = f"{quarter}"
        streams.figures.evaluations += 1
        await streams.stream.turn(quarter / 4)
    assert sent(watcher) == ["0", "4", "8"], "at 0, 1 and 2 seconds"


async def test_figures_are_calculated_once_for_all_clients_of_an_audience() -> None:
    streams = Streams(Figures(one="1"))
    first, second = await streams.open("one"), await streams.open("one")
    other = await streams.open("one", audience="b")
    await streams.stream.turn(0.0)
    assert streams.figures.read == [["one"], ["one"]]
    assert [sent(each) for each in (first, second, other)] == [["1"]] * 3
    assert streams.figures.questions == 1, "one question for what was evaluated, whoever watches"


async def test_what_changes_with_time_alone_is_calculated_a_few_at_a_time() -> None:
    names = [f"t{number}" for number in range(20)]
    streams = Streams(Figures(**dict.fromkeys(names, "1")))
    watcher = await streams.open(*names)
    await streams.stream.turn(0.0)
    sent(watcher)
    streams.figures.shown = dict.fromkeys(names, "2")
    await streams.stream.turn(5.0)
    assert sent(watcher) == []
    for turn in range(4):
        await streams.stream.turn(10.0 + turn / 4)
        assert len(sent(watcher)) == 5
