"""The guide to imports is true: every example of it runs, and prints what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from slm_mappings.outage_mapping import OutageMapping
from slm_mappings.ticket_mapping import TicketMapping
from tests.e2e.guide_examples import Example, examples_in

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "imports.md"
TEXT = PAGE.read_text(encoding="utf-8")
FIELDS = TEXT[TEXT.index("### Both kinds") : TEXT.index("## ServiceNow")]
"""The part of the page that lists the fields of a mapping."""


@pytest.mark.parametrize("example", [pytest.param(each, id=shlex.split(each.typed)[3]) for each in examples_in(TEXT)])
def test_every_example_runs_and_prints_what_the_page_says(example: Example, tmp_path: Path) -> None:
    for name, content in example.files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    program, *arguments = shlex.split(example.typed)
    assert program == "slm"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "slm", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr + done.stdout == example.printed


def test_the_page_has_an_example_of_each_system_it_promises() -> None:
    titles = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    wanted = {
        "ServiceNow, audit log",
        "ServiceNow, list export",
        "Jira, list export",
        "Jira, changelog",
        "Zammad",
        "A log of events",
        "Statuspage",
    }
    assert wanted <= set(titles)
    assert len(examples_in(TEXT)) == len(wanted)


def fields_of(part: Any) -> set[str]:
    """The names that a mapping may use: those of a part of it and of every part inside."""
    found: set[str] = set()
    for inner in get_args(part):
        found |= fields_of(inner)
    if isinstance(part, type) and issubclass(part, BaseModel):
        for name, field in part.model_fields.items():
            found |= {field.alias or name} | fields_of(field.annotation)
    return found


@pytest.mark.parametrize("mapping", [TicketMapping, OutageMapping])
def test_the_page_names_every_field_of_a_mapping(mapping: type[BaseModel]) -> None:
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", FIELDS))))
    assert {"records", "delimiter", "column"} <= fields_of(mapping)
    assert fields_of(mapping) - named - {"tests"} == set()  # ``tests`` is how a condition is kept, nobody writes it


def test_the_page_names_nothing_that_no_mapping_has() -> None:
    rows = re.findall(r"^\| (`[^|]*) \|", FIELDS, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"[\w]+", row)}
    assert {"records", "policies", "still_open"} <= named
    assert named - fields_of(TicketMapping) - fields_of(OutageMapping) == set()
