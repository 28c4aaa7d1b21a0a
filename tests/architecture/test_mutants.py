"""Every planted fault still fits the code it is planted in: ``make mutants`` then shows that it is noticed."""

from __future__ import annotations

import pytest

from tests.mutants.planted import ROOT, Mutant, mutants

FEWEST = 25


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_every_patch_applies_and_names_tests_that_exist(mutant: Mutant) -> None:
    assert mutant.fits(ROOT) is None
    assert mutant.what and mutant.tests
    assert [test for test in mutant.tests if not (ROOT / test).is_file()] == []


def test_there_are_enough_of_them() -> None:
    assert len(mutants()) >= FEWEST
