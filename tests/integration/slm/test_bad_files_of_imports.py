"""Files, mappings, keys and addresses that cannot be used: a clear line and exit code 1, never a traceback."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from slm.cli import app
from tests.cases.tried import tried_file

MAPPING = """
kind: outages
source: page
records: {format: %s}
id: id
begins: begins
ends: ends
indicator: {column: part, key: "page.{slug}"}
"""
TICKETS = """
kind: tickets
source: desk
records: {format: csv}
columns: {ticket: number, state: state, at: at, opened_at: opened}
states:
  New: {state: new}
  Done: {state: resolved, event: resolved}
"""
ROW = '{"id": "1", "begins": "2026-01-01T00:00:00Z", "ends": "2026-01-01T01:00:00Z", "part": "A"}'
CSV = "id,begins,ends,part\n1,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z,A\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcde", "bcdef", strict=True)
)


def slm(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def imported(
    folder: Path, data: bytes, mapping: bytes, kind: str = "outages", name: str = "data", *more: str
) -> Result:
    (folder / name).write_bytes(data)
    (folder / "mapping.yaml").write_bytes(mapping)
    arguments = more or ("--dry-run",)
    return slm("import", kind, str(folder / name), "--mapping", str(folder / "mapping.yaml"), *arguments)


def refused(result: Result) -> str:
    """What was said; no traceback, and a few lines at most."""
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)[:300]
    assert result.exit_code == 1, result.output[-300:]
    assert "Traceback" not in result.output
    assert len(result.output) < 5_000
    return result.output


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (BOMB.encode(), "line 1: anchors and aliases (& and *) are not supported"),
        (MAPPING.encode() % b"json" + b"exclude_where: &a [*a]\n", "anchors and aliases"),
        (b"[" * 100_000, "nested deeper than 20"),
        (b"- " * 50_000 + b"x", "nested deeper than 20"),
        (b"".join(b" " * n + b"a:\n" for n in range(1_200)), "nested deeper than 20"),
        (MAPPING.encode() % b"json" + b"#" * 2_000_000, "longer than 1,000,000 bytes"),
        (MAPPING.encode() % b"json" + b"source: other\n", "'source' is given twice"),
        (b"kind: outages\0", "special characters are not allowed"),
        ("kind: outages\n".encode("utf-16"), "can't decode byte"),
        (b"\xff\xfe\xfd", "can't decode byte"),
        (b"kind: outages\n---\nkind: outages\n", "it contains several documents"),
        (b"!!python/object/apply:os.system [ls]", "The mapping is not an object"),
        (b"", "begin it with kind: outages"),
        (MAPPING.encode() % b"json" + b"still_open: maybe\n", "still_open 'maybe'"),
        ((MAPPING % "json").replace("{slug}", "{slug.__class__}").encode(), "and no other braces"),
        ((MAPPING % "json").replace("{slug}", "{slug:>99999999}").encode(), "and no other braces"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_refused_in_a_line(tmp_path: Path, mapping: bytes, said: str) -> None:
    begun = time.monotonic()
    assert said in refused(imported(tmp_path, b"[]", mapping))
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("form", "data", "said"),
    [
        ("json", b"[" * 200_000, "it is nested too deeply"),
        ("jsonl", b'{"id":' * 100_000, "it is nested too deeply"),
        ("jsonl", b'{"id": "' + b"x" * 9_000_000 + b'"}\n', "line 1: it is longer than 8,000,000 characters"),
        ("csv", CSV.encode() + b"2,x\0y,,A\n", "NUL character"),
        ("jsonl", (ROW + "\n").encode("utf-16"), "is it another encoding?"),
        ("csv", CSV.encode("utf-16"), "is it another encoding?"),
        ("csv", CSV.encode("utf-16-le"), "NUL character"),
        ("csv", CSV.encode() + b"2,\xe9,,A\n", "is it another encoding?"),
        ("csv", CSV.encode() + b"3," + b"x" * 200_000 + b",,A\n", "field larger than field limit"),
        ("json", b"9" * 10_000, "Exceeds the limit"),
        ("json", b"[9]", "a record must be an object"),
        ("jsonl", ROW.replace("2026-01-01T00", "9999-12-31T23:59:59-23").encode(), "begins"),
        ("jsonl", ROW.replace('"1"', '{"x": 1}').encode(), "line 1, id \"{'x': 1}\": it is an object"),
        ("jsonl", ROW.replace('"A"', '{"name": "A"}').encode(), "such as part.name"),
        ("jsonl", ROW.replace('"A"', '"\u30c1\u30e3"').encode(), "give its key in indicator.values"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_line(tmp_path: Path, form: str, data: bytes, said: str) -> None:
    assert said in refused(imported(tmp_path, data, (MAPPING % form).encode()))


@pytest.mark.parametrize(
    "data",
    [gzip.compress(CSV.encode())[:-12], gzip.compress(CSV.encode())[:12] + b"x" * 40],
    ids=["cut off", "overwritten"],
)
def test_a_packed_file_that_is_broken_is_refused_in_a_line(tmp_path: Path, data: bytes) -> None:
    assert "The file cannot be read" in refused(imported(tmp_path, data, (MAPPING % "csv").encode(), name="data.gz"))


@pytest.mark.parametrize("seconds", ["1e999999999", "Infinity", "NaN", "soon"])
def test_unix_times_outside_of_the_calendar_are_refused_in_a_line(tmp_path: Path, seconds: str) -> None:
    mapping = (MAPPING % "csv" + "times: {format: unix}\n").encode()
    data = f"id,begins,ends,part\n1,{seconds},2,A\n".encode()
    assert f"line 2, begins '{seconds}': it is not a time" in refused(imported(tmp_path, data, mapping))


@pytest.mark.parametrize(
    ("kind", "data", "mapping"),
    [
        ("outages", b"[]", (MAPPING % "json").encode()),
        ("outages", ROW.replace('"A"', "null").encode(), (MAPPING % "jsonl").encode()),
        ("tickets", b"number,state,at,opened\n", TICKETS.encode()),
    ],
)
def test_a_file_of_which_nothing_is_taken_is_an_error(tmp_path: Path, kind: str, data: bytes, mapping: bytes) -> None:
    assert "The file has nothing to send" in refused(imported(tmp_path, data, mapping, kind))


def test_all_states_that_the_mapping_does_not_list_are_named_at_once(tmp_path: Path) -> None:
    rows = "".join(
        f"A,{state},2026-01-01T0{n}:00:00Z,2026-01-01T00:00:00Z\n"
        for n, state in enumerate(["New", "Odd", "", "Odd", "Other"])
    )
    said = refused(imported(tmp_path, b"number,state,at,opened\n" + rows.encode(), TICKETS.encode(), "tickets"))
    assert "line 3, state 'Odd'" in said
    assert "line 4, state ''" in said
    assert "line 6, state 'Other'" in said
    assert "(2 rows)" in said


def test_a_column_that_the_heading_has_twice_cannot_be_named(tmp_path: Path) -> None:
    data = b"number,state,state,at,opened\nA,New,Done,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z\n"
    said = refused(imported(tmp_path, data, TICKETS.encode(), "tickets"))
    assert "column 'state': the file's heading has several columns of that name" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "slm.example", "--key", "k"], "--url 'slm.example': write it like http://127.0.0.1:8080"),
        (["--url", "ftp://slm.example", "--key", "k"], "--url 'ftp://slm.example'"),
        (["--url", "http://", "--key", "k"], "--url 'http://'"),
        (["--url", "http://[::1", "--key", "k"], "--url 'http://[::1'"),
        (["--url", "http://127.0.0.1:99999", "--key", "k"], "--url 'http://127.0.0.1:99999'"),
        (["--key", "sch\u00fcssel"], "The key cannot be used"),
        (["--key", "a\nb"], "The key cannot be used"),
        (["--key", ""], "No key: give --key, or set SLM_KEY"),
        (["--key", "k", "--url", "http://127.0.0.1:9", "--patience", "0"], "The server cannot be reached"),
    ],
)
def test_a_key_or_address_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    begun = time.monotonic()
    found = imported(tmp_path, CSV.encode(), (MAPPING % "csv").encode(), "outages", "data", *arguments)
    assert said in refused(found)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "No key: give --key, or set SLM_KEY"),
        (["--key", "sch\u00fcssel"], "The key cannot be used"),
        (["--key", "k", "--url", "slm.example"], "--url 'slm.example'"),
    ],
)
def test_a_key_or_address_is_asked_for_before_anything_is_read(
    tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of millions of rows was once read to its end first: here neither file nor mapping is there at all."""
    monkeypatch.delenv("SLM_KEY", raising=False)
    files = [str(tmp_path / "gone.csv"), "--mapping", str(tmp_path / "gone.yaml")]
    told = refused(slm("import", "tickets", *files, *arguments))
    assert said in told
    assert "gone" not in told


