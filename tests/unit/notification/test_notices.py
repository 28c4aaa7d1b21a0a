"""What people are told of events, which of it is one mail, and when the digest is due."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from slm_chassis.clock import SECOND
from slm_events.instants import from_text, to_text
from slm_notification.domain.bundles import LONGEST_QUIET, WaitingDelivery, bundles_of, when_to_make
from slm_notification.domain.notices import notice_of, objective_in_words, parties_told
from slm_notification.domain.readers import next_digest
from tests.unit.notification.test_event_filters import NAMES, STRANGER, heard, sample, versions

TOLD = [name for name in NAMES if notice_of(sample(name).data) is not None]
MINUTE = 60 * SECOND


def fields_of(name: str) -> list[str]:
    return [each.name for each in fields(sample(name).data)]


def test_much_of_what_happens_is_told() -> None:
    assert len(TOLD) > 20


@pytest.mark.parametrize("name", TOLD)
def test_nobody_is_told_what_its_party_may_not_see(name: str) -> None:
    for event in versions(name):
        notice = notice_of(event.data)
        assert notice is not None
        assert notice.headline and notice.path.startswith("/") and " " not in notice.path
        told = parties_told(event.data, notice)
        assert set(told) <= set(heard(event).party_ids)
        assert STRANGER not in told and len(set(told)) == len(told)


def test_who_acted_is_not_told_of_it() -> None:
    event = sample("slm.monitor.exclusion-requested.v1").data
    notice = notice_of(event)
    assert notice is not None and event.requested_by_party_id not in parties_told(event, notice)
    assert len(parties_told(event, notice)) == 1


@pytest.mark.parametrize("name", [each for each in TOLD if {"version", "title"} <= set(fields_of(each))])
def test_what_is_said_of_an_amendment_leads_to_it(name: str) -> None:
    notice = notice_of(sample(name, version=2).data)
    assert notice is not None and notice.path.endswith("?version=2")
    first = notice_of(sample(name, version=1).data)
    assert first is not None and "?" not in first.path


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        ({"at_least": "99.9", "unit": "percent"}, "at least 99.9 %"),
        ({"at_most": "300", "unit": "milliseconds"}, "at most 300 ms"),
        ({"within": "PT4H"}, ""),
    ],
)
def test_objectives_in_words(objective: dict[str, str], words: str) -> None:
    assert objective_in_words(objective) == words


@pytest.mark.parametrize(
    ("now", "zone", "due"),
    [
        ("2026-11-22T06:59:00Z", "Europe/Berlin", "2026-11-22T07:00:00Z"),
        ("2026-11-22T07:00:00Z", "Europe/Berlin", "2026-11-23T07:00:00Z"),
        # The days on which clocks change there.
        ("2026-10-24T07:00:00Z", "Europe/Berlin", "2026-10-25T07:00:00Z"),
        ("2026-03-28T12:00:00Z", "Europe/Berlin", "2026-03-29T06:00:00Z"),
        ("2026-11-22T23:30:00Z", "Asia/Tokyo", "2026-11-23T23:00:00Z"),
    ],
)
def test_the_digest_is_due_at_eight_of_the_readers_day(now: str, zone: str, due: str) -> None:
    assert to_text(next_digest(from_text(now), zone)) == to_text(from_text(due))
    assert datetime.fromtimestamp(next_digest(from_text(now), "UTC") / SECOND, UTC).hour == 8


def waiting(number: int, stored_at: int, cause_id: str | None = None, kind: str = "breach") -> WaitingDelivery:
    return WaitingDelivery(
        delivery_id=str(number),
        kind=kind,
        is_digest=False,
        bundle=f"{kind}:service" if kind == "breach" else str(number),
        cause_id=cause_id,
        stored_at=stored_at,
        due_at=stored_at,
    )


def test_what_has_one_cause_is_one_mail_and_other_things_are_their_own() -> None:
    found = bundles_of([waiting(1, 0, "c"), waiting(2, 0, "c"), waiting(3, 0, "d"), waiting(4, 0, kind="decision")])
    assert [[each.delivery_id for each in bundle.deliveries] for bundle in found] == [["1", "2"], ["3"], ["4"]]
    assert bundles_of([waiting(4, 7, kind="decision")])[0].ready_at() == 7


def test_a_mail_waits_while_more_of_its_cause_comes_but_not_for_ever() -> None:
    [bundle] = bundles_of([waiting(1, 0, "c"), waiting(2, 5 * SECOND, "c")])
    assert 5 * SECOND < bundle.ready_at() <= 7 * SECOND
    [bundle] = bundles_of([waiting(number, number * SECOND, "c") for number in range(100)])
    assert bundle.ready_at() == LONGEST_QUIET


def test_what_follows_a_mail_about_its_cause_waits_for_the_time_of_bundling() -> None:
    [bundle] = bundles_of([waiting(1, 3 * MINUTE, "c")])
    assert when_to_make(bundle, {"breach:c": 1 * MINUTE}, 15 * MINUTE) == 16 * MINUTE
    # The cause of the first mail may not have been known yet.
    assert when_to_make(bundle, {"breach:service": 1 * MINUTE}, 15 * MINUTE) == 16 * MINUTE
    assert when_to_make(bundle, {"risk:c": 1 * MINUTE}, 15 * MINUTE) == bundle.ready_at()
