"""Steps taken for a cause: one request applies a step to all breaches of the cause that belong to the caller's party.

Each changed breach gets its own record and its own event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds
from slm_monitor.application.commands import breach_handling
from slm_monitor.application.commands.breach_handling import BreachHandlingStore, BreachStepNotAllowed, NoSuchBreach
from slm_monitor.domain.lifecycle.breach_workflow import (
    ACKNOWLEDGE,
    CLOSED,
    LINK_PROBLEM,
    OPEN,
    ROOT_CAUSE_GIVEN,
    BreachWorkflow,
    InvalidBreachStep,
)

MOST_BREACHES = 1_000
"""The most breaches that one request takes through a step. The request locks the rows of these breaches, and an
evaluation that changes one of them must wait.
"""
ALREADY, NOT_YOURS, NOT_NOW = "already", "not-your-turn", "wrong-step"


class NoSuchCause(Exception):
    """No cause with this id exists, or the caller may not see it."""


@dataclass(frozen=True, slots=True)
class BreachSkippedByAct:
    """A breach that a step for its cause did not change.

    ``code``: ``already``, ``not-your-turn`` or ``wrong-step``. ``reason``: why the breach was not changed, as text for
    people.
    """

    breach_id: str
    code: str
    reason: str


@dataclass(slots=True)
class CauseActOutcome:
    """The result of taking a cause's breaches through a step: ids of changed breaches, and the skipped breaches.

    ``remaining``: number of breaches beyond ``MOST_BREACHES``, for which the request must be repeated.
    """

    done: list[str] = field(default_factory=list)
    skipped: list[BreachSkippedByAct] = field(default_factory=list)
    remaining: int = 0


class CauseActStore(BreachHandlingStore, Protocol):
    """The store through which a party's breaches of one cause are read and changed, in one transaction."""

    async def locked_breaches(self, cause_id: str, party_id: str) -> Sequence[str] | None:
        """Read and lock the party's breaches of a cause; return their ids in ascending order.

        None: the party sees no cause with this id.
        """
        ...

    def linked_problem(self, breach_id: str) -> Mapping[str, Any] | None:
        """Return the problem record that was linked last to the present revision of a locked breach; None if no record
        was linked.
        """
        ...


async def take_step_for_cause(
    store: CauseActStore, cause_id: str, step: str, document: Mapping[str, Any], caller: Principal, now: UtcMicroseconds
) -> CauseActOutcome:
    """Apply one step to all breaches of a cause that belong to the caller's party.

    A breach for which the step is not possible is skipped, so that a request can be repeated without changing breaches
    that have taken the step. Raises NoSuchCause, and BreachStepNotAllowed for an operator.
    """
    if caller.party_id is None:
        raise BreachStepNotAllowed("an operator sees causes, but handles them for nobody: use a key of a party")
    breaches = await store.locked_breaches(cause_id, caller.party_id)
    if breaches is None:
        raise NoSuchCause(cause_id)
    result = CauseActOutcome()
    for breach_id in breaches:
        if len(result.done) >= MOST_BREACHES:
            result.remaining += 1
            continue
        skipped = await _take_step(store, breach_id, step, document, caller, now)
        if skipped is None:
            result.done.append(breach_id)
        else:
            result.skipped.append(skipped)
    return result


async def _take_step(
    store: CauseActStore,
    breach_id: str,
    step: str,
    document: Mapping[str, Any],
    caller: Principal,
    now: UtcMicroseconds,
) -> BreachSkippedByAct | None:
    """Take one breach through a step; return None, or the skipped breach with the reason."""
    held = await store.locked(breach_id)
    if held is not None and _is_done(held.life, step, document, store.linked_problem(breach_id)):
        return BreachSkippedByAct(breach_id, ALREADY, f"it is {held.life.state} already: nothing was changed")
    try:
        await breach_handling.take_breach_step(store, breach_id, step, document, caller, now, lambda _: None)
    except BreachStepNotAllowed as error:
        return BreachSkippedByAct(breach_id, NOT_YOURS, str(error))
    except (InvalidBreachStep, NoSuchBreach) as error:
        return BreachSkippedByAct(breach_id, NOT_NOW, str(error))
    return None


def _is_done(life: BreachWorkflow, step: str, document: Mapping[str, Any], linked: Mapping[str, Any] | None) -> bool:
    """Return whether a breach has taken the step before, so that taking it again would change nothing."""
    if life.withdrawn:
        return False
    if step == LINK_PROBLEM:
        return linked is not None and dict(linked) == dict(document["linked_problem"])
    return life.reached != OPEN if step == ACKNOWLEDGE else life.reached in (ROOT_CAUSE_GIVEN, CLOSED)
