"""Mapping documents and files that cannot be followed are told what to mend; outages become measurements."""

from __future__ import annotations

import copy
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from slm_mappings import mapping, outages, records
from slm_mappings.mapping_parts import Records
from slm_mappings.messages import ImportRefused, Oddities
from slm_mappings.outage_mapping import OutageMapping
from tests.unit.importing.test_ticket_rows import DOCUMENT

OUTAGES: dict[str, Any] = {
    "kind": "outages",
    "source": "status-page",
    "records": {"format": "jsonl"},
    "id": "id",
    "begins": "begins",
    "ends": "window.ends",
    "indicator": {"column": "parts", "key": "page.{slug}", "values": {"WWW": "page.site"}},
    "exclude_where": [{"column": "impact", "one_of": ["none"]}],
}


def outage(own: str, begins: str | None, ends: str | None, parts: Any, impact: str = "major") -> dict[str, Any]:
    return {"id": own, "begins": begins, "window": {"ends": ends}, "parts": parts, "impact": impact}


def measured(items: list[dict[str, Any]], oddities: Oddities) -> list[dict[str, Any]]:
    by = mapping.parse_mapping(OUTAGES, "outages")
    assert isinstance(by, OutageMapping)
    return list(outages.outage_measurements([records.Record(n, item) for n, item in enumerate(items, 1)], by, oddities))


