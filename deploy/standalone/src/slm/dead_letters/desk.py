"""List, show and redrive the dead letters of all services."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from slm.contexts import CONTEXTS, settings_of
from slm.installation import open_addresses
from slm_chassis import dead_letters
from slm_chassis.clock import parse_clock
from slm_chassis.database import Database
from slm_chassis.dead_letters import DeadLetter, NotFirstOfKey
from slm_chassis.postgres_programs import PostgresFailed
from slm_chassis.postgres_server import DataDirectoryInUse
from slm_chassis.settings import Settings
from slm_events.instants import to_text

_PAGE = 500
_WHOLE = ("consumer", "topic", "partition", "offset", "key", "state", "reason", "attempts")


class DeadLetterRefusal(Exception):
    """The dead letters cannot be read or redriven; the text says why."""


async def list_dead_letters(settings: Settings) -> list[str]:
    """Return a line of text for each dead letter, by service and then in the order in which they were stored.

    Raises DeadLetterRefusal.
    """
    async with _databases(settings) as databases:
        return [
            f"{letter.dead_letter_id}  {context}  {letter.state}  {letter.topic}/{letter.partition}@{letter.offset}  "
            f"key {letter.key!r}  attempts {letter.attempts}  {to_text(letter.at)}  {letter.reason}"
            async for context, letter in _letters(databases)
        ]


async def show_dead_letter(settings: Settings, dead_letter_id: str) -> list[str]:
    """Return one dead letter as lines of text: its fields, headers and value. Raises DeadLetterRefusal."""
    async with _databases(settings) as databases:
        async for _, letter in _letters(databases):
            if letter.dead_letter_id == dead_letter_id:
                fields = [f"{name}: {getattr(letter, name)}" for name in _WHOLE]
                headers = [f"header {name}: {value}" for name, value in sorted(letter.headers.items())]
                return [*fields, f"at: {to_text(letter.at)}", *headers, letter.value.decode(errors="replace")]
    raise _unknown(dead_letter_id)


async def redrive_dead_letters(settings: Settings, dead_letter_ids: Sequence[str]) -> int:
    """Redrive the dead letters with these ids and return their number. Without ids, redrive all in state ``failed``.

    Raises DeadLetterRefusal at the first one that cannot be redriven; those before it stay redriven.
    """
    async with _databases(settings) as databases:
        wanted = dead_letter_ids or [
            letter.dead_letter_id async for _, letter in _letters(databases) if letter.state == "failed"
        ]
        for dead_letter_id in wanted:
            await _redrive(databases, dead_letter_id)
        return len(wanted)


async def _letters(databases: dict[str, Database]) -> AsyncIterator[tuple[str, DeadLetter]]:
    for context, database in databases.items():
        after = 0
        while page := await dead_letters.fetch_dead_letters(database, after=after, limit=_PAGE):
            for letter in page:
                yield context, letter
            after = page[-1].seq


async def _redrive(databases: dict[str, Database], dead_letter_id: str) -> None:
    for database in databases.values():
        try:
            await dead_letters.redrive_record(database, dead_letter_id)
            return
        except KeyError:
            continue
        except NotFirstOfKey as waits:
            raise DeadLetterRefusal(str(waits)) from waits
    raise _unknown(dead_letter_id)


def _unknown(dead_letter_id: str) -> DeadLetterRefusal:
    return DeadLetterRefusal(f"there is no dead letter {dead_letter_id}; slm dead-letters list shows all of them")


@asynccontextmanager
async def _databases(settings: Settings) -> AsyncIterator[dict[str, Database]]:
    """Open the databases of the services, whether the installation is running or stopped.

    A service whose URL is set has its database there, every other service in the PostgreSQL of the data directory. If
    there is no PostgreSQL in the data directory, only the databases with a URL are opened.

    Raises DeadLetterRefusal.
    """
    opened: dict[str, Database] = {}
    async with _urls(settings) as urls:
        try:
            for context, url in urls.items():
                opened[context] = await _open(settings, context, url)
            yield opened
        finally:
            await asyncio.gather(*(database.close() for database in opened.values()))


@asynccontextmanager
async def _urls(settings: Settings) -> AsyncIterator[dict[str, str]]:
    given = {context: url for context in CONTEXTS if (url := settings_of(context)().database_url)}
    if len(given) == len(CONTEXTS) or not (settings.data_dir / "postgres").exists():
        if not given:
            raise DeadLetterRefusal(
                f"there is no installation in {settings.data_dir}, and no SLM_<CONTEXT>_DATABASE_URL is set"
            )
        yield given
        return
    try:
        async with open_addresses(settings, beside=True) as addresses:
            yield addresses.databases
    except (DataDirectoryInUse, PostgresFailed) as away:
        raise DeadLetterRefusal(str(away)) from away


async def _open(settings: Settings, context: str, url: str) -> Database:
    source = f"/slm/{settings.installation}/{context}"
    try:
        return await Database.open(url, clock=parse_clock(settings.clock), source=source, pool_size=1)
    except Exception as error:
        raise DeadLetterRefusal(
            f"the database of {context} cannot be opened: {type(error).__name__}: {error}"
        ) from error
