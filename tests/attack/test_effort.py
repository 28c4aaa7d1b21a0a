"""The share of an attack is fixed: the same seed tries the same cases."""

from __future__ import annotations

from tests.attack.conftest import Effort


def test_the_same_seed_tries_the_same_cases() -> None:
    """Two runs with one seed try the same cases, so that a failure can be repeated."""
    one, other = Effort(False, 7), Effort(False, 7)
    assert [one.random().random() for _ in range(3)] == [other.random().random() for _ in range(3)]
    assert (one.cases(5, 500), Effort(True, 7).cases(5, 500)) == (5, 500)
