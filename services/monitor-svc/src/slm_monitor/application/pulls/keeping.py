"""Make, change, start and remove pulls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from slm_calendar.errors import CalendarError
from slm_calendar.local_time import zone_named
from slm_chassis.access import Principal
from slm_chassis.clock import SECOND, real_now
from slm_chassis.identity import NewId
from slm_mappings.messages import ImportRefused
from slm_mappings.pull_recipes import PullRecipe, parse_outage_mapping, parse_pull_mapping
from slm_monitor.application.pulls.ports import PullLedger, PullStore, ToolClient
from slm_monitor.domain.mapping.selectors import NAME
from slm_monitor.domain.pulls.promql import SOURCE_LABEL
from slm_monitor.domain.pulls.pulls import (
    MOST_PULLS,
    NEVER,
    InvalidPull,
    NoSuchPull,
    Position,
    Pull,
    PullAuthentication,
    PullProgress,
    PullWithoutParty,
    RunKind,
    TooManyPulls,
)
from slm_monitor.domain.pulls.queries import SampleQuery
from slm_monitor.domain.pulls.schedule import next_reconciliation

FIRST_DAYS = 30
"""How many days of changes a new pull of tickets reads, unless its user names another instant."""
_PLACES = ("address", "path", "authentication")


@dataclass(frozen=True, slots=True)
class PullOffice:
    """The parts that the use cases need: storage, recipes of connectors, the client of tools, and ids."""

    store: PullStore
    recipes: Mapping[str, PullRecipe]
    tools: ToolClient
    new_id: NewId


@dataclass(frozen=True, slots=True)
class PullDetails:
    """The fields of a pull that a user chooses.

    None means: a new pull takes the connector's value, and a changed pull keeps its present value.
    """

    title: str | None = None
    source: str | None = None
    address: str | None = None
    path: str | None = None
    filter: str | None = None
    mapping: str | None = None
    authentication: PullAuthentication | None = None
    secret: str | None = None
    every_seconds: int | None = None
    reconcile_at: str | None = None
    zone: str | None = None
    cancels_missing: bool | None = None
    is_paused: bool | None = None
    query: SampleQuery | None = None

    def fields(self) -> dict[str, Any]:
        """Return the fields that the user has given, without the secret."""
        given = {name: getattr(self, name) for name in self.__slots__}
        return {name: value for name, value in given.items() if value is not None and name != "secret"}


async def make_pull(
    office: PullOffice, caller: Principal, connector: str, details: PullDetails, since: int | None
) -> Pull:
    """Make a pull of the caller's party; its first run begins at once.

    ``since``: the pull reads everything from this instant on. If ``since`` is None, a pull of tickets begins thirty
    days ago, a pull of samples now. Raises PullWithoutParty, InvalidPull and TooManyPulls.
    """
    if caller.party_id is None:
        raise PullWithoutParty("An operator has no party for which tickets could be read.")
    recipe = _recipe(office, connector)
    now = real_now()
    pull = Pull(
        pull_id=office.new_id(),
        party_id=caller.party_id,
        title=details.title or recipe.title,
        connector=connector,
        source=recipe.source,
        address="",
        path=recipe.path,
        filter="",
        mapping=recipe.mapping,
        authentication=PullAuthentication(next(iter(recipe.ways))),
        every_seconds=300,
        reconcile_at="02:30",
        zone="UTC",
        cancels_missing=False,
        is_paused=False,
        version=1,
        created_at=0,
        created_by_principal_id=caller.principal_id,
    )
    pull = await _checked(office, replace(pull, **details.fields()))
    if details.secret is None and pull.authentication.kind != "none":
        raise _invalid("secret", None, "give the password, token or secret")
    first = now - FIRST_DAYS * 86_400 * SECOND if recipe.reads == "tickets" else now
    start = first if since is None else min(since, now)
    reconcile_due_at = {
        "tickets": now + 1,
        "samples": NEVER,
        "outages": next_reconciliation(pull.reconcile_at, pull.zone, now),
    }
    progress = PullProgress(Position(start), changes_due_at=now, reconcile_due_at=reconcile_due_at[recipe.reads])
    async with office.store.begin() as ledger:
        await ledger.lock(f"pulls of {caller.party_id}")
        others = await ledger.pulls_of(caller.party_id)
        if len(others) >= MOST_PULLS:
            raise TooManyPulls(f"A party has at most {MOST_PULLS} pulls.")
        _refuse_same_source(pull, others)
        pull = replace(pull, created_at=ledger.now)
        await ledger.put(pull, progress, "" if pull.authentication.kind == "none" else details.secret)
        await ledger.note(caller, "pull.make", pull.pull_id)
        return pull


async def change_pull(
    office: PullOffice,
    caller: Principal,
    pull_id: str,
    details: PullDetails,
    unless_changed: Callable[[Pull], None],
    since: int | None,
) -> Pull:
    """Change a pull; a run that is under way ends. ``unless_changed`` raises if the pull has changed since the caller
    read it. ``since``: read everything from this instant on again; None: continue at the present position.

    Raises NoSuchPull and InvalidPull.
    """
    seen = await find_own_pull(office.store, pull_id, caller)
    changed = await _checked(office, replace(seen, **details.fields()))
    is_elsewhere = any(getattr(changed, each) != getattr(seen, each) for each in _PLACES)
    if details.secret is None and is_elsewhere and changed.authentication.kind != "none":
        # Otherwise whoever may change a pull could send the stored secret to a server of his own.
        raise _invalid("secret", None, "give it again when address, path or authentication change")
    async with office.store.begin() as ledger:
        await ledger.lock(f"pulls of {seen.party_id}")
        pull = await _own_pull(ledger, caller, pull_id)
        unless_changed(pull)
        _refuse_same_source(changed, await ledger.pulls_of(pull.party_id))
        changed = replace(changed, version=pull.version + 1)
        progress = _progress_of(pull, changed, await ledger.progress(pull_id))
        if since is not None:
            progress = replace(progress, position=Position(min(since, real_now())))
        await ledger.put(changed, progress, "" if changed.authentication.kind == "none" else details.secret)
        await ledger.note(caller, "pull.change", pull_id)
        return changed


async def remove_pull(office: PullOffice, caller: Principal, pull_id: str) -> None:
    """Remove a pull with its secret and the log of its runs; the tickets that it read stay. Raises NoSuchPull."""
    async with office.store.begin() as ledger:
        await _own_pull(ledger, caller, pull_id)
        await ledger.remove(pull_id)
        await ledger.note(caller, "pull.remove", pull_id)


async def start_run(office: PullOffice, caller: Principal, pull_id: str, kind: RunKind) -> PullProgress:
    """Begin a run of a pull now or, if the tool asked the pull to wait, at the end of that wait. Raises NoSuchPull and
    InvalidPull.
    """
    async with office.store.begin() as ledger:
        pull = await _own_pull(ledger, caller, pull_id)
        if kind == "reconciliation" and pull.query is not None:
            raise _invalid("kind", kind, "a pull of samples has no reconciliation: start a run of changes")
        known = await ledger.progress(pull_id)
        now = real_now()
        due: dict[str, Any] = {"changes_due_at": now} if kind == "changes" else {"reconcile_due_at": now}
        hold = known.hold_until if known.is_held_by_tool else 0
        progress = replace(known, hold_until=hold, **due)
        await ledger.put(pull, progress, None)
        await ledger.note(caller, "pull.start", pull_id)
        return progress


async def find_own_pull(store: PullStore, pull_id: str, caller: Principal) -> Pull:
    """Return a pull that the caller may see, without locking it. Raises NoSuchPull."""
    pull = await store.find(pull_id)
    if pull is None or not caller.may_see(pull.party_id):
        raise NoSuchPull(pull_id)
    return pull


async def _own_pull(ledger: PullLedger, caller: Principal, pull_id: str) -> Pull:
    pull = await ledger.pull(pull_id)
    if pull is None or not caller.may_see(pull.party_id):
        raise NoSuchPull(pull_id)
    return pull


def _progress_of(before: Pull, after: Pull, known: PullProgress) -> PullProgress:
    """Return the progress of a changed pull, in which the next run is due now.

    If the mapping changed, the run begins with the earliest change of a ticket that the old mapping could not read.
    """
    now, position, refused = real_now(), known.position, known.refused_since
    if after.mapping != before.mapping and refused is not None:
        position, refused = Position(min(refused, position.since)), None
    next_night = next_reconciliation(after.reconcile_at, after.zone, now)
    if _asked_of(after) != _asked_of(before):
        position = Position(position.since)
    return replace(
        known,
        position=position,
        refused_since=refused,
        changes_due_at=now,
        reconcile_due_at=NEVER if after.query else min(known.reconcile_due_at, next_night),
        hold_until=known.hold_until if known.is_held_by_tool else 0,
        failures=0,
        reconciling=None,
    )


def _asked_of(pull: Pull) -> tuple[Any, ...]:
    """Return the fields on which ``Position.after`` (where the next request continues) depends.

    If one of these fields changes, ``Position.after`` is no longer valid.
    """
    return pull.address, pull.path, pull.filter, pull.query, pull.mapping


async def _checked(office: PullOffice, pull: Pull) -> Pull:
    """Check a pull, and return it with its address without a ``/`` at the end.

    Raises InvalidPull that names the first field that is not valid.
    """
    recipe = _recipe(office, pull.connector)
    if pull.authentication.kind not in recipe.ways:
        raise _invalid("authentication.kind", pull.authentication.kind, f"use one of {', '.join(recipe.ways)}")
    if pull.authentication.kind in ("basic", "oauth") and not pull.authentication.user:
        raise _invalid("authentication.user", "", "name the user, or the client of oauth")
    try:
        zone_named(pull.zone)
    except CalendarError as refused:
        raise _invalid("zone", pull.zone, refused.errors[0]["remedy"]) from refused
    if recipe.reads == "samples":
        _check_query(pull)
    elif pull.query is not None:
        raise _invalid("query", None, f"leave it out: this connector asks for {recipe.reads}")
    else:
        try:
            (parse_pull_mapping if recipe.reads == "tickets" else parse_outage_mapping)(pull.mapping)
        except ImportRefused as refused:
            raise InvalidPull(errors_of(refused, "mapping")) from refused
    if recipe.reads != "tickets" and (pull.filter or pull.cancels_missing):
        raise _invalid("filter" if pull.filter else "cancels_missing", None, "leave it out: it is for tickets")
    if "ORDERBY" in pull.filter.upper().replace(" ", "") or "^NQ" in pull.filter.upper():
        raise _invalid("filter", pull.filter, "leave out the order and new queries (^NQ): the pull has its own order")
    address = pull.address.rstrip("/")
    if "?" in address:
        raise _invalid("address", address, "leave out the query")
    refused_address = await office.tools.check(address)
    if refused_address is not None:
        raise _invalid("address", address, refused_address)
    return replace(pull, address=address)


def _check_query(pull: Pull) -> None:
    """Raise InvalidPull if a pull of samples lacks a field that it needs, or has a field that is for tickets only."""
    if pull.query is None:
        raise _invalid("query", None, 'give the expression whose samples are pulled, such as {"expression": "up"}')
    if pull.mapping:
        raise _invalid("mapping", pull.mapping, "leave it out: series rules say what samples measure")
    reserved = next((each for each in pull.query.labels if each in (NAME, SOURCE_LABEL)), None)
    if reserved is not None:
        raise _invalid("query.labels", reserved, "leave it out: record is the name, and source the label slm_source")


def _recipe(office: PullOffice, connector: str) -> PullRecipe:
    recipe = office.recipes.get(connector)
    if recipe is None:
        raise _invalid("connector", connector, f"use one of {', '.join(office.recipes)}")
    return recipe


def _refuse_same_source(pull: Pull, others: Any) -> None:
    if any(each.source == pull.source and each.pull_id != pull.pull_id for each in others):
        # A reconciliation would miss the tickets that the other pull has brought.
        raise _invalid("source", pull.source, "another pull of yours has this source; give this one a name of its own")


def _invalid(field: str, value: Any, remedy: str) -> InvalidPull:
    return InvalidPull([{"field": field, "value": value, "remedy": remedy}])


def errors_of(refused: ImportRefused, within: str) -> list[dict[str, Any]]:
    """Return the findings of a refusal as errors whose fields begin with ``within``."""
    found = []
    for each in refused.findings:
        field = each.field if not within or each.field == within else f"{within}.{each.field}".rstrip(".")
        value = (
            each.value if each.value is None or isinstance(each.value, str | int | float) else json.dumps(each.value)
        )
        found.append({"field": field, "value": value, "remedy": each.remedy})
    return found or [{"field": within, "value": None, "remedy": refused.title}]
