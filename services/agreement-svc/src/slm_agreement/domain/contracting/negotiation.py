"""The negotiation between two parties: propose, counter, accept, refuse, withdraw.

Every step but withdrawing names the hash of the revision that it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from slm_agreement.domain.checks import smart
from slm_agreement.domain.contracting import answering, deadlines
from slm_agreement.domain.contracting.answering import NO_DECISIONS, TargetDecisions
from slm_agreement.domain.errors import Finding, Invalid, NotAllowed, NothingChanged, OtherSideAnswers, WrongState
from slm_agreement.domain.people.people import SIGNATORY_ROLES
from slm_agreement.domain.versions.agreement import (
    ON_THE_TABLE,
    OPEN,
    Acceptance,
    Actor,
    Revision,
    TargetAnswer,
    Version,
    VersionState,
    add_revision,
    require_current_hash,
)
from slm_events import instants
from slm_events.agreement import (
    AgreementAgreed,
    AgreementCountered,
    AgreementProposed,
    AgreementWithdrawn,
    AmendmentDrafted,
    NegotiationEvent,
)
from slm_events.instants import UtcMicroseconds

NEGOTIATOR = "service_level_manager"


def add_draft_revision(
    version: Version, document: dict[str, Any], actor: Actor, base_version: int | None, now: UtcMicroseconds
) -> Revision:
    """Add a revision with this document to a draft and return it; ``actor`` must be of the party that drafts.

    If the newest revision already has this content, that revision is returned and none is added.
    """
    _negotiator(version, actor)
    _must_be(version, VersionState.DRAFT, remedy="answer with a counter-proposal")
    known = len(version.revisions)
    revision = add_revision(version, document, actor, base_version, now)
    # The revision written last is the draft, even if it repeats an earlier text.
    if revision is not version.head:
        version.revisions.append(replace(revision, number=known + 1, author=actor, created_at=now))
    version.edits += len(version.revisions) - known
    return version.head


def record_proposal(
    version: Version, revision_hash: Any, actor: Actor, now: UtcMicroseconds, answer_by: UtcMicroseconds | None = None
) -> None:
    """Propose a draft to the other party, which is asked to answer by ``answer_by`` (microseconds UTC; None: no
    deadline).
    """
    _negotiator(version, actor)
    if version.state == VersionState.PROPOSED and _tabled_by(version, actor) and version.current.hash == revision_hash:
        return
    _must_be(version, VersionState.DRAFT, remedy="it was proposed before")
    require_current_hash(revision_hash, version)
    deadlines.check_answer_by(answer_by, now)
    _table(version, version.head, actor, now, TargetDecisions(answer_by=answer_by))
    version.state = VersionState.PROPOSED
    version.events.append(_moved(AgreementProposed, version, actor, now, answer_by=_text_of(answer_by)))


@dataclass(frozen=True, slots=True)
class CounterRevision:
    """The content of a counter-proposal.

    It has the resolved document, the number of the signed version on which the document is based, and decisions about
    single targets.
    """

    document: dict[str, Any]
    base_version: int | None
    answer: TargetDecisions = NO_DECISIONS


def record_counter_proposal(
    version: Version, revision_hash: Any, counter: CounterRevision, actor: Actor, now: UtcMicroseconds
) -> Revision:
    """Answer the proposed revision by proposing another revision; return the new revision.

    The other party must answer the new revision.
    """
    _negotiator(version, actor)
    known = len(version.revisions)
    if version.state == VersionState.COUNTERED and _tabled_by(version, actor):
        revision = add_revision(version, counter.document, actor, counter.base_version, now)
        if revision.hash == version.current.hash and version.awaited_party_id != actor.party_id:
            return version.current  # the same counter-proposal, sent again
        del version.revisions[known:]
    _must_be(version, *ON_THE_TABLE, remedy="only a proposed revision can be countered")
    _own_turn(version, actor)
    require_current_hash(revision_hash, version)
    deadlines.check_answer_by(counter.answer.answer_by, now)
    answers = answering.answers_from_counter_proposal(version, counter.document, counter.answer, actor, now)
    revision = add_revision(version, counter.document, actor, counter.base_version, now)
    if revision.hash == version.current.hash:
        raise NothingChanged("The document equals the proposed revision: accept that one, or change something.")
    if not _tabled_by(version, actor):
        version.answers += answers
    _table(version, revision, actor, now, counter.answer)
    version.state = VersionState.COUNTERED
    version.events.append(_countered(version, actor, now, answers))
    return version.current


def record_acceptance(
    version: Version,
    revision_hash: Any,
    actor: Actor,
    others: Sequence[Version],
    now: UtcMicroseconds,
    around: Sequence[Finding] = (),
) -> None:
    """Accept the other party's proposed revision. Raises Invalid while the SMART check finds errors.

    ``others`` are the agreement's other versions; ``around`` are findings about other agreements of the provider.
    """
    _answerer(version, actor)
    party_id = str(actor.party_id)
    if version.state == VersionState.AGREED and version.current.hash == revision_hash and version.accepted_by(party_id):
        return
    _must_be(version, *ON_THE_TABLE, remedy="only a proposed revision can be accepted")
    _others_word(version, actor)
    require_current_hash(revision_hash, version)
    found = smart.select_errors(smart.run_smart_check(version, version.current, others, now, around))
    if found:
        raise Invalid("The check finds errors: counter with a revision that corrects them.", found)
    version.answers += answering.accept_every_target(version.current, actor, now)
    version.acceptances.append(Acceptance(party_id, version.current.hash, actor.principal_id, now))
    version.state = VersionState.AGREED
    _await(version, None)
    version.edits += 1
    version.events.append(_moved(AgreementAgreed, version, actor, now))


def record_refusals(
    version: Version, revision_hash: Any, answer: TargetDecisions, actor: Actor, now: UtcMicroseconds
) -> None:
    """Refuse some targets of the other party's proposed revision without proposing another document.

    The revision stays the proposed one, and its proposer must answer with another revision. Until then the refusing
    party may change its answer. Raises Invalid unless the answer covers every target.
    """
    _answerer(version, actor)
    _must_be(version, *ON_THE_TABLE, remedy="only a proposed revision can be answered")
    _others_word(version, actor)
    require_current_hash(revision_hash, version)
    deadlines.check_answer_by(answer.answer_by, now)
    answers = answering.answers_from_decisions(version, answer, actor, now)
    if version.awaited_party_id != actor.party_id and _says_nothing_new(version, answers, actor):
        return
    version.answers += answers
    version.state = VersionState.COUNTERED
    _await(version, version.tabled_by_party_id, answer.answer_by)
    version.edits += 1
    told = [
        word.answer
        for word in answering.latest_target_answers(version, str(actor.party_id)).values()
        if word.still_applies
    ]
    version.events.append(_countered(version, actor, now, told))


def would_accept_every_target(version: Version, answer: TargetDecisions, actor: Actor) -> bool:
    """Return whether the party would accept every target of the proposed revision by this answer."""
    words = answering.latest_target_answers(version, str(actor.party_id))
    kept = {key for key, word in words.items() if word.still_applies and word.answer.answer == answering.ACCEPTED}
    targets = {target["key"] for target in version.current.document["targets"]}
    return not answer.refuse and set(answer.accept) <= targets <= kept | set(answer.accept)


def _says_nothing_new(version: Version, answers: Sequence[TargetAnswer], actor: Actor) -> bool:
    words = answering.latest_target_answers(version, str(actor.party_id))

    def known(new: TargetAnswer) -> bool:
        word = words.get(new.target_key)
        return (
            word is not None
            and word.still_applies
            and (word.answer.answer, word.answer.reason) == (new.answer, new.reason)
        )

    return all(known(answer) for answer in answers)


def record_withdrawal(version: Version, reason: str, actor: Actor, now: UtcMicroseconds) -> None:
    """End a negotiation without an agreement. Either party may do so until both parties have signed."""
    _negotiator(version, actor)
    if version.state == VersionState.WITHDRAWN:
        return
    _must_be(version, *OPEN, remedy="a signed version is terminated, not withdrawn")
    private = version.tabled is None and version.drafted_by_party_id is not None
    version.state = VersionState.WITHDRAWN
    _await(version, None)
    version.ended_at, version.end_reason = now, reason
    version.edits += 1
    # Only its author knew of a draft, so there is no event.
    if not private:
        version.events.append(_moved(AgreementWithdrawn, version, actor, now, reason=reason))


def amendment_drafted_event(version: Version, now: UtcMicroseconds) -> AmendmentDrafted:
    """Return the event that an amendment was drafted."""
    return AmendmentDrafted(
        agreement_id=version.identity.agreement_id,
        version=version.number,
        revision_hash=version.head.hash,
        proposal_id=version.proposal_id,
        provider_party_id=version.identity.provider_party_id,
        customer_party_id=version.identity.customer_party_id,
        drafted_at=instants.to_text(now),
    )


def _negotiator(version: Version, actor: Actor) -> None:
    version.identity.side_of(actor.party_id)
    if NEGOTIATOR not in actor.roles:
        raise NotAllowed(f"Negotiating needs the role {NEGOTIATOR}.")
    if version.state == VersionState.DRAFT and version.drafted_by_party_id not in (None, actor.party_id):
        raise NotAllowed("The draft is the other party's until it is proposed.")


def _answerer(version: Version, actor: Actor) -> None:
    """Raise NotAllowed unless the principal may answer for its party: as a manager, or as the signatory of its side.

    An answer writes no revision, so a signatory may give one, for example a guest who reads the agreement by a mailed
    link.
    """
    role = SIGNATORY_ROLES[version.identity.side_of(actor.party_id)]
    if role not in actor.roles:
        _negotiator(version, actor)


def _must_be(version: Version, *states: VersionState, remedy: str) -> None:
    if version.state not in states:
        wanted = " or ".join(sorted(states))
        raise WrongState(f"Version {version.number} is {version.state}, not {wanted}: {remedy}.")


def _tabled_by(version: Version, actor: Actor) -> bool:
    return version.tabled_by_party_id == actor.party_id


def _others_word(version: Version, actor: Actor) -> None:
    if not _tabled_by(version, actor):
        return
    if version.awaited_party_id == actor.party_id:
        raise OtherSideAnswers(
            "The other party refused targets of your revision: counter with a document that changes them, or withdraw."
        )
    raise OtherSideAnswers("Your own revision is proposed: the other party must answer it, or you withdraw it.")


def _own_turn(version: Version, actor: Actor) -> None:
    """Raise OtherSideAnswers if the actor's party proposed the current revision and none of its targets was refused."""
    if version.awaited_party_id != actor.party_id:
        _others_word(version, actor)


