"""Tables of contracts in files: the lines of an Excel workbook or a csv file, as ``/recorded-agreements/lines`` takes
them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from slm_mappings.mapping_parts import Records
from slm_mappings.messages import ImportFinding, ImportRefused
from slm_mappings.records import read_records

MOST_LINES = 2_000
"""The most lines of one table, as the API takes them."""


def read_contract_lines(path: Path, *, is_workbook: bool) -> list[dict[str, Any]]:
    """Return the lines of a table, each ``{"line": number, "columns": {column: cell}}``; empty cells are left out.

    A heading counts as the column in lower case with underscores: ``First day`` is ``first_day``. Raises ImportRefused
    for a file that cannot be read, a column that is named twice, and more than ``MOST_LINES`` lines.
    """
    lines: list[dict[str, Any]] = []
    for record in read_records(path, Records(format="xlsx" if is_workbook else "csv")):
        columns: dict[str, Any] = {}
        for heading, cell in record.values.items():
            name = "_".join(str(heading).lower().split())
            if name in columns or heading in record.doubled:
                raise _refused(f"two columns are named {heading!r}; name each once")
            columns[name] = _cell(cell)
        present = {name: cell for name, cell in columns.items() if cell not in ("", None)}
        if present:
            lines.append({"line": record.place, "columns": present})
        if len(lines) > MOST_LINES:
            remedy = (
                f"the table has more than {MOST_LINES:,} lines; divide it, and keep the lines of a contract together"
            )
            raise _refused(remedy)
    return lines


def _refused(remedy: str) -> ImportRefused:
    return ImportRefused("The table cannot be read", [ImportFinding("", None, remedy)])


def _cell(cell: Any) -> Any:
    # JSON has no number for these.
    return str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell
