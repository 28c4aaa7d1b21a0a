"""The planted faults: each a small patch that says what it breaks and which tests must notice."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Mutant:
    """A fault: ``what`` is said in the patch's first line, ``tests`` in its lines ``tests: <file>``."""

    patch: Path
    what: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.patch.stem

    def fits(self, tree: Path) -> str | None:
        """What keeps the patch from being applied to a tree; None where nothing does."""
        done = subprocess.run(["git", "apply", "--check", str(self.patch)], cwd=tree, capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr.strip()


def mutants(names: list[str] | None = None) -> list[Mutant]:
    """All of them by name, or those named."""
    found = [_read(patch) for patch in sorted(FOLDER.glob("*.patch"))]
    return [each for each in found if not names or each.name in names]


def _read(patch: Path) -> Mutant:
    lines = patch.read_text(encoding="utf-8").split("\n")
    tests = tuple(line.removeprefix("tests: ") for line in lines if line.startswith("tests: "))
    return Mutant(patch, lines[0], tests)
