"""Routes that take in measurements and ticket events: ``POST /api/v1/measurements`` and ``POST /api/v1/ticket-events``,
and ``POST /api/v1/cloudevents`` for both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from slm_chassis.access import Principal
from slm_chassis.http.access import check_role, identify, path_of
from slm_chassis.http.direct import Handler
from slm_chassis.http.operation import operation
from slm_chassis.http.policies import BULK
from slm_chassis.http.problems import Problem
from slm_events.catalogue import MEASUREMENTS, TICKETS
from slm_monitor.adapters.formats import cloud_events
from slm_monitor.api.dependencies import INTAKE
from slm_monitor.api.responses.intake import IntakeReceipt
from slm_monitor.application.intake.intake import FactIntake, IntakeBatchAnswer
from slm_monitor.domain.facts.rejections import IntakeRejection

router = APIRouter(tags=["intake"])


def _batch(summary: str, example: list[dict[str, Any]]) -> dict[str, Any]:
    schema = {"schema": {"type": "array", "items": {"type": "object"}}, "example": example}
    # The second type is said in words: clients are generated from the first, and cannot tell a list from lines.
    described = "A JSON array. Also taken as `application/x-ndjson`: the same objects, one a line."
    body = {"required": True, "description": described, "content": {"application/json": schema}}
    # The key is checked without FastAPI's dependencies, which would take most of the time of a small request.
    extra = {"requestBody": body, "security": [{"HTTPBearer": []}, {"APIKeyHeader": []}], **BULK}
    problems = ("missing-role", "malformed-json", "unsupported-encoding", "nothing-accepted")
    return operation(summary, IntakeReceipt, *problems, status=202, extra=extra)


Accept = Callable[[bytes, str, Principal], Awaitable[IntakeBatchAnswer]]


async def _accepted(request: Request, intake: FactIntake, topic: str, accept: Accept) -> Response:
    caller = await identify(request)
    check_role(caller, "integrator", "service_level_manager")
    intake.check(topic)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(
            415, "unsupported-encoding", "The body is compressed", "Send it as it is, without Content-Encoding."
        )
    content_type = request.headers.get("content-type", "application/json")
    try:
        answer = await accept(await request.body(), content_type, caller)
    except (ValueError, RecursionError) as error:
        intake.note_unreadable(topic, caller, str(error))
        detail = f"{error}. Send a JSON array, or one JSON object a line as application/x-ndjson."
        raise Problem(400, "malformed-json", "The body cannot be read", detail) from error
    path = path_of(request)
    if len(answer.refusals) <= _FEW:
        return _answered(answer, path)
    return await asyncio.to_thread(_answered, answer, path)


def _answered(answer: IntakeBatchAnswer, path: str) -> Response:
    """Return the response to a batch: 202, or 422 if no item of it was accepted or quarantined."""
    document = answer.document()
    if answer.accepted or document["quarantined"]:
        return Response(msgspec.json.encode(document), 202, media_type="application/json")
    return Response(_nothing_accepted(document, path), 422, media_type="application/problem+json")


def _nothing_accepted(document: Mapping[str, Any], path: str) -> bytes:
    """Return the problem document, as JSON bytes, for a batch that is empty or whose items were all refused."""
    errors = [
        {**error, "field": f"items[{item['index']}].{error['field']}".rstrip(".")}
        for item in document["items"][:_MOST_ERRORS]
        for error in item["errors"]
    ]
    first = f"{errors[0]['field']}: {errors[0]['remedy']}" if errors else "The batch is empty: send one item at least"
    problem = {
        "type": "/problems/nothing-accepted",
        "title": "Nothing of the batch was accepted",
        "status": 422,
        "instance": path,
        "detail": f"{first}.",
        "errors": errors,
        **document,
    }
    return msgspec.json.encode(problem)


_FEW = 1_000
"""An answer with at most so many rejected items is encoded on the event loop, a longer answer in a thread: 90,000 items
take half a second, in which no other request would be answered.
"""
_MOST_ERRORS = 20


@router.post(
    "/api/v1/measurements",
    **_batch(
        "Take measurements in",
        [
            {"indicator": "payments.checkout", "at": "2026-11-22T10:00:00Z", "state": "down"},
            {"indicator": "payments.checkout-latency", "at": "2026-11-22T10:00:00.250Z", "value": 231.5, "unit": "ms"},
            {
                "indicator": "payments.requests",
                "at": "2026-11-22T10:00:00Z",
                "cumulative": {"good": 998, "total": 1000},
            },
            {"indicator": "service-desk.stars", "at": "2026-11-22T10:00:00Z", "score": 4, "touch_point": "phone"},
            {
                "indicator": "payments.recoveries",
                "recovery": {
                    "outage_start": "2026-11-22T08:00:00Z",
                    "service_restored": "2026-11-22T09:30:00Z",
                    "data_restored_to": "2026-11-22T07:55:00Z",
                },
            },
        ],
    ),
)
async def post_measurements(request: Request) -> Response:
    """Accept a batch of measurements. Each is validated separately; accepted measurements are durable when the answer
    is sent.
    """
    intake = INTAKE.find(request.app)
    return await _accepted(request, intake, MEASUREMENTS.name, intake.take_measurements)


@router.post(
    "/api/v1/ticket-events",
    **_batch(
        "Take ticket events in",
        [
            {
                "source": "servicenow",
                "ticket": "INC0001",
                "id": "1",
                "event": "opened",
                "at": "2026-11-22T10:00:00Z",
                "type": "incident",
                "priority": "P1",
            }
        ],
    ),
)
async def post_ticket_events(request: Request) -> Response:
    """Accept a batch of ticket events. Each is validated separately; accepted events are durable when the answer is
    sent.
    """
    intake = INTAKE.find(request.app)
    return await _accepted(request, intake, TICKETS.name, intake.take_ticket_events)


_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "source": "/probes/berlin",
    "type": cloud_events.MEASUREMENT,
    "time": "2026-11-22T10:00:00Z",
    "data": {"indicator": "payments.checkout", "state": "down"},
}
# The other types are said in words: clients are generated from the first, and cannot tell three kinds of JSON apart.
_EVENTS = {cloud_events.BATCHED: {"schema": {"type": "array", "items": {"type": "object"}}, "example": [_EVENT]}}


@router.post(
    "/api/v1/cloudevents",
    **operation(
        "Take CloudEvents in",
        IntakeReceipt,
        "missing-role",
        "malformed-json",
        "unsupported-encoding",
        "nothing-accepted",
        status=202,
        extra={
            "requestBody": {
                "required": True,
                "description": "CloudEvents 1.0, as a batch. Also taken: one structured event as"
                f" `{cloud_events.STRUCTURED}`, and in binary mode the data of one event as `application/json`, with"
                " its attributes in headers (`ce-id`, `ce-source`, `ce-type`, `ce-specversion`)",
                "content": _EVENTS,
            },
            "security": [{"HTTPBearer": []}, {"APIKeyHeader": []}],
            **BULK,
        },
    ),
)
async def post_cloud_events(request: Request) -> Response:
    """Accept events whose `data` is one measurement (`slm.measurement.v1`) or one ticket event (`slm.ticket-event.v1`).

    Each event is validated separately; accepted events are durable when the answer is sent. A measurement or ticket
    event without `id`, `source` or time gets these from the event that carries it. An event that is sent twice counts
    once.
    """
    intake = INTAKE.find(request.app)
    # Before anything is taken in: the events may belong to both topics.
    intake.check(TICKETS.name)

    async def accept(body: bytes, _: str, caller: Principal) -> IntakeBatchAnswer:
        read = await asyncio.to_thread(cloud_events.read_cloud_events, body, request.headers)
        taken = []
        for name, take in (
            (cloud_events.MEASUREMENT, intake.take_measurements),
            (cloud_events.TICKET_EVENT, intake.take_ticket_events),
        ):
            if items := read.items[name]:
                answer = await take(msgspec.json.encode([item for _, item in items]), "application/json", caller)
                taken.append(_of_events(answer, [index for index, _ in items]))
        refusals = sorted([*read.refusals, *(each for answer in taken for each in answer.refusals)], key=_index)
        position = ".".join(answer.position for answer in taken if answer.position)
        return IntakeBatchAnswer(sum(answer.accepted for answer in taken), refusals, position)

    return await _accepted(request, intake, MEASUREMENTS.name, accept)


def _index(refusal: IntakeRejection) -> int:
    return refusal.index


def _of_events(answer: IntakeBatchAnswer, events: Sequence[int]) -> IntakeBatchAnswer:
    """Return the answer with refusals that name events instead of items.

    ``index`` of a refusal becomes the index of the event in the request, and ``data.`` is put before the path in
    ``field``, because the item is the event's ``data``. ``events``: for each item, in order, the index of its event.
    """
    refusals = [
        replace(each, index=events[each.index], field=f"data.{each.field}".rstrip(".")) for each in answer.refusals
    ]
    return replace(answer, refusals=refusals)


DIRECT_HANDLERS: Mapping[str, Handler] = {
    "/api/v1/measurements": post_measurements,
    "/api/v1/ticket-events": post_ticket_events,
}
"""Path → handler that is called without routing, because most requests of an installation are to these two paths."""
