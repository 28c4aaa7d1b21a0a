"""Reasons for different answers: a source's rule explains exactly the answer that it makes of ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Any

from tests.cases import hours
from tests.cases.comparing import differences
from tests.cases.reading import Case

Rule = Callable[[Case, Mapping[str, Any]], Mapping[str, Any]]
"""The case and our answer → the source's answer, by the rule that is its own."""


@dataclass(frozen=True)
class Explanation:
    """Holds for the cases of a group whose source names ``source``, as far as they differ in ``fields`` alone.

    Without a ``rule`` the fields are not worked out from anything: they are settings that the source chose.
    """

    source: str
    group: str
    fields: frozenset[str]
    reason: str
    rule: Rule | None = None

    def covers(self, case: Case, fields: Collection[str], ours: Mapping[str, Any]) -> bool:
        """Whether this explains all differences."""
        if not (self.source in case.source and self.group == case.group and set(fields) <= self.fields):
            return False
        if self.rule is None:
            return not set(fields) & set(ours)
        wanted = {name: case.expected[name] for name in fields}
        return not list(differences(self.rule(case, ours), wanted, case.data.get("tolerance")))


def _explained(source: str, group: str, fields: str, reason: str, rule: Rule | None = None) -> Explanation:
    return Explanation(source, group, frozenset(fields.split()), reason, rule)


_PYRRA = {
    14: ("critical", 2, 60, 5),
    7: ("critical", 15, 360, 30),
    2: ("warning", 60, 1440, 120),
    1: ("warning", 180, 5760, 360),
}
"""Factor → severity, and minutes of wait, long and short window, for 28 days."""


def _pyrra(case: Case, ours: Mapping[str, Any]) -> dict[str, Any]:
    period = Fraction(hours.written_length(str(case.asked["window"])), 28 * hours.DAY)
    severity, wait, long, short = _PYRRA.get(int(case.asked["factor"]), ("", 0, 0, 0))
    scaled = [math.floor(minutes * period + Fraction(1, 2)) for minutes in (wait, long, short)]
    return {"severity": severity, **dict(zip(("for_min", "long_min", "short_min"), scaled, strict=True))}


def _rounded_rate(case: Case, ours: Mapping[str, Any]) -> dict[str, Any]:
    rate = Decimal(math.floor(Fraction(ours["burn_rate"]) * 10 + Fraction(1, 2))) / 10
    return {"burn_rate": rate, "alert": rate > Decimal(case.asked.get("threshold", 1))}


def _cut_off(case: Case, ours: Mapping[str, Any]) -> dict[str, Any]:
    figure = Fraction(ours["composite"])
    exact = Decimal(figure.numerator) / Decimal(figure.denominator)
    return {"shown": f"{exact.quantize(Decimal('0.01'), ROUND_DOWN)}%"}


def _at_least_one(case: Case, ours: Mapping[str, Any]) -> dict[str, Any]:
    return {"threshold": max(Fraction(ours["threshold"]), Fraction(1))}


def _never_none(case: Case, ours: Mapping[str, Any]) -> dict[str, Any]:
    return {"elapsed_seconds": max(Fraction(ours["elapsed_seconds"]), Fraction(1))}


def _or_equal(case: Case, ours: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: case.expected[name] for name in _NOBL9 if name in case.expected}
    return settings | {"op": {"gt": "gte", "lt": "lte"}.get(str(ours["op"]))}


_NOBL9 = ("severity", "cooldown", "cool_down", "coolDown", "lasts_for", "lastsFor")
"""Settings of its alerts that have nothing to do with when a limit is reached."""


EXPLANATIONS = (
    _explained(
        "pyrra",
        "pyrra_windows",
        "severity for_min long_min short_min",
        "Pyrra's own catalogue: windows of 1 h, 6 h, 1 d and 4 d for 28 days, scaled to other periods and rounded to"
        " minutes, each with a wait before it tells and a severity. Ours are the workbook's, whose short window is a"
        " twelfth of the long one; other pairs are written by whoever wants them, and nothing waits beside them.",
        _pyrra,
    ),
    _explained(
        "slo-exporter",
        "burn_rate_factor",
        "threshold",
        "slo-exporter rounds the factor of its longest window, 0.93 for 28 days, up to one: who burns slower than the"
        " budget lasts is not warned there. Ours is the factor that follows from the share of the budget.",
        _at_least_one,
    ),
    _explained(
        "erpnext",
        "elapsed",
        "elapsed_seconds",
        "ERPNext writes a second where none has passed, for a zero says there that nobody has answered. Ours is none.",
        _never_none,
    ),
    _explained(
        "slo-generator",
        "policy",
        "burn_rate_threshold page alert message message_alert message_ok",
        "The settings of slo-generator's sample policy: which thresholds an installation starts with, and whom they"
        " wake, is its author's choice. A pair with equal windows says the same in our terms.",
    ),
    _explained(
        "nobl9",
        "policy",
        " ".join(("op", *_NOBL9)),
        "There these warn at their limit already, ours beyond it: a burn rate, as the workbook's, strictly above its"
        " factor, a share of the budget once more than it is spent, a time to exhaustion under the one agreed.",
        _or_equal,
    ),
    _explained(
        "nobl9",
        "limits",
        "max_slos_per_definition max_events_per_slo_per_action max_days_in_the_past",
        "Limits of a hosted product: an exclusion may be of any age and any number of services here, and restates the"
        " windows it touches.",
    ),
    _explained(
        "nobl9",
        "composite",
        "shown",
        "Shown with two decimals, cut off. We show four, half-even, and away from the objective where rounding would"
        " show met for unmet.",
        _cut_off,
    ),
    _explained(
        "slo-generator",
        "report",
        "burn_rate alert",
        "The burn rate is rounded to one decimal before it is compared. We never compare a rounded figure.",
        _rounded_rate,
    ),
    _explained(
        "PagerDuty",
        "signature",
        "signature valid accepted verified",
        "We take in no webhooks signed by PagerDuty: tickets come through our own doors, under our own keys. And the"
        " file that was signed is not published beside the case.",
    ),
)


_PECULIAR = Explanation(
    "",
    "",
    frozenset(),
    "Its file marks the answer as a peculiarity of its source, and gives no clean one that could be met.",
)


def explanation_of(case: Case, fields: Collection[str], ours: Mapping[str, Any]) -> Explanation | None:
    """The reason why our answer differs; None if there is none."""
    found = next((each for each in EXPLANATIONS if fields and each.covers(case, fields, ours)), None)
    is_peculiar = bool(case.data.get("quirk")) and case.data.get("expected_clean") is None and set(fields) <= set(ours)
    return found or (_PECULIAR if is_peculiar else None)
