"""Agreements beside the demonstration's: other kinds of targets, an amendment, changes and terminations."""

from __future__ import annotations

from typing import Any

from slm.demo import terms
from slm.demo.schedule import FactSchedule
from slm_events.instants import from_text, to_text
from tests.recorded.world import API, DAY, HOUR, MINUTE, NOBODY, World
from tests.support.operator_key import KEY


def _various(effective_at: str) -> dict[str, Any]:
    """Targets of the kinds that the demonstration does not have."""
    base = terms.agreement_document(effective_at)
    month = {"window": {"calendar": "month"}}
    targets: list[dict[str, Any]] = [
        {
            **terms.monthly_availability_target("99.9"),
            "key": "site",
            "unacceptable": {"at_least": "99", "unit": "percent"},
        },
        {
            "key": "outages",
            "indicator": terms.AVAILABILITY_INDICATOR,
            "aggregation": {"outages": {"at_least": "PT1M"}},
            "objective": {"at_most": "1"},
            **month,
        },
        {
            "key": "requests",
            "indicator": "payments.requests",
            "aggregation": "ratio",
            "objective": {"at_least": "99", "unit": "percent"},
            **month,
        },
        {
            "key": "slices",
            "indicator": "payments.requests",
            "aggregation": {"time_slices": {"width": "PT5M", "good_if": "0.95", "budget": "slices"}},
            "objective": {"at_least": "90", "unit": "percent"},
            **month,
        },
        {
            "key": "p95",
            "indicator": {"key": terms.LATENCY_INDICATOR, "unit": "ms"},
            "aggregation": {"quantile": "0.95"},
            "objective": {"at_most": "300", "unit": "ms"},
            **month,
        },
        {
            "key": "mean",
            "indicator": {"key": terms.LATENCY_INDICATOR, "unit": "ms"},
            "aggregation": "mean",
            "objective": {"at_most": "200", "unit": "ms"},
            "window": {"calendar": "day"},
        },
        {"key": "stars", "indicator": "desk.stars", "aggregation": "nps", "objective": {"at_least": "10"}, **month},
        {
            "key": "recovered",
            "indicator": "payments.recovery",
            "aggregation": {"recovered_within": {"time": "PT4H", "point": "PT15M"}},
            "objective": {"at_least": "90", "unit": "percent"},
            **month,
        },
        {
            "key": "orders",
            "indicator": "payments.orders",
            "aggregation": "count",
            "objective": {"at_most": "2"},
            "group_by": ["region"],
            **month,
        },
        {
            **terms.p1_resolution_target(),
            "escalations": [
                {"at": {"service_time": "-PT30M"}, "level": "functional", "to": "Second line"},
                {"at": {"service_time": "PT0S"}, "level": "hierarchical", "to": "Head of operations"},
            ],
            "warn_at": {"elapsed": ["50", "90"]},
            "objective": {"within": {"service_time": "PT1H"}},
        },
        {
            "key": "p1-share",
            "aggregation": {"compliance": {"target": "p1-resolution"}},
            "objective": {"at_least": "95", "unit": "percent"},
            **month,
        },
        {
            "key": "all",
            "aggregation": {"composite": {"of": "verdicts", "rule": "all_of", "members": ["site", "p95"]}},
            **month,
        },
        {
            "key": "chain",
            "aggregation": {"composite": {"of": "states", "rule": "serial", "members": ["site"]}},
            "objective": {"at_least": "99", "unit": "percent"},
            **month,
        },
    ]
    return {**base, "title": "Everything else", "requirements": [], "targets": targets}