def test_an_outage_is_one_measurement_for_each_part_it_names() -> None:
    oddities = Oddities()
    items = measured(
        [outage("1", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", ["Git & Hub", "WWW", "WWW"])], oddities
    )
    assert items == []  # 01:00+01:00 is 00:00Z: no length
    items = measured(
        [outage("1", "2026-01-01T00:00:00Z", "2026-01-01T03:00:00+01:00", ["Git & Hub", "WWW", "WWW"])], oddities
    )
    interval = {"from": "2026-01-01T00:00:00.000000Z", "to": "2026-01-01T02:00:00.000000Z"}
    assert items == [
        {"indicator": "page.git-hub", "outage": interval, "id": "1/page.git-hub", "source": "status-page"},
        {"indicator": "page.site", "outage": interval, "id": "1/page.site", "source": "status-page"},
    ]


def test_what_is_no_outage_is_left_out_and_told() -> None:
    oddities = Oddities()
    items = [
        outage("1", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", ["A"], "none"),
        outage("2", "2026-01-01T00:00:00Z", "2025-12-31T00:00:00Z", ["A"]),
        outage("3", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", None),
        outage("4", None, "2026-01-01T01:00:00Z", ["A"]),
    ]
    assert measured(items, oddities) == []
    assert sorted(oddities.lines()) == [
        "records left out: begins is missing: 1 (first: 4)",
        "records left out: impact = none: 1 (first: 1)",
        "records left out: parts names nothing: 1 (first: 3)",
        "records left out: they end at or before their beginning: 1 (first: 2)",
    ]


def test_an_outage_without_an_id_is_refused() -> None:
    with pytest.raises(ImportRefused, match="a second import would count it twice"):
        measured([{"id": "", "begins": "", "window": {}, "parts": []}], Oddities())


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(document)
    *parents, last = path.split(".")
    place = document
    for parent in parents:
        place = place[parent]
    place[last] = value
    return document


@pytest.mark.parametrize(
    ("document", "field", "said"),
    [
        (changed(DOCUMENT, "kind", "outages"), "kind", "kind: tickets"),
        (changed(DOCUMENT, "colums", {}), "colums", "no such field"),
        (changed(DOCUMENT, "columns", {"ticket": "n", "at": "t"}), "", "columns.at is the time of a row of a history"),
        (changed(DOCUMENT, "records.format", "xls"), "records.format", "'csv', 'jsonl', 'json' or 'xlsx'"),
        (changed(DOCUMENT, "states.New", {"state": "new", "event": "born"}), "states.New.0.event", "'opened'"),
        (changed(DOCUMENT, "source", "a/b"), "source", "pattern"),
        (
            changed(DOCUMENT, "exclude_where", [{"column": "x"}]),
            "exclude_where.0",
            "exactly one of missing, equals",
        ),
        (changed(DOCUMENT, "policies", {"resolution": {}}), "policies.resolution", "either column or on_state"),
        (changed(DOCUMENT, "policies", {"priority": "first"}), "policies.priority", "'final' or 'as_recorded'"),
    ],
)
def test_a_mapping_that_cannot_be_followed_is_told_its_field(document: Any, field: str, said: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        mapping.parse_mapping(document, "tickets")
    (finding,) = refused.value.findings
    assert finding.field.startswith(field)
    assert said in finding.remedy


@pytest.mark.parametrize("key", ["page.all", "page.{names}", "page.{"])
def test_an_indicator_key_must_follow_from_the_name(key: str) -> None:
    with pytest.raises(ImportRefused, match="slug"):
        mapping.parse_mapping(changed(OUTAGES, "indicator.key", key), "outages")


def test_an_unknown_zone_is_refused() -> None:
    by = mapping.parse_mapping(changed(OUTAGES, "times", {"zone": "Mars"}), "outages")
    assert isinstance(by, OutageMapping)
    with pytest.raises(ImportRefused, match="IANA"):
        list(outages.outage_measurements([], by, Oddities()))


@pytest.mark.parametrize("name", ["file", "file.gz"])
@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"format": "csv", "delimiter": ";"}, '\ufeffa;b\n1;"x\ny"\n2;z\n'),
        ({"format": "jsonl"}, '{"a": "1", "b": "x\\ny"}\n\n{"a": "2", "b": "z"}\n'),
        ({"format": "json"}, '[{"a": "1", "b": "x\\ny"}, {"a": "2", "b": "z"}]'),
        ({"format": "json", "items": "rows"}, '{"rows": [{"a": "1", "b": "x\\ny"}, {"a": "2", "b": "z"}]}'),
    ],
)
def test_all_formats_give_the_same_records(tmp_path: Path, name: str, form: Any, text: str) -> None:
    path, data = tmp_path / name, text.encode()
    path.write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    read = [dict(record.values) for record in records.read_records(path, Records(**form))]
    assert read == [{"a": "1", "b": "x\ny"}, {"a": "2", "b": "z"}]


@pytest.mark.parametrize(
    ("name", "form", "data", "said"),
    [
        ("file", "csv", b"a,b\n1\n", "line 2: the row does not have the 2 columns"),
        ("file", "csv", b"a,b\n1,2,3\n", "line 2: the row does not have the 2 columns"),
        ("file", "csv", b'a,b\n1,"2\n', "line 2: unexpected end of data"),
        ("file", "csv", b"a\n\xff\n", "can't decode"),
        ("file", "jsonl", b'{"a": 1}\n{"a":\n', "line 2"),
        ("file", "jsonl", b"[1]\n", "line 1 '[1]': a record must be an object"),
        ("file", "json", b'{"rows": []}', "records.items"),
        ("file.gz", "csv", b"a,b\n", "gzip"),
        ("file.gz", "csv", gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9], "end-of-stream"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_where(tmp_path: Path, name: str, form: Any, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImportRefused) as refused:
        list(records.read_records(tmp_path / name, Records(format=form)))
    assert said in str(refused.value)


def test_unix_seconds_are_times_too() -> None:
    by = mapping.parse_mapping(changed(OUTAGES, "times", {"format": "unix"}), "outages")
    assert isinstance(by, OutageMapping)
    record = records.Record(1, json.loads('{"id": 1, "begins": 0, "window": {"ends": "1.5"}, "parts": "A"}'))
    (item,) = outages.outage_measurements([record], by, Oddities())
    assert item["outage"] == {"from": "1970-01-01T00:00:00.000000Z", "to": "1970-01-01T00:00:01.500000Z"}
