"""Each kind of measurement, from a record to an item; a record that cannot be one is named and set aside."""

from __future__ import annotations

from typing import Any

import pytest

from slm_mappings import mapping
from slm_mappings.measurement_mapping import MeasurementMapping
from slm_mappings.measurements import measurement_items
from slm_mappings.messages import ImportRefused, Oddities
from slm_mappings.records import Record
from slm_mappings.set_aside import BadRow

BASE: dict[str, Any] = {
    "kind": "measurements",
    "source": "probe-1",
    "records": {"format": "jsonl"},
    "indicator": "web.shop",
    "at": "when",
}
AT, WHEN = {"at": "2026-11-02T08:00:00.000000Z"}, {"when": "2026-11-02T08:00:00Z"}
RECOVERY = {"outage_start": "down", "service_restored": "back", "data_restored_to": "data"}


def mapped(**more: Any) -> MeasurementMapping:
    document = BASE | more
    return mapping.parse_measurement_mapping({name: value for name, value in document.items() if value is not None})


def converted(by: MeasurementMapping, *rows: dict[str, Any]) -> tuple[list[dict[str, Any]], list[BadRow], Oddities]:
    oddities, bad = Oddities(), list[BadRow]()
    records = [Record(number, row) for number, row in enumerate(rows, start=1)]
    return [each.item for each in measurement_items(records, by, oddities, bad.append)], bad, oddities


@pytest.mark.parametrize(
    ("fields", "row", "content", "kind"),
    [
        ({"measures": "probes", "ok": "up"}, {"up": True}, {"ok": True}, "availability"),
        ({"measures": "probes", "ok": "up"}, {"up": "0"}, {"ok": False}, "availability"),
        (
            {"measures": "probes", "ok": {"column": "s", "values": {"UP": True, "DOWN": False}}},
            {"s": "DOWN"},
            {"ok": False},
            "availability",
        ),
        (
            {"measures": "probes", "ok": {"column": "code", "one_of": ["200", "204"]}},
            {"code": 204},
            {"ok": True},
            "availability",
        ),
        (
            {"measures": "probes", "ok": {"column": "error", "missing": True}},
            {"error": "timeout"},
            {"ok": False},
            "availability",
        ),
        (
            {"measures": "states", "state": {"column": "type", "values": {"1": "down", "2": "up"}}},
            {"type": 1},
            {"state": "down"},
            "availability",
        ),
        (
            {"measures": "ratios", "good": "g", "total": "n"},
            {"g": "998", "n": 1000.0},
            {"good": 998, "total": 1000},
            "ratio",
        ),
        ({"measures": "ratios", "bad": "b", "total": "n"}, {"b": 2, "n": 1000}, {"bad": 2, "total": 1000}, "ratio"),
        ({"measures": "values", "value": "ms"}, {"ms": "231.5"}, {"value": 231.5}, "value"),
        (
            {"measures": "values", "value": "ms", "unit": "ms", "labels": {"region": "place"}},
            {"ms": 7, "place": "EU"},
            {"value": 7, "unit": "ms", "labels": {"region": "EU"}},
            "value",
        ),
        (
            {"measures": "values", "value": "ms", "failed": {"column": "ms", "equals": "timeout"}},
            {"ms": "timeout"},
            {"failed": True},
            "value",
        ),
        ({"measures": "occurrences"}, {}, {}, "count"),
        (
            {"measures": "occurrences", "count": "n", "category": "type"},
            {"n": "3", "type": "A"},
            {"count": 3, "category": "A"},
            "count",
        ),
        (
            {"measures": "counters", "cumulative": {"good": "g", "total": "n", "since": "start"}},
            {"g": 5, "n": 6, "start": "2026-11-01T00:00:00Z"},
            {"cumulative": {"good": 5, "total": 6, "since": "2026-11-01T00:00:00.000000Z"}},
            "ratio",
        ),
        (
            {"measures": "counters", "cumulative": {"count": "n"}},
            {"n": "512"},
            {"cumulative": {"count": 512}},
            "count",
        ),
        (
            {
                "measures": "ratings",
                "score": "stars",
                "scale": {"lowest": "1", "highest": "5"},
                "respondent": "who",
                "touch_point": {"column": "via", "values": {"Phone": "phone"}, "others": "drop"},
            },
            {"stars": "4", "who": "anna", "via": "Fax"},
            {"score": 4, "respondent": "anna"},
            "rating",
        ),
    ],
)
def test_a_record_becomes_an_item(fields: Any, row: Any, content: dict[str, Any], kind: str) -> None:
    by = mapped(**fields)
    items, bad, _ = converted(by, row | WHEN)
    assert (items, bad) == ([{"indicator": "web.shop", **AT, "source": "probe-1", **content}], [])
    assert by.registration("web.shop")["kind"] == kind


