"""The tried cases: complaints and files of other tools' users, each with the answer worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cases.reading import SHARED

TRIED = SHARED / "cases" / "tried"


def tried(name: str) -> dict[str, Any]:
    """The case of that id; the test is skipped where the cases are not at hand."""
    for path in sorted(TRIED.glob(f"{name}-*.json")):
        case: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return case
    pytest.skip(f"no case {name} under {TRIED}")


def tried_file(name: str) -> Path:
    """A file that a tried case names; the test is skipped where it is not at hand."""
    path = TRIED / name
    if not path.exists():
        pytest.skip(f"no {name} under {TRIED}")
    return path
