"""``/api/v1/lessons``: lessons that reviews recorded."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from slm_chassis.http.access import Caller
from slm_chassis.http.operation import operation
from slm_chassis.http.paging import Paging
from slm_chassis.http.parts import TheDatabase
from slm_chassis.http.problems import not_found
from slm_chassis.http.response_models import list_of
from slm_review.adapters import queries
from slm_review.api.responses import LessonAnswer

router = APIRouter(prefix="/api/v1/lessons", tags=["lessons"])


@router.get("", **operation("List lessons, the newest first", list_of(LessonAnswer), converts=True))
async def list_lessons(
    caller: Caller,
    page: Paging,
    database: TheDatabase,
    agreement_id: str | None = None,
    review_id: str | None = None,
) -> dict[str, Any]:
    """List the lessons of your agreements' reviews, the newest first."""
    filters = {"agreement_id": agreement_id, "review_id": review_id}
    rows = await queries.fetch_page(database, queries.LESSONS, caller, page, filters)
    return page.shape(rows, queries.LESSONS.key)


@router.get("/{lesson_id}", **operation("Read one lesson", LessonAnswer, converts=True))
async def get_lesson(lesson_id: str, caller: Caller, database: TheDatabase) -> dict[str, Any]:
    """Read a lesson that a review recorded."""
    row = await queries.fetch_row(database, queries.LESSONS, caller, lesson_id)
    if row is None:
        raise not_found("lesson", lesson_id)
    return row
