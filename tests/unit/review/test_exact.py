from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slm_review.domain import exact


@given(st.fractions())
def test_what_is_written_reads_back_the_same(value: Fraction) -> None:
    assert exact.parse_exact(exact.write_exact(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [("99.95", "99.95"), ("1999/20", "99.95"), ("-1/4", "-0.25"), ("1/3", "1/3"), ("300", "300"), ("1/8", "0.125")],
)
def test_a_decimal_is_written_where_one_exists(value: str, text: str) -> None:
    assert exact.write_exact(Fraction(value)) == text


@pytest.mark.parametrize("text", ["", "many", "1/0", "NaN"])
def test_what_is_no_number_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(ValueError, match=r"decimal like 99\.9"):
        exact.parse_exact(text)
