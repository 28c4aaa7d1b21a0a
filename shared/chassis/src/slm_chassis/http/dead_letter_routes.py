"""The routes ``/api/v1/<context>-dead-letters``: records that a service could not handle, for operators."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends

from slm_chassis import dead_letters
from slm_chassis.access import OPERATOR, Principal
from slm_chassis.dead_letters import DeadLetter, NotFirstOfKey
from slm_chassis.http.access import require_role
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import Problem, not_found
from slm_chassis.http.response_models import Answer, Instant, list_of
from slm_events.instants import to_text

Operator = Annotated[Principal, Depends(require_role(OPERATOR))]
"""Type of a route's parameter: only operators get in, because it is not certain to whom an unreadable record belongs.
"""
_TYPE = "ce_type"


class DeadLetterAnswer(Answer):
    """A record that a consumer could not handle."""

    dead_letter_id: str
    """Id of the dead letter (UUID)"""
    consumer: str
    """The part of the service that could not handle the record"""
    topic: str
    """The topic of the record"""
    key: str
    """The record's key, shortened where it is long"""
    event_type: str | None
    """Type of the event, `slm.<context>.<event>.v<major>`; null if the record does not name it"""
    state: Literal["failed", "parked", "redriven"]
    """`failed`; `parked`: the record waits behind a failed record with the same key; `redriven`: it was put back into
    its topic and is not handled yet
    """
    reason: str
    """Why the record could not be handled"""
    attempts: int
    """How often the consumer tried to handle the record"""
    set_aside_at: Instant
    """When the record last became a dead letter"""


class RedrivenAnswer(Answer):
    """A record that was put back into its topic, where it will be handled again."""

    dead_letter_id: str
    """Id of the dead letter (UUID)"""
    state: Literal["redriven"]
    """The record is back in its topic; it stays in the list until it is handled"""


def dead_letter_router(context: str) -> APIRouter:
    """Return the routes for the dead letters of a service."""
    router = APIRouter(prefix=f"/api/v1/{context}-dead-letters", tags=["dead-letters"])

    @router.get(
        "",
        name=f"list_{context}_dead_letters",
        **operation("List records that could not be handled", list_of(DeadLetterAnswer)),
    )
    async def list_dead_letters(caller: Operator, database: TheDatabase, page: Paging) -> dict[str, Any]:
        """List the records that this service could not handle, the oldest first, each with the reason."""
        after = page.values(int)
        found = await dead_letters.fetch_dead_letters(database, after=after[0] or 0 if after else 0, limit=page.fetch)
        return page.shape(found, lambda letter: [letter.seq], _document)

    @router.post(
        "/{dead_letter_id}/redrive",
        name=f"redrive_{context}_dead_letter",
        **operation("Handle a record again", RedrivenAnswer, "waits-behind", status=202),
    )
    async def redrive_dead_letter(dead_letter_id: str, caller: Operator, database: TheDatabase) -> dict[str, Any]:
        """Put a record back into its topic, once the cause of its failure is removed. The records that wait behind it
        are put back afterwards, without a further request.
        """
        try:
            await dead_letters.redrive_record(database, dead_letter_id)
        except KeyError:
            raise not_found("dead letter", dead_letter_id) from None
        except NotFirstOfKey as waits:
            raise Problem(409, "waits-behind", "Another record must be handled first", f"{waits}.") from None
        return {"dead_letter_id": dead_letter_id, "state": "redriven"}

    return router


def _document(letter: DeadLetter) -> dict[str, Any]:
    return {
        "dead_letter_id": letter.dead_letter_id,
        "consumer": letter.consumer,
        "topic": letter.topic,
        "key": letter.key,
        "event_type": letter.headers.get(_TYPE),
        "state": letter.state,
        "reason": letter.reason,
        "attempts": letter.attempts,
        "set_aside_at": to_text(letter.at),
    }
