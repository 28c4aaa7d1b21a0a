"""A workbook as Excel writes one, reduced to what Office Open XML asks for: made here, so that no test needs a library.

The parts and their names follow ECMA-376: content types, relationships, one part for each sheet, inline strings.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

Cell = str | float | bool | datetime | None
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f"{_XML}<styleSheet {_MAIN}><fonts count='1'><font/></fonts><fills count='1'><fill/></fills>"
    "<borders count='1'><border/></borders><cellStyleXfs count='1'><xf/></cellStyleXfs>"
    "<cellXfs count='2'><xf/><xf numFmtId='22' applyNumberFormat='1'/></cellXfs></styleSheet>"
)
"""Format 0 is general, 1 a date with its time."""
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet knows no zone


def write_workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> None:
    """Write a workbook with these sheets, each a list of rows."""
    numbered = list(enumerate(sheets, start=1))
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SPREADSHEET}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SPREADSHEET}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{_SPREADSHEET}.worksheet+xml"/>'
            for number, _ in numbered
        )
        + "</Types>",
        "_rels/.rels": _relationships([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _relationships(
            [
                *((f"rId{number}", "worksheet", f"worksheets/sheet{number}.xml") for number, _ in numbered),
                ("rIdStyles", "styles", "styles.xml"),
            ]
        ),
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        + "".join(f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>' for number, name in numbered)
        + "</sheets></workbook>",
        "xl/styles.xml": _STYLES.removeprefix(_XML),
    }
    for number, name in numbered:
        rows = "".join(_row(index, cells) for index, cells in enumerate(sheets[name], start=1))
        parts[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {_MAIN}><sheetData>{rows}</sheetData></worksheet>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for part, text in parts.items():
            package.writestr(part, _XML + text)


def _relationships(each: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{own}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for own, kind, to in each)
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _row(number: int, cells: Sequence[Cell]) -> str:
    inner = "".join(
        _cell(f"{chr(ord('A') + index)}{number}", cell) for index, cell in enumerate(cells) if cell is not None
    )
    return f'<row r="{number}">{inner}</row>'


def _cell(place: str, cell: Cell) -> str:
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, datetime):
        days = (cell - _FIRST_DAY).total_seconds() / 86_400
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'
