"""Pages of reviews: reports, review meetings, improvement actions, lessons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from slm_console.api_client import Part, RefusedRequest, Whole
from slm_console.views import reviews
from slm_console.views.moments import end_of_day, misread_day
from slm_console.views.tables import Table, table_of
from slm_console.web.directories import WHO, directory_from
from slm_console.web.forms import Fields, go
from slm_console.web.rendering import render
from slm_console.web.tables import render_table, wish_of
from slm_console.web.visit import SignedIn, Visit

router = APIRouter()
_MANY = {"limit": "200"}
_REPORTS, _REVIEWS = "/api/v1/reports", "/api/v1/reviews"
OF = "of"
"""Query parameter with the ids of the companies to which the page is narrowed, with commas between the ids."""
_LONGEST_WAY_BACK = 300
"""Most characters that report-svc accepts in the path of the link above a report."""
_MOST_NAMES = 5


@router.get("/reviews")
async def list_reports(visit: SignedIn) -> Response:
    """List the reports, the latest period first."""
    parts, found = await _read(visit, reports=Whole(_REPORTS, _MANY))
    lines = reviews.report_lines(visit.reader, found)
    table = table_of(reviews.report_columns(visit.reader), lines, wish_of(visit))
    return _table_page(visit, "reports", table, parts)


async def _read(visit: Visit, **asked: Whole) -> tuple[dict[str, Part], list[dict[str, Any]]]:
    """Read the rows of a tab. If the reader has chosen some companies, return only rows about agreements with these
    companies.

    Reports, actions and lessons do not name the two parties of their agreement, so the agreements are read, too.
    """
    wanted = _companies(visit)
    within = {**WHO, "agreements": Whole("/api/v1/agreements", _MANY)} if wanted else {}
    parts = await visit.api.gather(**within, **asked)
    rows = parts[next(iter(asked))].items
    if not wanted:
        return parts, rows
    if visit.scope:
        visit.scope_name = directory_from(parts).company(visit.scope)
    known = {
        each["agreement_id"]
        for each in parts["agreements"].items
        if wanted & {each["provider_party_id"], each["customer_party_id"]}
    }
    return parts, [each for each in rows if each["agreement_id"] in known]


def _companies(visit: Visit) -> frozenset[str]:
    """Return the ids of the companies to which the page is narrowed; empty: the page is about all companies.

    If the page has a scope, this is the company of the scope; otherwise, the companies in the page's address.
    """
    return frozenset(filter(None, [visit.scope] if visit.scope else visit.request.query_params.get(OF, "").split(",")))


def _table_page(visit: Visit, tab: str, table: Table[Any], parts: Mapping[str, Part]) -> Response:
    of, names = "", ""
    if not visit.scope and (wanted := _companies(visit)):
        directory = directory_from(parts)
        of = ",".join(sorted(wanted))
        names = (
            visit.reader.names(sorted(directory.company(each) for each in wanted))
            if len(wanted) <= _MOST_NAMES
            else visit.reader.gettext("%(count)s companies", count=visit.reader.whole(len(wanted)))
        )
    model = {"part": parts.get(tab) or parts["reviews"], "tab": tab, "of": of, "names": names}
    return render_table(visit, f"reviews/{tab}.html", model, table, tab)


@router.get("/reviews/reports/{report_id}")
async def show_report(visit: SignedIn, report_id: str) -> Response:
    """Show a report as an HTML page that report-svc renders, with a link above it that leads back to the list."""
    of = visit.request.query_params.get(OF, "")
    address = visit.scoped("/reviews", **{OF: of})
    if len(address) > _LONGEST_WAY_BACK:
        address = visit.scoped("/reviews")
    back = {"back": address, "back_text": visit.reader.gettext("Reviews")}
    answer = await visit.api.read(f"{_REPORTS}/{report_id}/page", back)
    kept = ("content-type", "content-security-policy", "referrer-policy")
    headers = {name: answer.headers[name] for name in kept if name in answer.headers}
    return Response(answer.content, headers=headers)


@router.get("/reviews/meetings")
async def list_meetings(visit: SignedIn) -> Response:
    """List the review meetings: open ones first, then planned ones, then all others."""
    parts = await visit.api.gather(**WHO, reviews=Whole(_REVIEWS, _MANY))
    directory = directory_from(parts)
    found = parts["reviews"].items
    if visit.scope:
        visit.scope_name = directory.company(visit.scope)
    if wanted := _companies(visit):
        found = [each for each in found if wanted & {each["provider_party_id"], each["customer_party_id"]}]
    order = {"open": 0, "scheduled": 1}
    found = sorted(found, key=lambda each: order.get(each["state"], 2))
    lines = [reviews.meeting_line(visit.reader, directory, each) for each in found]
    table = table_of(reviews.meeting_columns(visit.reader), lines, wish_of(visit))
    return _table_page(visit, "meetings", table, parts)


@router.get("/reviews/meetings/{review_id}")
async def show_meeting(visit: SignedIn, review_id: str) -> Response:
    """Show a review meeting: its agenda, and the forms for actions, lessons and the conclusion."""
    return await _meeting(visit, review_id, {})


async def _meeting(visit: Visit, review_id: str, errors: dict[str, str]) -> Response:
    review = await visit.api.known(f"{_REVIEWS}/{review_id}")
    parts = await visit.api.gather(**WHO)
    directory = directory_from(parts)
    model = {
        "page": reviews.meeting_of(visit.reader, directory, review),
        "may_decide": directory.has_role("service_level_manager"),
        "errors": errors,
        "tab": "meetings",
    }
    return render(visit, "reviews/meeting.html", model, status=422 if errors else 200)


@router.post("/reviews/meetings/{review_id}/actions")
async def open_action(visit: SignedIn, review_id: str, form: Fields) -> Response:
    """Create an improvement action in a review meeting."""
    due = end_of_day(visit.reader, form.text("due"))
    if due is None:
        return await _meeting(visit, review_id, {"due": misread_day(visit.reader, form.text("due"), is_needed=True)})
    names = ("text", "owner", "expected_change")
    body = {**{name: form.text(name) for name in names}, "due_at": due}
    return await _decided(visit, review_id, "actions", body)


@router.post("/reviews/meetings/{review_id}/lessons")
async def record_lesson(visit: SignedIn, review_id: str, form: Fields) -> Response:
    """Record a lesson learned in a review meeting."""
    return await _decided(visit, review_id, "lessons", {"text": form.text("text")})


@router.post("/reviews/meetings/{review_id}/conclude")
async def conclude(visit: SignedIn, review_id: str, form: Fields) -> Response:
    """Conclude a review meeting with a summary and the names of those who attended."""
    present = [name.strip() for name in form.text("attendees").split(",") if name.strip()]
    return await _decided(visit, review_id, "conclude", {"summary": form.text("summary"), "attendees": present})


async def _decided(visit: Visit, review_id: str, what: str, body: Mapping[str, object]) -> Response:
    try:
        await visit.api.post(f"{_REVIEWS}/{review_id}/{what}", body)
    except RefusedRequest as refused:
        return await _meeting(visit, review_id, {what: str(refused)})
    return go(visit, f"/reviews/meetings/{review_id}")


@router.get("/reviews/actions")
async def list_actions(visit: SignedIn) -> Response:
    """List the improvement actions, open ones first."""
    parts, found = await _read(visit, actions=Whole("/api/v1/actions", _MANY))
    lines = reviews.action_lines(visit.reader, found)
    table = table_of(reviews.action_columns(visit.reader), lines, wish_of(visit))
    return _table_page(visit, "actions", table, parts)


@router.post("/reviews/actions/{action_id}/complete")
async def complete_action(visit: SignedIn, action_id: str, form: Fields) -> Response:
    """Mark an improvement action as done."""
    await visit.api.post(f"/api/v1/actions/{action_id}/complete", {"note": form.text("note")})
    return go(visit, "/reviews/actions")


@router.get("/reviews/lessons")
async def list_lessons(visit: SignedIn) -> Response:
    """List the lessons learned, the latest first."""
    parts, found = await _read(visit, lessons=Whole("/api/v1/lessons", _MANY))
    lines = reviews.lesson_lines(visit.reader, found)
    table = table_of(reviews.lesson_columns(visit.reader), lines, wish_of(visit))
    return _table_page(visit, "lessons", table, parts)
