"""Every aggregation as an author may write it: what it is resolved to, what is refused, and that it can be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slm_agreement.domain.checks import contradictions
from slm_agreement.domain.documents import document as documents
from slm_agreement.domain.errors import Findings
from slm_agreement.domain.terms import aggregations
from slm_agreement.domain.terms import targets as terms_of_targets
from tests.unit.agreement.aggregation_terms import (
    ALL,
    AROUND,
    COMPLIANCE,
    COUNT,
    EVERY,
    MEAN,
    NPS,
    OUTAGES,
    QUANTILE,
    RATIO,
    RECOVERED,
    RTO,
    SECOND,
    SLICED,
    SLICES,
    STARS,
    composite,
    faults,
    taken,
    target,
    written,
)
from tests.unit.agreement.odd import places, replaced
from tests.unit.agreement.people import AVAILABILITY, CLOCK, SHARE, resolved


def test_every_aggregation_can_be_written() -> None:
    names = {next(iter(each)) if isinstance(each, dict) else each for each in (t["aggregation"] for t in taken(*EVERY))}
    assert names == aggregations.ACCEPTED


def test_the_kind_of_an_indicator_follows_from_the_aggregation() -> None:
    kinds = {each["key"]: (each["indicator"] or {}).get("kind") for each in taken(*EVERY)}
    assert kinds == {
        "up": "availability",
        "fast": "value",
        "good": "ratio",
        "errors": "count",
        "outages": "availability",
        "mean": "value",
        "p95": "value",
        "slices": "ratio",
        "p1": None,
        "p1-kept": None,
        "database": "availability",
        "max": "value",
        "min": "value",
        "whole": None,
        "stars": "rating",
        "content": "rating",
        "nps": "rating",
        "rto": "recovery",
        "rpo": "recovery",
        "recovered": "recovery",
    }
    other = {**COUNT, "key": "other", "indicator": "payments.requests"}
    assert "targets[1].indicator" in faults(RATIO, other)


def test_a_promise_about_values_is_in_the_indicators_unit() -> None:
    assert target(MEAN)["objective"] == {"at_most": "250", "unit": "ms"}
    from_promise = target(MEAN, indicator="payments.latency")
    assert (from_promise["objective"]["unit"], from_promise["indicator"]["unit"]) == ("ms", "ms")
    assert target(MEAN, objective={"at_most": "250", "unit": "ms"}, indicator="x")["indicator"]["unit"] == "ms"
    assert target(MEAN, objective={"at_least": "-4.5 C"}, indicator="x")["objective"] == {
        "at_least": "-4.5",
        "unit": "C",
    }
    assert "targets[0].objective.unit" in faults({**MEAN, "objective": {"at_most": "1s"}})
    assert "targets[0].objective.unit" in faults(
        {**MEAN, "indicator": "x", "objective": {"at_most": 5, "unit": "percent"}}
    )


def test_counts_are_promised_in_whole_numbers() -> None:
    assert target(COUNT)["objective"] == {"at_most": "3", "unit": "count"}
    assert target(COUNT, objective={"at_least": "4"})["objective"] == {"at_least": "4", "unit": "count"}
    assert target(COUNT, aggregation={"count": "A"})["aggregation"] == {"count": {"category": "A"}}
    assert "targets[0].objective.at_most" in faults({**COUNT, "objective": {"at_most": "2.5"}})
    assert "targets[0].objective" in faults({**OUTAGES, "objective": {"at_least": "2"}})
    assert "targets[0].aggregation.count.category" in faults({**COUNT, "aggregation": {"count": {}}})


def test_the_unacceptable_level_is_looser_than_the_objective() -> None:
    assert target(AVAILABILITY, unacceptable={"at_least": "99"})["unacceptable"] == {
        "at_least": "99",
        "unit": "percent",
    }
    assert target(MEAN, unacceptable={"at_most": "400"})["unacceptable"] == {"at_most": "400", "unit": "ms"}
    assert target(COUNT, unacceptable={"at_most": "10"})["unacceptable"] == {"at_most": "10", "unit": "count"}
    for same_or_tighter in ("99.9", "100"):
        remedy = faults({**AVAILABILITY, "unacceptable": {"at_least": same_or_tighter}})
        assert "below the objective of 99.9" in remedy["targets[0].unacceptable.at_least"]
    assert "targets[0].unacceptable.at_most" in faults({**COUNT, "unacceptable": {"at_most": "2"}})
    assert "targets[0].unacceptable" in faults({**COUNT, "unacceptable": {"at_least": "2"}})
    assert "targets[0].unacceptable" in faults({**QUANTILE, "unacceptable": {"at_most": "400"}})


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({**AVAILABILITY, "objective": {"at_most": "1"}}, "objective"),
        ({**QUANTILE, "objective": {"at_least": "1ms"}}, "objective"),
        ({**QUANTILE, "aggregation": {"quantile": "95"}}, "aggregation.quantile"),
        ({**QUANTILE, "aggregation": "quantile"}, "aggregation"),
        ({**AVAILABILITY, "aggregation": {"availability": {}}}, "aggregation"),
        ({**OUTAGES, "aggregation": {"outages": {"at_least": "P1M"}}}, "aggregation.outages.at_least"),
        ({**SLICES, "aggregation": {"time_slices": {"width": "PT90S"}}}, f"{SLICED}.width"),
        ({**SLICES, "aggregation": {"time_slices": {"width": "PT5M", "good_if": "0"}}}, f"{SLICED}.good_if"),
        ({**SLICES, "aggregation": {"time_slices": {"width": "PT5M", "budget": "x"}}}, f"{SLICED}.budget"),
        ({**COMPLIANCE, "indicator": "x"}, "indicator"),
        ({**AVAILABILITY, "expected_volume": 5}, "expected_volume"),
        ({**RATIO, "expected_volume": "many"}, "expected_volume"),
        ({**RATIO, "min_coverage": "much"}, "min_coverage"),
        ({**RATIO, "min_coverage": "0.0"}, "min_coverage"),
        ({**RATIO, "min_coverage": "100.1"}, "min_coverage"),
        ({**RATIO, "min_coverage": "95", "window": {"rolling": "P1D"}}, "min_coverage"),
        ({**CLOCK, "min_coverage": "95"}, "min_coverage"),
        *(
            ({**each, "ignore_outages_shorter_than": "PT5M"}, "ignore_outages_shorter_than")
            for each in (CLOCK, RATIO, COMPLIANCE, MEAN, OUTAGES)
        ),
        *(
            ({**AVAILABILITY, "ignore_outages_shorter_than": each}, "ignore_outages_shorter_than")
            for each in ("PT0S", "-PT5M", "P1M", "5", 300, ["PT5M"])
        ),
        ({**AVAILABILITY, "ignore_outages_shorter_than": "PT5M", "short_outages": "half"}, "short_outages"),
        ({**AVAILABILITY, "short_outages": "excess"}, "short_outages"),
        ({**CLOCK, "short_outages": "whole"}, "short_outages"),
        ({**COUNT, "warn_at": {"burn_rate": "default"}}, "warn_at.burn_rate"),
        ({**AVAILABILITY, "warn_at": {"budget_drop": [{"by": "0", "within": "PT1H"}]}}, "warn_at.budget_drop[0].by"),
        ({**AVAILABILITY, "warn_at": {"budget_drop": [{"by": "5"}]}}, "warn_at.budget_drop[0].within"),
        ({**AVAILABILITY, "warn_at": {"time_to_exhaustion": ["soon"]}}, "warn_at.time_to_exhaustion"),
        ({**AVAILABILITY, "warn_at": {"min_events": 5}}, "warn_at.min_events"),
        (
            {**RATIO, "window": {"rolling": "P1D"}, "warn_at": {"time_to_exhaustion": ["PT1H"]}},
            "warn_at.time_to_exhaustion",
        ),
        ({**SLICES, "warn_at": {"budget_drop": [{"by": "5", "within": "PT1H"}]}}, "warn_at.budget_drop"),
        ({**MEAN, "warn_at": {"budget_consumed": ["50"]}}, "warn_at.budget_consumed"),
        ({**SLICES, "window": {"rolling": "PT1M"}}, "window"),
        ({**COMPLIANCE, "group_by": ["region"]}, "group_by"),
        ({**RATIO, "group_by": ["a b"]}, "group_by"),
        ({**RATIO, "warn_at": {"min_events": -1}}, "warn_at.min_events"),
        ({**RATIO, "objective": ALL, "warn_at": {"budget_consumed": ["50"]}}, "warn_at.budget_consumed"),
        ({**RATIO, "objective": ALL, "warn_at": {"burn_rate": "default"}}, "warn_at.burn_rate"),
        ({**RATIO, "warn_again_after": "P40D"}, "warn_again_after"),
        ({**RATIO, "window": {"rolling": "PT30M"}, "warn_again_after": "PT31M"}, "warn_again_after"),
        ({**RATIO, "warn_again_after": "soon"}, "warn_again_after"),
        ({**RATIO, "on_amendment": "both"}, "on_amendment"),
        ({**CLOCK, "unacceptable": {"within": {"calendar": "PT8H"}}}, "unacceptable"),
    ],
)
def test_a_fault_is_named_by_its_field_with_a_remedy(document: dict[str, Any], field: str) -> None:
    assert f"targets[0].{field}" in faults(document)


def test_every_warning_that_is_judged_can_be_written() -> None:
    none = {"budget_consumed": [], "burn_rate": None, "projected": False, "budget_drop": [], "time_to_exhaustion": []}
    of_time = {
        "budget_consumed": ["25"],
        "burn_rate": [{"long": "PT1H", "factor": "2"}],
        "projected": False,
        "budget_drop": [{"by": 10, "within": "PT15M"}],
        "time_to_exhaustion": "PT72H",
    }
    assert target(AVAILABILITY, warn_at=of_time)["warn_at"] == {
        "budget_consumed": ["25"],
        "burn_rate": [{"long": "PT1H", "short": "PT5M", "factor": "2"}],
        "projected": False,
        "budget_drop": [{"by": "10", "within": "PT15M"}],
        "time_to_exhaustion": ["PT72H"],
        "min_events": 0,
    }
    assert target(RATIO)["warn_at"] == none | {
        "budget_consumed": ["50", "75", "90"],
        "burn_rate": "default",
        "projected": True,
        "min_events": 0,
    }
    assert target(RATIO, warn_at={"min_events": 100})["warn_at"]["min_events"] == 100
    assert target(COUNT)["warn_at"] == none | {"budget_consumed": ["50", "75", "90"], "min_events": 0}
    assert target(SLICES)["warn_at"] == none | {"budget_consumed": ["50", "75", "90"], "min_events": 0}
    assert target(OUTAGES)["warn_at"] == none | {"min_events": 0}
    shared = {"burn_rate": [{"long": "PT1H", "short": "PT5M", "budget_share": "0.02"}]}
    assert target(RATIO, warn_at=shared)["warn_at"]["burn_rate"][0]["factor"] == "14.4"


def test_a_pair_that_can_never_fire_is_refused_with_the_arithmetic() -> None:
    pair = {"long": "PT1H", "short": "PT5M", "factor": "20"}
    remedy = faults({**RATIO, "objective": {"at_least": "95"}, "warn_at": {"burn_rate": [pair]}})
    assert "1 ÷ 0.05 = 20" in remedy["targets[0].warn_at.burn_rate[0].factor"]
    bad = {**RATIO, "objective": {"at_most": "5"}, "warn_at": {"burn_rate": [pair]}}
    assert "never fire" in faults(bad)["targets[0].warn_at.burn_rate[0].factor"]
    assert (
        "never fire" in faults({**QUANTILE, "warn_at": {"burn_rate": [pair]}})["targets[0].warn_at.burn_rate[0].factor"]
    )


def test_time_and_gaps_are_counted_as_the_target_says() -> None:
    chosen = {"degraded": {"weight": "0.5"}, "planned_downtime": "excused", "no_data": "bad", "unknown": "down"}
    assert {name: target(AVAILABILITY, **chosen)[name] for name in chosen} == chosen
    rolling = target(AVAILABILITY, window={"rolling": "P28D"})["warn_at"]
    assert (rolling["burn_rate"], rolling["projected"]) == ("default", False)
    assert target(AVAILABILITY, on_amendment="split")["on_amendment"] == "split"
    assert target(RATIO, expected_volume=100_000)["expected_volume"] == 100_000
    assert target(RATIO, min_coverage=95)["min_coverage"] == "95"
    assert "min_coverage" not in target(RATIO)
    short = {"ignore_outages_shorter_than": "PT5M", "short_outages": "excess"}
    assert {name: target(AVAILABILITY, **short)[name] for name in short} == short
    # What nobody wrote is not written by the reader either, so that a check can say that it was left open.
    assert "short_outages" not in target(AVAILABILITY, ignore_outages_shorter_than="PT5M")
    assert "ignore_outages_shorter_than" not in target(AVAILABILITY)
    assert target(RATIO, assets=["CI-7", "CI-7"])["assets"] == ["CI-7"]
    assert target(RATIO, group_by=["site", "region"])["group_by"] == ["region", "site"]


def test_compliance_is_of_a_clock_of_the_same_agreement() -> None:
    assert taken(CLOCK, COMPLIANCE)[1]["aggregation"] == {"compliance": {"target": "p1"}}
    assert "another target" in faults(COMPLIANCE)["targets[0].aggregation.compliance.target"]
    assert "targets[0].aggregation.compliance.target" in faults(
        {**COMPLIANCE, "aggregation": {"compliance": "up"}}, CLOCK
    )
    not_a_clock = {**COMPLIANCE, "aggregation": {"compliance": "up"}}
    assert "clock" in faults(AVAILABILITY, not_a_clock)["targets[1].aggregation.compliance.target"]


def test_a_composite_names_targets_that_can_be_put_together_so() -> None:
    states = taken(AVAILABILITY, SECOND, composite("states", "up", {"target": "database"}, rule={"k_of_n": 1}))[2]
    assert states["aggregation"]["composite"] == {
        "of": "states",
        "rule": {"k_of_n": 1},
        "members": [{"target": "up", "weight": "1"}, {"target": "database", "weight": "1"}],
    }
    direct = taken(composite("states", {"indicator": "payments.queue"}))[0]["aggregation"]["composite"]["members"][0]
    assert direct["indicator"]["key"] == "payments.queue"
    assert (
        "leave it out"
        in faults(composite("verdicts", {"indicator": "x"}))["targets[0].aggregation.composite.members[0].indicator"]
    )
    verdicts = composite("verdicts", "up", "errors")
    del verdicts["objective"]
    assert taken(AVAILABILITY, COUNT, verdicts)[2]["objective"] == {"at_least": "100", "unit": "percent"}
    assert taken(AVAILABILITY, RATIO, composite("figures", "up", {"target": "good", "weight": "2.5"}))
    member = "targets[1].aggregation.composite.members[0].target"
    assert "availability" in faults(RATIO, composite("states", "good"))[member]
    assert "percent" in faults(COUNT, composite("figures", "errors"))[member]
    assert "compliance" in faults(CLOCK, composite("verdicts", "p1"))[member]
    assert "window" in faults({**AVAILABILITY, "window": {"calendar": "week"}}, composite("figures", "up"))[member]
    assert "another target" in faults(AVAILABILITY, composite("verdicts", "whole"))[member]
    assert (
        "availability"
        in faults(AVAILABILITY, {**composite("states", "up"), "key": "inner"}, composite("states", "inner"))[
            "targets[2].aggregation.composite.members[0].target"
        ]
    )
    assert "targets[0].aggregation.composite.rule" in faults(
        composite("states", "up", rule={"k_of_n": 2}), AVAILABILITY
    )
    assert "targets[0].aggregation.composite.members" in faults(composite("states"), AVAILABILITY)


def test_an_objective_changed_by_review_is_checked_against_its_other_terms() -> None:
    pair = {"long": "PT1H", "short": "PT5M", "factor": "14.4"}
    agreed = resolved(targets=[{**AVAILABILITY, "unacceptable": {"at_least": "99"}, "warn_at": {"burn_rate": [pair]}}])
    target_id = agreed["targets"][0]["target_id"]

    def codes(objective: dict[str, str]) -> list[str]:
        changed = documents.replace_objective(agreed, target_id, objective)
        assert changed is not None
        return [finding.code for finding in contradictions.find_contradictions(changed["targets"])]

    assert codes({"at_least": "99.95", "unit": "percent"}) == []
    assert codes({"at_least": "99", "unit": "percent"}) == ["specific.unacceptable-not-looser"]
    assert codes({"at_least": "90", "unit": "percent"}) == ["specific.unacceptable-not-looser", "specific.never-fires"]
    assert contradictions.find_contradictions(taken(CLOCK, COUNT)) == []


RICH: list[dict[str, Any]] = [
    {
        **AVAILABILITY,
        "degraded": {"weight": "0.5"},
        "unacceptable": {"at_least": "99"},
        "warn_at": {
            "burn_rate": [{"long": "PT1H", "short": "PT5M", "budget_share": "0.02"}],
            "time_to_exhaustion": ["PT1H"],
            "budget_drop": [{"by": "10", "within": "PT1H"}],
        },
    },
    {**RATIO, "group_by": ["region"], "expected_volume": 5, "assets": ["CI-7"], "min_coverage": "99.5"},
    {
        **CLOCK,
        "start": {"event": "assigned", "team": ["network"]},
        "pause": ["waiting", {"on_hold": "true"}],
        "applies_to": {"type": ["incident"], "vip": True},
        "escalations": [{"at": {"service_time": "-PT30M"}, "to": "x"}],
        "warn_at": {"elapsed": ["50"]},
        "service_hours": ["24x7"],
    },
    composite(
        "states", {"indicator": {"key": "x", "owner": "customer"}}, {"target": "up", "weight": "2"}, rule={"k_of_n": 1}
    ),
]
ODD = [
    None,
    True,
    0,
    -1,
    10**400,
    1.5,
    "",
    "\0",
    [],
    [[]],
    [None],
    {},
    {"": {}},
    {"x": None},
    [{"x": 1}],
    "P1M",
    "1e400",
]


@pytest.mark.parametrize("document", [*EVERY, *RICH], ids=lambda document: document["key"])
def test_whatever_stands_wherever_in_a_target_is_taken_or_refused_with_findings(document: dict[str, Any]) -> None:
    others = [each for each in (AVAILABILITY, SECOND, CLOCK) if each["key"] != document["key"]]
    for path in places(document):
        for odd in ODD:
            found, told = written(replaced(document, path, odd), *others)
            assert told or written(*found) == (found, {}), (path, odd)


def test_what_is_not_accepted_is_refused_and_named() -> None:
    findings = Findings()
    around = replace(AROUND, accepted=frozenset({"availability"}))
    terms_of_targets.resolve_targets([AVAILABILITY, RATIO], around, findings)
    [finding] = findings.items
    assert (finding.field, finding.remedy[:30]) == ("targets[1].aggregation", 'write one of: "availability"; ')
    assert "ratio" in finding.remedy
    assert resolved(targets=[AVAILABILITY, SHARE, CLOCK])


def test_scores_and_net_promoters_are_promised_in_points() -> None:
    assert target(STARS)["objective"] == {"at_least": "4", "unit": "points"}
    assert target(NPS)["objective"] == {"at_least": "-5", "unit": "points"}
    assert target(NPS, window={"rolling": "P28D"})["window"] == {"rolling": "P28D"}
    of_five = {"nps": {"promoters": "5", "detractors": "3"}}
    assert target(NPS, aggregation=of_five)["aggregation"] == of_five
    assert target(NPS, aggregation={"nps": {}})["aggregation"] == {"nps": {"promoters": "9", "detractors": "6"}}
    reversed_ = {"nps": {"promoters": "3", "detractors": "3"}}
    assert "targets[0].aggregation.nps.detractors" in faults({**NPS, "aggregation": reversed_})
    assert "targets[0].objective.at_least" in faults({**NPS, "objective": {"at_least": "101"}})
    assert "targets[0].objective" in faults({**NPS, "objective": {"at_most": "30"}})
    assert "targets[0].indicator.kind" in faults({**NPS, "indicator": {"key": "desk.advocacy", "kind": "value"}})


def test_recoveries_are_promised_in_minutes_or_within_limits() -> None:
    assert target(RTO)["objective"] == {"at_most": "240", "unit": "minutes"}
    assert target(RTO, unacceptable={"at_most": "PT8H"})["unacceptable"] == {"at_most": "480", "unit": "minutes"}
    assert target(RECOVERED, aggregation={"recovered_within": {"point": "PT0.5S"}})
    for wrong in ("PT30S", "soon", -5, None):
        assert "targets[0].objective" in " ".join(faults({**RTO, "objective": {"at_most": wrong}}))
    assert "targets[0].objective" in faults({**RTO, "objective": {"at_least": "240"}})
    assert target(RTO, window={"rolling": "P1D"}, group_by=["site"])["window"] == {"rolling": "P1D"}
    for path, limits in ((".recovered_within", {}), (".recovered_within.time", {"time": "PT0S"})):
        assert f"targets[0].aggregation{path}" in faults({**RECOVERED, "aggregation": {"recovered_within": limits}})
