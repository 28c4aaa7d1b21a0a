"""Files of measurements that cannot be used: a clear line, exit code 1, no traceback; no row is lost silently."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from slm.cli import app
from slm_mappings.measurement_mapping import MEASURES

FIELDS = {
    "probes": "ok: {column: a, values: {up: true, down: false}}",
    "states": "state: a",
    "ratios": "good: a\ntotal: b",
    "values": "value: a",
    "occurrences": "count: a\ncategory: b",
    "counters": "cumulative: {count: a, since: b}",
    "ratings": "score: a\nscale: {lowest: 1, highest: 5}\nrespondent: b",
    "recoveries": "recovery: {outage_start: a, service_restored: b}",
}
MAPPING = """
kind: measurements
measures: {measures}
source: tool
records: {{format: csv}}
indicator: {{column: name}}
id: id
{at}{fields}
"""
CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "1", "0", "-1", "5", "1e400", "NaN", "1,5", "up", "down", "\u00b2"]),
    st.sampled_from(["2026-11-02T08:00:00Z", "9999-12-31T23:59:59-23:00"]),
)


def slm(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["import", "measurements", *arguments])


def mapping_of(measures: str) -> str:
    at = "" if measures == "recoveries" else "at: at\n"
    return MAPPING.format(measures=measures, at=at, fields=FIELDS[measures])


def checked(result: Result) -> str:
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)[:300]
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("measures", MEASURES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_whatever_a_cell_holds_every_row_is_sent_set_aside_or_told(
    tmp_path: Path, measures: str, rows: list[tuple[str, ...]]
) -> None:
    (tmp_path / "mapping.yaml").write_text(mapping_of(measures))
    with (tmp_path / "file.csv").open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at", "name", "id", "a", "b"])
        writer.writerows([cell.replace("\0", "") for cell in row] for row in rows)
    aside = tmp_path / "aside.jsonl"
    options = ["--mapping", str(tmp_path / "mapping.yaml"), "--dry-run", "--set-aside", str(aside)]
    said = checked(slm(str(tmp_path / "file.csv"), *options))
    bad = [json.loads(line) for line in aside.read_text(encoding="utf-8").splitlines()]
    assert all(each["remedy"] and each["row"] >= 2 for each in bad)
    found = re.search(r"^(\d+) records?, (\d+) items? to send$", said, re.MULTILINE)
    nothing = re.search(r"nothing to send: (\d+) record", said)
    assert found or nothing, said
    read, sent = (int(found[1]), int(found[2])) if found else (int(nothing[1] if nothing else 0), 0)
    told = sum(int(count) for count in re.findall(r"(?:left out|counted once): .*?: (\d+) \(first", said))
    assert sent + len(bad) + told == read == len(rows), said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "No key: give --key, or set SLM_KEY"),
        (["--key", "k", "--url", "slm.example"], "--url 'slm.example'"),
        (["--dry-run", "--set-aside", "/no/such/folder/x"], "The file cannot be written"),
        (["--dry-run", "--mapping", "outages"], "use kind: measurements"),
        (["--dry-run", "--mapping", "absent"], "The mapping cannot be read"),
        (["--dry-run", "--mapping", "lacks"], "the file has no such column; it has at, name"),
        (["--key", "k", "--url", "http://127.0.0.1:9", "--patience", "0"], "The server cannot be reached"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line(
    tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLM_KEY", raising=False)
    (tmp_path / "file.csv").write_text("at,name,id,a\n2026-11-02T08:00:00Z,web,1,5\n")
    (tmp_path / "mapping").write_text(mapping_of("values"))
    (tmp_path / "outages").write_text("kind: outages\n")
    (tmp_path / "lacks").write_text(mapping_of("ratios"))
    given_mapping = ["--mapping", "mapping"] if "--mapping" not in arguments else []
    monkeypatch.chdir(tmp_path)
    result = slm("file.csv", *given_mapping, *arguments)
    assert said in checked(result)
    assert result.exit_code == 1
