"""Handling of a breach: acknowledge, give the root cause, link a problem, close. Each step writes its record and its
event in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_chassis.identity import named_id
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.lifecycle import breach_workflow, target_events
from slm_monitor.domain.lifecycle.breach_workflow import (
    ACKNOWLEDGE,
    CLOSE,
    GIVE_ROOT_CAUSE,
    LINK_PROBLEM,
    BreachWorkflow,
    BreachWorkflowStep,
)

_EVENTS = {ACKNOWLEDGE: "breach-acknowledged", GIVE_ROOT_CAUSE: "breach-root-cause-given", CLOSE: "breach-closed"}
_OF_THE_RESPONSIBLE = {
    ACKNOWLEDGE: "acknowledge it",
    GIVE_ROOT_CAUSE: "give its root cause",
    LINK_PROBLEM: "link its problem",
}
"""The steps that only the responsible party may take → the words for them in error messages."""


class NoSuchBreach(Exception):
    """No breach with this id exists, or the caller may not see it."""


class BreachStepNotAllowed(Exception):
    """The step must be taken by another party; the message names that party."""


@dataclass(frozen=True, slots=True)
class HandledBreach:
    """A published breach, with the state of its handling."""

    published: Mapping[str, Any]
    life: BreachWorkflow

    def parties(self) -> tuple[str, str]:
        return self.published["provider_party_id"], self.published["customer_party_id"]


class BreachHandlingStore(Protocol):
    """The store of breaches and their handling, inside one transaction."""

    async def locked(self, breach_id: str) -> HandledBreach | None:
        """Read and lock a breach: until the transaction ends, no other process changes it, not even the evaluation
        worker.
        """
        ...

    async def keep(self, breach_id: str, life: BreachWorkflow, step: BreachWorkflowStep) -> None: ...

    def publish(self, event: Any, at: UtcMicroseconds, event_id: str) -> None: ...


async def take_breach_step(
    store: BreachHandlingStore,
    breach_id: str,
    step: str,
    document: Mapping[str, Any],
    caller: Principal,
    now: UtcMicroseconds,
    unless_changed: Callable[[BreachWorkflow], None],
) -> BreachWorkflow:
    """Take a breach through one step of its handling; return the new state of the handling.

    The responsible party acknowledges the breach and gives the root cause. After that, either party may close the
    breach. ``unless_changed`` is called with the present state; it raises an error if the caller has seen an older
    state. Raises NoSuchBreach, BreachStepNotAllowed, InvalidBreachStep.
    """
    held = await store.locked(breach_id)
    if held is None or not (caller.is_operator or caller.party_id in held.parties()):
        raise NoSuchBreach(breach_id)
    if caller.party_id is None:
        raise BreachStepNotAllowed("an operator sees breaches, but handles them for nobody: use a key of a party")
    if step in _OF_THE_RESPONSIBLE and caller.party_id != _responsible(held):
        raise BreachStepNotAllowed(f"only the party responsible for the breach may {_OF_THE_RESPONSIBLE[step]}")
    unless_changed(held.life)
    life = held.life.after(step)
    taken = BreachWorkflowStep(step, now, caller.party_id, caller.principal_id, caller.name, document)
    await store.keep(breach_id, life, taken)
    event = breach_workflow.build_breach_handling_event(held.published, life, taken)
    store.publish(event, now, _event_id(breach_id, step, life))
    return life


def _event_id(breach_id: str, step: str, life: BreachWorkflow) -> str:
    """Return the id of a step's event. If the step links a problem, the id contains the number of the link, because
    each link has its own event.
    """
    if step == LINK_PROBLEM:
        return named_id(breach_id, "breach-problem-linked", life.revision, life.number)
    return target_events.derive_event_id(breach_id, _EVENTS[step], life.revision)


def _responsible(held: HandledBreach) -> str:
    """Return the id of the responsible party: the provider or the customer, whichever the breach names as responsible.

    It is the provider if the breach names neither of the two.
    """
    named = held.published.get("responsible_party_id")
    return named if named in held.parties() else held.parties()[0]
