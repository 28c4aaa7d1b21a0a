"""``/api/v1/mail-deliveries``: the mails to people. Each delivery has the result of its latest attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from slm_chassis.clock import Clock
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.response_models import list_of
from slm_events.instants import to_text
from slm_notification.adapters import mail_queries
from slm_notification.api.mail_responses import MailDeliveryResponse
from slm_notification.api.shapes import instant_of_real

router = APIRouter(prefix="/api/v1/mail-deliveries", tags=["mail-deliveries"])
_Filter = Query(max_length=200)


async def _mail_filters(
    person_id: Annotated[str | None, _Filter] = None,
    agreement_id: Annotated[str | None, _Filter] = None,
    event_type: Annotated[str | None, _Filter] = None,
    state: Annotated[Literal["waiting", "sent", "failed", "dropped"] | None, Query()] = None,
) -> dict[str, Any]:
    return {"person_id": person_id, "agreement_id": agreement_id, "event_type": event_type, "state": state}


@router.get("", **operation("List what people were mailed, the newest first", list_of(MailDeliveryResponse)))
async def list_mail_deliveries(
    caller: Caller,
    filters: Annotated[dict[str, Any], Depends(_mail_filters)],
    page: Paging,
    database: TheDatabase,
    clock: TheClock,
) -> dict[str, Any]:
    """List the deliveries by mail, the newest first. If three people are told of one event, there are three deliveries.

    Service level managers and auditors see the deliveries to all people of their party. Other callers see only the
    deliveries to themselves. Deliveries with the same `message_id` are in one mail.
    """
    rows = await mail_queries.fetch_mail_page(database, caller, page, filters)
    return page.shape(rows, lambda row: [row["created_at"], row["delivery_id"]], lambda row: _shape(row, clock))


def _shape(row: Mapping[str, Any], clock: Clock) -> dict[str, Any]:
    names = ("delivery_id", "event_id", "event_type", "person_id", "agreement_id", "kind", "severity", "state")
    due_at = row["due_at"] if row["message_due_at"] is None else row["message_due_at"]
    return {
        **{name: row[name] for name in names},
        "when": "digest" if row["is_digest"] else "at_once",
        "headline": row["content"]["headline"],
        "message_id": row["message_id"],
        "attempts": row["attempts"] or 0,
        "problem": row["problem"] or "",
        "created_at": to_text(row["created_at"]),
        "next_attempt_at": instant_of_real(due_at, clock) if row["state"] == "waiting" else None,
        "sent_at": instant_of_real(row["sent_at"], clock),
    }
