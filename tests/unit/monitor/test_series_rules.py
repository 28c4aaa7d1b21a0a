"""Series rules: selectors as PromQL writes them, regular expressions in linear time, and the first rule that fits."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slm_monitor.domain.mapping.linear_pattern import MOST_CELLS, LinearPattern
from slm_monitor.domain.mapping.pattern_syntax import InvalidPattern
from slm_monitor.domain.mapping.rules import InvalidRule, LabelMissing, SeriesRules, parse_rule
from slm_monitor.domain.mapping.selectors import (
    InvalidSelector,
    MatchBudget,
    MatchingTooCostly,
    parse_selector,
)

SHOP = {"__name__": "up", "job": "shop", "instance": "web-1:9090"}


def budget() -> MatchBudget:
    return MatchBudget(1_000_000)


ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "\\d", "\\w", "\\.", "ä", "\\S"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join).map("({})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{0,2}", "{1,}", "*?"])).map("(?:{0[0]}){0[1]}".format),
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PATTERNS, st.text("abc.1ä\n", max_size=8))
def test_an_expression_matches_what_pythons_own_matches(pattern: str, text: str) -> None:
    expected = re.compile(pattern, re.DOTALL | re.ASCII).fullmatch(text) is not None
    assert LinearPattern(pattern).matches(text) == expected


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("web-.*", ["web-", "web-1"], ["xweb-1", "we"]),
        ("^web$", ["web"], ["web1"]),
        ("a\\$", ["a$"], ["a", "a\\"]),
        ("2..|304", ["200", "304"], ["2000", "500"]),
        ("[]a]+", ["]a", "a"], ["b", ""]),
        ("[a\\-z]", ["-", "z"], ["b"]),
        ("", [""], ["a"]),
        ("a{2,3}", ["aa", "aaa"], ["a", "aaaa"]),
        ("(|a)b", ["b", "ab"], ["a"]),
        (".+", ["\n", "€"], [""]),
    ],
)
def test_expressions_match_the_whole_text(pattern: str, matching: list[str], other: list[str]) -> None:
    compiled = LinearPattern(pattern)
    assert [text for text in [*matching, *other] if compiled.matches(text)] == matching


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a)", "[a", "a{2", "a{3,2}", "*a", "\\", "(?i)a", "(?=a)", "\\b", "\\1", "[[:alpha:]]", "a^b", "[z-a]",
     "a{1001}", "x" * 1_001, "(" * 30 + ")" * 30],
)  # fmt: skip
def test_what_is_not_read_is_refused_with_words(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match=r"\w{4}"):
        LinearPattern(pattern)


BOMBS = [
    "(a|b)*a(a|b){20}",
    "(((a{100}){100}){100}){100}",
    "((){1000}){1000}" * 3,
    "(((){1000}){1000}){1000}",
    "(.?){990}" + "".join(map(chr, range(0x4E00, 0x4E00 + 900))),
    ".*".join("abcdefghij" * 40),
    "(a?){300}a{300}",
    "[\\w.]{1,500}",
    "((a*)*)*" * 100,
]


@pytest.mark.parametrize("pattern", BOMBS, ids=range(len(BOMBS)))
def test_no_expression_takes_long_neither_to_read_nor_to_match(pattern: str) -> None:
    began = time.process_time()
    try:
        compiled = LinearPattern(pattern)
    except InvalidPattern:
        pass
    else:
        assert compiled.cells <= MOST_CELLS + 2_000
        compiled.matches("a" * 50_000 + "!")
    assert time.process_time() - began < 2


def test_backtracking_does_not_happen() -> None:
    began = time.process_time()
    assert not LinearPattern("(a+)+b").matches("a" * 50_000)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("selector", "matches"),
    [
        ("up", True),
        ("down", False),
        ('up{job="shop"}', True),
        ("up{ job = 'shop' , instance =~ `web-\\d:.*` , }", True),
        ('up{job!="shop"}', False),
        ('up{job!~"sh.*"}', False),
        ('up{team=""}', True),
        ('up{team!=""}', False),
        ('{__name__=~"u.", job="shop"}', True),
        ('{"up", job="shop"}', True),
        ('{"job"="shop"}', True),
        ('up{instance=~"web-1"}', False),
        ('up{job="sh\\"op"}', False),
    ],
)
def test_selectors_are_those_of_promql(selector: str, matches: bool) -> None:
    assert parse_selector(selector).matches(SHOP, budget()) == matches


@pytest.mark.parametrize(
    "selector",
    ["", "{}", '{job=""}', '{job=~".*"}', "up{", 'up{job="a"', "up{job=shop}", "up{job}", "up[5m]", "rate(up[5m])",
     'up{job=~"("}', 'up{job="\\d"}', "up offset 5m", 'up{="a"}', "x" * 4_001,
     "up{" + ",".join(['a="b"'] * 21) + "}"],
)  # fmt: skip
def test_a_selector_that_selects_everything_or_is_none_is_refused(selector: str) -> None:
    with pytest.raises(InvalidSelector):
        parse_selector(selector)


def test_the_first_rule_that_matches_names_the_indicator() -> None:
    rules = SeriesRules(
        [
            parse_rule('up{job="shop",instance=~"db.*"}', "db", [], "state"),
            parse_rule('up{job="shop"}', "{job}.{instance}", ["instance", "zone"], "state"),
            parse_rule("up", "other", [], None),
        ]
    )
    found = rules.map_series(SHOP, budget())
    assert found is not None
    assert (found.rule, found.indicator, dict(found.labels), found.reading) == (
        1,
        "shop.web-1:9090",
        {"instance": "web-1:9090"},
        "state",
    )
    assert rules.map_series({**SHOP, "__name__": "down"}, budget()) is None


def test_the_label_names_the_indicator_where_no_rule_does() -> None:
    labels = {**SHOP, "slm_indicator": "shop.up"}
    found = SeriesRules([]).map_series(labels, budget())
    assert found is not None
    assert (found.indicator, dict(found.labels), found.rule) == (
        "shop.up",
        {"job": "shop", "instance": "web-1:9090"},
        None,
    )
    ruled = SeriesRules([parse_rule("up", "by-rule", [], None)]).map_series(labels, budget())
    assert ruled is not None and ruled.indicator == "by-rule"


def test_a_series_without_the_label_of_the_template_is_told_so() -> None:
    with pytest.raises(LabelMissing, match="zone"):
        SeriesRules([parse_rule("up", "{zone}.up", [], None)]).map_series(SHOP, budget())


@pytest.mark.parametrize("indicator", ["", "{", "a}", "{}", "a{b", "{a{b}}"])
def test_a_template_that_is_none_is_refused(indicator: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        parse_rule("up", indicator, [], None)
    assert refused.value.field == "indicator"


def test_rules_of_one_party_have_a_size_together_and_matching_a_price() -> None:
    words = "|".join("".join(chr(97 + (n * k) % 26) for k in range(1, 7)) for n in range(100))
    rule = parse_rule(f'up{{job=~"{words}"}}', "a", [], None)
    with pytest.raises(InvalidRule):
        SeriesRules([rule] * (200_000 // rule.selector.cells + 1))
    with pytest.raises(MatchingTooCostly):
        SeriesRules([rule]).map_series({**SHOP, "job": "x" * 200}, MatchBudget(100))
