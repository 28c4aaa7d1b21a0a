"""The terms of random histories: a target of every kind, and an amendment that changes some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from slm_chassis.identity import named_id
from slm_events.instants import to_text
from tests.support.monitor import HOUR, PROVIDER, SECOND, at, finalized

BEGIN, AMENDED, LAST, END = (
    at("2026-11-01T00:00"),
    at("2026-11-06T00:00"),
    at("2026-11-11T00:00"),
    at("2026-12-02T00:00"),
)
CLOSING = 6 * HOUR
Item = dict[str, Any]


def target(key: str, indicator: str | None, aggregation: Any, objective: Item, window: Item, **more: Any) -> Item:
    return {
        "target_id": named_id(PROVIDER, "target", "replayed", key),
        "key": key,
        "title": key,
        "service_id": "service",
        "indicator": {"owner_party_id": PROVIDER, "key": indicator} if indicator else None,
        "aggregation": aggregation,
        "objective": objective,
        "window": window,
        "service_hours": "24x7",
        **more,
    }


def share(percent: str) -> Item:
    return {"at_least": percent, "unit": "percent"}


def composite(of: str, rule: Any, members: list[Item]) -> Item:
    return {"composite": {"of": of, "rule": rule, "members": members}}


def of_targets(*keys: str) -> list[Item]:
    return [{"target": key, "weight": f"{number}"} for number, key in enumerate(keys, 1)]


DAILY, WEEKLY, MONTHLY = {"calendar": "day"}, {"calendar": "week"}, {"calendar": "month"}
FROM_NOON, FROM_SUNDAY = {"calendar": "day", "at": "12:00"}, {"calendar": "week", "begin": "sunday", "at": "12:00"}
FROM_THE_FIFTH = {"calendar": "month", "begin": 5, "at": "06:30"}
NIGHTS, ONCE = {"occurrences_of": "nights"}, {"occurrences_of": "once"}
PERIODS: Sequence[Item] = (
    # Every other day over noon and midnight, with gaps between; none of the two begins or ends with a calendar window.
    {
        "key": "nights",
        "title": "Nights",
        "occurrences": {"rule": "FREQ=DAILY;INTERVAL=2;COUNT=8", "from": "2026-11-01T11:30", "duration": "PT26H"},
        "freeze": False,
    },
    {
        "key": "once",
        "title": "Once",
        "occurrences": {"dates": [{"from": "2026-11-05T18:00", "to": "2026-11-07T15:00"}]},
        "freeze": False,
    },
)
"""Critical periods of the histories. An occurrence of each contains 7 November, 12:00 UTC."""
TARGETS: Sequence[Item] = (
    target("up-nights", "up", "availability", share("99"), NIGHTS, unacceptable={"at_least": "95"}),
    target("up-once", "up", "availability", share("99"), ONCE, service_hours="business", unknown="down"),
    target("stream-nights", "stream", "availability", share("95"), NIGHTS, on_amendment="split"),
    target("outages-nights", "up", {"outages": {"at_least": "PT10M"}}, {"at_most": "0", "unit": "count"}, NIGHTS),
    target("fast-nights", "latency", {"share_at_most": "300"}, share("80"), NIGHTS),
    target("mean-nights", "latency", "mean", {"at_most": "300"}, NIGHTS),
    target("orders-once", "orders", "ratio", share("97"), ONCE, warn_at={"budget_consumed": ["50"], "projected": True}),
    target("orders-nights", "orders", "ratio", share("97"), NIGHTS, group_by=["site"]),
    target("in-time-nights", None, {"compliance": "p1"}, share("75"), NIGHTS),
    target(
        "both-nights",
        None,
        composite("verdicts", "all_of", of_targets("up-nights", "fast-nights")),
        share("100"),
        NIGHTS,
    ),
    target("up-day", "up", "availability", share("99"), DAILY, unacceptable={"at_least": "95"}),
    target("up-month", "up", "availability", share("99.5"), MONTHLY, warn_at={"budget_consumed": ["50", "90"]}),
    target("up-office", "up", "availability", share("99"), FROM_SUNDAY, service_hours="business", unknown="down"),
    target("stream-month", "stream", "availability", share("90"), FROM_THE_FIFTH, degraded={"weight": "0.5"}),
    target(
        "stream-week", "stream", "availability", share("95"), WEEKLY, on_amendment="split", planned_downtime="excused"
    ),
    target("stream-by-site", "stream", "availability", share("90"), WEEKLY, group_by=["site"]),
    target(
        "outages-by-site",
        "stream",
        {"outages": {"at_least": "PT10M"}},
        {"at_most": "3"},
        {"rolling": "P2D"},
        group_by=["site"],
    ),
    target("up-short", "up", "availability", share("99"), FROM_THE_FIFTH, ignore_outages_shorter_than="PT40M"),
    target(
        "stream-excess",
        "stream",
        "availability",
        share("97"),
        WEEKLY,
        ignore_outages_shorter_than="PT1H30M",
        short_outages="excess",
        degraded="down",
        planned_downtime="excused",
    ),
    target(
        "up-short-rolling",
        "up",
        "availability",
        share("90"),
        {"rolling": "PT6H"},
        ignore_outages_shorter_than="PT40M",
        warn_at={"budget_consumed": ["50"]},
    ),
    target("outages", "up", {"outages": {"at_least": "PT5M"}}, {"at_most": "3"}, WEEKLY),
    target("fast-day", "latency", {"share_at_most": "300"}, share("95"), DAILY),
    target("fast-week", "latency", {"share_at_most": "300"}, share("90"), FROM_SUNDAY, service_hours="business"),
    target("fast-rolling", "latency", {"share_at_most": "300"}, share("90"), {"rolling": "PT6H"}),
    target("p90", "latency", {"quantile": "0.9"}, {"at_most": "350"}, DAILY),
    target("fast-enough", "sizes", {"share_at_most": "300"}, share("80"), DAILY),
    target("fast-always", "sizes", {"share_at_most": "300"}, share("70"), {"rolling": "PT6H"}),
    target("large", "sizes", {"share_at_least": "300"}, share("10"), WEEKLY),
    target("mean-size", "sizes", "mean", {"at_most": "300"}, {"rolling": "PT2H"}),
    target("mean-size-day", "sizes", "mean", {"at_most": "300"}, DAILY),
    target("largest", "sizes", "max", {"at_most": "550"}, FROM_NOON),
    target("smallest", "sizes", "min", {"at_least": "20"}, {"rolling": "PT6H"}),
    target("mean", "latency", "mean", {"at_most": "240"}, DAILY),
    target("slowest", "latency", "max", {"at_most": "480"}, DAILY),
    target("fastest", "latency", "min", {"at_least": "10"}, WEEKLY),
    target("orders-day", "orders", "ratio", share("97"), DAILY),
    target(
        "orders-month",
        "orders",
        "ratio",
        share("97"),
        MONTHLY,
        on_amendment="split",
        warn_at={"budget_drop": [{"by": "10", "within": "PT2H"}], "time_to_exhaustion": ["P3D"]},
    ),
    target(
        "orders-rolling",
        "orders",
        "ratio",
        share("97"),
        {"rolling": "P1D"},
        warn_at={"budget_drop": [{"by": "10", "within": "PT2H"}]},
    ),
    target("orders-by-site", "orders", "ratio", share("97"), DAILY, group_by=["site"]),
    target("orders-by-site-rolling", "orders", "ratio", share("97"), {"rolling": "PT6H"}, group_by=["site"]),
    target("requests-day", "requests", "ratio", share("97"), DAILY),
    target("requests-rolling", "requests", "ratio", share("96"), {"rolling": "PT6H"}),
    target("stars", "stars", "mean", {"at_least": "3"}, WEEKLY),
    target("content", "stars", {"share_at_least": "4"}, share("50"), DAILY),
    target("nps", "stars", {"nps": {"promoters": "5", "detractors": "2"}}, {"at_least": "5", "unit": "points"}, WEEKLY),
    target(
        "nps-rolling",
        "stars",
        {"nps": {"promoters": "4", "detractors": "2"}},
        {"at_least": "10", "unit": "points"},
        {"rolling": "P1D"},
        unacceptable={"at_least": "-10"},
    ),
    target("rto", "recoveries", "recovery_time", {"at_most": "90", "unit": "minutes"}, DAILY, service_hours="business"),
    target("rpo", "recoveries", "recovery_point", {"at_most": "20", "unit": "minutes"}, FROM_SUNDAY),
    target(
        "recovered",
        "recoveries",
        {"recovered_within": {"time": "PT1H", "point": "PT15M"}},
        share("60"),
        WEEKLY,
        planned_downtime="excused",
    ),
    target(
        "rto-rolling",
        "recoveries",
        "recovery_time",
        {"at_most": "90", "unit": "minutes"},
        {"rolling": "P1D"},
        service_hours="business",
        unacceptable={"at_most": "110"},
    ),
    target(
        "recovered-by-site",
        "recoveries",
        {"recovered_within": {"time": "PT1H", "point": "PT15M"}},
        share("60"),
        {"rolling": "P2D"},
        group_by=["site"],
    ),
    target("errors", "errors", {"count": {"category": "A"}}, {"at_most": "4"}, DAILY),
    target("all-errors", "errors", "count", {"at_most": "60"}, FROM_THE_FIFTH),
    target("mean-rolling", "latency", "mean", {"at_most": "230"}, {"rolling": "PT6H"}, service_hours="business"),
    target(
        "slowest-rolling",
        "latency",
        "max",
        {"at_most": "340"},
        {"rolling": "PT3H"},
        unacceptable={"at_most": "348.5"},
        planned_downtime="excused",
    ),
    target("fastest-rolling", "latency", "min", {"at_most": "130"}, {"rolling": "P1D"}),
    target(
        "slices-rolling",
        "orders",
        {"time_slices": {"width": "PT15M", "good_if": "0.97"}},
        share("90"),
        {"rolling": "PT12H"},
        warn_at={"budget_consumed": ["50"]},
    ),
    target(
        "ratios-rolling",
        "orders",
        {"time_slices": {"width": "PT7M", "good_if": "1", "budget": "ratio"}},
        share("97"),
        {"rolling": "PT12H"},
        no_data="bad",
        service_hours="business",
    ),
    target("up-rolling", "up", "availability", share("90"), {"rolling": "PT6H"}),
    target(
        "outages-rolling",
        "up",
        {"outages": {"at_least": "PT5M"}},
        {"at_most": "2"},
        {"rolling": "P1D"},
        service_hours="business",
        unacceptable={"at_most": "4"},
    ),
    target(
        "states-rolling",
        None,
        composite(
            "states",
            {"k_of_n": 1},
            [{"indicator": {"owner_party_id": PROVIDER, "key": each}} for each in ("up", "stream")],
        ),
        share("80"),
        {"rolling": "PT6H"},
    ),
    target(
        "verdicts-rolling",
        None,
        composite("verdicts", "all_of", of_targets("up-rolling", "fast-rolling")),
        share("100"),
        {"rolling": "PT6H"},
    ),
    target("in-time-rolling", None, {"compliance": "p1"}, share("75"), {"rolling": "P2D"}),
    target(
        "figures", None, composite("figures", "weighted_mean", of_targets("up-day", "orders-day")), share("97"), DAILY
    ),
    target("verdicts", None, composite("verdicts", "all_of", of_targets("up-day", "fast-day")), share("100"), DAILY),
    target(
        "states",
        None,
        composite(
            "states", "serial", [{"indicator": {"owner_party_id": PROVIDER, "key": each}} for each in ("up", "stream")]
        ),
        share("60"),
        WEEKLY,
    ),
    target("in-time", None, {"compliance": "p1"}, share("75"), FROM_SUNDAY),
    target(
        "p1",
        None,
        "clock",
        {"within": {"service_time": "PT4H"}},
        {"per": "ticket"},
        clock="resolution",
        applies_to={"type": "incident", "priority": ["P1"]},
        pause=["awaiting_customer"],
        service_hours="business",
    ),
    target(
        "p2",
        None,
        "clock",
        {"within": {"calendar": "PT8H"}},
        {"per": "ticket"},
        clock="resolution",
        applies_to={"type": "incident", "priority": ["P2"]},
        pause=["awaiting_customer"],
        on_reopen="new_clock",
        on_priority_change="from_opening",
    ),
    target(
        "answer",
        None,
        "clock",
        {"within": {"service_time": "PT30M"}},
        {"per": "ticket"},
        clock="response",
        applies_to={"type": "incident"},
        start="opened",
        stop="first_response",
    ),
    target(
        "update",
        None,
        "clock",
        {"within": {"calendar": "PT2H"}},
        {"per": "ticket"},
        clock="update",
        applies_to={"type": "incident"},
    ),
)
"""One target of each kind. A further kind of target is one more line."""
PLANNED: Item = {"notice": "PT6H", "cap": {"hours": "3", "per": "week"}}
STRICTER = {"up-day": "99.9", "fast-day": "90", "stream-week": "98", "orders-month": "99", "fast-week": "99"}


def versions() -> tuple[Item, Item]:
    """Return the first version of the terms, and an amendment that changes some targets."""
    allowed: Item = {
        "closing_delay_seconds": CLOSING // SECOND,
        "planned_maintenance": PLANNED,
        "critical_periods": list(PERIODS),
    }
    first = asdict(finalized(*TARGETS, **allowed))
    amended = [
        {**each, "objective": share(STRICTER[each["key"]])} if each["key"] in STRICTER else each for each in TARGETS
    ]
    stricter: Item = {**PLANNED, "notice": "PT12H"}
    changed: Item = {"version": 2, "effective_at": to_text(AMENDED), "planned_maintenance": stricter}
    return first, asdict(finalized(*amended, **{**allowed, **changed}))
