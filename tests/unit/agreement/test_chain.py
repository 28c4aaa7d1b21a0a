"""What supporting promises come to together, and the door at which that is tried."""

from __future__ import annotations

import time
from datetime import date
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slm_agreement.api.chain_previews import ChainPreviewRequest
from slm_agreement.domain.checks import chain_arithmetic
from slm_agreement.domain.versions import chain
from slm_agreement.domain.versions.chain import InvalidSupportStructure, SupportGroup
from tests.cases.previews import Refused, ask_chain

shares = st.fractions(0, 1, max_denominator=1000)


@given(st.lists(shares, min_size=1, max_size=5), st.data())
def test_k_of_n_is_the_sum_over_all_that_may_happen(each: list[Fraction], data: st.DataObject) -> None:
    needed = data.draw(st.integers(1, len(each)))
    names = [f"s{n}" for n in range(len(each))]
    expected = Fraction(0)
    for works in product((True, False), repeat=len(each)):
        if sum(works) >= needed:
            likely = Fraction(1)
            for share, up in zip(each, works, strict=True):
                likely *= share if up else 1 - share
            expected += likely
    assert (
        chain.combined_availability(SupportGroup(needed, tuple(names)), dict(zip(names, each, strict=True))) == expected
    )


@given(st.lists(shares, min_size=1, max_size=4), shares)
def test_what_a_support_would_need_is_exactly_enough(each: list[Fraction], objective: Fraction) -> None:
    names = [f"s{n}" for n in range(len(each))]
    structure, promised = SupportGroup(len(each), tuple(names)), dict(zip(names, each, strict=True))
    for name, share in chain.needed_shares(structure, promised, objective).items():
        if share is not None:
            assert chain.combined_availability(structure, {**promised, name: share}) == objective


