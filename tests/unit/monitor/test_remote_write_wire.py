"""Requests of remote write as bytes: what is read, what is refused, and what a hostile one may cost."""

from __future__ import annotations

import contextlib
import math
import resource
import struct
import time

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_monitor.adapters.formats import remote_write_wire as wire
from slm_monitor.adapters.formats.remote_write_wire import RequestTooLarge, read_labels, read_write_request
from slm_monitor.domain.facts.histograms import InvalidHistogram
from slm_monitor.domain.facts.native_histograms import convert_interval_histogram
from slm_monitor.domain.mapping.samples import InvalidLabels, describe_series
from tests.support.remote_write import (
    STALE,
    V1,
    V2,
    Series,
    double,
    encoded,
    histogram,
    integer,
    message,
    packed,
    snappy,
    varint,
    version_1,
    version_2,
)

AT = 1_793_865_600_000
UP = {"__name__": "up", "job": "shop", "instance": "web-1:9090"}
LABELS = st.dictionaries(st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=200), max_size=6)
SAMPLES = st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.just(0)), max_size=4)


@pytest.mark.parametrize("version", [V1, V2])
@given(st.lists(st.tuples(LABELS, SAMPLES), max_size=5))
def test_what_is_written_is_read(
    version: str, written: list[tuple[dict[str, str], list[tuple[int, float, int]]]]
) -> None:
    series = [Series({"__name__": "m", **labels}, samples) for labels, samples in written]
    plain = version_1(*series) if version == V1 else version_2(*series)
    for body in (snappy(plain), bytes(cramjam.snappy.compress_raw(plain))):
        found = read_write_request(body, version)
        assert [(read_labels(each.labels), each.samples) for each in found] == [
            ({"__name__": "m", **labels}, samples) for labels, samples in written
        ]


def test_starts_of_counters_exemplars_and_stale_markers_are_read() -> None:
    exemplar = message(1, message(1, "trace_id") + message(2, "x")) + double(2, 1.0) + integer(3, AT)
    written = Series(UP, [(AT, 1.0, AT - 5), (AT + 1, STALE)], exemplars=[exemplar, exemplar])
    [found] = read_write_request(encoded(V2, written), V2)
    assert found.samples[0] == (AT, 1.0, AT - 5) and found.exemplars == 2
    assert struct.pack("<d", found.samples[1][1]) == struct.pack("<Q", 0x7FF0000000000002)
    [older] = read_write_request(encoded(V2, Series(UP, [(AT, 1.0)], more=integer(6, AT - 9))), V2)
    assert older.samples == [(AT, 1.0, AT - 9)]


def test_unknown_fields_and_metadata_are_left_out() -> None:
    series = Series(UP, [(AT, 1.0)], more=message(99, b"new") + integer(98, 7) + varint(97 << 3 | 5) + b"1234")
    for body, version in ((version_1(series, metadata=message(2, "up")), V1), (version_2(series), V2)):
        [found] = read_write_request(snappy(body), version)
        assert found.samples == [(AT, 1.0, 0)] and read_labels(found.labels) == UP


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ([("job", "a")], "__name__"),
        ([], "__name__"),
        ([("__name__", "m"), ("a", "1"), ("a", "2")], "once"),
        ([("__name__", "m"), ("a", "")], "value"),
        ([("__name__", "m"), ("", "a")], "name"),
    ],
)
@pytest.mark.parametrize("version", [V1, V2])
def test_labels_that_break_the_rules_are_told(version: str, labels: list[tuple[str, str]], word: str) -> None:
    [found] = read_write_request(encoded(version, Series(labels, [(AT, 1.0)])), version)
    with pytest.raises(InvalidLabels, match=word):
        read_labels(found.labels)


@pytest.mark.parametrize(
    ("refs", "word"), [([1, 2, 3], "pairs"), ([1, 99], "symbols"), ([1, 2**63], "symbols")], ids=["odd", "far", "huge"]
)
def test_references_that_lead_nowhere_are_the_fault_of_their_series(refs: list[int], word: str) -> None:
    symbols = b"".join(message(4, text) for text in ("", "__name__", "up", "job"))
    series = message(5, packed(1, refs) + message(2, double(1, 1.0)))
    right = message(5, packed(1, [1, 2]) + message(2, double(1, 1.0)))
    one, other = read_write_request(snappy(symbols + series + right), V2)
    assert word in one.fault and not other.fault


