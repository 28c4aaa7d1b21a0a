"""A new aggregation of rows is one module, a line in the vocabulary and a line in the registry."""

from __future__ import annotations

from dataclasses import asdict
from fractions import Fraction
from statistics import mean, median
from typing import Any

import pytest

from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import targets as terms_of_targets
from slm_agreement.domain.terms.target_context import TargetContext
from slm_events import aggregations as vocabulary
from slm_events.monitor import WindowClosed, WindowRestated
from slm_monitor.application.explain.explanation import ExplanationQuestion, explain_window
from slm_monitor.application.history.fact_history import TargetIdentity
from slm_monitor.domain.aggregations import registry
from slm_monitor.domain.facts.intake_items import Indicator
from slm_monitor.domain.terms import instances
from slm_report.domain import periods, service_report, terms_history
from slm_report.domain.facts import Facts
from tests.cases.previews import ask
from tests.support.decisions import Signed
from tests.support.histories import History, Told, told_of
from tests.support.history_terms import DAILY, END, composite, of_targets, share, target
from tests.support.median_of_minutes import KIND, MedianOfMinutes
from tests.support.memory_history import MemoryHistory
from tests.support.monitor import AGREEMENT, HOUR, MINUTE, PROVIDER, at, finalized
from tests.support.replays import Replay
from tests.unit.agreement.people import CUSTOMER, IDENTITY, SERVICE

LIMIT = {"at_most": "300", "unit": "ms"}
DAY = "2026-11-02"
NOON = at(f"{DAY}T12:00")
EARLY = {0: [100, 300], 1: [500], 2: [600]}
LATE = {3: [100], 4: [100]}
TARGETS = [
    target("daily", "latency", KIND.name, LIMIT, DAILY),
    target("hourly", "latency", KIND.name, LIMIT, {"rolling": "PT60M"}),
    target("by-site", "latency", KIND.name, LIMIT, DAILY, group_by=["site"]),
    target("both", None, composite("verdicts", "all_of", of_targets("daily")), share("100"), DAILY),
]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(vocabulary.KINDS, KIND.name, KIND)
    monkeypatch.setitem(registry.SERIES_AGGREGATIONS, KIND.name, MedianOfMinutes(KIND.name))


def expected(*parts: dict[int, list[int]]) -> Fraction:
    return Fraction(median(mean(map(Fraction, values)) for part in parts for values in part.values()))


def told(minutes: dict[int, list[int]], indicators: dict[str, Indicator]) -> list[Told]:
    return [
        told_of(
            {
                "indicator": "latency",
                "at": NOON + minute * MINUTE + number,
                "value": value,
                "labels": {"site": "north"},
            },
            indicators,
        )
        for minute, values in minutes.items()
        for number, value in enumerate(values)
    ]


class Judged:
    """The four targets in one partition."""

    def __init__(self, replay: Replay, indicators: dict[str, Indicator]) -> None:
        self.replay, self.indicators = replay, indicators

    @classmethod
    async def begin(cls) -> Judged:
        name = f"{PROVIDER}/latency"
        indicators = {name: Indicator(name, PROVIDER, "latency", "value")}
        judged = cls(await Replay.begin(History(indicators=indicators)), indicators)
        signed = Signed(asdict(finalized(*TARGETS)))
        await judged.replay.hear([Told(NOON - HOUR, decision=signed)], NOON - HOUR)
        return judged

    async def measure(self, minutes: dict[int, list[int]], now: int) -> None:
        await self.replay.hear(told(minutes, self.indicators), now)

    def window(self, key: str) -> Any:
        target_id = next(each["target_id"] for each in TARGETS if each["key"] == key)
        return self.replay.store.windows[target_id, DAY]

    def standing(self, key: str) -> list[Any]:
        target_id = next(each["target_id"] for each in TARGETS if each["key"] == key)
        found = self.replay.store.breaches.values()
        return [each for each in found if each.standing and each.target_id == target_id]


