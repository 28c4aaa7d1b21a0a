"""An agreement is checked against the agreements that it rests on, at every draft and before every signature."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from slm_chassis.identity import new_id
from slm_events.agreement import AgreementFinalized, SupportsSigned
from slm_events.catalogue import PUBLISHED
from tests.support.agreement import AgreementUnderTest
from tests.support.chains import END, OFFICE, ChainWorld, availability, clock, document, other_side, own_side

IN_TWENTY_DAYS = "2026-12-21T00:00:00Z"


@pytest.fixture
async def world(service: AgreementUnderTest) -> ChainWorld:
    return await ChainWorld.open(service)


def shortfalls(check: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """The errors of the reader's own chain: which rule, which agreement, its number, and the number needed."""
    return sorted(
        (each["code"], each["title"], each["number"], each["needed"])
        for each in own_side(check)["findings"]
        if each["severity"] == "error"
    )


def common(check: dict[str, Any]) -> bytes:
    return json.dumps({name: value for name, value in check.items() if name != "chain"}).encode()


async def story(world: ChainWorld) -> tuple[str, str]:
    """An OLA of 99.5 % in office hours that ends in twenty days, and a supplier contract of 99.0 %."""
    short = {"effective_at": "2026-12-01T00:00:00Z", "expires_at": IN_TWENTY_DAYS}
    office = availability("99.5", service_hours="office")
    ola = await world.support("network", document([office], service_hours={"office": OFFICE}, term=short))
    uc = await world.support("cloud", document([availability("99.0")]), "uc")
    return ola, uc


async def test_an_agreement_on_weak_supports_is_refused_with_the_numbers_needed(world: ChainWorld) -> None:
    ola, uc = await story(world)
    manager, nowhere = world.cast.provider_manager_key, new_id()
    status, refused = await world.draft(document([availability("99.9")], supports=[ola, uc, nowhere]))
    assert (status, [each["field"] for each in refused["errors"]]) == (422, ["supports[2].agreement_id"])
    _, drafted = await world.draft(document([availability("99.9")], supports=[ola, uc]))

    written = {**drafted["document"], "supports": [ola, uc, nowhere]}
    path = f"/api/v1/agreements/{drafted['agreement_id']}/check"
    _, unsaved = await world.ask(manager, "POST", path, {"document": written})
    unknown = [each for each in unsaved["findings"] if each["severity"] == "error"]
    assert [(each["field"], each["value"]) for each in unknown] == [("supports[2].agreement_id", nowhere)]
    wanted = [
        ("chain.availability", "cloud", "99 %", "99.95 %"),
        ("chain.availability", "network", "99.5 %", "99.95 %"),
        ("chain.hours", "network", "mon-fri 08:00-18:00 UTC", "around the clock"),
        ("chain.term", "network", "2026-12-01 to 2026-12-20", "from 2026-12-01, through 2027-11-30"),
    ]
    assert shortfalls(unsaved) == wanted
    assert len(unknown) + len(shortfalls(unsaved)) >= 5

    agreed = await world.agree(drafted)
    assert shortfalls(await world.check(agreed)) == wanted
    [target] = own_side(await world.check(agreed))["targets"]
    [question] = target["questions"]
    assert (target["carried"], question["arithmetic"]) == (False, "99.5 % × 99 % = 98.505 %")
    assert [each["needed_alone"] for each in question["supports"]] == ["1110/11", "19980/199"]
    assert [each["gap"] and each["gap"]["normal_week"] for each in question["supports"]] == [
        {"mon-fri": [["00:00", "08:00"], ["18:00", "24:00"]], "sat-sun": [["00:00", "24:00"]]},
        None,
    ]

    status, problem = await world.sign(agreed, world.cast.provider_signatory_key)
    told = sorted((each["code"], each["title"], each["number"], each["needed"]) for each in problem["errors"])
    assert (status, told) == (422, wanted)
    status, problem = await world.sign(agreed, world.cast.customer_signatory_key)
    assert (status, [each["code"] for each in problem["errors"]]) == (422, ["chain.other-side"])
    for hidden in (ola, uc, "network", "cloud", "99.5", "98.505"):
        assert hidden not in json.dumps(problem), hidden


