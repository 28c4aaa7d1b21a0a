"""Wheels of all distributions: building them, what is in them, and a run in an empty environment.

``python -m tools.wheels`` (``make wheels``) builds them into ``dist`` and checks what is in them.
``python -m tools.wheels check [PYTHON …]`` (``make wheels-check``) also installs them, for each of these versions of
Python, into an empty environment outside the repository, and plays ``slm demo --once`` there. The command prints the
versions that the machine lacks, and fails if it lacks all of them.
"""

from __future__ import annotations

import email
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.distributions import LICENCES, NAME, ROOT, Distribution, distributions, version_of

PYTHONS = ("3.11", "3.12", "3.13")
DIST = ROOT / "dist"
_UV = ROOT / ".uv" / "bin" / "uv"
_COMMAND = f"{NAME.replace('-', '_')}-"
"""The beginning of the name of the wheel with the command."""
_DEMO_SECONDS = 300
_ORIGIN = "import slm, slm_console, sys; print(*{each.__file__ for each in (slm, slm_console)}, sep='\\n')"


class WheelFlaw(Exception):
    """A wheel lacks something, or does not run; the text says which and what."""


def build_wheels(folder: Path) -> list[Path]:
    """Delete the wheels in a folder, build a wheel of every distribution there, and return the new wheels by name."""
    for old in folder.glob("*.whl"):
        old.unlink()
    _run([str(_UV), "build", "--quiet", "--wheel", "--all-packages", "--out-dir", str(folder)], ROOT)
    return sorted(folder.glob("*.whl"))


def content_flaws(root: Path, wheels: Sequence[Path]) -> list[str]:
    """Return what the wheels lack, one line for each flaw: files that git tracks, licences and metadata."""
    named = {each.name.partition("-")[0]: each for each in wheels}
    found = []
    for each in distributions(root):
        wheel = named.get(each.name.replace("-", "_"))
        found += [f"{each.name}: no wheel"] if wheel is None else list(_flaws_of(root, each, wheel))
    return found


def _flaws_of(root: Path, distribution: Distribution, wheel: Path) -> Iterator[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [described] = [name for name in names if name.endswith(".dist-info/METADATA")]
        said = email.message_from_bytes(archive.read(described))
    source = distribution.path.parent / "src"
    files = _git_files(root, source / distribution.package)
    yield from (f"{wheel.name}: lacks {name}" for name in sorted(files) if name not in names)
    folder = described.removesuffix("METADATA")
    yield from (f"{wheel.name}: lacks {name}" for name in LICENCES if f"{folder}licenses/{name}" not in names)
    wanted = version_of(root)
    if said["Version"] != wanted:
        yield f"{wheel.name}: version {said['Version']}, but the product's is {wanted}"
    for requirement in said.get_all("Requires-Dist") or ():
        own, _, marker = requirement.partition(";")
        if own.startswith(NAME) and not own.strip().endswith(f"=={wanted}"):
            yield f"{wheel.name}: {own.strip()} is not pinned to {wanted}"
        if "file:" in requirement or (marker and "workspace" in marker):
            yield f"{wheel.name}: {requirement} cannot be installed elsewhere"
    if not said.get_payload():
        yield f"{wheel.name}: no readme"


def _git_files(root: Path, folder: Path) -> set[str]:
    """Return the files in a package's folder that git tracks, by their paths in a wheel."""
    listed = _run(["git", "ls-files", "-z", str(folder)], root).split("\0")
    return {(root / name).relative_to(folder.parent).as_posix() for name in listed if name}


def play_in_empty_environment(python: str, wheels: Sequence[Path]) -> str:
    """Install the wheels into an empty environment outside the repository and play ``slm demo --once`` there.

    Return what the demonstration printed last. Raises WheelFlaw.
    """
    with tempfile.TemporaryDirectory(prefix="slm-wheels-") as name:
        folder = Path(name)
        environment = folder / "environment"
        _run([str(_UV), "venv", "--quiet", "--no-project", "--python", python, str(environment)], folder)
        install = [str(_UV), "pip", "install", "--quiet", "--python", str(environment)]
        # Each by its path: from a folder of wheels, uv takes what it has cached under the same name and version.
        own = [str(each) for each in wheels if not each.name.startswith(_COMMAND)]
        [command] = [each for each in wheels if each.name.startswith(_COMMAND)]
        _run([*install, *own, f"{NAME}[embedded] @ {command.resolve().as_uri()}"], folder)
        for origin in _run([str(environment / "bin" / "python"), "-c", _ORIGIN], folder).splitlines():
            if not Path(origin).is_relative_to(environment):
                raise WheelFlaw(f"{origin} is not from a wheel")
        slm = str(environment / "bin" / "slm")
        if _run([slm, "version"], folder).strip() != version_of(ROOT):
            raise WheelFlaw("slm version prints another version than the wheels have")
        return _run([slm, "demo", "--once", "--data-dir", str(folder / "data")], folder).strip().splitlines()[-1]


def find_python(version: str) -> bool:
    """Whether the machine has this version of Python."""
    asked = [str(_UV), "python", "find", "--no-project", "--no-python-downloads", version]
    return subprocess.run(asked, capture_output=True, check=False, cwd="/").returncode == 0


def _run(command: list[str], folder: Path) -> str:
    """Run a command in a folder, without variables of this installation; return its output. Raises WheelFlaw."""
    hidden = ("SLM_", "PYTHON", "VIRTUAL_ENV", "UV_PROJECT")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    done = subprocess.run(
        command, cwd=folder, env=clean, capture_output=True, text=True, timeout=_DEMO_SECONDS, check=False
    )
    if done.returncode:
        raise WheelFlaw(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Build and check the wheels, in empty environments too if asked; print what was found and return the exit code."""
    wheels = build_wheels(DIST)
    found = content_flaws(ROOT, wheels)
    print(*(each.relative_to(ROOT) for each in wheels), *found, sep="\n")
    if found or sys.argv[1:2] != ["check"]:
        return 1 if found else 0
    played = 0
    for python in sys.argv[2:] or PYTHONS:
        if not find_python(python):
            print(f"Python {python}: not on this machine")
            continue
        begun = time.monotonic()
        try:
            last = play_in_empty_environment(python, wheels)
        except WheelFlaw as flaw:
            print(f"Python {python}: {flaw}")
            return 1
        played += 1
        print(f"Python {python}: slm demo --once in {time.monotonic() - begun:.0f} s: {last}")
    return 0 if played else 1


if __name__ == "__main__":
    sys.exit(main())
