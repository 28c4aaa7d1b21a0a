"""A company of contracts on record is invited, joins, and is offered the contracts as proposals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_chassis.sql_ledger import SqlLedgerOfTransaction
from slm_events.agreement import AgreementFinalized, AgreementRecorded, AgreementTerminated
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest

LINES = "/api/v1/recorded-agreements/lines"
SHA = "ab" * 32
CONTRACTS = 60
WRONG = {7: ("first_day", "soon"), 23: ("at_least", "many"), 41: ("document_sha256", "no hash")}
"""Line → the column and cell because of which the line is refused."""
JANUARY = "2027-01-01T00:00:00.000000Z"
NEWCOMER = {
    "party": {"key": "sky", "name": "Sky Compute Ltd"},
    "person": {"key": "mia", "name": "Mia", "email": "mia@sky.example"},
    "signatory": {"name": "Noor", "email": "noor@sky.example"},
}
PASSWORD = "eleven green bottles"


@dataclass
class Invited:
    """The keys of the invited company's manager and signatory."""

    manager: str
    signatory: str
    party_id: str


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    """Two related parties that use the product. The customer records contracts; the provider is a third party."""
    cast, _ = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    return cast


@pytest.fixture
def manager(cast: Cast) -> str:
    return cast.customer_manager_key


def table(count: int) -> list[dict[str, Any]]:
    lines = []
    for number in range(2, count + 2):
        columns = {
            "key": f"cloud-{number}",
            "title": f"Contract {number}",
            "company": "Sky Compute" if number % 2 else "Fog Storage",
            "service": f"Machines {number}",
            "first_day": "2026-11-01",
            "document_sha256": SHA,
            "dated_on": "2026-10-15",
            "signed_by": "Noor",
            "at_least": "99.5",
        }
        columns |= dict([WRONG[number]]) if number in WRONG else {}
        lines.append({"line": number, "columns": columns})
    return lines


async def recorded(service: AgreementUnderTest, manager: str, count: int = 5) -> dict[str, str]:
    """Record the first ``count`` lines of the table; return key → id of the recorded agreements."""
    lines = table(count)
    status, answer = await service.ask(manager, "POST", LINES, {"lines": lines})
    wrong = {each["line"] for each in lines} & WRONG.keys()
    assert (status, answer["recorded"], answer["refused"]) == (200, count - len(wrong), len(wrong)), answer
    refused = {each["lines"][0]: each["reasons"] for each in answer["contracts"] if each["result"] == "refused"}
    assert set(refused) == wrong
    assert all(reason["line"] == line and reason["remedy"] for line, why in refused.items() for reason in why)
    return {each["key"]: each["agreement_id"] for each in answer["contracts"] if each["agreement_id"]}


async def company(service: AgreementUnderTest, manager: str, name: str = "Sky Compute") -> dict[str, Any]:
    _, listed = await service.ask(manager, "GET", "/api/v1/named-companies")
    return next(each for each in listed["items"] if each["name"] == name)


async def invitation(service: AgreementUnderTest, manager: str) -> dict[str, Any]:
    body = {"named_company_id": (await company(service, manager))["party_id"]}
    status, made = await service.ask(manager, "POST", "/api/v1/invitations", body)
    assert (status, made["alias"], made["named_company_id"]) == (201, "Sky Compute", body["named_company_id"]), made
    return made


async def joined(service: AgreementUnderTest, manager: str) -> Invited:
    """Invite the company, let it join, and give it a manager and a person who signs."""
    made = await invitation(service, manager)
    status, accepted = await service.ask(made["code"], "POST", "/api/v1/invitations/accept", NEWCOMER)
    assert (status, "named_company_id" in accepted) == (200, False), accepted
    code = accepted["signatory_link"].rsplit("/", 1)[1].split("?")[0]
    status, signing = await service.ask(code, "POST", "/api/v1/invitations/accept", {"password": PASSWORD})
    assert status == 200, signing
    _, me = await service.ask(accepted["key"], "GET", "/api/v1/me")
    return Invited(accepted["key"], signing["key"], me["party"]["party_id"])


async def offer(service: AgreementUnderTest, manager: str, record_id: str, **body: Any) -> tuple[int, dict[str, Any]]:
    return await service.ask(manager, "POST", f"/api/v1/recorded-agreements/{record_id}/offer", body)


