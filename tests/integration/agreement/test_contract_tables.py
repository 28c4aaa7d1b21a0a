"""A spreadsheet of contracts is put on record, and each line that cannot be is refused with its reason."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from slm.demo import negotiation
from slm.demo.negotiation import Cast
from slm_events.agreement import AgreementRecorded
from slm_mappings.contract_tables import read_contract_lines
from tests.support.agreement import EFFECTIVE, OPERATOR_KEY, AgreementUnderTest
from tests.support.workbook import write_workbook

PATH = "/api/v1/recorded-agreements/lines"
HEADINGS = ("Key", "Title", "Company", "Service", "First day", "Document SHA256", "At least", "Window")
SHA = "ab" * 32
CONTRACTS, SECONDS = 60, 10.0
WRONG: dict[int, tuple[int, Any]] = {7: (4, "soon"), 23: (6, "many"), 41: (5, "no hash")}
"""Line → (column, cell) of the lines that cannot be recorded."""
FIELDS = {7: "first_day", 23: "targets[0].objective.at_least", 41: "document_sha256"}


@pytest.fixture
async def cast(service: AgreementUnderTest) -> Cast:
    """Two related parties that use the product."""
    cast, _ = await negotiation.negotiate_and_sign(service.client, OPERATOR_KEY, EFFECTIVE)
    return cast


@pytest.fixture
def lines(tmp_path: Path) -> list[dict[str, Any]]:
    """The lines of a workbook of contracts with nine cloud providers, three of which cannot be recorded."""
    rows: list[list[Any]] = [list(HEADINGS)]
    for number in range(2, CONTRACTS + 2):
        company = f"Cloud {number % 9}"
        day = datetime(2026, 12, 1)  # noqa: DTZ001 - a workbook's days have no zone
        row = [f"cloud-{number}", f"Contract {number}", company, f"Machines {number}", day, SHA, 99.5, "month"]
        if number in WRONG:
            column, cell = WRONG[number]
            row[column] = cell
        rows.append(row)
    write_workbook(tmp_path / "contracts.xlsx", {"Contracts": rows})
    return read_contract_lines(tmp_path / "contracts.xlsx", is_workbook=True)


async def send(service: AgreementUnderTest, cast: Cast, lines: list[dict[str, Any]], query: str = "") -> dict[str, Any]:
    status, answer = await service.ask(cast.provider_manager_key, "POST", f"{PATH}{query}", {"lines": lines})
    assert status == 200, answer
    return answer


def counts(answer: dict[str, Any]) -> tuple[int, int, int]:
    return answer["recorded"], answer["unchanged"], answer["refused"]


async def test_a_spreadsheet_is_recorded_but_for_its_wrong_lines(
    service: AgreementUnderTest, cast: Cast, lines: list[dict[str, Any]]
) -> None:
    begun = time.monotonic()
    answer = await send(service, cast, lines)
    assert time.monotonic() - begun <= SECONDS
    assert counts(answer) == (CONTRACTS - len(WRONG), 0, len(WRONG))
    refused = {each["lines"][0]: each["reasons"] for each in answer["contracts"] if each["result"] == "refused"}
    assert {line: [each["field"] for each in reasons] for line, reasons in refused.items()} == {
        line: [field] for line, field in FIELDS.items()
    }
    assert all(each["line"] == line and each["remedy"] for line, reasons in refused.items() for each in reasons)
    told = [each for each in await service.told(AgreementRecorded) if each.agreement_key.startswith("cloud-")]
    assert len(told) == CONTRACTS - len(WRONG)
    _, named = await service.ask(cast.provider_manager_key, "GET", "/api/v1/named-companies")
    assert len(named["items"]) == 9
    # The corrected table is sent as a whole.
    for line in lines:
        if line["line"] in WRONG:
            line["columns"] |= {"first_day": "2026-12-01", "document_sha256": SHA, "at_least": "99.5"}
    assert counts(await send(service, cast, lines)) == (len(WRONG), CONTRACTS - len(WRONG), 0)


async def test_a_dry_run_of_a_spreadsheet_stores_nothing(
    service: AgreementUnderTest, cast: Cast, lines: list[dict[str, Any]]
) -> None:
    answer = await send(service, cast, lines, "?dry_run=true")
    assert (answer["is_stored"], *counts(answer)) == (False, CONTRACTS - len(WRONG), 0, len(WRONG))
    assert await service.told(AgreementRecorded) == []
    _, named = await service.ask(cast.provider_manager_key, "GET", "/api/v1/named-companies")
    assert named["items"] == []


def line(number: int, **columns: Any) -> dict[str, Any]:
    whole = {"key": "paper", "title": "Paper", "company": "Paper Ltd", "service": "Paper", "first_day": "2026-12-01"}
    return {"line": number, "columns": {**whole, "document_sha256": SHA, "at_least": "99", **columns}}


async def test_lines_with_one_key_are_one_contract(service: AgreementUnderTest, cast: Cast) -> None:
    more = {"key": "paper", "promise": "delivery", "aggregation": "ratio", "at_least": 98}
    answer = await send(service, cast, [line(2), {"line": 3, "columns": more}])
    [contract] = answer["contracts"]
    assert (contract["lines"], contract["result"]) == ([2, 3], "recorded"), contract
    path = f"/api/v1/agreements/{contract['agreement_id']}"
    _, seen = await service.ask(cast.provider_manager_key, "GET", path)
    assert [each["key"] for each in seen["document"]["targets"]] == ["availability", "delivery"]
    assert seen["on_record"]["not_confirmed_by"] == "Paper Ltd"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"key": None}, "key"),
        ({"company": None}, "company"),
        ({"colour": "red"}, "colour"),
        ({"kind": "deal"}, "kind"),
        ({"our_role": "provider"}, "service"),
        ({"timezone": "Mars"}, "timezone"),
        ({"at_most": "5"}, "at_least"),
        ({"company": "!!!"}, "company"),
        ({"service": "x" * 201}, "service"),
        ({"last_day": "2026-11-01"}, "term.expires_at"),
    ],
)
async def test_a_wrong_cell_is_refused_by_its_name(
    service: AgreementUnderTest, cast: Cast, changed: dict[str, Any], field: str
) -> None:
    answer = await send(service, cast, [line(5, **changed)])
    [contract] = answer["contracts"]
    assert [(each["line"], each["field"]) for each in contract["reasons"]] == [(5, field)], contract


async def test_a_key_of_another_agreement_is_refused(service: AgreementUnderTest, cast: Cast) -> None:
    await send(service, cast, [line(2)])
    answer = await send(service, cast, [line(2, title="Something else"), line(3, key="other")])
    assert counts(answer) == (1, 0, 1)
    assert answer["contracts"][0]["reasons"][0]["field"] == "key"
