"""Response models of a negotiation: answers to targets, comments, and the acts that an agreement needs of a party."""

from __future__ import annotations

from typing import Literal

from slm_chassis.http.response_models import Answer, Instant


class TargetAnswerFields(Answer):
    """A party's answer to one target of a revision."""

    answer: Literal["accepted", "refused", "changed"]
    """`changed`: the party's counter-proposal changes or removes the target"""
    reason: str
    """Why the target was refused, or why the party that proposed the revision changed the target; empty: no reason was
    given
    """
    revision_number: int
    """Number of the revision that was answered"""
    revision_hash: str
    """Hash of the revision that was answered"""
    by_principal_id: str
    """Id of the principal that answered"""
    by: str
    """Name of the principal that answered; empty for answers before names were stored"""
    answered_at: Instant
    """When it was answered"""


class LatestTargetAnswerResponse(TargetAnswerFields):
    """A party's latest answer to one target, and whether it applies to the proposed revision."""

    stands: bool
    """Whether it applies to the proposed revision: false if the target's terms have changed since"""
    carried: bool
    """Whether the answer applies although it was given to an earlier revision, because the target's terms are still the
    same
    """


class TargetAnswersResponse(Answer):
    """A target of the proposed revision with the latest answers of both parties."""

    target: str
    """Key of the target"""
    target_id: str
    """Id of the target"""
    title: str
    """Title for people"""
    provider: LatestTargetAnswerResponse | None
    """The provider's latest answer; null: it has not answered"""
    customer: LatestTargetAnswerResponse | None
    """The customer's latest answer; null: it has not answered"""
    agreed: bool
    """Whether both parties accept the target as it is in the proposed revision"""


class TargetAnswerEntry(TargetAnswerFields):
    """One answer in the list of all answers that parties gave to targets of a version."""

    number: int
    """Place of this answer in the list, from 1"""
    target: str
    """Key of the target"""
    party_id: str
    """Id of the party that answered"""


class CommentResponse(Answer):
    """A comment on a revision, or on one of its targets or clauses."""

    comment_id: str
    """Id of the comment (UUID)"""
    agreement_id: str
    """Id of the agreement"""
    version: int
    """Number of the version"""
    revision_number: int
    """Number of the revision that it was written on"""
    revision_hash: str
    """Hash of the revision that it was written on"""
    target: str | None
    """Key of the target that was commented on; null: the comment is not about a target"""
    clause: str | None
    """Name of the clause or field that was commented on; null: the comment is not about a clause"""
    text: str
    """The text"""
    internal: bool
    """Whether only your own party sees it"""
    party_id: str
    """Id of the author's party"""
    by_principal_id: str
    """Id of the author"""
    by: str
    """Name of the author"""
    written_at: Instant
    """When it was written"""
    changed_since: bool
    """Whether the target, clause or document that was commented on is different, or gone, in the version's current
    revision"""
    resolved: bool
    """Whether somebody resolved it"""
    resolved_at: Instant | None
    """When it was resolved; null: it is open"""
    resolved_by_party_id: str | None
    """Id of the party that resolved it; null: it is open"""
    resolved_by: str | None
    """Name of the person who resolved it; null: it is open"""


class NeededActResponse(Answer):
    """An act that an agreement needs of your party."""

    need: Literal["answer", "signature", "decision"]
    """The kind of act"""
    about: Literal["revision", "termination_request", "drafted_amendment"]
    """The subject of the act: the proposed or accepted revision, the other party's request to end the agreement early,
    or an amendment that the product drafted in answer to a target revision proposal
    """
    version: int
    """Number of the version"""
    deadline: Instant | None
    """By when the act is needed: the instant that the other party asked for, or when the version takes effect; null: no
    deadline
    """
    yours: bool
    """Whether you may perform it; false: only somebody else of your party may"""
    other_signed_at: Instant | None
    """For a signature: when the other party last signed the same revision; null: it has not, or the act is another"""
