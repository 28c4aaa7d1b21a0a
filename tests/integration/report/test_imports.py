"""A report never shows half of an import: it waits until all that the import touched has been heard, and moves once."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from sqlalchemy import text

from slm_chassis.identity import new_id
from slm_chassis.log.port import Record
from slm_events.catalogue import PUBLISHED
from tests.integration.report.conftest import Running
from tests.support import report as heard
from tests.support.report import AGREEMENT, CUSTOMER, MONTHLY, PROVIDER, TICKETS
from tests.support.report_log import caught_up

IMPORT = "5b1f0f6e-3c5b-4a51-9f0f-2a1b5a3f7f10"


async def imported(service: Running, *events: Any) -> None:
    """Events as monitor-svc publishes them for an import's history: they name it."""
    for event in events:
        row = PUBLISHED[type(event)]
        await appended(service, row.topic.name, row.type, dataclasses.asdict(event) | {"import_id": IMPORT})
    await service.hears()


async def judged(service: Running, breach_events: int) -> None:
    """The end of the import. It has ``breach_events`` events on the topic of breaches."""
    data = {
        "import_id": IMPORT,
        "agreement_id": AGREEMENT,
        "provider_party_id": PROVIDER,
        "customer_party_id": CUSTOMER,
        "owner_party_id": PROVIDER,
        "through_at": "2026-12-05T00:00:00.000000Z",
        "ended_as": "completed",
        "windows_closed": 1,
        "windows_restated": 0,
        "clocks_ended": 2,
        "breach_events": breach_events,
        "judged_at": "2026-12-05T00:00:00.000000Z",
    }
    await appended(service, "slm.targets", "slm.monitor.import-judged.v1", data)
    await service.hears()


async def appended(service: Running, topic: str, kind: str, data: dict[str, Any]) -> None:
    headers = {"ce_id": new_id(), "ce_source": "/slm/test/monitor", "ce_type": kind, "ce_specversion": "1.0"}
    await service.log.append(topic, [Record(AGREEMENT, json.dumps(data).encode(), headers)])


async def test_half_of_an_imports_tickets_is_never_published(service: Running) -> None:
    await service.hears(heard.finalized(MONTHLY, TICKETS))
    await service.waits_until("2026-12-05T00:00")
    await imported(service, heard.stopped("1", "2026-11-03T10:00"))
    await imported(service, heard.closed())
    assert service.published() == []
    await imported(service, heard.stopped("2", "2026-11-04T10:00"))
    assert service.published() == []
    await judged(service, 0)
    (event,) = service.published()
    assert [line["attained_display"] for line in event.lines] == ["99.9500", "2 of 2 in time"]


async def test_a_report_waits_for_the_imports_breaches_on_the_other_topic(service: Running) -> None:
    late = ("servicenow/2", "2026-11-04T10:00:00Z", "2026-11-04T14:00:00Z")
    await service.hears(heard.finalized(MONTHLY, TICKETS))
    await service.waits_until("2026-12-05T00:00")
    await imported(service, heard.closed(), heard.stopped("1", "2026-11-03T10:00"))
    await judged(service, 1)
    assert service.published() == []
    await imported(service, heard.breached("late", "2026-11-04T14:00", late, TICKETS))
    (event,) = service.published()
    assert (event.breaches, event.lines[1]["attained_display"]) == (1, "1 of 2 in time")


async def test_an_import_makes_one_revision_of_a_report_that_was_published_before(service: Running) -> None:
    await service.hears(heard.finalized(MONTHLY, TICKETS))
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.closed(verdict="no_data", figure=None))
    for number in range(1, 6):
        await imported(service, heard.stopped(str(number), f"2026-11-0{number}T10:00"))
    await imported(service, heard.restated(figure="100", verdict="met"))
    assert [event.revision for event in service.published()] == [1]
    await judged(service, 0)
    assert [(event.revision, event.verdict) for event in service.published()] == [(1, "no_data"), (2, "met")]
    assert service.published()[-1].lines[1]["attained_display"] == "5 of 5 in time"


