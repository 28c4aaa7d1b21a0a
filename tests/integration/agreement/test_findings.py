"""What the check finds in a document: slips, thin budgets, what nobody could read, and supports of strangers."""

from __future__ import annotations

from typing import Any

import pytest

from slm.demo import negotiation, terms
from slm.demo.negotiation import Cast
from slm_events.agreement import AgreementFinalized
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

NOWHERE = "11111111-1111-5111-8111-111111111111"
HOURS = {"business": {"timezone": "UTC", "weekly": {"mon-fri": [["08:00", "18:00"]], "sat": [["10:00", "23:59"]]}}}


def ratio(**changed: Any) -> dict[str, Any]:
    return {
        "key": "orders",
        "indicator": "orders",
        "aggregation": "ratio",
        "objective": {"at_least": "99.9"},
        "window": {"calendar": "month"},
        **changed,
    }


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    cast = await negotiation.gather_cast(service.client, OPERATOR_KEY)
    await negotiation.record_requirement(service.client, cast)
    return cast


def document(*targets: dict[str, Any], **changed: Any) -> dict[str, Any]:
    base = terms.agreement_document(EFFECTIVE)
    said = {"charges": {"text": "A fixed price."}, "availability": {"text": "As the targets say."}}
    return {**base, "clauses": base["clauses"] | said, "targets": list(targets) or base["targets"], **changed}


async def _draft(service: AgreementUnderTest, cast: Cast, written: dict[str, Any], key: str = "k") -> tuple[int, Any]:
    body = {
        "key": key,
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "template": "sla-standard",
        "document": written,
    }
    return await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", body)


async def _findings(service: AgreementUnderTest, cast: Cast, written: dict[str, Any]) -> list[tuple[str, str]]:
    status, drafted = await _draft(service, cast, written)
    assert status == 201, drafted
    path = f"/api/v1/agreements/{drafted['agreement_id']}/check"
    _, checked = await service.ask(cast.provider_manager_key, "GET", path)
    return [(each["severity"], each["field"]) for each in checked["findings"]]


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (ratio(objective={"at_least": "0.999"}), "targets[0].objective.at_least"),
        (ratio(objective={"at_least": 0.5}), "targets[0].objective.at_least"),
        (ratio(aggregation="availability", objective={"at_least": "0.9999"}), "targets[0].objective.at_least"),
        (ratio(unacceptable={"at_least": "0.99"}), "targets[0].unacceptable.at_least"),
        (
            ratio(
                aggregation={"share_at_most": "300"},
                indicator={"key": "l", "unit": "ms"},
                objective={"at_least": "0.95"},
            ),
            "targets[0].objective.at_least",
        ),
        (ratio(warn_at={"budget_consumed": ["0.5", "0.75"]}), "targets[0].warn_at.budget_consumed[0]"),
    ],
)
async def test_a_share_of_less_than_one_percent_is_a_slip(
    service: AgreementUnderTest, cast: Cast, target: dict[str, Any], field: str
) -> None:
    assert ("slip", field) in await _findings(service, cast, document(target))


async def test_a_service_day_that_ends_a_minute_before_midnight_is_a_slip(
    service: AgreementUnderTest, cast: Cast
) -> None:
    found = await _findings(service, cast, document(service_hours=HOURS))
    assert found == [("slip", "service_hours.business.weekly.sat[0]")]


async def test_a_budget_of_less_than_one_event_is_a_warning(service: AgreementUnderTest, cast: Cast) -> None:
    found = await _findings(service, cast, document(ratio(expected_volume=999), ratio(key="two", expected_volume=1000)))
    assert found == [("warning", "targets[0].expected_volume")]


async def test_a_document_without_slips_has_no_findings(service: AgreementUnderTest, cast: Cast) -> None:
    hours = {"business": {"timezone": "UTC", "weekly": {"mon-fri": [["00:00", "24:00"]]}}}
    assert await _findings(service, cast, document(ratio(objective={"at_least": "1"}), service_hours=hours)) == []


