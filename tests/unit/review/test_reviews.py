from __future__ import annotations

import dataclasses

import pytest

from slm_events.agreement import AgreementExpired, AgreementSuperseded, AgreementTerminated
from slm_events.review import ReviewConcluded, ReviewLapsed, ReviewOpened, ReviewScheduled
from slm_review.application import agreements, breaches, cadence, reports, reviews, windows
from slm_review.domain import agenda as agenda_items
from slm_review.domain.errors import AlreadyConcluded, NotFound, NotOpen
from slm_review.domain.findings import attained_window_of
from slm_review.domain.reviews import Review
from tests.support.review import (
    CUSTOMER,
    NOVEMBER,
    MemoryDesk,
    MemoryLedger,
    at,
    breached,
    closed,
    finalized,
    id_of,
    month,
    person,
    reported,
    restated,
    turned,
    withdrawn,
)

NO_CADENCE = {"on_breach": True}


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


def in_state(ledger: MemoryLedger, state: str) -> list[Review]:
    return [review for review in ledger.reviews.values.values() if review.state == state]


def agenda(ledger: MemoryLedger, review: Review) -> list[tuple[str, str, str]]:
    items = [item for item in ledger.agenda.values.values() if item.review_id == review.review_id]
    return sorted((item.kind, item.ref_id, item.state) for item in items)


async def move_to(ledger: MemoryLedger, when: str) -> int:
    ledger.now = at(when)
    return await cadence.open_due_reviews(MemoryDesk(ledger))


async def test_a_breach_opens_a_review_with_itself_on_the_agenda(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    (opened,) = ledger.told(ReviewOpened)
    assert (opened.reason, opened.period) == ("breach", None)
    assert [(item["kind"], item["ref_id"]) for item in opened.agenda] == [("breach", id_of("b"))]


async def test_an_agreement_that_does_not_ask_is_not_reviewed_on_breach(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review={"cadence": "month"}))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    assert ledger.told(ReviewOpened) == []