async def second_agreement(world: World, plan: FactSchedule) -> None:
    """An agreement of every other kind of target, with facts for each; refused first, then withdrawn once."""
    play, cast = world.play, world.cast
    manager, integrator = cast.provider_manager_key, cast.integrator_key
    play.stage = "second agreement"
    for indicator in (
        {"key": "payments.requests", "kind": "ratio"},
        {"key": "desk.stars", "kind": "rating", "scale": {"lowest": 0, "highest": 10}},
        {"key": "payments.recovery", "kind": "recovery"},
        {"key": "payments.orders", "kind": "count"},
    ):
        await world.post(integrator, "indicators", {**indicator, "service_id": cast.service_id})
    await world.post(integrator, "indicators", {"key": "payments.requests", "kind": "value"})
    document = _various(to_text(play.clock.now() + MINUTE))
    wrong = {**document, "targets": [{**document["targets"][0], "objective": {"at_least": "200"}, "window": "month"}]}
    drafting = {
        "key": "everything",
        "kind": "sla",
        "provider_party_id": cast.provider_party_id,
        "customer_party_id": cast.customer_party_id,
        "service_id": cast.service_id,
        "template": "sla-standard",
    }
    await world.post(manager, "agreements", {**drafting, "document": wrong})
    dropped = await world.post(manager, "agreements", {**drafting, "key": "dropped", "document": document})
    if "agreement_id" in dropped:
        await world.post(manager, f"agreements/{dropped['agreement_id']}/withdraw", {"reason": "Not this one."})
    drafted = await world.post(manager, "agreements", {**drafting, "document": document})
    if "agreement_id" not in drafted:
        return
    path = f"agreements/{drafted['agreement_id']}"
    revised = {**drafted["document"], "title": "Everything else there is"}
    await world.post(manager, f"{path}/revisions", {"document": revised})
    revision = await play.ask(
        manager, "POST", f"{API}/{path}/revisions", json={"document": revised}, headers={"If-Match": '"1.0"'}
    )
    shown = await world.get(manager, path)
    await play.ask(
        manager,
        "POST",
        f"{API}/{path}/revisions",
        json={"document": revised},
        headers={"If-Match": shown.headers["etag"]},
    )
    assert revision.status_code
    newest = (await world.get(manager, path)).json()
    named = {"revision_hash": newest["revision"]["hash"]}
    await world.post(cast.customer_manager_key, f"{path}/accept", named)
    await world.post(manager, f"{path}/backtest", {})
    await world.post(manager, f"{path}/propose", named)
    await world.get(manager, f"{path}/diff?from=1&to=2")
    await _answer_by_target(world, path, newest)
    await world.post(cast.customer_manager_key, f"{path}/accept", named)
    waivers = [{"code": code, "reason": "Known."} for code in ("relevant.no-requirement",)]
    await world.post(cast.provider_signatory_key, f"{path}/sign", named)
    await world.post(cast.provider_signatory_key, f"{path}/sign", {**named, "waivers": waivers})
    await world.post(cast.customer_signatory_key, f"{path}/sign", {**named, "waivers": waivers})
    await play.move_to(play.clock.now() + 2 * MINUTE)
    play.stage = "second agreement: facts"
    now = play.clock.now()
    at = to_text(now)
    await world.post(
        integrator,
        "measurements",
        [
            {"indicator": "payments.requests", "at": at, "good": 900, "total": 1000, "id": "r1"},
            {"indicator": "payments.requests", "at": at, "cumulative": {"good": 998, "total": 1000}},
            {"indicator": "desk.stars", "at": at, "score": 9, "id": "s1"},
            {"indicator": "desk.stars", "at": at, "score": 2, "id": "s2"},
            {"indicator": "payments.orders", "at": at, "count": 3, "labels": {"region": "north"}, "id": "o1"},
            {"indicator": "payments.orders", "at": at, "count": 1, "labels": {"region": "south"}, "id": "o2"},
            {"indicator": "payments.recovery", "failed_at": to_text(now - HOUR), "recovered_at": at, "id": "v1"},
            {"indicator": terms.LATENCY_INDICATOR, "at": at, "value": 5000, "unit": "ms", "id": "l1"},
            {"indicator": terms.AVAILABILITY_INDICATOR, "at": at, "state": "down"},
        ],
    )
    await world.post(
        integrator, "measurements", [{"indicator": terms.AVAILABILITY_INDICATOR, "at": at, "state": "odd"}]
    )
    await world.post(integrator, "measurements", [])
    ticket = {"source": "desk", "ticket": "INC7", "type": "incident", "priority": "P1", "service": "checkout"}
    await world.post(integrator, "ticket-events", [{**ticket, "id": "1", "event": "opened", "at": at}])
    snapshot = {"type": "incident", "priority": "P1", "state": "in_progress", "opened_at": at, "updated_at": at}
    await play.ask(integrator, "PUT", f"{API}/tickets/desk/INC8", json={**snapshot, "service": "checkout"})
    await play.ask(integrator, "PUT", f"{API}/tickets/desk/INC8", json={**snapshot, "service": "checkout"})
    await world.post(
        integrator, "ticket-reconciliations", {"source": "desk", "tickets": [{"number": "INC7", "state": "closed"}]}
    )
    point = {"timeUnixNano": str((now - MINUTE) * 1000), "asDouble": 231.5}
    metric = {"name": terms.LATENCY_INDICATOR, "unit": "ms", "gauge": {"dataPoints": [point]}}
    await world.post(integrator, "otlp/v1/metrics", {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})
    await world.post(
        integrator, "otlp/v1/metrics", {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "unknown"}]}]}]}
    )
    await play.move_to(now + 10 * MINUTE)
    up = [{"indicator": terms.AVAILABILITY_INDICATOR, "at": to_text(now + 8 * MINUTE), "state": "up"}]
    await world.post(integrator, "measurements", up)
    await play.move_to(now + 3 * HOUR)
    play.stage = "second agreement: seen"
    for target_id in (await world.get(manager, f"targets?agreement_id={drafted['agreement_id']}")).json()["items"]:
        for path in (
            f"targets/{target_id['target_id']}",
            f"targets/{target_id['target_id']}/windows",
            f"targets/{target_id['target_id']}/explain",
            f"targets/{target_id['target_id']}/history",
        ):
            await world.get(manager, path)
    for path in (
        "clocks",
        "tickets",
        "risks",
        "breaches",
        "tickets?open=true",
        "tickets/desk/INC8",
        "clocks?state=breached",
        "clocks/explain?source=desk&number=INC7&target=p1-resolution&format=text",
    ):
        await world.get(manager, path)


