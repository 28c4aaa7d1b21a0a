"""``slm apply``: the contracts of a spreadsheet are put on record, and the reasons of refused lines are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from slm.reading.api_reader import ApiReader, NoAnswer
from slm.reading.screen import Cell, Screen, TableColumn
from slm_events.wording import count_in_words
from slm_mappings.contract_tables import read_contract_lines
from slm_mappings.messages import ImportRefused

_PATH = "/api/v1/recorded-agreements/lines"
_COLUMNS = [TableColumn("Line", is_number=True), TableColumn("Contract"), TableColumn("Field"), TableColumn("Remedy")]


def apply_contracts(api: ApiReader, file: Path, *, is_dry_run: bool) -> dict[str, Any]:
    """Send the lines of a workbook or csv file and return the answer. Raises NoAnswer."""
    try:
        lines = read_contract_lines(file, is_workbook=file.suffix.lower() == ".xlsx")
    except ImportRefused as refused:
        raise NoAnswer("; ".join([f"{file}: {refused.title}", *map(str, refused.findings)])) from None
    if not lines:
        raise NoAnswer(f"{file}: the table has no lines below its headings")
    try:
        answer = api.client.post(_PATH, params={"dry_run": str(is_dry_run).lower()}, json={"lines": lines})
    except httpx.HTTPError as problem:
        raise api.away(problem) from None
    return api.document(answer)


def show_result(screen: Screen, answer: dict[str, Any]) -> None:
    """Print the reasons of the refused lines as a table, and the counts in a line."""
    refused = [
        [
            Cell(str(reason["line"])),
            Cell(contract["key"] or contract["title"]),
            Cell(reason["field"]),
            Cell(f"{reason['remedy']} (is: {reason['value']})"),
        ]
        for contract in answer["contracts"]
        for reason in contract["reasons"]
    ]
    if refused:
        screen.table(_COLUMNS, refused)
    screen.line(result_in_words(answer))


def result_in_words(answer: dict[str, Any]) -> str:
    """Return the result of a table in a line, such as ``57 contracts recorded, 3 refused``."""
    recorded = "recorded" if answer["is_stored"] else "would be recorded"
    said = [f"{count_in_words(answer['recorded'], 'contract')} {recorded}"]
    said += [f"{answer['unchanged']} unchanged"] if answer["unchanged"] else []
    said += [f"{answer['refused']} refused"] if answer["refused"] else []
    return ", ".join(said)
