"""Answers target by target: what is recorded, what stands for a later revision, and whose turn it is."""

from __future__ import annotations

from typing import Any

import pytest

from slm_agreement.domain.contracting import answering, deadlines, negotiation
from slm_agreement.domain.contracting.answering import ACCEPTED, CHANGED, REFUSED, TargetDecisions
from slm_agreement.domain.contracting.negotiation import CounterRevision
from slm_agreement.domain.errors import Invalid, OtherSideAnswers
from slm_agreement.domain.versions.agreement import Version, VersionState
from slm_events.agreement import AgreementAgreed, AgreementCountered
from tests.unit.agreement.people import ADA, AVAILABILITY, CARL, CUSTOMER, DAY, NOW, PROVIDER, SHARE, draft, resolved

STRICTER = {**AVAILABILITY, "objective": {"at_least": "99.95", "unit": "percent"}}


def _proposed(**changed: Any) -> Version:
    version = draft(targets=[AVAILABILITY, SHARE], **changed)
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    return version


def _refuse(version: Version, **reasons: str) -> None:
    keys = [target["key"] for target in version.current.document["targets"]]
    answer = TargetDecisions([key for key in keys if key not in reasons], reasons)
    negotiation.record_refusals(version, version.current.hash, answer, CARL, NOW)


def _counter(version: Version, actor: Any, answer: TargetDecisions = answering.NO_DECISIONS, **changed: Any) -> None:
    document = resolved(**({"targets": [AVAILABILITY, SHARE]} | changed))
    negotiation.record_counter_proposal(
        version, version.current.hash, CounterRevision(document, None, answer), actor, NOW
    )


def _words(version: Version, party_id: str) -> dict[str, tuple[str, bool, bool]]:
    found = answering.latest_target_answers(version, party_id)
    return {key: (word.answer.answer, word.still_applies, word.is_from_earlier_revision) for key, word in found.items()}


def test_a_refused_target_makes_the_proposer_answer() -> None:
    version = _proposed()
    _refuse(version, fast="Half a second is too slow")
    assert (version.state, version.current.number, version.awaited_party_id) == (VersionState.COUNTERED, 1, PROVIDER)
    assert _words(version, CUSTOMER) == {"up": (ACCEPTED, True, False), "fast": (REFUSED, True, False)}
    event = version.events[-1]
    assert isinstance(event, AgreementCountered)
    assert event.target_answers[-1] == {"target": "fast", "answer": "refused", "reason": "Half a second is too slow"}


def test_acceptances_stand_where_the_next_revision_changes_nothing() -> None:
    version = _proposed()
    _refuse(version, fast="Too slow")
    _counter(version, ADA, targets=[AVAILABILITY, {**SHARE, "objective": {"at_least": "98"}}])
    assert _words(version, CUSTOMER) == {"up": (ACCEPTED, True, True), "fast": (REFUSED, False, False)}
    assert version.awaited_party_id == CUSTOMER
    assert negotiation.would_accept_every_target(version, TargetDecisions(["fast"]), CARL)
    assert not negotiation.would_accept_every_target(version, TargetDecisions(), CARL)


def test_a_refusal_stands_while_the_target_stays_as_it_is() -> None:
    version = _proposed()
    _refuse(version, fast="Too slow")
    _counter(version, ADA, targets=[STRICTER, SHARE])
    assert _words(version, CUSTOMER)["fast"] == (REFUSED, True, True)
    assert not negotiation.would_accept_every_target(version, TargetDecisions(["up"]), CARL)
    assert negotiation.would_accept_every_target(version, TargetDecisions(["up", "fast"]), CARL)


def test_other_service_hours_of_the_same_name_are_other_terms() -> None:
    hours = {"business": {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]]}}}
    longer = {"business": {"timezone": "UTC", "weekly": {"mon-fri": [["06:00", "18:00"]]}}}
    target = {**AVAILABILITY, "service_hours": "business"}
    version = draft(targets=[target, SHARE], service_hours=hours)
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    _refuse(version, fast="Too slow")
    _counter(version, ADA, targets=[target, SHARE], service_hours=longer)
    assert _words(version, CUSTOMER) == {"up": (ACCEPTED, False, False), "fast": (REFUSED, True, True)}


def test_a_composite_changes_with_its_members() -> None:
    both: dict[str, Any] = {
        "key": "both",
        "aggregation": {"composite": {"of": "verdicts", "rule": "all_of", "members": ["up", "fast"]}},
        "window": {"calendar": "month"},
    }
    version = draft(targets=[AVAILABILITY, SHARE, both])
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    _refuse(version, up="Too little")
    _counter(version, ADA, targets=[STRICTER, SHARE, both])
    assert _words(version, CUSTOMER)["both"] == (ACCEPTED, False, False)
    assert _words(version, CUSTOMER)["fast"] == (ACCEPTED, True, True)


def test_composites_in_a_circle_have_a_hash() -> None:
    def of(key: str, member: str) -> dict[str, Any]:
        composite = {"composite": {"members": [{"target": member, "weight": "1"}]}}
        return {"key": key, "aggregation": composite, "window": {"calendar": "month"}}

    document = {"timezone": "UTC", "service_hours": {}, "targets": [of("a", "b"), of("b", "a")]}
    assert answering.compute_terms_hash(document["targets"][0], document) != answering.compute_terms_hash(
        document["targets"][1], document
    )


