"""Previews: answers for draft terms, and refusals."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from tests.cases.previews import Refused, ask

BUSINESS = {"timezone": "UTC", "weekly": {"mon-fri": [["09:00", "17:00"]]}, "holidays": [{"date": "2026-11-03"}]}
P1 = {"objective": {"within": {"service_time": "PT4H"}}, "pause": ["waiting"]}
AVAILABLE = {"aggregation": "availability", "objective": {"at_least": "99.9", "unit": "percent"}}
DAY = {"from": "2026-11-02T00:00:00Z", "to": "2026-11-03T00:00:00Z"}


def event(at: str, name: str, state: str | None = None) -> dict[str, Any]:
    return {"at": f"2026-11-{at}:00Z", "event": name} | ({"state": state} if state else {})


def outage(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"outage": {"from": f"2026-11-02T{start}:00Z", "to": f"2026-11-02T{end}:00Z"}, **more}


def day(terms: dict[str, Any], *facts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return ask("window", terms=terms, facts=list(facts), **{"window": DAY, "initial_state": "up", **more})


def refused(what: str, **body: Any) -> list[str]:
    with pytest.raises(Refused) as found:
        ask(what, **body)
    assert found.value.problem["status"] == 422
    return [error["field"] for error in found.value.problem["errors"]]


def test_a_deadline_comes_with_every_stretch_that_leads_to_it() -> None:
    events = [
        event("02T15:00", "opened"),
        event("02T16:00", "state_changed", "waiting"),
        event("02T16:30", "state_changed", "active"),
    ]
    (clock,) = ask("clock", targets=[P1], events=events, service_hours=BUSINESS)["clocks"]
    assert clock["deadline_at"] == "2026-11-04T11:30:00.000000Z"
    told = [(each["from"][8:16], each["kind"], each["cause"]) for each in clock["derivation"]["intervals"]]
    assert told == [
        ("02T15:00", "open", "opened"),
        ("02T16:00", "paused", "state_changed to waiting"),
        ("02T16:30", "open", "state_changed to active"),
        ("02T17:00", "closed", "weekly"),
        ("03T00:00", "closed", "holiday"),
        ("04T00:00", "closed", "weekly"),
        ("04T09:00", "open", "service hours open"),
    ]
    assert clock["derivation"]["sums"] == {
        "open": "PT4H",
        "closed": "P1DT16H",
        "paused": "PT30M",
        "paused_service": "PT30M",
    }


def test_elapsed_time_is_the_open_time_of_the_derivation() -> None:
    events = [event("02T15:00", "opened"), event("04T10:00", "resolved")]
    (clock,) = ask("clock", targets=[P1], events=events, service_hours=BUSINESS)["clocks"]
    assert clock["verdict"] == "met"
    assert clock["elapsed"]["service"] == clock["derivation"]["sums"]["open"] == "PT3H"
    assert clock["left"] == "PT1H"


def test_a_clock_past_its_deadline_is_breached_by_time_alone() -> None:
    asked = {"targets": [P1], "events": [event("02T09:00", "opened")]}
    assert ask("clock", **asked, as_of="2026-11-02T12:59:59Z")["clocks"][0]["verdict"] == "open"
    assert ask("clock", **asked, as_of="2026-11-02T13:00:00Z")["clocks"][0]["verdict"] == "breached"


def test_of_several_hours_the_earliest_deadline_and_the_longest_time_count() -> None:
    asked = {"targets": [P1], "events": [event("02T16:00", "opened")], "as_of": "2026-11-02T18:00:00Z"}
    (clock,) = ask("clock", **asked, service_hours=BUSINESS, also_service_hours=["24x7"])["clocks"]
    assert (clock["deadline_at"], clock["elapsed"]["service"]) == ("2026-11-02T20:00:00.000000Z", "PT2H")


def test_planned_downtime_is_removed_or_excused() -> None:
    planned = {"exclusions": [{"from": "2026-11-02T00:00:00Z", "to": "2026-11-02T12:00:00Z"}]}
    facts = [outage("11:00", "13:00")]
    removed = day(AVAILABLE, *facts, **planned)
    assert (removed["figure"], removed["derivation"]["sums"]["service_time"]) == ("11/12", 12 * 3600 * 10**6)
    assert day({**AVAILABLE, "planned_downtime": "excused"}, *facts, **planned)["figure"] == "23/24"


def test_a_window_wholly_removed_has_no_figure() -> None:
    answer = day(AVAILABLE, exclusions=[DAY])
    assert (answer["figure"], answer["verdict"]) == (None, "not_applicable")


def test_each_stretch_of_a_window_names_the_fact_that_began_it() -> None:
    told = day(AVAILABLE, outage("11:00", "13:00", id="o1"))["derivation"]["intervals"]
    assert [(each["state"], each["cause"]) for each in told] == [
        ("up", "the state before the window"),
        ("down", "fact o1"),
        ("up", "end of the outage o1"),
    ]


def test_outages_count_where_they_start_once_they_reach_their_length() -> None:
    terms = {"aggregation": {"outages": {"at_least": "PT5M"}}, "objective": {"at_most": "1"}}
    first, second = outage("10:00", "10:04"), outage("12:00", "12:05")
    assert day(terms, first, second)["verdict"] == "met"
    answer = day(terms, second, outage("14:00", "14:30"))
    assert (answer["verdict"], answer["breached_at"]) == ("breached", "2026-11-02T14:05:00.000000Z")
    overnight = {"outage": {"from": "2026-11-01T23:00:00Z", "to": "2026-11-02T02:00:00Z"}}
    assert day(terms, overnight, second)["verdict"] == "met"


def test_a_composite_of_states_has_one_joint_timeline() -> None:
    members = [
        {"terms": AVAILABLE, "facts": [outage(*span)], "initial_state": "up"}
        for span in [("10:00", "12:00"), ("11:00", "13:00"), ("20:00", "21:00")]
    ]

    def figure(rule: Any) -> str:
        terms = {**AVAILABLE, "aggregation": {"composite": {"of": "states", "rule": rule}}}
        return str(day(terms, members=members)["figure"])

    assert figure("serial") == "5/6"
    assert figure({"k_of_n": 2}) == "23/24"
    assert figure({"k_of_n": 1}) == "1/1"


def test_slices_without_data_take_their_part_of_the_budget_with_them() -> None:
    facts = [{"at": f"2026-11-02T00:0{minute}:00Z", "good": 9, "total": 10} for minute in range(5)]
    slices = {"time_slices": {"width": "PT1M", "good_if": "0.95"}}
    terms = {"aggregation": slices, "objective": {"at_least": "99", "unit": "percent"}}
    answer = day(terms, *facts)
    assert (answer["budget"]["whole"], answer["budget"]["consumed"], answer["verdict"]) == ("1/20", "5/1", "breached")
    assert day({**terms, "window": {"rolling": "P1D"}}, *facts)["verdict"] == "breached"


def test_dropped_pairs_are_listed_with_the_reason() -> None:
    answer = ask("burn-rate", objective="90", period="week")
    assert [pair["factor"] for pair in answer["pairs"]] == ["84/25", "7/5"]
    assert [(pair["long"], pair["cause"][:20]) for pair in answer["dropped"]] == [
        ("P1D", "its factor is under "),
        ("P3D", "its factor is under "),
    ]
    assert ask("burn-rate", objective="50", period="P30D")["dropped"][0]["cause"].startswith("it can never fire")


def test_a_written_pair_that_can_never_fire_is_refused() -> None:
    pair = {"long": "PT1H", "short": "PT5M", "factor": "2"}
    assert refused("burn-rate", objective="50", period="P30D", pairs=[pair]) == ["pairs[0].factor"]


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("clock", {"targets": [{"objective": 5}], "events": []}, "terms"),
        ("clock", {"targets": [{}], "events": []}, "terms.objective"),
        ("clock", {"targets": [P1], "events": [{"event": "opened"}]}, "events[0]"),
        ("clock", {"targets": [P1], "events": [event("02T09:00", "danced")]}, "events[0].event"),
        ("clock", {"targets": [P1], "events": [event("02T09:00", "opened")], "as_of": "2126-01-01T00:00:00Z"}, "as_of"),
        (
            "clock",
            {"targets": [P1], "events": [], "escalations": [{"service_time": "1h"}]},
            "escalations[0].service_time",
        ),
        ("window", {"terms": AVAILABLE, "window": {"from": DAY["to"], "to": DAY["from"]}}, "window.to"),
        ("window", {"terms": AVAILABLE, "window": "2026-13"}, "window"),
        ("window", {"terms": {**AVAILABLE, "degraded": {"weight": "0.5"}}, "window": DAY}, "terms.degraded"),
        ("window", {"terms": {"aggregation": "joy", "objective": {}}, "window": DAY}, "terms"),
        (
            "window",
            {"terms": {"aggregation": {"outages": 5}, "objective": {"at_most": "1"}}, "window": DAY},
            "terms.aggregation.outages",
        ),
        (
            "window",
            {"terms": {**AVAILABLE, "objective": {"at_least": "1e999999999"}}, "window": DAY},
            "terms.objective.at_least",
        ),
        (
            "window",
            {"terms": AVAILABLE, "window": DAY, "facts": [{"at": DAY["from"], "state": "odd"}]},
            "facts[0].state",
        ),
        ("window", {"terms": {**AVAILABLE, "aggregation": {"composite": {"of": "states"}}}, "window": DAY}, "members"),
        ("burn-rate", {"objective": "99.9", "period": "P42D"}, "period"),
        ("burn-rate", {"objective": "101", "period": "P30D"}, "objective"),
        ("burn-rate", {"objective": "1/0", "period": "P30D"}, "objective"),
        ("burn-rate", {"objective": "99", "period": "P30D", "pairs": [{"long": "PT0S", "factor": "1"}]}, "pairs[0]"),
    ],
)
def test_what_cannot_be_previewed_is_refused_by_field(what: str, body: dict[str, Any], field: str) -> None:
    assert refused(what, **body) == [field]


def test_a_drop_warns_from_its_limit_exhaustion_below_and_a_pair_above() -> None:
    warnings: dict[str, Any] = {
        "budget_drop": [{"by": "10", "within": "PT15M"}],
        "time_to_exhaustion": ["PT72H"],
        "pairs": [{"long": "PT1H", "short": "PT5M", "factor": "14.4"}],
    }

    def told(rate: str) -> list[bool]:
        answer = ask("burn-rate", objective="99.9", period="P30D", rate=rate, **warnings)
        return [answer[name][0]["warns"] for name in ("budget_drop", "time_to_exhaustion", "pairs")]

    # A tenth of the budget in 15 minutes is 288 times the pace that lasts 30 days; 72 hours are a tenth of them.
    assert [told(rate) for rate in ("10", "10.1", "14.4", "14.5", "287.9", "288")] == [
        [False, False, False],
        [False, True, False],
        [False, True, False],
        [False, True, True],
        [False, True, True],
        [True, True, True],
    ]
    assert refused("burn-rate", objective="99.9", period="P30D", budget_drop=[{"by": "x", "within": "PT1H"}]) == [
        "budget_drop[0]"
    ]
    assert refused("burn-rate", objective="99.9", period="P30D", time_to_exhaustion=["soon"]) == ["time_to_exhaustion"]


def test_counters_are_previewed_by_what_they_rose_by() -> None:
    read = [
        {"at": f"2026-11-02T1{hour}:00:00Z", "cumulative": {"good": good, "total": total}}
        for hour, good, total in ((2, 20, 20), (0, 5, 5), (1, 10, 15))
    ]
    terms = {"aggregation": "ratio", "objective": {"at_least": "50", "unit": "percent"}}
    told = day(terms, *read, read[0])
    assert (told["figure"], told["verdict"]) == ("2/3", "met")
    corrected = day(
        terms, *({**each, "id": "a"} for each in read[:1]), *read[1:], {**read[0], "id": "a", "revision": 1}
    )
    assert corrected["derivation"]["sums"]["total"] == told["derivation"]["sums"]["total"] == 15


def test_ratings_are_previewed_with_their_distribution() -> None:
    rated = [{"at": "2026-11-02T10:00:00Z", "score": score, "respondent": f"r{score}"} for score in (10, 9, 7, 3)]
    terms = {"aggregation": "nps", "objective": {"at_least": "30", "unit": "points"}, "indicator": {"kind": "rating"}}
    told = day(terms, *rated)
    assert (told["figure"], told["verdict"]) == ("25/1", "breached")
    assert told["derivation"]["sums"]["scores"] == {"3/1": 1, "7/1": 1, "9/1": 1, "10/1": 1}
    counted = {"aggregation": "count", "objective": {"at_least": "4"}, "indicator": {"kind": "rating"}}
    assert day(counted, *rated)["figure"] == "4/1"
    assert refused("window", terms={**counted, "indicator": {"kind": "mood"}}, window=DAY) == ["terms.indicator.kind"]


def test_recoveries_are_previewed_one_by_one() -> None:
    told_of = {"outage_start": "2026-11-02T08:00:00Z", "service_restored": "2026-11-02T09:30:00Z"}
    terms = {"aggregation": "recovery_time", "objective": {"at_most": "60", "unit": "minutes"}}
    told = day(terms, {"recovery": told_of}, service_hours=BUSINESS)
    assert (told["figure"], told["verdict"]) == ("30/1", "met")
    (recovered,) = told["derivation"]["intervals"]
    assert (recovered["recovery_time"], recovered["recovery_point"], recovered["kept"]) == ("PT30M", None, True)
    assert day(terms, {"recovery": told_of})["breached_at"] == "2026-11-02T09:30:00.000000Z"
    within = {
        "aggregation": {"recovered_within": {"point": "PT5M"}},
        "objective": {"at_least": "100", "unit": "percent"},
    }
    assert day(within, {"recovery": told_of})["verdict"] == "no_data"
    just = {**within, "aggregation": {"recovered_within": {"time": "PT1H30M"}}}
    assert day(just, {"recovery": told_of})["verdict"] == "met"


def test_a_histogram_that_lacks_a_share_gives_none_and_a_reason() -> None:
    merged = {"at": "2026-11-02T10:00:00Z", "histogram": {"bounds": [100, 500], "counts": [1, 1, 0]}}
    share = {"aggregation": {"share_at_most": "300"}, "objective": {"at_least": "50", "unit": "percent"}}
    told = day(share, merged)
    assert (told["figure"], told["verdict"]) == (None, "no_data")
    assert "a bucket that ends at 300" in told["derivation"]["arithmetic"][0]
    assert day({**share, "aggregation": {"share_at_most": "500"}}, merged)["figure"] == "1/1"


@pytest.mark.parametrize(
    ("aggregation", "objective", "fact", "verdict"),
    [
        ("mean", {"at_most": "200"}, {"value": 250}, "breached"),
        ("max", {"at_most": "300"}, {"value": 250}, "met"),
        ("min", {"at_least": "300"}, {"value": 250}, "breached"),
        ({"outages": {"at_least": "PT5M"}}, {"at_most": "0"}, {"state": "down"}, "breached"),
        ("availability", {"at_least": "50"}, {"state": "down"}, "breached"),
    ],
)
def test_whatever_is_judged_over_rolling_windows_is_tried_over_one(
    aggregation: Any, objective: dict[str, str], fact: dict[str, Any], verdict: str
) -> None:
    terms = {"aggregation": aggregation, "objective": objective, "window": {"rolling": "P1D"}}
    assert day(terms, {"at": "2026-11-02T01:00:00Z", **fact})["verdict"] == verdict


def test_composites_of_figures_and_verdicts_are_judged_like_signed_ones() -> None:
    members = [
        {"terms": AVAILABLE, "facts": [outage(*span)], "initial_state": "up", "weight": weight}
        for span, weight in [(("10:00", "12:00"), "1"), (("11:00", "11:01"), "3")]
    ]
    verdicts = {"aggregation": {"composite": {"of": "verdicts", "rule": {"k_of_n": 2}}}}
    answer = day(verdicts, members=members)
    assert [each["verdict"] for each in answer["members"]] == ["breached", "met"]
    assert (answer["verdict"], answer["figure"]) == ("breached", "1/2")
    assert answer["breached_at"] == answer["members"][0]["breached_at"]

    mean = {**AVAILABLE, "aggregation": {"composite": {"of": "figures", "rule": "weighted_mean"}}}
    answer = day(mean, members=members)
    assert answer["figure"] == str((1 - Fraction(1, 12)) / 4 + (1 - Fraction(1, 24 * 60)) * 3 / 4)
    assert answer["derivation"]["arithmetic"][0].startswith("figure = (1 × 11/12 + 3 × 1439/1440) ÷ 4")
    rule = {**AVAILABLE, "aggregation": {"composite": {"of": "verdicts", "rule": {"k_of_n": True}}}}
    assert refused("window", terms=rule, window=DAY, members=members) == ["terms.aggregation.composite.rule"]


def test_an_occurrence_of_a_critical_period_is_tried_by_its_name() -> None:
    dates = [{"from": "2026-11-03T18:00", "to": "2026-11-04T02:00"}]
    night = {"key": "night", "occurrences": {"dates": dates}}
    terms = {**AVAILABLE, "objective": {"at_least": "90", "unit": "percent"}, "window": {"occurrences_of": "night"}}
    asked: dict[str, Any] = {"terms": terms, "window": "night/2026-11-03", "initial_state": "up"}
    # In Berlin the night is from 17:00 to 01:00 UTC: the outage from 16:00 to 18:00 takes one of its eight hours.
    fact = {"outage": {"from": "2026-11-03T16:00:00Z", "to": "2026-11-03T18:00:00Z"}}
    told = ask("window", **asked, facts=[fact], timezone="Europe/Berlin", critical_periods=[night])
    assert (told["window"]["length"], told["figure"], told["verdict"]) == ("PT8H", "7/8", "breached")
    assert refused("window", **asked, critical_periods=[{**night, "occurrences": {}}]) != []
    assert refused("window", **{**asked, "window": "night/2026-11-04"}, critical_periods=[night]) == ["window"]
    assert refused("window", **asked) == ["window"]
