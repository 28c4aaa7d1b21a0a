"""Gauges as text: both formats are read back by Prometheus's own library, whatever the labels say."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain

from slm_chassis.exposition import MOST_CHARACTERS, OPENMETRICS, PLAIN, GaugeDescription, GaugeTable

READERS: dict[str, Callable[[str], Iterable[Metric]]] = {PLAIN: read_plain, OPENMETRICS: read_openmetrics}
DESCRIBED = (
    GaugeDescription("room_info", "A room.", ("room",)),
    GaugeDescription("room:warmth:ratio", 'How "warm" it is;\\ of\nits best.', ("room", "side")),
    GaugeDescription("rooms", "How many there are."),
)
every_format = pytest.mark.parametrize("media_type", READERS)


def read(table: GaugeTable, media_type: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Name of a series → its labels → its value."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in READERS[media_type](table.write(media_type).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return found


@every_format
@pytest.mark.parametrize("label", ['say "hello"', "C:\\temp\\new", 'a}b{c="d",e', "é 漢 🌡", "", " ", "# HELP x y"])
def test_any_label_is_read_back_as_it_was_written(label: str, media_type: str) -> None:
    table = GaugeTable(DESCRIBED)
    table.add("room:warmth:ratio", {"room": label, "side": "left"}, 0.1)
    assert read(table, media_type) == {"room:warmth:ratio": {(("room", label), ("side", "left")): 0.1}}


@every_format
def test_a_label_is_one_line_that_ends(media_type: str) -> None:
    table = GaugeTable(DESCRIBED)
    for number, label in enumerate(("two\nlines\rand\u2028more", "x" * 5000, "broken \ud800 text")):
        table.add("room:warmth:ratio", {"room": label, "side": str(number)}, 1)
    [one, long, broken] = [dict(labels)["room"] for labels in read(table, media_type)["room:warmth:ratio"]]
    assert one == "two lines and more"
    assert len(long) == MOST_CHARACTERS and long.endswith("x…")
    assert broken == "broken ? text"


@every_format
def test_an_information_is_one_and_a_gauge_without_values_is_described(media_type: str) -> None:
    table = GaugeTable(DESCRIBED)
    table.add("room_info", {"room": "attic"})
    assert read(table, media_type) == {"room_info": {(("room", "attic"),): 1}}
    text = table.write(media_type).decode()
    assert "# HELP rooms How many there are.\n# TYPE rooms gauge\n" in text
    assert f"# TYPE room{' info' if media_type == OPENMETRICS else '_info gauge'}\n" in text


@every_format
def test_values_keep_every_digit(media_type: str) -> None:
    table = GaugeTable(DESCRIBED)
    table.add("rooms", {}, 0.1 + 0.2)
    table.add("room:warmth:ratio", {"room": "", "side": ""}, math.inf)
    found = read(table, media_type)
    assert found["rooms"] == {(): 0.1 + 0.2}
    assert list(found["room:warmth:ratio"].values()) == [math.inf]


def test_a_series_has_the_labels_of_its_description_only() -> None:
    table = GaugeTable(DESCRIBED)
    for labels in ({"room": "attic"}, {"side": "left", "room": "attic"}, {"room": "a", "side": "b", "floor": "c"}):
        with pytest.raises(ValueError, match="has the labels"):
            table.add("room:warmth:ratio", labels, 1)
    with pytest.raises(KeyError):
        table.add("doors", {}, 1)
