from __future__ import annotations

from typing import Any

import pytest

from slm_events.agreement import AgreementExpired, AgreementSuperseded, AgreementTerminated
from slm_events.review import ActionOpened, LessonRecorded, TargetRevisionProposed
from slm_review.application import actions, agreements, breaches, lessons, proposals, windows
from slm_review.application.actions import ActionDecision
from slm_review.domain.errors import NotAcceptable, NotOpen
from tests.support.review import (
    CUSTOMER,
    TARGET,
    MemoryDesk,
    MemoryLedger,
    at,
    breached,
    closed,
    drafted,
    finalized,
    month,
    person,
    turned,
)


@pytest.fixture
async def ledger() -> MemoryLedger:
    """An agreement with a review opened by a breach."""
    ledger = MemoryLedger()
    await agreements.keep_agreement(ledger, finalized(review={"on_breach": True}))
    await breaches.handle_breach(ledger, breached("b", "2026-11-22T09:00"))
    ledger.published.clear()
    return ledger


def review_of(ledger: MemoryLedger) -> str:
    (review_id,) = ledger.reviews.values
    return review_id


def decided(**changed: Any) -> ActionDecision:
    given: dict[str, Any] = {
        "text": "Automate the rollback",
        "owner": "Checkout team",
        "due_at": at("2026-12-15T00:00"),
        "target": "checkout-availability",
        "expected_change": "Outages end within 10 minutes",
        "external_refs": [],
    }
    return ActionDecision(**(given | changed))


async def test_a_lesson_is_recorded_and_told(ledger: MemoryLedger) -> None:
    lesson = await lessons.record_lesson(MemoryDesk(ledger), person(), review_of(ledger), "Roll back first.")
    (told,) = ledger.told(LessonRecorded)
    assert (told.lesson_id, told.text, told.review_id) == (lesson.lesson_id, "Roll back first.", review_of(ledger))


async def test_a_lesson_of_a_review_still_to_come_is_refused() -> None:
    ledger = MemoryLedger()
    await agreements.keep_agreement(ledger, finalized())
    with pytest.raises(NotOpen):
        await lessons.record_lesson(MemoryDesk(ledger), person(), review_of(ledger), "Too early.")


async def test_an_action_names_the_target_it_should_move(ledger: MemoryLedger) -> None:
    await actions.open_action(MemoryDesk(ledger), person(), review_of(ledger), decided())
    (told,) = ledger.told(ActionOpened)
    assert (told.target_id, told.target_key, told.due_at) == (
        TARGET,
        "checkout-availability",
        "2026-12-15T00:00:00.000000Z",
    )


async def test_an_action_for_an_unknown_target_is_refused_naming_those_there_are(ledger: MemoryLedger) -> None:
    with pytest.raises(NotAcceptable, match="it has checkout-availability"):
        await actions.open_action(MemoryDesk(ledger), person(), review_of(ledger), decided(target="typo"))


async def test_an_action_due_in_the_past_is_refused(ledger: MemoryLedger) -> None:
    with pytest.raises(NotAcceptable, match="in the future"):
        await actions.open_action(
            MemoryDesk(ledger), person(), review_of(ledger), decided(due_at=at("2026-01-01T00:00"))
        )


async def propose(ledger: MemoryLedger, **objective: Any) -> Any:
    return await proposals.propose_objective(
        MemoryDesk(ledger), person(), review_of(ledger), "checkout-availability", objective, "because"
    )


async def test_a_proposal_keeps_the_targets_unit(ledger: MemoryLedger) -> None:
    await propose(ledger, at_least="99.95")
    (told,) = ledger.told(TargetRevisionProposed)
    assert told.objective == {"at_least": "99.95", "unit": "percent"}
    assert (told.target_id, told.proposed_by_party_id) == (TARGET, CUSTOMER)


