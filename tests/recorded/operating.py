"""The months of operation: exclusions, imports, previews, explanations, breaches, reviews and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slm.demo import schedule, terms
from slm.demo.schedule import FactSchedule
from slm_events.catalogue import PUBLISHED
from slm_events.instants import to_text
from tests.recorded.world import API, DAY, HOUR, MINUTE, World
from tests.support.operator_key import KEY
from tests.support.populated import Operation, operations_of


async def exclusions(world: World, plan: FactSchedule) -> None:
    play, cast = world.play, world.cast
    manager, customer = cast.provider_manager_key, cast.customer_manager_key
    play.stage = "exclusions"
    agreement_id, now = world.met["agreement_id"][0], play.clock.now()
    start = plan.at(schedule.SECOND_OUTAGE)

    def wanted(text: str, kind: str, start: int, **more: Any) -> Mapping[str, Any]:
        interval = {"from": to_text(start), "to": to_text(start + 2 * MINUTE)}
        return {"agreement_id": agreement_id, "kind": kind, "text": text, "interval": interval, **more}

    storm = await world.post(manager, "exclusions", wanted("A storm.", "force_majeure", start))
    patch = await world.post(
        manager,
        "exclusions",
        wanted("A patch.", "planned", now + DAY, if_silent="approved", decide_by_at=to_text(now + HOUR)),
    )
    no = await world.post(manager, "exclusions", wanted("No.", "force_majeure", start + HOUR))
    await world.post(manager, "exclusions", wanted("Odd.", "nonsense", start))
    await world.post(manager, f"exclusions/{storm.get('exclusion_id')}/approve", {})
    await world.post(customer, f"exclusions/{storm.get('exclusion_id')}/approve", {"reason": "We saw it."})
    await world.post(customer, f"exclusions/{no.get('exclusion_id')}/reject", {"reason": "It was not."})
    await world.post(customer, f"exclusions/{no.get('exclusion_id')}/approve", {"reason": "It was."})
    await play.move_to(now + 2 * HOUR)
    for each in (storm, patch, no):
        await world.get(customer, f"exclusions/{each.get('exclusion_id')}")
    await world.get(manager, "breaches")
    await world.get(manager, "breaches?standing=false")
    await world.post(customer, f"exclusions/{storm.get('exclusion_id')}/revoke", {"reason": "It was not used."})
    office = await world.post(KEY, "parties", {"key": "office", "name": "Office"})
    await world.post(KEY, "relations", {"party_ids": [cast.provider_party_id, office["party_id"]]})
    appointed = {"agreement_id": agreement_id, "delegate_party_id": office["party_id"], "reason": "They run it."}
    delegate = await world.post(manager, "exclusion-delegates", appointed)
    await world.get(manager, "exclusion-delegates")
    await world.post(manager, f"exclusion-delegates/{delegate.get('delegate_id')}/dismiss")
    await world.get(manager, "exclusions?state=rejected")


async def imports_and_quarantine(world: World, plan: FactSchedule) -> None:
    play, cast = world.play, world.cast
    integrator = cast.integrator_key
    play.stage = "imports and quarantine"
    now = play.clock.now()
    made = await world.post(integrator, "imports", {"key": "history", "sources": ["old-desk"]})
    await world.post(integrator, "imports", {"key": "history", "sources": ["old-desk"]})
    await world.post(integrator, "imports", {"key": "history", "sources": ["other"]})
    event = {"source": "old-desk", "type": "incident", "priority": "P1", "service": "checkout"}
    await world.post(
        integrator,
        "ticket-events",
        [
            {**event, "ticket": "OLD1", "id": "1", "event": "opened", "at": to_text(now - 3 * HOUR)},
            {**event, "ticket": "OLD1", "id": "2", "event": "resolved", "at": to_text(now - HOUR)},
        ],
    )
    await world.get(integrator, f"imports/{made.get('import_id')}")
    await world.get(integrator, "targets")
    await world.post(integrator, f"imports/{made.get('import_id')}/complete")
    await world.get(integrator, f"imports/{made.get('import_id')}")
    other = await world.post(integrator, "imports", {"key": "other", "sources": ["third-desk"]})
    await play.ask(integrator, "DELETE", f"{API}/imports/{other.get('import_id')}")
    await play.ask(integrator, "DELETE", f"{API}/imports/{other.get('import_id')}")
    value = {"indicator": terms.LATENCY_INDICATOR, "value": 1, "unit": "ms"}
    for days in (1, 2, 3):
        await world.post(integrator, "measurements", [{**value, "at": to_text(now + days * DAY), "id": f"f{days}"}])
    await world.post(integrator, "measurements", [{**value, "at": to_text(now), "id": "f1", "value": 2}])
    found = (await world.get(integrator, "quarantine")).json().get("items", [])
    for each, move in zip(found, ("discard", "release"), strict=False):
        await world.post(integrator, f"quarantine/{each['quarantine_id']}/{move}")
        await world.post(integrator, f"quarantine/{each['quarantine_id']}/{move}")
    await world.get(integrator, "quarantine?state=discarded")
    await world.post(integrator, "quarantine/sources/resume", {"source": "nobody", "topic": "slm.tickets"})
    await world.get(integrator, "indicators?stale=true")


async def previews(world: World) -> None:
    play, manager = world.play, world.cast.provider_manager_key
    play.stage = "previews"
    operations = {each.path: each for each in operations_of(play.installation) if each.method == "post"}
    for path in ("previews/clock", "previews/window", "previews/burn-rate", "chain-previews", "credit-previews"):
        body = operations[f"{API}/{path}"]
        example = _example(world, body)
        await world.post(manager, path, example)
        await world.post(manager, path, {})
        await world.post(None or world.cast.viewer_key, path, {**example, "nonsense": 1})
    window = _example(world, operations[f"{API}/previews/window"])
    for more in ({"at": "2026-11-15T00:00:00Z"}, {"window": "nonsense"}, {"facts": [{"nonsense": 1}]}):
        await world.post(manager, "previews/window", {**window, **more})
    play.stage = "backtests"
    made = await world.post(
        manager,
        "backtests",
        {
            "terms": {
                "aggregation": "availability",
                "indicator": terms.AVAILABILITY_INDICATOR,
                "key": "up",
                "objective": {"at_least": "99.9", "unit": "percent"},
                "window": {"calendar": "day"},
            },
            "windows": {"last": 2},
        },
    )
    await world.get(manager, f"backtests/{made.get('backtest_id')}")
    await world.post(manager, f"backtests/{made.get('backtest_id')}/cancel")
    await world.post(manager, "backtests", {"terms": {"aggregation": "nonsense"}})
    await world.get(manager, "backtests")


def _example(world: World, operation: Operation) -> dict[str, Any]:
    content = operation.document["requestBody"]["content"]["application/json"]
    if "example" in content:
        return dict(content["example"])
    name = content["schema"]["$ref"].rsplit("/", 1)[-1]
    schema = world.play.installation.face.own.openapi()["components"]["schemas"][name]
    return dict(schema["examples"][0])


async def explanations(world: World, plan: FactSchedule) -> None:
    play, viewer = world.play, world.cast.viewer_key
    play.stage = "explanations"
    targets = (await world.get(viewer, f"targets?agreement_id={world.met['agreement_id'][0]}")).json()["items"]
    early = to_text(plan.at(schedule.FACTS_WAIT_FROM))
    for target in targets:
        path = f"targets/{target['target_id']}"
        for query in (
            "explain?format=text",
            f"explain?window={plan.month.id}",
            f"explain?known_at={early}",
            f"explain?at={early}",
            "explain?window=nonsense",
            f"windows?known_at={early}",
            "windows?verdict=breached",
            "windows?closed=true",
            "history",
            f"history?from={early}",
            f"budget?window={plan.month.id}&step=PT6H",
            f"budget?window={plan.month.id}&step=nonsense",
            "explain?format=nonsense",
        ):
            await world.get(viewer, f"{path}/{query}")
    clock = "clocks/explain?source=servicenow&number=INC0001&target=p1-resolution"
    for query in ("", "&format=text", f"&known_at={early}", "&ordinal=2", "&ordinal=9"):
        await world.get(viewer, f"{clock}{query}")
    for query in (f"?known_at={early}", "?min_position=t0:1"):
        await world.get(viewer, f"tickets/servicenow/INC0001{query}")
    await world.get(viewer, f"figures?agreement_id={world.met['agreement_id'][0]}&as_of={early}")
    for risk in (await world.get(viewer, "risks?limit=1")).json()["items"]:
        await world.get(viewer, f"risks/{risk['risk_id']}")
    await world.get(world.cast.provider_manager_key, f"indicators/{terms.AVAILABILITY_INDICATOR}")
    for path in ("agreements", "targets", "breaches", "principals", "people", "reviews", "tickets", "risks"):
        shown = (await world.get(viewer, f"{path}?limit=1")).json()
        if shown.get("next"):
            await world.get(viewer, path, params={"limit": "1", "cursor": shown["next"]})


async def breaches(world: World) -> None:
    play, cast = world.play, world.cast
    manager, customer = cast.provider_manager_key, cast.customer_manager_key
    play.stage = "breaches"
    breaches = (await world.get(manager, "breaches")).json()["items"]
    for breach in breaches[:2]:
        path = f"breaches/{breach['breach_id']}"
        for key, step, body in (
            (cast.viewer_key, "acknowledge", {}),
            (manager, "close", {"note": "Too early."}),
            (manager, "acknowledge", {"note": "Seen by the night shift."}),
            (manager, "acknowledge", {}),
            (manager, "root-cause", {"root_cause": "A failed disk.", "corrective_action": "Disks are watched."}),
            (customer, "close", {"note": "Fine."}),
        ):
            shown = await world.get(key, path)
            tag = {"If-Match": shown.headers.get("etag", '"1"')}
            await world.post(key, f"{path}/{step}", body, headers=tag)
            await play.move_to(play.clock.now() + MINUTE)
    await world.post(manager, f"breaches/{breaches[0]['breach_id']}/acknowledge", {})
    await world.post(manager, f"breaches/{breaches[0]['breach_id']}/acknowledge", {}, headers={"If-Match": '"99"'})
    for query in ("state=closed", "state=root_cause_given", "state=open", "level=objective", "level=unacceptable"):
        await world.get(manager, f"breaches?{query}")


async def causes(world: World) -> None:
    """A cause as each side sees it, and acts on all of its breaches."""
    play, cast = world.play, world.cast
    manager, customer = cast.provider_manager_key, cast.customer_manager_key
    play.stage = "causes"
    for query in ("", "?sort=urgency&open=true", "?sort=breaches&limit=1", "?lasting=true", "?state=acknowledged"):
        await world.get(manager, f"causes{query}")
        await world.get(customer, f"causes{query}")
    found = (await world.get(manager, "causes?sort=breaches")).json()["items"]
    explained = {"root_cause": "A failed disk.", "corrective_action": "Disks are watched."}
    problem = {"linked_problem": {"system": "itsm", "id": "PRB-1", "url": "https://itsm.example/PRB-1"}}
    for cause in found[:2]:
        path = f"causes/{cause['cause_id']}"
        for key, step, body in (
            (cast.viewer_key, "acknowledge", {}),
            (customer, "acknowledge", {}),
            (manager, "root-cause", explained),
            (manager, "acknowledge", {"note": "Seen by the night shift."}),
            (manager, "acknowledge", {}),
            (manager, "problem-link", problem),
            (manager, "problem-link", {}),
            (manager, "root-cause", explained),
        ):
            await world.post(key, f"{path}/{step}", body)
            await play.move_to(play.clock.now() + MINUTE)
        for key in (manager, customer):
            await world.get(key, path)
        await world.get(manager, f"risks?cause_id={cause['cause_id']}")
        for breach in (await world.get(manager, f"breaches?cause_id={cause['cause_id']}")).json()["items"][:1]:
            path = f"breaches/{breach['breach_id']}"
            tag = {"If-Match": (await world.get(manager, path)).headers.get("etag", '"1"')}
            await world.post(manager, f"{path}/problem-link", problem, headers=tag)
            await world.post(customer, f"{path}/problem-link", problem, headers=tag)


async def review(world: World) -> None:
    play, cast = world.play, world.cast
    manager = cast.provider_manager_key
    play.stage = "review"
    reviews = (await world.get(manager, f"reviews?reason=breach&agreement_id={world.met['agreement_id'][0]}")).json()[
        "items"
    ]
    for review in reviews[:1]:
        path = f"reviews/{review['review_id']}"
        await world.get(manager, f"{path}/agenda")
        await world.post(cast.viewer_key, f"{path}/conclude", {"summary": "Held."})
        await world.post(manager, f"{path}/conclude", {})
        held = {"summary": "Checkout was away twice.", "attendees": ["Ada Byron", "Carl Friedrich"]}
        await world.post(manager, f"{path}/conclude", held)
        await world.post(manager, f"{path}/conclude", held)
        await world.post(manager, f"{path}/lessons", {"text": "Switch first, look after."})
        action = {
            "text": "Switch by itself.",
            "owner": "Operations",
            "expected_change": "Seconds.",
            "due_at": to_text(play.clock.now() + 30 * DAY),
            "target": "availability",
        }
        opened = await world.post(manager, f"{path}/actions", action)
        await world.post(manager, f"{path}/actions", {**action, "target": "nonsense"})
        await world.post(manager, f"actions/{opened.get('action_id')}/complete", {"note": "Done."})
        await world.post(manager, f"actions/{opened.get('action_id')}/complete", {"note": "Again."})
        proposal = {"target": "availability", "objective": {"at_least": "99.95"}, "reason": "What one site can keep."}
        made = await world.post(manager, f"{path}/target-revision-proposals", proposal)
        await world.get(manager, f"target-revision-proposals/{made.get('proposal_id')}")
        await world.get(manager, f"agreements/{world.met['agreement_id'][0]}?version=2")
        await world.post(manager, f"target-revision-proposals/{made.get('proposal_id')}/decline", {"reason": "Later."})
        other = await world.post(manager, f"{path}/target-revision-proposals", {**proposal, "target": "fast-month"})
        await world.post(manager, f"target-revision-proposals/{other.get('proposal_id')}/decline", {"reason": "Never."})
    for plan in (await world.get(manager, "action-plans")).json()["items"][:2]:
        await world.post(manager, f"action-plans/{plan['plan_id']}/steps/1/complete", {"note": "Moved."})
        await world.post(manager, f"action-plans/{plan['plan_id']}/steps/9/complete", {"note": "Moved."})
        await world.get(manager, f"action-plans/{plan['plan_id']}")


async def documents(world: World) -> None:
    """Reports as they are published, by revision and as pages; conditional reads; schemas of events."""
    play, viewer = world.play, world.cast.viewer_key
    play.stage = "reports"
    for report in (await world.get(viewer, "reports")).json()["items"][:4]:
        path = f"reports/{report['report_id']}"
        for suffix in ("", "?revision=1", "/page", "/figures", "?revision=99"):
            await world.get(viewer, path + suffix)
    for query in ("verdict=breached", "verdict=met", "state=final", "state=interim", "period=2026-11"):
        await world.get(viewer, f"reports?{query}")
    shown = await world.get(viewer, f"agreements/{world.met['agreement_id'][0]}")
    await world.get(
        viewer, f"agreements/{world.met['agreement_id'][0]}", headers={"If-None-Match": shown.headers.get("etag", "")}
    )
    play.stage = "schemas"
    for kind in ("slm.nothing.v1", *[row.type for row in PUBLISHED.values()][16:19]):
        await world.get(viewer, f"schemas/{kind}")


async def after_the_month(world: World) -> None:
    """Reviews that became due, one of them held with disputes decided, and what was accepted."""
    play, cast = world.play, world.cast
    manager, customer = cast.provider_manager_key, cast.customer_manager_key
    play.stage = "monthly review"
    for review in (await world.get(manager, "reviews?state=open")).json()["items"][:2]:
        path = f"reviews/{review['review_id']}"
        await world.get(manager, path)
        await world.post(customer, f"{path}/conclude", {"summary": "All is well.", "attendees": ["Ada Byron"]})
        await world.get(manager, path)
    await world.get(manager, "reviews?state=concluded")
    await world.get(manager, "reviews?state=lapsed")
