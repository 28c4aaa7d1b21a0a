"""Targets are proposed to be raised by what was measured lately, and one proposal an agreement collects them."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import httpx

from slm_chassis.identity import new_id
from slm_chassis.log.port import Record
from slm_events.agreement import AgreementFinalized
from slm_events.catalogue import PUBLISHED
from tests.integration.review.conftest import Service
from tests.support.review import AGREEMENT, OBJECTIVE, TARGET, closed, drafted, finalized, id_of, month, restated


def target(key: str, **more: Any) -> dict[str, Any]:
    return {
        "target_id": id_of(key),
        "key": key,
        "title": key,
        "objective": OBJECTIVE,
        "window": {"calendar": "month"},
        "responsible": {},
        **more,
    }


def agreement(*targets: dict[str, Any], **changed: Any) -> AgreementFinalized:
    return dataclasses.replace(finalized(**changed), targets=list(targets))


async def ends(service: Service, number: int, figure: str | None = "9999/100", **changed: Any) -> None:
    """A window of a month closes; as monitor-svc tells it, whatever this program knows of its fields."""
    window = changed.pop("window", None) or closed(month(number), "met", figure)
    data = {"coverage_percent": "100"} | dataclasses.asdict(window) | changed
    if data["coverage_percent"] is None and "coverage_percent" not in changed:
        data["coverage_percent"] = "100"
    row = PUBLISHED[type(window)]
    headers = {"ce_id": new_id(), "ce_source": "/slm/test/monitor", "ce_type": row.type, "ce_specversion": "1.0"}
    await service.log.append(row.topic.name, [Record(AGREEMENT, json.dumps(data).encode(), headers)])
    await service.hear()


async def proposals(service: Service) -> list[dict[str, Any]]:
    async with service.client("viewer") as client:
        answer = await client.get("/api/v1/target-revision-proposals", params={"agreement_id": AGREEMENT})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def post(service: Service, who: str, path: str, body: Any) -> httpx.Response:
    transport = httpx.ASGITransport(service.app.http, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {who}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://review", headers=headers) as client:
        return await client.post(f"/api/v1{path}", json=body)


async def test_a_target_that_was_never_measured_is_never_proposed_to_be_raised(service: Service) -> None:
    """A state that is only assumed gives 100 percent of nothing."""
    await service.hear(finalized())
    for number in (7, 8, 9):
        await ends(service, number, "100", coverage_percent="0")
    assert await proposals(service) == []


async def test_hardly_covered_windows_do_not_count(service: Service) -> None:
    await service.hear(finalized())
    for number, covered in ((7, "100"), (8, "94"), (9, "100")):
        await ends(service, number, coverage_percent=covered)
    assert await proposals(service) == []
    for number in (10, 11):
        await ends(service, number)
    assert len(await proposals(service)) == 1


async def test_a_late_figure_of_an_old_run_proposes_nothing(service: Service) -> None:
    """The first comfortable run was once enough, however badly the latest months went."""
    await service.hear(finalized())
    await ends(service, 7)
    await ends(service, 9)
    await ends(service, 10, "999/10")
    await ends(service, 11, "998/10", verdict="breached")
    await ends(service, 8)
    assert await proposals(service) == []


async def test_the_new_objective_is_halfway_to_the_best_within_the_worst(service: Service) -> None:
    await service.hear(finalized())
    for number, figure in ((7, "9996/100"), (8, "9998/100"), (9, "9997/100")):
        await ends(service, number, figure)
    (proposal,) = await proposals(service)
    (named,) = proposal["targets"]
    assert (named["target_id"], named["objective"]["at_least"]) == (TARGET, "99.94")


async def test_one_open_proposal_collects_the_targets_of_an_agreement(service: Service) -> None:
    first, second = target("first"), target("second")
    await service.hear(agreement(first, second))
    for number in (7, 8, 9):
        for each in (first, second):
            await ends(service, number, target_id=each["target_id"], target_key=each["key"])
    (proposal,) = await proposals(service)
    assert [each["target_key"] for each in proposal["targets"]] == ["first", "second"]
    await service.hear(drafted(proposal["proposal_id"]))
    (linked,) = await proposals(service)
    assert (linked["state"], linked["amendment_version"]) == ("drafted", 2)


async def test_instances_raise_their_common_objective_only_together(service: Service) -> None:
    grouped = target("latency", group_by=["region"])
    await service.hear(agreement(grouped))
    regions = {"eu": "9999/100", "us": "9996/100"}
    for number in (7, 8, 9):
        for region, figure in regions.items():
            shaky = figure if (number, region) != (8, "us") else "999/10"
            await ends(service, number, shaky, target_id=id_of(region), target_key=f"latency[{region}]")
    assert await proposals(service) == []
    for number in (10, 11):
        for region, figure in regions.items():
            await ends(service, number, figure, target_id=id_of(region), target_key=f"latency[{region}]")
    (proposal,) = await proposals(service)
    (named,) = proposal["targets"]
    assert (named["target_id"], named["target_key"]) == (grouped["target_id"], "latency")
    # What the weaker one can keep: half the way from 99.9 to 99.96.
    assert named["objective"]["at_least"] == "99.93"


async def test_a_declined_proposal_is_not_repeated_for_as_many_windows(service: Service) -> None:
    await service.hear(finalized())
    for number in (7, 8, 9):
        await ends(service, number)
    (proposal,) = await proposals(service)
    path = f"/target-revision-proposals/{proposal['proposal_id']}/decline"
    service.clock.move_to(service.clock.now())
    answer = await post(service, "customer", path, {"reason": "The second site is not built."})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["end_reason"]) == ("declined", "The second site is not built.")
    assert (await post(service, "customer", path, {"reason": "Again."})).status_code == 409
    await service.move_to("2027-03-02T00:00")
    for number in (10, 11, 12):
        await ends(service, number)
    # Declined on 22 November: December ended after it, October and November were met when it was said.
    assert [each["state"] for each in await proposals(service)] == ["declined"]


async def test_a_restated_window_of_long_ago_does_not_bring_a_proposal(service: Service) -> None:
    await service.hear(finalized())
    await ends(service, 7, "999/10")
    for number in (8, 9):
        await ends(service, number)
    await ends(service, 10, "999/10")
    await ends(service, 7, window=restated(month(7), "met", "100"))
    assert await proposals(service) == []


async def test_new_terms_end_what_was_proposed_of_the_old_ones(service: Service) -> None:
    await service.hear(finalized())
    for number in (7, 8, 9):
        await ends(service, number)
    (proposal,) = await proposals(service)
    await service.hear(drafted(proposal["proposal_id"]), finalized(version=2, effective_at="2027-01-01T00:00:00Z"))
    assert [each["state"] for each in await proposals(service)] == ["agreed"]
