"""Metrics as OpenTelemetry exports them, over HTTP in JSON: ``POST /api/v1/otlp/v1/metrics``."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from slm_chassis.http.access import demand, identify
from slm_chassis.http.policies import BULK
from slm_chassis.http.problems import Problem
from slm_events.catalogue import MEASUREMENTS
from slm_monitor.adapters import otlp
from slm_monitor.domain.refusals import Refusal

router = APIRouter(tags=["intake"])

_EXAMPLE = {
    "resourceMetrics": [
        {
            "resource": {"attributes": []},
            "scopeMetrics": [
                {
                    "metrics": [
                        {
                            "name": "payments.checkout-latency",
                            "unit": "ms",
                            "gauge": {"dataPoints": [{"timeUnixNano": "1795341600250000000", "asDouble": 231.5}]},
                        }
                    ]
                }
            ],
        }
    ]
}
_MOST_TOLD = 5


@router.post(
    "/api/v1/otlp/v1/metrics",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
        },
        "security": [{"HTTPBearer": []}, {"APIKeyHeader": []}],
        **BULK,
    },
)
async def metrics(request: Request) -> Response:
    """Take metrics in, each data point as a measurement of the indicator that its metric is named after.

    The answer is OTLP's own: empty where all were taken, else how many were not and why. Durable when it is sent.
    """
    caller = await identify(request)
    demand(caller, "integrator", "service_level_manager")
    request.app.state.door.check(MEASUREMENTS.name)
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if content_type != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        detail = "Send OTLP over HTTP with the JSON encoding (protocol http/json), without compression."
        raise Problem(415, "unsupported-encoding", "Only JSON is read here", detail)
    try:
        decoded = otlp.decode(json.loads(await request.body()))
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        raise Problem(
            400, "malformed-json", "The body cannot be read", f"{error}. Send OTLP metrics as JSON."
        ) from error
    refusals: list[Refusal] = []
    if decoded.measurements:
        body = msgspec.json.encode(decoded.measurements)
        answer = await request.app.state.door.take_measurements(body, "application/json", caller)
        refusals = list(answer.refusals)
    return Response(msgspec.json.encode(_answer(decoded, refusals)), 200, media_type="application/json")


def _answer(decoded: otlp.Decoded, refusals: list[Refusal]) -> dict[str, Any]:
    lost = {refusal.index: refusal for refusal in refusals}
    rejected = len(decoded.refused) + sum(decoded.points[index] for index in lost)
    if not rejected:
        return {}
    names = [f"{decoded.measurements[index]['indicator']}: {each.remedy}" for index, each in lost.items()]
    told = list(dict.fromkeys(decoded.refused + names))
    more = "" if len(told) <= _MOST_TOLD else f"; and {len(told) - _MOST_TOLD} more"
    return {
        "partialSuccess": {"rejectedDataPoints": str(rejected), "errorMessage": "; ".join(told[:_MOST_TOLD]) + more}
    }