async def _answer_by_target(world: World, path: str, proposed: dict[str, Any]) -> None:
    """The customer refuses one target of the proposed revision, after two answers that are refused."""
    customer = world.cast.customer_manager_key
    named = {"revision_hash": proposed["revision"]["hash"]}
    first, *others = (target["key"] for target in proposed["document"]["targets"])
    refused = {"refuse": [{"target": first, "reason": "We need more."}]}
    await world.post(customer, f"{path}/answer", {**named, **refused})
    await world.post(customer, f"{path}/answer", {**named, **refused, "accept": [first, *others, "unknown"]})
    await world.post(customer, f"{path}/answer", {**named, **refused, "accept": others})
    await world.post(world.cast.provider_manager_key, f"{path}/accept", named)
    await world.get(customer, f"{path}/answers")


async def amendment(world: World) -> None:
    """An amendment of the first agreement is drafted, agreed and signed; it takes effect with the next month.

    It promises less, because the month that was measured would have missed what the agreement promises now.
    """
    cast, play = world.cast, world.play
    manager, path = cast.provider_manager_key, f"agreements/{world.met['agreement_id'][0]}"
    play.stage = "amendment"
    current = (await world.get(manager, path)).json()
    starts = {**current["document"]["term"], "effective_at": "2026-12-15T00:00:00Z"}
    kept = {"availability": "99.95", "fast-month": "90"}
    targets = [
        {**each, "objective": {**each["objective"], "at_least": kept[each["key"]]}} if each["key"] in kept else each
        for each in current["document"]["targets"]
    ]
    document = {**current["document"], "title": "Checkout, amended", "term": starts, "targets": targets}
    await world.post(manager, f"{path}/amendments", {"document": {**document, "term": current["document"]["term"]}})
    made = await world.post(manager, f"{path}/amendments", {"document": document})
    await world.post(manager, f"{path}/amendments", {"document": document})
    named = {"revision_hash": (made.get("revision") or {}).get("hash", "0" * 64)}
    for key, move in (
        (manager, "propose"),
        (cast.customer_manager_key, "accept"),
        (cast.provider_signatory_key, "sign"),
        (cast.customer_signatory_key, "sign"),
    ):
        more = {"waivers": [{"code": "measurable.no-data", "reason": "Probes move."}]} if move == "sign" else {}
        await world.post(key, f"{path}/{move}", {**named, **more})
    for query in ("", "?version=1", "?version=2", "/diff?from=1&to=2", "/revisions?version=2", "/events"):
        await world.get(manager, f"{path}{query}")


