"""Ticket writers: where the figures of a party's tickets are written, into which fields, and how attempts end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from slm_chassis.clock import SECOND
from slm_events.instants import UtcMicroseconds
from slm_notification.domain.attempts import AttemptAnswer, RetryRules, pause_after

WriterState = Literal["active", "paused", "suspended"]
WriteState = Literal["waiting", "written", "failed"]
FIGURES = ("due_at", "state", "breached")
MOST_OF_A_PARTY = 20
"""The most writers of one party."""
MOST_IN_AN_HOUR = 30
"""A ticket that is written so often within an hour waits for the hour's end. Only a loop changes a ticket so often: a
mapping that reads a field that we write.
"""
HOUR = 3_600 * SECOND
LONGEST_HOLD = 120 * SECOND
"""The longest pause between two requests to a tool that is away, unless the tool asks for a longer one. It is short, so
that due dates are soon right when the tool works again.
"""
_NOT_FOUND = 404
_MOST_NOT_FOUND = 4
_RETRIED = frozenset({408, 409, 412, 423, 425, 429})
_HOLDING = frozenset({401, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWriter:
    """A party's account at a ticket tool, with the fields into which figures are written.

    ``failing_since`` and ``retry_at`` are instants of real time.
    """

    writer_id: str
    party_id: str
    title: str
    connector: str
    address: str
    source: str
    """The source whose tickets are written."""
    fields: Mapping[str, str]
    """Figure → name of the tool's field; a figure that is missing is not written."""
    clocks: Sequence[str]
    """The kinds of clocks that count; empty: all."""
    time_zone: str
    """The zone of dates without time."""
    user: str
    """The user of basic authentication; empty otherwise."""
    credential_kind: str
    state: WriterState
    state_reason: str
    state_at: UtcMicroseconds
    failures: int
    failing_since: UtcMicroseconds | None
    retry_at: UtcMicroseconds | None
    problem: str
    """Why the latest request failed; empty after a success."""
    version: int
    created_at: UtcMicroseconds
    created_by_principal_id: str

    def writes_like(self, other: TicketWriter) -> bool:
        """Whether both write the same values into the same fields of the same tool."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("connector", "address", "source", "fields", "clocks", "time_zone")
        )


@dataclass(frozen=True, slots=True)
class WriterCredential:
    """A token or password of a writer. It is not part of ``repr``, so that it gets into no log."""

    writer_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DueWrite:
    """A ticket whose figures are to be written.

    ``reference``: the tool's own ids of the ticket, by the names that the path of the request has for them; None if
    they are not known yet.
    """

    ticket: str
    wanted: Mapping[str, object]
    reference: Mapping[str, str] | None
    attempts: int
    first_attempt_at: UtcMicroseconds


@dataclass(frozen=True, slots=True)
class WriterClaim:
    """A writer that this process alone uses until ``leased_until``, with tickets to write. Times are real."""

    writer: TicketWriter
    secret: str = field(repr=False)
    due: Sequence[DueWrite] = ()
    claimed_at: UtcMicroseconds = 0
    leased_until: UtcMicroseconds = 0


@dataclass(frozen=True, slots=True)
class WriteEnd:
    """How an attempt to write a ticket ended, and what follows.

    ``hold_until``: the writer sends no request before this instant; None if other tickets are not affected.
    """

    state: WriteState
    answer: AttemptAnswer
    due_at: UtcMicroseconds
    hold_until: UtcMicroseconds | None = None


def follows(
    rules: RetryRules, claim: WriterClaim, write: DueWrite, answer: AttemptAnswer, now: UtcMicroseconds, jitter: float
) -> WriteEnd:
    """Return what follows from an answer. ``jitter`` is a random factor near 1.

    If a tool is away, refuses the credentials or asks for fewer requests, the writer sends it nothing for a while.
    After a conflict only this ticket waits. If the tool refuses a ticket for good, for example because it has no such
    ticket, the ticket is given up until its figures change.
    """
    if answer.is_success and not answer.problem:
        return WriteEnd("written", answer, now)
    status = answer.status
    if status is None or status >= 500 or status in _HOLDING or 300 <= status < 400:
        return holds_all(rules, claim, write, answer, now, jitter)
    due_at = now + max(pause_after(rules, write.attempts, jitter), min(answer.retry_after or 0, rules.longest))
    # The search of a tool may find a new ticket only after a while.
    is_retried = status in _RETRIED or (status == _NOT_FOUND and write.attempts < _MOST_NOT_FOUND)
    is_over = not is_retried or now - write.first_attempt_at >= rules.give_up_after
    return WriteEnd("failed" if is_over else "waiting", answer, due_at)


def holds_all(
    rules: RetryRules, claim: WriterClaim, write: DueWrite, answer: AttemptAnswer, now: UtcMicroseconds, jitter: float
) -> WriteEnd:
    """Return the end of an attempt after which the writer sends nothing for a while. The ticket is due as soon as the
    writer may send again.
    """
    pause = min(pause_after(rules, claim.writer.failures + 1, jitter), LONGEST_HOLD)
    return WriteEnd("waiting", answer, now, now + max(pause, min(answer.retry_after or 0, rules.longest)))


def changed_writer(
    writer: TicketWriter, details: Mapping[str, object], is_paused: bool, now: UtcMicroseconds
) -> TicketWriter:
    """Return the writer with new details, paused or active. Its failures are counted from 0 again."""
    state: WriterState = "paused" if is_paused else "active"
    return replace(
        writer,
        **details,  # type: ignore[arg-type]
        state=state,
        state_reason="",
        state_at=writer.state_at if writer.state == state else now,
        failures=0,
        failing_since=None,
        retry_at=None,
        problem="",
        version=writer.version + 1,
    )
