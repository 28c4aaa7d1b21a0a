"""Route that takes in the samples that Prometheus sends by remote write: ``POST /api/v1/prometheus/write``."""

from __future__ import annotations

import asyncio

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from slm_chassis.http.access import check_role, identify
from slm_chassis.http.operation import operation
from slm_chassis.http.policies import BULK
from slm_chassis.http.problems import Problem
from slm_events.catalogue import MEASUREMENTS
from slm_monitor.adapters.formats import remote_write_wire
from slm_monitor.api.dependencies import TheSeriesIntake
from slm_monitor.application.intake.intake import LARGE_BODY_BYTES
from slm_monitor.application.intake.series_intake import SeriesAnswer
from slm_monitor.domain.mapping.selectors import MatchingTooCostly

router = APIRouter(tags=["intake"])
_logger = structlog.get_logger(__name__)
_PROTOBUF = "application/x-protobuf"
_READ_HERE = (
    f"Send {_PROTOBUF} with proto={remote_write_wire.VERSION_2} (remote write 2.0) or"
    f" proto={remote_write_wire.VERSION_1} (1.0, also meant without proto), in a block of snappy."
)
_WRITTEN = "X-Prometheus-Remote-Write-{}-Written"
_SMALLER = "send smaller batches (queue_config.max_samples_per_send)"


@router.post(
    "/api/v1/prometheus/write",
    **operation(
        "Take samples of Prometheus in",
        None,
        "missing-role",
        "no-party",
        "malformed-body",
        "samples-refused",
        "unsupported-encoding",
        status=204,
        extra={
            "requestBody": {
                "required": True,
                "description": "A request of remote write 1.0 or 2.0: protobuf in a block of snappy",
                "content": {_PROTOBUF: {"schema": {"type": "string", "format": "binary"}}},
            },
            "security": [{"HTTPBearer": []}, {"APIKeyHeader": []}],
            **BULK,
        },
    ),
)
async def post_prometheus_write(request: Request, series: TheSeriesIntake) -> Response:
    """Accept samples from Prometheus: the party's series rules say which indicator each series measures.

    Accepted samples are durable when the answer is sent. Series that no rule matches, and that have no label
    `slm_indicator`, are left out and counted. If samples are refused, the answer is 400 with the reasons. All other
    samples of the request are accepted, so do not send the request again. The headers of remote write 2.0 say how many
    samples, histograms and exemplars were written.
    """
    caller = await identify(request)
    check_role(caller, "integrator", "service_level_manager")
    if caller.party_id is None:
        detail = "An operator belongs to no party: use a key of a party."
        raise Problem(403, "no-party", "Only a party may do this", detail)
    series.intake.check(MEASUREMENTS.name)
    message = _message_of(request)
    body = await request.body()
    try:
        if remote_write_wire.read_length(body) <= LARGE_BODY_BYTES:
            written = remote_write_wire.read_write_request(body, message)
        else:
            # In a thread: decompressing and reading many samples would keep all other requests waiting.
            written = await asyncio.to_thread(remote_write_wire.read_write_request, body, message)
        answer = await series.take(written, caller, caller.party_id)
    except remote_write_wire.RequestTooLarge as error:
        raise Problem(413, "too-large", "The body is too large", f"{error}; {_SMALLER}.") from error
    except MatchingTooCostly as error:
        detail = f"The series rules would take too long for this request: {_SMALLER}, or write fewer expressions."
        raise Problem(413, "too-large", "The body is too large", detail) from error
    except ValueError as error:
        series.intake.note_unreadable(MEASUREMENTS.name, caller, str(error))
        raise Problem(400, "malformed-body", "The body cannot be read", f"{error}. {_READ_HERE}") from error
    if answer.ignored:
        names = ", ".join(answer.ignored_names)
        _logger.debug("series_without_rule", party_id=caller.party_id, samples=answer.ignored, series=names)
    headers = _written_headers(answer)
    refused = answer.refused_samples + answer.refused_histograms
    if refused:
        detail = f"{refused} of {answer.samples + answer.histograms} samples were not taken, the others are: "
        detail += "; ".join(answer.reasons)
        raise Problem(400, "samples-refused", "Some samples were not taken", detail, headers=headers)
    return Response(status_code=204, headers=headers)


def _written_headers(answer: SeriesAnswer) -> dict[str, str]:
    """Return the headers that say how many samples, histograms and exemplars were written.

    Refused samples and histograms do not count. Samples that no rule matches do count: Prometheus would otherwise
    report them as lost.
    """
    counts = {
        "Samples": answer.samples - answer.refused_samples,
        "Histograms": answer.histograms - answer.refused_histograms,
        "Exemplars": answer.exemplars,
    }
    return {_WRITTEN.format(name): str(count) for name, count in counts.items()}


def _message_of(request: Request) -> str:
    """Return the name of the protobuf message in the body. The request's headers say this name.

    Raises 415 for a content type, message or encoding that this route does not read.
    """
    media, _, rest = request.headers.get("content-type", _PROTOBUF).partition(";")
    parameters = dict(_parameter(each) for each in rest.split(";") if each.strip())
    message = parameters.get("proto", remote_write_wire.VERSION_1)
    encoding = request.headers.get("content-encoding", "snappy").strip().lower()
    if media.strip().lower() != _PROTOBUF or message not in remote_write_wire.MESSAGES or encoding != "snappy":
        raise Problem(415, "unsupported-encoding", "The encoding is not read here", _READ_HERE)
    return message


def _parameter(written: str) -> tuple[str, str]:
    name, _, value = written.partition("=")
    return name.strip().lower(), value.strip().strip('"')