def test_a_counter_proposal_answers_each_target_by_its_document() -> None:
    version = _proposed()
    _counter(version, CARL, TargetDecisions(["fast"], {"up": "We need more"}), targets=[STRICTER, SHARE])
    said = {answer.target_key: (answer.answer, answer.reason) for answer in version.answers[2:4]}
    assert said == {"up": (CHANGED, "We need more"), "fast": (ACCEPTED, "")}
    assert _words(version, CUSTOMER) == {"up": (ACCEPTED, True, False), "fast": (ACCEPTED, True, False)}
    assert _words(version, PROVIDER) == {"up": (ACCEPTED, False, False), "fast": (ACCEPTED, True, True)}
    negotiation.record_acceptance(version, version.current.hash, ADA, [], NOW)
    assert (version.state, version.awaited_party_id) == (VersionState.AGREED, None)
    assert isinstance(version.events[-1], AgreementAgreed)


def test_the_reason_of_a_change_is_of_that_change_only() -> None:
    version = _proposed()
    _refuse(version, up="Too little")
    _counter(version, ADA, TargetDecisions([], {"up": "A second line is laid"}), targets=[STRICTER, SHARE])
    assert answering.latest_target_answers(version, PROVIDER)["up"].answer.reason == "A second line is laid"
    _refuse(version, up="Still too little")
    _counter(version, ADA, targets=[{**STRICTER, "objective": {"at_least": "99.99", "unit": "percent"}}, SHARE])
    assert answering.latest_target_answers(version, PROVIDER)["up"].answer.reason == ""


def test_a_document_that_contradicts_the_lists_is_refused() -> None:
    version = _proposed()
    with pytest.raises(Invalid) as refused:
        _counter(version, CARL, TargetDecisions(["up"], {"fast": "Too slow"}), targets=[STRICTER, SHARE])
    assert [finding.field for finding in refused.value.findings] == ["accept", "refuse"]
    assert len(version.revisions) == 1


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (TargetDecisions(["up"]), "accept"),
        (TargetDecisions(["up", "fast", "other"]), "accept"),
        (TargetDecisions(["up"], {"other": "no"}), "refuse"),
        (TargetDecisions(["up", "fast"], {"fast": "no"}), "refuse"),
    ],
)
def test_an_answer_covers_every_target_once(answer: TargetDecisions, field: str) -> None:
    version = _proposed()
    with pytest.raises(Invalid) as refused:
        negotiation.record_refusals(version, version.current.hash, answer, CARL, NOW)
    assert field in {finding.field for finding in refused.value.findings}
    assert version.state == VersionState.PROPOSED


def test_a_refusal_can_be_taken_back_until_another_revision_comes() -> None:
    version = _proposed()
    _refuse(version, fast="Too slow")
    edits = version.edits
    _refuse(version, fast="Too slow")
    assert (version.edits, len(version.events)) == (edits, 2)  # the same answer, sent again
    assert negotiation.would_accept_every_target(version, TargetDecisions(["fast"]), CARL)
    negotiation.record_acceptance(version, version.current.hash, CARL, [], NOW)
    assert version.state == VersionState.AGREED


def test_a_proposer_cannot_accept_for_the_side_that_refused() -> None:
    version = _proposed()
    _refuse(version, fast="Too slow")
    with pytest.raises(OtherSideAnswers, match="counter with a document"):
        negotiation.record_acceptance(version, version.current.hash, ADA, [], NOW)


def test_versions_from_before_answers_were_stored_have_their_acceptances() -> None:
    version = _proposed()
    version.answers.clear()
    assert _words(version, PROVIDER) == {"up": (ACCEPTED, True, False), "fast": (ACCEPTED, True, False)}


def test_a_missed_answer_is_one_event_and_decides_nothing() -> None:
    version = draft()
    with pytest.raises(Invalid):
        negotiation.record_proposal(version, version.head.hash, ADA, NOW, NOW)
    negotiation.record_proposal(version, version.head.hash, ADA, NOW, NOW + DAY)
    assert deadlines.mark_missed_answers([version], NOW + DAY - 1) == []
    [event] = deadlines.mark_missed_answers([version], NOW + DAY)
    assert (event.awaited_party_id, event.answer_by) == (CUSTOMER, "2026-11-23T10:00:00.000000Z")
    assert deadlines.mark_missed_answers([version], NOW + 2 * DAY) == []
    assert version.state == VersionState.PROPOSED
    negotiation.record_acceptance(version, version.current.hash, CARL, [], NOW + 2 * DAY)


def test_an_answer_in_time_is_not_missed() -> None:
    version = draft()
    negotiation.record_proposal(version, version.head.hash, ADA, NOW, NOW + DAY)
    negotiation.record_acceptance(version, version.current.hash, CARL, [], NOW)
    assert deadlines.next_automatic_change_at(version) is None
    assert deadlines.mark_missed_answers([version], NOW + DAY) == []
