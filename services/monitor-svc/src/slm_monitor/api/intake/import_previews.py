"""Route that tells what a mapping reads in a file of measurements: ``POST /api/v1/import-previews``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.problems import Problem
from slm_monitor.api.dependencies import TheHookCalls
from slm_monitor.api.responses.previews import FilePreview
from slm_monitor.application.hooks.file_previews import preview_file
from slm_monitor.domain.hooks.hooks import LONGEST_MAPPING

router = APIRouter(prefix="/api/v1/import-previews", tags=["intake"])
_LONGEST_CONTENT = 500_000


class FileToPreview(BaseModel):
    """Request body with the content of a file of measurements, and a mapping that says what its columns mean."""

    model_config = {
        "extra": "forbid",
        "json_schema_extra": {
            "examples": [
                {
                    "mapping": "kind: measurements\nmeasures: probes\nsource: berlin\nrecords: {format: csv}\n"
                    "indicator: shop.checkout\nat: checked_at\nok: ok\n",
                    "content": "checked_at,ok\n2026-11-02T08:00:00Z,true\n2026-11-02T08:10:00Z,maybe\n",
                }
            ]
        },
    }

    mapping: Annotated[str, Field(max_length=LONGEST_MAPPING, description="The mapping of measurements, as YAML")]
    content: Annotated[
        str, Field(max_length=_LONGEST_CONTENT, description="The file: csv, json, or one JSON object a line")
    ]


@router.post("", **operation("Preview an import of measurements", FilePreview, "no-party", "overloaded"))
async def preview_import(given: FileToPreview, caller: Caller, calls: TheHookCalls) -> dict[str, Any]:
    """Tell what a mapping reads in a file: the measurements that it finds, and the records that are not usable, with
    reasons. Nothing is stored.

    To import the file, register the `indicators`, open an import of them, send each `item` to `/measurements`, and
    complete the import.
    """
    if caller.party_id is None:
        detail = "An operator belongs to no party: use a key of a party."
        raise Problem(403, "no-party", "Only a party may do this", detail)
    return await calls.in_turn(caller.party_id, preview_file, given.mapping, given.content)
