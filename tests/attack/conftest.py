"""How much of each attack runs, and with which seed: a fixed share by default, all of it by ``make attack``."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import pytest

SEED = int(os.environ.get("SLM_ATTACK_SEED", "20261129"))
WHOLE = os.environ.get("SLM_ATTACK") == "all"


@dataclass(frozen=True)
class Effort:
    """The share of an attack that this run makes."""

    whole: bool
    seed: int

    def cases(self, share: int, whole: int) -> int:
        """How many random cases to try: ``share`` in the fixed share, ``whole`` under ``make attack``."""
        return whole if self.whole else share

    def random(self) -> random.Random:
        """A generator whose sequence depends on the seed alone."""
        return random.Random(self.seed)


@pytest.fixture(autouse=True)
def answers_as_declared() -> None:
    """Attacks measure the product as it is, without a look at each answer."""


@pytest.fixture
def effort() -> Effort:
    """This run's share and seed."""
    return Effort(WHOLE, SEED)


def pytest_report_header() -> str:
    """Name the seed, so that a failure can be played again with ``SLM_ATTACK_SEED``."""
    return f"attack: {'all of it' if WHOLE else 'the fixed share'}, seed {SEED}"
