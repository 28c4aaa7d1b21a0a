"""Connectors are data: those that come with the product map their examples, and a folder adds another tool."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from slm_mappings.connectors import SHIPPED, read_connectors, read_examples
from slm_mappings.mapped_payloads import map_payload
from slm_mappings.mapping import parse_mapping_text
from slm_mappings.messages import ImportRefused

CONNECTORS = read_connectors(SHIPPED)
EXAMPLES = [(name, example) for name, each in CONNECTORS.items() for example in each.examples]


def test_the_tools_of_the_first_day_are_there() -> None:
    assert {name: (each.authentication.kind, each.authentication.header) for name, each in CONNECTORS.items()} == {
        "alertmanager": ("bearer", "Authorization"),
        "jira-service-management": ("hmac-sha256", "X-Hub-Signature"),
        "pagerduty": ("hmac-sha256", "X-PagerDuty-Signature"),
        "servicenow": ("basic", "Authorization"),
        "statuspage": ("query", "Authorization"),
        "statuspage-incidents": ("query", "Authorization"),
        "zammad": ("hmac-sha1", "X-Hub-Signature"),
    }


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_every_example_is_mapped_to_what_stands_beside_it(name: str, example: str) -> None:
    payload, expected = read_examples(SHIPPED / name)[example]
    mapped = map_payload(json.dumps(payload).encode(), parse_mapping_text(CONNECTORS[name].mapping))
    assert mapped.document() == expected


def test_every_tool_has_an_example_that_says_something() -> None:
    for name in CONNECTORS:
        expected = [each for _, each in read_examples(SHIPPED / name).values()]
        assert any(each["tickets"] or each["measurements"] for each in expected), name


def test_a_stranger_adds_a_tool_with_a_folder(tmp_path: Path) -> None:
    own = tmp_path / "acme-desk"
    (own / "fixtures").mkdir(parents=True)
    (own / "connector.yaml").write_text("title: Acme Desk\nauthentication: {kind: bearer, header: X-Acme-Token}\n")
    (own / "mapping.yaml").write_text(
        "kind: tickets\nsource: acme\nrecords: {format: json}\npresent: {state: status}\n"
        "columns: {ticket: id, opened_at: created, updated_at: changed}\nstates: {open: {state: open}}\n"
    )
    (own / "guide.md").write_text("Paste the address under Webhooks.\n")
    (own / "fixtures" / "opened.json").write_text('{"id": 7, "status": "open"}')
    found = read_connectors(SHIPPED, tmp_path)
    assert list(found) == sorted([*CONNECTORS, "acme-desk"])
    assert found["acme-desk"].authentication.header == "X-Acme-Token"
    assert found["acme-desk"].examples == {"opened": '{"id": 7, "status": "open"}'}


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("connector.yaml", "No such file"),
        ("mapping.yaml", "No such file"),
        ("guide.md", "No such file"),
        ("fixtures", "give one example"),
    ],
)
def test_an_incomplete_connector_is_refused_by_the_name_of_its_file(tmp_path: Path, broken: str, said: str) -> None:
    shutil.copytree(SHIPPED / "zammad", tmp_path / "zammad")
    part = tmp_path / "zammad" / broken
    shutil.rmtree(part) if part.is_dir() else part.unlink()
    with pytest.raises(ImportRefused, match=f"{broken}.*{said}"):
        read_connectors(tmp_path)


def test_a_mapping_of_files_is_no_mapping_of_payloads(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED / "zammad", tmp_path / "zammad")
    mapping = tmp_path / "zammad" / "mapping.yaml"
    mapping.write_text(mapping.read_text().replace("  updated_at: ticket.updated_at\n", ""))
    with pytest.raises(ImportRefused, match=r"columns\.updated_at: name the column"):
        read_connectors(tmp_path)
