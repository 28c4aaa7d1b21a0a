"""``slm apply`` sends the lines of a table, shows why lines are refused, and says so by its exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from slm.reading import contracts
from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.screen import Screen
from tests.support.workbook import write_workbook

REASON = {"line": 3, "field": "first_day", "value": "soon", "remedy": "write a day such as 2026-12-01"}
ANSWER = {
    "is_stored": True,
    "recorded": 1,
    "unchanged": 2,
    "refused": 1,
    "contracts": [{"key": "cloud", "title": "Cloud", "reasons": []}, {"key": "", "title": "Pa", "reasons": [REASON]}],
}


def sent_by(file: Path, *, is_dry_run: bool = False) -> tuple[dict[str, Any], list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answered(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=ANSWER)

    with ApiReader("http://slm", "slm_key", transport=httpx.MockTransport(answered)) as api:
        return contracts.apply_contracts(api, file, is_dry_run=is_dry_run), asked


def test_the_lines_of_a_workbook_are_sent(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["Key", "First day", "At least"], ["cloud", "2026-12-01", 99.5], [None, None, None]]
    write_workbook(tmp_path / "contracts.xlsx", {"Contracts": rows})
    answer, [request] = sent_by(tmp_path / "contracts.xlsx", is_dry_run=True)
    assert answer == ANSWER
    assert (request.url.path, request.url.params["dry_run"]) == ("/api/v1/recorded-agreements/lines", "true")
    columns = {"key": "cloud", "first_day": "2026-12-01", "at_least": 99.5}
    assert json.loads(request.content) == {"lines": [{"line": 2, "columns": columns}]}


def test_the_lines_of_a_csv_file_are_sent(tmp_path: Path) -> None:
    (tmp_path / "contracts.csv").write_text("key,title\ncloud,Cloud\n,\npaper,\n")
    _, [request] = sent_by(tmp_path / "contracts.csv")
    assert [each["columns"] for each in json.loads(request.content)["lines"]] == [
        {"key": "cloud", "title": "Cloud"},
        {"key": "paper"},
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("key\n", "has no lines"), ("key,key\na,b\n", "two columns are named 'key'"), ("Key,key\na,b\n", "two columns")],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "contracts.csv").write_text(text)
    with pytest.raises(NoAnswer, match=said):
        sent_by(tmp_path / "contracts.csv")


def test_refused_lines_are_shown_with_their_reasons() -> None:
    file = io.StringIO()
    contracts.show_result(Screen(Console(file=file, width=120, force_terminal=True, color_system=None)), ANSWER)
    shown = file.getvalue()
    assert "write a day such as 2026-12-01 (is: soon)" in shown
    assert shown.endswith("1 contract recorded, 2 unchanged, 1 refused\n")


def test_a_dry_run_says_that_nothing_is_stored() -> None:
    assert contracts.result_in_words({**ANSWER, "is_stored": False}).startswith("1 contract would be recorded")
