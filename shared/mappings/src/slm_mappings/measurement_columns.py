"""Reading a column's value as text, number, boolean or instant. A wrong value refuses only its record, not the file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from slm_events.instants import to_text
from slm_mappings import values
from slm_mappings.mapping_parts import Times, TranslatedColumn
from slm_mappings.records import Record

_TRUTHS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_MOST = 2**53
"""The greatest number up to which a double holds every whole number."""
_LARGEST = Decimal("1e300")
_GAPS = str.maketrans("", "", " '\u00a0\u202f\u2019")
_NUMBER = re.compile(r"[+-]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][+-]?\d{1,3})?")
_GROUPED = {
    ".": re.compile(r"([+-]?\d{1,3}(?:,\d{3})+)(?:\.(\d+))"),
    ",": re.compile(r"([+-]?\d{1,3}(?:\.\d{3})+)(?:,(\d+))?"),
}
"""Sign before the decimals → pattern of a number in groups of thousands. With a point before the decimals, such a
number must have decimals: 1,234 alone is refused, because the comma may stand before decimals.
"""


class RecordRefused(Exception):
    """A record cannot become a measurement. The error has the column, its value and a remedy."""

    def __init__(self, column: str, value: Any, remedy: str) -> None:
        super().__init__(column, remedy)
        self.column, self.value, self.remedy = column, value, remedy


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """Reads the columns of a file's records. ``instant_of`` converts a text to microseconds UTC."""

    missing: tuple[str, ...]
    decimal: str
    times: Times
    instant_of: Callable[[Any], int]

    def optional(self, row: Record, column: str) -> str | None:
        """Return the column's text; None if it is missing. Raises RecordRefused for an object or a list."""
        value = values.value_of(row, column, self.missing)
        if isinstance(value, dict | list):
            kind = "an object; name a member of it with a dot" if isinstance(value, dict) else "a list"
            raise RecordRefused(column, value, f"it is {kind}")
        return None if value is None else values.as_mapping_text(value)

    def required(self, row: Record, column: str) -> str:
        """Return the column's text. Raises RecordRefused if it is missing."""
        text = self.optional(row, column)
        if text is None:
            raise RecordRefused(column, "", "it is missing; correct the row, or leave such rows out by exclude_where")
        return text

    def translated(self, row: Record, written: TranslatedColumn | str, *, is_required: bool = True) -> str | None:
        """Return the column's text. If ``written`` has translations, the text is translated.

        Return None if the mapping drops this text, or if the text is missing and not required. Raises RecordRefused if
        a required text is missing, or if the mapping refuses texts that it does not list.
        """
        if isinstance(written, str):
            return self.required(row, written) if is_required else self.optional(row, written)
        text = self.required(row, written.column) if is_required else self.optional(row, written.column)
        if text is None or text in written.values:
            return None if text is None else written.values[text]
        if written.others == "refuse":
            remedy = "the mapping does not list it in values; add it, or set others to keep or drop"
            raise RecordRefused(written.column, text, remedy)
        return text if written.others == "keep" else None

    def truth(self, text: str | None, written: TranslatedColumn | str) -> bool:
        """Return the boolean that a text means: ``true`` or ``1``, ``false`` or ``0``.

        Raises RecordRefused for any other text. ``written`` is the column as the mapping writes it, for the error.
        """
        found = _TRUTHS.get((text or "").strip().lower())
        if found is None:
            column = written if isinstance(written, str) else written.column
            raise RecordRefused(column, text, "it is neither true nor false; say what it means in ok.values")
        return found

    def number(self, row: Record, column: str) -> float | int:
        """Return the column's value as a number. Raises RecordRefused if it is not a number."""
        found = self._decimal(row, column)
        return int(found) if found == found.to_integral_value() and abs(found) < _MOST else float(found)

    def whole(self, row: Record, column: str) -> int:
        """Return the column's value as a count. Raises RecordRefused unless it is a whole number, 0 or more."""
        found = self._decimal(row, column)
        if found != found.to_integral_value() or not 0 <= found <= _MOST:
            raise RecordRefused(column, self.optional(row, column), "it is not a whole number of 0 or more")
        return int(found)

    def _decimal(self, row: Record, column: str) -> Decimal:
        value = values.value_of(row, column, self.missing)
        is_written = not isinstance(value, int | float) or isinstance(value, bool)
        text = self.required(row, column)
        plain = _without_groups(text, self.decimal) if is_written else text
        try:
            if plain is None or not _NUMBER.fullmatch(plain):
                raise InvalidOperation
            found = Decimal(plain)
            if abs(found) > _LARGEST:
                raise InvalidOperation
        except InvalidOperation:
            comma = '; is the comma before its decimals? Then set decimal: ","' if "," in text else ""
            raise RecordRefused(column, text, f"it is not a number{comma}") from None
        return found

    def microseconds(self, row: Record, column: str) -> int:
        """Return the column's value as an instant, microseconds UTC. Raises RecordRefused if it is not a time."""
        text = self.required(row, column)
        try:
            return self.instant_of(text)
        except ValueError:
            remedy = f"it is not a time in the mapping's times.format, {self.times.format}"
            raise RecordRefused(column, text, remedy) from None

    def instant(self, row: Record, column: str) -> str:
        """Return the column's value as an instant in RFC 3339. Raises RecordRefused if it is not a time."""
        return to_text(self.microseconds(row, column))


def _without_groups(text: str, decimal: str) -> str | None:
    """Return a number's text without separators of thousands and with a point before the decimals.

    ``decimal`` is the sign before the decimals in the file. None if the text could mean two numbers, such as ``1,234``.
    """
    plain = text.strip().translate(_GAPS)
    grouped = _GROUPED[decimal].fullmatch(plain)
    if grouped is not None:
        return f"{re.sub('[.,]', '', grouped[1])}.{grouped[2] or 0}"
    if decimal == ",":
        return None if "." in plain else plain.replace(",", ".")
    return None if "," in plain else plain
