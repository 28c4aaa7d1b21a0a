"""Route that streams live figures of targets: ``GET /api/v1/figures/stream`` as server-sent events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse

from slm_chassis.access import Principal
from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.parts import TheStreams
from slm_chassis.http.policies import STREAM
from slm_chassis.http.problems import invalid, not_found
from slm_events.instants import to_text
from slm_monitor.adapters.queries.watched_targets import WatchedTargetQueries
from slm_monitor.api.dependencies import TheEventStream, TheFigureStream, TheWatchedTargets
from slm_monitor.api.results.stream import STREAM_HEADERS, open_stream_client
from slm_monitor.api.results.targets import TargetStateReaders, TheTargetStateReaders, list_shown_states
from slm_monitor.application.stream.event_stream import EventStream, StreamFilter
from slm_monitor.application.stream.figure_stream import (
    MOST_OF_SERVICES,
    MOST_TARGETS,
    FigureStream,
    FigureStreamClient,
    Read,
)

router = APIRouter(prefix="/api/v1/figures", tags=["figures"])
_LINES = {
    "type": "string",
    "description": "Server-sent events `figure`: the JSON of a target's `target_id`, `agreement_id`, `service_id`, "
    "`as_of`, `window_id`, `verdict`, `figure`, `figure_display`, `budget`, `projected_breach_at`, `closed_at`, "
    "`no_data`, `unjudgeable` and `tickets`, as the target has them",
}
_IDENTITY = Query(max_length=100)


@dataclass(frozen=True)
class FigureStreamDependencies:
    """The streams and readers that are needed to stream the figures of targets."""

    figures: FigureStream
    events: EventStream
    watched: WatchedTargetQueries
    states: TargetStateReaders


async def _parts_of_stream(
    figures: TheFigureStream, events: TheEventStream, watched: TheWatchedTargets, states: TheTargetStateReaders
) -> FigureStreamDependencies:
    return FigureStreamDependencies(figures, events, watched, states)


@router.get("/stream", **operation("Follow figures of targets as they change", _LINES, "streams-full", media=STREAM))
async def stream_figures(
    caller: Caller,
    parts: Annotated[FigureStreamDependencies, Depends(_parts_of_stream)],
    streams: TheStreams,
    target_id: Annotated[list[Annotated[str, _IDENTITY]] | None, Query(max_length=MOST_TARGETS)] = None,
    service_id: Annotated[
        list[Annotated[str, _IDENTITY]] | None,
        Query(max_length=MOST_TARGETS, description="Stream the targets of these services, too: at most 1,000 targets"),
    ] = None,
    events: Annotated[bool, Query(description="Whether the stream also has the events of `/api/v1/stream`")] = False,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Stream the figures of targets: each target once at first, and again whenever its displayed values change.

    A target is sent at most once a second. Figures that change without new facts, such as those during an outage, are
    sent about every ten seconds. The stream ends within two seconds after the session or the API key has ended.
    """
    wanted = frozenset(target_id or ())
    found = {row["target_id"] for row in await parts.watched.targets(caller, sorted(wanted))}
    if unknown := sorted(wanted - found):
        raise not_found("target", unknown[0])
    of_services = await parts.watched.targets_of_services(caller, service_id or (), MOST_OF_SERVICES)
    if not target_id and not service_id:
        raise invalid("query.target_id", None, "name a target, or a service with `service_id`")
    client = await open_stream_client(parts.events, StreamFilter(caller, nothing=not events), last_event_id)
    client.end = streams.ender()
    audience = "operator" if caller.is_operator else f"party {caller.party_id}"
    watcher = FigureStreamClient(client, wanted | frozenset(of_services), audience, _reader(parts, caller))
    return StreamingResponse(parts.figures.lines(watcher), media_type=STREAM, headers=STREAM_HEADERS)


def _reader(parts: FigureStreamDependencies, caller: Principal) -> Read:
    async def read(target_ids: Sequence[str]) -> list[dict[str, Any]]:
        rows = await parts.watched.targets(caller, target_ids)
        as_of = to_text(parts.states.past.clock.now())
        return [_sample(each, as_of) for each in await list_shown_states(rows, parts.states, caller)]

    return read


def _sample(state: Mapping[str, Any], as_of: str) -> dict[str, Any]:
    window = state["window"] or {}
    left = window.get("time_left") or {}
    return {
        "target_id": state["target_id"],
        "agreement_id": state["agreement_id"],
        "service_id": state["service_id"],
        "as_of": as_of,
        **{name: window.get(name) for name in ("window_id", "verdict", "figure", "figure_display", "budget")},
        "projected_breach_at": left.get("projected_breach_at"),
        "closed_at": window.get("closed_at"),
        **{name: state[name] for name in ("no_data", "unjudgeable", "tickets")},
    }
