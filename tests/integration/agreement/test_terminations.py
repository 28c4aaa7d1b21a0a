"""An agreement ends early with the notice that was agreed, or with the other side's consent."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_events.agreement import AgreementTerminated
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

SOON = "2026-12-20T00:00:00Z"
KEPT = "2027-03-05T00:00:00Z"
"""90 days after the fifth of December, to the second."""


@pytest.fixture
async def signed(service: AgreementUnderTest) -> tuple[Cast, str]:
    """An agreement in force since the first of December, with a notice of 90 days; and its path."""
    cast, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    await service.move_to("2026-12-05T00:00:00Z")
    return cast, f"/api/v1/agreements/{agreement['agreement_id']}/terminate"


async def _ask(service: AgreementUnderTest, key: str, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    return await service.ask(key, "POST", path, {"reason": "Insourced", **body})


@pytest.mark.parametrize("at", [None, SOON, "2027-03-04T23:59:59Z"])
async def test_an_end_inside_the_notice_period_is_refused(
    service: AgreementUnderTest, signed: tuple[Cast, str], at: str | None
) -> None:
    cast, path = signed
    status, problem = await _ask(service, cast.customer_signatory_key, path, at=at)
    assert status == 422, problem
    assert (problem["errors"][0]["field"], KEPT[:19] in problem["errors"][0]["remedy"]) == ("at", True)
    _, seen = await service.ask(cast.viewer_key, "GET", path.removesuffix("/terminate"))
    assert (seen["state"], seen["ends_at"]) == ("in_force", None)


async def test_an_end_that_keeps_the_notice_is_one_sides_to_decide(
    service: AgreementUnderTest, signed: tuple[Cast, str]
) -> None:
    cast, path = signed
    status, ended = await _ask(service, cast.customer_signatory_key, path, at=KEPT)
    assert (status, ended["ends_at"]) == (200, "2027-03-05T00:00:00.000000Z")


async def test_an_earlier_end_needs_the_other_sides_consent(
    service: AgreementUnderTest, signed: tuple[Cast, str]
) -> None:
    cast, path = signed
    status, asked = await _ask(service, cast.customer_signatory_key, path, at=SOON, by_consent=True)
    assert (status, asked["state"], asked["ends_at"]) == (200, "in_force", None)
    named = {"request_id": asked["termination_request"]["request_id"]}
    _, seen = await service.ask(cast.provider_manager_key, "GET", path.removesuffix("/terminate"))
    assert (seen["termination_request"]["by"], seen["termination_request"]["reason"]) == ("Emmy Noether", "Insourced")
    for key, expected in (
        (cast.customer_signatory_key, 403),
        (cast.provider_manager_key, 403),
        (OPERATOR_KEY, 403),
    ):
        assert (await service.ask(key, "POST", f"{path}/consent", named))[0] == expected
    other = {"request_id": "11111111-1111-4111-8111-111111111111"}
    assert (await service.ask(cast.provider_signatory_key, "POST", f"{path}/consent", other))[0] == 404
    status, ended = await service.ask(cast.provider_signatory_key, "POST", f"{path}/consent", named)
    assert (status, ended["ends_at"], ended["termination_request"]) == (200, "2026-12-20T00:00:00.000000Z", None)
    assert (await service.ask(cast.provider_signatory_key, "POST", f"{path}/consent", named))[0] == 404
    assert await service.move_to("2026-12-21T00:00:00Z") == 1
    [told] = await service.told(AgreementTerminated)
    assert (told.at, told.reason) == ("2026-12-20T00:00:00.000000Z", "Insourced")


async def test_consent_given_late_ends_the_agreement_then(
    service: AgreementUnderTest, signed: tuple[Cast, str]
) -> None:
    cast, path = signed
    _, asked = await _ask(service, cast.provider_signatory_key, path, at=SOON, by_consent=True)
    await service.move_to("2026-12-24T00:00:00Z")
    named = {"request_id": asked["termination_request"]["request_id"]}
    status, ended = await service.ask(cast.customer_signatory_key, "POST", f"{path}/consent", named)
    assert (status, ended["state"], ended["ended_at"]) == (200, "terminated", "2026-12-24T00:00:00.000000Z")


async def test_a_request_to_end_is_withdrawn_or_declined(service: AgreementUnderTest, signed: tuple[Cast, str]) -> None:
    cast, path = signed
    for dropping in (cast.customer_signatory_key, cast.provider_signatory_key):
        _, asked = await _ask(service, cast.customer_signatory_key, path, by_consent=True)
        _, again = await _ask(service, cast.customer_signatory_key, path, by_consent=True)
        assert asked["termination_request"] == again["termination_request"]
        assert (await _ask(service, cast.provider_signatory_key, path, by_consent=True))[0] == 409
        named = {"request_id": asked["termination_request"]["request_id"]}
        status, dropped = await service.ask(dropping, "POST", f"{path}/withdraw", named)
        assert (status, dropped["termination_request"], dropped["state"]) == (200, None, "in_force")
        assert (await service.ask(cast.provider_signatory_key, "POST", f"{path}/consent", named))[0] == 404
