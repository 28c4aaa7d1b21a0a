"""Every folder of tests is a package, and monitor-svc's map names every package there is and no other."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MONITOR = TESTS.parent / "services/monitor-svc"


def test_every_folder_of_tests_is_a_package() -> None:
    # Of two test files with one name only the first would run otherwise.
    folders = {file.parent for file in TESTS.rglob("test_*.py")}
    assert len(folders) > 10
    assert [str(each.relative_to(TESTS)) for each in sorted(folders) if not (each / "__init__.py").exists()] == []


def test_the_map_of_monitor_svc_names_each_of_its_packages() -> None:
    source = MONITOR / "src/slm_monitor"
    rooms = [folder for room in ("domain", "application", "adapters", "api") for folder in (source / room).iterdir()]
    packages = {folder.relative_to(source).as_posix() for folder in rooms if (folder / "__init__.py").exists()}
    text = (MONITOR / "README.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| "))
    assert set(re.findall(r"`([a-z]+/[a-z]+)`", rows)) == packages
