"""The guide to importing measurements is true: its examples print what it says and are judged as worked out by hand."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import shlex
import subprocess
import sys
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from slm.demo.terms import REQUIREMENT_KEY
from slm_chassis.clock import real_now
from slm_events.instants import to_text
from slm_mappings.measurement_mapping import MEASURES, MeasurementMapping
from tests.e2e.guide_examples import Example, examples_in
from tests.e2e.installed import Installed, installation
from tests.e2e.test_imports_guide import fields_of
from tests.support.workbook import Cell, write_workbook

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "importing-measurements.md"
TEXT = PAGE.read_text(encoding="utf-8")
FIELDS = TEXT[TEXT.index("## Every field") : TEXT.index("## Probes")]
SHEET = "November"


def name_of(example: Example) -> str:
    return shlex.split(example.typed)[3].split(".")[0]


def write_files(example: Example, folder: Path) -> None:
    for name, content in example.files.items():
        if name.endswith(".xlsx"):
            rows = [[_cell(text) for text in row] for row in csv.reader(io.StringIO(content))]
            write_workbook(folder / name, {"Notes": [], SHEET: rows})
        else:
            (folder / name).write_text(content, encoding="utf-8")


def _cell(text: str) -> Cell:
    for kind in (float, datetime.fromisoformat):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


EXAMPLES = examples_in(TEXT)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: name_of(example))
def test_every_example_prints_what_the_page_says(example: Example, tmp_path: Path) -> None:
    write_files(example, tmp_path)
    command = [sys.executable, "-W", "error", "-m", *shlex.split(example.typed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr + done.stdout == example.printed
    assert done.returncode == ("set aside" in example.printed)


def test_the_page_has_an_example_of_each_kind() -> None:
    mappings = [text for example in EXAMPLES for name, text in example.files.items() if name.endswith(".yaml")]
    assert {re.findall(r"^measures: (\w+)$", text, re.MULTILINE)[0] for text in mappings} == set(MEASURES)
    assert {re.findall(r"format: (\w+)", text)[0] for text in mappings} == {"csv", "jsonl", "json", "xlsx"}


def test_the_page_names_every_field_of_a_mapping_and_no_other() -> None:
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", FIELDS))))
    known = fields_of(MeasurementMapping)
    assert {"records", "delimiter", "cumulative", "since", "lowest"} <= known
    # ``tests`` is how a condition is kept; the parts of conditions are on the page of imports, which this one links.
    assert known - named - {"tests", "equals", "none_of", "all", "of"} == set()
    rows = re.findall(r"^\| (`[^|]*) \|", FIELDS[: FIELDS.index("| `measures` | fields |")], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"\w+", row)} - known == set()


def target(name: str, indicator: Any, aggregation: Any, objective: dict[str, str]) -> dict[str, Any]:
    return {
        "key": name, "title": name, "indicator": indicator, "aggregation": aggregation, "objective": objective,
        "window": {"calendar": "month"},
    }  # fmt: skip


SHARE = {"at_least": "99", "unit": "percent"}
TARGETS = [
    target("probes", "guide.shop", "availability", SHARE),
    target("uptimerobot", "guide.customer-portal", "availability", SHARE),
    target("ratios", "guide.requests", "ratio", SHARE),
    target("values", {"key": "guide.latency", "unit": "ms"}, {"share_at_most": "200"}, SHARE),
    target("occurrences", "guide.defects", {"count": {"category": "A"}}, {"at_most": "3"}),
    target("counters", "guide.logins", "ratio", SHARE),
    target("ratings", {"key": "guide.stars", "kind": "rating"}, "mean", {"at_least": "3"}),
    target("recoveries", "guide.recovery", "recovery_time", {"at_most": "240"}),
]
FIGURES = {
    "ratios": "99.92",  # 2 bad of 2,500
    "values": "25",  # 180 of 231.5, timeout, 180 and 240
    "occurrences": "2",  # 17 and 18; 19 is a B
    "counters": "99",  # 500 of 500, and after the restart 490 of 500
    "ratings": "4",  # of 5, 4 and 3
    "recoveries": "135",  # the longer one, in minutes
}
COUNTED = {"ratios", "values", "occurrences", "counters"}
"""The figures that would differ if a fact counted twice."""
DOWN = {"probes": 15 * 60 * 10**6, "uptimerobot": 30 * 60 * 10**6}
"""How long the two availabilities were down, in microseconds."""


async def slm(installed: Installed, key: str, folder: Path, *arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "slm", *arguments, "--url", installed.running.url, "--key", key),
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def figures(installed: Installed, key: str, agreement_id: str) -> dict[str, dict[str, Any]]:
    found = {}
    for name, each in (await installed.targets(key, agreement_id)).items():
        page = await installed.get(key, f"/api/v1/targets/{each['target_id']}/windows")
        [found[name]] = [window for window in page["items"] if window["window_id"] == "2026-11"]
    return found


async def test_every_example_is_judged_as_worked_out_by_hand_and_again_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLM_CLOCK", f"2026-11-29T12:00:00Z,{to_text(real_now())},1")
    document = {
        "title": "What files tell of",
        "timezone": "UTC",
        "term": {"effective_at": "2026-11-01T00:00:00Z", "expires_at": None, "notice": "P90D"},
        "requirements": [REQUIREMENT_KEY],
        "clauses": {"service_description": "What people work with.", "availability": "As its targets say."},
        "targets": TARGETS,
    }
    async with installation(tmp_path) as installed:
        cast, agreement_id = await installed.agree("files", document)
        key = cast.integrator_key
        judged = []
        for names in (None, COUNTED):
            for example in EXAMPLES:
                if names is not None and name_of(example) not in names:
                    continue
                write_files(example, tmp_path)
                arguments = [each for each in shlex.split(example.typed)[1:] if each != "--dry-run"]
                code, said = await slm(installed, key, tmp_path, *arguments)
                is_bad = "set aside" in example.printed
                assert code == is_bad, said
                rows = example.printed.split()[0]
                assert said.splitlines()[-1].startswith(f"{rows} rows read, {3 if is_bad else 0} set aside, "), said
            judged.append(await figures(installed, key, agreement_id))
        for found in judged:
            assert {name: Fraction(found[name]["figure"]) for name in FIGURES} == {
                name: Fraction(figure) for name, figure in FIGURES.items()
            }
            assert {name: found[name]["detail"]["down"] for name in DOWN} == DOWN
