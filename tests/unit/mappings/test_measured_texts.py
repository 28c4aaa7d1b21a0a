"""A file of measurements that is read at once: what can be sent, what is set aside, and what is too long."""

from __future__ import annotations

import json

import pytest

from slm_mappings import measured_texts
from slm_mappings.mapping import parse_measurement_mapping_text
from slm_mappings.measured_texts import MeasuredText, read_measured_text
from slm_mappings.messages import ImportRefused

BASE = "kind: measurements\nmeasures: values\nsource: probe\nindicator: {column: page}\nat: at\nvalue: ms\nunit: ms\n"
AT = "2026-11-02T08:00:00Z"
CSV = BASE + "records: {format: csv}\n"
JSON = BASE + "records: {format: json}\n"


def read(mapping: str, text: str) -> MeasuredText:
    return read_measured_text(text, parse_measurement_mapping_text(mapping))


def refusal(mapping: str, text: str) -> str:
    with pytest.raises(ImportRefused) as refused:
        read(mapping, text)
    return str(refused.value)


def test_rows_that_can_be_sent_and_rows_that_cannot_are_told_with_their_lines() -> None:
    lines = ["at,page,ms", f"{AT},a,1.5", "soon,a,2", f"{AT},b", f"{AT},b,n/a"]
    found = read(CSV, "\ufeff" + "\r\n".join(lines))
    assert found.records == 4
    assert [(each.row, each.item["indicator"], each.item["value"]) for each in found.items] == [(2, "a", 1.5)]
    assert [(each.row, each.field, each.value) for each in found.bad] == [
        (3, "at", "soon"), (4, "", None), (5, "ms", "n/a"),
    ]  # fmt: skip
    assert found.indicators == [{"key": "a", "kind": "value", "unit": "ms"}]


def test_equal_rows_are_counted_once_and_noted() -> None:
    row = "2026-11-02T08:00:00Z,a,1\n"
    found = read(CSV, "at,page,ms\n" + row * 3)
    assert (found.records, len(found.items)) == (3, 1) and "counted once" in found.notes[0]


def test_a_file_is_read_as_csv_json_or_lines() -> None:
    row = {"at": "2026-11-02T08:00:00Z", "page": "a", "ms": 1}
    lines = BASE + "records: {format: jsonl}\n"
    for mapping, text in (
        (JSON, json.dumps([row])),
        (lines, json.dumps(row)),
        (CSV, "at,page,ms\n2026-11-02T08:00:00Z,a,1"),
    ):
        assert [each.item["value"] for each in read(mapping, text).items] == [1], mapping


def test_a_value_that_no_text_can_hold_is_set_aside() -> None:
    found = read(
        JSON + "labels: {where: where}\n", '[{"at": "2026-11-02T08:00:00Z", "page": "a", "where": "\\ud800", "ms": 1}]'
    )
    assert found.items == [] and "surrogates" in found.bad[0].remedy


@pytest.mark.parametrize(
    ("mapping", "text", "said"),
    [
        (BASE + "records: {format: xlsx}\n", "PK", "save its sheet as csv"),
        (CSV, "at,page\n2026-11-02T08:00:00Z,a\n", "ms"),
        (JSON, "{", "file"),
        (CSV, "at,page,ms\n\0,a,1\n", "NUL"),
    ],
)
def test_a_file_that_does_not_fit_the_mapping_is_refused(mapping: str, text: str, said: str) -> None:
    assert said in refusal(mapping, text)


def test_a_file_of_too_many_records_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured_texts, "MOST_RECORDS", 2)
    rows = "".join(f"2026-11-02T08:00:0{second}Z,a,1\n" for second in range(3))
    assert "more than 2 records" in refusal(CSV, "at,page,ms\n" + rows)
    assert "more than 2 records" in refusal(CSV, "at,page,ms\n" + "short\n" * 3), "rows that are set aside count, too"
    assert len(read(CSV, "at,page,ms\n" + rows[:50]).items) == 2


def test_a_mapping_cannot_make_a_file_say_much_more_than_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"at,page,ms\n{AT},a,1\n{AT},a,2\n"
    assert "shorten its longest text" in refusal(CSV.replace("probe", "p" * 60_000), text)
    monkeypatch.setattr(measured_texts, "MOST_SAID", 200)
    assert "more than 200 characters" in refusal(CSV.replace("probe", "p" * 60), text)


def test_a_mapping_of_too_many_columns_is_refused_before_it_reads() -> None:
    labels = ", ".join(f"l{number}: c{number}" for number in range(3_000))
    text = "at,page,ms\n" + "2026-11-02T08:00:00Z,a,1\n" * 400
    assert "too many for the 3,0" in refusal(CSV + f"labels: {{{labels}}}\n", text)