def test_samples_beside_histograms_are_a_fault_and_so_are_very_long_labels() -> None:
    both = Series(UP, [(AT, 1.0)], [histogram(AT, [1])])
    [found] = read_write_request(encoded(V2, both), V2)
    assert "not both" in found.fault
    many = Series([("__name__", "m"), *((f"l{n}", "v") for n in range(1_000_000 // 8))], [(AT, 1.0)])
    for version in (V1, V2):
        [found] = read_write_request(encoded(version, many), version)
        assert "bytes of labels" in found.fault and not found.labels


WHOLE = version_1(Series(UP, [(AT, 1.0)]))


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff" * 10, b"\x00\x01", b"not snappy at all", snappy(WHOLE)[:-3], snappy(WHOLE[:-3]),
     varint(len(WHOLE)) + b"\xf4", bytes(cramjam.snappy.compress(WHOLE)), snappy(b"\x0b\x0c"), snappy(b"\x00\x00"),
     snappy(b"\x0a" + b"\xff" * 11)],
    ids=["empty", "endless length", "too long", "text", "cut block", "cut message", "cut literal", "framed", "a group",
         "field 0", "endless number"],
)  # fmt: skip
@pytest.mark.parametrize("version", [V1, V2])
def test_what_is_no_request_is_a_value_error(version: str, body: bytes) -> None:
    with pytest.raises(ValueError, match="the body is no"):
        read_write_request(body, version)


def test_symbols_begin_with_the_empty_text_and_are_utf_8() -> None:
    series = message(5, packed(1, [0, 1]))
    for symbols in (message(4, "a"), b"", message(4, "") + message(4, b"\xff")):
        with pytest.raises(ValueError, match="symbol"):
            read_write_request(snappy(symbols + series), V2)


BOMBS = {
    "a length of 4 GB": varint(2**32 - 1) + b"\xf4\x00\x00a",
    "a length that cannot be": varint(32 << 20) + b"\x00a",
    "33 MB of zeros": bytes(cramjam.snappy.compress_raw(b"\0" * (33 << 20))),
    "empty series": bytes(cramjam.snappy.compress_raw(b"\x0a\x00" * (16 << 20))),
    "empty labels": bytes(cramjam.snappy.compress_raw(message(1, b"\x0a\x00" * (15 << 20)))),
    "empty samples": bytes(cramjam.snappy.compress_raw(message(1, b"\x12\x00" * (15 << 20)))),
    "empty symbols": bytes(cramjam.snappy.compress_raw(b"\x22\x00" * (16 << 20))),
    "references": bytes(cramjam.snappy.compress_raw(b"\x22\x00" + message(5, message(1, b"\0" * (31 << 20))))),
    "samples": bytes(cramjam.snappy.compress_raw(message(1, message(2, b"\x09" + b"\1" * 8) * 100_001))),
    "deltas": bytes(cramjam.snappy.compress_raw(message(1, message(4, message(12, b"\0" * (31 << 20)))))),
    "bounds": bytes(cramjam.snappy.compress_raw(message(1, message(4, message(16, b"\0" * (31 << 20)))))),
}


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_neither_time_nor_memory(version: str, name: str) -> None:
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with contextlib.suppress(ValueError):
        assert len(read_write_request(BOMBS[name], version)) <= wire.MOST_SAMPLES
    assert time.process_time() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held < 300 << 10


@pytest.mark.parametrize("name", ["a length of 4 GB", "33 MB of zeros", "empty series", "empty labels",
                                  "empty samples", "samples", "bounds"])  # fmt: skip
def test_what_is_too_large_is_said_to_be(name: str) -> None:
    with pytest.raises(RequestTooLarge):
        read_write_request(BOMBS[name], V1)


def read_histogram(written: bytes) -> object:
    [series] = read_write_request(encoded(V1, Series(UP, histograms=[written])), V1)
    return convert_interval_histogram(series.histograms[0])


def test_native_histograms_of_an_interval_are_histograms() -> None:
    [series] = read_write_request(encoded(V2, Series(UP, histograms=[histogram(AT, [2, 1, -1], zero_count=4)])), V2)
    assert series.histograms[0].at == AT
    with pytest.raises(InvalidHistogram, match="all buckets"):
        convert_interval_histogram(series.histograms[0])
    found = read_histogram(histogram(AT, [2, 1, -1], zero_count=4, count=11))
    assert (found.bounds, found.counts) == ((0.0, 0.5, 1.0, 2.0, 4.0), (4, 0, 2, 3, 2, 0))  # type: ignore[attr-defined]
    custom = read_histogram(histogram(AT, [2, 1], schema=-53, bounds=[0.1, 0.3], offset=1))
    assert (custom.bounds, custom.counts) == ((0.1, 0.3), (0, 2, 3))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("written", "word"),
    [
        (histogram(AT, [1], hint=0), "only grows"),
        (histogram(AT, [1], hint=2), "only grows"),
        (histogram(AT, [1], also=double(2, 1.5)), "whole numbers"),
        (histogram(AT, [1], also=packed(9, [2])), "not negative"),
        (histogram(AT, [1], schema=9), "scale"),
        (histogram(AT, [1, -2]), "not below zero"),
        (histogram(AT, [1], also=packed(12, [2])), "as many"),
        (histogram(AT, [1, 1], schema=-53, bounds=[0.1], offset=1, count=3), "have a bound"),
        (histogram(AT, [1, 1], schema=-53, bounds=[0.1, 0.1, math.nan], count=3), "bounds"),
    ],
)
def test_other_native_histograms_are_told_what_to_send(written: bytes, word: str) -> None:
    with pytest.raises(InvalidHistogram, match=word):
        read_histogram(written)


def test_a_series_is_shown_as_prometheus_writes_it_if_it_fits() -> None:
    assert describe_series(UP) == 'up{instance="web-1:9090",job="shop"}'
    assert describe_series({"__name__": "up", "a": 'b"\\\n'}) == 'up{a="b\\"\\\\\\n"}'
    long = [describe_series({"__name__": "up", "a": "x" * 300 + end}) for end in "ab"]
    assert long[0] != long[1] and all(each.startswith("up{#") and len(each) < 60 for each in long)
    assert "\x1f" not in describe_series({"__name__": "a\x1fb"})
    assert wire.MOST_BYTES == 32 << 20


USUAL = st.tuples(
    st.dictionaries(st.sampled_from(["job", "instance", "é", "le"]), st.text(min_size=1, max_size=130), max_size=3),
    st.sampled_from([AT, 0, 1, -1, 2**40 - 1, 2**40, 2**42 - 1, 2**42]),
    st.sampled_from([0.0, 1.5, math.inf, -1.0]),
)


def _read_or_refused(body: bytes, version: str) -> object:
    try:
        return read_write_request(body, version)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("version", [V1, V2])
@given(
    st.lists(USUAL, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3),
    st.integers(0, 40),
)
def test_the_fast_and_the_general_reader_agree(
    version: str,
    written: list[tuple[dict[str, str], int, float]],
    damage: list[tuple[int, int]],
    missing: int,
) -> None:
    series = [Series({"__name__": "m", **labels}, [(at, value)]) for labels, at, value in written]
    plain = bytearray(version_1(*series) if version == V1 else version_2(*series))
    for place, byte in damage:
        plain[place % len(plain)] = byte
    body = snappy(bytes(plain[: max(1, len(plain) - missing)] if damage else plain))
    fast = _read_or_refused(body, version)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(wire, "_usual_series_1", lambda *_: None)
        patched.setattr(wire, "_usual_series_2", lambda *_: None)
        general = _read_or_refused(body, version)
    assert repr(fast) == repr(general)


def test_a_usual_series_is_read_by_the_fast_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    series = [Series(UP, [(AT, 12.5)])]
    for version, general in ((V1, "_series_1"), (V2, "_series_2")):
        monkeypatch.setattr(wire, general, None)
        [found] = read_write_request(encoded(version, *series), version)
        assert (read_labels(found.labels), found.samples) == (UP, [(AT, 12.5, 0)])
