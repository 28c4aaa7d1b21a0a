"""Two replicas of every service: what one begins the other goes on with, also where one of each is killed meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from slm.contexts import CONTEXTS
from slm_chassis.clock import parse_clock
from slm_chassis.identity import new_id
from slm_chassis.log.connect import open_log
from slm_events.catalogue import AGREEMENTS, BREACHES, REPORTS, REVIEWS, TARGETS
from slm_monitor.application.stream.event_stream import convert_record_to_stream_event
from tests.support import aftermath, real, replicated
from tests.support import kafka as kafka_support
from tests.support import postgres as postgres_support
from tests.support.hopping import ends_within
from tests.support.operator_key import KEY
from tests.support.replicated import Item, Scene, scene_on, until

DEAD_SECONDS = 2.0
"""After which a revoked key opens no door any more."""
ROUNDS = 4
TOLD = [AGREEMENTS.name, BREACHES.name, TARGETS.name, REPORTS.name, REVIEWS.name]
ONE_OF = {
    "AgreementFinalized": ("agreement_id", "version"),
    "AgreementInForce": ("agreement_id", "version"),
    "TargetBreached": ("breach_id", "revision"),
    "TargetAtRisk": ("target_id", "window_id"),
    "CauseRevised": ("cause_id", "party_id", "revision"),
    "WindowClosed": ("target_id", "window_id"),
    "ReportPublished": ("report_id", "revision"),
    "ReviewOpened": ("review_id",),
    "ActionPlanOpened": ("plan_id",),
    "ActionPlanEnded": ("plan_id",),
    "AmendmentDrafted": ("agreement_id", "version"),
    "TargetRevisionProposed": ("proposal_id",),
}
"""Event → what there is one of, under one id."""


@pytest.fixture(params=["postgres", "kafka"])
def log_url(request: pytest.FixtureRequest, postgres: object) -> Iterator[str]:
    """A log that is this test's own: its topics have fixed names."""
    if request.param == "postgres":
        yield postgres_support.session().url(postgres_support.fresh_name("slm_log"))
        return
    try:
        broker = kafka_support.private()
    except Exception as cause:
        real.unavailable("Kafka", cause)
    yield f"kafka://{broker.address}"
    broker.remove()


@pytest.fixture(scope="module")
def seen() -> dict[str, list[str]]:
    """Log → the breaches that stood in the end."""
    return {}


async def test_replicas_are_one_service(log_url: str, seen: dict[str, list[str]], tmp_path: Path) -> None:
    async with scene_on(log_url, tmp_path) as scene:
        await keys_are_good_and_dead_at_every_replica(scene)
        await a_request_sent_to_two_replicas_is_done_once(scene)
        await yesterday_is_loaded_and_reported(scene)
        await one_of_each_is_killed_while_parts_fail(scene)
        proposal = await a_review_proposes_a_target(scene)
        await the_killed_come_back(scene)
        standing = await scene.breaches()
        await nothing_was_lost_or_doubled(scene, standing, proposal)
        await scene.installation.stop()
    seen[log_url.split(":")[0]] = sorted(standing.values())
    assert len({tuple(each) for each in seen.values()}) == 1, seen


async def keys_are_good_and_dead_at_every_replica(scene: Scene) -> None:
    agreement = scene.installation.urls("agreement")[0]
    enrolled = {
        "name": "For a moment",
        "roles": ["viewer"],
        "party_id": scene.callers.cast.customer_party_id,
    }
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(timeout=30) as client:
        principal = (await client.post(f"{agreement}/api/v1/principals", json=enrolled, headers=headers)).json()
        keys = f"{agreement}/api/v1/principals/{principal['principal_id']}/keys"
        for _ in range(ROUNDS):
            issued = (await client.post(keys, json={"scopes": []}, headers=headers)).json()
            assert set(await doors(scene, issued["key"])) == {200}, "a key just issued opens every door"
            tokens = [await token_of(client, url, issued) for url in scene.installation.urls("agreement")]
            for token in tokens:
                assert set(await doors(scene, token)) == {200}, "a token of one replica opens every door"
            cuts = await streams_open(scene, issued["key"])
            assert (await client.delete(f"{keys}/{issued['key_id']}", headers=headers)).status_code == 204
            dead_at = time.monotonic() + DEAD_SECONDS
            await asyncio.gather(*(no_door_opens(scene, each, dead_at) for each in (issued["key"], *tokens)))
            await asyncio.wait_for(asyncio.gather(*(cut.wait() for cut in cuts)), 5 * DEAD_SECONDS)


