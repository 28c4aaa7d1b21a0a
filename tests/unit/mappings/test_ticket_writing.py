"""How tools' tickets are changed is data of their connectors: what is wrong in it is named, and numbers are checked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_mappings.connectors import SHIPPED, read_connectors
from slm_mappings.messages import ImportRefused
from slm_mappings.ticket_writing import TicketWriting, filled

CONNECTORS = read_connectors(SHIPPED)


def writing(connector: str) -> TicketWriting:
    found = CONNECTORS[connector].writing
    assert found is not None
    return found


def test_the_ticket_tools_can_be_written_into() -> None:
    able = {name for name, each in CONNECTORS.items() if each.writing is not None}
    assert able == {"jira-service-management", "servicenow", "zammad"}


@pytest.mark.parametrize(
    ("connector", "number", "is_one"),
    [
        ("servicenow", "INC0010042", True),
        ("servicenow", "INC1^ORnumberISNOTEMPTY", False),
        ("servicenow", "INC1,INC2", False),
        ("jira-service-management", "SD-17", True),
        ("jira-service-management", "../SD-17", False),
        ("jira-service-management", "SD-17\n", False),
        ("zammad", "21007", True),
        ("zammad", "1) OR (state.name:new", False),
        ("zammad", "ACME-21007", True),
        ("zammad", "OR", False),
        ("zammad", "-1", False),
        ("zammad", "", False),
    ],
)
def test_only_numbers_of_the_tool_are_sent(connector: str, number: str, is_one: bool) -> None:
    assert writing(connector).is_number(number) is is_one


def test_values_are_not_read_as_templates() -> None:
    assert filled("/{id}/{number}", {"id": "{number}", "number": "7"}) == "/{number}/7"


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("change", "path"), "/api/{sys_id}", "sys_id"),
        (("find", "query"), {"q": "{numbers} {what}"}, "what"),
        (("change", "query"), {"f": "{id}"}, "id"),
        (("change", "method"), "DELETE", "change.method"),
        (("authentication",), [], "authentication"),
        (("numbers",), "[", "numbers"),
        (("surprise",), 1, "surprise"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, place: tuple[str, ...], value: Any, named: str) -> None:
    shutil.copytree(SHIPPED / "zammad", tmp_path / "zammad")
    path = tmp_path / "zammad" / "writing.yaml"
    document = yaml.safe_load(path.read_text())
    inner = document
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(ImportRefused) as refused:
        read_connectors(tmp_path)
    assert "writing.yaml" in str(refused.value) and named in str(refused.value)
