"""Records in lists inside lists and in workbooks; records that cannot be read are set aside."""

from __future__ import annotations

import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from slm_mappings import mapping, outages, records, workbooks
from slm_mappings.mapping_parts import Records
from slm_mappings.messages import ImportRefused, Oddities
from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.set_aside import BadRow, SetAsideRows
from slm_mappings.values import value_of
from tests.support.workbook import write_workbook

MONITORS = {
    "stat": "ok",
    "monitors": [
        {"id": 1, "friendly_name": "Shop", "logs": [{"type": 1, "datetime": 10}, {"type": 2, "datetime": 20}]},
        {"id": 2, "friendly_name": "Without a log"},
        {"id": 3, "friendly_name": "Desk", "logs": [{"type": 98, "datetime": 5}]},
        {"id": 4, "friendly_name": "Empty", "logs": []},
    ],
}


def read(path: Path, **form: Any) -> list[records.Record]:
    return list(records.read_records(path, Records(**form)))


def column(each: records.Record, name: str) -> Any:
    return value_of(each, name, ("",))


def test_every_list_inside_a_list_gives_records_that_know_what_is_around_them(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps(MONITORS))
    found = read(tmp_path / "file", format="json", items="monitors.logs")
    assert [
        (
            each.place,
            column(each, "datetime"),
            column(each, "parent.friendly_name"),
            column(each, "parent.parent.stat"),
        )
        for each in found
    ] == [(1, 10, "Shop", "ok"), (2, 20, "Shop", "ok"), (3, 5, "Desk", "ok")]


def test_each_line_may_hold_a_page_of_records(tmp_path: Path) -> None:
    pages = [{"page": 1, "rows": [{"a": 1}, {"a": 2}]}, {"page": 2}, {"page": 3, "rows": [{"a": 3, "parent": "own"}]}]
    (tmp_path / "file").write_text("\n".join(json.dumps(page) for page in pages))
    found = read(tmp_path / "file", format="jsonl", items="rows")
    assert [(each.place, column(each, "a"), column(each, "parent.page")) for each in found] == [
        (1, 1, 1),
        (1, 2, 1),
        (3, 3, None),
    ]


@pytest.mark.parametrize("items", ["monitor.logs", "monitors.log", "stat", None])
def test_a_document_without_the_list_is_refused(tmp_path: Path, items: str | None) -> None:
    (tmp_path / "file").write_text(json.dumps(MONITORS))
    with pytest.raises(ImportRefused, match=r"records\.items"):
        read(tmp_path / "file", format="json", items=items)


def test_an_empty_list_is_a_list(tmp_path: Path) -> None:
    (tmp_path / "file").write_text('{"monitors": []}')
    assert read(tmp_path / "file", format="json", items="monitors.logs") == []


def test_a_sheet_is_read_like_a_table(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["when", "up", "ms", None],
        [datetime.fromisoformat("2026-11-02T08:00:01.250"), True, 1.5, "no heading"],
        [],
        ["2026-11-02T08:01:00Z", False, 1000, None],
    ]
    write_workbook(tmp_path / "file", {"Notes": [["nothing"]], "Checks": rows})
    found = read(tmp_path / "file", format="xlsx", sheet="Checks")
    assert [(each.place, dict(each.values)) for each in found] == [
        (2, {"when": "2026-11-02T08:00:01.250000", "up": True, "ms": 1.5}),
        (4, {"when": "2026-11-02T08:01:00Z", "up": False, "ms": 1000}),
    ]
    with pytest.raises(ImportRefused, match="the file has no such column; it has when, up, ms"):
        column(found[0], "status")
    assert read(tmp_path / "file", format="xlsx") == []


def test_a_workbook_that_cannot_be_read_is_told_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text").write_text("when,up\n")
    with zipfile.ZipFile(tmp_path / "zip", "w") as package:
        package.writestr("a", "b")
    write_workbook(tmp_path / "fine", {"One": [["a"]]})
    write_workbook(tmp_path / "empty", {"One": []})
    for name, sheet, said in (
        ("text", None, "it is not an xlsx file"),
        ("zip", None, "it is not a workbook that can be read"),
        ("fine", "Two", "it has no sheet 'Two'; it has One"),
        ("empty", None, "the sheet is empty"),
        ("absent", None, "No such file"),
    ):
        with pytest.raises(ImportRefused, match=said):
            read(tmp_path / name, format="xlsx", sheet=sheet)
    monkeypatch.setattr(workbooks, "LARGEST_UNPACKED", 100)
    with pytest.raises(ImportRefused, match="save the sheet as csv"):
        read(tmp_path / "fine", format="xlsx")


@pytest.mark.parametrize(
    ("form", "text", "places", "bad_rows"),
    [
        ({"format": "csv"}, 'a,b\n1,2\n3\n4,5,6\n7,"8"x\n9,10\n', [2, 6], [3, 4, 5]),
        ({"format": "jsonl"}, '{"a": 1}\n{"a":\n[2]\n{"a": 3}\n', [1, 4], [2, 3]),
        ({"format": "json"}, '[{"a": 1}, 2, {"a": 3}]', [1, 3], [2]),
    ],
)
def test_an_unreadable_record_is_set_aside_where_that_is_asked_for(
    tmp_path: Path, form: Any, text: str, places: list[int], bad_rows: list[int]
) -> None:
    (tmp_path / "file").write_text(text)
    bad = list[BadRow]()
    found = list(records.read_records(tmp_path / "file", Records(**form), bad.append))
    assert [each.place for each in found] == places
    assert [each.row for each in bad] == bad_rows
    with pytest.raises(ImportRefused):
        read(tmp_path / "file", **form)


def test_only_the_first_bad_rows_are_kept_and_all_are_written(tmp_path: Path) -> None:
    with (tmp_path / "aside").open("w") as file:
        bad = SetAsideRows(file)
        for row in range(1, 61):
            bad.add(BadRow(row, "ms", "n/a", "it is not a number", {"ms": "n/a"}))
    assert (bad.count, len(bad.first)) == (60, 50)
    assert bad.lines()[0] == "line 1, ms 'n/a': it is not a number"
    assert bad.lines()[-1] == "and 10 further rows"
    written = [json.loads(line) for line in (tmp_path / "aside").read_text().splitlines()]
    assert written[59] == {
        "row": 60, "field": "ms", "value": "n/a", "remedy": "it is not a number", "record": {"ms": "n/a"},
    }  # fmt: skip


def test_outages_may_have_one_indicator_and_a_length_and_lie_in_lists(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(json.dumps(MONITORS).replace('"datetime"', '"duration": 90, "datetime"'))
    by = mapping.parse_mapping(
        {
            "kind": "outages",
            "source": "uptimerobot",
            "records": {"format": "json", "items": "monitors.logs"},
            "times": {"format": "unix"},
            "id": "datetime",
            "begins": "datetime",
            "length": {"column": "duration", "unit": "seconds"},
            "indicator": "web.shop",
            "exclude_where": [{"column": "type", "none_of": ["1"]}],
        },
        "outages",
    )
    assert isinstance(by, OutageMapping)
    items = outages.outage_measurements(records.read_records(tmp_path / "file", by.records), by, Oddities())
    assert list(items) == [
        {
            "indicator": "web.shop",
            "outage": {"from": "1970-01-01T00:00:10.000000Z", "to": "1970-01-01T00:01:40.000000Z"},
            "id": "10/web.shop",
            "source": "uptimerobot",
        }
    ]