@pytest.mark.parametrize(
    "objective",
    [
        {"at_most": "99.95"},
        {"at_least": 99.95},
        {"at_least": "most"},
        {"at_least": "99.9"},
        {},
        {"at_least": "99.95", "unit": "ms"},
        {"at_least": "99.95", "at_most": "100"},
    ],
)
async def test_an_objective_the_target_cannot_have_is_refused(ledger: MemoryLedger, objective: dict[str, Any]) -> None:
    with pytest.raises(NotAcceptable):
        await propose(ledger, **objective)


async def test_a_drafted_amendment_is_linked_to_the_proposal_it_answers(ledger: MemoryLedger) -> None:
    proposal = await propose(ledger, at_least="99.95")
    for _ in range(2):
        await proposals.link_amendment(ledger, drafted(proposal.proposal_id))
    (kept,) = ledger.proposals.values.values()
    assert (kept.state, kept.amendment_version, kept.amendment_revision_hash) == ("drafted", 2, "ab" * 32)


async def test_an_amendment_that_answers_nothing_is_passed_over(ledger: MemoryLedger) -> None:
    await proposals.link_amendment(ledger, drafted(None))
    assert ledger.amendments.values == {}


async def comfortable(ledger: MemoryLedger, *numbers: int) -> None:
    for number in numbers:
        await windows.keep_window(ledger, closed(month(number)))


async def test_three_comfortable_windows_raise_a_proposal_by_themselves(ledger: MemoryLedger) -> None:
    await comfortable(ledger, 7, 8, 9)
    (told,) = ledger.told(TargetRevisionProposed)
    assert told.objective == {"at_least": "99.945", "unit": "percent"}
    assert (told.review_id, told.proposed_by_party_id) == (None, None)
    assert "2026-07" in told.reason


async def test_a_target_that_stays_comfortable_is_proposed_once(ledger: MemoryLedger) -> None:
    await comfortable(ledger, 5, 6, 7, 8, 9, 7)
    assert len(ledger.told(TargetRevisionProposed)) == 1


async def test_windows_heard_before_the_agreement_propose_once_that_is_known() -> None:
    ledger = MemoryLedger()
    await comfortable(ledger, 7, 8, 9)
    assert ledger.published == []
    await agreements.keep_agreement(ledger, finalized())
    assert len(ledger.told(TargetRevisionProposed)) == 1


async def test_a_replay_makes_the_same_proposal_and_finds_its_answer(ledger: MemoryLedger) -> None:
    await comfortable(ledger, 7, 8, 9)
    (proposal_id,) = ledger.proposals.values
    replay = MemoryLedger()
    await agreements.keep_agreement(replay, finalized())
    await proposals.link_amendment(replay, drafted(proposal_id))
    await comfortable(replay, 7, 8, 9)
    assert replay.proposals.values[proposal_id].state == "drafted"


async def test_terms_that_hold_no_longer_are_not_proposed_to_be_raised(ledger: MemoryLedger) -> None:
    await agreements.end_agreement_version(ledger, turned(AgreementSuperseded, "2026-11-15T00:00", by_version=2))
    await comfortable(ledger, 7, 8, 9)
    assert ledger.told(TargetRevisionProposed) == []


@pytest.mark.parametrize(("event", "more"), [(AgreementExpired, {}), (AgreementTerminated, {"reason": "moved"})])
async def test_an_open_proposal_lapses_when_its_agreement_ends(
    ledger: MemoryLedger, event: type[Any], more: dict[str, Any]
) -> None:
    await propose(ledger, at_least="99.95")
    await agreements.end_agreement_version(ledger, turned(event, "2026-12-15T00:00", **more))
    (kept,) = ledger.proposals.values.values()
    assert (kept.state, kept.ended_at, kept.end_reason) == ("lapsed", at("2026-12-15T00:00"), "The agreement ended.")


async def test_an_open_proposal_stays_when_another_version_goes_on(ledger: MemoryLedger) -> None:
    await propose(ledger, at_least="99.95")
    await agreements.end_agreement_version(ledger, turned(AgreementSuperseded, "2026-12-15T00:00", by_version=2))
    (kept,) = ledger.proposals.values.values()
    assert kept.state == "proposed"
