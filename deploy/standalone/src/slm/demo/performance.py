"""Play all stages of the demonstration on a running installation, while facts are sent and the stream is read."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import httpx

from slm.demo import play, terms
from slm.demo.doors import InstallationClient
from slm.demo.negotiation import ApiProblem, Cast
from slm.demo.play import PlayStage, UnexpectedAnswer
from slm.demo.schedule import MINUTE, FactSchedule
from slm.demo.stream import StreamListener
from slm.demo.terminal import Terminal
from slm.demo.traffic import TrafficSender
from slm.demo.waiting import ResultNotSeen, ResultWaiter
from slm_chassis.clock import Clock, ScaledClock
from slm_events.instants import to_text

_BEFORE = 45 * MINUTE
"""With a clock at real speed, the schedule begins this long before now, and its facts are sent at once as history."""
_OF_EACH_SERVICE = ("agreements", "targets", "reports", "reviews")

Failure = (ApiProblem, ResultNotSeen, UnexpectedAnswer, httpx.HTTPError)


@dataclass(frozen=True)
class PlayOptions:
    """Options of one run of the demonstration's cycle: ``slm demo --once``, or ``slm demo`` on a running installation.

    ``patience``: real seconds to wait for each expected result. ``once``: end after the cycle.
    """

    operator_key: str
    agreement_key: str = terms.AGREEMENT_KEY
    patience: float = 90.0
    once: bool = False


async def play_and_check(doors: InstallationClient, wanted: PlayOptions, clock: Clock, terminal: Terminal) -> bool:
    """Play and check all stages; then, unless ``once``, send everyday traffic until cancelled.

    Return whether every check succeeded.
    """
    try:
        async with asyncio.TaskGroup() as group:
            await _perform(group, doors, wanted, clock, terminal)
    except BaseExceptionGroup as failures:
        failure = _first(failures)
        if not isinstance(failure, Failure):
            raise failure from None
        terminal.failed(f"{failure}" or type(failure).__name__)
        return False
    return True


async def _perform(
    group: asyncio.TaskGroup, doors: InstallationClient, wanted: PlayOptions, clock: Clock, terminal: Terminal
) -> None:
    client = doors.client
    plan, suffix = _plan(clock)
    cast, agreement = await play.negotiate_agreement(
        client, wanted.operator_key, wanted.agreement_key, plan, suffix, terminal
    )
    stage = PlayStage(client, cast, agreement["agreement_id"], plan, ResultWaiter(clock, wanted.patience), terminal)
    listener = StreamListener(client, cast.viewer_key, stage.agreement_id, clock, terminal.show_event)
    traffic = TrafficSender(client, cast.integrator_key, plan, clock)
    await play.sign_agreement(stage, agreement)
    await play.wait_until_watched(stage)
    listening = group.create_task(listener.run())
    await listener.listens.wait()
    group.create_task(traffic.run(once=wanted.once))
    action_plan = await play.wait_for_action_plan(stage)
    traffic.go_on()
    await play.wait_for_breaches(stage, listener, action_plan)
    await play.wait_for_recovery(stage, traffic)
    ids = await play.breaches_in_force(stage, traffic.position)
    page_path = await play.build_report(stage, ids)
    await play.propose_target(stage, await play.hold_breach_review(stage, ids))
    for breach_id in ids:
        terminal.named("standing breach", breach_id)
    terminal.is_played = True
    if wanted.once:
        listening.cancel()
        return
    _invite(doors, wanted, cast, page_path, clock.now(), terminal)
    terminal.show_events()


def _plan(clock: Clock) -> tuple[FactSchedule, str]:
    """Return the schedule of the facts, and a suffix for the keys of the parties.

    With a clock at real speed, the suffix depends on the minute at which the run starts, so that each run has parties
    of its own. With a scaled clock the suffix is empty.
    """
    if isinstance(clock, ScaledClock):
        return FactSchedule.beginning(clock.origin), ""
    plan = FactSchedule.beginning(clock.now() - _BEFORE)
    return plan, f"-{plan.base // MINUTE}"


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    first = failures.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def _invite(
    doors: InstallationClient, wanted: PlayOptions, cast: Cast, page_path: str, now: int, terminal: Terminal
) -> None:
    """Print addresses, keys and three commands to try."""
    at, viewer = doors.addresses, cast.viewer_key
    terminal.note()
    if doors.face:
        terminal.named("page for people", f"{doors.face}/")
    terminal.named("report, for a key", f"{at['reports']}{page_path}")
    for url in [doors.face] if doors.face else dict.fromkeys(at[each] for each in _OF_EACH_SERVICE):
        terminal.named("API documentation", f"{url}/docs")
    terminal.note()
    keys = {
        "customer's viewer": viewer,
        "customer's manager": cast.customer_manager_key,
        "provider's manager": cast.provider_manager_key,
        "provider's systems": cast.integrator_key,
        "operator": wanted.operator_key,
    }
    for name, key in keys.items():
        terminal.named(f"key: {name}", key)
    terminal.note()
    bearer = '-H "Authorization: Bearer {}"'.format
    down = [{"indicator": terms.AVAILABILITY_INDICATOR, "at": to_text(now), "state": "down"}]
    terminal.note(f'curl {bearer(viewer)} "{at["breaches"]}/api/v1/breaches?standing=true"')
    terminal.note(f'curl {bearer(viewer)} -N "{at["stream"]}/api/v1/stream"')
    terminal.note(
        f'curl {bearer(cast.integrator_key)} "{at["measurements"]}/api/v1/measurements" '
        f"-H 'Content-Type: application/json' -d '{json.dumps(down)}'"
    )
    terminal.note()
    terminal.note("Everyday traffic continues; its events are shown below. Ctrl-C ends it.")
