"""Mergeable histograms, and metrics as Prometheus and OpenTelemetry send them."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_monitor.adapters.formats import otlp
from slm_monitor.domain.facts import histograms
from slm_monitor.domain.facts.histograms import Histogram, InvalidHistogram
from slm_monitor.domain.series import classifiers

FEW = Histogram((100.0, 300.0), (7, 2, 1))


def test_values_up_to_a_bound_are_exact_and_within_a_bucket_unknown() -> None:
    assert [FEW.at_most(limit) for limit in (100.0, 300.0, 99.0, 200.0, 301.0)] == [7, 9, None, None, None]
    assert Histogram((100.0, 300.0), (7, 0, 0)).at_most(200.0) == 7
    assert Histogram((), (0,)).at_most(1.0) == 0


@given(st.lists(st.integers(0, 400)), st.lists(st.integers(0, 400)))
def test_merging_is_counting_both_together(one: list[int], other: list[int]) -> None:
    def counted(values: list[int], bounds: tuple[float, ...]) -> Histogram:
        below = [sum(value <= bound for value in values) for bound in bounds] + [len(values)]
        return Histogram(bounds, tuple(after - before for before, after in zip([0, *below], below, strict=False)))

    wide, narrow = (100.0, 200.0, 300.0), (100.0, 300.0)
    assert counted(one, wide).merged(counted(other, wide)) == counted(one + other, wide)
    assert counted(one, wide).merged(counted(other, narrow)) == counted(one + other, narrow)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"bounds": [1], "counts": [1]},
        {"bounds": [2, 1], "counts": [1, 1, 1]},
        {"bounds": [1], "counts": [1, -1]},
        {"bounds": [1], "counts": [1, 1.5]},
        {"bounds": [float("nan")], "counts": [1, 1]},
        {"bounds": [True], "counts": [1, 1]},
    ],
)
def test_what_is_no_histogram_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(InvalidHistogram):
        histograms.parse_histogram(document)


def test_native_buckets_are_deltas_over_spans() -> None:
    assert histograms.convert_bucket_deltas_to_counts([2, 1, 2, 3, -1, -2]) == [2, 3, 5, 8, 7, 5]
    assert histograms.convert_spans_to_bucket_indices([(-1, 2), (3, 1)]) == [-1, 0, 4]
    with pytest.raises(InvalidHistogram):
        histograms.convert_bucket_deltas_to_counts([1, -2])
    # Schema 0 doubles from bucket to bucket: (1/4, 1/2], (1/2, 1] and (8, 16].
    read = histograms.convert_native_histogram(0, [(-1, 2), (3, 1)], [1, 1, 1], zero_count=4)
    assert [read.at_most(bound) for bound in (0.0, 0.25, 0.5, 1.0, 8.0, 16.0, 12.0)] == [4, 4, 5, 7, 7, 10, None]
    assert read.total == 10


def test_the_stale_marker_is_told_from_every_other_number() -> None:
    (stale,) = struct.unpack(">d", histograms.STALE_BITS.to_bytes(8))
    assert histograms.is_prometheus_stale_marker(stale)
    assert not any(histograms.is_prometheus_stale_marker(number) for number in (float("nan"), float("inf"), 0.0, 2.0))


def exported(kind: str, *points: dict[str, Any], **more: Any) -> otlp.DecodedExport:
    metric = {"name": "checkout", **more.pop("metric", {}), kind: {"dataPoints": list(points), **more}}
    at = {"timeUnixNano": "1544712660300000000"}
    for point in points:
        point.update({**at, **point})
    return otlp.convert_otlp_metrics({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})


def attribute(**values: str) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": {"stringValue": value}} for name, value in values.items()]


def test_a_gauge_is_a_value_with_its_labels_at_its_instant() -> None:
    decoded = exported("gauge", {"asDouble": 231.5, "attributes": attribute(region="EU")}, metric={"unit": "ms"})
    assert decoded.measurements == [
        {
            "indicator": "checkout",
            "at": "2018-12-13T14:51:00.300000Z",
            "value": 231.5,
            "unit": "ms",
            "labels": {"region": "EU"},
        }
    ]
    assert exported("gauge", {"asInt": "9007199254740993"}).measurements[0]["value"] == 9007199254740993


def test_a_point_without_a_recorded_value_is_no_measurement() -> None:
    decoded = exported("gauge", {"asDouble": "NaN", "flags": 1})
    assert (decoded.measurements, decoded.refused) == ([], [])
    assert len(exported("gauge", {"asDouble": "NaN"}).refused) == 1


def test_sums_that_are_parts_of_a_ratio_become_one_measurement() -> None:
    good = {"asInt": "998", "attributes": attribute(slm__indicator="requests", slm__part="good")}
    bad = {"asInt": "2", "attributes": attribute(slm__indicator="requests", slm__part="bad")}
    decoded = exported("sum", good, bad, aggregationTemporality=1, isMonotonic=True)
    assert decoded.measurements == [
        {"indicator": "requests", "at": "2018-12-13T14:51:00.300000Z", "good": 998, "total": 1000}
    ]
    assert decoded.points == [2]


def test_a_monotonic_sum_is_so_many_occurrences_and_none_is_nothing() -> None:
    decoded = exported("sum", {"asInt": "5"}, {"asInt": "0"}, aggregationTemporality=1, isMonotonic=True)
    assert [each["count"] for each in decoded.measurements] == [5]
    assert exported("sum", {"asDouble": -0.5}, aggregationTemporality=2).measurements[0]["value"] == -0.5


@pytest.mark.parametrize(
    ("kind", "temporality"), [("sum", 0), ("sum", None), ("histogram", 2), ("exponentialHistogram", 2)]
)
def test_values_that_cannot_be_split_by_minute_are_refused_with_a_remedy(kind: str, temporality: Any) -> None:
    decoded = exported(kind, {"asInt": "5"}, aggregationTemporality=temporality, isMonotonic=True)
    assert decoded.measurements == []
    assert "temporality" in decoded.refused[0]


@pytest.mark.parametrize("temporality", [2, "AGGREGATION_TEMPORALITY_CUMULATIVE"])
def test_a_cumulative_sum_is_what_the_counter_of_its_resource_reads(temporality: Any) -> None:
    point = {"asInt": "5", "startTimeUnixNano": "1544712600000000000"}
    (read,) = exported("sum", point, aggregationTemporality=temporality, isMonotonic=True).measurements
    assert read["cumulative"] == {"count": 5, "since": "2018-12-13T14:50:00.000000Z"}
    assert read["source"].startswith("otlp:")
    (zero,) = exported("sum", {"asInt": "0"}, aggregationTemporality=temporality, isMonotonic=True).measurements
    assert zero["cumulative"] == {"count": 0}


def test_cumulative_sums_of_one_ratio_are_a_pair_of_counters() -> None:
    good = {"asInt": "998", "startTimeUnixNano": "1544712600000000000", "attributes": attribute(slm__part="good")}
    bad = {"asInt": "2", "startTimeUnixNano": "1544712601000000000", "attributes": attribute(slm__part="bad")}
    decoded = exported("sum", good, bad, aggregationTemporality=2, isMonotonic=True)
    (read,) = decoded.measurements
    assert read["cumulative"] == {"good": 998, "total": 1000, "since": "2018-12-13T14:50:01.000000Z"}
    assert decoded.points == [2]


def test_histograms_keep_their_buckets() -> None:
    explicit = {"bucketCounts": ["7", "2", "1"], "explicitBounds": [100, 300], "count": "10"}
    decoded = exported("histogram", explicit, aggregationTemporality="AGGREGATION_TEMPORALITY_DELTA")
    assert decoded.measurements[0]["histogram"] == {"bounds": [100.0, 300.0], "counts": [7, 2, 1]}
    point = {"scale": 0, "zeroCount": "4", "positive": {"offset": -2, "bucketCounts": ["1", "2"]}}
    decoded = exported("exponentialHistogram", point, aggregationTemporality=1)
    assert decoded.measurements[0]["histogram"] == {"bounds": [0.0, 0.25, 0.5, 1.0], "counts": [4, 0, 1, 2, 0]}


@pytest.mark.parametrize("document", [[], {"resourceMetrics": {}}, {"resourceMetrics": [5]}, "x"])
def test_what_is_no_export_is_refused_as_a_whole(document: Any) -> None:
    with pytest.raises(ValueError, match=r"resourceMetrics"):
        otlp.convert_otlp_metrics(document)


def test_a_point_that_cannot_be_read_does_not_take_others_with_it() -> None:
    decoded = exported("gauge", {"asDouble": 1.0}, {"asDouble": "much"}, {}, {"asInt": "1", "timeUnixNano": "now"})
    assert (len(decoded.measurements), len(decoded.refused)) == (1, 3)


def test_values_of_at_least_a_limit_need_its_bucket_empty() -> None:
    held = Histogram((100.0, 300.0, 500.0), (5, 0, 2, 1))
    assert [held.at_least(limit) for limit in (50.0, 100.0, 200.0, 300.0, 400.0, 600.0)] == [
        None,
        None,
        3,
        3,
        None,
        None,
    ]


def test_a_measure_says_which_values_it_cannot_tell() -> None:
    held = Histogram((100.0, 300.0), (5, 4, 1))
    assert classifiers.RowClassifier(classifiers.AT_MOST, 300.0).histogram_counts(held) == (9, 10, 0)
    assert classifiers.RowClassifier(classifiers.AT_MOST, 200.0).histogram_counts(held) == (0, 0, 10)
    assert classifiers.RowClassifier(classifiers.EXACT).histogram_counts(held) == (0, 0, 10)


@pytest.mark.parametrize("more", [{"sum": float("inf")}, {"min": "low"}, {"max": True}, {"count": 11}])
def test_values_sent_beside_the_buckets_must_be_consistent_numbers(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidHistogram):
        histograms.validate_sent_histogram({"bounds": [100, 300], "counts": [5, 4, 1], **more})