def _await(version: Version, party_id: str | None, answer_by: UtcMicroseconds | None = None) -> None:
    version.awaited_party_id, version.answer_by, version.answer_missed_at = party_id, answer_by, None


def _table(version: Version, revision: Revision, actor: Actor, now: UtcMicroseconds, answer: TargetDecisions) -> None:
    """Propose a revision to the other party, and record that the proposing party accepts the revision.

    ``answer`` has the reasons for the targets that the revision changes, and the deadline for the other party's answer.
    """
    tabled_at = revision.tabled_at if revision.tabled_at is not None else now
    version.revisions[revision.number - 1] = replace(revision, tabled_at=tabled_at)
    version.tabled, version.tabled_by_party_id = revision.number, actor.party_id
    version.acceptances.append(Acceptance(str(actor.party_id), revision.hash, actor.principal_id, now))
    version.answers += answering.accept_every_target(revision, actor, now, answer.refuse)
    _await(version, version.identity.other_than(actor.party_id), answer.answer_by)
    version.edits += 1


def _text_of(instant: UtcMicroseconds | None) -> str | None:
    return None if instant is None else instants.to_text(instant)


def _countered(
    version: Version, actor: Actor, now: UtcMicroseconds, answers: Sequence[TargetAnswer]
) -> NegotiationEvent:
    told = [{"target": each.target_key, "answer": each.answer, "reason": each.reason} for each in answers]
    answer_by = _text_of(version.answer_by)
    return _moved(AgreementCountered, version, actor, now, target_answers=told, answer_by=answer_by)


def _moved(
    event: type[NegotiationEvent], version: Version, actor: Actor, now: UtcMicroseconds, **more: Any
) -> NegotiationEvent:
    return event(
        **version.describe_current_revision(),
        by_party_id=actor.party_id,
        by_principal_id=actor.principal_id,
        moved_at=instants.to_text(now),
        **more,
    )
