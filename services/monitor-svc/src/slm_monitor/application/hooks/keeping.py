"""Make, change and remove hooks, and replace their secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from slm_chassis.access import Principal
from slm_chassis.clock import SECOND, real_now
from slm_chassis.identity import NewId
from slm_mappings import payloads
from slm_mappings.connectors import Connector
from slm_mappings.mapping import parse_mapping_text
from slm_mappings.messages import MOST_FINDINGS, ImportRefused
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping
from slm_monitor.application.hooks.ports import HookLedger, HookStore
from slm_monitor.domain.facts.rejections import LONGEST_TEXT, shorten_value_for_display
from slm_monitor.domain.hooks import signatures
from slm_monitor.domain.hooks.hooks import (
    LONGEST_MAPPING,
    MOST_HOOKS,
    Hook,
    HookAuthentication,
    HookSecret,
    HookWithoutParty,
    InvalidHook,
    NoSuchHook,
    TooManyHooks,
)


@dataclass(frozen=True, slots=True)
class HookOffice:
    """The parts that the use cases need: storage, connectors, new ids, and new secrets."""

    store: HookStore
    connectors: Mapping[str, Connector]
    new_id: NewId
    new_secret: Callable[[], str]
    thread: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="mappings"))
    """Reads mappings one at a time. A long mapping takes most of a second, and other requests must not wait for it."""


@dataclass(frozen=True, slots=True)
class HookDetails:
    """The fields of a new hook that a user chooses. The connector gives the value of a field that is None."""

    title: str
    connector: str
    source: str | None = None
    mapping: str | None = None
    authentication: HookAuthentication | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class HookChanges:
    """The fields of a hook to change. A field that is None keeps its value in the hook."""

    title: str | None = None
    source: str | None = None
    mapping: str | None = None
    is_paused: bool | None = None


async def make_hook(office: HookOffice, caller: Principal, details: HookDetails) -> tuple[Hook, HookSecret, str]:
    """Make a hook of the caller's party; return it with its secret, and the secret's text.

    Raises HookWithoutParty, InvalidHook and TooManyHooks.
    """
    if caller.party_id is None:
        raise HookWithoutParty("An operator has no party for which facts could be taken in.")
    connector = office.connectors.get(details.connector)
    if connector is None:
        remedy = f"use one of {', '.join(office.connectors)}"
        raise InvalidHook([{"field": "connector", "value": details.connector, "remedy": remedy}])
    text = connector.mapping if details.mapping is None else details.mapping
    mapping = await _parse_aside(office, text)
    own = connector.authentication
    way = details.authentication or HookAuthentication(own.kind, own.header, "slm" if own.kind == "basic" else "")
    async with office.store.begin() as ledger:
        await ledger.lock(f"hooks of {caller.party_id}")
        if await ledger.count_hooks(caller.party_id) >= MOST_HOOKS:
            raise TooManyHooks(f"A party has at most {MOST_HOOKS} hooks.")
        hook = Hook(
            hook_id=office.new_secret(),
            party_id=caller.party_id,
            title=details.title,
            connector=connector.name,
            source=details.source or mapping.source,
            mapping=text,
            authentication=way,
            is_paused=False,
            version=1,
            created_at=ledger.now,
            created_by_principal_id=caller.principal_id,
        )
        await ledger.put_hook(hook)
        secret, given = _new_secret(office, hook, details.secret)
        await ledger.put_secret(secret)
        await ledger.note(caller, "hook.make", hook.hook_id)
        return hook, secret, given


async def change_hook(
    office: HookOffice,
    caller: Principal,
    hook_id: str,
    changes: HookChanges,
    unless_changed: Callable[[Hook], None],
) -> Hook:
    """Change a hook. ``unless_changed`` raises if the hook has changed since the caller read it. Raises NoSuchHook and
    InvalidHook.
    """
    if changes.mapping is not None:
        await _parse_aside(office, changes.mapping)
    async with office.store.begin() as ledger:
        hook = await _own_hook(ledger, caller, hook_id)
        unless_changed(hook)
        given = {"title": changes.title, "source": changes.source, "mapping": changes.mapping}
        fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if changes.is_paused is not None:
            fields["is_paused"] = changes.is_paused
        changed = replace(hook, version=hook.version + 1, **fields)
        await ledger.put_hook(changed)
        await ledger.note(caller, "hook.change", hook_id)
        return changed


async def remove_hook(office: HookOffice, caller: Principal, hook_id: str) -> None:
    """Remove a hook with its secrets and calls; the facts that it took in stay. Raises NoSuchHook."""
    async with office.store.begin() as ledger:
        await _own_hook(ledger, caller, hook_id)
        await ledger.remove_hook(hook_id)
        await ledger.note(caller, "hook.remove", hook_id)


async def replace_secret(
    office: HookOffice, caller: Principal, hook_id: str, given: str | None, overlap_seconds: int
) -> tuple[HookSecret, str]:
    """Give a hook a new secret; return the secret and its text. Earlier secrets remain valid for ``overlap_seconds``.

    Raises NoSuchHook.
    """
    async with office.store.begin() as ledger:
        hook = await _own_hook(ledger, caller, hook_id)
        secret, text = _new_secret(office, hook, given)
        await ledger.end_secrets(hook_id, secret.made_at + overlap_seconds * SECOND)
        await ledger.put_secret(secret)
        await ledger.note(caller, "hook.replace-secret", hook_id)
        return secret, text


async def _parse_aside(office: HookOffice, text: str) -> TicketMapping | OutageMapping:
    return await asyncio.get_running_loop().run_in_executor(office.thread, parse_hook_mapping, text)


def parse_hook_mapping(text: str) -> TicketMapping | OutageMapping:
    """Parse the mapping of a hook, and check that it can read payloads.

    Raises InvalidHook, whose field names begin with ``mapping``.
    """
    if len(text) > LONGEST_MAPPING:
        remedy = f"it is longer than {LONGEST_MAPPING:,} characters; leave out values that need no translation"
        raise InvalidHook([{"field": "mapping", "value": None, "remedy": remedy}])
    try:
        mapping = parse_mapping_text(text)
        payloads.check_for_payloads(mapping)
    except ImportRefused as refused:
        raise InvalidHook(errors_of(refused, "mapping")) from refused
    return mapping


def errors_of(refused: ImportRefused, within: str) -> list[dict[str, Any]]:
    """Convert the findings of a refusal to errors; field names get the prefix ``within``.

    At most ``MOST_FINDINGS`` findings are converted, and long values are shortened, so that the log of calls stays
    small.
    """
    found = []
    for each in refused.findings[:MOST_FINDINGS]:
        name = each.field if each.field == within else f"{within}.{each.field}".rstrip(".")
        value = shorten_value_for_display(each.value)
        found.append({"field": name[:LONGEST_TEXT], "value": value, "remedy": each.remedy[:LONGEST_TEXT]})
    if len(refused.findings) > MOST_FINDINGS:
        remedy = f"and {len(refused.findings) - MOST_FINDINGS} further fields"
        found.append({"field": within, "value": None, "remedy": remedy})
    return found or [{"field": within, "value": None, "remedy": refused.title}]


async def find_own_hook(store: HookStore, hook_id: str, caller: Principal) -> Hook:
    """Return a hook that the caller may see, without locking it. Raises NoSuchHook."""
    found = await store.find(hook_id, real_now())
    if found is None or not caller.may_see(found[0].party_id):
        raise NoSuchHook("hook", hook_id)
    return found[0]


async def _own_hook(ledger: HookLedger, caller: Principal, hook_id: str) -> Hook:
    hook = await ledger.hook(hook_id)
    if hook is None or not caller.may_see(hook.party_id):
        raise NoSuchHook("hook", hook_id)
    return hook


def _new_secret(office: HookOffice, hook: Hook, given: str | None) -> tuple[HookSecret, str]:
    text = given or office.new_secret()
    stored = signatures.stored_secret(hook.authentication, text)
    return HookSecret(office.new_id(), hook.hook_id, stored, real_now(), None), text