async def test_with_the_needed_numbers_it_is_signed(world: ChainWorld) -> None:
    ola = await world.support("network", document([availability("99.95")]))
    uc = await world.support("cloud", document([availability("99.95")]), "uc")
    _, drafted = await world.draft(document([availability("99.9")], supports=[ola, {"agreement_id": uc}]))
    agreed = await world.agree(drafted)
    assert own_side(await world.check(agreed))["holds"]
    for key in (world.cast.provider_signatory_key, world.cast.customer_signatory_key):
        status, signed = await world.sign(agreed, key)
        assert status == 200, signed
    assert signed["state"] == "finalized"
    assert [each["side"] for each in signed["document"]["supports"]] == ["provider", "provider"]
    [told] = await world.service.told(SupportsSigned)
    assert (told.party_id, told.side) == (world.cast.provider_party_id, "provider")
    assert [(each["agreement_id"], each["kind"]) for each in told.supports] == [(ola, "ola"), (uc, "uc")]
    assert told.structure == {"serial": [each["support_id"] for each in told.supports]}
    assert PUBLISHED[SupportsSigned].parties_who_see(asdict(told)) == [world.cast.provider_party_id]
    signed_terms = await world.service.told(AgreementFinalized)
    [terms] = [each for each in signed_terms if each.agreement_id == told.agreement_id]
    assert terms.supports and ola not in repr(terms)
    assert "99.95 % × 99.95 % = 99.900025 %" in json.dumps(await world.check(agreed), ensure_ascii=False)


async def test_parties_read_the_same_common_part_and_their_own_chain(world: ChainWorld) -> None:
    ola, uc = await story(world)
    _, drafted = await world.draft(document([availability("99.9")], supports=[ola, uc]))
    agreed = await world.agree(drafted)
    mine = await world.check(agreed)
    theirs = await world.check(agreed, world.cast.customer_manager_key)
    assert common(mine) == common(theirs)
    assert own_side(theirs)["supports"] == [] and own_side(theirs)["holds"]
    seen = other_side(theirs)
    assert [(each["target"], each["carried"]) for each in seen["targets"]] == [("availability", False)]
    assert (seen["side"], seen["holds"], seen["findings"]) == ("provider", False, [])
    assert [set(each) for each in seen["supports"]] == [{"support_id", "disclose"}] * 2
    _, agreement = await world.ask(
        world.cast.customer_manager_key, "GET", f"/api/v1/agreements/{agreed['agreement_id']}"
    )
    _, revision = await world.ask(
        world.cast.customer_manager_key, "GET", f"/api/v1/agreements/{agreed['agreement_id']}/revisions/1"
    )
    for answer in (theirs, agreement, revision):
        for hidden in (ola, uc, "99.5", "98.505", "network", "cloud"):
            assert hidden not in json.dumps(answer), hidden
    assert [each["agreement_id"] for each in agreed["document"]["supports"] if "agreement_id" in each] == []
    _, own = await world.ask(world.cast.provider_manager_key, "GET", f"/api/v1/agreements/{agreed['agreement_id']}")
    assert [each["agreement_id"] for each in own["document"]["supports"]] == [ola, uc]


async def test_what_its_holder_discloses_the_other_side_reads(world: ChainWorld) -> None:
    open_ = {"agreement_id": await world.support("network", document([availability("99.5")])), "disclose": "terms"}
    hidden = await world.support("cloud", document([availability("99.0")]), "uc")
    _, drafted = await world.draft(document([availability("99.9")], supports=[open_, hidden]))
    customer = world.cast.customer_manager_key
    agreed = await world.agree(drafted)
    seen = other_side(await world.check(agreed, customer))
    assert [each.get("title") for each in seen["supports"]] == ["network", None]
    [question] = seen["targets"][0]["questions"]
    assert [each["number"] for each in question["supports"]] == ["199/2"]
    assert "achieved" not in question and "needed" not in question["supports"][0]
    _, alone = await world.draft(document([availability("99.9")], supports=[open_]), "alone")
    [question] = other_side(await world.check(await world.agree(alone), customer))["targets"][0]["questions"]
    assert (question["arithmetic"], question["supports"][0]["needed"]) == ("99.5 %", "999/10")


