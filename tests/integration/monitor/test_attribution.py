"""The downtime of a breach is split among the supporting agreements that were down, as each party may see it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from slm_chassis.identity import named_id
from slm_events.agreement import SupportsSigned
from tests.support.api import announce, enrolled
from tests.support.monitor import CUSTOMER, MINUTE, PROVIDER, available, fast, finalized
from tests.support.monitor_service import Service, publish
from tests.support.service import until

SLA, NETWORK, CLOUD = (named_id(PROVIDER, "agreement", f"attributed-{name}") for name in ("sla", "network", "cloud"))
NETWORK_PARTY, CLOUD_PARTY = (named_id(PROVIDER, "party", f"attributed-{name}") for name in ("network", "cloud"))
NETWORK_KEY = "slm_attributed_network"
TARGET = named_id(PROVIDER, "target", "attributed-sla")
NET_SUPPORT, CLOUD_SUPPORT = "support-1", "support-2"
HIDDEN = {"name": "a support of the provider", "agreement_id": None, "party_id": None}


def outage(indicator: str, start: str, end: str) -> dict[str, Any]:
    return {"indicator": indicator, "outage": {"from": f"2026-11-03T{start}:00Z", "to": f"2026-11-03T{end}:00Z"}}


def terms(owner: str, indicator: str, name: str, percent: str = "99") -> dict[str, Any]:
    target = {
        **available(percent),
        "target_id": named_id(PROVIDER, "target", f"attributed-{name}"),
        "indicator": {"owner_party_id": owner, "key": indicator},
        "service_id": f"attributed-{name}",
    }
    return {"target": target, "about": {"service_id": f"attributed-{name}", "agreement_key": f"attributed-{name}"}}


async def agree(service: Service, agreement_id: str, made: dict[str, Any], **more: Any) -> None:
    more = {"agreement_id": agreement_id, "effective_at": "2026-11-01T00:00:00Z", **made["about"], **more}
    await service.agree(finalized(made["target"], **more))


async def register(client: httpx.AsyncClient, key: str) -> None:
    body = {"key": key, "kind": "availability", "initial_state": "up"}
    (await client.post("/api/v1/indicators", json=body)).raise_for_status()


async def measure(client: httpx.AsyncClient, *items: dict[str, Any]) -> None:
    (await client.post("/api/v1/measurements", json=list(items))).raise_for_status()


@pytest.fixture(scope="module", autouse=True)
async def breach(service: Service) -> dict[str, Any]:
    """Checkout was down from 10:00 to 12:00; the network from 10:00 to 11:00, the cloud from 10:30 to 11:40."""
    for key in ("attributed.checkout", "attributed.cloud"):
        await register(service.provider, key)
    await announce(service.log, enrolled(NETWORK_KEY, "integrator", party_id=NETWORK_PARTY))
    supplier = service.client(NETWORK_KEY)

    async def is_known() -> bool:
        return (await supplier.get("/api/v1/indicators")).status_code == 200

    await until(is_known)
    await register(supplier, "attributed.network")
    await measure(service.provider, outage("attributed.cloud", "10:30", "11:40"))
    await measure(supplier, outage("attributed.network", "10:00", "11:00"))
    sides = {"provider_party_id": NETWORK_PARTY, "customer_party_id": PROVIDER, "title": "Network", "kind": "ola"}
    network = terms(NETWORK_PARTY, "attributed.network", "network")
    await agree(service, NETWORK, network, **sides)
    sides = {"provider_party_id": CLOUD_PARTY, "customer_party_id": PROVIDER, "title": "Cloud", "kind": "uc"}
    await agree(service, CLOUD, terms(PROVIDER, "attributed.cloud", "cloud"), **sides)
    await publish(
        service.log,
        SupportsSigned(
            agreement_id=SLA,
            version=1,
            party_id=PROVIDER,
            side="provider",
            supports=[
                {"support_id": NET_SUPPORT, "agreement_id": NETWORK, "kind": "ola", "service_id": "network"},
                {"support_id": CLOUD_SUPPORT, "agreement_id": CLOUD, "kind": "uc", "service_id": "cloud"},
            ],
            structure={"serial": [NET_SUPPORT, CLOUD_SUPPORT]},
            signed_at="2026-10-20T00:00:00Z",
        ),
    )
    disclosed = [
        {"support_id": NET_SUPPORT, "side": "provider", "disclose": "none"},
        {"support_id": CLOUD_SUPPORT, "side": "provider", "disclose": "terms"},
    ]
    await agree(service, SLA, terms(PROVIDER, "attributed.checkout", "sla", "99.9"), supports=disclosed)
    await measure(service.provider, outage("attributed.checkout", "10:00", "12:00"))
    found: list[dict[str, Any]] = []

    async def is_breached() -> bool:
        answer = await service.provider.get("/api/v1/breaches", params={"target_id": TARGET})
        found.extend(answer.json()["items"])
        return bool(found)

    await until(is_breached)
    return found[0]


async def read(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_downtime_is_split_among_supports_and_sums_exactly(service: Service, breach: dict[str, Any]) -> None:
    found = await read(service.provider, f"/api/v1/breaches/{breach['breach_id']}/attribution")
    network, cloud = found["supports"]
    # Network alone 10:00–10:30 = 30 min; both until 11:00 = 15 min each; cloud alone until 11:40 = 40 min.
    assert (network["support_id"], network["microseconds"]) == (NET_SUPPORT, f"{45 * MINUTE}/1")
    assert (cloud["support_id"], cloud["microseconds"], cloud["share"]) == (CLOUD_SUPPORT, f"{55 * MINUTE}/1", "11/24")
    assert (found["own_microseconds"], found["own_share"]) == (f"{20 * MINUTE}/1", "1/6")
    assert found["downtime_microseconds"] == f"{120 * MINUTE}/1"
    explained = await read(service.provider, f"/api/v1/targets/{TARGET}/explain?window=2026-11")
    assert explained["derivation"]["sums"]["down"] == 120 * MINUTE
    assert (network["name"], network["agreement_id"], network["party_id"]) == ("Network", NETWORK, NETWORK_PARTY)
    assert found["largest"] == {"party_id": CLOUD_PARTY, "support_id": CLOUD_SUPPORT, "name": "Cloud"}
    same = await read(service.provider, f"/api/v1/targets/{TARGET}/attribution?window=2026-11")
    assert {**same, "as_of": ""} == {**found, "as_of": ""}


async def test_who_is_no_party_to_a_support_reads_minutes_only(service: Service, breach: dict[str, Any]) -> None:
    found = await read(service.customer, f"/api/v1/breaches/{breach['breach_id']}/attribution")
    network, cloud = found["supports"]
    assert {name: network[name] for name in HIDDEN} == HIDDEN
    assert network["microseconds"] == f"{45 * MINUTE}/1"
    assert (cloud["name"], cloud["party_id"]) == ("Cloud", CLOUD_PARTY), "its holder discloses it"
    for hidden in (NETWORK, NETWORK_PARTY, "Network"):
        assert hidden not in str(found), hidden
    for client in (service.foreigner, service.client("")):
        answer = await client.get(f"/api/v1/breaches/{breach['breach_id']}/attribution")
        assert answer.status_code in (401, 404)


async def test_a_support_without_states_is_unknown_and_the_time_the_providers(service: Service) -> None:
    agreement_id, target_id = (named_id(PROVIDER, kind, "attributed-lone") for kind in ("agreement", "target"))
    missing = named_id(PROVIDER, "agreement", "attributed-nowhere")
    await publish(
        service.log,
        SupportsSigned(
            agreement_id=agreement_id,
            version=1,
            party_id=CUSTOMER,
            side="customer",
            supports=[{"support_id": "lone-1", "agreement_id": missing, "kind": "uc", "service_id": "access"}],
            structure={"serial": ["lone-1"]},
            signed_at="2026-10-20T00:00:00Z",
        ),
    )
    await agree(service, agreement_id, terms(PROVIDER, "attributed.checkout", "lone", "99.9"))
    found = await read(service.provider, f"/api/v1/targets/{target_id}/attribution?window=2026-11")
    [support] = found["supports"]
    assert (support["microseconds"], support["unknown_microseconds"]) == ("0/1", f"{120 * MINUTE}/1")
    assert support["name"] == "a support of the customer"
    assert found["largest"] == {"party_id": PROVIDER, "support_id": None, "name": "the provider itself"}


async def test_without_supports_all_downtime_is_the_providers(service: Service) -> None:
    agreement_id, target_id = (named_id(PROVIDER, kind, "attributed-alone") for kind in ("agreement", "target"))
    await agree(service, agreement_id, terms(PROVIDER, "attributed.checkout", "alone", "99.9"))
    found = await read(service.customer, f"/api/v1/targets/{target_id}/attribution")
    assert (found["is_chained"], found["own_microseconds"]) == (False, f"{120 * MINUTE}/1")


async def test_targets_without_downtime_are_refused(service: Service) -> None:
    agreement_id, target_id = (named_id(PROVIDER, kind, "attributed-values") for kind in ("agreement", "target"))
    about = {"service_id": "attributed-values", "agreement_key": "attributed-values"}
    target = {**fast(), "target_id": target_id, "service_id": "attributed-values"}
    await service.agree(finalized(target, agreement_id=agreement_id, **about))
    answer = await service.provider.get(f"/api/v1/targets/{target_id}/attribution")
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (422, "not-attributed")
    answer = await service.provider.get(f"/api/v1/targets/{TARGET}/attribution?window=2031-11")
    assert answer.status_code == 404
