from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_events.instants import from_text
from slm_events.review import ActionOpened, LessonRecorded, ReviewConcluded, TargetRevisionProposed
from tests.integration.review.conftest import Service
from tests.support.review import AGREEMENT, at_risk, breached, drafted, finalized, id_of, month, withdrawn

ACTION = {
    "text": "Automate the rollback.",
    "owner": "Checkout team",
    "due_at": "2026-12-15T00:00:00+01:00",
    "target": "checkout-availability",
    "expected_change": "Outages end within 10 minutes.",
    "external_refs": [{"system": "jira", "id": "OPS-42"}],
}
PROPOSAL = {"target": "checkout-availability", "objective": {"at_least": "99.95"}, "reason": "There is room."}
CONCLUSION = {"summary": "A failed deployment.", "attendees": ["Ada", "Bob"]}


async def opened(service: Service) -> str:
    """The id of a review that a breach opened."""
    await service.hear(finalized(review={"on_breach": True}), breached("b", "2026-11-22T09:00"))
    async with service.client("customer") as client:
        (review,) = (await client.get("/api/v1/reviews", params={"state": "open"})).json()["items"]
    return str(review["review_id"])


async def post(service: Service, who: str, path: str, body: Any, **headers: str) -> httpx.Response:
    async with service.client(who) as client:
        return await client.post(f"/api/v1{path}", json=body, headers=headers)


async def get(service: Service, who: str, path: str, **params: str) -> httpx.Response:
    async with service.client(who) as client:
        return await client.get(f"/api/v1{path}", params=params)


async def test_a_review_runs_from_the_breach_to_the_linked_proposal(service: Service) -> None:
    review_id = await opened(service)
    concluded = await post(service, "provider", f"/reviews/{review_id}/conclude", CONCLUSION)
    assert (concluded.status_code, concluded.json()["state"]) == (200, "concluded")
    lesson = await post(service, "customer", f"/reviews/{review_id}/lessons", {"text": "Roll back first."})
    action = await post(service, "customer", f"/reviews/{review_id}/actions", ACTION)
    proposal = await post(service, "customer", f"/reviews/{review_id}/target-revision-proposals", PROPOSAL)
    assert [answer.status_code for answer in (lesson, action, proposal)] == [201, 201, 201]
    for kind in (ReviewConcluded, LessonRecorded, ActionOpened, TargetRevisionProposed):
        assert len(await service.told(kind)) == 1
    await service.hear(drafted(proposal.json()["proposal_id"]))
    linked = (await get(service, "viewer", f"/target-revision-proposals/{proposal.json()['proposal_id']}")).json()
    assert (linked["state"], linked["amendment_version"]) == ("drafted", 2)


async def test_a_plan_shows_the_time_that_is_left(service: Service) -> None:
    await service.hear(at_risk("r", "2026-11-22T09:00", until="2026-11-22T10:40"))
    (plan,) = (await get(service, "viewer", "/action-plans", state="open")).json()["items"]
    assert (plan["time_left_seconds"], plan["due_at"]) == (2400, "2026-11-22T10:30:00.000000Z")
    await service.move_to("2026-11-22T11:00")
    assert (await get(service, "viewer", f"/action-plans/{plan['plan_id']}")).json()["time_left_seconds"] == 0


async def test_a_plan_that_waits_for_its_risk_is_not_shown(service: Service) -> None:
    await service.hear(at_risk("r", "2026-11-22T09:00", responsible={}))
    assert (await get(service, "viewer", "/action-plans")).json() == {"items": [], "next": None}


async def test_the_agenda_shows_what_was_withdrawn(service: Service) -> None:
    review_id = await opened(service)
    await service.hear(breached("c", "2026-11-22T09:30", month(10)), withdrawn("b"))
    review = (await get(service, "viewer", f"/reviews/{review_id}")).json()
    assert [(item["ref_id"], item["state"]) for item in review["agenda"]] == [
        (id_of("b"), "withdrawn"),
        (id_of("c"), "standing"),
    ]
    assert review["agenda_count"] == 2
    details = [item["detail"] for item in review["agenda"]]
    titles = [item["title"].rpartition(": ")[0] for item in review["agenda"]]
    assert [each["target_title"] for each in details] == titles