async def test_what_a_party_may_not_name_is_refused_alike(world: ChainWorld) -> None:
    await world.support("cloud", document([availability("99.9")]), "uc")
    theirs = await world.support("telco", document([availability("99.9")]), "uc", held_by="customer")
    _, own_sla = await world.draft(document([availability("99.9")]), "other")
    drafted = await world.draft_support("secret", document([availability("99.9")]))
    answers = []
    for named in (theirs, own_sla["agreement_id"], drafted["agreement_id"], new_id()):
        status, problem = await world.draft(document([availability("99.9")], supports=[named]))
        told = json.dumps({name: value for name, value in problem.items() if name != "instance"})
        answers.append((status, told.replace(named, "…")))
    assert len(set(answers)) == 1 and answers[0][0] == 422


async def test_no_agreement_rests_on_itself(world: ChainWorld) -> None:
    promised = [availability("99.9")]
    first = await world.draft_support("network", document(promised))
    second = await world.draft_support("network", document(promised, supports=[first["agreement_id"]]), "uc")
    third = await world.draft_support(
        "network", document(promised, supports=[second["agreement_id"]]), held_by="customer"
    )
    manager, path = world.others["network"].provider_manager_key, f"/api/v1/agreements/{first['agreement_id']}/check"
    for named in (second["agreement_id"], third["agreement_id"]):
        written = {**first["document"], "supports": [named]}
        status, check = await world.ask(manager, "POST", path, {"document": written})
        assert status == 200, check
        [circle] = [each for each in check["findings"] if each["code"] == "chain.circle"]
        assert (circle["severity"], circle["field"], circle["value"]) == ("error", "supports[0].agreement_id", named)


async def test_a_customers_contract_with_a_third_party_blocks_too(world: ChainWorld) -> None:
    ola = await world.support("network", document([availability("99.95")]))
    telco = await world.support("telco", document([availability("99.0")]), "uc", held_by="customer")
    _, drafted = await world.draft(document([availability("99.9")], supports=[ola]))
    path, named = f"/api/v1/agreements/{drafted['agreement_id']}", {"revision_hash": drafted["revision"]["hash"]}
    await world.ask(world.cast.provider_manager_key, "POST", f"{path}/propose", named)
    # The customer sends back what it reads, with its own contract added and the provider's left out.
    body = {**named, "document": {**drafted["document"], "supports": [telco]}}
    status, countered = await world.ask(world.cast.customer_manager_key, "POST", f"{path}/counter", body)
    assert status == 200, countered
    named_by = [(each["side"], each.get("agreement_id")) for each in countered["document"]["supports"]]
    assert named_by == [("customer", telco), ("provider", None)]
    again = {"revision_hash": countered["revision"]["hash"]}
    status, agreed = await world.ask(world.cast.provider_manager_key, "POST", f"{path}/accept", again)
    assert status == 200, agreed
    theirs = await world.check(agreed, world.cast.customer_manager_key)
    assert shortfalls(theirs) == [("chain.availability", "telco", "99 %", "99.9 %")]
    mine = await world.check(agreed)
    assert own_side(mine)["holds"] and not other_side(mine)["holds"]
    assert telco not in json.dumps(mine)
    assert common(mine) == common(theirs)
    status, problem = await world.sign(agreed, world.cast.provider_signatory_key)
    assert (status, [each["code"] for each in problem["errors"]]) == (422, ["chain.other-side"])


async def test_redundant_suppliers_carry_what_neither_carries_alone(world: ChainWorld) -> None:
    """The service needs its network and one of two clouds, as its catalogue entry says."""
    named = [await world.support(each, document([availability("99")])) for each in ("cloud-a", "cloud-b")]
    named.append(await world.support("network", document([availability("99.95")])))
    clouds = [world.others[each].service_id for each in ("cloud-a", "cloud-b")]
    depends = {"serial": [world.others["network"].service_id, {"k_of_n": {"k": 1, "members": clouds}}]}
    _, drafted = await world.draft(document([availability("99.9")], supports=named))
    assert not own_side(await world.check(drafted))["holds"]
    assert (await world.depend(depends))["dependencies"] == depends
    side = own_side(await world.check(drafted))
    [question] = side["targets"][0]["questions"]
    assert (side["holds"], question["achieved"]) == (True, "19988001/200000")
    assert question["arithmetic"] == "99.95 % × (1 of 2: 99 %, 99 %) = 99.940005 %"
    path = f"/api/v1/services/{world.cast.service_id}"
    _, seen = await world.ask(world.cast.customer_manager_key, "GET", path)
    assert "dependencies" not in seen
    renamed = {"name": "Checkout and more"}
    _, entry = await world.ask(world.cast.provider_manager_key, "PUT", path, renamed, If_Match="*")
    assert entry["dependencies"] == depends


