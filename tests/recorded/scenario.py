"""The recorded scenario: two parties from their first day to an ended agreement, with every door opened and slammed."""

from __future__ import annotations

import re

from slm.demo import negotiation, schedule, terms
from slm.demo.schedule import FactSchedule
from slm_events.instants import from_text, to_text
from tests.recorded import agreeing, operating, refusals
from tests.recorded.recorder import ORIGIN, Play
from tests.recorded.world import API, MINUTE, NOT_READ, World
from tests.support.operator_key import KEY
from tests.support.populated import operations_of


async def whole(play: Play) -> None:
    """Play all of it."""
    play.stage = "empty"
    for operation in operations_of(play.installation):
        if operation.method == "get" and not operation.parameters and operation.path not in NOT_READ:
            await play.ask(KEY, "GET", operation.path)
    for path in ("/livez", "/readyz", "/", "/docs", "/favicon.ico", f"{API}/nothing"):
        if path in ("/", "/docs", "/favicon.ico"):
            continue  # Pages for people change with every word of them.
        await play.ask(None, "GET", path)
    world, plan = await demonstration(play)
    await refusals.refuse_everything(world)
    await agreeing.second_agreement(world, plan)
    await operating.exclusions(world, plan)
    await operating.imports_and_quarantine(world, plan)
    await operating.previews(world)
    await operating.explanations(world, plan)
    await operating.breaches(world)
    await operating.causes(world)
    await operating.review(world)
    play.stage = "before the end of the month"
    await world.look(world.cast.customer_manager_key)
    play.stage = "month over"
    await play.move_to(from_text("2026-12-01T06:00:00Z"))
    await world.look(world.cast.provider_manager_key)
    await operating.documents(world)
    await agreeing.amendment(world)
    await operating.after_the_month(world)
    play.stage = "stream"
    for query, place in (("", "0"), ("", world.place), ("?type=TargetBreached", world.place)):
        await play.listen(world.cast.viewer_key, f"{API}/stream{query}", 1.5, {"Last-Event-ID": place})
    await agreeing.end(world)
    play.stage = "end"
    await world.look(KEY)


async def demonstration(play: Play) -> tuple[World, FactSchedule]:
    """What ``slm demo`` plays, with the same facts at the same instants: risk, breaches, recovery, report, review."""
    play.stage = "negotiation"
    plan = FactSchedule.beginning(from_text(ORIGIN))
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
    document = terms.agreement_document(to_text(plan.effective_at))
    drafted = await negotiation.draft_agreement(client, cast, document, terms.AGREEMENT_KEY)
    world.remember(drafted)
    for path in ("check", "revisions", "events"):
        await world.get(cast.provider_manager_key, f"agreements/{drafted['agreement_id']}/{path}")
    await play.move_to(from_text(ORIGIN) + MINUTE)
    proposed = await negotiation.propose_draft(client, cast, drafted)
    await play.move_to(from_text(ORIGIN) + 2 * MINUTE)
    countered = await negotiation.make_counter_proposal(
        client, cast, proposed, terms.counter_proposal(proposed["document"])
    )
    await play.move_to(from_text(ORIGIN) + 3 * MINUTE)
    agreed = await negotiation.accept_counter_proposal(client, cast, countered)
    await negotiation.sign_for_both_parties(client, cast, agreed)
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
