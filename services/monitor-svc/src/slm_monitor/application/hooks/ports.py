"""The storage that the use cases of hooks need."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from slm_chassis.access import Principal
from slm_events.instants import UtcMicroseconds
from slm_monitor.domain.hooks.hooks import Hook, HookCall, HookSecret


class HookLedger(Protocol):
    """The storage within one transaction."""

    @property
    def now(self) -> UtcMicroseconds: ...

    async def lock(self, name: str) -> None: ...

    async def hook(self, hook_id: str) -> Hook | None:
        """Return the hook with this id, locked against changes; None if there is none."""
        ...

    async def count_hooks(self, party_id: str) -> int: ...

    async def put_hook(self, hook: Hook) -> None:
        """Insert a hook, or replace the stored hook with the same id."""
        ...

    async def remove_hook(self, hook_id: str) -> None:
        """Remove a hook with its secrets and calls."""
        ...

    async def put_secret(self, secret: HookSecret) -> None: ...

    async def end_secrets(self, hook_id: str, ends_at: UtcMicroseconds) -> None:
        """Let all present secrets of a hook end at ``ends_at``, unless they end earlier.

        ``ends_at`` is an instant of the real clock, not of an accelerated one.
        """
        ...

    async def note(self, caller: Principal, action: str, subject: str) -> None:
        """Add an entry to the audit trail."""
        ...


class HookStore(Protocol):
    """The storage of hooks, their secrets and calls."""

    def begin(self) -> AbstractAsyncContextManager[HookLedger]: ...

    async def find(self, hook_id: str, now: UtcMicroseconds) -> tuple[Hook, Sequence[str]] | None:
        """Return a hook, and the stored texts of its secrets that are valid at ``now``; None if there is no such hook.

        ``now`` is an instant of the real clock, not of an accelerated one.
        """
        ...

    async def keep_call(self, call: HookCall) -> None:
        """Store a call. If the hook then has too many calls or payloads, remove the oldest ones."""
        ...

    async def call(self, hook_id: str, call_id: str) -> HookCall | None: ...
