"""Route for the tools that pulls can ask: ``/api/v1/pull-tools``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.response_models import list_of
from slm_mappings.pull_recipes import PullRecipe
from slm_monitor.api.dependencies import ThePullOffice
from slm_monitor.api.pulls.pull_answers import PullToolAnswer

router = APIRouter(prefix="/api/v1", tags=["pulls"])


@router.get("/pull-tools", **operation("List the tools that pulls can ask", list_of(PullToolAnswer)))
async def list_pull_tools(caller: Caller, page: Paging, office: ThePullOffice) -> dict[str, Any]:
    """List the tools that pulls can ask. Each has its mapping, the ways in which a pull can prove its identity, and a
    guide for setting up the tool.
    """
    found = page.within(list(office.recipes.values()), lambda each: [each.connector])
    return page.shape(found, lambda each: [each.connector], _tool_json)


def _tool_json(recipe: PullRecipe) -> dict[str, Any]:
    return {
        "name": recipe.connector,
        "title": recipe.title,
        "reads": recipe.reads,
        "source": recipe.source,
        "path": recipe.path,
        "authentication": list(recipe.ways),
        "mapping": recipe.mapping,
        "guide": recipe.guide,
    }
