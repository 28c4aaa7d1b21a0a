"""Ids made from names stay what they have always been, and random ones are UUIDs that sort by time."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_chassis.identity import NAMESPACE, named_id, new_id

NAMES = st.lists(st.text(st.characters(exclude_categories=("Cs",))) | st.integers(-(2**53), 2**53), max_size=4)


@given(st.uuids(), NAMES)
def test_a_named_id_is_the_uuid5_of_the_name_as_json(namespace: uuid.UUID, name: list[str | int]) -> None:
    text = json.dumps(name, separators=(",", ":"), ensure_ascii=False)
    assert named_id(namespace, *name) == named_id(str(namespace), *name) == str(uuid.uuid5(namespace, text))


SIGNS = [*map(chr, range(0x21)), '"', "\\", "/", "\x7f", "\x80", "\u2028", "\ufeff", "\U0001f600"]


@pytest.mark.parametrize("text", SIGNS)
def test_signs_that_are_escaped_keep_their_ids(text: str) -> None:
    name = json.dumps([text], separators=(",", ":"), ensure_ascii=False)
    assert named_id(NAMESPACE, text) == str(uuid.uuid5(NAMESPACE, name))


def test_half_a_sign_has_no_id() -> None:
    with pytest.raises(UnicodeEncodeError):
        named_id(NAMESPACE, "\ud800")


def test_new_ids_are_uuids_of_version_7_in_the_order_of_time() -> None:
    before = time.time_ns() // 1_000_000
    ids = [uuid.UUID(new_id()) for _ in range(1_000)]
    after = time.time_ns() // 1_000_000
    assert {each.version for each in ids} == {7} and {each.variant for each in ids} == {uuid.RFC_4122}
    assert all(before <= each.int >> 80 <= after for each in ids) and len(set(ids)) == 1_000
    assert str(ids[0]) == str(uuid.UUID(int=ids[0].int))
