"""Reports are published when their period is complete, revised when something new is known, and doubled by nothing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from slm_report.domain import publication
from tests.integration.report.conftest import Running
from tests.support import report as heard
from tests.support.report import AGREEMENT, DECEMBER, HOUR, MONTHLY, QUARTERLY, ROLLING, TICKETS

REPORT = publication.report_id_of(AGREEMENT, "2026-11")
SEPTEMBER_ON = "2026-09-01T00:00:00.000000Z"


async def test_a_report_is_published_when_the_periods_windows_have_closed(service: Running) -> None:
    await service.hears(heard.finalized(MONTHLY, ROLLING, TICKETS))
    await service.waits_until("2026-12-01T00:09")
    assert service.published() == []
    await service.waits_until("2026-12-01T00:11")
    assert service.published() == []
    await service.hears(heard.closed())
    (event,) = service.published()
    assert (event.report_id, event.revision, event.period, event.verdict) == (REPORT, 1, "2026-11", "met")


async def test_without_calendar_windows_a_report_is_published_when_it_is_due(service: Running) -> None:
    await service.hears(heard.finalized(ROLLING, TICKETS), heard.stopped("1", "2026-11-03T10:00"))
    await service.waits_until("2026-12-01T00:11")
    assert [(event.period, event.verdict) for event in service.published()] == [("2026-11", "met")]
    await service.waits_until("2027-01-01T00:11")
    assert [event.period for event in service.published()] == ["2026-11", "2026-12"]


async def test_a_restatement_after_publishing_makes_a_revision_and_the_old_one_stays(service: Running) -> None:
    await service.hears(heard.finalized())
    await service.waits_until("2026-12-01T00:11")
    await service.hears(heard.closed())
    await service.hears(heard.restated(), heard.breached("late", "2026-11-22T09:00"))
    assert [(event.revision, event.verdict) for event in service.published()] == [(1, "met"), (2, "breached")]
    newest = await service.gets(f"/api/v1/reports/{REPORT}")
    assert (newest["revision"], newest["verdict"]) == (2, "breached")
    assert newest["changes"][0]["cause"] == "late measurement"
    first = await service.gets(f"/api/v1/reports/{REPORT}?revision=1")
    assert (first["verdict"], first["lines"][0]["attained"]["display"]) == ("met", "99.9500")
    assert [each["revision"] for each in first["revisions"]] == [1, 2]


async def test_a_withdrawn_breach_makes_a_revision(service: Running) -> None:
    await service.hears(heard.finalized(), heard.breached("breach", "2026-11-22T09:00"))
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed(verdict="breached", figure="9985/100"))
    await service.hears(heard.restated(verdict="met", figure="100"), heard.withdrawn("breach"))
    assert [(event.verdict, event.breaches) for event in service.published()] == [("breached", 1), ("met", 0)]
    newest = await service.gets(f"/api/v1/reports/{REPORT}")
    assert newest["breaches"][0]["withdrawal_cause"] == "corrected measurement"


async def test_news_that_changes_nothing_publishes_nothing(service: Running) -> None:
    await service.hears(heard.finalized())
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed())
    await service.hears(heard.action("action", "2026-12-02T10:00"), heard.at_risk("risk", "2026-12-03T10:00", DECEMBER))
    assert [event.revision for event in service.published()] == [1]


async def test_a_restatement_reaches_the_trend_of_later_reports(service: Running) -> None:
    await service.hears(heard.finalized())
    await service.waits_until("2027-01-05T00:00")
    await service.hears(heard.closed(), heard.closed(DECEMBER, figure="100"))
    await service.hears(heard.restated(figure="9999/100", verdict="met"))
    assert [(event.period, event.revision) for event in service.published()] == [
        ("2026-11", 1),
        ("2026-12", 1),
        ("2026-11", 2),
        ("2026-12", 2),
    ]


async def test_an_agreement_heard_long_after_it_began_is_reported_from_its_beginning(service: Running) -> None:
    months = [
        (f"2026-{month:02d}", f"2026-{month:02d}-01T00:00:00Z", f"2026-{month + 1:02d}-01T00:00:00Z")
        for month in (9, 10)
    ]
    await service.hears(*(heard.closed(month) for month in months))
    assert service.published() == []
    await service.hears(heard.finalized(effective_at=SEPTEMBER_ON))
    assert [event.period for event in service.published()] == ["2026-09", "2026-10"]


async def test_years_of_periods_are_settled_in_steps(service: Running) -> None:
    await service.hears(heard.finalized(TICKETS, effective_at="2022-11-01T00:00:00.000000Z"))
    assert len(service.published()) == 4 * 12


async def test_termination_closes_the_last_period_early(service: Running) -> None:
    await service.hears(heard.finalized(MONTHLY), heard.terminated("2026-11-10T12:00"))
    await service.hears(heard.closed(("2026-11", "2026-11-01T00:00:00Z", "2026-11-10T12:00:00Z")))
    assert [event.period for event in service.published()] == ["2026-11"]
    await service.waits_until("2027-03-01T00:00")
    assert len(service.published()) == 1


async def test_a_quarters_window_is_reported_in_its_last_month(service: Running) -> None:
    quarter = ("2026-Q4", "2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z")
    await service.hears(heard.finalized(MONTHLY, QUARTERLY))
    await service.waits_until("2027-01-02T00:00")
    await service.hears(heard.closed(), heard.closed(DECEMBER))
    assert [event.period for event in service.published()] == ["2026-11"]
    await service.hears(heard.closed(quarter, of=QUARTERLY))
    assert [event.period for event in service.published()] == ["2026-11", "2026-12"]
    verdicts = {line["target_key"]: line["verdict"] for line in service.published()[0].lines}
    assert verdicts == {"uptime": "met", "quarter": "open"}


async def test_a_rolling_breach_that_lasts_is_seen_in_the_next_period(service: Running) -> None:
    agreement = heard.finalized(ROLLING, effective_at="2026-10-01T00:00:00.000000Z")
    await service.hears(agreement, heard.breached("slow", "2026-10-31T23:00", HOUR, ROLLING))
    await service.waits_until("2026-12-01T00:11")
    assert [(event.period, event.verdict, event.breaches) for event in service.published()] == [
        ("2026-10", "breached", 1),
        ("2026-11", "breached", 0),
    ]
    await service.hears(heard.recovered("slow", "2026-10-31T23:30"))
    assert [(event.period, event.verdict) for event in service.published()][2:] == [
        ("2026-10", "breached"),
        ("2026-11", "no_data"),
    ]


async def test_handled_twice_is_handled_once(service: Running) -> None:
    await service.hears(heard.finalized(), heard.breached("breach", "2026-11-22T09:00"), twice=True)
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed(verdict="breached", figure="9985/100"), twice=True)
    assert [(event.revision, event.breaches) for event in service.published()] == [(1, 1)]


async def test_an_agreement_that_cannot_be_reported_keeps_no_other_waiting(service: Running) -> None:
    other = "5a1e3f0c-54c3-5a9e-8d0f-0b8a4fbd2b11"
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.finalized(), heard.closed(figure="not a figure"))
    await service.hears(heard.finalized(TICKETS, agreement_id=other))
    assert [event.agreement_id for event in service.published()] == [other]


@pytest.mark.parametrize("seed", range(4))
async def test_the_order_between_topics_makes_no_difference(service: Running, seed: int) -> None:
    agreements = [heard.finalized(MONTHLY, ROLLING, TICKETS)]
    breaches = [
        heard.at_risk("risk", "2026-11-20T10:00"),
        heard.breached("breach", "2026-11-22T09:00"),
        heard.cleared("risk", "breached", "2026-11-22T09:00"),
        heard.breached("slow", "2026-11-05T09:00", HOUR, ROLLING),
        heard.recovered("slow", "2026-11-05T10:00"),
    ]
    targets = [heard.stopped("1", "2026-11-03T10:00"), heard.closed(verdict="breached", figure="9985/100")]
    reviews = [
        heard.planned("plan", "risk", "2026-11-20T10:00"),
        heard.plan_ended("plan", "risk", "breached", "2026-11-22T09:00"),
    ]
    topics: list[list[Any]] = [agreements, breaches, targets, reviews]
    random.Random(seed).shuffle(topics)
    await service.waits_until("2026-12-05T00:00")
    for events in topics:
        await service.hears(*events)
    newest = await service.gets(f"/api/v1/reports/{REPORT}")
    assert [(line["target_key"], line["verdict"], len(line["breach_ids"])) for line in newest["lines"]] == [
        ("uptime", "breached", 1),
        ("latency", "breached", 1),
        ("p1", "met", 0),
    ]
    assert [(breach["state"], breach["counted"]) for breach in newest["breaches"]] == [
        ("recovered", True),
        ("standing", True),
    ]
    assert [(risk["outcome"], risk["plans"][0]["outcome"]) for risk in newest["risks"]] == [("breached", "breached")]
    assert (newest["verdict"], newest["breach_count"], newest["plans_ended"]) == ("breached", 2, 1)
