"""The deadline that a party sets for the other party's answer, and the event if it passes without an answer."""

from __future__ import annotations

from collections.abc import Sequence

from slm_agreement.domain.errors import Finding, Invalid
from slm_agreement.domain.versions import term
from slm_agreement.domain.versions.agreement import ON_THE_TABLE, Version
from slm_chassis.identity import named_id
from slm_events import instants
from slm_events.agreement import AgreementAnswerMissed
from slm_events.instants import UtcMicroseconds


def check_answer_by(answer_by: UtcMicroseconds | None, now: UtcMicroseconds) -> None:
    """Raise Invalid if the deadline for answering a proposal is not in the future. ``answer_by`` None means no
    deadline.
    """
    if answer_by is not None and answer_by <= now:
        remedy = f"write an instant after {instants.to_text(now)}, or leave it out"
        finding = Finding("answer_by", instants.to_text(answer_by), remedy)
        raise Invalid("An answer cannot be asked for by an instant in the past.", [finding])


def next_automatic_change_at(version: Version) -> UtcMicroseconds | None:
    """Return when the version next needs an automatic change (microseconds UTC); None if there is none to come.

    An automatic change is the start or end of its term, or the deadline of an awaited answer.
    """
    if version.state in ON_THE_TABLE:
        return version.answer_by if version.answer_missed_at is None else None
    return term.next_state_change_at(version)


def mark_missed_answers(versions: Sequence[Version], now: UtcMicroseconds) -> list[AgreementAnswerMissed]:
    """Mark each awaited answer whose deadline has passed as missed, and return one event for each.

    Nothing else changes: the other party may still answer, and no answer is assumed.
    """
    events = []
    for version in versions:
        due_at = next_automatic_change_at(version) if version.state in ON_THE_TABLE else None
        if due_at is not None and due_at <= now:
            version.answer_missed_at = now
            version.edits += 1
            events.append(_missed(version, due_at))
    return events


def missed_answer_event_id(event: AgreementAnswerMissed) -> str:
    """Return the id of an event about a missed answer. Publishing the same event twice gives the same id."""
    return named_id(event.agreement_id, "answer-missed", str(event.version), event.revision_hash, event.answer_by)


def _missed(version: Version, due_at: UtcMicroseconds) -> AgreementAnswerMissed:
    return AgreementAnswerMissed(
        **version.describe_current_revision(),
        awaited_party_id=str(version.awaited_party_id),
        answer_by=instants.to_text(due_at),
    )
