"""Holidays from calendar files of real programs: every event counts, or the agreement says why it does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.cases.previews import Refused, ask
from tests.cases.tried import tried
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

HOURS: dict[str, Any] = {"timezone": "Europe/Berlin", "weekly": {"mon-sun": [["08:00", "18:00"]]}}
OTHER = ["DTSTART;VALUE=DATE:20261225", "SUMMARY:Christmas"]
SLOW = ["DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"]


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


def calendar(*events: list[str], head: str = "VERSION:2.0") -> str:
    lines = ["BEGIN:VCALENDAR", head]
    for number, event in enumerate(events):
        uid = [] if any(line.startswith("UID:") for line in event) else [f"UID:{number}"]
        lines += ["BEGIN:VEVENT", *uid, *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


async def drafted(service: AgreementUnderTest, cast: Cast, text: str) -> tuple[int, dict[str, Any]]:
    document = {**terms.agreement_document(EFFECTIVE)}
    document["service_hours"] = {
        **document["service_hours"],
        "holidays-of-ours": {**HOURS, "holidays": [{"icalendar": text}]},
    }
    order = {
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "template": "sla-standard",
        "document": document,
    }
    return await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", order)


async def hours_of(service: AgreementUnderTest, cast: Cast, text: str) -> dict[str, Any]:
    status, answer = await drafted(service, cast, text)
    assert status == 201, answer
    hours: dict[str, Any] = answer["document"]["service_hours"]["holidays-of-ours"]
    return hours


def due(hours: dict[str, Any]) -> str:
    targets = [{"clock": "resolution", "objective": {"within": {"service_time": "PT4H"}}}]
    events = [{"event": "opened", "at": "2026-09-01T08:00:00Z"}]
    (clock,) = ask("clock", targets=targets, events=events, service_hours=hours)["clocks"]
    return str(clock["deadline_at"])


@pytest.mark.parametrize("form", ["good", "tzid", "exchange"])
async def test_an_all_day_event_of_any_program_is_a_holiday(service: AgreementUnderTest, cast: Cast, form: str) -> None:
    event = tried("B11")["input"]["events"][form]
    hours = await hours_of(service, cast, calendar(event, OTHER))
    assert {"date": "2026-09-01"} in hours["holidays"]


@pytest.mark.parametrize(
    "event",
    [
        ["DTSTART;TZID=Europe/Berlin:20260901T000000", "DURATION:P1D", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
        [
            "DTSTART;TZID=Customized Time Zone:20260901T000000",
            "DTEND;TZID=Customized Time Zone:20260902T000000",
            "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        ],
        ["DTSTART:20260831T220000Z", "DTEND:20260901T220000Z", "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE"],
        [
            "DTSTART;TZID=Europe/Berlin:20250901T000000",
            "DTEND;TZID=Europe/Berlin:20250902T000000",
            "RRULE:FREQ=YEARLY;UNTIL=20270831T220000Z",
            "X-MICROSOFT-CDO-ALLDAYEVENT:TRUE",
        ],
        ["DTSTART:20260901"],
        ["DTSTART;VALUE=DATE:20200901", "RRULE:FREQ=YEARLY", "TRANSP:TRANSPARENT"],
    ],
)
async def test_other_ways_of_writing_a_whole_day_count_as_well(
    service: AgreementUnderTest, cast: Cast, event: list[str]
) -> None:
    hours = await hours_of(service, cast, calendar(event, OTHER))
    assert {"date": "2026-09-01"} in hours["holidays"]


async def test_a_cancelled_event_is_no_holiday(service: AgreementUnderTest, cast: Cast) -> None:
    event = tried("B11")["input"]["events"]["cancelled"]
    hours = await hours_of(service, cast, calendar(event, OTHER))
    assert {"date": "2026-09-01"} not in hours["holidays"]


async def test_a_cancelled_day_of_a_recurring_event_is_no_holiday(service: AgreementUnderTest, cast: Cast) -> None:
    yearly = ["UID:1", "DTSTART;VALUE=DATE:20250901", "RRULE:FREQ=YEARLY;COUNT=3"]
    cancelled = ["UID:1", "RECURRENCE-ID;VALUE=DATE:20260901", "DTSTART;VALUE=DATE:20260901", "STATUS:CANCELLED"]
    hours = await hours_of(service, cast, calendar(yearly, cancelled))
    assert [each["date"] for each in hours["holidays"]] == ["2025-09-01", "2027-09-01"]


async def test_every_event_that_gave_no_holiday_is_named_with_the_reason(
    service: AgreementUnderTest, cast: Cast
) -> None:
    text = calendar(
        OTHER,
        ["SUMMARY:Standup", "DTSTART:20260601T090000Z", "DTEND:20260601T091500Z"],
        ["SUMMARY:Fair", "DTSTART;VALUE=DATE:20260901", "STATUS:CANCELLED"],
        ["SUMMARY:Typo", "DTSTART;VALUE=DATE:20261301"],
        ["SUMMARY:Long ago", "DTSTART;VALUE=DATE:19990101"],
    )
    status, answer = await drafted(service, cast, text)
    assert status == 201, answer
    (account,) = answer["document"]["service_hours"]["holidays-of-ours"].get("calendars", [None])
    assert (account["events"], account["taken"]) == (5, 1)
    assert {each["event"]: each["why"].split(";")[0] for each in account["left_out"]} == {
        "Standup": "it has a time of day",
        "Fair": "it is cancelled",
        "Typo": "month must be in 1..12",
        "Long ago": "it lies outside of 2025 to 2036",
    }
    path = f"/api/v1/agreements/{answer['agreement_id']}/check"
    _, checked = await service.ask(cast.provider_manager_key, "GET", path)
    (finding,) = [each for each in checked["findings"] if "icalendar" in each["field"]]
    assert finding["severity"] == "warning"
    assert finding["value"] == "1 of 5 events are holidays"
    assert "Standup (20260601T090000Z): it has a time of day" in finding["remedy"]
    assert "Fair" not in finding["remedy"]


@pytest.mark.parametrize(
    "text",
    [
        calendar(),
        calendar(["DTSTART;VALUE=DATE:20260901", "STATUS:CANCELLED"]),
        calendar(["DTSTART:20260901T090000"]),
        calendar(["DTSTART;VALUE=DATE:19990101"]),
        calendar(["DTSTART;VALUE=DATE:20261225"], head="METHOD:CANCEL"),
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    ],
)
async def test_a_calendar_that_yields_no_day_is_refused(service: AgreementUnderTest, cast: Cast, text: str) -> None:
    status, problem = await drafted(service, cast, text)
    assert status == 422, problem
    (error,) = problem["errors"]
    assert error["field"] == "service_hours.holidays-of-ours.holidays[0].icalendar"
    assert "no event is a holiday from 2025 to 2036" in error["remedy"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("BEGIN:VCALENDAR\r\n" * 10_000, "is not allowed here"),
        ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + "BEGIN:VALARM\r\n" * 10_000, "is not allowed here"),
        (calendar(OTHER, *[SLOW] * 8), "never occur"),
        (calendar(OTHER, *[["DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY"]] * 500), "at most 10 of them daily"),
        (
            calendar(OTHER, *[["DTSTART;VALUE=DATE:19000101", "RRULE:FREQ=MONTHLY"]] * 300),
            "at most 200 recurring events",
        ),
        (calendar(["DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=YEARLY;BYSECOND=1,2,3"]), "RRULE cannot be followed"),
    ],
)
async def test_a_calendar_that_asks_for_too_much_work_is_refused_at_once(
    service: AgreementUnderTest, cast: Cast, text: str, said: str
) -> None:
    begun = time.monotonic()
    status, problem = await drafted(service, cast, text)
    assert status == 422, problem
    assert said in str(problem["errors"])
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("form", ["good", "tzid", "exchange"])
def test_a_preview_reads_the_same_calendars_as_a_draft(form: str) -> None:
    event = tried("B11")["input"]["events"][form]
    try:
        found = due({**HOURS, "holidays": [{"icalendar": calendar(event)}]})
    except Refused as refused:
        pytest.fail(f"refused: {refused.problem['errors']}")
    assert found == "2026-09-02T10:00:00.000000Z"


def test_a_preview_of_a_cancelled_holiday_counts_the_day() -> None:
    event = tried("B11")["input"]["events"]["cancelled"]
    try:
        found = due({**HOURS, "holidays": [{"icalendar": calendar(event, OTHER)}]})
    except Refused as refused:
        pytest.fail(f"refused: {refused.problem['errors']}")
    assert found == "2026-09-01T12:00:00.000000Z"
