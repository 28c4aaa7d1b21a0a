"""``/api/v1/webhook-deliveries``: the deliveries to endpoints, each with the result of its latest attempt."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock, TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_notification.adapters import queries
from slm_notification.api.dependencies import Editor, TheOffice
from slm_notification.api.responses import WebhookDeliveryResponse
from slm_notification.api.shapes import delivery_json
from slm_notification.application import webhooks

router = APIRouter(prefix="/api/v1/webhook-deliveries", tags=["webhook-deliveries"])
_Filter = Query(max_length=200)


async def _delivery_filters(
    endpoint_id: Annotated[str | None, _Filter] = None,
    agreement_id: Annotated[str | None, _Filter] = None,
    event_type: Annotated[str | None, _Filter] = None,
    state: Annotated[Literal["waiting", "delivered", "failed"] | None, Query()] = None,
) -> dict[str, Any]:
    return {"endpoint_id": endpoint_id, "agreement_id": agreement_id, "event_type": event_type, "state": state}


@router.get("", **operation("List webhook deliveries, the newest first", list_of(WebhookDeliveryResponse)))
async def list_webhook_deliveries(
    caller: Caller,
    filters: Annotated[dict[str, Any], Depends(_delivery_filters)],
    page: Paging,
    database: TheDatabase,
    clock: TheClock,
) -> dict[str, Any]:
    """List the deliveries to the endpoints of your party, each with its latest attempt, the newest first."""
    rows = await queries.fetch_delivery_page(database, caller, page, filters)
    return page.shape(rows, lambda row: [row["created_at"], row["delivery_id"]], lambda row: delivery_json(row, clock))


@router.get("/{delivery_id}", **operation("Read one webhook delivery", WebhookDeliveryResponse))
async def get_webhook_delivery(
    delivery_id: str, caller: Caller, database: TheDatabase, clock: TheClock
) -> dict[str, Any]:
    """Read a delivery: its state, its number of attempts, and the status and beginning of the latest answer."""
    row = await queries.fetch_delivery(database, caller, delivery_id)
    if row is None:
        raise not_found("webhook delivery", delivery_id)
    return delivery_json(row, clock)


@router.post(
    "/{delivery_id}/resend",
    **operation("Send a webhook delivery again", WebhookDeliveryResponse, "endpoint-gone", status=202),
)
async def resend_webhook_delivery(
    delivery_id: str, caller: Editor, office: TheOffice, database: TheDatabase, clock: TheClock
) -> dict[str, Any]:
    """Send a delivery again now, under its own `webhook-id`, whether it was accepted before or not."""
    await webhooks.resend(office, caller, delivery_id)
    return await get_webhook_delivery(delivery_id, caller, database, clock)