async def move(
    service: AgreementUnderTest, key: str, agreement: dict[str, Any], name: str, **more: Any
) -> dict[str, Any]:
    body = {"revision_hash": agreement["revision"]["hash"], **more}
    status, moved = await service.ask(key, "POST", f"/api/v1/agreements/{agreement['agreement_id']}/{name}", body)
    assert status == 200, moved
    return moved


async def sign_both(service: AgreementUnderTest, keys: tuple[str, str], agreement: dict[str, Any]) -> dict[str, Any]:
    _, check = await service.ask(keys[0], "GET", f"/api/v1/agreements/{agreement['agreement_id']}/check")
    waivers = [
        {"code": each["code"], "field": each["field"], "reason": "As on paper"}
        for each in check["findings"]
        if each["severity"] in ("slip", "warning")
    ]
    for key in keys:
        agreement = await move(service, key, agreement, "sign", waivers=waivers)
    return agreement


async def seen_by(service: AgreementUnderTest, key: str) -> list[str]:
    """The ids of the agreements that the list shows; the list names no records."""
    _, listed = await service.ask(key, "GET", "/api/v1/agreements?limit=200")
    assert "confirms" not in str(listed)
    return sorted(each["agreement_id"] for each in listed["items"])


async def test_an_invited_company_confirms_two_contracts_and_counters_a_third(
    service: AgreementUnderTest, cast: Cast, manager: str
) -> None:
    records = await recorded(service, manager, CONTRACTS)
    assert len(records) == 57
    sky = await joined(service, manager)
    assert await seen_by(service, sky.manager) == []
    for path in ("services", "named-companies", "recorded-agreements"):
        assert SHA not in str(await service.ask(sky.manager, "GET", f"/api/v1/{path}"))
    offered = []
    for key in ("cloud-3", "cloud-5", "cloud-9"):
        status, made = await offer(service, manager, records[key], key=f"{key}-sky")
        assert (status, made["state"], made["confirms_agreement_id"]) == (201, "proposed", records[key]), made
        offered.append(made)
    # The company sees the three proposals and nothing else; they are no records and name none.
    assert await seen_by(service, sky.manager) == sorted(each["agreement_id"] for each in offered)
    for key, record_id in records.items():
        assert (await service.ask(sky.manager, "GET", f"/api/v1/agreements/{record_id}"))[0] == 404, key
    _, seen = await service.ask(sky.manager, "GET", f"/api/v1/agreements/{offered[0]['agreement_id']}")
    assert not {"on_record", "offers", "confirms_agreement_id"} & seen.keys()
    assert (seen["signatures"], seen["effective_at"]) == ([], "2026-12-01T00:00:00.000000Z")
    assert seen["document"]["clauses"]["security"]["text"].startswith("As in the contract dated 2026-10-15")
    assert seen["provider_party_id"] == sky.party_id
    assert records["cloud-3"] not in str(seen)
    _, events = await service.ask(sky.manager, "GET", f"/api/v1/agreements/{offered[0]['agreement_id']}/events")
    assert records["cloud-3"] not in str(events)
    _, trail = await service.ask(sky.manager, "GET", "/api/v1/audit-entries?limit=200")
    assert not [record_id for record_id in records.values() if record_id in str(trail)]
    # A third party sees none of it.
    for agreement_id in (*records.values(), *(each["agreement_id"] for each in offered)):
        assert (await service.ask(cast.provider_manager_key, "GET", f"/api/v1/agreements/{agreement_id}"))[0] == 404
    # Two are confirmed as they are, the third with other terms.
    keys = (sky.signatory, cast.customer_signatory_key)
    for each in offered[:2]:
        agreed = await move(service, sky.manager, each, "accept")
        signed = await sign_both(service, keys, agreed)
        assert (signed["state"], len(signed["signatures"])) == ("finalized", 2)
    raised = {**offered[2]["document"], "title": "Contract 9, as we read it"}
    countered = await move(service, sky.manager, offered[2], "counter", document=raised)
    assert (countered["state"], countered["title"]) == ("countered", "Contract 9, as we read it")
    # The record of a confirmed contract ends when the agreement takes effect, and was never signed.
    _, record = await service.ask(manager, "GET", f"/api/v1/agreements/{records['cloud-3']}")
    assert (record["signatures"], record["finalized_at"], record["offers"]) == ([], None, [offered[0]["agreement_id"]])
    assert record["ends_at"] == "2026-12-01T00:00:00.000000Z"
    await service.move_to("2026-12-05T00:00:00Z")
    states = {}
    for key in ("cloud-3", "cloud-5", "cloud-9"):
        _, record = await service.ask(manager, "GET", f"/api/v1/agreements/{records[key]}")
        states[key] = (record["state"], record["on_record"]["says"].endswith("not confirmed by Sky Compute"))
    assert states == {"cloud-3": ("terminated", True), "cloud-5": ("terminated", True), "cloud-9": ("in_force", True)}
    ended = {each.agreement_id: each for each in await service.told(AgreementTerminated)}
    assert {each.at for each in ended.values()} == {"2026-12-01T00:00:00.000000Z"}
    assert set(ended) == {records["cloud-3"], records["cloud-5"]}
    told = {each.agreement_id: each for each in await service.told(AgreementFinalized)}
    assert not set(records.values()) & set(told)
    [before] = [each for each in await service.told(AgreementRecorded) if each.agreement_id == records["cloud-3"]]
    # What the record was measured by measures the agreement, too.
    after = told[offered[0]["agreement_id"]]
    assert after.targets[0]["indicator"] == before.targets[0]["indicator"]
    assert after.targets[0]["target_id"] != before.targets[0]["target_id"]


