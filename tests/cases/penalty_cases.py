"""Cases about penalties, rewards and service credits: published bands as credit schedules, answered by the preview."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.cases import previews
from tests.cases.reading import Case, Unmapped
from tests.cases.sources import WORDS, number_of

_STEP = Decimal("0.1")
"""Two published edges no further apart than this leave nothing between them: 98.99 and 99."""
_FORMULAS = {
    "penalty": ("flat", False),
    "reward": ("flat", True),
    "credit": ("flat", False),
    "credit_percent": ("percent_of_charge", False),
    "penalty_percent": ("percent_of_charge", False),
    "reward_percent": ("percent_of_charge", True),
}
_CHARGES = ("monthly_fee", "fee", "charge")
_FIGURES = ("compliance_percent", "availability_percent", "uptime_percent", "attained_percent")
_CURRENCIES = (("bmc", "USD"), ("letsflo", "GBP"))
"""What a source writes its amounts in; no case names it in its question."""
_COMMITMENT = "99.9"
"""Below what percent of uptime Lets Flo credits anything."""
_LEAST_MISSES, _SHARE_OF_MISSES = 5, "5"
"""From how many misses in a month on Lets Flo credits how many percent of its fee."""
_TIMES = 10
"""How many times over Lets Flo credits what was paid for the time of a downtime."""


def answers(case: Case) -> dict[str, Any]:
    """Return our answer to each expected field that this module can ask for."""
    facts = {name: value for event in case.events for name, value in event.items()}
    charge = next((facts[name] for name in _CHARGES if name in facts), 0)
    if not _figures(facts):
        raise Unmapped(f"a penalty by {', '.join(facts)}")
    if case.data.get("tiers"):
        written = _tiers(case)
    else:
        written = _of_downtime(facts, charge) if "attained" in _figures(facts) else _misses(case)
    answer = previews.ask_credit(
        schedule={"currency": _currency(case), **written},
        charge=str(charge),
        figures=[{"target": case.id, "objective": _objective(case), **_figures(facts)}],
    )
    (line,) = answer["lines"]
    amount = Fraction(line["amount"])
    # Where a source writes rewards and penalties side by side, a penalty is what is taken from the provider.
    penalised = line["kind"] == "credit" and any("penalty" in tier for tier in case.data.get("tiers") or ())
    return {"amount": -amount if penalised else amount, "currency": answer["currency"]}


def _figures(facts: Mapping[str, Any]) -> dict[str, str]:
    attained = next((facts[name] for name in _FIGURES if name in facts), None)
    if attained is not None:
        return {"attained": str(attained)}
    downtime = next((facts[name] for name in ("downtime_percent", "downtime_percentage") if name in facts), None)
    if downtime is not None:
        return {"attained": str(100 - Fraction(downtime))}
    lengths = [
        (name, Fraction(value)) for name, value in facts.items() if name.endswith(("_hours", "_minutes", "_days"))
    ]
    lost = next((_seconds(name, value) for name, value in lengths if name.startswith("down")), None)
    of = next((_seconds(name, value) for name, value in lengths if not name.startswith("down")), None)
    if lost is not None and of is not None:
        return {"attained": str(100 - 100 * lost / of)}
    misses = next((value for name, value in facts.items() if name.startswith("misses")), None)
    return {} if misses is None else {"missed_units": str(misses)}


def _seconds(name: str, value: Fraction) -> Fraction:
    return value * {"minutes": 60, "hours": 3600, "days": 86_400}[name.rpartition("_")[2]]


def _of_downtime(facts: Mapping[str, Any], charge: Any) -> dict[str, Any]:
    """The charge of the lost time, multiplied by the case's factor; at most the whole charge."""
    times = Fraction(facts.get("multiplier", facts.get("credit_multiplier", _TIMES)))
    rate = str(Fraction(charge) * times / 100)
    return {
        "bands": [{"from": "0", "per_missed_percent": rate}, {"from": _COMMITMENT, "nothing": True}],
        "cap_per_period": {"percent_of_charge": "100"},
    }


def _objective(case: Case) -> str | None:
    objective = case.data.get("target_percent")
    if objective is None and not case.data.get("tiers"):
        # What is credited is all of the time that was lost, not what was lost beyond the promise.
        return "100"
    return None if objective is None else str(objective)


def _currency(case: Case) -> str:
    named = next((currency for source, currency in _CURRENCIES if source in case.source.lower()), None)
    # Where neither says it, the answer's own is taken: a schedule has to have one.
    return str(case.setting("currency") or named or case.expected.get("currency", "EUR"))


def _tiers(case: Case) -> dict[str, Any]:
    """Published closed bands of two decimals as half-open ones: what lies between two of them belongs to the lower."""
    tiers = _between(case.data["tiers"])
    edges = [Decimal(tier["from"]) for tier in tiers] + [Decimal(case.data.get("target_percent", 100)), Decimal(100)]
    bands, reached = [], Decimal(0)
    for tier in tiers:
        start, last = Decimal(tier["from"]), Decimal(tier["to"])
        if start > reached:
            bands.append({"from": str(reached), "nothing": True})
        bands.append({"from": str(start), **_formula(tier)})
        step = Decimal(0) if "below" in tier else _STEP
        reached = min((edge for edge in edges if last <= edge <= last + step), default=last)
    if reached < 100:
        bands.append({"from": str(reached), "nothing": True})
    return {"bands": bands}


def _between(tiers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Ascending bands with both their ends; of bands that say only what they lie below, each begins at the next."""
    if all("below" in tier for tier in tiers):
        ascending = sorted(tiers, key=lambda tier: Decimal(tier["below"]))
        starts = [Decimal(0), *(Decimal(tier["below"]) for tier in ascending)]
        return [{**tier, "from": start, "to": tier["below"]} for tier, start in zip(ascending, starts, strict=False)]
    both = [
        {**tier, "from": tier.get("from", tier.get("min", 0)), "to": tier.get("to", tier.get("max", 100))}
        for tier in tiers
    ]
    return sorted(both, key=lambda tier: Decimal(tier["from"]))


def _formula(tier: Mapping[str, Any]) -> dict[str, Any]:
    named = [name for name in _FORMULAS if name in tier]
    if len(named) != 1:
        raise Unmapped(f"a band of {sorted(tier)}")
    formula, is_reward = _FORMULAS[named[0]]
    return {formula: str(tier[named[0]]), "reward": is_reward}


def _misses(case: Case) -> dict[str, Any]:
    """``five misses … credit 5 % … (4 misses: nothing)``: a share of the charge from a number of misses on."""
    misses = _numbers(r"\b(\w+)\s+(?:[\w/]+\s+)*?misses", case.described)
    percent = re.search(r"credit (\d+(?:\.\d+)?) ?%", case.described)
    free = re.search(r"\((\d+) misses: nothing\)", case.described)
    if (not misses or percent is None) and "letsflo" not in case.source:
        raise Unmapped("credits whose rule is not told")
    least = int(free[1]) + 1 if free else misses[0] if misses and percent else _LEAST_MISSES
    share = percent[1] if percent else _SHARE_OF_MISSES
    bands = [{"from": "0", "nothing": True}, {"from": str(least), "percent_of_charge": share}]
    return {"measure": "missed_units", "bands": bands}


def _numbers(pattern: str, text: str) -> Sequence[int]:
    words = re.findall(pattern, text.lower())
    return [number_of(word) for word in words if word.isdigit() or word in WORDS]