async def test_an_agenda_is_read_page_by_page(service: Service) -> None:
    review_id = await opened(service)
    await service.hear(*(breached(f"b{n}", f"2026-11-22T09:{n:02d}", month(10)) for n in range(1, 5)))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = (await get(service, "viewer", f"/reviews/{review_id}/agenda", **params)).json()
        seen += [item["at"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == 5 and seen == sorted(seen)


async def test_lists_are_filtered_and_paged_newest_first(service: Service) -> None:
    review_id = await opened(service)
    for minute in range(3):
        service.clock.move_to(from_text(f"2026-11-22T11:{minute:02d}:00Z"))
        await post(service, "customer", f"/reviews/{review_id}/lessons", {"text": f"lesson {minute}"})
    first = (await get(service, "viewer", "/lessons", limit="2", agreement_id=AGREEMENT)).json()
    rest = (await get(service, "viewer", "/lessons", limit="2", cursor=first["next"])).json()
    assert [item["text"] for item in first["items"] + rest["items"]] == ["lesson 2", "lesson 1", "lesson 0"]
    assert rest["next"] is None
    assert (await get(service, "viewer", "/lessons", review_id="another")).json()["items"] == []


async def test_an_action_is_found_by_its_ticket(service: Service) -> None:
    review_id = await opened(service)
    action = (await post(service, "customer", f"/reviews/{review_id}/actions", ACTION)).json()
    assert action["due_at"] == "2026-12-14T23:00:00.000000Z"
    found = await get(service, "viewer", "/actions", external_ref="jira:OPS-42", state="open")
    assert [item["action_id"] for item in found.json()["items"]] == [action["action_id"]]
    assert (await get(service, "viewer", "/actions", external_ref="jira:OPS-43")).json()["items"] == []
    assert (await get(service, "viewer", "/actions", external_ref="OPS-42")).status_code == 422


async def test_each_kind_of_thing_is_read_by_its_id(service: Service) -> None:
    review_id = await opened(service)
    for kind, body, identity in (
        ("lessons", {"text": "Roll back first."}, "lesson_id"),
        ("actions", ACTION, "action_id"),
        ("target-revision-proposals", PROPOSAL, "proposal_id"),
    ):
        made = (await post(service, "customer", f"/reviews/{review_id}/{kind}", body)).json()
        assert (await get(service, "viewer", f"/{kind}/{made[identity]}")).json() == made
        assert (await get(service, "viewer", f"/{kind}")).json()["items"] == [made]


PATHS = [
    "/reviews/{review}",
    "/reviews/{review}/agenda",
    "/action-plans/{plan}",
    "/lessons/x",
    "/actions/x",
    "/target-revision-proposals/x",
]


@pytest.mark.parametrize("path", PATHS)
async def test_what_belongs_to_others_is_not_found(service: Service, path: str) -> None:
    await service.hear(at_risk("r", "2026-11-22T08:00"))
    review_id = await opened(service)
    (plan,) = (await get(service, "operator", "/action-plans")).json()["items"]
    answer = await get(service, "stranger", path.format(review=review_id, plan=plan["plan_id"]))
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


async def test_strangers_see_empty_lists_and_operators_all(service: Service) -> None:
    await service.hear(at_risk("r", "2026-11-22T08:00"))
    await opened(service)
    for resource in ("reviews", "action-plans"):
        assert (await get(service, "stranger", f"/{resource}")).json()["items"] == []
        assert len((await get(service, "operator", f"/{resource}")).json()["items"]) == 1


@pytest.mark.parametrize("decision", ["conclude", "lessons", "actions", "target-revision-proposals"])
async def test_who_only_reads_decides_nothing(service: Service, decision: str) -> None:
    review_id = await opened(service)
    bodies = {
        "conclude": CONCLUSION,
        "lessons": {"text": "x"},
        "actions": ACTION,
        "target-revision-proposals": PROPOSAL,
    }
    for who, status in (("viewer", 403), ("agent", 403), ("stranger", 404)):
        assert (await post(service, who, f"/reviews/{review_id}/{decision}", bodies[decision])).status_code == status


async def test_a_review_is_held_once_and_told_why(service: Service) -> None:
    review_id = await opened(service)
    await post(service, "customer", f"/reviews/{review_id}/conclude", CONCLUSION)
    again = await post(service, "customer", f"/reviews/{review_id}/conclude", CONCLUSION)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/review-already-concluded")
    assert "2026-11-22T10:00:00.000000Z" in again.json()["detail"]


async def test_a_scheduled_review_says_when_it_opens(service: Service) -> None:
    await service.hear(finalized())
    (review,) = (await get(service, "customer", "/reviews", state="scheduled")).json()["items"]
    early = await post(service, "customer", f"/reviews/{review['review_id']}/conclude", CONCLUSION)
    assert (early.status_code, early.json()["type"]) == (409, "/problems/review-not-open")
    assert review["due_at"] in early.json()["detail"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("actions", ACTION | {"due_at": "2026-12-15T00:00:00"}, "due_at"),
        ("actions", ACTION | {"due_at": "2020-01-01T00:00:00Z"}, "due_at"),
        ("actions", ACTION | {"due_at": "0001-01-01T00:00:00+23:59"}, "due_at"),
        ("actions", ACTION | {"due_at": 1_795_000_000}, "due_at"),
        ("actions", ACTION | {"target": "typo"}, "target"),
        ("lessons", {"text": ""}, "text"),
        ("conclude", {"summary": "x", "attendees": []}, "attendees"),
        ("target-revision-proposals", PROPOSAL | {"objective": {"at_least": 99.95}}, "objective.at_least"),
        ("target-revision-proposals", PROPOSAL | {"objectve": {}}, "objectve"),
    ],
)
async def test_a_wrong_field_is_named_with_its_remedy(
    service: Service, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await post(service, "customer", f"/reviews/{await opened(service)}/{path}", body)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == field and error["remedy"]


async def test_an_idempotency_key_makes_one_lesson_of_two_requests(service: Service) -> None:
    path = f"/reviews/{await opened(service)}/lessons"
    first = await post(service, "customer", path, {"text": "once"}, **{"Idempotency-Key": "k1"})
    again = await post(service, "customer", path, {"text": "once"}, **{"Idempotency-Key": "k1"})
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert len((await get(service, "customer", "/lessons")).json()["items"]) == 1


async def test_who_did_what_is_written_down(service: Service) -> None:
    review_id = await opened(service)
    await post(service, "customer", f"/reviews/{review_id}/conclude", CONCLUSION)
    async with service.app.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT action, subject, principal_id FROM audit")).all()
    assert [tuple(row) for row in rows] == [("review.concluded", review_id, "principal of customer")]


async def test_the_api_describes_itself_with_examples(service: Service) -> None:
    async with service.client("") as client:
        document = (await client.get("/openapi.json")).json()
    assert document["components"]["schemas"]["NewProposal"]["examples"]
    assert {path.split("/")[3] for path in document["paths"] if path.startswith("/api/v1/")} >= {
        "action-plans",
        "reviews",
        "actions",
        "lessons",
        "target-revision-proposals",
    }