async def test_an_offer_sent_again_is_the_same_offer(service: AgreementUnderTest, cast: Cast, manager: str) -> None:
    records = await recorded(service, manager)
    await joined(service, manager)
    status, made = await offer(service, manager, records["cloud-3"], key="sky-3")
    assert status == 201
    for body in ({"key": "sky-3"}, {}):
        status, again = await offer(service, manager, records["cloud-3"], **body)
        assert (status, again["agreement_id"], again["revision"]) == (200, made["agreement_id"], made["revision"])
    assert (await offer(service, manager, records["cloud-3"], key="other"))[0] == 409
    assert (await offer(service, manager, records["cloud-5"], key="sky-3"))[1]["type"].endswith("key-taken")
    # An offer that was withdrawn may be repeated under another key.
    path = f"/api/v1/agreements/{made['agreement_id']}/withdraw"
    assert (await service.ask(manager, "POST", path, {"reason": "Wrong dates"}))[0] == 200
    assert (await offer(service, manager, records["cloud-3"], key="sky-3"))[1]["type"].endswith("key-taken")
    status, second = await offer(service, manager, records["cloud-3"], effective_at="2027-01-01T00:00:00Z")
    assert (status, second["effective_at"]) == (201, JANUARY)
    _, record = await service.ask(manager, "GET", f"/api/v1/agreements/{records['cloud-3']}")
    assert record["offers"] == sorted([made["agreement_id"], second["agreement_id"]])


async def test_what_cannot_be_offered_is_refused(service: AgreementUnderTest, cast: Cast, manager: str) -> None:
    records = await recorded(service, manager)
    status, refused = await offer(service, manager, records["cloud-3"])
    assert (status, "has not joined" in refused["detail"]) == (409, True)
    sky = await joined(service, manager)
    # Another company of the recorder has not joined.
    assert (await offer(service, manager, records["cloud-2"]))[0] == 409
    # Strangers, and the company itself, are told the same as of an agreement that does not exist.
    for key in (cast.provider_manager_key, sky.manager):
        status, stranger = await offer(service, key, records["cloud-3"])
        _, unknown = await offer(service, key, sky.party_id)
        assert (status, stranger["detail"]) == (404, unknown["detail"].replace(sky.party_id, records["cloud-3"]))
    assert (await offer(service, cast.customer_signatory_key, records["cloud-3"]))[0] == 403
    _, negotiated = await service.ask(manager, "GET", "/api/v1/agreements?key=checkout-2027")
    assert (await offer(service, manager, negotiated["items"][0]["agreement_id"]))[0] == 409
    status, wrong = await offer(service, manager, records["cloud-3"], service_id=sky.party_id)
    assert (status, wrong["errors"][0]["field"]) == (422, "service_id")
    end = f"/api/v1/agreements/{records['cloud-5']}/terminate"
    await service.move_to("2026-11-23T00:00:00Z")
    assert (await service.ask(manager, "POST", end, {"reason": "Moved"}))[0] == 200
    assert (await offer(service, manager, records["cloud-5"]))[0] == 409