@pytest.mark.parametrize(
    ("recovery", "row", "content"),
    [
        (
            RECOVERY,
            {"down": "2026-11-02T08:00:00Z", "back": "2026-11-02T09:00:00Z", "data": "2026-11-02T07:45:00Z"},
            {
                "recovery": {
                    "outage_start": "2026-11-02T08:00:00.000000Z",
                    "service_restored": "2026-11-02T09:00:00.000000Z",
                    "data_restored_to": "2026-11-02T07:45:00.000000Z",
                }
            },
        ),
        (
            {
                "outage_start": "down",
                "length": {"column": "took", "unit": "minutes"},
                "test": {"column": "drill", "equals": True},
            },
            {"down": "2026-11-02T08:00:00Z", "took": "90", "drill": True},
            {
                "recovery": {
                    "outage_start": "2026-11-02T08:00:00.000000Z",
                    "service_restored": "2026-11-02T09:30:00.000000Z",
                },
                "test": True,
            },
        ),
    ],
)
def test_a_recovery_has_an_end_or_a_length(recovery: Any, row: Any, content: Any) -> None:
    items, bad, _ = converted(mapped(measures="recoveries", at=None, recovery=recovery), row)
    assert (items, bad) == ([{"indicator": "web.shop", "source": "probe-1", **content}], [])


VALUES: dict[str, Any] = {"measures": "values", "value": "v"}