async def token_of(client: httpx.AsyncClient, url: str, issued: Item) -> str:
    """An access token that a replica gives for a key."""
    grant = {"grant_type": "client_credentials"}
    answer = await client.post(f"{url}/api/v1/oauth/token", data=grant, auth=(issued["key_id"], issued["key"]))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


async def no_door_opens(scene: Scene, key: str, from_now_on: float) -> None:
    """Wait until every door answers 401. No door that is asked after ``from_now_on`` lets anybody in, however slow the
    machine.
    """
    async with asyncio.timeout(replicated.PATIENCE_SECONDS):
        while True:
            asked_at = time.monotonic()
            answers = set(await doors(scene, key))
            if answers == {401}:
                return
            assert asked_at < from_now_on or 200 not in answers, answers
            await asyncio.sleep(0.02)


async def doors(scene: Scene, key: str) -> list[int]:
    """How each replica of each service answers a key, all asked at one moment."""
    paths = ("/api/v1/parties", "/api/v1/targets", "/api/v1/reports", "/api/v1/reviews")
    answers = await asyncio.gather(*(scene.callers.at_each("GET", path, key) for path in paths))
    return [answer.status_code for of_service in answers for answer in of_service]


async def streams_open(scene: Scene, key: str) -> list[asyncio.Event]:
    """A stream at each replica; the events set when they end."""
    cuts = []
    for url in scene.installation.urls("monitor"):
        cut, opened = asyncio.Event(), asyncio.Event()
        cuts.append(cut)
        task = asyncio.create_task(ends_within(url, key, cut, opened))
        task.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.wait_for(opened.wait(), replicated.PATIENCE_SECONDS)
    return cuts


async def a_request_sent_to_two_replicas_is_done_once(scene: Scene) -> None:
    cast = scene.callers.cast
    requirement = {"text": "Sent twice.", "outcome": "Once is enough", "service_id": cast.service_id}
    held = {"sources": ["nobody"], "owner_party_id": cast.provider_party_id}
    for path, key, body, identity in (
        ("/api/v1/requirements", cast.customer_manager_key, requirement, "requirement_id"),
        ("/api/v1/imports", cast.integrator_key, held, "import_id"),
    ):
        made = set()
        for _ in range(ROUNDS):
            token = {"Idempotency-Key": new_id()}
            answers = await scene.callers.at_each("POST", path, key, body, **token)
            assert {answer.status_code for answer in answers} <= {201, 409}, [each.text for each in answers]
            again = await scene.callers.post(path, body, key, **token)
            made |= {again[identity], *(each.json()[identity] for each in answers if each.status_code == 201)}
        assert len(made) == ROUNDS
    page = await scene.callers.get("/api/v1/requirements?limit=1000", cast.customer_manager_key)
    assert sum(each["text"] == "Sent twice." for each in page["items"]) == ROUNDS


async def yesterday_is_loaded_and_reported(scene: Scene) -> None:
    """Sent to both, while all of it is held; then each window is closed and the day reported, by whichever replica."""
    key = scene.callers.cast.integrator_key
    named = {"key": "yesterday", "indicators": [each["key"] for each in replicated.indicators()]}
    held = f"/api/v1/imports/{(await scene.callers.post('/api/v1/imports', named, key))['import_id']}"

    async def holds() -> bool:
        return bool((await scene.callers.get(held, key))["state"] == "open")

    await until(holds, "an import that holds")
    positions = [await scene.measured(batch) for batch in replicated.history()]
    await scene.callers.post(f"{held}/complete", None, key)
    # Each read goes to another replica than the write before it.
    wanted = replicated.breached_yesterday()

    async def judged() -> bool:
        return set(await scene.breaches(positions[-1])) == wanted

    await until(judged, f"the breaches {wanted}")

    async def reported() -> bool:
        found = [each for each in await scene.items("/api/v1/reports") if each["period"] == "2026-11-03"]
        return bool(found and found[0]["state"] == "published" and found[0]["breaches"] == len(wanted))

    await until(reported, "yesterday's report")


