"""Recipes of pulls are data: an answer of a tool's API is mapped to the very tickets that its webhook brings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from slm_mappings.connectors import SHIPPED, read_examples
from slm_mappings.mapped_payloads import map_payload
from slm_mappings.messages import ImportRefused
from slm_mappings.pull_recipes import columns_of, parse_outage_mapping, parse_pull_mapping, read_pull_recipes

RECIPES = read_pull_recipes(SHIPPED)
TICKETS = [name for name, recipe in RECIPES.items() if recipe.reads == "tickets"]
ANSWERS = [(name, path.stem) for name in TICKETS for path in sorted((SHIPPED / name / "pull/fixtures").glob("*.json"))]


def test_the_tools_that_can_be_asked() -> None:
    assert {name: (each.path, list(each.ways)) for name, each in RECIPES.items()} == {
        "jira-service-management": ("/rest/api/3/search/jql", ["basic", "bearer"]),
        "prometheus": ("/api/v1/query_range", ["none", "basic", "bearer"]),
        "servicenow": ("/api/now/table/incident", ["oauth", "basic", "bearer"]),
        "statuspage": ("/api/v2/components.json", ["none", "basic", "bearer"]),
        "statuspage-incidents": ("/api/v2/incidents.json", ["none", "basic", "bearer"]),
        "zammad": ("/api/v1/tickets/search", ["token", "basic", "bearer"]),
    }


@pytest.mark.parametrize(("name", "example"), ANSWERS)
def test_an_answer_is_mapped_to_what_stands_beside_it_and_to_what_the_webhook_brings(name: str, example: str) -> None:
    answer, expected = read_examples(SHIPPED / name / "pull")[example]
    mapped = map_payload(json.dumps(answer).encode(), parse_pull_mapping(RECIPES[name].mapping)).document()
    assert mapped == expected
    # Otherwise a ticket that comes both ways would change back and forth.
    assert mapped["tickets"] == read_examples(SHIPPED / name)[example][1]["tickets"]


@pytest.mark.parametrize("name", ["statuspage", "statuspage-incidents"])
def test_a_document_is_mapped_to_what_stands_beside_it(name: str) -> None:
    examples = read_examples(SHIPPED / name / "pull")
    assert len(examples) > 1
    for example, (answer, expected) in examples.items():
        mapping = parse_outage_mapping(RECIPES[name].mapping)
        assert map_payload(json.dumps(answer).encode(), mapping).document() == expected
        if name == "statuspage-incidents":
            # Otherwise an outage that comes both ways would count twice.
            assert expected == read_examples(SHIPPED / name)[example][1]


def test_a_mapping_of_tickets_is_no_mapping_of_a_document() -> None:
    with pytest.raises(ImportRefused, match="reads outages"):
        parse_outage_mapping((SHIPPED / "zammad/mapping.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "example"), ANSWERS)
def test_the_columns_of_a_mapping_are_all_that_it_needs(name: str, example: str) -> None:
    answer, expected = read_examples(SHIPPED / name / "pull")[example]
    mapping = parse_pull_mapping(RECIPES[name].mapping)
    needed = {tuple(each.split(".")) for each in columns_of(mapping)}
    records = answer if isinstance(answer, list) else next(iter(answer.values()))
    records[0] = kept(records[0], needed)
    assert map_payload(json.dumps(answer).encode(), mapping).document() == expected


def kept(record: Any, needed: set[tuple[str, ...]]) -> Any:
    """Return the members of a record that lie on the way to one of the columns."""
    if not isinstance(record, dict) or () in needed:
        return record
    below = {name: {each[1:] for each in needed if each[0] == name} for name in record}
    return {name: kept(value, below[name]) for name, value in record.items() if below[name]}


def test_a_recipe_that_is_not_complete_names_its_file(tmp_path: Path) -> None:
    own = tmp_path / "desk" / "pull"
    own.mkdir(parents=True)
    (own / "pull.yaml").write_text(
        "title: Desk\ndialect: desk\npath: no/slash\nopen: all\nauthentication: [{kind: basic}]\n"
    )
    with pytest.raises(ImportRefused) as refused:
        read_pull_recipes(tmp_path)
    assert "desk/pull/pull.yaml" in str(refused.value)


def test_a_mapping_of_outages_is_no_mapping_of_a_pull() -> None:
    text = (SHIPPED / "alertmanager/mapping.yaml").read_text(encoding="utf-8")
    with pytest.raises(ImportRefused, match="a pull reads tickets"):
        parse_pull_mapping(text)