@pytest.mark.parametrize(
    ("fields", "row", "field", "value", "remedy"),
    [
        (VALUES, {"v": "n/a"}, "v", "n/a", "it is not a number"),
        (VALUES, {"v": "1,234"}, "v", "1,234", 'set decimal: ","'),
        (VALUES | {"decimal": ","}, {"v": "1.5"}, "v", "1.5", "not a number"),
        (VALUES, {"v": "NaN"}, "v", "NaN", "not a number"),
        (VALUES, {"v": "9e999"}, "v", "9e999", "not a number"),
        (VALUES, {"v": ""}, "v", "", "it is missing"),
        (VALUES, {"v": {"ms": 1}}, "v", {"ms": 1}, "name a member"),
        (VALUES, {"v": 1, "when": "yesterday"}, "when", "yesterday", "times.format, iso"),
        (VALUES | {"indicator": {"column": "i"}}, {"v": 1, "i": "日本"}, "i", "日本", "no ASCII letter"),
        ({"measures": "ratios", "good": "g", "total": "n"}, {"g": 3, "n": 2}, "g", 3, "more than the total of 2"),
        ({"measures": "ratios", "good": "g", "total": "n"}, {"g": 1.5, "n": 2}, "g", "1.5", "whole number"),
        ({"measures": "probes", "ok": "up"}, {"up": "maybe"}, "up", "maybe", "neither true nor false"),
        ({"measures": "probes", "ok": {"column": "c", "one_of": ["200"]}}, {}, "c", "", "it is missing"),
        ({"measures": "states", "state": "s"}, {"s": "broken"}, "s", "broken", "use up, down, degraded, unknown"),
        (
            {"measures": "states", "state": {"column": "s", "values": {"1": "down"}}},
            {"s": 9},
            "s",
            "9",
            "does not list it",
        ),
        (
            {"measures": "ratings", "score": "s", "scale": {"lowest": "1", "highest": "5"}},
            {"s": 6},
            "s",
            6,
            "not on the scale from 1 to 5",
        ),
        (
            {"measures": "recoveries", "at": None, "recovery": RECOVERY},
            {"down": "2026-11-02T08:00:00Z", "back": "2026-11-02T07:00:00Z"},
            "back",
            "2026-11-02T07:00:00Z",
            "ends before its start",
        ),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_on(fields: Any, row: Any, field: str, value: Any, remedy: str) -> None:
    by = mapped(**fields)
    items, [bad], _ = converted(by, WHEN | row)
    assert items == []
    assert (bad.row, bad.field, bad.value) == (1, field, value)
    assert remedy in bad.remedy
    assert bad.record == WHEN | row


def test_rows_around_a_bad_one_are_sent() -> None:
    rows = [WHEN | {"v": value} for value in (1, "x", 3)]
    items, bad, _ = converted(mapped(**VALUES), *rows)
    assert [item["value"] for item in items] == [1, 3]
    assert [each.row for each in bad] == [2]


@pytest.mark.parametrize(
    ("decimal", "written", "number"),
    [
        (".", "1 234.5", 1234.5), (".", "1,234.50", 1234.5), (".", "1'000", 1000), (".", "-2.5e3", -2500),
        (",", "1.234,5", 1234.5), (",", "0,25", 0.25), (",", "1.234", 1234), (",", 1.5, 1.5), (".", 1e21, 1e21),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(decimal: str, written: Any, number: float) -> None:
    [item], _, _ = converted(mapped(**VALUES, decimal=decimal), WHEN | {"v": written})
    assert item["value"] == number


def test_indicator_source_id_and_labels_may_come_from_columns() -> None:
    by = mapped(
        **VALUES,
        indicator={"column": "name", "key": "web.{slug}"},
        source={"column": "host"},
        id=["name", "n"],
        labels={"region": "region"},
        recorded_at="changed",
    )
    row = {"v": 1, "name": "Check Out", "host": "a-0", "n": 7, "region": "", "changed": "2026-11-03T00:00:00+01:00"}
    [item], _, _ = converted(by, WHEN | row)
    assert item == {
        "indicator": "web.check-out",
        **AT,
        "value": 1,
        "source": "a-0",
        "id": "Check Out/7",
        "recorded_at": "2026-11-02T23:00:00.000000Z",
    }


def test_equal_rows_count_once_and_are_told() -> None:
    items, bad, oddities = converted(mapped(measures="occurrences"), WHEN, WHEN)
    assert (len(items), bad) == (1, [])
    assert oddities.lines() == [
        "rows equal to one before, counted once: name columns that tell them apart in id: 1 (first: line 2)"
    ]


def test_two_contents_of_one_id_are_not_guessed_between() -> None:
    rows: list[dict[str, Any]] = [
        WHEN | {"v": value, "n": 1, "changed": f"2026-11-0{value}T00:00:00Z"} for value in (3, 4)
    ]
    items, [bad], _ = converted(mapped(**VALUES, id="n"), *rows)
    assert (len(items), bad.row, bad.field, bad.value) == (1, 2, "id", "1")
    items, bad_rows, _ = converted(mapped(**VALUES, id="n", recorded_at="changed"), *rows)
    assert (len(items), bad_rows) == (2, [])


def test_what_is_left_out_is_counted() -> None:
    by = mapped(
        measures="occurrences",
        count="n",
        category={"column": "type", "values": {"a": "A"}, "others": "drop"},
        exclude_where=[{"column": "test", "equals": True}],
    )
    rows = [{"n": 1, "type": "a", "test": True}, {"n": 0, "type": "a"}, {"n": 1, "type": "b"}, {"n": 1, "type": "a"}]
    items, bad, oddities = converted(by, *(WHEN | row for row in rows))
    assert (len(items), bad) == (1, [])
    assert set(oddities.counts) == {
        "records left out: test = true",
        "records left out: n is 0",
        "records left out: type is not listed in values",
    }


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"measures": "values"}, "", "values need value"),
        ({"measures": "values", "value": "v", "score": "s"}, "", "values take no score"),
        ({"measures": "ratios", "total": "n"}, "", "ratios take total with either good or bad"),
        ({"measures": "values", "value": "v", "at": None}, "", "name the column at"),
        ({"measures": "recoveries", "recovery": RECOVERY}, "", "and no at"),
        ({"measures": "recoveries", "at": None, "recovery": {"outage_start": "a"}}, "recovery", "service_restored or"),
        ({"measures": "counters", "cumulative": {"total": "n"}}, "cumulative", "give count alone, or total"),
        ({"measures": "values", "value": "v", "indicator": "web.{slug}"}, "indicator", "give the column that names"),
        ({"measures": "latencies"}, "measures", "Input should be 'probes'"),
        ({"measures": "values", "value": "v", "colour": "red"}, "colour", "there is no such field"),
    ],
)
def test_a_mapping_that_does_not_fit_its_measure_is_refused(fields: Any, field: str, said: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        mapped(**fields)
    assert any(each.field == field and said in each.remedy for each in refused.value.findings), refused.value


def test_a_column_that_the_heading_lacks_refuses_the_file() -> None:
    rows = [Record(2, {"when": "2026-11-02T08:00:00Z"}, has_all_columns=True)]
    with pytest.raises(ImportRefused, match="the file has no such column; it has when"):
        list(measurement_items(rows, mapped(**VALUES), Oddities(), list[BadRow]().append))
