"""Pages of a target, and of how its figure is worked out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part
from slm_console.views.agreements.shown_terms import cost_in_words, warnings_in_words
from slm_console.views.explained.worked_out import worked_out_of
from slm_console.views.judgement.attributions import downtime_parts_of
from slm_console.views.judgement.targets import target_page_of
from slm_console.views.judgement.typed_exclusions import ASKERS
from slm_console.views.watching import watched
from slm_console.web.directories import WHO, directory_from
from slm_console.web.rendering import render
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_TARGETS = "/api/v1/targets"


@router.get("/targets/{target_id}")
async def show_target(visit: SignedIn, target_id: str) -> Response:
    """Show a target with its present and earlier periods."""
    path = f"{_TARGETS}/{target_id}"
    target = await visit.api.known(path)
    window = target["window"]
    parts = await visit.api.gather(
        **WHO,
        windows=(f"{path}/windows", {"limit": "12"}),
        explanation=(f"{path}/explain", _instant_of(window)),
        agreement=f"/api/v1/agreements/{target['agreement_id']}",
        **({"series": (f"{path}/budget", {"window": window["window_id"], "step": "P1D"})} if window else {}),
    )
    series = parts.get("series", Part()).data
    directory = directory_from(parts)
    agreement = parts["agreement"].data
    model = {
        "target": target_page_of(
            visit.reader,
            directory,
            target,
            parts["windows"].items,
            parts["explanation"].data,
            series["points"] if series else (),
        ),
        "part": parts["windows"],
        "cost": cost_in_words(visit.reader, agreement, target_id),
        "unwarned": warnings_in_words(visit.reader, directory, agreement),
        "may_ask": directory.has_role(*ASKERS),
        "watch": watched([target_id]),
    }
    return render(visit, "targets/page.html", model)


@router.get("/targets/{target_id}/worked-out")
async def show_worked_out(visit: SignedIn, target_id: str) -> Response:
    """Show how the figure of a target's period is worked out, as a page or for the side panel."""
    explanation = await visit.api.known(f"{_TARGETS}/{target_id}/explain", _period(visit))
    attribution = await visit.api.part(f"{_TARGETS}/{target_id}/attribution", _period(visit))
    model = {
        "worked": worked_out_of(visit.reader, explanation),
        "caused_by": downtime_parts_of(visit.reader, attribution.data),
    }
    return render(visit, "targets/worked_out.html", model)


@router.get("/targets/{target_id}/worked-out.txt")
async def download_worked_out(visit: SignedIn, target_id: str) -> Response:
    """Return the complete explanation of a figure as a text file: all facts, exact to the microsecond."""
    found = await visit.api.read(f"{_TARGETS}/{target_id}/explain", {**_period(visit), "format": "text"})
    name = f"worked-out-{visit.request.query_params.get('period') or 'now'}.txt".replace("/", "-")
    safe = "".join(letter for letter in name if letter.isalnum() or letter in "-._")
    return Response(
        found.content,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{safe}"'},
    )


def _period(visit: Visit) -> dict[str, str]:
    """Return the API parameters ``window`` and ``known_at``, from ``period`` and ``as_of`` in the page's address."""
    asked = visit.request.query_params
    names = {"period": "window", "as_of": "known_at"}
    return {names[name]: asked[name] for name in names if asked.get(name)}


def _instant_of(window: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the API parameter ``known_at`` for the explanation of an open window: the instant of the window's figure.

    Empty if the window is closed or has no figure.
    """
    if window is None or window["closed_at"] is not None or not window["as_of"]:
        return {}
    return {"known_at": str(window["as_of"])}
