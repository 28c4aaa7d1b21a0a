"""``make mutants``: plants each fault in a copy of the tree and runs the tests that must notice it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.planted import ROOT, Mutant, mutants

_SECONDS = 300
_FAILED = 1
"""What pytest ends with where tests failed; anything else but 0 says that they could not even be run."""


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """The working tree as it stands, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="slm-mutants-") as folder:
        tree = Path(folder) / "tree"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        for name in filter(None, names):
            source = ROOT / name
            if source.is_file() and not source.is_symlink():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                (tree / name).write_bytes(source.read_bytes())
        # A repository of its own: ``git apply`` inside another one's folder would look there.
        subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
        yield tree


def passes(tree: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """pytest's exit status over the tree's own sources, and its last line."""
    sources = [
        str(each) for pattern in ("shared/*/src", "services/*/src", "deploy/*/src") for each in tree.glob(pattern)
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not soak", *tests]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    return done.returncode, (done.stdout.strip().split("\n") or [""])[-1]


def tried(tree: Path, mutant: Mutant) -> str:
    """``caught`` | ``SURVIVED`` | what went wrong."""
    flaw = mutant.fits(tree)
    if flaw is not None:
        return f"DOES NOT APPLY: {flaw}"
    subprocess.run(["git", "apply", str(mutant.patch)], cwd=tree, check=True)
    try:
        status, said = passes(tree, mutant.tests)
    except subprocess.TimeoutExpired:
        return "caught: the tests no longer end"
    finally:
        subprocess.run(["git", "apply", "-R", str(mutant.patch)], cwd=tree, check=True)
    if status == _FAILED:
        return "caught"
    return "SURVIVED" if status == 0 else f"NOT RUN: {said}"


def main(names: list[str]) -> int:
    planted = mutants(names)
    unknown = sorted(set(names) - {each.name for each in planted})
    if unknown:
        print(f"no planted fault is called {', '.join(unknown)}; tests/mutants/*.patch are their names")
        return 2
    wide = max((len(each.name) for each in planted), default=0)
    caught = 0
    with copy_of_the_tree() as tree:
        every = tuple(sorted({test for each in planted for test in each.tests}))
        status, said = passes(tree, every)
        if status:
            print(f"without any fault the tests do not pass: {said}")
            return 1
        for mutant in planted:
            began = time.monotonic()
            outcome = tried(tree, mutant)
            caught += outcome.startswith("caught")
            print(f"{mutant.name:<{wide}}  {time.monotonic() - began:5.1f} s  {outcome:<9} {mutant.what}", flush=True)
    print(f"{caught} of {len(planted)} caught")
    return 0 if caught == len(planted) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
