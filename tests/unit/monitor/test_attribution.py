"""Downtime is split among supports as domain rules say; a sweep over microseconds, written from the rules, agrees."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from slm_monitor.domain.causes.attribution import (
    DowntimeAttribution,
    DowntimePiece,
    attribute_downtime,
    parse_support_structure,
)
from slm_monitor.domain.states.timeline import StateSegment

CHAINS = 10_000
LATEST = 24
"""The last microsecond of the made-up histories."""

Stated = dict[str, list[tuple[int, int, str]]]


def attribute(structures: list[Any], down: list[tuple[int, int]], stated: Stated) -> DowntimeAttribution:
    return attribute_downtime(
        [DowntimePiece(*each) for each in down],
        [parse_support_structure(each) for each in structures],
        {name: [StateSegment(*each) for each in pieces] for name, pieces in stated.items()},
    )


# -- a sweep, microsecond by microsecond, that shares nothing with the product ----------------------------------------


def swept(structures: list[Any], down: list[tuple[int, int]], stated: Stated) -> tuple[Any, Any, Any]:
    parts: dict[str, Fraction] = {}
    unknown: dict[str, Fraction] = {}
    own = Fraction(0)
    for instant in (each for start, end in down for each in range(start, end)):
        state = {
            name: next((kind for start, end, kind in pieces if start <= instant < end), "unknown")
            for name, pieces in stated.items()
        }
        guilty: set[str] = set()
        for structure in structures:
            guilty |= guilty_of(structure, state)
        for name in guilty:
            parts[name] = parts.get(name, Fraction(0)) + Fraction(1, len(guilty))
        if not guilty:
            own += 1
        for name in names_of(structures):
            if state[name] == "unknown":
                unknown[name] = unknown.get(name, Fraction(0)) + 1
    return parts, own, unknown


def members_of(structure: Any) -> tuple[int, list[Any]]:
    if "serial" in structure:
        return len(structure["serial"]), structure["serial"]
    return structure["k_of_n"]["k"], structure["k_of_n"]["members"]


def names_of(structure: Any) -> set[str]:
    if isinstance(structure, str):
        return {structure}
    if isinstance(structure, list):
        return set().union(*(names_of(each) for each in structure))
    return names_of(members_of(structure)[1])


def works(structure: Any, state: dict[str, str]) -> bool:
    if isinstance(structure, str):
        return state[structure] == "up"
    needed, members = members_of(structure)
    return len([each for each in members if works(each, state)]) >= needed


def guilty_of(structure: Any, state: dict[str, str]) -> set[str]:
    if isinstance(structure, str):
        return {structure} if state[structure] == "down" else set()
    if works(structure, state):
        return set()
    return set().union(*(guilty_of(each, state) for each in members_of(structure)[1]))


def made_structure(source: random.Random, names: list[str], depth: int) -> Any:
    members: list[Any] = [
        made_structure(source, names, depth - 1) if depth and source.random() < 0.4 else source.choice(names)
        for _ in range(source.randint(1, 3))
    ]
    if source.random() < 0.5:
        return {"serial": members}
    return {"k_of_n": {"k": source.randint(1, len(members)), "members": members}}


def made_states(source: random.Random) -> list[tuple[int, int, str]]:
    pieces, at = [], source.randint(0, 5)
    while at < LATEST:
        end = at + source.randint(1, 12)
        if source.random() < 0.9:
            pieces.append((at, end, source.choice(["up", "up", "down", "unknown"])))
        at = end
    return pieces


def made_downtime(source: random.Random) -> list[tuple[int, int]]:
    edges = sorted(source.sample(range(LATEST + 5), source.choice([2, 4])))
    return list(zip(edges[::2], edges[1::2], strict=True))


def test_ten_thousand_chains_equal_a_sweep_by_microseconds() -> None:
    source = random.Random(20261203)
    nested = 0
    for number in range(CHAINS):
        names = [f"s{each}" for each in range(source.randint(1, 6))]
        structures = [made_structure(source, names, 3) for _ in range(source.choice([1, 1, 2]))]
        nested += repr(structures).count("{") > 3
        stated = {name: made_states(source) for name in names}
        down = made_downtime(source)
        found = attribute(structures, down, stated)
        parts, own, unknown = swept(structures, down, stated)
        assert (dict(found.by_support), found.own, dict(found.unknown)) == (parts, own, unknown), number
        assert found.total == sum(end - start for start, end in down), number
    assert nested > CHAINS / 4


# -- known answers ----------------------------------------------------------------------------------------------------


def test_two_supports_that_are_down_at_once_share_in_equal_parts() -> None:
    stated: Stated = {"net": [(0, 60, "down"), (60, 100, "up")], "cloud": [(0, 30, "up"), (30, 100, "down")]}
    found = attribute([{"serial": ["net", "cloud"]}], [(10, 90)], stated)
    # net alone 10–30 = 20; both 30–60 = 15 each; cloud alone 60–90 = 30.
    assert (found.by_support, found.own) == ({"net": 35, "cloud": 45}, 0)


def test_a_member_of_a_whole_group_is_never_blamed() -> None:
    group = {"k_of_n": {"k": 1, "members": ["a", "b"]}}
    stated: Stated = {"a": [(0, 100, "down")], "b": [(0, 70, "up"), (70, 100, "down")]}
    found = attribute([{"serial": [group]}], [(0, 100)], stated)
    # 0–70 b carries the group: the provider's own. 70–100 both are down: 15 each.
    assert (found.by_support, found.own) == ({"a": 15, "b": 15}, 70)


def test_three_supports_make_thirds_of_a_microsecond() -> None:
    stated: Stated = {name: [(0, 10, "down")] for name in "abc"}
    found = attribute([{"serial": ["a", "b", "c"]}], [(3, 4)], stated)
    assert found.by_support == dict.fromkeys("abc", Fraction(1, 3)) and found.total == 1


def test_unknown_supports_are_listed_and_the_time_is_the_providers() -> None:
    stated: Stated = {"a": [(0, 10, "unknown"), (10, 20, "down")]}
    found = attribute([{"serial": ["a", "b"]}], [(0, 30)], stated)
    assert (found.by_support, found.own, found.unknown) == ({"a": 10}, 20, {"a": 20, "b": 30})


def test_degraded_time_is_split_by_its_weight() -> None:
    found = attribute_downtime(
        [DowntimePiece(0, 30, Fraction(1, 2))],
        [parse_support_structure({"serial": ["a"]})],
        {"a": [StateSegment(0, 10, "down"), StateSegment(10, 30, "up")]},
    )
    assert (found.by_support, found.own) == ({"a": 5}, 10)


def test_supports_of_both_sides_share_one_instant() -> None:
    stated: Stated = {"mine": [(0, 10, "down")], "theirs": [(0, 10, "down")]}
    found = attribute([{"serial": ["mine"]}, {"serial": ["theirs"]}], [(0, 10)], stated)
    assert found.by_support == {"mine": 5, "theirs": 5}