async def test_a_new_aggregation_is_judged_restated_and_explained() -> None:
    judged = await Judged.begin()
    await judged.measure(EARLY, NOON + 5 * MINUTE)
    warned = {each.target_id for each in judged.replay.store.risks.values()}
    assert TARGETS[0]["target_id"] in warned
    await judged.replay.hear([], at("2026-11-03T01:00"))
    assert Fraction(judged.window("daily").figure) == expected(EARLY) == 500
    for key in ("daily", "hourly", "both"):
        assert judged.standing(key), key
    await judged.replay.save(at("2026-11-03T01:00"))
    await judged.replay.restart()
    await judged.measure(LATE, at("2026-11-03T02:00"))
    await judged.replay.finish()
    assert Fraction(judged.window("daily").figure) == expected(EARLY, LATE) == 200
    assert not judged.standing("daily")
    assert not judged.standing("both")
    restated = {each.event.target_id for each in judged.replay.store.events if isinstance(each.event, WindowRestated)}
    assert TARGETS[0]["target_id"] in restated
    record = MemoryHistory(judged.replay.store)
    named = TargetIdentity(AGREEMENT, TARGETS[0]["target_id"])
    document = await explain_window(record, named, ExplanationQuestion(DAY), END)
    assert document["figure"] == judged.window("daily").figure
    assert document["derivation"]["arithmetic"][0] == "figure = median of the means of 5 minutes"


async def test_a_report_has_a_line_for_a_new_aggregation() -> None:
    judged = await Judged.begin()
    await judged.measure(EARLY, NOON + 5 * MINUTE)
    await judged.replay.hear([], at("2026-11-03T01:00"))
    closed = [each.event for each in judged.replay.store.events if isinstance(each.event, WindowClosed)]
    history = terms_history.build_terms_history([finalized(TARGETS[0])], [])
    day = periods.parse_period(DAY, "day", "UTC")
    made = service_report.build_service_report(
        history, Facts(windows=closed), day, state=service_report.INTERIM, as_of=at("2026-11-03T01:00")
    )
    (line,) = [each for each in made.lines if each.target_id == TARGETS[0]["target_id"]]
    assert (line.aggregation, line.verdict, line.attained.exact) == (KIND.name, "breached", "500")
    assert (line.agreed, line.total) == ("≤ 300 ms", str(sum(map(len, EARLY.values()))))


async def test_each_group_and_each_rolling_window_has_its_own_median() -> None:
    judged = await Judged.begin()
    await judged.measure(EARLY, NOON + 5 * MINUTE)
    await judged.replay.finish()
    site = instances.derive_target_instance_id(TARGETS[2]["target_id"], (("site", "north"),))
    assert Fraction(judged.replay.store.windows[site, DAY].figure) == expected(EARLY)
    # Minute 1 is the first whose window has a median above 300: that of 200 and 500.
    (breach,) = judged.standing("hourly")
    assert breach.certain_at == NOON + MINUTE
    assert Fraction(breach.document["figure"]) == 350


def test_a_new_aggregation_can_be_previewed_and_agreed() -> None:
    facts = [
        {"at": f"{DAY}T12:{minute:02}:0{number}Z", "value": value}
        for minute, values in EARLY.items()
        for number, value in enumerate(values)
    ]
    window = {"from": f"{DAY}T00:00:00Z", "to": "2026-11-03T00:00:00Z"}
    found = ask("window", terms={"aggregation": KIND.name, "objective": LIMIT}, facts=facts, window=window)
    assert (Fraction(found["figure"]), found["verdict"]) == (500, "breached")
    findings = Findings()
    around = TargetContext(
        IDENTITY.agreement_id, PROVIDER, CUSTOMER, SERVICE, frozenset({"24x7"}), frozenset({KIND.name})
    )
    written = {"key": "daily", "indicator": {"key": "latency"}, "aggregation": KIND.name, "objective": LIMIT}
    (resolved,) = terms_of_targets.resolve_targets([{**written, "window": DAILY}], around, findings)
    assert not findings.items
    assert (resolved["aggregation"], resolved["indicator"]["kind"]) == (KIND.name, "value")
