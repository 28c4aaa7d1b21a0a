"""Comments through the REST API: on a target, a clause or the whole, for both parties or for the own one."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_events.agreement import AgreementCommented, AgreementCommentResolved
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


@pytest.fixture
async def draft(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    return await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "k")


async def _write(
    service: AgreementUnderTest, key: str, agreement: dict[str, Any], text: str, **more: Any
) -> dict[str, Any]:
    body = {"revision_hash": agreement["revision"]["hash"], "text": text, **more}
    return await negotiation.post(service.client, key, f"/api/v1/agreements/{agreement['agreement_id']}/comments", body)


async def _texts(service: AgreementUnderTest, key: str, agreement: dict[str, Any], query: str = "") -> list[str]:
    path = f"/api/v1/agreements/{agreement['agreement_id']}/comments{query}"
    return [each["text"] for each in (await negotiation.get(service.client, key, path))["items"]]


async def test_both_parties_read_a_comment_and_an_internal_one_stays_inside(
    service: AgreementUnderTest, cast: Cast, draft: dict[str, Any]
) -> None:
    proposed = await negotiation.propose_draft(service.client, cast, draft)
    carl, ada = cast.customer_manager_key, cast.provider_manager_key
    first = await _write(service, carl, proposed, "Measured where?", target="availability")
    assert (first["by"], first["revision_number"], first["internal"]) == ("Carl Friedrich", 1, False)
    await _write(service, cast.provider_signatory_key, proposed, "They will not pay more.", internal=True)
    await _write(service, ada, proposed, "At your till.", clause="availability")
    assert await _texts(service, ada, proposed) == ["Measured where?", "They will not pay more.", "At your till."]
    for key in (carl, cast.viewer_key):
        assert await _texts(service, key, proposed) == ["Measured where?", "At your till."]
    assert await _texts(service, carl, proposed, "?target=availability") == ["Measured where?"]
    events = await service.told(AgreementCommented)
    assert [event.other_party_id for event in events] == [
        cast.provider_party_id,
        None,
        cast.customer_party_id,
    ]
    history = await negotiation.get(service.client, carl, f"/api/v1/agreements/{proposed['agreement_id']}/events")
    assert [each["action"] for each in history["items"]].count("agreement.comment") == 2


async def test_an_open_comment_stays_when_the_text_changes(
    service: AgreementUnderTest, cast: Cast, draft: dict[str, Any]
) -> None:
    proposed = await negotiation.propose_draft(service.client, cast, draft)
    carl = cast.customer_manager_key
    await _write(service, carl, proposed, "More, please.", target="availability")
    await _write(service, carl, proposed, "Fine.", target="p1-resolution")
    await negotiation.make_counter_proposal(
        service.client, cast, proposed, terms.counter_proposal(proposed["document"])
    )
    path = f"/api/v1/agreements/{proposed['agreement_id']}/comments"
    listed = (await negotiation.get(service.client, carl, f"{path}?resolved=false"))["items"]
    seen = {each["text"]: (each["revision_number"], each["changed_since"]) for each in listed}
    assert seen == {"More, please.": (1, True), "Fine.": (1, False)}


async def test_either_party_resolves_and_reopens_once(
    service: AgreementUnderTest, cast: Cast, draft: dict[str, Any]
) -> None:
    proposed = await negotiation.propose_draft(service.client, cast, draft)
    comment = await _write(service, cast.customer_manager_key, proposed, "More?")
    path = f"/api/v1/agreements/{proposed['agreement_id']}/comments/{comment['comment_id']}"
    for _ in range(2):
        resolved = await negotiation.post(service.client, cast.provider_manager_key, f"{path}/resolve", {})
    assert (resolved["resolved"], resolved["resolved_by"]) == (True, "Ada Byron")
    assert await _texts(service, cast.viewer_key, proposed, "?resolved=false") == []
    reopened = await negotiation.post(service.client, cast.customer_manager_key, f"{path}/reopen", {})
    assert (reopened["resolved"], reopened["resolved_at"]) == (False, None)
    assert [event.resolved for event in await service.told(AgreementCommentResolved)] == [True, False]


async def test_comments_that_cannot_be_are_refused(
    service: AgreementUnderTest, cast: Cast, draft: dict[str, Any]
) -> None:
    ada, carl = cast.provider_manager_key, cast.customer_manager_key
    path = f"/api/v1/agreements/{draft['agreement_id']}/comments"
    body = {"revision_hash": draft["revision"]["hash"], "text": "Not ready."}
    status, problem = await service.ask(ada, "POST", path, body)
    assert (status, problem["errors"][0]["field"]) == (422, "internal")
    noted = await _write(service, ada, draft, "Ask finance first.", internal=True)
    assert (await service.ask(carl, "GET", path))[0] == 404
    proposed = await negotiation.propose_draft(service.client, cast, draft)
    for more, field in (
        ({"target": "no-such"}, "target"),
        ({"clause": "weather"}, "clause"),
        ({"target": "availability", "clause": "support"}, "clause"),
        ({"revision_hash": "0" * 64}, "revision_hash"),
        ({"text": "x" * 4_001}, "text"),
        ({"text": ""}, "text"),
    ):
        status, problem = await service.ask(carl, "POST", path, {**body, **more})
        assert (status, problem["errors"][0]["field"]) == (422, field), more
    assert (await service.ask(cast.viewer_key, "POST", path, body))[0] == 403
    assert (await service.ask(OPERATOR_KEY, "POST", path, body))[0] == 403
    hidden = await service.ask(carl, "POST", f"{path}/{noted['comment_id']}/resolve")
    unknown = await service.ask(carl, "POST", f"{path}/{cast.service_id}/resolve")
    assert (hidden[0], unknown[0]) == (404, 404)
    assert await _texts(service, carl, proposed) == []
    await service.ask(ada, "POST", f"/api/v1/agreements/{draft['agreement_id']}/withdraw", {"reason": "No."})
    assert (await service.ask(carl, "POST", path, body))[0] == 409
