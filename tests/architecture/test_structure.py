"""The figures of ``make structure`` count what their definitions say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import structure

MONITOR = "services/monitor-svc/src/slm_monitor"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two packages of one service, ``domain.facts`` below ``domain.terms``, and a test beside them."""
    for place, text in {
        f"{MONITOR}/__init__.py": "",
        f"{MONITOR}/domain/__init__.py": "",
        f"{MONITOR}/domain/facts/__init__.py": "",
        f"{MONITOR}/domain/facts/rows.py": "class Row: ...\n",
        f"{MONITOR}/domain/facts/tickets.py": "from slm_monitor.domain.facts.rows import Row\nclass Line: ...\n",
        f"{MONITOR}/domain/terms/__init__.py": "",
        f"{MONITOR}/domain/terms/lines.py": (
            "from slm_monitor.domain.facts import rows, tickets\n"
            "class Line: ...\n"
            "x = [1,  2]  # fmt: skip\n"
            'y = "# fmt: skip"\n'
        ),
        f"{MONITOR}/domain/terms/objective.py": "def late():\n    from . import lines\n    return lines\n",
        f"{MONITOR}/api/__init__.py": "",
        f"{MONITOR}/api/rows.py": (
            "class Api:\n"
            "    def many(self, a, b, c, d, e, f, *, g): ...\n"
            "    def few(self, a, b, c, d, e, f): ...\n"
            "def listed(request):\n"
            "    state = request.app.state\n"
            "    return request.app.state.rows\n"
        ),
        "tests/test_rows.py": "\n".join(["x = 1  # fmt: skip", *["x = 1"] * 400]),
    }.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(text)
    return tmp_path


def test_module_import_and_name_import_are_one_arrow_within_a_package(tree: Path) -> None:
    modules = structure.product_modules(tree)
    assert structure.arrows_per_package(modules) == {"slm_monitor.domain.facts": 1, "slm_monitor.domain.terms": 1}
    assert structure.arrows_between_packages(modules) == {"slm_monitor.domain": 1}
    assert structure.modules_per_folder(modules)["slm_monitor.domain.facts"] == 2


def test_only_the_folder_of_migrations_may_have_any_number_of_modules() -> None:
    assert "chronological" in (structure.reason_for_size("slm_monitor.migrations.versions") or "")
    assert structure.reason_for_size("slm_monitor.domain.versions") is None


def test_a_class_name_in_two_modules_of_a_service_is_repeated(tree: Path) -> None:
    repeated = structure.repeated_classes(structure.product_modules(tree))
    assert list(repeated["slm_monitor"]) == ["Line"]


def test_self_is_no_parameter(tree: Path) -> None:
    found = structure.functions(structure.product_modules(tree), tree)
    assert [each.name for each in found if each.parameters > structure.MOST_PARAMETERS] == ["many"]
    assert {each.name: each.lines for each in found}["listed"] == 3


def test_look_ups_skipped_lines_and_long_files_are_counted(tree: Path) -> None:
    names, wholes = structure.state_look_ups(structure.product_modules(tree))
    assert (names["slm_monitor"], wholes["slm_monitor"]) == (1, 1)
    assert structure.skipped_lines(structure.python_files(tree, structure.PRODUCT)) == 1
    everything = structure.python_files(tree, (*structure.PRODUCT, *structure.SURROUNDINGS))
    assert structure.skipped_lines(everything) == 2
    assert structure.long_files(everything, tree) == [(401, "tests/test_rows.py")]


def test_a_quantile_is_a_value_that_occurs() -> None:
    assert structure.quantile([5, 1, 3, 2, 4], (1, 2)) == 3
    assert structure.quantile([5, 1], (99, 100)) == 5
    assert structure.quantile([], (1, 2)) == 0


def test_the_report_reads_this_tree() -> None:
    said = list(structure.report(structure.ROOT))
    assert said[0].startswith("largest folder: slm_")
