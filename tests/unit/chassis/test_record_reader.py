"""The fast way of reading records gives the answers of the slow one, and reads all that is usual itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_chassis import record_reader
from slm_events.catalogue import BY_TYPE
from slm_events.envelope import Envelope, NotAnEvent, from_record
from tests.attack.hostile_records import bytes_that_are_no_event, headers_of, poisoned_headers, sample_of

WHEN = "2026-11-22T10:00:00.000000Z"
KIND = "slm.monitor.target-breached.v1"
VALUES: tuple[Any, ...] = (
    None, True, 7, -1, 0, 2**62, 2**63, -(2**63) - 1, 10**40, 10**400, 1.5, 1.0, "", "x", "\0", "\ud800", "ü",
    "\U0001f600", [], [[]], ["a"], [None], {}, {"a": {"a": 1}}, [{"x": 1}], "0001-01-01T00:00:00+23:59", "2026-11-22",
    "2026-02-30T00:00:00Z", "2026-11-22T10:00:00Z", "2026-11-22 10:00:00+01:00", "9" * 30, 123456789012345678901234.5,
    1e308,
)  # fmt: skip


def answer(read: Any, value: bytes, headers: dict[str, str]) -> Envelope | str:
    try:
        found = read(value, headers)
        assert isinstance(found, Envelope)
        return found
    except NotAnEvent as refused:
        return str(refused)


def same(value: bytes, headers: dict[str, str]) -> Envelope | str:
    """The answer of both ways, which must be one."""
    fast, slow = (answer(read, value, headers) for read in (record_reader.read_event, from_record))
    assert fast == slow
    # Equal numbers of other types would be stored as other texts.
    assert repr(fast) == repr(slow)
    return fast


def usual(kind: str) -> dict[str, str]:
    return {**headers_of(kind, "0193-1"), "ce_recordedtime": WHEN, "ce_subject": "s", "ce_correlationid": "c"}


@pytest.mark.parametrize("kind", BY_TYPE)
def test_samples_of_all_events_are_read_the_fast_way(kind: str) -> None:
    value = json.dumps(sample_of(kind), ensure_ascii=False).encode()
    envelope = same(value, usual(kind))
    assert record_reader._read_usual(value, usual(kind)) == envelope


@pytest.mark.parametrize("kind", BY_TYPE)
def test_every_field_with_any_value_has_one_answer(kind: str) -> None:
    good = sample_of(kind)
    for name in (*good, "not known"):
        for wrong in VALUES:
            same(json.dumps({**good, name: wrong}).encode(), usual(kind))
        same(json.dumps({each: value for each, value in good.items() if each != name}).encode(), usual(kind))


@pytest.mark.parametrize("value", bytes_that_are_no_event().values(), ids=bytes_that_are_no_event())
def test_hostile_bytes_have_one_answer(value: bytes) -> None:
    assert isinstance(same(value, usual(KIND)), str)


def test_strange_headers_have_one_answer() -> None:
    value = json.dumps(sample_of(KIND)).encode()
    for headers in poisoned_headers(KIND, "0193-1"):
        same(value, {**headers})
    for name in usual(KIND):
        for text in ("", "\0", "\ud800", "x" * 1_001, "x" * 999, "ü", "2026-11-22", "0001-01-01T00:00:00+23:59"):
            same(value, {**usual(KIND), name: text})
        same(value, {each: text for each, text in usual(KIND).items() if each != name})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JSON, st.sampled_from(sorted(sample_of(KIND))))
def test_any_json_in_a_field_has_one_answer(value: Any, name: str) -> None:
    same(json.dumps({**sample_of(KIND), name: value}).encode(), usual(KIND))


@given(st.data())
def test_any_damage_has_one_answer(data: st.DataObject) -> None:
    value = bytearray(json.dumps(sample_of(KIND), ensure_ascii=False).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(value) - 1))
        value[at : at + data.draw(st.integers(0, 2))] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b"9e9"])
        )
    same(bytes(value), usual(KIND))


def test_text_of_another_encoding_in_an_unknown_field_has_one_answer() -> None:
    value = json.dumps(sample_of(KIND)).encode()[:-1] + b', "not known": "\xff"}'
    assert isinstance(same(value, usual(KIND)), str)
