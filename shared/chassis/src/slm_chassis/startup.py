"""Problems at the start of a process, reported at once with the variable, the service and the remedy.

``StartupFailed`` is raised if the process cannot start or has waited too long; its text is for the operator.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import structlog
from pydantic import ValidationError

from slm_chassis.environment import WrongVariable, misspelled_variables
from slm_chassis.faults import is_infrastructure_fault, original_error, sqlstate
from slm_chassis.log.port import LogError
from slm_chassis.settings import Settings
from slm_chassis.workers import Backoff

_logger = structlog.get_logger(__name__)
T = TypeVar("T")
S = TypeVar("S", bound=Settings)

_REFUSALS = {
    "28P01": "the password is wrong",
    "28000": "the role may not log in from here",
    "3D000": "the database does not exist, and the role may not connect to the database postgres to create it",
    "42501": "the role lacks a right: let it own its database",
}


class StartupFailed(RuntimeError):
    """The process cannot start; the text names the variable, the service and the remedy."""


def read_settings(settings: Callable[[], S], kind: type[S]) -> S:
    """Return the settings from the environment; raises StartupFailed that names every wrong variable.

    ``settings`` makes them; ``kind`` is their class, which knows the names of the variables.
    """
    try:
        given = settings()
    except WrongVariable as wrong:
        raise StartupFailed(str(wrong)) from None
    except ValidationError as wrong:
        raise StartupFailed("\n".join(describe_wrong_settings(wrong, kind))) from None
    return given


def warn_of_misspelled_variables(known: list[str], *, all_unknown: bool = False) -> None:
    """Log each ``SLM_…`` variable that is set and not in ``known``, but resembles a known one.

    With ``all_unknown`` also variables that resemble no known one are logged.
    """
    for sentence in misspelled_variables(os.environ, known, all_unknown=all_unknown):
        _logger.warning("unknown variable", reason=sentence)


def describe_wrong_settings(wrong: ValidationError, kind: type[Settings]) -> list[str]:
    """Return one sentence for each wrong setting. It never contains the value of a secret."""
    found = []
    for error in wrong.errors():
        field = str(error["loc"][0]) if error["loc"] else ""
        name = _variable(field, kind)
        value = "" if field in _SECRETS else f" is {str(error['input'])[:200]!r}"
        message = str(error["msg"]).removeprefix("Value error, ")
        found.append(f"{name}{value}: {message[:1].lower()}{message[1:]}")
    return found


_SECRETS = ("bootstrap_key", "kafka_password", "database_url", "log")


def _variable(field: str, kind: type[Settings]) -> str:
    """Return the variable that holds a field's value: the service's own if it is set, else the installation's."""
    names = [name for name in kind.variables() if name.endswith(f"_{field.upper()}")]
    set_ones = [name for name in names if os.environ.get(name) or os.environ.get(f"{name}_FILE")]
    return next(iter([*set_ones, *names]), f"SLM_{field.upper()}")


def require_free_port(host: str, port: int, variable: str) -> None:
    """Check that nothing listens on the port; raises StartupFailed that names the setting ``variable``."""
    if port == 0:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise StartupFailed(
            f"cannot listen on {host}:{port}: {error.strerror or error}. Stop what listens there, or set another "
            f"address with {variable}"
        ) from None


async def retry_until_reachable(what: str, attempt: Callable[[], Awaitable[T]], *, seconds: float = 300.0) -> T:
    """Call ``attempt`` until it succeeds and return its result; repeat it while the infrastructure cannot be reached.

    Every few seconds it logs ``what``, which names service, variable and address. Raises StartupFailed after
    ``seconds``, or at once if the server answers and refuses. Other errors are raised unchanged.
    """
    backoff, began = Backoff(longest=5.0), time.monotonic()
    while True:
        try:
            return await attempt()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            if not is_infrastructure_fault(error):
                if (said := _refusal(error)) is not None:
                    raise StartupFailed(f"{what}: {said}") from error
                raise
            waited = time.monotonic() - began
            if waited >= seconds:
                raise StartupFailed(
                    f"{what} could not be reached for {waited:.0f} s: {reason}. Start it, correct its address (with "
                    "its user, password and TLS), or set SLM_START_SECONDS to wait longer"
                ) from error
            _logger.warning("waiting", what=what, reason=reason, waited_seconds=round(waited, 1), of=seconds)
        await backoff.pause()


def _refusal(error: BaseException) -> str | None:
    cause = original_error(error)
    state = sqlstate(error) or ""
    if state.startswith("28") or state in _REFUSALS:
        words = _REFUSALS.get(state, "it refuses the login")
        return f"{words} ({str(cause).splitlines()[0][:200]}); correct the address or the server's configuration"
    if isinstance(cause, (asyncpg.ClientConfigurationError, LogError)):
        return str(cause)[:500]
    return None
