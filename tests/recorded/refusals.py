"""Requests that are refused: by caller, route, form and move, so that every kind of problem is recorded."""

from __future__ import annotations

import re

from tests.recorded.world import API, NOBODY, NOT_READ, World
from tests.support.populated import operations_of


async def refuse_everything(world: World) -> None:
    """What is refused: by whom, in which shape, of what kind."""
    play, cast = world.play, world.cast
    manager, viewer = cast.provider_manager_key, cast.viewer_key
    play.stage = "refused: callers"
    for path in ("agreements", "targets", "reports", "reviews"):
        await world.get(None, path)
        await world.get("slm_" + "x" * 43, path)
        await play.ask(None, "GET", f"{API}/{path}", headers={"Authorization": "Basic Zm9v"})
    play.stage = "refused: routes"
    for operation in operations_of(play.installation):
        if operation.parameters and operation.method == "get" and operation.path not in NOT_READ:
            path = re.sub(r"{\w+}", NOBODY, operation.path)
            query = "?from=1&to=2" if path.endswith("/diff") else ""
            await play.ask(manager, "GET", path + query)
        elif operation.method == "get" and not operation.path.endswith(("/stream", "/target-metrics")):
            await play.ask(manager, "GET", f"{operation.path}?nonsense=1")
            await play.ask(manager, "GET", f"{operation.path}?limit=0&cursor=nonsense")
    play.stage = "refused: bodies"
    for operation in operations_of(play.installation):
        if operation.method in ("post", "put"):
            path = re.sub(r"{\w+}", NOBODY, operation.path)
            await play.ask(manager, operation.method.upper(), path, json={"nonsense": 1}, headers={"If-Match": '"1"'})
            await play.ask(viewer, operation.method.upper(), path, json={}, headers={"If-Match": '"1"'})
    play.stage = "refused: forms"
    await play.ask(manager, "DELETE", f"{API}/agreements")
    await play.ask(manager, "PATCH", f"{API}/targets/{NOBODY}", json={})
    await play.ask(manager, "POST", f"{API}/services", content=b"{", headers={"Content-Type": "application/json"})
    await play.ask(manager, "POST", f"{API}/services", content=b"a=b", headers={"Content-Type": "text/plain"})
    await play.ask(manager, "POST", f"{API}/services", content=b"[" * 100, headers={"Content-Type": "application/json"})
    await play.ask(manager, "POST", f"{API}/services", json={"key": "x" * 300, "name": ""})
    await play.ask(manager, "GET", f"{API}/services/not-an-id")
    await play.ask(manager, "PUT", f"{API}/services/{cast.service_id}", json={"name": "Till"})
    await play.ask(
        manager, "PUT", f"{API}/services/{cast.service_id}", json={"name": "Till"}, headers={"If-Match": '"9"'}
    )
    for path in (
        "targets?min_position=nonsense",
        "targets?min_position=m9:99",
        "breaches?from=yesterday",
        "breaches?standing=maybe",
        "clocks?state=nonsense",
        "reviews?state=nonsense",
        "tickets?open=perhaps",
        "agreements?kind=nonsense",
        "reports?period=nonsense",
        "quarantine?state=nonsense",
        "exclusions?state=nonsense",
        "action-plans?state=nonsense",
        "imports?state=nonsense",
        "breaches?state=nonsense",
        "actions?state=nonsense",
        "target-revision-proposals?state=nonsense",
        "figures",
    ):
        await world.get(manager, path)
    play.stage = "refused: moves"
    agreement = (await world.get(manager, f"agreements/{world.met['agreement_id'][0]}")).json()
    for move in ("propose", "accept", "counter", "sign", "withdraw"):
        body = {"withdraw": {"reason": "No."}}.get(move, {"revision_hash": agreement["revision"]["hash"]})
        more = {"document": agreement["document"]} if move == "counter" else {}
        await world.post(manager, f"agreements/{agreement['agreement_id']}/{move}", {**body, **more})
    await world.post(cast.integrator_key, "agreements", {"key": "x"})
    await world.post(cast.customer_manager_key, "services", {"key": "own", "name": "Own", "outcome": "Own"})
    again = {"Idempotency-Key": "the-same"}
    body = {"key": "billing", "name": "Billing", "outcome": "Bills are paid"}
    await world.post(manager, "services", body, headers=again)
    await world.post(manager, "services", body, headers=again)
    await world.post(manager, "services", {**body, "name": "Other"}, headers=again)
    await world.post(manager, "services", {**body, "name": "Other"})
