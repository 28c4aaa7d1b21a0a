"""The check of terms that are not saved: what it finds, who may ask, and that it leaves nothing behind."""

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


async def drafted(service: AgreementUnderTest, cast: Cast) -> dict[str, Any]:
    return await negotiation.draft_agreement(service.client, cast, terms.agreement_document(EFFECTIVE), "editor")


async def check(
    service: AgreementUnderTest, key: str, agreement: dict[str, Any], document: dict[str, Any], **more: Any
) -> tuple[int, dict[str, Any]]:
    path = f"/api/v1/agreements/{agreement['agreement_id']}/check"
    return await service.ask(key, "POST", path, {"document": document, **more})


def changed(agreement: dict[str, Any], **promised: Any) -> dict[str, Any]:
    document = agreement["document"]
    return {**document, "targets": [{**document["targets"][0], **promised}, *document["targets"][1:]]}


async def test_unsaved_terms_are_checked_like_saved_ones_and_forgotten(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await drafted(service, cast)
    key, path = cast.provider_manager_key, f"/api/v1/agreements/{agreement['agreement_id']}"
    before = await service.ask(key, "GET", path)
    document = changed(agreement, objective={"at_least": "0.999", "unit": "percent"})
    status, found = await check(service, key, agreement, document)
    assert (status, found["version"], found["is_valid"]) == (200, 1, True)
    slips = [each["field"] for each in found["findings"] if each["severity"] == "slip"]
    assert slips == ["targets[0].objective.at_least"] and len(found["points"]) == 10
    assert await service.ask(key, "GET", path) == before
    _, same = await check(service, key, agreement, agreement["document"])
    _, saved = await service.ask(key, "GET", f"{path}/check")
    assert (same["findings"], same["points"]) == (saved["findings"], saved["points"])


async def test_terms_that_cannot_be_saved_are_findings_and_no_problem(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await drafted(service, cast)
    document = {**changed(agreement, objective={"at_least": "much"}), "colour": "red"}
    status, found = await check(service, cast.provider_manager_key, agreement, document)
    assert (status, found["is_valid"], found["points"]) == (200, False, [])
    assert {each["field"] for each in found["findings"]} >= {"targets[0].objective.at_least", "colour"}
    assert all(each["severity"] == "error" and each["remedy"] for each in found["findings"])


async def test_a_signed_version_is_checked_as_an_amendment(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-10T00:00:00Z")
    status, found = await check(service, cast.customer_manager_key, agreement, agreement["document"])
    assert (status, found["version"]) == (200, 2)
    assert "time-bound.amends-the-past" in {each["code"] for each in found["findings"]}


async def test_only_managers_of_a_party_that_sees_the_version_may_ask(service: AgreementUnderTest, cast: Cast) -> None:
    agreement = await drafted(service, cast)
    document = agreement["document"]
    assert (await check(service, cast.viewer_key, agreement, document))[0] == 403
    assert (await check(service, OPERATOR_KEY, agreement, document))[0] == 403
    foreign = await check(service, cast.customer_manager_key, agreement, document)
    unknown = await check(service, cast.customer_manager_key, {"agreement_id": "no-such"}, document)
    assert (foreign[0], unknown[0]) == (404, 404)
    for named, status in ((9, 404), (0, 422)):
        assert (await check(service, cast.provider_manager_key, agreement, document, version=named))[0] == status
    assert (await check(service, cast.provider_manager_key, agreement, document, level="x"))[0] == 422


async def test_a_draft_of_the_other_party_does_not_show_in_the_number(service: AgreementUnderTest) -> None:
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    path = f"/api/v1/agreements/{agreement['agreement_id']}/amendments"
    assert (await service.ask(cast.provider_manager_key, "POST", path, {}))[0] == 201
    _, found = await check(service, cast.customer_manager_key, agreement, agreement["document"])
    assert found["version"] == 2