async def end(world: World) -> None:
    """People, keys and principals change; both agreements end."""
    play, cast = world.play, world.cast
    manager, customer = cast.provider_manager_key, cast.customer_manager_key
    await play.move_to(from_text("2026-12-20T06:00:00Z"))
    play.stage = "changes"
    for path, body in (
        (f"parties/{cast.provider_party_id}", {"name": "Acme Hosting plc"}),
        (f"services/{cast.service_id}", {"name": "Till", "outcome": "Customers can pay"}),
        (f"people/{world.met['person_id'][0]}", {"name": "Ada Lovelace", "email": "ada@example.com", "mandates": []}),
        (
            f"principals/{world.met['principal_id'][0]}",
            {"name": "Ada", "person_id": world.met["person_id"][0], "roles": ["service_level_manager"]},
        ),
    ):
        shown = await play.ask(KEY, "GET", f"{API}/{path}")
        await play.ask(KEY, "PUT", f"{API}/{path}", json=body, headers={"If-Match": shown.headers.get("etag", '"1"')})
    issued = await world.post(KEY, f"principals/{world.met['principal_id'][0]}/keys", {"scopes": []})
    play.people[str(issued.get("key"))] = "second key"
    await world.get(str(issued.get("key")), "agreements")
    await play.ask(KEY, "DELETE", f"{API}/principals/{world.met['principal_id'][0]}/keys/{issued.get('key_id')}")
    await world.get(str(issued.get("key")), "agreements")
    invited = await world.post(manager, "invitations", {"alias": "Somebody", "note": "New"})
    await world.post(manager, f"invitations/{invited.get('invitation_id')}/withdraw")
    await world.post(customer, "invitations/accept", {"code": invited.get("code", "x")})
    play.stage = "termination"
    signs, countersigns = cast.provider_signatory_key, cast.customer_signatory_key
    asking = {"at": to_text(play.clock.now() + DAY), "reason": "Insourced."}
    for number, agreement_id in enumerate(world.met["agreement_id"][:3]):
        path = f"agreements/{agreement_id}"
        await world.post(manager, f"{path}/terminate", asking)
        asked = await world.post(signs, f"{path}/terminate", asking)
        request = {"request_id": (asked.get("termination_request") or {}).get("request_id", NOBODY)}
        await world.get(customer, path)
        if number == 0:
            await world.post(signs, f"{path}/terminate", asking)
            await world.post(signs, f"{path}/terminate/withdraw", request)
            asked = await world.post(signs, f"{path}/terminate", asking)
            request = {"request_id": (asked.get("termination_request") or {}).get("request_id", NOBODY)}
        await world.post(signs, f"{path}/terminate/consent", request)
        await world.post(countersigns, f"{path}/terminate/consent", {"request_id": NOBODY})
        await world.post(countersigns, f"{path}/terminate/consent", request)
        await world.get(manager, path)
    await play.move_to(play.clock.now() + 2 * DAY)