def groups(names: st.SearchStrategy[str]) -> st.SearchStrategy[SupportGroup]:
    """Groups of up to three parts, two deep, of which any number is needed."""

    def of(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[SupportGroup]:
        several = st.lists(parts, min_size=1, max_size=3)
        return several.flatmap(lambda found: st.integers(1, len(found)).map(lambda k: SupportGroup(k, tuple(found))))

    return of(st.one_of(names, of(names)))


@given(groups(st.sampled_from("abcdefgh")), st.lists(shares, min_size=8, max_size=8), shares)
def test_the_needed_share_in_any_structure_is_where_a_line_meets_the_objective(
    structure: SupportGroup, each: list[Fraction], objective: Fraction
) -> None:
    promised, places = dict(zip("abcdefgh", each, strict=True)), list(chain.support_names(structure))
    for name, share in chain.needed_shares(structure, promised, objective).items():
        without, whole = (chain.combined_availability(structure, {**promised, name: Fraction(n)}) for n in (0, 1))
        if whole == without or places.count(name) > 1:
            assert share is None
        else:
            assert share is not None and without + share * (whole - without) == objective


@given(groups(st.sampled_from("abcd")), st.lists(shares, min_size=4, max_size=4), shares)
def test_each_short_support_is_asked_for_the_least_common_share(
    structure: SupportGroup, each: list[Fraction], objective: Fraction
) -> None:
    names = set(chain.support_names(structure))
    promised = {name: share for name, share in zip("abcd", each, strict=True) if name in names}
    needed = chain_arithmetic.needed_of_each(structure, promised, objective)

    def reached(floor: Fraction) -> Fraction:
        return chain.combined_availability(structure, {name: max(share, floor) for name, share in promised.items()})

    assert reached(needed) >= objective
    step = Fraction(1, max(10_000, (needed * 100).denominator * 100))
    if needed and chain.combined_availability(structure, promised) < objective:
        assert reached(needed - step) < objective or needed == 1


@pytest.mark.parametrize("question", ["response", "recovery_time", "recovery_point"])
@given(structure=groups(st.sampled_from("abcd")), each=st.lists(st.integers(0, 50), min_size=4, max_size=4),
       objective=st.integers(0, 100))  # fmt: skip
def test_the_longest_time_of_one_support_is_just_short_enough(
    question: str, structure: SupportGroup, each: list[int], objective: int
) -> None:
    names = set(chain.support_names(structure))
    promised = {name: Fraction(time) for name, time in zip("abcd", each, strict=True) if name in names}
    for name, most in chain_arithmetic.needed_alone(question, structure, promised, Fraction(objective)).items():
        found = [
            chain_arithmetic.combine(question, structure, {**promised, name: Fraction(time)}) <= objective
            for time in range(int(promised[name]) + 1)
        ]
        assert most == (None if not any(found) else found.count(True) - 1)


def test_fifty_redundant_supports_are_computed_within_a_second() -> None:
    names = tuple(f"s{n}" for n in range(50))
    promised = {name: Fraction(9 * 10**36 + 3 * n + 1, 10**37) for n, name in enumerate(names)}
    begun = time.process_time()
    chain.needed_shares(SupportGroup(25, names), promised, Fraction(999_999, 1_000_000))
    assert time.process_time() - begun < 3


def test_a_support_in_several_places_has_no_single_answer() -> None:
    needed = chain.needed_shares(SupportGroup(2, ("a", "a")), {"a": Fraction(9, 10)}, Fraction(99, 100))
    assert needed == {"a": None}


@pytest.mark.parametrize(
    "written",
    [
        "",
        5,
        {},
        {"serial": []},
        {"serial": "a"},
        {"k_of_n": {"k": 3, "members": ["a", "b"]}},
        {"k_of_n": [{}]},
        {"k_of_n": ["a"]},
        {"k_of_n": {"k": True, "members": ["a"]}},
        {"parallel": ["a"]},
        {"serial": [{"serial": ["a"] * 30}, {"serial": ["b"] * 30}]},
    ],
)
def test_what_is_no_structure_is_refused(written: Any) -> None:
    with pytest.raises(InvalidSupportStructure):
        chain.parse_support_structure(written)


def test_recovery_waits_for_all_needed_services_and_loses_the_worst_point() -> None:
    times = {"a": 3, "b": 1, "c": 2}
    assert chain.combined_recovery_time(SupportGroup(3, ("a", "b", "c")), times) == 6
    assert chain.combined_recovery_time(SupportGroup(2, ("a", "b", "c")), times) == 2
    assert chain.worst_data_loss(SupportGroup(1, ("a", "b")), times) == 3


def test_services_restored_in_parallel_wait_for_the_slowest_needed() -> None:
    times = {"a": 3, "b": 1, "c": 2}
    assert chain.combined_recovery_time(SupportGroup(3, ("a", "b", "c")), times, side_by_side=True) == 3
    assert (
        chain.combined_recovery_time(SupportGroup(2, ("a", SupportGroup(1, ("b", "c")))), times, side_by_side=True) == 3
    )
    recovery = {
        "rto_at_most": "PT2H",
        "rpo_at_most": "PT1H",
        "structure": {"serial": ["app", "db"]},
        "supports": {name: {"rto": "PT90M", "rpo": "PT0S"} for name in ("app", "db")},
    }
    assert ask_chain(recovery=recovery)["recovery"]["rto"] == "PT3H"
    assert ask_chain(recovery={**recovery, "order": "side_by_side"})["recovery"]["rto"] == "PT1H30M"


def test_terms_may_follow_upon_one_another_but_leave_no_day_out() -> None:
    year = (date(2026, 1, 1), date(2026, 12, 31))
    half, rest = (date(2025, 7, 1), date(2026, 6, 30)), (date(2026, 7, 1), date(2027, 1, 1))
    assert chain.first_uncovered_day(year, [rest, half]) is None
    assert chain.first_uncovered_day(year, [half]) == date(2026, 7, 1)
    assert chain.first_uncovered_day(year, [rest]) == date(2026, 1, 1)
    assert chain.first_uncovered_day(year, []) == date(2026, 1, 1)
    assert chain.first_uncovered_day(year, [(date(2026, 1, 1), date.max)]) is None


def test_the_documented_example_is_answered() -> None:
    (example,) = ChainPreviewRequest.model_json_schema()["examples"]
    assert ask_chain(**example) == {
        "availability": {"achievable_percent": "4994001/50000", "holds": True},
        "durations": {"sum": "PT1H15M", "holds": True},
    }


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (
            {"availability": {"at_least": "99", "structure": {"serial": ["a", "b"]}, "supports": {"a": "99"}}},
            "supports",
        ),
        ({"availability": {"at_least": "99", "structure": {}, "supports": {"a": "99"}}}, "structure"),
        ({"availability": {"at_least": "99", "structure": "a", "supports": {"a": "101"}}}, "supports"),
        ({"durations": {"at_most": "P1M", "path": ["a"], "supports": {"a": "PT1H"}}}, "at_most"),
        ({"durations": {"at_most": "PT1H", "path": ["a"], "supports": {"a": "-PT1H"}}}, "supports.a"),
    ],
)
def test_a_fault_is_named_by_its_field(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        ask_chain(**asked)
    assert refused.value.problem["status"] == 422
    assert [error["field"] for error in refused.value.problem["errors"]] == [field]


@pytest.mark.parametrize("wrong", [0, 20_000, True, None])
def test_a_day_is_never_a_number(wrong: Any) -> None:
    """Without a check of our own, Pydantic would read a number as seconds since 1970."""
    ChainPreviewRequest.model_validate({"term": {"required": ["2026-01-01", "2026-02-01"], "supports": []}})
    with pytest.raises(ValidationError):
        ChainPreviewRequest.model_validate({"term": {"required": ["2026-01-01", wrong], "supports": []}})
