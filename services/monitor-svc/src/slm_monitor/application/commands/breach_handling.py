"""Handling of a breach: acknowledge, give the root cause, close; each with its record and event in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_monitor.domain.lifecycle import breach_workflow, target_events
from slm_monitor.domain.lifecycle.breach_workflow import ACKNOWLEDGE, CLOSE, GIVE_ROOT_CAUSE, BreachStep, BreachWorkflow

EVENTS = {ACKNOWLEDGE: "breach-acknowledged", GIVE_ROOT_CAUSE: "breach-root-cause-given", CLOSE: "breach-closed"}
_OF_THE_RESPONSIBLE = {ACKNOWLEDGE: "acknowledge it", GIVE_ROOT_CAUSE: "give its root cause"}
"""Steps that only the responsible party takes, in words."""


class NoSuchBreach(Exception):
    """There is no breach of this id that the caller may see."""


class StepNotAllowed(Exception):
    """Another party must take this step; the message names which."""


@dataclass(frozen=True, slots=True)
class HandledBreach:
    """A breach as it was published, with the state of its handling."""

    published: Mapping[str, Any]
    life: BreachWorkflow

    def parties(self) -> tuple[str, str]:
        return self.published["provider_party_id"], self.published["customer_party_id"]


class BreachHandlingStore(Protocol):
    """The store of breaches and of their handling, inside one transaction."""

    async def locked(self, breach_id: str) -> HandledBreach | None:
        """Read and lock a breach: no other process, the worker included, changes it until the transaction ends."""
        ...

    async def keep(self, breach_id: str, life: BreachWorkflow, step: BreachStep) -> None: ...

    def publish(self, event: Any, at: int, event_id: str) -> None: ...


async def take_step(
    store: BreachHandlingStore,
    breach_id: str,
    step: str,
    document: Mapping[str, Any],
    caller: Principal,
    now: int,
    unless_changed: Callable[[BreachWorkflow], None],
) -> BreachWorkflow:
    """Take a breach through one step. Raises NoSuchBreach, StepNotAllowed, WrongStep.

    The responsible party acknowledges and gives the root cause; after that, either party may close. The handling
    records how a breach was dealt with. A party that denies that there was a breach disputes it instead.
    """
    held = await store.locked(breach_id)
    if held is None or not (caller.is_operator or caller.party_id in held.parties()):
        raise NoSuchBreach(breach_id)
    if caller.party_id is None:
        raise StepNotAllowed("an operator sees breaches, but handles them for nobody: use a key of a party")
    if step in _OF_THE_RESPONSIBLE and caller.party_id != _responsible(held):
        raise StepNotAllowed(f"only the party responsible for the breach may {_OF_THE_RESPONSIBLE[step]}")
    unless_changed(held.life)
    life = held.life.after(step)
    taken = BreachStep(step, now, caller.party_id, caller.principal_id, caller.name, document)
    await store.keep(breach_id, life, taken)
    event = breach_workflow.handling_event(held.published, life, taken)
    store.publish(event, now, target_events.event_id(breach_id, EVENTS[step], life.revision))
    return life


def _responsible(held: HandledBreach) -> str:
    """The party that the breach names as responsible if it is one of the two, else the provider."""
    named = held.published.get("responsible_party_id")
    return named if named in held.parties() else held.parties()[0]
