"""Bytes of others are bounded before they are decoded, and whatever they are, the answer is a value or Unreadable."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_events import envelope, foreign
from slm_events.catalogue import BY_TYPE
from slm_events.envelope import NotAnEvent
from slm_events.foreign import DEEPEST, Unreadable
from slm_events.schema import is_required
from tests.attack.hostile_records import bytes_that_are_no_event, headers_of, sample_of

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_value_or_unreadable(value: bytes) -> None:
    try:
        foreign.decode_json(value)
    except Unreadable as refused:
        assert str(refused)


@given(st.text(alphabet='[]{}"\\,:a1', max_size=300))
def test_depth_is_told_without_decoding(text: str) -> None:
    value = text.encode()
    try:
        decoded = json.loads(text)
    except ValueError:
        return
    for deepest in (1, 2, 3, 10):
        assert foreign.is_nested_at_most(value, deepest) == (_depth(decoded) <= deepest)


@given(JSON)
def test_what_json_can_say_is_read_as_it_is(value: object) -> None:
    assert foreign.decode_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("value", bytes_that_are_no_event().values(), ids=bytes_that_are_no_event())
@pytest.mark.parametrize("kind", ["slm.agreement.party-registered.v1", "slm.monitor.target-breached.v1"])
def test_hostile_bytes_are_no_event(value: bytes, kind: str) -> None:
    with pytest.raises(NotAnEvent):
        envelope.from_record(value, headers_of(kind, "1"))


@pytest.mark.parametrize(("depth", "is_read"), [(DEEPEST, True), (DEEPEST + 1, False), (100_000, False)])
def test_lists_and_objects_nest_so_deep_and_no_deeper(depth: int, is_read: bool) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
        value = opening * depth + b"1" + closing * depth
        assert foreign.is_nested_at_most(value, DEEPEST) == is_read
        if not is_read:
            with pytest.raises(Unreadable, match="nested"):
                foreign.decode_json(value)


@pytest.mark.parametrize("value", [b'"' + b'\\"' * 4_000_000, b"[{" * 2_000_000, b'["' * 2_000_000, b"[" * 8_000_000])
def test_looking_at_the_depth_takes_time_in_proportion_to_the_length(value: bytes) -> None:
    began = time.process_time()
    foreign.is_nested_at_most(value, DEEPEST)
    assert time.process_time() - began < 5.0


@pytest.mark.parametrize("kind", BY_TYPE)
def test_a_field_of_another_type_makes_no_event(kind: str) -> None:
    good, event = sample_of(kind), BY_TYPE[kind].event
    assert envelope.from_record(json.dumps(good).encode(), headers_of(kind, "1"))
    for name, field in event.__dataclass_fields__.items():
        # A boolean where none belongs, and where one does, a list.
        wrong = [True] if field.type == "bool" else True
        with pytest.raises(NotAnEvent, match=f"the field {name} is not"):
            envelope.from_record(json.dumps({**good, name: wrong}).encode(), headers_of(kind, "1"))
        if is_required(field):
            left = {each: value for each, value in good.items() if each != name}
            with pytest.raises(NotAnEvent, match=f"the field {name} is missing"):
                envelope.from_record(json.dumps(left).encode(), headers_of(kind, "1"))


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)
