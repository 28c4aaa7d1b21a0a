"""The import contracts hold on the tree, and each of them turns red when its breach is planted."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PLANTS = {
    "an adapter imports the door above it": ("ladder", "slm_report/adapters/planted.py", "import slm_report.settings"),
    "the domain imports the application": (
        "ladder",
        "slm_monitor/domain/planted.py",
        "from slm_monitor.application import planted",
    ),
    "a door imports the door beside it": (
        "ladder",
        "slm_agreement/api/planted.py",
        "from slm_agreement.subscriptions import planted",
    ),
    "a service has a room that is not on the ladder": ("ladder", "slm_review/planted.py", ""),
    "terms know versions of agreements": (
        "agreement-domain",
        "slm_agreement/domain/terms/planted.py",
        "from slm_agreement.domain.versions import planted",
    ),
    "a rule of agreements is in no package": ("agreement-domain", "slm_agreement/domain/planted.py", ""),
    "terms know how windows are evaluated": (
        "monitor-domain",
        "slm_monitor/domain/terms/planted.py",
        "from slm_monitor.domain.windows import planted",
    ),
    "series know states": (
        "monitor-domain",
        "slm_monitor/domain/series/planted.py",
        "from slm_monitor.domain.states import planted",
    ),
    "a package of the domain has no floor": ("monitor-domain", "slm_monitor/domain/planted/planted.py", ""),
    "an evaluator knows the worker": (
        "monitor-application",
        "slm_monitor/application/evaluators/series/planted.py",
        "from slm_monitor.application.engine import planted",
    ),
    "a preview knows the worker": (
        "monitor-application",
        "slm_monitor/application/preview/planted.py",
        "from slm_monitor.application.engine import planted",
    ),
    "a module of the application is in no package": ("monitor-application", "slm_monitor/application/planted.py", ""),
    "the evaluator of states knows that of rows": (
        "monitor-evaluators",
        "slm_monitor/application/evaluators/states/planted.py",
        "from slm_monitor.application.evaluators.series import planted",
    ),
    "rows are read by way of queries": (
        "monitor-adapters",
        "slm_monitor/adapters/rows/planted.py",
        "from slm_monitor.adapters.queries import planted",
    ),
    "an adapter is in no package": ("monitor-adapters", "slm_monitor/adapters/planted.py", ""),
    "routes of results import those of the intake": (
        "monitor-api",
        "slm_monitor/api/results/planted.py",
        "from slm_monitor.api.intake import planted",
    ),
    "a service imports another": ("services", "slm_report/adapters/planted.py", "import slm_monitor"),
    "a service imports another by way of the chassis": ("chassis", "slm_chassis/planted.py", "import slm_review"),
    "the chassis imports the calendar": ("chassis", "slm_chassis/planted.py", "import slm_calendar"),
    "the chassis imports the one-process runner": ("standalone", "slm_chassis/planted.py", "import slm"),
    "an event needs a library": ("events", "slm_events/planted.py", "import pydantic"),
    "an event needs the chassis": ("events", "slm_events/planted.py", "import slm_chassis"),
    "the calendar imports the chassis": ("calendar", "slm_calendar/planted.py", "from slm_chassis import clock"),
    "a credit knows a service": ("credits", "slm_credits/planted.py", "import slm_report"),
    "a credit reads a clock": ("credits", "slm_credits/planted.py", "import time"),
    "the chassis imports credits": ("chassis", "slm_chassis/planted.py", "import slm_credits"),
    "a mapping knows a service": ("mappings", "slm_mappings/planted.py", "import slm_monitor"),
    "a mapping opens a connection": ("mappings", "slm_mappings/planted.py", "import socket"),
    "the chassis imports mappings": ("chassis", "slm_chassis/planted.py", "import slm_mappings"),
    "a rule opens the database": ("domain", "slm_monitor/domain/planted.py", "from slm_chassis import database"),
    "a rule draws a random number": ("domain", "slm_report/domain/planted.py", "import random"),
    "a use case speaks HTTP": ("application", "slm_review/application/planted.py", "import fastapi"),
    "a use case shapes problem documents": (
        "application",
        "slm_agreement/application/planted.py",
        "from slm_chassis.http import problems",
    ),
    "the calendar reads a clock": ("calendar", "slm_calendar/planted.py", "import time"),
}


@pytest.fixture
def copied_packages(tmp_path: Path) -> Path:
    """All packages side by side in one folder, with the rooms that a plant needs."""
    for source in ROOT.glob("*/*/src/slm*"):
        shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_tree_keeps_every_contract() -> None:
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_copy_of_the_tree_keeps_every_contract(copied_packages: Path) -> None:
    result = _lint(copied_packages)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("contract", "place", "line"), PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_breach_turns_its_contract_red(contract: str, place: str, line: str, copied_packages: Path) -> None:
    _plant(copied_packages, place, line)
    result = _lint(copied_packages, "--contract", contract)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout, result.stdout + result.stderr


def _plant(packages: Path, place: str, line: str) -> None:
    _write(packages / place, line)
    imported = line.removeprefix("from ").removeprefix("import ").replace(" import ", ".")
    module = packages / Path(*imported.split("."))
    if imported.startswith("slm") and not module.is_dir() and not module.with_suffix(".py").exists():
        _write(module.with_suffix(".py"), "")


def _write(path: Path, text: str) -> None:
    for folder in reversed([path.parent, *path.parent.parents]):
        if folder.name and not (folder.exists()):
            folder.mkdir()
            (folder / "__init__.py").touch()
    path.write_text(text + "\n", encoding="utf-8")


def _lint(packages: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter with ``packages`` first on the path: there it finds the code instead of in the tree."""
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
