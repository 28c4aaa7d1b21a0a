"""Routes that list the sources of facts, and what each source has sent: ``/api/v1/sources``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheClock
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_monitor.api.dependencies import TheSources
from slm_monitor.api.responses.intake import SourceAnswer, SourceWithRefused

router = APIRouter(prefix="/api/v1/sources", tags=["intake"])


@router.get("", **operation("List sources, those silent for longest first", list_of(SourceAnswer)))
async def list_sources(caller: Caller, sources: TheSources, clock: TheClock, paging: Paging) -> dict[str, Any]:
    """List the sources that send facts of the caller's party over HTTP. The source that has been silent for longest
    comes first.

    A source is a principal together with a source name that the principal uses. Each source has its last fact, the
    volume of its facts and the number of its refused items. These numbers are at most a second old if the source sends
    rarely, and up to a minute old if the source sends all the time.
    """
    return await sources.page(caller, paging, clock.now())


@router.get("/{source_id}", **operation("Read one source with its refused items", SourceWithRefused))
async def read_source(source_id: str, caller: Caller, sources: TheSources, clock: TheClock) -> dict[str, Any]:
    """Read a source and its last twenty refused items, each with the wrong field, its value and the remedy."""
    found = await sources.one(caller, source_id, clock.now())
    if found is None:
        raise not_found("source", source_id)
    return found
