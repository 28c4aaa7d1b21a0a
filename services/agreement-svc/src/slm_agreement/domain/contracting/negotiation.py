"""The negotiation between two parties: propose, counter, accept, withdraw. Every step names a revision's hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from slm_agreement.domain.checks import smart
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, NothingChanged, OtherSideAnswers, WrongState
from slm_agreement.domain.versions.agreement import (
    ON_THE_TABLE,
    OPEN,
    Acceptance,
    Mover,
    Revision,
    State,
    Version,
    required_hash,
    write,
)
from slm_events import instants
from slm_events.agreement import (
    AgreementAgreed,
    AgreementCountered,
    AgreementMoved,
    AgreementProposed,
    AgreementWithdrawn,
    AmendmentDrafted,
)

NEGOTIATOR = "service_level_manager"


def revise(version: Version, document: dict[str, Any], mover: Mover, base_version: int | None, now: int) -> Revision:
    """Add a revision to a draft, for the party that drafts it. The same content gives the same revision."""
    _negotiator(version, mover)
    _must_be(version, State.DRAFT, remedy="answer with a counter-proposal")
    known = len(version.revisions)
    revision = write(version, document, mover, base_version, now)
    # The revision written last is the draft, even if it repeats an earlier text.
    if revision is not version.head:
        version.revisions.append(replace(revision, number=known + 1, author=mover, created_at=now))
    version.edits += len(version.revisions) - known
    return version.head


def record_proposal(version: Version, revision_hash: Any, mover: Mover, now: int) -> None:
    """Propose a draft to the other party."""
    _negotiator(version, mover)
    if version.state == State.PROPOSED and _tabled_by(version, mover) and version.current.hash == revision_hash:
        return
    _must_be(version, State.DRAFT, remedy="it was proposed before")
    required_hash(revision_hash, version)
    _table(version, version.head, mover, now)
    version.state = State.PROPOSED
    version.events.append(_moved(AgreementProposed, version, mover, now))


def record_counter(
    version: Version, revision_hash: Any, document: dict[str, Any], mover: Mover, base_version: int | None, now: int
) -> Revision:
    """Answer the proposed revision with another one, which becomes the proposed one."""
    _negotiator(version, mover)
    known = len(version.revisions)
    if version.state == State.COUNTERED and _tabled_by(version, mover):
        revision = write(version, document, mover, base_version, now)
        if revision.hash == version.current.hash:
            return version.current  # the same counter-proposal, sent again
        del version.revisions[known:]
    _must_be(version, *ON_THE_TABLE, remedy="only a proposed revision can be countered")
    _others_word(version, mover)
    required_hash(revision_hash, version)
    revision = write(version, document, mover, base_version, now)
    if revision.hash == version.current.hash:
        raise NothingChanged("The document equals the proposed revision: accept that one, or change something.")
    _table(version, revision, mover, now)
    version.state = State.COUNTERED
    version.events.append(_moved(AgreementCountered, version, mover, now))
    return version.current


def record_acceptance(
    version: Version,
    revision_hash: Any,
    mover: Mover,
    others: Sequence[Version],
    now: int,
    around: Sequence[Finding] = (),
) -> None:
    """Accept the other party's proposed revision; raises Invalid while a check finds errors."""
    _negotiator(version, mover)
    party_id = str(mover.party_id)
    if version.state == State.AGREED and version.current.hash == revision_hash and version.accepted_by(party_id):
        return
    _must_be(version, *ON_THE_TABLE, remedy="only a proposed revision can be accepted")
    _others_word(version, mover)
    required_hash(revision_hash, version)
    found = smart.errors_of(smart.smart_findings(version, version.current, others, now, around))
    if found:
        raise Invalid("The check finds errors: counter with a revision that corrects them.", found)
    version.acceptances.append(Acceptance(party_id, version.current.hash, mover.principal_id, now))
    version.state = State.AGREED
    version.edits += 1
    version.events.append(_moved(AgreementAgreed, version, mover, now))


def record_withdrawal(version: Version, reason: str, mover: Mover, now: int) -> None:
    """End a negotiation. Either party may do so until both have signed."""
    _negotiator(version, mover)
    if version.state == State.WITHDRAWN:
        return
    _must_be(version, *OPEN, remedy="a signed version is terminated, not withdrawn")
    private = version.tabled is None and version.drafted_by_party_id is not None
    version.state = State.WITHDRAWN
    version.ended_at, version.end_reason = now, reason
    version.edits += 1
    # Only its author knew of a draft, so there is no event.
    if not private:
        version.events.append(_moved(AgreementWithdrawn, version, mover, now, reason=reason))


def drafted(version: Version, now: int) -> AmendmentDrafted:
    """Return the event for a drafted amendment."""
    return AmendmentDrafted(
        agreement_id=version.identity.agreement_id,
        version=version.number,
        revision_hash=version.head.hash,
        proposal_id=version.proposal_id,
        provider_party_id=version.identity.provider_party_id,
        customer_party_id=version.identity.customer_party_id,
        drafted_at=instants.to_text(now),
    )


def _negotiator(version: Version, mover: Mover) -> None:
    version.identity.side_of(mover.party_id)
    if NEGOTIATOR not in mover.roles:
        raise NotAllowed(f"Negotiating needs the role {NEGOTIATOR}.")
    if version.state == State.DRAFT and version.drafted_by_party_id not in (None, mover.party_id):
        raise NotAllowed("The draft is the other party's until it is proposed.")


def _must_be(version: Version, *states: State, remedy: str) -> None:
    if version.state not in states:
        wanted = " or ".join(sorted(states))
        raise WrongState(f"Version {version.number} is {version.state}, not {wanted}: {remedy}.")


def _tabled_by(version: Version, mover: Mover) -> bool:
    return version.tabled_by_party_id == mover.party_id


def _others_word(version: Version, mover: Mover) -> None:
    if _tabled_by(version, mover):
        raise OtherSideAnswers("Your own revision is proposed: the other party must answer it, or you withdraw it.")


def _table(version: Version, revision: Revision, mover: Mover, now: int) -> None:
    tabled_at = revision.tabled_at if revision.tabled_at is not None else now
    version.revisions[revision.number - 1] = replace(revision, tabled_at=tabled_at)
    version.tabled, version.tabled_by_party_id = revision.number, mover.party_id
    version.acceptances.append(Acceptance(str(mover.party_id), revision.hash, mover.principal_id, now))
    version.edits += 1


def _moved(event: type[AgreementMoved], version: Version, mover: Mover, now: int, **more: Any) -> AgreementMoved:
    identity, revision = version.identity, version.current
    return event(
        agreement_id=identity.agreement_id,
        version=version.number,
        kind=identity.kind,
        title=revision.document["title"],
        provider_party_id=identity.provider_party_id,
        customer_party_id=identity.customer_party_id,
        revision_number=revision.number,
        revision_hash=revision.hash,
        by_party_id=mover.party_id,
        by_principal_id=mover.principal_id,
        moved_at=instants.to_text(now),
        **more,
    )
