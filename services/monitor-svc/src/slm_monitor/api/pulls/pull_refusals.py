"""Problem documents that pull routes answer when a use case refuses a request."""

from __future__ import annotations

from slm_chassis.http import problems
from slm_chassis.http.problems import Problem
from slm_monitor.domain.pulls.pulls import InvalidPull, NoSuchPull, PullRefusal, PullWithoutParty, TooManyPulls


def problem_of(refused: PullRefusal) -> Problem:
    """Return the problem document that answers a refusal."""
    if isinstance(refused, NoSuchPull):
        return problems.not_found("pull", refused.identity)
    if isinstance(refused, InvalidPull):
        first = refused.errors[0]
        problem = problems.invalid(first["field"], first["value"], first["remedy"])
        problem.errors = refused.errors
        return problem
    if isinstance(refused, PullWithoutParty):
        return Problem(403, "no-party", "Only a party may do this", f"{refused} Use a key of a party.")
    if isinstance(refused, TooManyPulls):
        return Problem(409, "too-many-pulls", "The party has too many pulls", f"{refused} Remove one first.")
    raise refused