async def test_slips_are_waived_singly_with_a_reason_and_kept_with_the_signature(
    service: AgreementUnderTest, cast: Cast
) -> None:
    low = document(ratio(objective={"at_least": "0.5"}), ratio(key="two", objective={"at_least": "0.6"}))
    _, drafted = await _draft(service, cast, low)
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    path = f"/api/v1/agreements/{drafted['agreement_id']}"
    named = {"revision_hash": proposed["revision"]["hash"]}
    assert (await service.ask(cast.customer_manager_key, "POST", f"{path}/accept", named))[0] == 200
    grace, emmy = cast.provider_signatory_key, cast.customer_signatory_key
    status, problem = await service.ask(grace, "POST", f"{path}/sign", named)
    assert (status, [each["severity"] for each in problem["errors"]]) == (422, ["slip", "slip"])
    code, fields = problem["errors"][0]["code"], [each["field"] for each in problem["errors"]]
    together = {**named, "waivers": [{"code": code, "reason": "Meant so."}]}
    assert (await service.ask(grace, "POST", f"{path}/sign", together))[0] == 422
    waivers = [{"code": code, "field": field, "reason": f"Meant so: {field}"} for field in fields]
    assert (await service.ask(grace, "POST", f"{path}/sign", {**named, "waivers": waivers}))[0] == 200
    status, signed = await service.ask(emmy, "POST", f"{path}/sign", named)
    assert (status, signed["state"]) == (200, "finalized")
    assert [each["waived_by"] for each in signed["signatures"][0]["waivers"]] == ["Grace Hopper"] * 2
    assert {each["severity"] for each in signed["signatures"][0]["findings"]} == {"slip", "information"}


async def test_an_error_cannot_be_waived(service: AgreementUnderTest, cast: Cast) -> None:
    _, drafted = await _draft(service, cast, document(term={"effective_at": None}))
    proposed = await negotiation.propose_draft(service.client, cast, drafted)
    path = f"/api/v1/agreements/{drafted['agreement_id']}"
    named = {"revision_hash": proposed["revision"]["hash"]}
    status, problem = await service.ask(cast.customer_manager_key, "POST", f"{path}/accept", named)
    assert (status, {each["severity"] for each in problem["errors"]}) == (422, {"error"})
    waived = {**named, "waivers": [{"code": each["code"], "reason": "Never mind."} for each in problem["errors"]]}
    assert (await service.ask(cast.provider_signatory_key, "POST", f"{path}/sign", waived))[0] in (409, 422)


@pytest.mark.parametrize(
    "warn_at",
    [
        {"budget_consumed": ["50"]},
        {"burn_rate": "default"},
        {"burn_rate": [{"long": "PT1H", "short": "PT5M", "factor": "14.4"}]},
        {"budget_drop": [{"by": "10", "within": "PT1H"}]},
        {"time_to_exhaustion": ["PT6H"]},
    ],
)
async def test_an_objective_of_all_warns_about_no_budget(
    service: AgreementUnderTest, cast: Cast, warn_at: dict[str, Any]
) -> None:
    all_of_it = ratio(aggregation="availability", objective={"at_least": "100"})
    status, problem = await _draft(service, cast, document({**all_of_it, "warn_at": warn_at}))
    assert status == 422, problem
    assert problem["errors"][0]["field"] == f"targets[0].warn_at.{next(iter(warn_at))}"
    status, drafted = await _draft(service, cast, document(all_of_it))
    assert status == 201
    resolved = drafted["document"]["targets"][0]["warn_at"]
    assert (resolved["budget_consumed"], resolved["burn_rate"], resolved["projected"]) == ([], None, True)


