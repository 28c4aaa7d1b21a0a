"""Open readings: policies that draft terms leave at their default, and that would have changed verdicts or money.

To find these policies, the windows of a back-test are evaluated once as the draft stands, and once more for each other
value that a policy may have.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_credits.exact_numbers import money_to_text
from slm_events.aggregations import CLOCK, KINDS, STATES, read_name
from slm_monitor.application.preview import backtest_prices
from slm_monitor.application.preview.backtest_question import BacktestQuestion

_STATES = {"unknown": ("removed", "up", "down"), "degraded": ("up", "down", "removed")}
_SHORT_OUTAGES = {"short_outages": ("whole", "excess")}
"""Open only where the terms ignore short outages."""
_SLICES = {"no_data": ("ignore", "good", "bad")}
_CLOCKS = {
    "on_reopen": ("resume", "resume_counting_gap", "new_clock"),
    "on_priority_change": ("carry_elapsed", "restart", "from_opening"),
}
"""Policy → its values, the default first. Planned downtime has no entry, because a back-test has no exclusions."""
_DOES = {
    "unknown": "how time in an unknown state counts",
    "degraded": "how degraded time counts",
    "short_outages": "how an outage counts that is not too short",
    "no_data": "how a slice without data counts",
    "on_reopen": "what reopening does",
    "on_priority_change": "what a change of priority does",
}


@dataclass(frozen=True, slots=True)
class OtherReading:
    """A policy that the terms leave open, and one value other than its default.

    ``member``: index of the member whose terms leave the policy open; None: the target's own terms leave it open.
    """

    policy: str
    default: str
    value: str
    member: int | None = None

    @property
    def name(self) -> str:
        """The name under which results of this reading are stored with a window."""
        return f"{'' if self.member is None else self.member}/{self.policy}/{self.value}"

    def apply(self, question: BacktestQuestion) -> BacktestQuestion:
        """Return the question with terms that set the policy to this reading's value."""
        written = {self.policy: self.value}
        if self.member is None:
            return replace(question, terms={**question.terms, **written})
        members = [{**each, **written} if n == self.member else each for n, each in enumerate(question.members)]
        return replace(question, members=members)


def list_other_readings(question: BacktestQuestion) -> list[OtherReading]:
    """Return the other readings of every policy that the terms leave at its default; members' terms are included."""
    return [
        OtherReading(policy, values[0], value, member)
        for member, terms in _all_terms(question)
        for policy, values in _policies(terms).items()
        if terms.get(policy) is None
        for value in values[1:]
    ]


def without_defaults(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms of a target without the policies that have their default value."""
    defaults = {policy: values[0] for policy, values in _policies(terms).items()}
    return {name: value for name, value in terms.items() if name not in defaults or value != defaults[name]}


def _all_terms(question: BacktestQuestion) -> Iterator[tuple[int | None, Mapping[str, Any]]]:
    yield None, question.terms
    yield from enumerate(question.members)


def _policies(terms: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    name = read_name(terms.get("aggregation"))
    kind = KINDS.get(name)
    if kind is None:
        return {}
    if kind.source == CLOCK:
        return _CLOCKS
    found = _STATES if kind.source == STATES else _SLICES if name == "time_slices" else {}
    return found if terms.get("ignore_outages_shorter_than") is None else {**found, **_SHORT_OUTAGES}


def find_open_readings(question: BacktestQuestion, judged: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the policies left open that would have changed a verdict or an amount in the judged windows."""
    found: dict[tuple[int | None, str], list[OtherReading]] = {}
    for each in list_other_readings(question):
        found.setdefault((each.member, each.policy), []).append(each)
    opened = [_open_reading(question, judged, readings) for readings in found.values()]
    return [each for each in opened if each is not None]


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: str
    changed: int
    breaches: int
    credits: int | None


def _open_reading(
    question: BacktestQuestion, judged: Sequence[Mapping[str, Any]], readings: Sequence[OtherReading]
) -> dict[str, Any] | None:
    """Return one policy and the outcome under each of its values; None if all values give the same outcome."""
    first = readings[0]
    outcomes = [_Outcome(first.default, 0, _count_breaches(judged), _credits(question, judged))]
    outcomes += [_outcome(question, judged, each) for each in readings]
    known = [each.credits for each in outcomes if each.credits is not None]
    money = max(known) - min(known) if len(known) == len(outcomes) else 0
    changed = max(each.changed for each in outcomes)
    if not changed and not money:
        return None
    counts = [each.breaches for each in outcomes]
    place, priced = first.member, backtest_prices.price_windows(question, judged)
    terms = question.terms if place is None else question.members[place]
    places, currency = (0, None) if priced is None else (priced[1].places, priced[1].currency)
    costs = {
        "breaches": max(counts) - min(counts),
        "amount": None if currency is None else money_to_text(money, places),
        "currency": currency,
    }
    return {
        "target": terms.get("key"),
        "policy": first.policy,
        "default": first.default,
        "changed": changed,
        "costs": costs,
        "readings": [
            {
                "settled_by": {first.policy: each.value},
                "changed": each.changed,
                "breaches": each.breaches,
                "credits": None if each.credits is None else money_to_text(each.credits, places),
            }
            for each in outcomes
        ],
        "sentence": _sentence(first.policy, changed, costs),
    }


def _sentence(policy: str, changed: int, costs: Mapping[str, Any]) -> str:
    said = [f"{costs['breaches']} {'breach' if costs['breaches'] == 1 else 'breaches'}"] if costs["breaches"] else []
    if costs["currency"] is not None and costs["amount"].strip("0."):
        said.append(f"{costs['currency']} {costs['amount']}")
    result = f"costs {', '.join(said)}" if said else f"changes {changed} {'verdict' if changed == 1 else 'verdicts'}"
    return f"left open: {_DOES[policy]}; {result}"


def _outcome(question: BacktestQuestion, judged: Sequence[Mapping[str, Any]], reading: OtherReading) -> _Outcome:
    rows = [{**row, **row.get("readings", {}).get(reading.name, {})} for row in judged]
    pairs = list(zip(judged, rows, strict=True))
    if any("late" in row for row in judged):
        changed = len(_late(judged) ^ _late(rows))
    else:
        changed = sum(before["verdict"] != after["verdict"] for before, after in pairs)
    return _Outcome(reading.value, changed, _count_breaches(rows), _credits(question, rows))


def _late(rows: Sequence[Mapping[str, Any]]) -> set[str]:
    return {ticket for row in rows for ticket in row.get("late", ())}


def _count_breaches(rows: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of late tickets if the windows count clocks; else the number of breached windows."""
    if any("late" in row for row in rows):
        return len(_late(rows))
    return sum(row["verdict"] == "breached" for row in rows)


def _credits(question: BacktestQuestion, rows: Sequence[Mapping[str, Any]]) -> int | None:
    priced = backtest_prices.price_windows(question, rows)
    return None if priced is None else priced[0].credits
