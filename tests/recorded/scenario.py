"""The recorded scenario: two parties from their first day to an ended agreement, with every door opened and slammed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from slm.demo import negotiation, schedule, terms
from slm.demo.negotiation import Cast
from slm.demo.schedule import Schedule
from slm_events.catalogue import PUBLISHED
from slm_events.instants import from_text, to_text
from tests.recorded.recorder import ORIGIN, Play
from tests.support.operator_key import KEY
from tests.support.populated import Operation, operations_of

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
API = "/api/v1"
NOBODY = "7f8b3d4e-0000-5000-8000-00000000dead"
"""An id of nothing."""
_EACH = 2
"""How many things of a kind a look takes at each path."""
_NOT_LOOKED_AT = {f"{API}/stream", f"{API}/schemas/{{event_type}}"}
"""An endless answer, recorded by itself; and what other pages describe."""
_QUERIES = {
    f"{API}/agreements/{{agreement_id}}/diff": "?from=1&to=2",
    f"{API}/targets/{{target_id}}/budget": "?window=2026-11&step=P1D",
}
"""Queries without which an operation has no answer."""


@dataclass
class World:
    """Who plays, and the ids met on the way, by the names of the paths' parameters."""

    play: Play
    cast: Cast
    met: dict[str, list[str]] = field(default_factory=dict)
    place: str = ""
    """Where the stream of events was before the first fact."""

    async def look(self, key: str) -> None:
        """Read every route there is: lists, and of what they show the first ones one by one."""
        for operation in operations_of(self.play.installation):
            if operation.method == "get" and operation.path not in _NOT_LOOKED_AT:
                for path in self.paths(operation):
                    answer = await self.play.ask(key, "GET", path)
                    if answer.headers["content-type"].startswith("application/json"):
                        self.remember(answer.json())

    def paths(self, operation: Operation) -> Iterator[str]:
        """The operation's path with ids filled in; none where nothing of the kind was met."""
        if operation.path.startswith((f"{API}/tickets/", f"{API}/clocks/")):
            yield from self._ticket_paths(operation.path)
            return
        query = _QUERIES.get(operation.path) or self._query(operation)
        names = operation.parameters
        values = [self.met.get(name, [])[:_EACH] for name in names[:1]]
        if not names:
            yield operation.path + query
        for value in values[0] if values else []:
            yield operation.path.replace(f"{{{names[0]}}}", value).replace("{revision}", "1") + query

    def _ticket_paths(self, path: str) -> Iterator[str]:
        for source, number in [("servicenow", "INC0001"), ("desk", "INC7")]:
            query = "" if "{" in path else f"?source={source}&number={number}&target=p1-resolution"
            yield path.format(source=source, number=number) + query

    def _query(self, operation: Operation) -> str:
        wanted = {each["name"] for each in operation.document.get("parameters", []) if each.get("required")}
        is_of_agreement = "agreement_id" in wanted and not operation.parameters
        return f"?agreement_id={self.met['agreement_id'][0]}" if is_of_agreement else ""

    def remember(self, value: Any) -> None:
        """Note every id of an answer under its field's name."""
        if isinstance(value, list):
            for inner in value:
                self.remember(inner)
        elif isinstance(value, dict):
            for name, inner in value.items():
                if isinstance(inner, str) and name.endswith("_id") and inner not in self.met.setdefault(name, []):
                    self.met[name].append(inner)
                self.remember(inner)

    async def post(self, key: str, path: str, body: Any = None, **more: Any) -> Any:
        """POST and give the answer's JSON, whatever it says."""
        answer = await self.play.ask(key, "POST", f"{API}/{path}", json=body, **more)
        shown = answer.json() if answer.content else None
        if answer.status_code < 400:
            self.remember(shown)
        return shown

    async def get(self, key: str | None, path: str, **more: Any) -> httpx.Response:
        return await self.play.ask(key, "GET", f"{API}/{path}", **more)


async def whole(play: Play) -> None:
    """Play all of it."""
    play.stage = "empty"
    for operation in operations_of(play.installation):
        if operation.method == "get" and not operation.parameters and operation.path not in _NOT_LOOKED_AT:
            await play.ask(KEY, "GET", operation.path)
    for path in ("/livez", "/readyz", "/", "/docs", "/favicon.ico", f"{API}/nothing"):
        if path in ("/", "/docs", "/favicon.ico"):
            continue  # Pages for people change with every word of them.
        await play.ask(None, "GET", path)
    world, plan = await demonstration(play)
    await _errors(world)
    await _second_agreement(world, plan)
    await _exclusions(world, plan)
    await _imports_and_quarantine(world, plan)
    await _previews(world)
    await _explanations(world, plan)
    await _breaches(world)
    await _review(world)
    play.stage = "before the end of the month"
    await world.look(world.cast.customer_manager_key)
    play.stage = "month over"
    await play.move_to(from_text("2026-12-01T06:00:00Z"))
    await world.look(world.cast.provider_manager_key)
    await _documents(world)
    await _amendment(world)
    await _after_the_month(world)
    play.stage = "stream"
    for query, place in (("", "0"), ("", world.place), ("?type=TargetBreached", world.place)):
        await play.listen(world.cast.viewer_key, f"{API}/stream{query}", 1.5, {"Last-Event-ID": place})
    await _end(world)
    play.stage = "end"
    await world.look(KEY)


