"""Every folder of tests is a package: of two files with one name only the first would run otherwise."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_folder_of_tests_is_a_package() -> None:
    folders = {file.parent for file in TESTS.rglob("test_*.py")}
    assert len(folders) > 10
    assert [str(each.relative_to(TESTS)) for each in sorted(folders) if not (each / "__init__.py").exists()] == []
