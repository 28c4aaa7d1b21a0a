"""The table of connections is current, and says nothing of tests, pages and levels that is not so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tools import connect

ROWS = connect.connections(connect.ROOT)


def test_the_page_is_not_stale() -> None:
    written = (connect.ROOT / connect.PAGE).read_text(encoding="utf-8")
    assert written == connect.page(ROWS), "run `make docs` and commit what it writes"


def test_every_row_has_its_page_its_tests_and_the_evidence_that_its_level_needs() -> None:
    assert connect.flaws(connect.ROOT, ROWS) == []


def test_no_connection_is_forgotten() -> None:
    """Every guide of a door is linked from the table, and so is every tool whose webhooks are understood."""
    doors = {"measurements", "imports", "importing-measurements", "open-telemetry", "samples-from-prometheus",
             "prometheus", "notifications", "signing-in", "command-line", "webhooks-in", "pulls"}  # fmt: skip
    there = {path.stem for path in (connect.ROOT / "docs/guides").glob("*.md")}
    linked = {Path(row.page.partition("#")[0]).stem for row in ROWS}
    assert doors & there <= linked
    places = {row.place for row in ROWS}
    for folders in (connect.TOOLS, connect.PULLS):
        assert {path.relative_to(connect.ROOT).as_posix() for path in connect.ROOT.glob(folders)} <= places


def test_make_check_refuses_a_table_that_is_not_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("services", "shared", "tests", "deploy"):
        (tmp_path / name).symlink_to(connect.ROOT / name)
    shutil.copytree(connect.ROOT / "docs", tmp_path / "docs")
    assert connect.main(["check"], tmp_path) == 0
    (tmp_path / connect.PAGE).write_text("stale")
    assert connect.main(["check"], tmp_path) == 1
    assert "run `make docs`" in capsys.readouterr().err
    assert (tmp_path / connect.PAGE).read_text() == "stale"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"direction": "both"}, "direction 'both'; write in or out"),
        ({"level": "stable"}, "level 'stable'; write core"),
        ({"page": "guides/none.md"}, "there is no page docs/guides/none.md"),
        ({"tested": {"real process": ("tests/none.py::test_a",)}}, "there is no test tests/none.py::test_a"),
        (
            {"tested": {"real process": ("tests/architecture/test_connect.py::test_none",)}},
            "there is no test tests/architecture/test_connect.py::test_none",
        ),
        ({"tested": {"by hand": ()}}, "tested as 'by hand'"),
        (
            {"tested": {"simulation": ("tests/architecture/test_connect.py::test_the_page_is_not_stale",)}},
            "core needs a test of real process",
        ),
    ],
)
def test_a_planted_flaw_is_found(change: dict[str, Any], said: str) -> None:
    sound = next(row for row in ROWS if row.level == "core")
    assert any(said in flaw for flaw in connect.flaws(connect.ROOT, [replace(sound, **change)]))


def test_a_folder_of_a_tool_is_a_row(tmp_path: Path) -> None:
    folder = tmp_path / "shared/mappings/src/slm_mappings/connectors/desk"
    folder.mkdir(parents=True)
    (folder / "connector.yaml").write_text("title: Desk\nauthentication: {kind: bearer, header: Authorization}\n")
    (folder / "mapping.yaml").write_text("kind: tickets\n")
    [row] = connect.connections(tmp_path)
    assert (row.tool, row.carries, row.by, row.level) == ("Desk", "tickets", "webhooks, bearer", "experimental")


@pytest.mark.parametrize("text", ["- tool: Desk\n", "- Desk\n"])
def test_a_row_that_lacks_a_field_is_named_with_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "services/desk-svc").mkdir(parents=True)
    (tmp_path / "services/desk-svc/connections.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"services/desk-svc/connections\.yaml: a row has the fields"):
        connect.connections(tmp_path)