async def test_nothing_is_confirmed_for_the_past(service: AgreementUnderTest, cast: Cast, manager: str) -> None:
    records = await recorded(service, manager)
    sky = await joined(service, manager)
    _, made = await offer(service, manager, records["cloud-3"])
    agreed = await move(service, sky.manager, made, "accept")
    # Nobody signed before the day from which the agreement should apply.
    await service.move_to("2026-12-02T00:00:00Z")
    log_in = {"email": "noor@sky.example", "password": PASSWORD}
    session = (await service.client.post("/api/v1/sessions", json=log_in)).json()["key"]
    body = {"revision_hash": agreed["revision"]["hash"]}
    status, refused = await service.ask(session, "POST", f"/api/v1/agreements/{made['agreement_id']}/sign", body)
    assert (status, [each["code"] for each in refused["errors"]]) == (422, ["time-bound.confirms-the-past"]), refused


async def test_a_company_is_invited_by_one_invitation_at_a_time(
    service: AgreementUnderTest, cast: Cast, manager: str
) -> None:
    await recorded(service, manager)
    sky = await company(service, manager)
    body = {"named_company_id": sky["party_id"]}
    for key, status in ((cast.provider_manager_key, 404), (OPERATOR_KEY, 403)):
        assert (await service.ask(key, "POST", "/api/v1/invitations", body))[0] == status
    _, me = await service.ask(manager, "GET", "/api/v1/me")
    both = {**body, "principal_id": me["principal_id"]}
    assert (await service.ask(manager, "POST", "/api/v1/invitations", both))[0] == 422
    made = await invitation(service, manager)
    assert (await service.ask(manager, "POST", "/api/v1/invitations", body))[0] == 409
    withdraw = f"/api/v1/invitations/{made['invitation_id']}/withdraw"
    assert (await service.ask(manager, "POST", withdraw, {}))[0] == 200
    assert (await company(service, manager))["joined_party_id"] is None
    invited = await joined(service, manager)
    assert (await company(service, manager))["joined_party_id"] == invited.party_id
    assert (await service.ask(manager, "POST", "/api/v1/invitations", body))[0] == 409
    # The company stays named: the same request to name it changes nothing.
    named = {"key": sky["key"], "name": sky["name"]}
    assert (await service.ask(manager, "POST", "/api/v1/named-companies", named))[0] == 200


async def test_a_registered_company_joins_with_its_own_key(
    service: AgreementUnderTest, cast: Cast, manager: str
) -> None:
    named = {"key": "sky-compute", "name": "Sky Compute"}
    sky = await negotiation.post(service.client, manager, "/api/v1/named-companies", named)
    notes = {"outcome": "We could move to the fog", "description": "Too dear", "provider_party_id": sky["party_id"]}
    supply = {"key": "machines-3", "name": "Machines 3", **notes}
    await negotiation.post(service.client, manager, "/api/v1/services", supply)
    records = await recorded(service, manager)
    made = await invitation(service, manager)
    body = {"code": made["code"]}
    status, accepted = await service.ask(cast.provider_manager_key, "POST", "/api/v1/invitations/accept", body)
    assert (status, "named_company_id" in accepted) == (200, False), accepted
    status, offered = await offer(service, manager, records["cloud-3"])
    assert (status, offered["provider_party_id"]) == (201, cast.provider_party_id)
    # Of the service the company is told its name, not what the recorder noted about it.
    _, entered = await service.ask(cast.provider_manager_key, "GET", f"/api/v1/services/{offered['service_id']}")
    assert (entered["name"], entered["outcome"], entered["description"]) == ("Machines 3", "", "")


