"""Signatures: by persons with a mandate, of both parties, on one hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from slm_agreement.domain.contracting import negotiation, signing
from slm_agreement.domain.contracting.signing import Signer, SigningContext
from slm_agreement.domain.errors import Invalid, NotAllowed, WrongState
from slm_agreement.domain.people.enrolment import ApiKey, EnrolledPrincipal
from slm_agreement.domain.people.people import Person
from slm_agreement.domain.versions.agreement import Actor, Version, VersionState
from slm_events import instants
from slm_events.agreement import AgreementFinalized
from tests.unit.agreement.people import (
    ADA,
    CARL,
    CUSTOMER,
    DAY,
    EMMY,
    GRACE,
    NAMES,
    NOW,
    PROVIDER,
    actor,
    draft,
    person,
)


def _agreed(others: Sequence[Version] = (), **changed: Any) -> Version:
    version = draft(**changed)
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    negotiation.record_acceptance(version, version.current.hash, CARL, others, NOW)
    version.events.clear()
    return version


def _sign(version: Version, who: Actor, as_person: Person | None = None, **more: Any) -> None:
    given: dict[str, Any] = {"revision_hash": version.current.hash, "waivers": [], "others": [], "now": NOW, **more}
    signer = _signer(version, who, as_person or person(who))
    context = SigningContext(given["others"], NAMES)
    signing.record_signature(version, given["revision_hash"], given["waivers"], signer, context, given["now"])


def _signer(version: Version, who: Actor, behind: Person | None, *, may_sign: bool = True) -> Signer:
    key = ApiKey(f"key of {who.principal_id}", "0", [], NOW, None, "operator", "op", "An operator", may_sign)
    principal = EnrolledPrincipal(who.principal_id, who.party_id, "k", "n", sorted(who.roles), who.person_id, [key])
    return signing.authorize_signer(version.identity.side_of(who.party_id), principal, key.key_id, behind, NOW)


def test_the_last_required_signature_finalizes() -> None:
    version = _agreed()
    _sign(version, GRACE)
    assert version.state == VersionState.AGREED
    assert signing.describe_missing_signatures(version) == [
        {"side": "customer", "needs": "a person with a mandate as business_signatory"}
    ]
    _sign(version, EMMY)
    assert version.state == VersionState.FINALIZED
    [event] = version.events
    assert isinstance(event, AgreementFinalized)
    assert [signature["name"] for signature in event.signatures] == ["principal grace", "principal emmy"]


def test_nothing_is_signed_before_both_have_accepted() -> None:
    version = draft()
    negotiation.record_proposal(version, version.head.hash, ADA, NOW)
    with pytest.raises(WrongState):
        _sign(version, GRACE)


def test_a_signature_is_on_the_hash_it_names() -> None:
    with pytest.raises(Invalid):
        _sign(_agreed(), GRACE, revision_hash="0" * 64)


def test_the_author_of_a_revision_cannot_sign_alone_for_its_side() -> None:
    version = _agreed()
    ada = Actor(ADA.principal_id, PROVIDER, frozenset({"provider_signatory"}), ADA.person_id)
    _sign(version, ada)
    _sign(version, EMMY)
    assert version.state == VersionState.AGREED
    assert signing.describe_missing_signatures(version) == [
        {"side": "provider", "needs": "a person other than the author of the revision"}
    ]
    _sign(version, GRACE)
    assert version.state == VersionState.FINALIZED


def test_one_person_cannot_sign_for_both_parties() -> None:
    version = _agreed()
    _sign(version, GRACE, person(GRACE, email="g@example.com"))
    both = actor("grace too", CUSTOMER, "business_signatory")
    with pytest.raises(NotAllowed, match="cannot sign for both"):
        _sign(version, both, person(both, email=" G@Example.com "))


def test_a_person_without_a_mandate_that_holds_now_cannot_sign() -> None:
    for mandate in ({"valid_from": NOW + 1}, {"valid_until": NOW}):
        with pytest.raises(NotAllowed, match="no mandate"):
            _sign(_agreed(), GRACE, person(GRACE, **mandate))


def test_a_principal_without_a_person_or_with_another_partys_cannot_sign() -> None:
    version = _agreed()
    with pytest.raises(NotAllowed):
        _signer(version, GRACE, None)
    with pytest.raises(NotAllowed):
        _sign(version, GRACE, person(EMMY))


def test_a_key_that_a_manager_had_a_hand_in_signs_nothing() -> None:
    with pytest.raises(NotAllowed, match="was involved"):
        _signer(_agreed(), GRACE, person(GRACE), may_sign=False)


def test_a_signature_names_its_key_and_who_issued_the_key() -> None:
    version = _agreed()
    _sign(version, GRACE)
    _sign(version, EMMY)
    told = version.events[0].signatures[0]
    assert (told["key_id"], told["key_issued_how"], told["key_issued_by"], told["key_issued_at"]) == (
        f"key of {GRACE.principal_id}",
        "operator",
        "An operator",
        instants.to_text(NOW),
    )


def test_each_side_signs_with_its_own_role() -> None:
    with pytest.raises(NotAllowed, match="provider_signatory"):
        _sign(_agreed(), actor("grace", PROVIDER, "business_signatory"))


def test_everybody_the_document_names_has_to_sign() -> None:
    version = _agreed(signatories={"provider": ["grace", "hopper"]})
    [first, second] = version.current.document["signatories"]["provider"]
    for person_id in (first, second):
        assert version.state == VersionState.AGREED
        signer = Actor(f"of {person_id}", PROVIDER, frozenset({"provider_signatory"}), person_id)
        _sign(version, signer)
    _sign(version, EMMY)
    assert version.state == VersionState.FINALIZED


def test_a_signature_given_twice_counts_once() -> None:
    version = _agreed()
    _sign(version, GRACE)
    _sign(version, GRACE)
    assert len(version.signatures) == 1
    _sign(version, EMMY)
    _sign(version, EMMY)
    assert len(version.events) == 1


def test_a_warning_is_waived_by_name_with_a_reason_in_the_signature() -> None:
    version = _agreed(requirements=[])
    with pytest.raises(Invalid) as refused:
        _sign(version, GRACE)
    [finding] = refused.value.findings
    waiver = {"code": finding.code, "reason": "The old terms, continued."}
    _sign(version, GRACE, waivers=[waiver])
    _sign(version, EMMY)  # waived once is waived
    assert version.state == VersionState.FINALIZED
    assert version.signatures[0].waivers == [{**waiver, "waived_by": "principal grace", "side": "provider"}]
    assert [kept["code"] for kept in version.signatures[1].findings] == [finding.code]


@pytest.mark.parametrize(("expires_at", "ends_at"), [(None, NOW + 30 * DAY), ("2026-12-05T00:00:00Z", None)])
def test_an_amendment_signed_after_notice_was_given_ends_with_the_agreement(
    expires_at: str | None, ends_at: int | None
) -> None:
    ending = draft(1)
    ending.state, ending.finalized_at, ending.effective_at = VersionState.IN_FORCE, NOW, NOW
    ending.ends_at, ending.end_reason = NOW + 30 * DAY, "Insourced"
    term = {"effective_at": "2026-12-01T00:00:00Z", "expires_at": expires_at}
    version = _agreed(number=2, base=1, others=[ending], term=term)
    for who in (GRACE, EMMY):
        _sign(version, who, others=[ending])
    assert version.state == VersionState.FINALIZED
    assert version.ends_at == (ends_at or instants.from_text(str(expires_at)))
    assert version.end_reason == ("Insourced" if ends_at else "")