@pytest.mark.parametrize(
    ("changed", "field", "remedy"),
    [
        ({"targets": [ratio(expected_volume="135")]}, "targets[0].expected_volume", "write 135 without quotes"),
        ({"targets": [ratio(warn_at={"min_events": "20"})]}, "targets[0].warn_at.min_events", "write 20 without"),
        ({"review": {"after_met_windows": "3"}}, "review.after_met_windows", "write 3 without quotes"),
        ({"targets": [ratio(objective={"at_least": "99,9 %"})]}, "targets[0].objective.at_least", 'write "99.9"'),
        (
            {"service_hours": {"b": {"timezone": "UTC", "weekly": {"mon": [["9:00", "17:00"]]}}}},
            "service_hours.b.weekly.mon[0]",
            'write "09:00"',
        ),
    ],
)
async def test_a_remedy_says_what_to_write(
    service: AgreementUnderTest, cast: Cast, changed: dict[str, Any], field: str, remedy: str
) -> None:
    status, problem = await _draft(service, cast, {**document(), **changed})
    found = {each["field"]: each["remedy"] for each in problem["errors"]}
    assert status == 422
    assert remedy in found[field], found


def nested(depth: int) -> Any:
    deep: Any = "x"
    for _ in range(depth):
        deep = {"a": deep}
    return deep


@pytest.mark.parametrize("depth", [40, 251, 252, 900])
async def test_a_clause_that_nobody_could_read_is_refused_at_the_door(
    service: AgreementUnderTest, cast: Cast, depth: int
) -> None:
    base = document()
    deep = {**base, "clauses": {**base["clauses"], "security": {"text": "Deep.", "more": nested(depth)}}}
    status, problem = await _draft(service, cast, deep)
    # A body may be refused before it is read as a document; either way it is refused as what it is.
    assert status in (400, 422), problem
    shallow = {**base, "clauses": {**base["clauses"], "security": {"text": "Deep.", "more": nested(20)}}}
    assert (await _draft(service, cast, shallow))[0] == 201


async def test_a_support_that_the_other_side_named_stays_in_a_counter_proposal(
    service: AgreementUnderTest, cast: Cast
) -> None:
    """The customer sends it back as it reads it, and adds none to which it is no party."""
    other = await negotiation.gather_cast(service.client, OPERATOR_KEY, "-2")
    pair = {"party_ids": [cast.provider_party_id, other.provider_party_id]}
    await negotiation.post(service.client, OPERATOR_KEY, "/api/v1/relations", pair)
    body = {
        "key": "below",
        "kind": "uc",
        "provider_party_id": other.provider_party_id,
        "customer_party_id": cast.provider_party_id,
        "service_id": other.service_id,
        "document": document(requirements=[]),
    }
    status, below = await service.ask(cast.provider_manager_key, "POST", "/api/v1/agreements", body)
    assert status == 201, below
    _, drafted = await _draft(service, cast, document(supports=[below["agreement_id"]]))
    [own] = drafted["document"]["supports"]
    seen = {name: value for name, value in own.items() if name != "agreement_id"}
    assert (own["agreement_id"], seen["side"], seen["disclose"]) == (below["agreement_id"], "provider", "nothing")
    await negotiation.propose_draft(service.client, cast, drafted)
    path = f"/api/v1/agreements/{drafted['agreement_id']}"
    _, read = await service.ask(cast.customer_manager_key, "GET", path)
    assert read["document"]["supports"] == [seen]
    named = {"revision_hash": drafted["revision"]["hash"]}
    told = {**seen, "disclose": "terms"}
    for supports, found in (
        ([seen, below["agreement_id"]], "supports[1].agreement_id"),
        ([{"support_id": NOWHERE}], "supports[0].agreement_id"),
        ([told], None),
    ):
        more = {**read["document"], "title": "More", "supports": supports}
        status, answer = await service.ask(
            cast.customer_manager_key, "POST", f"{path}/counter", {**named, "document": more}
        )
        assert [each["field"] for each in answer.get("errors", ())] == ([] if found is None else [found])
    assert answer["document"]["supports"] == [seen]


async def test_the_other_side_learns_which_key_signed(service: AgreementUnderTest) -> None:
    _, agreement = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    [finalized] = await service.told(AgreementFinalized)
    assert [each["key_issued_how"] for each in finalized.signatures] == ["operator", "operator"]
    assert [each["key_id"] for each in agreement["signatures"]] == [each["key_id"] for each in finalized.signatures]
