"""A file of measurements is tried before it is imported: what the preview answers is what the intake takes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.monitor_service import Service, problem

PATH = "/api/v1/import-previews"
MAPPING = (
    "kind: measurements\nmeasures: values\nsource: sheet\nrecords: {format: csv}\nindicator: file.latency\n"
    "unit: ms\nat: when\nvalue: ms\n"
)
CONTENT = "when,ms\n2026-11-05T08:00:00Z,120\nyesterday,130\n2026-11-05T08:10:00Z,140.5\n2026-11-05T08:10:00Z,140.5\n"


async def previewed(service: Service, mapping: str, content: str) -> dict[str, Any]:
    answer = await service.provider.post(PATH, json={"mapping": mapping, "content": content})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_a_preview_answers_can_be_sent_as_it_is(service: Service) -> None:
    found = await previewed(service, MAPPING, CONTENT)
    assert (found["records"], found["errors"]) == (4, [])
    assert [each["row"] for each in found["items"]] == [2, 4]
    assert [(each["row"], each["field"], each["value"]) for each in found["set_aside"]] == [(3, "when", "yesterday")]
    assert "counted once" in found["notes"][0]
    assert found["indicators"] == [{"key": "file.latency", "kind": "value", "unit": "ms"}]
    known = (await service.provider.get("/api/v1/indicators", params={"limit": 1000})).json()["items"]
    assert "file.latency" not in {each["key"] for each in known}, "a preview stores nothing"
    for indicator in found["indicators"]:
        assert (await service.provider.post("/api/v1/indicators", json=indicator)).status_code == 201
    answer = await service.provider.post("/api/v1/measurements", json=[each["item"] for each in found["items"]])
    assert answer.status_code == 202 and answer.json()["accepted"] == 2, answer.text


@pytest.mark.parametrize(
    ("mapping", "content", "field"),
    [
        ("kind: tickets", CONTENT, "mapping.kind"),
        ("kind: [", CONTENT, "mapping"),
        (MAPPING.replace("value: ms", "value: seconds"), CONTENT, "content"),
        (MAPPING.replace("csv", "xlsx"), CONTENT, "content.records.format"),
        (MAPPING.replace("csv", "json"), '[{"\\ud800": 1}', "content.file"),
    ],
)
async def test_a_preview_names_what_is_wrong(service: Service, mapping: str, content: str, field: str) -> None:
    found = await previewed(service, mapping, content)
    assert (found["records"], found["items"]) == (0, [])
    assert found["errors"][0]["field"].startswith(field), found["errors"]


async def test_a_preview_answers_to_parties_and_to_files_of_a_bounded_length(service: Service) -> None:
    body = {"mapping": MAPPING, "content": CONTENT}
    assert problem(await service.operator.post(PATH, json=body))["type"].endswith("no-party")
    longer = await service.provider.post(PATH, json={**body, "content": "x" * 500_001})
    assert problem(longer)["errors"][0]["field"] == "content"
