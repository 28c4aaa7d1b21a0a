"""The moves of a negotiation: whose turn it is, and that every move names what it is about."""

from __future__ import annotations

import hashlib

import pytest
import rfc8785

from slm_agreement.domain.contracting import negotiation
from slm_agreement.domain.contracting.answering import TargetDecisions
from slm_agreement.domain.contracting.negotiation import CounterRevision
from slm_agreement.domain.errors import Invalid, NotAllowed, Unknown, WrongState
from slm_agreement.domain.versions.agreement import Version, VersionState, add_revision
from slm_events.agreement import AgreementAgreed, AgreementCountered, AgreementProposed, AgreementWithdrawn
from tests.unit.agreement.people import ADA, CARL, EMMY, IDENTITY, NOW, PROVIDER, actor, draft, resolved


def _proposed() -> Version:
    version = draft()
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    return version


def test_a_revisions_identity_is_the_hash_of_its_canonical_json() -> None:
    version = draft()
    assert hashlib.sha256(rfc8785.dumps(version.head.content)).hexdigest() == version.head.hash


def test_equal_content_is_the_same_revision_other_content_gets_the_next() -> None:
    version = draft()
    assert add_revision(version, resolved(), CARL, None, NOW + 1) is version.head
    assert add_revision(version, resolved(title="Other"), ADA, None, NOW).number == 2


def test_the_hash_binds_the_document_to_its_agreement_and_version() -> None:
    assert draft(1).head.hash != draft(2).head.hash


def test_a_draft_can_be_revised_by_its_author_only() -> None:
    version = draft()
    assert negotiation.add_draft_revision(version, resolved(title="Other"), ADA, None, NOW).number == 2
    with pytest.raises(NotAllowed):
        negotiation.add_draft_revision(version, resolved(title="Mine"), CARL, None, NOW)


def test_going_back_to_an_earlier_text_is_a_revision_of_its_own() -> None:
    version = draft()
    negotiation.add_draft_revision(version, resolved(title="Other"), ADA, None, NOW)
    again = negotiation.add_draft_revision(version, resolved(), ADA, None, NOW)
    assert (again.number, again.hash) == (3, version.revisions[0].hash)


def test_a_proposal_is_its_proposers_acceptance() -> None:
    version = _proposed()
    assert version.state == VersionState.PROPOSED
    assert version.accepted_by(PROVIDER)
    [event] = version.events
    assert isinstance(event, AgreementProposed)
    assert (event.revision_hash, event.by_party_id) == (version.head.hash, PROVIDER)


def test_nobody_accepts_their_own_proposal_or_has_the_word_twice() -> None:
    version = _proposed()
    with pytest.raises(WrongState):
        negotiation.record_acceptance(version, version.current.hash, ADA, [], NOW)
    with pytest.raises(WrongState):
        negotiation.record_counter_proposal(
            version, version.current.hash, CounterRevision(resolved(title="More"), None), ADA, NOW
        )


def test_a_move_that_names_another_revision_is_refused() -> None:
    version = _proposed()
    with pytest.raises(Invalid):
        negotiation.record_acceptance(version, "0" * 64, CARL, [], NOW)


def test_countering_tables_a_new_revision_and_only_that_may_be_accepted() -> None:
    version = _proposed()
    first = version.current.hash
    negotiation.record_counter_proposal(version, first, CounterRevision(resolved(title="Mine"), None), CARL, NOW)
    assert (version.state, version.current.number) == (VersionState.COUNTERED, 2)
    with pytest.raises(Invalid):
        negotiation.record_acceptance(version, first, ADA, [], NOW)
    negotiation.record_acceptance(version, version.current.hash, ADA, [], NOW)
    assert version.state == VersionState.AGREED
    assert [type(event) for event in version.events] == [AgreementProposed, AgreementCountered, AgreementAgreed]


def test_countering_with_what_is_on_the_table_is_refused() -> None:
    version = _proposed()
    with pytest.raises(WrongState, match="accept that one"):
        negotiation.record_counter_proposal(version, version.current.hash, CounterRevision(resolved(), None), CARL, NOW)


def test_a_counter_proposal_can_return_to_an_earlier_revision() -> None:
    version = _proposed()
    first = version.current.hash
    negotiation.record_counter_proposal(version, first, CounterRevision(resolved(title="Mine"), None), CARL, NOW)
    negotiation.record_counter_proposal(version, version.current.hash, CounterRevision(resolved(), None), ADA, NOW)
    assert (version.current.number, version.current.hash) == (1, first)
    assert len(version.revisions) == 2


def test_the_same_move_sent_again_changes_nothing() -> None:
    version = _proposed()
    negotiation.record_proposal(version, version.current.hash, ADA, NOW)
    countered = version.current.hash
    for _ in range(2):
        negotiation.record_counter_proposal(
            version, countered, CounterRevision(resolved(title="Mine"), None), CARL, NOW
        )
    for _ in range(2):
        negotiation.record_acceptance(version, version.current.hash, ADA, [], NOW)
    assert len(version.events) == 3


def test_nothing_with_an_error_in_it_can_be_accepted() -> None:
    version = draft(term={})
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    with pytest.raises(Invalid) as refused:
        negotiation.record_acceptance(version, version.current.hash, CARL, [], NOW)
    assert [finding.code for finding in refused.value.findings] == ["time-bound.no-effective-at"]


def test_either_party_withdraws_what_is_on_the_table() -> None:
    version = _proposed()
    negotiation.record_withdrawal(version, "Too dear.", CARL, NOW)
    assert version.state == VersionState.WITHDRAWN
    assert isinstance(version.events[-1], AgreementWithdrawn)
    with pytest.raises(WrongState):
        negotiation.record_acceptance(version, version.current.hash, CARL, [], NOW)


def test_a_draft_withdrawn_before_anybody_saw_it_is_not_told() -> None:
    version = draft()
    negotiation.record_withdrawal(version, "", ADA, NOW)
    assert version.events == []
    assert not version.visible_to(CARL.party_id)


def test_a_third_party_sees_no_agreement_and_a_signatory_does_not_negotiate() -> None:
    version = _proposed()
    with pytest.raises(Unknown):
        negotiation.record_acceptance(version, version.current.hash, actor("eve", "another party"), [], NOW)
    with pytest.raises(NotAllowed):
        negotiation.record_counter_proposal(
            version, version.current.hash, CounterRevision(resolved(title="Mine"), None), EMMY, NOW
        )
    with pytest.raises(NotAllowed):
        negotiation.record_acceptance(version, version.current.hash, actor("vic", CARL.party_id, "viewer"), [], NOW)


def test_a_signatory_accepts_and_refuses_what_the_other_side_proposed() -> None:
    version = _proposed()
    negotiation.record_refusals(version, version.current.hash, TargetDecisions([], {"up": "More."}), EMMY, NOW)
    assert version.state == VersionState.COUNTERED
    negotiation.record_acceptance(version, version.current.hash, EMMY, [], NOW)
    assert version.state == VersionState.AGREED


def test_private_revisions_of_a_draft_stay_private_when_the_last_is_proposed() -> None:
    version = draft()
    negotiation.add_draft_revision(version, resolved(title="Other"), ADA, None, NOW)
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    assert [revision.number for revision in version.revisions_for(CARL.party_id)] == [2]
    assert [revision.number for revision in version.revisions_for(PROVIDER)] == [1, 2]
    assert IDENTITY.side_of(CARL.party_id) == "customer"
