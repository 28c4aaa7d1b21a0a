"""Price tables equal those of a script that knows nothing of the product."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from slm_credits.credit_lines import ClosedWindow
from slm_credits.objectives import Objective
from slm_credits.price_tables import price_table
from slm_credits.schedule_document import parse_schedule
from slm_credits.settlements import Period

SCRIPT = Path(__file__).with_name("independent_prices.py")
CASES = 60


def drawn(chance: random.Random) -> dict[str, Any]:
    """Two years of months with up to four windows each, and a schedule of two to five bands."""

    def percent() -> str:
        return f"{chance.randrange(900_000, 1_000_001) / 10_000:.4f}"

    agreed = f"{chance.randrange(9_500, 9_999) / 100:.2f}"
    starts = sorted({f"{chance.randrange(9_000, 9_400) / 100:.2f}" for _ in range(chance.randrange(4))})
    bands: list[dict[str, Any]] = [
        {"from": each, chance.choice(["flat", "percent_of_charge"]): f"{chance.randrange(1, 5_000) / 100:.2f}"}
        for each in ["0", *starts]
    ]
    return {
        "agreed": agreed,
        "bands": [*bands, {"from": agreed, "nothing": True}],
        "charge": f"{chance.randrange(1, 1_000_000) / 100:.2f}",
        "cap": f"{chance.randrange(1, 120)}",
        "year_cap": f"{chance.randrange(1, 500_000) / 100:.2f}",
        "candidates": sorted({agreed, *(percent() for _ in range(8))}, key=Fraction, reverse=True),
        "periods": [
            {"year": year, "figures": [percent() for _ in range(chance.randrange(5))]}
            for year in (2025, 2026)
            for _ in range(12)
        ],
    }


def product(case: dict[str, Any]) -> list[list[Any]]:
    schedule = parse_schedule(
        {
            "currency": "EUR",
            "bands": case["bands"],
            "cap_per_period": {"percent_of_charge": case["cap"]},
            "cap_per_year": {"amount": case["year_cap"]},
        }
    )
    charge = Fraction(case["charge"])
    periods = [
        Period(each["year"], charge, tuple(ClosedWindow("up", figure=Fraction(one)) for one in each["figures"]))
        for each in case["periods"]
    ]
    candidates = [Fraction(each) for each in case["candidates"]]
    prices = price_table(schedule, Objective(Fraction(case["agreed"])), candidates, periods)
    names = {Fraction(each): each for each in case["candidates"]}
    return [[names[each.objective.limit], each.met, each.credits] for each in prices]


def test_price_tables_equal_those_of_an_independent_script() -> None:
    chance = random.Random(20261202)
    cases = [drawn(chance) for _ in range(CASES)]
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT)], input=json.dumps(cases), capture_output=True, text=True, check=True
    )
    again = json.loads(done.stdout)
    assert [product(each) for each in cases] == again
    # The cases tell one objective from another, and reach what limits the sum.
    assert sum(len({row[2] for row in table}) > 3 for table in again) > CASES // 2
