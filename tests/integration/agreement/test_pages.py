"""Lists that are no table of their own are paged like all others: revisions of a version, and templates."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


async def _followed(service: AgreementUnderTest, key: str, path: str) -> list[Any]:
    """The items of a list, read with one item on each page."""
    items: list[Any] = []
    cursor = ""
    while True:
        status, page = await service.ask(key, "GET", f"{path}?limit=1{cursor}")
        assert (status, len(page["items"])) == (200, 1)
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = f"&cursor={page['next']}"


async def test_revisions_and_templates_come_in_pages(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    path = f"/api/v1/agreements/{agreement['agreement_id']}/revisions"
    for number in (1, 2):
        body = {"document": {**agreement["document"], "title": f"Checkout {number}"}}
        status, _ = await service.ask(cast.provider_manager_key, "POST", path, body, If_Match="*")
        assert status == 201
    for listed in (path, "/api/v1/templates"):
        whole = await negotiation.get(service.client, cast.provider_manager_key, listed)
        assert len(whole["items"]) == 3 and whole["next"] is None
        assert await _followed(service, cast.provider_manager_key, listed) == whole["items"]


async def test_a_cursor_of_another_list_is_refused(service: AgreementUnderTest, cast: Cast) -> None:
    _, page = await service.ask(cast.provider_manager_key, "GET", "/api/v1/templates?limit=1")
    agreement = await negotiation.draft_agreement(
        service.client, cast, terms.agreement_document(EFFECTIVE), terms.AGREEMENT_KEY
    )
    path = f"/api/v1/agreements/{agreement['agreement_id']}/revisions?cursor={page['next']}"
    status, problem = await service.ask(cast.provider_manager_key, "GET", path)
    assert (status, problem["errors"][0]["field"]) == (422, "query.cursor")