async def test_further_breaches_join_the_review_that_is_open(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    await breaches.handle_breach(ledger, breached("c", "2026-11-22T09:30", month(10)))
    (review,) = in_state(ledger, "open")
    assert [kind for kind, _, _ in agenda(ledger, review)] == ["breach", "breach"]
    assert len(ledger.told(ReviewOpened)) == 1


async def test_a_breach_after_the_review_was_held_opens_the_next(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    (review,) = in_state(ledger, "open")
    await reviews.conclude_review(MemoryDesk(ledger), person(), review.review_id, "talked", ["Ada"])
    await breaches.handle_breach(ledger, breached("c", "2026-11-22T09:30", month(10)))
    assert len(in_state(ledger, "open")) == len(in_state(ledger, "concluded")) == 1


async def test_a_breach_heard_twice_is_on_the_agenda_once(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    for _ in range(2):
        await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    assert len(ledger.agenda.values) == len(ledger.reviews.values) == 1


async def test_a_breach_heard_before_its_agreement_is_reviewed_once_that_is_known(ledger: MemoryLedger) -> None:
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    await breaches.handle_breach(ledger, breached("c", "2026-11-22T09:30", month(10)))
    assert ledger.reviews.values == {}
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    (review,) = in_state(ledger, "open")
    assert len(agenda(ledger, review)) == 2


async def test_a_withdrawn_breach_is_marked_on_the_agenda(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    await breaches.handle_breach(ledger, breached("c", "2026-11-22T09:30", month(10)))
    await breaches.withdraw_breach(ledger, withdrawn("b"))
    (review,) = in_state(ledger, "open")
    assert agenda(ledger, review) == [("breach", id_of("b"), "withdrawn"), ("breach", id_of("c"), "standing")]


async def test_items_name_their_target_alone_and_its_exact_figure(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    (review,) = in_state(ledger, "open")
    [breach] = [item for item in ledger.agenda.values.values() if item.review_id == review.review_id]
    window = agenda_items.window_item(review, attained_window_of(closed(NOVEMBER, figure="299699/3000")))
    assert breach.detail["target_title"] == window.detail["target_title"] == "Checkout is available"
    assert window.detail["figure"] == "299699/3000"


async def test_a_review_lapses_once_none_of_its_breaches_stands(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    await breaches.withdraw_breach(ledger, withdrawn("b"))
    (review,) = in_state(ledger, "lapsed")
    assert [told.review_id for told in ledger.told(ReviewLapsed)] == [review.review_id]
    await breaches.handle_breach(ledger, breached("d", "2026-11-22T11:00", month(9)))
    assert len(in_state(ledger, "open")) == 1


async def test_a_breach_that_stands_again_is_unmarked(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    await breaches.withdraw_breach(ledger, withdrawn("b"))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00", revision=1))
    (review,) = in_state(ledger, "open")
    assert agenda(ledger, review) == [("breach", id_of("b"), "standing")]


async def test_a_withdrawal_heard_before_its_breach_opens_no_review(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.withdraw_breach(ledger, withdrawn("b"))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    assert ledger.reviews.values == {}
    assert not ledger.breaches.values[id_of("b")].is_standing


async def test_an_open_review_gets_to_see_reports_windows_and_restatements(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    await windows.keep_window(ledger, closed(NOVEMBER, "breached", "9989/100"))
    await reports.keep_report(ledger, reported("r"))
    (review,) = in_state(ledger, "open")
    assert [kind for kind, _, _ in agenda(ledger, review)] == ["breach", "report", "window"]
    await windows.keep_window(ledger, restated(NOVEMBER, "met", "9991/100"))
    assert [kind for kind, _, _ in agenda(ledger, review)] == ["breach", "report", "restatement"]


async def test_an_older_revision_of_a_window_or_report_changes_nothing(ledger: MemoryLedger) -> None:
    await windows.keep_window(ledger, restated(NOVEMBER, "met", "9991/100"))
    await windows.keep_window(ledger, closed(NOVEMBER, "breached", "9989/100"))
    await reports.keep_report(ledger, reported("r", revision=1))
    await reports.keep_report(ledger, reported("r"))
    assert [window.verdict for window in ledger.windows.values.values()] == ["met"]
    assert [report.revision for report in ledger.reports.values.values()] == [1]


async def test_a_finalized_agreement_has_its_first_review_scheduled(ledger: MemoryLedger) -> None:
    for _ in range(2):
        await agreements.keep_agreement(ledger, finalized())
    (scheduled,) = ledger.told(ReviewScheduled)
    assert (scheduled.period, scheduled.due_at) == ("2026-11", "2026-12-01T00:10:00.000000Z")


async def test_periods_that_ended_before_the_signatures_are_not_reviewed(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(effective_at="2020-01-01T00:00:00Z"))
    assert [event.period for event in ledger.told(ReviewScheduled)] == ["2026-10"]


async def test_a_due_review_opens_with_its_periods_findings_and_schedules_the_next(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review={"cadence": "month"}))
    await breaches.handle_breach(ledger, breached("in November", "2026-11-22T09:00"))
    await breaches.handle_breach(ledger, breached("in December", "2026-12-01T00:05", month(12)))
    await windows.keep_window(ledger, closed(NOVEMBER, "breached"))
    await reports.keep_report(ledger, reported("r"))
    assert await move_to(ledger, "2026-12-01T00:09") == 0
    assert await move_to(ledger, "2026-12-01T00:10") == 1
    (opened,) = ledger.told(ReviewOpened)
    assert sorted((item["kind"], item.get("window_id")) for item in opened.agenda) == [
        ("breach", "2026-11"),
        ("report", None),
        ("window", "2026-11"),
    ]
    assert [event.period for event in ledger.told(ReviewScheduled)] == ["2026-11", "2026-12"]


async def test_reviews_missed_while_nobody_watched_are_opened_one_after_another(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized())
    assert [await move_to(ledger, "2027-01-15T00:00") for _ in range(3)] == [1, 1, 0]


async def test_a_superseded_agreement_goes_on_being_reviewed(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized())
    await agreements.keep_agreement(ledger, finalized(2, effective_at="2026-11-15T00:00:00Z"))
    await agreements.end_agreement_version(ledger, turned(AgreementSuperseded, "2026-11-15T00:00", by_version=2))
    await move_to(ledger, "2026-12-01T00:10")
    assert [(review.period, review.state) for review in ledger.reviews.values.values()] == [
        ("2026-11", "open"),
        ("2026-12", "scheduled"),
    ]


async def test_a_terminated_agreements_period_is_reviewed_at_its_end_and_no_more(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized())
    await agreements.end_agreement_version(ledger, turned(AgreementTerminated, "2026-11-15T00:00", reason="moved"))
    assert await move_to(ledger, "2026-11-15T00:10") == 1
    assert in_state(ledger, "scheduled") == []


async def test_a_review_of_a_period_that_never_begins_is_cancelled(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized())
    await agreements.end_agreement_version(ledger, turned(AgreementExpired, "2026-11-01T00:00"))
    assert len(in_state(ledger, "cancelled")) == 1


async def test_an_end_of_an_unknown_version_is_passed_over(ledger: MemoryLedger) -> None:
    await agreements.end_agreement_version(ledger, turned(AgreementExpired, "2026-11-01T00:00"))
    assert ledger.agreements.values == {}


async def test_a_held_review_says_what_was_said_and_by_whom(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    (review,) = in_state(ledger, "open")
    concluded = await reviews.conclude_review(MemoryDesk(ledger), person(), review.review_id, "talked", ["Ada", "Bob"])
    assert (concluded.state, concluded.summary, concluded.attendees) == ("concluded", "talked", ["Ada", "Bob"])
    assert [event.summary for event in ledger.told(ReviewConcluded)] == ["talked"]
    assert ledger.notes == [("review.concluded", review.review_id)]


async def test_a_review_is_held_once(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized(review=NO_CADENCE))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    (review,) = in_state(ledger, "open")
    await reviews.conclude_review(MemoryDesk(ledger), person(), review.review_id, "talked", ["Ada"])
    with pytest.raises(AlreadyConcluded):
        await reviews.conclude_review(MemoryDesk(ledger), person(), review.review_id, "again", ["Ada"])


async def test_a_scheduled_review_cannot_be_held(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized())
    (review,) = in_state(ledger, "scheduled")
    with pytest.raises(NotOpen, match="2026-12-01T00:10"):
        await reviews.conclude_review(MemoryDesk(ledger), person(), review.review_id, "early", ["Ada"])


async def test_a_strangers_review_is_not_found(ledger: MemoryLedger) -> None:
    await agreements.keep_agreement(ledger, finalized())
    (review,) = in_state(ledger, "scheduled")
    stranger = dataclasses.replace(person(CUSTOMER), party_id=id_of("stranger"))
    with pytest.raises(NotFound):
        await reviews.conclude_review(MemoryDesk(ledger), stranger, review.review_id, "mine?", ["Eve"])