async def test_nothing_is_published_while_an_import_is_only_half_received(service: Running) -> None:
    await service.hears(heard.finalized(MONTHLY, TICKETS))
    await service.waits_until("2026-12-05T00:00")
    await imported(service, heard.closed(), heard.stopped("1", "2026-11-03T10:00"))
    async with service.client("provider") as client:
        made = await client.post("/api/v1/reports", json={"agreement_id": AGREEMENT, "period": "2026-11"})
    assert made.json()["state"] == "interim"
    assert service.published() == []


async def test_answers_say_how_far_hearing_is_behind_the_log(service: Running) -> None:
    await service.hears(heard.finalized(TICKETS, effective_at="2026-10-01T00:00:00.000000Z"))
    listed = await service.gets("/api/v1/reports")
    assert listed["heard"] == {"until_at": "2026-11-22T10:00:00.000000Z", "behind_events": 0}
    shown = await service.gets(listed["items"][0]["url"])
    assert shown["heard"]["behind_events"] == 0
    async with service.client("customer") as client:
        page = await client.get(listed["items"][0]["page_url"])
        metrics = await client.get("/metrics")
    assert "Everything published up to 22 Nov 2026, 10:00:00 UTC has been read." in page.text
    assert 'slm_report_behind_records{topic="slm.breaches"} 0.0' in metrics.text
    assert "slm_report_behind_seconds" in metrics.text


async def catches_up(service: Running, *events: Any) -> None:
    """Events as monitor-svc publishes them while it judges signed terms over the past."""
    await service.hears(*(dataclasses.replace(event, catch_up=1) for event in events))


async def test_signed_terms_are_reported_once_they_are_judged_over_the_past(service: Running) -> None:
    late = ("servicenow/2", "2026-11-04T10:00:00Z", "2026-11-04T14:00:00Z")
    signed = heard.finalized(MONTHLY, TICKETS)
    await service.waits_until("2026-12-05T00:00")
    await service.hears(signed, catch_up=False)
    for number in range(1, 6):
        await catches_up(service, heard.stopped(str(number), f"2026-11-0{number}T10:00"))
    await catches_up(service, heard.closed())
    assert service.published() == []
    answer = await service.gets(f"/api/v1/reports?agreement_id={AGREEMENT}")
    (reason,) = answer["heard"]["waits_for"]
    assert (reason["reason"], reason["agreement_version"]) == ("catching_up", 1)
    assert 0 < reason["at_most_seconds"] <= 3600 and answer["heard"]["settling"]
    await service.hears(caught_up(signed, breach_events=1))
    assert service.published() == []
    await catches_up(service, heard.breached("late", "2026-11-04T14:00", late, TICKETS))
    (event,) = service.published()
    assert (event.revision, event.breaches, event.lines[1]["attained_display"]) == (1, 1, "4 of 5 in time")
    answer = await service.gets(f"/api/v1/reports?agreement_id={AGREEMENT}")
    assert (answer["heard"]["waits_for"], answer["heard"]["settling"]) == ([], False)


async def test_other_agreements_are_reported_meanwhile(service: Running) -> None:
    other = new_id()
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.finalized(MONTHLY), catch_up=False)
    await service.hears(heard.finalized(MONTHLY, agreement_id=other))
    await service.hears(heard.closed(), dataclasses.replace(heard.closed(), agreement_id=other))
    assert [event.agreement_id for event in service.published()] == [other]
    assert (await service.gets(f"/api/v1/reports?agreement_id={AGREEMENT}", "stranger"))["heard"]["waits_for"] == []


async def test_no_report_waits_for_signed_terms_for_ever(service: Running) -> None:
    await service.waits_until("2026-12-05T00:00")
    await service.hears(heard.finalized(MONTHLY), heard.closed(), catch_up=False)
    assert service.published() == []
    async with service.app.database.begin() as transaction:
        await transaction.execute(text("UPDATE catch_up_heard SET since = since - interval '1 hour'"))
    await service.settles()
    assert [event.revision for event in service.published()] == [1]


async def test_the_mark_may_be_heard_before_the_signature(service: Running) -> None:
    signed = heard.finalized(MONTHLY)
    await service.waits_until("2026-12-05T00:00")
    await service.hears(caught_up(signed), heard.closed())
    await service.hears(signed, catch_up=False)
    assert [event.revision for event in service.published()] == [1]