@pytest.mark.parametrize("act", ["agreement.offer", "agreement.confirm"])
async def test_a_process_that_dies_in_the_middle_leaves_nothing_behind(
    service: AgreementUnderTest, cast: Cast, manager: str, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    records = await recorded(service, manager)
    sky = await joined(service, manager)
    note = SqlLedgerOfTransaction.note

    async def die(ledger: Any, by: Any, action: str, *more: Any) -> None:
        if action == act:
            raise SystemError("killed")
        await note(ledger, by, action, *more)

    monkeypatch.setattr(SqlLedgerOfTransaction, "note", die)
    if act == "agreement.offer":
        assert (await offer(service, manager, records["cloud-3"], key="sky-3"))[0] == 500
        assert await seen_by(service, sky.manager) == []
        assert (await service.ask(sky.manager, "GET", "/api/v1/services"))[1]["items"] == []
        monkeypatch.undo()
    status, made = await offer(service, manager, records["cloud-3"], key="sky-3")
    assert status == 201
    agreed = await move(service, sky.manager, made, "accept")
    keys = (sky.signatory, cast.customer_signatory_key)
    if act == "agreement.confirm":
        with pytest.raises(AssertionError, match="Unexpected error"):
            await sign_both(service, keys, agreed)
        _, record = await service.ask(manager, "GET", f"/api/v1/agreements/{records['cloud-3']}")
        assert record["ends_at"] is None
        monkeypatch.undo()
    assert (await sign_both(service, keys, agreed))["state"] == "finalized"
    _, record = await service.ask(manager, "GET", f"/api/v1/agreements/{records['cloud-3']}")
    assert (record["ends_at"], record["offers"]) == ("2026-12-01T00:00:00.000000Z", [made["agreement_id"]])


async def test_what_rests_on_a_record_rests_on_its_confirmation(
    service: AgreementUnderTest, cast: Cast, manager: str
) -> None:
    records = await recorded(service, manager)
    sky = await joined(service, manager)
    document = {
        "title": "Rests on the cloud",
        "term": {"effective_at": EFFECTIVE},
        "supports": [records["cloud-3"]],
        "targets": [],
    }
    parties = {"provider_party_id": cast.provider_party_id, "customer_party_id": cast.customer_party_id}
    body = {"key": "above", "kind": "sla", "service_id": cast.service_id, "document": document, **parties}
    above = await negotiation.post(service.client, manager, "/api/v1/agreements", body)

    async def terms() -> list[str]:
        _, check = await service.ask(manager, "GET", f"/api/v1/agreements/{above['agreement_id']}/check")
        [own] = [each for each in check["chain"]["sides"] if each["yours"]]
        assert [each["agreement_id"] for each in own["supports"]] == [records["cloud-3"]]
        return [each["code"] for each in own["findings"]]

    assert await terms() == []
    _, made = await offer(service, manager, records["cloud-3"])
    agreed = await move(service, sky.manager, made, "accept")
    await sign_both(service, (sky.signatory, cast.customer_signatory_key), agreed)
    assert await terms() == []


async def test_a_customer_on_record_confirms_an_agreement_about_tickets(
    service: AgreementUnderTest, cast: Cast
) -> None:
    provider = cast.provider_manager_key
    named = {"key": "sky", "name": "Sky Compute"}
    customer = await negotiation.post(service.client, provider, "/api/v1/named-companies", named)
    shop = await negotiation.post(service.client, provider, "/api/v1/services", {"key": "shop", "name": "Shop"})
    target = {
        "key": "p1",
        "aggregation": "clock",
        "clock": "resolution",
        "objective": {"within": {"service_time": "PT4H"}},
        "applies_to": {"type": "incident", "priority": ["P1"]},
    }
    document = {"title": "Shop on paper", "term": {"effective_at": "2026-11-01T00:00:00Z"}, "targets": [target]}
    body = {
        "key": "on-paper",
        "kind": "sla",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": customer["party_id"],
        "service_id": shop["service_id"],
        "document": document,
        "contract": {"media_type": "application/pdf", "sha256": SHA},
    }
    record = await negotiation.post(service.client, provider, "/api/v1/recorded-agreements", body)
    await service.move_to("2026-11-22T11:00:00Z")
    sky = await joined(service, provider)
    status, other = await offer(service, provider, record["agreement_id"], service_id=cast.service_id)
    assert (status, other["errors"][0]["field"]) == (422, "service_id")
    status, made = await offer(service, provider, record["agreement_id"])
    assert (status, made["customer_party_id"], made["service_id"]) == (201, sky.party_id, shop["service_id"]), made
    # The tickets of the record are not those of another customer.
    agreed = await move(service, sky.manager, made, "accept")
    assert agreed["state"] == "agreed"
