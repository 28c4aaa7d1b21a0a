"""Check the distributions of the workspace: one version, exact pins between them, and the fields that each must have.

``python -m tools.distributions`` prints one line for each flaw and exits with 1 if there is any.
``python -m tools.distributions 0.2.0`` writes that version into every ``pyproject.toml``. The product's version
is ``[project] version`` in the ``pyproject.toml`` at the root of the repository.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MEMBERS = ("shared/*", "services/*", "deploy/standalone")
NAME = "service-level-management"
"""The distribution with the command. The names of all others begin with it: nobody else uses them on an index."""
COMMON = ("requires-python", "license", "license-files", "authors", "urls", "classifiers")
"""Fields that every distribution has, with the same value."""
LICENCES = ("LICENSE", "NOTICE")
_VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
_PIN = re.compile(rf"{NAME}(-[a-z]+)?(\[[a-z,]+\])?")


@dataclass(frozen=True)
class Distribution:
    """A ``pyproject.toml`` of the workspace, parsed and as text."""

    path: Path
    text: str
    document: dict[str, Any]

    @property
    def project(self) -> dict[str, Any]:
        """The table ``[project]``."""
        project: dict[str, Any] = self.document["project"]
        return project

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.project["name"])

    @property
    def package(self) -> str:
        """The name of the Python package in the distribution."""
        return str(self.document["tool"]["uv"]["build-backend"]["module-name"])

    def requirements(self) -> Iterator[str]:
        """Yield what the distribution requires, its extras included."""
        yield from self.project.get("dependencies", ())
        for extra in self.project.get("optional-dependencies", {}).values():
            yield from extra


def distributions(root: Path) -> list[Distribution]:
    """Return the distributions that wheels are built of, by path."""
    paths = sorted(path for member in MEMBERS for path in root.glob(f"{member}/pyproject.toml"))
    return [_read(path) for path in paths]


def version_of(root: Path) -> str:
    """Return the version of the product."""
    return str(_read(root / "pyproject.toml").project["version"])


def flaws(root: Path) -> list[str]:
    """Return what is wrong with the distributions, one line for each flaw."""
    found, wanted, every = [], version_of(root), distributions(root)
    first = next((each for each in every if each.name == NAME), None)
    if first is None:
        return [f"{root}: no distribution is named {NAME}"]
    for each in every:
        where = each.path.relative_to(root)
        if each.project["version"] != wanted:
            found.append(f"{where}: version {each.project['version']}, but the product's is {wanted}")
        if each.name != NAME and not each.name.startswith(f"{NAME}-"):
            found.append(f"{where}: name {each.name!r} may be another's on an index; begin it with {NAME}-")
        found += [f"{where}: {flaw}" for flaw in _pins(each, wanted)]
        found += [
            f"{where}: {field} differs from that of {NAME}"
            for field in COMMON
            if not first.project.get(field) or each.project.get(field) != first.project[field]
        ]
        found += [f"{where}: no {field}" for field in ("description", "readme") if not each.project.get(field)]
        found += [
            f"{where}: {name} beside it is not the repository's"
            for name in LICENCES
            if not (root / name).is_file() or _content(each.path.parent / name) != _content(root / name)
        ]
    return found


def set_version(root: Path, version: str) -> None:
    """Write a version and the pins to it into every ``pyproject.toml``. Raises ValueError unless it is like 0.2.0."""
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is no version; write it like 0.2.0 or 0.2.0rc1")
    before = re.escape(version_of(root))
    for each in [_read(root / "pyproject.toml"), *distributions(root)]:
        text = re.sub(rf'(?m)^version = "{before}"$', f'version = "{version}"', each.text)
        text = re.sub(rf'("{_PIN.pattern}==){before}"', rf'\g<1>{version}"', text)
        each.path.write_text(text, encoding="utf-8")


def _pins(each: Distribution, wanted: str) -> Iterator[str]:
    for requirement in each.requirements():
        pinned = _PIN.match(requirement)
        if pinned and requirement != f"{pinned[0]}=={wanted}":
            yield f"{requirement!r} is not pinned; write {pinned[0]}=={wanted}"


def _read(path: Path) -> Distribution:
    text = path.read_text(encoding="utf-8")
    return Distribution(path, text, tomllib.loads(text))


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def main() -> int:
    """Set a version, if one is given; print the flaws and return the exit code."""
    if len(sys.argv) > 1:
        set_version(ROOT, sys.argv[1])
    found = flaws(ROOT)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"distributions: {len(found)} flaws" if found else f"distributions: {version_of(ROOT)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
