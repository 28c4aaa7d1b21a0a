"""Route that takes in OpenTelemetry metrics over HTTP, as JSON or protobuf: ``POST /api/v1/otlp/v1/metrics``."""

from __future__ import annotations

import asyncio

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from slm_chassis.http.access import check_role, identify
from slm_chassis.http.operation import PROBLEM_MEDIA, operation
from slm_chassis.http.policies import BULK
from slm_chassis.http.problems import Problem
from slm_events.catalogue import MEASUREMENTS
from slm_monitor.adapters.formats import otlp, otlp_wire
from slm_monitor.api.dependencies import TheIntake
from slm_monitor.api.responses.intake import OtlpReceipt
from slm_monitor.domain.facts.rejections import IntakeRejection

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
_MOST_REASONS = 5


_BYTES = {"schema": {"type": "string", "format": "binary"}}
_DESCRIBED = operation(
    "Take OpenTelemetry metrics in",
    OtlpReceipt,
    "missing-role",
    "malformed-body",
    "unsupported-encoding",
    extra={
        "requestBody": {
            "required": True,
            "description": "An export of OTLP/HTTP as JSON or protobuf",
            "content": {
                "application/json": {"schema": {"type": "object"}, "example": _EXAMPLE},
                otlp_wire.PROTOBUF: _BYTES,
            },
        },
        "security": [{"HTTPBearer": []}, {"APIKeyHeader": []}],
        PROBLEM_MEDIA: otlp_wire.PROTOBUF,
        **BULK,
    },
)
_DESCRIBED["responses"][200]["content"] = {otlp_wire.PROTOBUF: _BYTES}


@router.post("/api/v1/otlp/v1/metrics", **_DESCRIBED)
async def post_otlp_metrics(request: Request, intake: TheIntake) -> Response:
    """Accept metrics: each data point becomes a measurement of the indicator whose key is the metric's name.

    The answer has the form that OTLP demands. It is empty if all data points were accepted; otherwise it has the number
    of rejected data points and the reasons. Accepted data points are durable when the answer is sent. A protobuf export
    is answered in protobuf, and an error is then a `google.rpc.Status`. An error for a JSON export is a problem
    document that also has the members `code` and `message` of a Status.
    """
    caller = await identify(request)
    check_role(caller, "integrator", "service_level_manager")
    intake.check(MEASUREMENTS.name)
    content_type = request.headers.get("content-type", otlp_wire.JSON).partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if content_type not in otlp_wire.KINDS or encoding not in otlp_wire.ENCODINGS:
        detail = "Send OTLP over HTTP as JSON or protobuf (http/json, http/protobuf), with gzip or without compression."
        raise Problem(415, "unsupported-encoding", "The encoding is not read here", detail)
    body = await request.body()
    try:
        # In a thread: decompressing and decoding thousands of points would keep all other requests waiting.
        decoded = await asyncio.to_thread(
            lambda: otlp.convert_otlp_metrics(otlp_wire.decode_otlp_export(body, content_type, encoding))
        )
    except otlp_wire.ExportTooLarge as error:
        raise Problem(413, "too-large", "The body is too large", f"{error}; send smaller batches.") from error
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        intake.note_unreadable(MEASUREMENTS.name, caller, str(error))
        detail = f"{error}. Send an export of OTLP metrics as JSON or protobuf."
        raise Problem(400, "malformed-body", "The body cannot be read", detail) from error
    refusals: list[IntakeRejection] = []
    if decoded.measurements:
        items = msgspec.json.encode(decoded.measurements)
        answer = await intake.take_measurements(items, "application/json", caller)
        refusals = list(answer.refusals)
    rejected, why = _rejected(decoded, refusals)
    return Response(otlp_wire.encode_otlp_answer(rejected, why, content_type), 200, media_type=content_type)


def _rejected(decoded: otlp.DecodedExport, refusals: list[IntakeRejection]) -> tuple[int, str]:
    """Return the number of rejected data points, and their reasons as one text in the order of the points."""
    lost = {refusal.index: refusal for refusal in refusals}
    rejected = len(decoded.refused) + sum(decoded.points[index] for index in lost)
    names = [f"{decoded.measurements[index]['indicator']}: {each.remedy}" for index, each in lost.items()]
    reasons = list(dict.fromkeys(decoded.refused + names))
    more = "" if len(reasons) <= _MOST_REASONS else f"; and {len(reasons) - _MOST_REASONS} more"
    return rejected, "; ".join(reasons[:_MOST_REASONS]) + more
