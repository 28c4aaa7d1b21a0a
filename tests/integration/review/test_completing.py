"""What a review decided comes to an end: actions and steps are completed, a review without a cause lapses."""

from __future__ import annotations

from typing import Any

import httpx

from tests.integration.review.conftest import Service
from tests.support.review import at_risk, breached, closed, finalized, id_of, month, withdrawn

ACTION = {"text": "Automate it.", "owner": "Team", "due_at": "2026-12-15T00:00:00Z", "expected_change": "Less of it."}


async def ask(service: Service, who: str, method: str, path: str, body: Any = None) -> httpx.Response:
    transport = httpx.ASGITransport(service.app.http, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {who}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://review", headers=headers) as client:
        return await client.request(method, f"/api/v1{path}", json=body)


async def test_an_action_is_completed_with_a_note_once(service: Service) -> None:
    await service.hear(finalized(review={"on_breach": True}), breached("b", "2026-11-22T09:00"))
    (review,) = (await ask(service, "viewer", "GET", "/reviews?state=open")).json()["items"]
    opened = await ask(service, "customer", "POST", f"/reviews/{review['review_id']}/actions", ACTION)
    path = f"/actions/{opened.json()['action_id']}/complete"
    assert (await ask(service, "stranger", "POST", path, {"note": "x"})).status_code == 404
    done = await ask(service, "provider", "POST", path, {"note": "Rolled back by itself."})
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["completion_note"]) == ("done", "Rolled back by itself.")
    again = await ask(service, "provider", "POST", path, {"note": "x"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-ended")
    assert (await ask(service, "viewer", "GET", "/actions?state=open")).json()["items"] == []
    assert (await ask(service, "viewer", "POST", path, {"note": "x"})).status_code == 403


async def test_the_steps_of_a_plan_are_ticked_off(service: Service) -> None:
    await service.hear(at_risk("r", "2026-11-22T09:00", until="2026-11-22T10:40"))
    (plan,) = (await ask(service, "viewer", "GET", "/action-plans")).json()["items"]
    path = f"/action-plans/{plan['plan_id']}/steps"
    done = await ask(service, "provider", "POST", f"{path}/1/complete", {"note": "Traffic is at the second site."})
    assert done.status_code == 200, done.text
    first, second = done.json()["steps"]
    assert (first["note"], first["completed_at"]) == ("Traffic is at the second site.", "2026-11-22T10:00:00.000000Z")
    assert "completed_at" not in second
    assert (await ask(service, "provider", "POST", f"{path}/1/complete", {})).status_code == 409
    beyond = await ask(service, "provider", "POST", f"{path}/3/complete", {})
    assert (beyond.status_code, beyond.json()["errors"][0]["field"]) == (422, "number")


async def test_a_review_of_a_withdrawn_breach_ends_as_lapsed(service: Service) -> None:
    await service.hear(finalized(review={"on_breach": True}))
    await service.hear(breached("b", "2026-11-22T09:00"))
    await service.hear(withdrawn("b"))
    (review,) = (await ask(service, "viewer", "GET", "/reviews?reason=breach")).json()["items"]
    assert review["state"] == "lapsed"
    refused = await ask(
        service,
        "provider",
        "POST",
        f"/reviews/{review['review_id']}/conclude",
        {"summary": "Nothing.", "attendees": ["A. Roy"]},
    )
    assert refused.status_code == 409
    await service.hear(breached("b", "2026-11-22T09:00", revision=1))
    (review,) = (await ask(service, "viewer", "GET", "/reviews?reason=breach")).json()["items"]
    assert review["state"] == "open"


async def test_the_agenda_of_a_review_is_seen_before_its_period_is_over(service: Service) -> None:
    await service.hear(finalized(review={"cadence": "month"}), breached("b", "2026-11-22T09:00"))
    (review,) = (await ask(service, "viewer", "GET", "/reviews?state=scheduled")).json()["items"]
    seen = (await ask(service, "viewer", "GET", f"/reviews/{review['review_id']}")).json()
    assert [item["ref_id"] for item in seen["agenda"]] == [id_of("b")]
    listed = (await ask(service, "viewer", "GET", f"/reviews/{review['review_id']}/agenda")).json()
    assert [item["ref_id"] for item in listed["items"]] == [id_of("b")]
    odd = await ask(service, "viewer", "GET", f"/reviews/{review['review_id']}/agenda?cursor=W10")
    assert odd.status_code in (200, 422)
    await service.hear(closed(month(11), "breached", "9985/100"))
    assert await service.move_to("2026-12-01T00:10") == 1
