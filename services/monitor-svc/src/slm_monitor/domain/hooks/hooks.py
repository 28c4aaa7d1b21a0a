"""Hooks, their secrets and the log of their calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from slm_events.instants import UtcMicroseconds

MOST_HOOKS = 50
"""The most hooks of a party."""
MOST_CALLS = 100
"""The most calls that are kept for one hook: the latest ones."""
MOST_UNSIGNED = 20
"""The most kept calls whose sender did not prove to be the tool. The number is small because anybody can make them."""
MOST_PAYLOADS = 20
"""The most calls whose payloads are kept for one hook: the latest ones."""
LARGEST_KEPT = 262_144
"""The size of the largest payload that is kept, in bytes."""
LONGEST_MAPPING = 65_536
"""The most characters of a mapping. They are enough for a tool with a thousand states and values."""
SIGNED = ("hmac-sha256", "hmac-sha1")
"""Ways of authentication in which the secret signs the body. In all other ways the caller sends the secret itself."""


@dataclass(frozen=True, slots=True)
class HookAuthentication:
    """How a caller proves that it is the tool.

    - ``kind``: ``hmac-sha256``, ``hmac-sha1``, ``bearer``, ``basic`` or ``query``.
    - ``header``: the header with the signature, the token or the credentials. A call of the kind ``query`` needs no
      header: its secret is the parameter ``secret`` of the address.
    - ``user``: the user name for ``basic``.
    """

    kind: str
    header: str
    user: str = ""


@dataclass(frozen=True, slots=True)
class Hook:
    """An address that a tool calls. ``hook_id`` is the last part of the address and cannot be guessed."""

    hook_id: str
    party_id: str
    title: str
    connector: str
    source: str
    mapping: str
    authentication: HookAuthentication
    is_paused: bool
    version: int
    created_at: UtcMicroseconds
    created_by_principal_id: str


@dataclass(frozen=True, slots=True)
class HookSecret:
    """A secret of a hook. Its instants are of the real clock, not of an accelerated one. ``text`` is not part of
    ``repr``, so that it gets into no log.
    """

    secret_id: str
    hook_id: str
    text: str = field(repr=False)
    made_at: UtcMicroseconds = 0
    ends_at: UtcMicroseconds | None = None
    """The instant from which the secret proves nothing any more; None: until it is replaced."""


@dataclass(frozen=True, slots=True)
class HookCall:
    """A call of a hook, with the answer to it.

    - ``outcome``: ``accepted``, ``refused``, ``ignored`` (the mapping finds nothing in the payload), ``unsigned``,
      ``paused`` or ``test``.
    - ``detail``: the body of the answer as JSON.
    - ``payload``: the body of the call, as text; None if it is not kept.
    """

    call_id: str
    hook_id: str
    at: UtcMicroseconds
    status: int
    outcome: str
    detail: dict[str, Any]
    payload: str | None = field(default=None, repr=False)


class HookRefusal(Exception):
    """A use case of hooks refuses a request; each subclass is a reason."""


class NoSuchHook(HookRefusal):
    """No hook, or no call of a hook, has this id, or the caller may not see it. ``what`` names what was looked for: a
    hook or a call.
    """

    def __init__(self, what: str, identity: str) -> None:
        super().__init__(f"There is no {what} {identity!r} that you may see.")
        self.what = what
        self.identity = identity


class InvalidHook(HookRefusal):
    """Fields are not valid. ``errors`` has field, value and remedy for each invalid field."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{each['field']}: {each['remedy']}" for each in errors))
        self.errors = errors


class HookWithoutParty(HookRefusal):
    """The caller belongs to no party."""


class TooManyHooks(HookRefusal):
    """The party has as many hooks as it may have."""


class CallNotAccepted(HookRefusal):
    """A call was refused, and no fact of it was taken in.

    ``status`` and ``code`` are the HTTP status and the problem code of the answer; ``errors`` say what to correct.
    """

    def __init__(self, status: int, code: str, detail: str, errors: list[dict[str, Any]] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors or []
