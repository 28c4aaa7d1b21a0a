"""Problem documents that hook routes answer when a use case refuses a request."""

from __future__ import annotations

from slm_chassis.http import problems
from slm_chassis.http.problems import Problem
from slm_monitor.domain.hooks.hooks import (
    CallNotAccepted,
    HookRefusal,
    HookWithoutParty,
    InvalidHook,
    NoSuchHook,
    TooManyHooks,
)

_TITLES = {
    "wrong-signature": "The caller does not prove to be the tool",
    "hook-paused": "The hook is paused",
    "not-mapped": "The mapping does not fit the payload",
}


def problem_of(refused: HookRefusal) -> Problem:
    """Return the problem document that answers a refusal."""
    if isinstance(refused, NoSuchHook):
        return problems.not_found(refused.what, refused.identity)
    if isinstance(refused, InvalidHook):
        first = refused.errors[0]
        problem = problems.invalid(first["field"], first["value"], first["remedy"])
        problem.errors = refused.errors
        return problem
    if isinstance(refused, HookWithoutParty):
        return Problem(403, "no-party", "Only a party may do this", f"{refused} Use a key of a party.")
    if isinstance(refused, TooManyHooks):
        return Problem(409, "too-many-hooks", "The party has too many hooks", f"{refused} Remove one first.")
    if isinstance(refused, CallNotAccepted):
        headers = {"WWW-Authenticate": 'Bearer realm="slm"'} if refused.status == 401 else None
        title = _TITLES[refused.code]
        return Problem(refused.status, refused.code, title, refused.detail, refused.errors, headers)
    raise refused