async def demonstration(play: Play) -> tuple[World, Schedule]:
    """What ``slm demo`` plays, with the same facts at the same instants: risk, breaches, recovery, report, review."""
    play.stage = "negotiation"
    plan = Schedule.beginning(from_text(ORIGIN))
    cast = await negotiation.gather_cast(play.client, KEY)
    for name in (
        "provider_manager",
        "provider_signatory",
        "customer_manager",
        "customer_signatory",
        "integrator",
        "viewer",
    ):
        play.people[getattr(cast, f"{name}_key")] = name
    world = World(play, cast)
    client = play.client
    await negotiation.record_requirement(client, cast)
    document = terms.document(to_text(plan.effective_at))
    drafted = await negotiation.draft(client, cast, document, terms.AGREEMENT_KEY)
    world.remember(drafted)
    for path in ("check", "revisions", "events"):
        await world.get(cast.provider_manager_key, f"agreements/{drafted['agreement_id']}/{path}")
    await play.move_to(from_text(ORIGIN) + MINUTE)
    proposed = await negotiation.propose(client, cast, drafted)
    await play.move_to(from_text(ORIGIN) + 2 * MINUTE)
    countered = await negotiation.counter(client, cast, proposed, terms.counter_proposal(proposed["document"]))
    await play.move_to(from_text(ORIGIN) + 3 * MINUTE)
    agreed = await negotiation.accept(client, cast, countered)
    await negotiation.sign(client, cast, agreed)
    for indicator in schedule.INDICATORS:
        await world.post(cast.integrator_key, "indicators", {**indicator, "service_id": cast.service_id})
    play.stage = "agreed"
    await world.look(cast.provider_manager_key)
    play.stage = "traffic"
    told = await play.listen(cast.viewer_key, f"{API}/stream", 1.0)
    world.place = re.findall(r"^id: (\S+)$", told, re.MULTILINE)[-1]
    for minute in range(schedule.EFFECTIVE, schedule.LAST + 1):
        await play.move_to(plan.at(minute + 1))
        facts = plan.facts(minute)
        position = None
        for door, items in (("measurements", facts.measurements), ("ticket-events", facts.ticket_events)):
            if items:
                position = (await world.post(cast.integrator_key, door, items))["position"]
        if position is not None:
            await world.get(cast.viewer_key, f"breaches?standing=true&min_position={position}")
    play.stage = "breached"
    await world.look(cast.provider_manager_key)
    agreement_id = drafted["agreement_id"]
    play.stage = "report and review"
    await world.post(cast.viewer_key, "reports", {"agreement_id": agreement_id, "period": plan.month.id})
    report = await world.post(
        cast.provider_manager_key, "reports", {"agreement_id": agreement_id, "period": plan.month.id}
    )
    for suffix in ("", "/figures", "/page"):
        await world.get(cast.provider_manager_key, f"reports/{report['report_id']}{suffix}")
    return world, plan


async def _errors(world: World) -> None:
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
        if operation.parameters and operation.method == "get" and operation.path not in _NOT_LOOKED_AT:
            path = re.sub(r"{\w+}", NOBODY, operation.path)
            query = "?from=1&to=2" if path.endswith("/diff") else ""
            await play.ask(manager, "GET", path + query)
        elif operation.method == "get" and operation.path != f"{API}/stream":
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


def _various(effective_at: str) -> dict[str, Any]:
    """Targets of the kinds that the demonstration does not have."""
    base = terms.document(effective_at)
    month = {"window": {"calendar": "month"}}
    targets: list[dict[str, Any]] = [
        {**terms.available("99.9"), "key": "site", "unacceptable": {"at_least": "99", "unit": "percent"}},
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
            **terms.p1_resolved(),
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


async def _second_agreement(world: World, plan: Schedule) -> None:
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
    await world.post(manager, f"{path}/propose", named)
    await world.get(manager, f"{path}/diff?from=1&to=2")
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


async def _exclusions(world: World, plan: Schedule) -> None:
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


async def _imports_and_quarantine(world: World, plan: Schedule) -> None:
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


async def _previews(world: World) -> None:
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


async def _explanations(world: World, plan: Schedule) -> None:
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


async def _breaches(world: World) -> None:
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


async def _review(world: World) -> None:
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


async def _amendment(world: World) -> None:
    """An amendment of the first agreement is drafted, agreed and signed; it takes effect with the next month."""
    cast, play = world.cast, world.play
    manager, path = cast.provider_manager_key, f"agreements/{world.met['agreement_id'][0]}"
    play.stage = "amendment"
    current = (await world.get(manager, path)).json()
    starts = {**current["document"]["term"], "effective_at": "2026-12-15T00:00:00Z"}
    document = {**current["document"], "title": "Checkout, amended", "term": starts}
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
        await world.post(key, f"{path}/{move}", named)
    for query in ("", "?version=1", "?version=2", "/diff?from=1&to=2", "/revisions?version=2", "/events"):
        await world.get(manager, f"{path}{query}")


async def _documents(world: World) -> None:
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


async def _after_the_month(world: World) -> None:
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


async def _end(world: World) -> None:
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