def test_a_missing_file_or_mapping_or_a_folder_is_reported_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").write_text(CSV)
    (tmp_path / "mapping.yaml").write_text(MAPPING % "csv")
    for data, mapping, what in [
        ("gone", "mapping.yaml", "file"),
        ("data", "gone", "mapping"),
        ("", "mapping.yaml", "file"),
    ]:
        names = [str(tmp_path / data), "--mapping", str(tmp_path / mapping)]
        said = refused(slm("import", "outages", *names, "--dry-run"))
        assert f"The {what} cannot be read" in said
        assert (data if what == "file" else mapping) in said


def test_a_column_of_objects_is_never_taken_for_a_name() -> None:
    files = [str(tried_file("file-sp.json")), "--mapping", str(tried_file("file-sp.yaml"))]
    said = refused(slm("import", "outages", *files, "--dry-run"))
    assert "it is an object; name a member of it, such as components.id, components.name" in said


def test_components_are_named_by_a_member(tmp_path: Path) -> None:
    mapping = tried_file("file-sp.yaml").read_text().replace("column: components", "column: components.name")
    result: Any = imported(tmp_path, tried_file("file-sp.json").read_bytes(), mapping.encode())
    assert result.exit_code == 0, result.output
    assert "indicators: sp.chat-completions-api, sp.dashboard" in result.output
    assert "records left out: impact = none or maintenance: 2" in result.output
    assert "outages without an end: down from their beginning" in result.output