@pytest.mark.parametrize(
    "odd", ["{stranger}", "{itself}", "no-such", {"serial": []}, {"k_of_n": {"k": 3, "members": ["a"]}}]
)
async def test_a_service_depends_only_on_services_that_its_provider_may_name(world: ChainWorld, odd: Any) -> None:
    stranger = await world.supplier("stranger", world.cast.customer_party_id)
    known = {"{stranger}": stranger.service_id, "{itself}": world.cast.service_id}
    written = known.get(odd, odd) if isinstance(odd, str) else odd
    body = {"key": "more", "name": "More", "dependencies": written}
    if odd == "{itself}":
        body |= {"key": "checkout"}
    status, problem = await world.ask(world.cast.provider_manager_key, "POST", "/api/v1/services", body)
    assert (status, problem["errors"][0]["field"]) == (422, "dependencies")


async def test_times_to_act_on_the_same_tickets_are_added_along_the_path(world: ChainWorld) -> None:
    urgent, rest = {"applies_to": {"priority": ["P1"]}}, {"applies_to": {"priority": ["P2"]}}
    desk = [clock("response", "PT30M", **urgent), {**clock("response", "PT9H", **rest), "key": "slow"}]
    named = [
        await world.support("desk", document(desk)),
        await world.support("second-line", document([clock("response", "PT1H")])),
        await world.support("supplier", document([clock("response", "PT45M")]), "uc"),
    ]
    _, drafted = await world.draft(document([clock("response", "PT2H", **urgent)], supports=named))
    check = await world.check(drafted)
    assert shortfalls(check) == [
        ("chain.response", "desk", "PT30M", "PT15M"),
        ("chain.response", "second-line", "PT1H", "PT45M"),
        ("chain.response", "supplier", "PT45M", "PT30M"),
    ]
    [question] = own_side(check)["targets"][0]["questions"]
    assert question["arithmetic"] == "PT30M + PT1H + PT45M = PT2H15M"


async def test_a_support_must_be_signed_and_have_as_much_notice(world: ChainWorld) -> None:
    noticed = {"effective_at": "2026-12-01T00:00:00Z", "expires_at": END, "notice": "P30D"}
    short = await world.support("cloud", document([availability("99.95")], term=noticed), "uc")
    drafted = await world.draft_support("network", document([availability("99.95")]))
    path = f"/api/v1/agreements/{drafted['agreement_id']}/propose"
    named = {"revision_hash": drafted["revision"]["hash"]}
    await world.ask(world.others["network"].provider_manager_key, "POST", path, named)
    term = {**noticed, "notice": "P90D"}
    _, above = await world.draft(document([availability("99")], supports=[short, drafted["agreement_id"]], term=term))
    assert shortfalls(await world.check(above)) == [
        ("chain.not-signed", "network", "not signed", "signed, in force from 2026-12-01, through 2027-11-30"),
        ("chain.notice", "cloud", "P30D", "P90D"),
    ]


async def test_a_support_that_ends_after_the_signature_shows_in_the_check(world: ChainWorld) -> None:
    """A promise that was carried at its signature may be carried no more. The check of a signed version says so."""
    ola = await world.support("network", document([availability("99.95")]))
    _, drafted = await world.draft(document([availability("99.9")], supports=[ola]))
    agreed = await world.agree(drafted)
    for key in (world.cast.provider_signatory_key, world.cast.customer_signatory_key):
        assert (await world.sign(agreed, key))[0] == 200
    body = {"reason": "Sold.", "at": "2027-03-01T00:00:00Z"}
    signatory = world.others["network"].provider_signatory_key
    status, ended = await world.ask(signatory, "POST", f"/api/v1/agreements/{ola}/terminate", body)
    assert status == 200, ended
    check = await world.check(agreed)
    assert [(code, number) for code, _, number, _ in shortfalls(check)] == [("chain.term", "2026-12-01 to 2027-02-28")]
    assert check["findings"] == []