async def one_of_each_is_killed_while_parts_fail(scene: Scene) -> None:
    position = ""
    for part in replicated.PARTS:
        position = await scene.measured([replicated.risky(part)])
    await scene.breaches(position)
    before = len(scene.hopper.names("TargetBreached"))

    async def strike() -> None:
        async with asyncio.timeout(replicated.PATIENCE_SECONDS):
            while len(scene.hopper.names("TargetBreached")) < before + 2:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await asyncio.gather(*(scene.installation.kill9(context) for context in CONTEXTS))

    async def fail() -> None:
        for part in replicated.PARTS:
            await scene.measured([replicated.breaching(part)])

    await asyncio.gather(strike(), fail())
    wanted = replicated.breached_yesterday() | replicated.breached_today()

    async def judged() -> bool:
        return set(await scene.breaches()) == wanted

    await until(judged, f"the breaches {wanted}")
    built = await scene.callers.post("/api/v1/reports", {"agreement_id": scene.agreement_id, "period": "2026-11-04"})
    assert built["period"]["id"] == "2026-11-04"


async def a_review_proposes_a_target(scene: Scene) -> Item:
    """All breaches are talked about; the survivor of each service brings a proposal and its draft about."""
    ids = set((await scene.breaches()).values())

    async def reviewed() -> list[str]:
        reviews = [each["review_id"] for each in await scene.items("/api/v1/reviews") if each["reason"] == "breach"]
        agendas = [(await scene.callers.get(f"/api/v1/reviews/{each}"))["agenda"] for each in reviews]
        return reviews if ids <= {item["ref_id"] for agenda in agendas for item in agenda} else []

    async def ended() -> bool:
        plans = await scene.items("/api/v1/action-plans")
        return len(plans) == len(replicated.PARTS) and {plan["state"] for plan in plans} == {"breached"}

    review_id = (await until(reviewed, "reviews of all breaches"))[0]
    await until(ended, "an action plan for each part, ended as breached")
    path = f"/api/v1/reviews/{review_id}"
    await scene.callers.post(f"{path}/conclude", {"summary": "Parts fail.", "attendees": ["Ada Byron"]})
    body = {"target": "up-0", "objective": {"at_least": "99.5"}, "reason": "What one part can keep."}
    made = await scene.callers.post(f"{path}/target-revision-proposals", body, **{"Idempotency-Key": new_id()})

    async def drafted() -> Item | None:
        found = await scene.callers.get(f"/api/v1/target-revision-proposals/{made['proposal_id']}")
        return found if found["state"] == "drafted" else None

    proposal: Item = await until(drafted, "a draft amendment")
    return proposal


async def the_killed_come_back(scene: Scene) -> None:
    for context in CONTEXTS:
        await scene.installation.start(context)
    await scene.installation.ready()
    position = await scene.measured([replicated.outage(0, replicated.LATER, 60)])
    assert set(await scene.breaches(position)) == replicated.breached_yesterday() | replicated.breached_today()


async def nothing_was_lost_or_doubled(scene: Scene, standing: dict[tuple[str, str], str], proposal: Item) -> None:
    """The stream told the log as it is, over all hops; and the log tells of each thing once."""
    log = await open_log(scene.log_url, clock=parse_clock(scene.clock), client="test")
    try:
        party_id = scene.callers.cast.customer_party_id
        give_up_at = time.monotonic() + replicated.PATIENCE_SECONDS
        while flaws := scene.hopper.flaws(records := await aftermath.read_all(log, TOLD), party_id):
            assert time.monotonic() < give_up_at, flaws
            await asyncio.sleep(0.2)
    finally:
        await log.close()
    ids: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for record, event in ((record, convert_record_to_stream_event(record)) for record in records):
        if event is not None and event.name in ONE_OF:
            which = (str(event.data[field]) for field in ONE_OF[event.name])
            ids[event.name, *which].add(record.headers["ce_id"])
    assert {each[0] for each in ids} == ONE_OF.keys()
    assert not {which: several for which, several in ids.items() if len(several) > 1}
    assert {which[1] for which in ids if which[0] == "TargetBreached"} == set(standing.values())
    drafted = (scene.agreement_id, str(proposal["amendment_version"]))
    assert [which[1:] for which in ids if which[0] == "AmendmentDrafted"] == [drafted]
    assert scene.hopper.hops > 10
